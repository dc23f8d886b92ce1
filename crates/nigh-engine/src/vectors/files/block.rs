//! Some rows in memory.

use nigh_index::VectorError;

/// Consecutive rows of a file.
#[derive(Debug)]
pub struct Block {
    pub(super) first: usize,
    pub(super) dim: usize,
    pub(super) values: Vec<f32>,
    /// Rows that the file does not hold as `dim` values, ascending; their values are NaN.
    pub(super) faults: Vec<(usize, RowProblem)>,
}

impl Block {
    pub(super) fn new(dim: usize) -> Block {
        Block {
            first: 0,
            dim,
            values: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of each row in its file, counted from 0, with its values, or why it cannot be compared.
    pub fn rows(&self) -> impl Iterator<Item = (usize, Result<&[f32], RowProblem>)> {
        let mut faults = self.faults.iter().peekable();
        let rows = self.values.chunks_exact(self.dim).enumerate();
        rows.map(move |(at, values)| {
            let row = self.first + at;
            let fault = faults.next_if(|(faulty, _)| *faulty == row);
            let checked = fault.map_or_else(|| check(values), |(_, fault)| Err(fault.clone()));
            (row, checked.map(|()| values))
        })
    }

    pub(super) fn clear(&mut self, first: usize) {
        self.first = first;
        self.values.clear();
        self.faults.clear();
    }

    /// Makes the row that comes next an unusable one.
    pub(super) fn push_fault(&mut self, problem: RowProblem) {
        self.faults.push((self.first + self.len(), problem));
        let whole = self.values.len() + self.dim;
        self.values.resize(whole, f32::NAN);
    }
}

/// Why a row cannot be compared with others.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RowProblem {
    /// Its cell is empty.
    #[error("is null, expected a list of {expected} numbers")]
    Null {
        /// Values per row.
        expected: usize,
    },
    /// One of its values is missing.
    #[error("value {position} is null, expected a number")]
    NullValue {
        /// Where, counted from 0.
        position: usize,
    },
    /// Its values cannot be compared.
    #[error(transparent)]
    Vector(#[from] VectorError),
}

/// The largest squared norm that an index accepts.
const LARGEST_SQUARE: f32 = f32::MAX / 4.0;

fn check(values: &[f32]) -> Result<(), RowProblem> {
    if nigh_simd::dot(values, values) <= LARGEST_SQUARE {
        return Ok(());
    }
    let problem = match values.iter().position(|value| !value.is_finite()) {
        Some(position) => VectorError::NotFinite {
            position,
            value: values[position],
        },
        None => VectorError::TooLarge,
    };
    Err(problem.into())
}
