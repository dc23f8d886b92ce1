//! The file of a segment: what its sections hold, and that they agree with each other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nigh_mmap::{Format, SectionError, Sections, Verification, View};
use nigh_simd::MAX_GROUPS;

use super::{Held, Segment};
use crate::coarse::block_starts;
use crate::coded::Coded;
use crate::metric::Metric;
use crate::narrow::Narrowed;
use crate::rabitq::RefineLayout;
use crate::scan::Rows;
use crate::transform::{Dims, Hadamard, IntegerMatrix, QueryTransform};

/// Why a segment cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not intact, or of a newer version.
    #[error(transparent)]
    File(#[from] nigh_mmap::OpenError),
    /// The file is intact but lacks a section.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// The file is intact but contradicts itself.
    #[error("{} is not a valid segment: {what}", path.display())]
    Inconsistent {
        /// The file asked for.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
}

impl OpenError {
    /// Whether a newer program wrote the file: the one failure where replacing it may destroy something of use.
    pub fn is_newer(&self) -> bool {
        use nigh_mmap::OpenError::{Newer, NewerLayout};
        matches!(self, OpenError::File(Newer { .. } | NewerLayout { .. }))
    }
}

/// Version 1 had no codes; its files are read as they are. Narrowed rows came later and made no version: who does not know them
/// passes over them and reads the vectors. Nor did codes on coordinates that a rotation without a matrix gives: who does not know
/// that misses the matrix.
pub(crate) const FORMAT: Format = Format {
    magic: *b"nighSEG\0",
    version: 2,
};

/// Opens the file and checks that its sections fit each other.
pub(super) fn open(path: &Path, verification: Verification) -> Result<Segment, OpenError> {
    let sections = Sections::open_with(path, FORMAT, verification)?;
    let meta = Meta::from_words(&sections.view::<u64>("meta")?).ok_or_else(|| {
        inconsistent(
            path,
            "its description is not one this program can have written",
        )
    })?;
    let held = match meta.codes {
        Some(shape) => Held::Coded(Box::new(open_coded(path, &sections, shape)?)),
        None => Narrowed::open(&sections, meta.metric)?.map_or(Held::Rows, Held::Narrowed),
    };
    let has_vectors = sections.names().any(|name| name == "vectors");
    let alone = !has_vectors && matches!(held, Held::Narrowed(_));
    let segment = Segment {
        meta,
        held,
        cost: None,
        bytes: sections.file_bytes(),
        labels: sections.view("labels")?,
        starts: sections.view("lists")?,
        centroids: sections.view("centroids")?,
        vectors: (!alone).then(|| sections.view("vectors")).transpose()?,
    };
    segment.check(path)?;
    Ok(segment)
}

fn open_coded(path: &Path, sections: &Sections, shape: CodeShape) -> Result<Coded, OpenError> {
    let (matrix, query) = open_transform(path, sections, shape.dims)?;
    let starts = sections.view::<u64>("lists")?;
    let shares = sections.names().any(|name| name == "shares");
    let shares = shares.then(|| sections.view::<f32>("shares")).transpose()?;
    let families = sections.view::<u32>("families")?;
    Ok(Coded {
        shares: shares.map_or_else(Vec::new, |shares| shares.to_vec()),
        dims: shape.dims,
        layout: shape.layout,
        mean: sections.view("mean")?,
        query: Arc::new(query),
        matrix,
        centroids: sections.view("centroids")?,
        parents: sections.view("parents")?,
        family_blocks: block_starts(&families).into(),
        families,
        coarse: sections.view("coarse")?,
        bonus: sections.view("bonus")?,
        spread: sections.view("spread")?,
        blocks: sections.view("codes")?,
        block_starts: block_starts(&starts).into(),
        refine: sections.view("refine")?,
    })
}

/// A matrix, or the signs of a random rotation.
fn open_transform(
    path: &Path,
    sections: &Sections,
    dims: Dims,
) -> Result<(Option<View<f32>>, QueryTransform), OpenError> {
    if sections.names().any(|name| name == "signs") {
        let signs = sections.view::<i8>("signs")?;
        let rotation = Hadamard::of_signs(&signs, dims.full.next_multiple_of(8))
            .ok_or_else(|| inconsistent(path, "its rotation does not fit its rows"))?;
        return Ok((None, QueryTransform::Hadamard(rotation, dims.kept)));
    }
    let matrix = sections.view::<f32>("matrix")?;
    if Some(matrix.len()) != dims.kept.checked_mul(dims.full) {
        return Err(inconsistent(path, "its matrix does not fit its rows"));
    }
    let query = QueryTransform::Matrix(IntegerMatrix::new(dims, &matrix));
    Ok((Some(matrix), query))
}

impl Segment {
    /// The sections must agree with each other; a search relies on it.
    fn check(&self, path: &Path) -> Result<(), OpenError> {
        let Meta {
            rows, dim, lists, ..
        } = self.meta;
        let lengths = self.labels.len() == rows
            && (self.vectors.as_ref())
                .is_none_or(|vectors| Some(vectors.len()) == rows.checked_mul(dim))
            && self.starts.len() == lists + 1
            && ((self.centroids.is_empty() && lists == 1)
                || Some(self.centroids.len()) == lists.checked_mul(self.centroid_dim(dim)));
        if !lengths {
            return Err(inconsistent(
                path,
                "its sections differ in length from what it states",
            ));
        }
        let ordered =
            self.starts.is_sorted() && self.starts[0] == 0 && self.starts[lists] == rows as u64;
        if !ordered {
            return Err(inconsistent(path, "its lists do not divide its rows"));
        }
        match &self.held {
            Held::Coded(coded) if !coded.fits(rows, dim, &self.starts) => {
                Err(inconsistent(path, "its codes do not fit its rows"))
            }
            Held::Narrowed(narrowed) if !narrowed.fits(rows, dim) => {
                Err(inconsistent(path, "its narrowed rows do not fit its rows"))
            }
            _ => Ok(()),
        }
    }

    fn centroid_dim(&self, dim: usize) -> usize {
        self.meta.codes.map_or(dim, |codes| codes.dims.scan)
    }
}

/// What the section `meta` holds, in this order, as u64: the five plain numbers, then those of the codes if there are some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) sequence: u64,
    pub(crate) lists: usize,
    pub(crate) codes: Option<CodeShape>,
}

/// How rows are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeShape {
    pub(crate) dims: Dims,
    pub(crate) layout: RefineLayout,
}

impl Meta {
    pub(crate) fn of(
        rows: &Rows<'_>,
        sequence: u64,
        lists: usize,
        codes: Option<CodeShape>,
    ) -> Meta {
        Meta {
            rows: rows.labels.len(),
            dim: rows.dim,
            metric: rows.metric,
            sequence,
            lists,
            codes,
        }
    }

    pub(crate) fn to_words(self) -> Vec<u64> {
        let mut words = vec![
            self.rows as u64,
            self.dim as u64,
            self.metric.code(),
            self.sequence,
            self.lists as u64,
        ];
        if let Some(CodeShape { dims, layout }) = self.codes {
            words.extend([dims.scan as u64, dims.kept as u64, layout.bits.into()]);
        }
        words
    }

    fn from_words(words: &[u64]) -> Option<Meta> {
        let (&[rows, dim, metric, sequence, lists], codes) = words.split_first_chunk::<5>()?;
        let (rows, dim, lists) = (small(rows)?, small(dim)?, small(lists)?);
        let metric = Metric::from_code(metric)?;
        let codes = match *codes {
            [] => None,
            [scan, kept, bits] => Some(CodeShape::from_words(dim, scan, kept, bits)?),
            _ => return None,
        };
        (dim > 0 && lists > 0).then_some(Meta {
            rows,
            dim,
            metric,
            sequence,
            lists,
            codes,
        })
    }
}

impl CodeShape {
    fn from_words(full: usize, scan: u64, kept: u64, bits: u64) -> Option<CodeShape> {
        let (scan, kept) = (small(scan)?, small(kept)?);
        let whole = scan > 0 && scan.is_multiple_of(8) && kept.is_multiple_of(8);
        let fits = scan <= kept && kept <= full.next_multiple_of(8) && scan / 4 <= MAX_GROUPS;
        let bits = u8::try_from(bits)
            .ok()
            .filter(|bits| (2..=8).contains(bits))?;
        (whole && fits).then_some(CodeShape {
            dims: Dims { full, scan, kept },
            layout: RefineLayout { dims: kept, bits },
        })
    }
}

fn small(n: u64) -> Option<usize> {
    u32::try_from(n).ok().map(|n| n as usize)
}

fn inconsistent(path: &Path, what: &'static str) -> OpenError {
    OpenError::Inconsistent {
        path: path.to_owned(),
        what,
    }
}
