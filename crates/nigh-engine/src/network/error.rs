//! What can go wrong with a network.

use std::path::PathBuf;

use nigh_graph::{OpenGraphError, WriteGraphError};
use nigh_store::{CopyError, OpenError, ReadError, WriteError};
use thiserror::Error;

use crate::edges::EdgesError;

/// Why a network cannot be opened, read or written.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The store cannot be written anew.
    #[error(transparent)]
    Rewrite(#[from] CopyError),
    /// The graph cannot be written.
    #[error("cannot write the graph: {0}")]
    WriteGraph(#[from] WriteGraphError),
    /// The graph that was just written cannot be read.
    #[error(transparent)]
    OpenGraph(#[from] OpenGraphError),
    /// A file of the network cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A collection is a folder.
    #[error("{} is a file: a network needs a folder of its own", path.display())]
    File {
        /// What was named.
        path: PathBuf,
    },
    /// The edge lists cannot be read.
    #[error(transparent)]
    Edges(#[from] EdgesError),
    /// The ranking cannot be trained or used.
    #[error(transparent)]
    Links(#[from] nigh_learn::LinkError),
    /// More memory than there is.
    #[error(
        "training on {people} people takes about {needed_gib:.1} GiB of memory, and {available_gib:.1} GiB are free; \
         suggestions are ranked by resource allocation without it"
    )]
    Memory {
        /// How many people there are.
        people: usize,
        /// What is needed, in GiB.
        needed_gib: f64,
        /// What the system has left, in GiB.
        available_gib: f64,
    },
    /// Two trainings would undo each other's work.
    #[error("another training of {} is at work", path.display())]
    Training {
        /// The network's folder.
        path: PathBuf,
    },
    /// What was learned from somebody who is gone is not kept.
    #[error("somebody was erased while the training ran, so that it was not kept; train again")]
    ErasedMeanwhile,
    /// The newest friendships are not known.
    #[error(
        "too few of the friendships have times to say which are the newest; import them with times, or hold out a smaller share"
    )]
    Untimed,
    /// So much cannot be held out.
    #[error(
        "a share of {share} of the friendships cannot be held out, expected above 0 and below 1"
    )]
    Share {
        /// What was asked for.
        share: f64,
    },
    /// The index of embeddings cannot be written.
    #[error("cannot write the index of embeddings: {0}")]
    Index(#[from] nigh_index::BuildError),
    /// A person cannot be named so.
    #[error(transparent)]
    People(#[from] PeopleError),
}

/// Why a person cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeopleError {
    /// Nobody has this id.
    #[error("the network has no person {id:?}")]
    Unknown {
        /// The id.
        id: String,
    },
    /// An id is a text of some length.
    #[error("an id has {bytes} bytes, and 1 to {limit} are allowed")]
    Length {
        /// Its length.
        bytes: usize,
        /// The greatest length.
        limit: usize,
    },
    /// Nobody is their own friend.
    #[error("{id:?} cannot be connected with themselves")]
    Same {
        /// The id.
        id: String,
    },
    /// Milliseconds, most likely.
    #[error(
        "the time {time} of the edge between {a:?} and {b:?} is after the year 9999; seconds since 1970 are expected"
    )]
    LateTime {
        /// One end.
        a: String,
        /// The other end.
        b: String,
        /// The time.
        time: i64,
    },
    /// Time does not begin before 1970 here.
    #[error("the time {time} of the edge between {a:?} and {b:?} is before 1970")]
    NegativeTime {
        /// One end.
        a: String,
        /// The other end.
        b: String,
        /// The time, in seconds.
        time: i64,
    },
    /// A weight is a number.
    #[error(
        "the weight {weight} of the edge between {a:?} and {b:?} is not a finite number of at least 0"
    )]
    Weight {
        /// One end.
        a: String,
        /// The other end.
        b: String,
        /// The weight.
        weight: String,
    },
    /// More people than numbers.
    #[error("a network holds at most {limit} people")]
    TooMany {
        /// The most.
        limit: u32,
    },
}
