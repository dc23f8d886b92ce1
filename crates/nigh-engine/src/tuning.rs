//! What a collection's searches should reach, and what was measured for it.
//!
//! ```text
//! DIR/tuning.json                  the goal, as it was asked for: kept for every later view
//! DIR/index/<view>/tuned.json      what the settings reach on this view
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use nigh_index::{Codec, Codes, IvfConfig, RaBitQConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::publish::write_atomically;
use crate::vectors::{Goal, OperatingPoint, Setting, Tuned, coded_bytes};

/// What searches of a collection should reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuningGoal {
    /// A recall or a latency.
    #[serde(flatten)]
    pub goal: Goal,
    /// Bytes of memory that the index may need, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// What was measured on a view, and for which goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogTuned {
    /// The goal.
    pub asked: TuningGoal,
    /// The operating points.
    #[serde(flatten)]
    pub tuned: Tuned,
}

/// Why a goal or a measurement cannot be kept or read.
#[derive(Debug, Error)]
pub enum TuningFileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It does not hold what it should.
    #[error("{} is damaged ({source}): it counts for nothing until it is deleted or written anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        source: serde_json::Error,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl TuningGoal {
    /// The goal of the collection at `dir`, if it has one.
    ///
    /// # Errors
    /// [`TuningFileError`].
    pub fn of(dir: &Path) -> Result<Option<TuningGoal>, TuningFileError> {
        read(&dir.join(GOAL_FILE))
    }

    pub(crate) fn keep(&self, dir: &Path) -> Result<(), TuningFileError> {
        write(&dir.join(GOAL_FILE), self)
    }

    /// Gives a copy of a collection the goal that the collection has.
    ///
    /// # Errors
    /// [`TuningFileError`].
    pub fn carry_over(from: &Path, to: &Path) -> Result<(), TuningFileError> {
        TuningGoal::of(from)?.map_or(Ok(()), |goal| goal.keep(to))
    }
}

impl CatalogTuned {
    /// The best point for the goal, if one reaches it.
    pub fn chosen(&self) -> Option<&OperatingPoint> {
        self.choose(self.asked.goal)
    }

    /// The fastest point that reaches a recall within the memory asked for.
    pub(crate) fn for_recall(&self, recall: f64) -> Option<&OperatingPoint> {
        self.choose(Goal::Recall(recall))
    }

    /// The exact search of this view, as it was measured.
    pub fn exact(&self) -> Option<&OperatingPoint> {
        let exact = |point: &&OperatingPoint| point.setting == Setting::Exact;
        self.tuned.points.iter().find(exact)
    }

    fn choose(&self, goal: Goal) -> Option<&OperatingPoint> {
        let memory = self.asked.memory_bytes.unwrap_or(u64::MAX);
        self.tuned.choose_within(goal, memory)
    }

    /// What was measured on the view in this folder.
    pub(crate) fn of(view: &Path) -> Result<Option<CatalogTuned>, TuningFileError> {
        read(&view.join(TUNED_FILE))
    }

    pub(crate) fn keep(&self, view: &Path) -> Result<(), TuningFileError> {
        write(&view.join(TUNED_FILE), self)
    }
}

/// How a view's lists are made, so that its codes of `images` rows fit the memory asked for; `before` are the codes of the
/// view that it takes the place of, which tell how many axes the data needs.
pub(crate) fn lists_within(
    goal: Option<&TuningGoal>,
    images: u64,
    before: Option<Codes>,
) -> IvfConfig {
    let memory = goal.and_then(|goal| goal.memory_bytes);
    let default = RaBitQConfig::default();
    let bits = memory.zip(before).map(|(memory, codes)| {
        // Where the collection has outgrown the memory, the shortest codes outgrow it least.
        refine_bits_within(memory, images, &codes).unwrap_or(2)
    });
    IvfConfig {
        codec: Codec::RaBitQ(RaBitQConfig {
            refine_bits: bits.unwrap_or(default.refine_bits),
            ..default
        }),
        ..IvfConfig::default()
    }
}

/// The most refining bits with which the codes of `rows` rows take at most so many bytes; none if two are too many.
pub(crate) fn refine_bits_within(memory: u64, rows: u64, codes: &Codes) -> Option<u8> {
    (2..=8)
        .rev()
        .find(|&bits| bytes_with(rows, codes, bits) <= memory)
}

/// Bytes of the codes of `rows` rows in as many lists as a view has, with so many refining bits.
pub(crate) fn bytes_with(rows: u64, codes: &Codes, refine_bits: u8) -> u64 {
    let codec = Codec::RaBitQ(RaBitQConfig::default());
    let lists = IvfConfig::default_lists(usize::try_from(rows).unwrap_or(usize::MAX), codec);
    let codes = Codes {
        refine_bits,
        ..*codes
    };
    coded_bytes(rows, lists as u64, &codes)
}

const GOAL_FILE: &str = "tuning.json";
const TUNED_FILE: &str = "tuned.json";

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, TuningFileError> {
    let path = path.to_owned();
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TuningFileError::Read { path, source }),
    };
    let value = serde_json::from_slice(&bytes);
    value
        .map(Some)
        .map_err(|source| TuningFileError::Damaged { path, source })
}

pub(crate) fn write(path: &Path, value: &impl Serialize) -> Result<(), TuningFileError> {
    let written = serde_json::to_vec_pretty(value)
        .map_err(std::io::Error::from)
        .and_then(|bytes| write_atomically(path, &bytes));
    written.map_err(|source| TuningFileError::Write {
        path: path.to_owned(),
        source,
    })
}
