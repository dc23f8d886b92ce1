//! Encoders that requests share, each behind a queue that gathers batches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use nigh_encode::{EncodeError, Picture, Runtime, TextEncoder};
use nigh_engine::{
    Batcher, BatcherConfig, BatcherMetrics, EncoderRecord, EncoderRequest, SubmitError,
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::config::Batching;
use crate::error::{ApiError, ApiResult};

/// An open encoder; its text side is opened when it is first asked for.
pub(crate) struct SharedEncoder {
    record: EncoderRecord,
    request: EncoderRequest,
    pictures: Batcher<Picture, Vec<f32>, EncodeError>,
    text: OnceLock<TextEncoder>,
    /// One thread opens the text side.
    opening_text: Mutex<()>,
    /// Pictures that were done when somebody last looked and found progress, and when that was.
    seen: Mutex<(u64, Instant)>,
}

/// An encoder that does nothing for so long while pictures wait does not answer.
const STUCK: Duration = Duration::from_secs(30);

/// All encoders that are open, one for each fingerprint, for as long as a catalog has it.
pub(crate) struct Encoders {
    open: Mutex<HashMap<String, Weak<SharedEncoder>>>,
    batching: Batching,
    runtime: Runtime,
    threads: usize,
}

impl Encoders {
    pub(crate) fn new(batching: Batching, runtime: Runtime, threads: usize) -> Self {
        Self {
            open: Mutex::default(),
            batching,
            runtime,
            threads,
        }
    }

    /// The encoder of a record; opened the first time.
    pub(crate) fn of(&self, record: &EncoderRecord) -> ApiResult<Arc<SharedEncoder>> {
        // An insertion is whole or did not happen. Held while an encoder is opened: it is opened once, and only by the pool.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{} {}", record.spec, record.fingerprint);
        if let Some(known) = open.get(&name).and_then(Weak::upgrade) {
            return Ok(known);
        }
        open.retain(|_, encoder| encoder.strong_count() > 0);
        let request = EncoderRequest {
            threads_per_run: self.threads,
            runtime: self.runtime,
            ..EncoderRequest::default()
        };
        let encoder = record.open(&request)?;
        let config = BatcherConfig {
            max_batch: self
                .batching
                .max_batch
                .unwrap_or_else(|| encoder.batch_size()),
            max_wait: Duration::from_millis(self.batching.max_wait_ms),
            queue: self.batching.queue,
            threads: 1,
        };
        let dimension = encoder.dimension();
        let encode = move |pictures: &[Picture]| {
            let rows = encoder.encode(pictures)?;
            Ok(rows.chunks_exact(dimension).map(<[f32]>::to_vec).collect())
        };
        let pictures = Batcher::spawn(config, encode)
            .map_err(|error| ApiError::unavailable(format!("no thread to encode with: {error}")))?;
        let shared = Arc::new(SharedEncoder {
            record: record.clone(),
            request,
            pictures,
            text: OnceLock::new(),
            opening_text: Mutex::default(),
            seen: Mutex::new((0, Instant::now())),
        });
        open.insert(name, Arc::downgrade(&shared));
        Ok(shared)
    }
}

impl SharedEncoder {
    /// The embedding of a picture, before any reduction; `room` is given back when the picture is not held any more. Dropped while it
    /// waits, the picture leaves the queue.
    pub(crate) async fn picture(
        &self,
        picture: Picture,
        room: OwnedSemaphorePermit,
    ) -> ApiResult<Vec<f32>> {
        let (sender, receiver) = oneshot::channel();
        let submitted = self.pictures.try_submit_then(picture, move |result| {
            drop(room);
            // Whoever asked may have gone.
            let _ = sender.send(result);
        });
        let _waiting = submitted.map_err(|error| match error {
            SubmitError::Full(_) => ApiError::busy("the queue of the encoder"),
            SubmitError::Ended(_) => ApiError::unavailable("the encoder has ended"),
        })?;
        match receiver.await {
            Ok(row) => Ok(row?),
            Err(_) => Err(ApiError::internal("the encoder met a defect in nigh")),
        }
    }

    /// The embedding of words. Computes on the calling thread.
    pub(crate) fn words(&self, words: &str) -> ApiResult<Vec<f32>> {
        Ok(self.text()?.encode(&[words])?.rows)
    }

    fn text(&self) -> ApiResult<&TextEncoder> {
        let _one = self
            .opening_text
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = self.text.get() {
            return Ok(text);
        }
        let text = self.record.open_text(&self.request)?;
        Ok(self.text.get_or_init(|| text))
    }

    /// Whether words can be searched with: looks for the text side's files and does not open them.
    pub(crate) fn has_words(&self) -> bool {
        self.text.get().is_some() || self.record.has_words()
    }

    /// Whether pictures wait and none was done for a while: since the last time somebody asked, at least [`STUCK`] ago.
    pub(crate) fn is_stuck(&self) -> bool {
        let metrics = self.pictures.metrics();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (items, since) = *seen;
        if metrics.waiting == 0 || metrics.items != items {
            *seen = (metrics.items, Instant::now());
            return false;
        }
        since.elapsed() >= STUCK
    }

    pub(crate) fn metrics(&self) -> BatcherMetrics {
        self.pictures.metrics()
    }
}
