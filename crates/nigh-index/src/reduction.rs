//! Fewer numbers for a vector: the leading principal axes, a random rotation's, or the leading numbers as they are.

use std::path::Path;

use nigh_mmap::{Format, SectionError, SectionWriter, Sections, Verification, WriteError};

use crate::metric::Metric;
use crate::transform::{COVARIANCE_ROWS, Products, rotation};
use crate::vectors::{VectorError, check_dimension};

/// Which directions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReductionMethod {
    /// The principal axes of the vectors, not centred: of all directions, those that keep most of the vectors' squared lengths,
    /// and so of their inner products (Eckart and Young, Psychometrika 1936).
    Pca,
    /// Those of a random rotation (Johnson and Lindenstrauss 1984): needs no vectors to fit, and is what others are to beat.
    Random,
    /// The first numbers, for models that were trained so that these say most (Kusupati et al., "Matryoshka representation
    /// learning", NeurIPS 2022).
    Truncate,
}

impl ReductionMethod {
    /// All of them.
    pub const ALL: [ReductionMethod; 3] = [
        ReductionMethod::Pca,
        ReductionMethod::Random,
        ReductionMethod::Truncate,
    ];

    /// The name used in messages and files.
    pub fn name(self) -> &'static str {
        match self {
            ReductionMethod::Pca => "pca",
            ReductionMethod::Random => "random",
            ReductionMethod::Truncate => "truncate",
        }
    }
}

/// The mean products of the numbers of vectors, each at unit length: what principal axes are found from. Takes any number of
/// vectors in `8 · dim² + 16,384 · dim` bytes and some; the same vectors in the same order give the same axes.
#[derive(Debug)]
pub struct SecondMoments {
    dim: usize,
    products: Products,
    waiting: Vec<f32>,
}

impl SecondMoments {
    /// Of no vectors yet, of `dim` numbers each.
    pub fn new(dim: usize) -> SecondMoments {
        SecondMoments {
            dim,
            products: Products::new(dim),
            waiting: Vec::new(),
        }
    }

    /// Adds a vector.
    ///
    /// # Errors
    /// If it has another dimension or numbers that are not finite; nothing is added then.
    pub fn push(&mut self, values: &[f32]) -> Result<(), VectorError> {
        check_dimension(self.dim, values)?;
        let start = self.waiting.len();
        self.waiting.extend_from_slice(values);
        if let Err(error) = Metric::Cosine.prepare(&mut self.waiting[start..]) {
            self.waiting.truncate(start);
            return Err(error);
        }
        if self.waiting.len() == COVARIANCE_ROWS * self.dim {
            self.add_waiting();
        }
        Ok(())
    }

    /// The principal axes, in time that grows with the cube of the dimension: a second or two for 512.
    pub fn axes(mut self) -> PrincipalAxes {
        self.add_waiting();
        let (_, axes) = self.products.axes();
        PrincipalAxes {
            dim: self.dim,
            axes,
        }
    }

    fn add_waiting(&mut self) {
        let zero = vec![0.0; self.dim];
        self.products.add(&self.waiting, &zero, 1.0);
        self.waiting.clear();
    }
}

/// Principal axes, the most important first.
#[derive(Clone, Debug)]
pub struct PrincipalAxes {
    dim: usize,
    axes: Vec<f32>,
}

/// A linear map from vectors to shorter ones of unit length.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    method: ReductionMethod,
    from: usize,
    to: usize,
    /// `to` × `from`.
    matrix: Vec<f32>,
}

const FORMAT: Format = Format {
    magic: *b"nighredu",
    version: 1,
};

impl Reduction {
    /// Onto the first `to` principal axes, or all if there are fewer.
    pub fn principal(axes: &PrincipalAxes, to: usize) -> Reduction {
        let (from, to) = (axes.dim, to.min(axes.dim));
        Reduction {
            method: ReductionMethod::Pca,
            from,
            to,
            matrix: axes.axes[..to * from].to_vec(),
        }
    }

    /// Onto `to` orthonormal directions at random, the same for the same seed. Those for fewer numbers are the first of those for more.
    pub fn random(from: usize, to: usize, seed: u64) -> Reduction {
        let to = to.min(from);
        let rotation = rotation(from, seed);
        let columns = rotation.as_slice();
        Reduction {
            method: ReductionMethod::Random,
            from,
            to,
            // Columns are as orthonormal as rows, and lie end to end.
            matrix: columns[..to * from].to_vec(),
        }
    }

    /// To the first `to` numbers.
    pub fn truncated(from: usize, to: usize) -> Reduction {
        let to = to.min(from);
        let mut matrix = vec![0.0; to * from];
        (0..to).for_each(|at| matrix[at * from + at] = 1.0);
        Reduction {
            method: ReductionMethod::Truncate,
            from,
            to,
            matrix,
        }
    }

    /// This one of what another one makes.
    ///
    /// # Errors
    /// If the other makes another number of numbers than this one takes.
    pub fn after(&self, first: &Reduction) -> Result<Reduction, VectorError> {
        check_dimension(self.from, &vec![0.0; first.to])?;
        let (from, to) = (first.from, self.to);
        let mut matrix = vec![0.0; to * from];
        for (row, out) in self
            .matrix
            .chunks_exact(self.from)
            .zip(matrix.chunks_exact_mut(from))
        {
            for (column, out) in out.iter_mut().enumerate() {
                let products = row
                    .iter()
                    .zip(first.matrix[column..].iter().step_by(from))
                    .map(|(&a, &b)| f64::from(a) * f64::from(b));
                *out = products.sum::<f64>() as f32;
            }
        }
        Ok(Reduction {
            method: self.method,
            from,
            to,
            matrix,
        })
    }

    /// Vectors laid end to end, reduced and brought to unit length. What becomes of a vector does not depend on the others.
    pub fn apply(&self, rows: &[f32]) -> Vec<f32> {
        let mut reduced = vec![0.0; rows.len() / self.from * self.to];
        let pairs = rows
            .chunks_exact(self.from)
            .zip(reduced.chunks_exact_mut(self.to));
        for (row, out) in pairs {
            nigh_simd::dot_rows(row, &self.matrix, out);
            nigh_simd::normalize(out);
        }
        reduced
    }

    /// Which directions are kept; of several, one after another, the last.
    pub fn method(&self) -> ReductionMethod {
        self.method
    }

    /// Numbers of a vector before.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Numbers of a vector after.
    pub fn to(&self) -> usize {
        self.to
    }

    /// The directions, one a row: `to` × `from`.
    pub fn matrix(&self) -> &[f32] {
        &self.matrix
    }

    /// Writes it to a file that appears under its name whole and durable, or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let shape = [self.method.code(), self.from as u64, self.to as u64];
        let mut writer = SectionWriter::create(path, FORMAT)?;
        writer.put("shape", &shape)?;
        writer.put("matrix", &self.matrix)?;
        writer.finish().map(|_| ())
    }

    /// Reads it from a file, each byte checked.
    ///
    /// # Errors
    /// If the file is missing, torn, corrupt, of a newer version, or no reduction.
    pub fn open(path: &Path) -> Result<Reduction, OpenReductionError> {
        let sections = Sections::open_with(path, FORMAT, Verification::Full)?;
        let shape = sections.view::<u64>("shape")?;
        let matrix = sections.view::<f32>("matrix")?;
        let size = |n: u64| usize::try_from(n).ok();
        let parts = match *shape {
            [method, from, to] => ReductionMethod::of_code(method).zip(size(from).zip(size(to))),
            _ => None,
        };
        let fits = |&(_, (from, to)): &(_, (usize, usize))| {
            (1..=from).contains(&to) && to.checked_mul(from) == Some(matrix.len())
        };
        let (method, (from, to)) = parts.filter(fits).ok_or(OpenReductionError::Inconsistent)?;
        Ok(Reduction {
            method,
            from,
            to,
            matrix: matrix.to_vec(),
        })
    }
}

/// Why a file holds no reduction.
#[derive(Debug, thiserror::Error)]
pub enum OpenReductionError {
    /// It cannot be read, is torn, or another kind of file.
    #[error(transparent)]
    File(#[from] nigh_mmap::OpenError),
    /// A part of it is missing.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Its parts do not go together.
    #[error("the file's matrix does not fit the shape that it states")]
    Inconsistent,
}

impl ReductionMethod {
    fn code(self) -> u64 {
        match self {
            ReductionMethod::Pca => 0,
            ReductionMethod::Random => 1,
            ReductionMethod::Truncate => 2,
        }
    }

    fn of_code(code: u64) -> Option<ReductionMethod> {
        ReductionMethod::ALL
            .into_iter()
            .find(|method| method.code() == code)
    }
}
