use crate::{LearnError, ModelFileError, RankerError};

/// Why links cannot be ranked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LinkError {
    /// Nothing is left to learn from.
    #[error("{edges} edges between {people} people: none are left when some are held out")]
    FewEdges {
        /// How many people there are.
        people: usize,
        /// How many edges.
        edges: usize,
    },
    /// A setting is out of its range.
    #[error("{name} is {value}, expected {expected}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The caller wanted no more.
    #[error("the training was stopped")]
    Stopped,
    /// Trees could not be grown or applied.
    #[error(transparent)]
    Ranker(#[from] RankerError),
    /// Embeddings could not be learned or computed.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// Bytes that are no model, or no tables.
    #[error(transparent)]
    File(#[from] ModelFileError),
}
