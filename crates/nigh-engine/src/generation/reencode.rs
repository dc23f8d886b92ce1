//! Another encoder for a catalog in use, and back.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use nigh_encode::{DecodeLimits, Runtime};
use nigh_store::{CatalogStore, Generation, OtherState, Precision};
use serde::Serialize;

use super::catch_up::CatchUp;
use super::{EmbeddingsError, gives_more, make_room};
use crate::encoder::{EncoderRecord, EncoderRequest};
use crate::publish::{is_published, publish_other};
use crate::reduction::Reducer;

/// How a catalog is encoded anew.
#[derive(Clone, Debug, Default)]
pub struct ReencodeOptions {
    /// How the new embeddings are kept; as the old ones where absent.
    pub precision: Option<Precision>,
    /// Another folder to look in for pictures that are not where they were imported from, by their files' names.
    pub images: Option<PathBuf>,
    /// What is refused before it is decoded.
    pub limits: DecodeLimits,
    /// Go on where more than one item in a hundred would have no embeddings.
    pub allow_missing: bool,
}

/// Something that is told on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReencodeEvent {
    /// So far, in this run.
    Progress {
        /// Items that got embeddings.
        encoded: u64,
        /// Items whose pictures cannot be read.
        unreadable: u64,
    },
    /// Another process has the store, in its words.
    Waiting(String),
    /// The index of the new embeddings is being built, of this many items: searches go on, writes wait.
    Publishing(u64),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReencodeReport {
    /// Items of the collection.
    pub items: u64,
    /// Items that this run made embeddings for.
    pub encoded: u64,
    /// Items that have none, and are not found: their pictures cannot be read.
    pub missing: u64,
    /// Where each of these is named with the reason, if there is any.
    pub rejects_file: Option<PathBuf>,
    /// The encoder's fingerprint in words.
    pub encoder: String,
    /// The number of the generation that is searched now.
    pub generation: u64,
    /// Wall-clock time.
    pub seconds: f64,
}

/// Who may stop it, and who is told.
pub struct Reencoding<'a> {
    /// Set from outside to end it after the items at hand: what was made stays, and the same call goes on with it.
    pub stop: &'a AtomicBool,
    /// Runs on the calling thread.
    pub on_event: &'a mut dyn FnMut(ReencodeEvent),
}

/// Items of a hundred that may lose their embeddings without being asked.
const MISSING_OF_A_HUNDRED: u64 = 1;
pub(super) const REJECTS: &str = "reencode-rejects.csv";

/// Makes embeddings of all pictures of the collection at `dir` with another encoder, and searches these from then on; the old ones
/// are kept. Meanwhile others may search the old ones and write: what they write is encoded too before the new ones are searched. Only
/// while the index of these is built do writers wait.
///
/// # Errors
/// See [`EmbeddingsError`]; after [`EmbeddingsError::Stopped`] or a kill the same call goes on.
pub fn reencode(
    dir: &Path,
    request: &EncoderRequest,
    options: &ReencodeOptions,
    run: Reencoding<'_>,
) -> Result<ReencodeReport, EmbeddingsError> {
    let (encoder, record) = EncoderRecord::create(request)?;
    let reducer = Reducer::default();
    let Reencoding { stop, on_event } = run;
    let tell = &mut |event| on_event(event);
    let run = Reencoding {
        stop,
        on_event: tell,
    };
    let mut catch_up = CatchUp::new(dir, options, run, (&encoder, &reducer))?;
    catch_up.number = begin(&mut catch_up, &record, options.precision)?;
    finish(catch_up, &record, options)
}

/// Goes back to the embeddings of before; those that were searched are kept in their place. What was imported since is encoded with
/// the encoder of before first.
///
/// # Errors
/// See [`EmbeddingsError`].
pub fn rollback(
    dir: &Path,
    runtime: Runtime,
    options: &ReencodeOptions,
    run: Reencoding<'_>,
) -> Result<ReencodeReport, EmbeddingsError> {
    let store = CatalogStore::open_writer(dir)?;
    let other = store.header().other.clone();
    let kept = other.filter(|other| other.state == OtherState::Kept);
    let kept = kept.ok_or(EmbeddingsError::NoneKept)?.generation;
    let record = EncoderRecord::of_value(&kept.fingerprint)?;
    if is_whole(&store)? {
        return go_back(dir, store, &record, run);
    }
    drop(store);
    let request = EncoderRequest {
        // Each thread that encodes is a caller of its own.
        threads_per_run: 1,
        runtime,
        ..EncoderRequest::default()
    };
    let encoder = record.open(&request)?;
    let reducer = Reducer::of(dir, &record)?;
    let Reencoding { stop, on_event } = run;
    let tell = &mut |event| on_event(event);
    let run = Reencoding {
        stop,
        on_event: tell,
    };
    let mut catch_up = CatchUp::new(dir, options, run, (&encoder, &reducer))?;
    catch_up.number = kept.number;
    finish(catch_up, &record, options)
}

/// Where the generation of before lacks nothing.
fn go_back(
    dir: &Path,
    mut store: CatalogStore,
    record: &EncoderRecord,
    run: Reencoding<'_>,
) -> Result<ReencodeReport, EmbeddingsError> {
    let started = Instant::now();
    put_in_place(dir, &mut store, run.on_event)?;
    Ok(ReencodeReport {
        items: store.view()?.len()?,
        encoded: 0,
        missing: 0,
        rejects_file: None,
        encoder: record.to_string(),
        generation: store.header().generation,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Begins a generation for another encoder, or finds the one that was begun.
fn begin(
    catch_up: &mut CatchUp<'_>,
    record: &EncoderRecord,
    precision: Option<Precision>,
) -> Result<u64, EmbeddingsError> {
    let mut store = catch_up.open(CatalogStore::open_writer_in_passing)?;
    let header = store.header();
    let precision = precision.unwrap_or(header.precision);
    let own = EncoderRecord::of(header)?;
    if own.fingerprint == record.fingerprint
        && !gives_more(record, precision, &own, header.precision)
    {
        return Err(EmbeddingsError::SameEncoder {
            encoder: record.spec.clone(),
            precision,
        });
    }
    if let Some(other) = &header.other {
        let begun = EncoderRecord::of_value(&other.generation.fingerprint)?;
        let same = begun.fingerprint == record.fingerprint
            && other.generation.precision == precision
            && other.state == OtherState::Preparing;
        if same {
            return Ok(other.generation.number);
        }
    }
    make_room(catch_up.dir, &mut store)?;
    Ok(store.prepare(Generation {
        number: 0,
        dimension: record.fingerprint.dimension,
        precision,
        fingerprint: serde_json::to_value(record)?,
        files: Vec::new(),
    })?)
}

/// Encodes what lacks embeddings, and puts the generation in its place.
fn finish(
    mut catch_up: CatchUp<'_>,
    record: &EncoderRecord,
    options: &ReencodeOptions,
) -> Result<ReencodeReport, EmbeddingsError> {
    let started = Instant::now();
    let (mut store, missing) = loop {
        catch_up.run()?;
        let store = catch_up.open(CatalogStore::open_writer)?;
        // An import may have come between; a long one is caught up with while others can write.
        if let Some(missing) = catch_up.finish_few(&store)? {
            break (store, missing);
        }
    };
    let items = store.view()?.len()?;
    if missing * 100 > items * MISSING_OF_A_HUNDRED && !options.allow_missing {
        return Err(EmbeddingsError::Missing {
            missing,
            items,
            rejects: catch_up.dir.join(REJECTS),
        });
    }
    put_in_place(catch_up.dir, &mut store, catch_up.on_event)?;
    Ok(ReencodeReport {
        items,
        encoded: catch_up.encoded,
        missing,
        rejects_file: catch_up.rejects.finish()?,
        encoder: record.to_string(),
        generation: catch_up.number,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Publishes a view of the other generation and exchanges the two.
fn put_in_place(
    dir: &Path,
    store: &mut CatalogStore,
    on_event: &mut dyn FnMut(ReencodeEvent),
) -> Result<(), EmbeddingsError> {
    let stored = store.view()?;
    let other = store.header().other.as_ref();
    // One that was searched before has a view, which may be of now.
    let kept = other.filter(|other| other.state == OtherState::Kept);
    let published = kept.is_some_and(|kept| is_published(dir, kept.generation.number, &stored));
    if !published {
        on_event(ReencodeEvent::Publishing(stored.len()?));
        publish_other(dir, store, &stored)?;
    }
    drop(stored);
    Ok(store.exchange()?)
}

fn is_whole(store: &CatalogStore) -> Result<bool, EmbeddingsError> {
    let view = store.view()?;
    for stored in view.scan()? {
        let stored = stored?;
        if !stored.item.images.is_empty() && !view.has_other_embeddings(stored.number)? {
            return Ok(false);
        }
    }
    Ok(true)
}
