//! What a grid's file holds, and what must agree in it.
//!
//! Sections: `meta` (u64, see [`Meta::to_words`]); `mean`, the f32 that points are centred by; `labels` (u64, row by row);
//! `starts`, for each table 2^bits + 1 u32, where the rows of each bucket begin in its part of `rows`; `rows`, for each table
//! all row numbers (u32), bucket by bucket; `vectors` (f32, row by row).

use std::path::{Path, PathBuf};

use nigh_mmap::{Format, SectionError, Sections, Verification, View};

use super::GridHash;
use super::build::{GridConfig, MOST_BITS};
use super::hash::Hasher;
use super::point::{Center, point_dim};
use crate::metric::Metric;

pub(crate) const FORMAT: Format = Format {
    magic: *b"nighGRD\0",
    version: 1,
};

/// What the section `meta` holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Meta {
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) hash: GridHash,
    pub(crate) tables: usize,
    pub(crate) bits: u32,
    pub(crate) seed: u64,
    pub(crate) radius: f32,
}

impl Meta {
    pub(crate) fn with_radius(self, radius: f32) -> Meta {
        Meta { radius, ..self }
    }

    pub(crate) fn hasher(&self) -> Hasher {
        let dim = point_dim(self.metric, self.dim);
        Hasher::draw(self.hash, dim, self.tables, self.bits, self.seed)
    }

    /// In this order, as u64; the radius as the bits of its f32.
    pub(crate) fn to_words(self) -> [u64; 8] {
        [
            self.rows as u64,
            self.dim as u64,
            self.metric.code(),
            hash_code(self.hash),
            self.tables as u64,
            u64::from(self.bits),
            self.seed,
            u64::from(self.radius.to_bits()),
        ]
    }

    fn from_words(words: &[u64]) -> Option<Meta> {
        let &[rows, dim, metric, hash, tables, bits, seed, radius] = words.first_chunk()?;
        let small = |n: u64| u32::try_from(n).ok();
        let meta = Meta {
            rows: small(rows)? as usize,
            dim: small(dim)? as usize,
            metric: Metric::from_code(metric)?,
            hash: hash_from_code(hash)?,
            tables: small(tables)? as usize,
            bits: small(bits)?,
            seed,
            radius: f32::from_bits(small(radius)?),
        };
        let sound = meta.dim > 0
            && (1..=GridConfig::MOST_TABLES).contains(&meta.tables)
            && (1..=MOST_BITS).contains(&meta.bits)
            && meta.radius.is_finite();
        sound.then_some(meta)
    }
}

fn hash_code(hash: GridHash) -> u64 {
    match hash {
        GridHash::Hyperplane => 0,
        GridHash::CrossPolytope => 1,
    }
}

fn hash_from_code(code: u64) -> Option<GridHash> {
    [GridHash::Hyperplane, GridHash::CrossPolytope]
        .into_iter()
        .find(|&hash| hash_code(hash) == code)
}

/// An open file whose sections agree.
#[derive(Clone, Debug)]
pub(crate) struct GridFile {
    pub(crate) meta: Meta,
    pub(crate) bytes: u64,
    pub(crate) center: Center,
    pub(crate) labels: View<u64>,
    starts: View<u32>,
    rows: View<u32>,
    pub(crate) vectors: View<f32>,
}

impl GridFile {
    pub(crate) fn open(path: &Path, verification: Verification) -> Result<GridFile, GridOpenError> {
        let sections = Sections::open_with(path, FORMAT, verification)?;
        let meta = Meta::from_words(&sections.view::<u64>("meta")?);
        let meta = meta.ok_or_else(|| {
            inconsistent(
                path,
                "its description is not one this program can have written",
            )
        })?;
        let file = GridFile {
            meta,
            bytes: sections.file_bytes(),
            center: Center {
                metric: meta.metric,
                mean: sections.view::<f32>("mean")?.to_vec(),
                radius: meta.radius,
            },
            labels: sections.view("labels")?,
            starts: sections.view("starts")?,
            rows: sections.view("rows")?,
            vectors: sections.view("vectors")?,
        };
        file.check(path)?;
        Ok(file)
    }

    /// The rows of a bucket. Their numbers are as the file states them: what is not full verification has not checked
    /// that there are such rows.
    pub(crate) fn bucket(&self, table: usize, code: u32) -> &[u32] {
        let starts = &self.table_starts(table)[code as usize..];
        let first = table * self.meta.rows;
        &self.rows[first + starts[0] as usize..first + starts[1] as usize]
    }

    fn table_starts(&self, table: usize) -> &[u32] {
        let length = self.starts_length();
        &self.starts[table * length..][..length]
    }

    fn starts_length(&self) -> usize {
        (1 << self.meta.bits) + 1
    }

    /// How many rows share the bucket of a row, itself included, on average over rows and tables.
    pub(crate) fn rows_per_bucket(&self) -> f64 {
        let square = |pair: &[u32]| f64::from(pair[1] - pair[0]).powi(2);
        let table = |table| self.table_starts(table).windows(2).map(square).sum::<f64>();
        let total: f64 = (0..self.meta.tables).map(table).sum();
        total / (self.meta.tables * self.meta.rows).max(1) as f64
    }

    /// A search relies on the sections' agreement.
    fn check(&self, path: &Path) -> Result<(), GridOpenError> {
        let Meta {
            rows,
            dim,
            metric,
            tables,
            ..
        } = self.meta;
        let lengths = self.labels.len() == rows
            && Some(self.vectors.len()) == rows.checked_mul(dim)
            && self.center.mean.len() == point_dim(metric, dim)
            && Some(self.starts.len()) == tables.checked_mul(self.starts_length())
            && Some(self.rows.len()) == tables.checked_mul(rows);
        if !lengths {
            return Err(inconsistent(
                path,
                "its sections differ in length from what it states",
            ));
        }
        if !self.center.mean.iter().all(|x| x.is_finite()) {
            return Err(inconsistent(path, "its mean is not finite"));
        }
        let divided = |table| {
            let starts = self.table_starts(table);
            starts.is_sorted() && starts[0] == 0 && starts.last() == Some(&(rows as u32))
        };
        if !(0..tables).all(divided) {
            return Err(inconsistent(path, "its buckets do not divide its rows"));
        }
        Ok(())
    }
}

/// Why a grid cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum GridOpenError {
    /// The file is not intact, or of a newer version.
    #[error(transparent)]
    File(#[from] nigh_mmap::OpenError),
    /// The file is intact but lacks a section.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// The file is intact but contradicts itself.
    #[error("{} is not a valid grid: {what}", path.display())]
    Inconsistent {
        /// The file asked for.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
}

impl GridOpenError {
    /// Whether a newer program wrote the file: the one failure where replacing it may destroy something of use.
    pub fn is_newer(&self) -> bool {
        use nigh_mmap::OpenError::{Newer, NewerLayout};
        matches!(self, GridOpenError::File(Newer { .. } | NewerLayout { .. }))
    }
}

fn inconsistent(path: &Path, what: &'static str) -> GridOpenError {
    GridOpenError::Inconsistent {
        path: path.to_owned(),
        what,
    }
}
