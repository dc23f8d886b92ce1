//! Other embeddings for a catalog that is in use: shorter, narrower, or of another encoder.
//!
//! Each of the three writes a new *generation* of embeddings beside the one that is searched, publishes a view of it, and then puts
//! it in the other's place by renaming the collection's header: one step, of which a crash leaves the one or the other side. The
//! old generation is kept, with its view, until it is dropped; going back is the same step.
//!
//! ```text
//! none ──begin──▶ preparing ──cut over──▶ kept ──drop──▶ none
//!                     └──abandon──▶ none    ▲ └─roll back─┐
//!                                           └─────────────┘
//! ```

use std::path::{Path, PathBuf};

use nigh_index::VectorError;
use nigh_store::{CatalogStore, OpenError, Other, OtherState, Precision, ReadError};
use thiserror::Error;

use crate::encoder::{EncoderError, EncoderRecord};
use crate::import::RejectsError;
use crate::paired::PairedError;
use crate::publish::{PublishError, sweep};
use crate::reduction::ReductionError;
use crate::vectors::Stopped;

mod catch_up;
mod curve;
mod derive;
mod pictures;
mod reencode;

pub use curve::{CurveError, CurveOptions, CurvePoint, curve};
pub use derive::{DeriveOptions, Derived, derive};
pub use reencode::{
    ReencodeEvent, ReencodeOptions, ReencodeReport, Reencoding, reencode, rollback,
};

/// Why a catalog did not get other embeddings. Those that were searched before are searched still.
#[derive(Debug, Error)]
pub enum EmbeddingsError {
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store or its header cannot be written.
    #[error(transparent)]
    Generation(#[from] nigh_store::GenerationError),
    /// Items and embeddings do not go together.
    #[error(transparent)]
    Paired(#[from] PairedError),
    /// An encoder cannot be used.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The encoder's record has no JSON form: a defect in nigh.
    #[error("the encoder cannot be written down: {0}")]
    Record(#[from] serde_json::Error),
    /// The matrix of a reduction cannot be read.
    #[error(transparent)]
    Reduction(#[from] ReductionError),
    /// The matrix of a reduction cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Matrix {
        /// The file.
        path: PathBuf,
        /// Why.
        source: nigh_mmap::WriteError,
    },
    /// An embedding is not one.
    #[error("item {id:?}: {source}")]
    Vector {
        /// The item.
        id: String,
        /// Why.
        source: VectorError,
    },
    /// The view of the new embeddings could not be built.
    #[error("the index of the new embeddings could not be built: {0}")]
    Publish(#[from] PublishError),
    /// The rejects file could not be written.
    #[error(transparent)]
    Rejects(#[from] RejectsError),
    /// It was asked to stop.
    #[error("{0}")]
    Stopped(#[from] Stopped),
    /// Nothing is to be made shorter or narrower.
    #[error("the embeddings are {dimension} numbers of {precision} already")]
    Nothing {
        /// Numbers of each.
        dimension: usize,
        /// How they are kept.
        precision: Precision,
    },
    /// No such number of numbers.
    #[error("embeddings of {dimension} numbers can be reduced to 1 to {}, not {asked}", dimension - 1)]
    Dimensions {
        /// Numbers of each.
        dimension: usize,
        /// What was asked for.
        asked: usize,
    },
    /// What was rounded away is not there any more.
    #[error(
        "the embeddings are kept as {stored}, and as {asked} they would be larger and say no more: \
         `nigh catalog reencode --precision {asked}` makes them anew of the pictures"
    )]
    Wider {
        /// How they are kept.
        stored: Precision,
        /// How they were to be kept.
        asked: Precision,
    },
    /// There are no items.
    #[error("the collection holds nothing: import something first")]
    Empty,
    /// The embeddings of before are still kept.
    #[error(
        "the embeddings of before ({kept}) are still kept: --drop-old frees them, --rollback goes back to them"
    )]
    Kept {
        /// Their encoder.
        kept: String,
    },
    /// Another encoder's embeddings are being prepared.
    #[error(
        "the collection is being encoded anew by {encoder}: the same `nigh catalog reencode` goes on with it, --abandon gives it up"
    )]
    UnderWay {
        /// The encoder.
        encoder: String,
    },
    /// There is nothing to go back to or to free.
    #[error("no embeddings of before are kept")]
    NoneKept,
    /// There is nothing to give up.
    #[error("no embeddings are being prepared")]
    NonePrepared,
    /// Somebody has given up what is being prepared.
    #[error(
        "the embeddings that were being prepared were given up or put in place by another process meanwhile"
    )]
    Gone,
    /// The embeddings would be those that are there, or less.
    #[error(
        "the collection's embeddings are made with {encoder} already, none was reduced, and {precision} keeps no more of them"
    )]
    SameEncoder {
        /// The encoder.
        encoder: String,
        /// How they were to be kept.
        precision: Precision,
    },
    /// Too many items would not be found any more.
    #[error(
        "{missing} of {items} items would have no embeddings, as their pictures cannot be read ({}): \
         `nigh catalog reencode` with --images names another folder to look in, with --allow-missing it goes on without them", rejects.display()
    )]
    Missing {
        /// Items without embeddings.
        missing: u64,
        /// Of so many.
        items: u64,
        /// Where each is named with the reason.
        rejects: PathBuf,
    },
}

/// Frees the embeddings of before. Returns their encoder.
///
/// # Errors
/// [`EmbeddingsError::NoneKept`], and where the store cannot be written.
pub fn drop_old(dir: &Path) -> Result<String, EmbeddingsError> {
    end_other(dir, OtherState::Kept, EmbeddingsError::NoneKept)
}

/// Gives up embeddings that are being prepared. Returns their encoder.
///
/// # Errors
/// [`EmbeddingsError::NonePrepared`], and where the store cannot be written.
pub fn abandon(dir: &Path) -> Result<String, EmbeddingsError> {
    end_other(dir, OtherState::Preparing, EmbeddingsError::NonePrepared)
}

fn end_other(
    dir: &Path,
    state: OtherState,
    otherwise: EmbeddingsError,
) -> Result<String, EmbeddingsError> {
    let mut store = CatalogStore::open_writer(dir)?;
    match &store.header().other {
        Some(other) if other.state == state => {
            let encoder = encoder_words(other);
            remove_other(dir, &mut store)?;
            Ok(encoder)
        }
        _ => Err(otherwise),
    }
}

fn remove_other(dir: &Path, store: &mut CatalogStore) -> Result<(), EmbeddingsError> {
    store.drop_other()?;
    sweep(dir, store.header());
    Ok(())
}

fn encoder_words(other: &Other) -> String {
    let record = EncoderRecord::of_value(&other.generation.fingerprint);
    let words = record.map_or_else(|error| error.to_string(), |record| record.to_string());
    format!("{words}, {}", other.generation.precision)
}

/// Makes room for another generation: what a killed reduction has left is removed, anything else is in the way.
fn make_room(dir: &Path, store: &mut CatalogStore) -> Result<(), EmbeddingsError> {
    let Some(other) = &store.header().other else {
        sweep(dir, store.header());
        return Ok(());
    };
    let record = EncoderRecord::of_value(&other.generation.fingerprint)?;
    let own = EncoderRecord::of(store.header())?;
    match other.state {
        OtherState::Kept => Err(EmbeddingsError::Kept {
            kept: encoder_words(other),
        }),
        OtherState::Preparing
            if record.fingerprint == own.fingerprint
                && !gives_more(
                    &record,
                    other.generation.precision,
                    &own,
                    store.header().precision,
                ) =>
        {
            remove_other(dir, store)
        }
        OtherState::Preparing => Err(EmbeddingsError::UnderWay {
            encoder: record.spec,
        }),
    }
}

/// Whether the encoder of `own` would make longer or wider embeddings of the pictures than are stored: only reading the pictures again
/// brings those back.
fn gives_more(
    record: &EncoderRecord,
    precision: Precision,
    own: &EncoderRecord,
    stored: Precision,
) -> bool {
    record.reduction.is_none() && (own.reduction.is_some() || precision.is_wider_than(stored))
}
