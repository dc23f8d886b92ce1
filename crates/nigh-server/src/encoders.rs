//! Encoders that requests share, each behind a queue that gathers batches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    /// Pictures that wait or are being encoded.
    pending: Arc<AtomicUsize>,
    text: OnceLock<TextEncoder>,
    /// One thread opens the text side.
    opening_text: Mutex<()>,
    /// Pictures that were done when somebody last looked and found progress, and when that was.
    seen: Mutex<(u64, Instant)>,
}

/// An encoder that does nothing for so long while pictures wait does not answer.
pub(crate) const STUCK: Duration = Duration::from_secs(30);

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
            pending: Arc::default(),
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
    /// waits, the picture leaves the queue when its turn comes.
    pub(crate) async fn picture(
        &self,
        picture: Picture,
        room: OwnedSemaphorePermit,
    ) -> ApiResult<Vec<f32>> {
        let (sender, receiver) = oneshot::channel();
        let pending = self.begin();
        let submitted = self.pictures.try_submit_then(picture, move |result| {
            drop((room, pending));
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

    /// From the first picture on the encoder has to show that it does something.
    fn begin(&self) -> Pending {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pending.fetch_add(1, Ordering::AcqRel) == 0 {
            *seen = (self.pictures.metrics().items, Instant::now());
        }
        Pending(Arc::clone(&self.pending))
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

    /// Whether there are pictures and none was done for so long, as far as anybody asked: since the first came, or somebody saw progress.
    pub(crate) fn is_stuck(&self, patience: Duration) -> bool {
        let metrics = self.pictures.metrics();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (items, since) = *seen;
        if self.pending.load(Ordering::Acquire) == 0 || metrics.items != items {
            *seen = (metrics.items, Instant::now());
            return false;
        }
        since.elapsed() >= patience
    }

    pub(crate) fn metrics(&self) -> BatcherMetrics {
        self.pictures.metrics()
    }
}

/// A picture that somebody gave to the encoder, until it is encoded or thrown away; whether anybody waits for that does not matter.
struct Pending(Arc<AtomicUsize>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use nigh_engine::CatalogWriter;
    use tokio::sync::Semaphore;

    use super::*;

    /// One picture is enough, and whoever sent it may have gone.
    #[tokio::test]
    async fn an_encoder_that_hangs_is_stuck() {
        let dir = tempfile::tempdir().unwrap();
        let request = EncoderRequest::default();
        drop(CatalogWriter::open_or_create(dir.path(), &request).unwrap());
        let record = nigh_engine::LiveCatalog::open(dir.path()).unwrap();
        let record = record.read().unwrap().encoder().clone();
        let (go, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let hangs = move |pictures: &[Picture]| {
            let _ = wait.lock().unwrap().recv();
            Ok(vec![vec![1.0]; pictures.len()])
        };
        let encoder = SharedEncoder {
            record,
            request,
            pictures: Batcher::spawn(BatcherConfig::default(), hangs).unwrap(),
            pending: Arc::default(),
            text: OnceLock::new(),
            opening_text: Mutex::default(),
            seen: Mutex::new((0, Instant::now())),
        };
        const PATIENCE: Duration = Duration::from_millis(50);
        let room = Arc::new(Semaphore::new(1));
        let picture = Picture {
            width: 1,
            height: 1,
            rgb: vec![0; 3],
        };
        let permit = Arc::clone(&room).acquire_owned().await.unwrap();
        let asked = encoder.picture(picture, permit);
        assert!(tokio::time::timeout(PATIENCE, asked).await.is_err());
        assert!(encoder.is_stuck(PATIENCE));
        assert_eq!(room.available_permits(), 0, "it takes memory still");
        go.send(()).unwrap();
        let given_back = room.acquire().await;
        assert!(given_back.is_ok() && !encoder.is_stuck(PATIENCE));
    }
}
