//! The reduction of a collection: from an encoder's embeddings to the shorter ones that the collection holds.

use std::fmt;
use std::path::{Path, PathBuf};

use nigh_index::{OpenReductionError, Reduction};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use crate::encoder::EncoderRecord;

/// What is written down of a reduction: part of what embeddings depend on, as the encoder's fingerprint is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReductionRecord {
    /// `pca`, `random` or `truncate`.
    pub method: String,
    /// Numbers of the encoder's embeddings.
    pub from: usize,
    /// Numbers of the collection's.
    pub to: usize,
    /// Of the matrix: `xxh3-128` in hexadecimal.
    pub matrix: String,
}

/// Why the embeddings of a collection cannot be reduced.
#[derive(Debug, Error)]
pub enum ReductionError {
    /// The matrix's file cannot be used.
    #[error(
        "the collection's embeddings are reduced, and the matrix for it cannot be read from {}: {source}",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: OpenReductionError,
    },
    /// It is another matrix.
    #[error("{} holds another matrix than the one that the collection's embeddings were made with ({expected})", path.display())]
    Another {
        /// The file.
        path: PathBuf,
        /// What was written down of it.
        expected: String,
    },
}

impl ReductionRecord {
    pub(crate) fn of(reduction: &Reduction) -> ReductionRecord {
        ReductionRecord {
            method: reduction.method().name().to_owned(),
            from: reduction.from(),
            to: reduction.to(),
            matrix: format!("xxh3-128:{:032x}", checksum(reduction)),
        }
    }

    /// The matrix's file, in the collection's folder.
    pub(crate) fn file(&self) -> String {
        let hash = self.matrix.rsplit(':').next().unwrap_or_default();
        format!("{FOLDER}/{hash}.matrix")
    }

    /// The matrix, which must be the one that was written down.
    pub(crate) fn open(&self, dir: &Path) -> Result<Reduction, ReductionError> {
        let path = dir.join(self.file());
        let reduction = Reduction::open(&path).map_err(|source| ReductionError::Open {
            path: path.clone(),
            source,
        })?;
        match ReductionRecord::of(&reduction) == *self {
            true => Ok(reduction),
            false => Err(ReductionError::Another {
                path,
                expected: self.to_string(),
            }),
        }
    }
}

impl fmt::Display for ReductionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to {} numbers by {}, matrix {}",
            self.from, self.to, self.method, self.matrix
        )
    }
}

/// The folder of the matrices, in the collection's.
pub(crate) const FOLDER: &str = "reductions";

fn checksum(reduction: &Reduction) -> u128 {
    let mut hasher = Xxh3::new();
    hasher.update(reduction.method().name().as_bytes());
    for value in reduction.matrix() {
        hasher.update(&value.to_le_bytes());
    }
    hasher.digest128()
}

/// Brings an encoder's embeddings to those of a collection, which may be the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reducer(Option<Reduction>);

impl Reducer {
    /// That of a collection, or of a generation of its embeddings.
    pub(crate) fn of(dir: &Path, record: &EncoderRecord) -> Result<Reducer, ReductionError> {
        let reduction = record.reduction.as_ref();
        let reduction = reduction.map(|record| record.open(dir)).transpose()?;
        Ok(Reducer(reduction))
    }

    /// Of one or more embeddings laid end to end.
    pub(crate) fn apply(&self, rows: Vec<f32>) -> Vec<f32> {
        match &self.0 {
            Some(reduction) => reduction.apply(&rows),
            None => rows,
        }
    }

    pub(crate) fn reduction(&self) -> Option<&Reduction> {
        self.0.as_ref()
    }
}
