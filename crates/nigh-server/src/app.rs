//! What all requests share.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use axum::body::Bytes as Body;
use nigh_encode::{DecodeLimits, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bodies::Bodies;
use crate::cache::Bytes;
use crate::collections::Collections;
use crate::config::ServerConfig;
use crate::data_folder::DataFolder;
use crate::encoders::Encoders;
use crate::error::{ApiError, ApiResult};
use crate::events::EventLog;
use crate::fetch::Fetcher;
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::serve::ServeError;

/// What all requests share.
pub(crate) struct App {
    pub(crate) config: ServerConfig,
    pub(crate) keys: Keys,
    pub(crate) collections: Collections,
    pub(crate) encoders: Encoders,
    /// For catalogs.
    pub(crate) pool: Pool,
    /// For networks, whose changes may keep questions waiting: those about catalogs go on.
    pub(crate) networks: Pool,
    pub(crate) metrics: Metrics,
    pub(crate) bodies: Bodies,
    /// For pictures that are decoded and not yet encoded, in blocks of pixels: so much memory they take.
    decoding: Arc<Semaphore>,
    /// Of pictures and words, by encoder and content.
    pub(crate) embeddings: Bytes<Vec<f32>>,
    /// Whole answers, by collection, its state and the question.
    pub(crate) results: Bytes<Body>,
    pub(crate) events: Option<EventLog>,
    /// Where collections are made.
    pub(crate) data: Option<DataFolder>,
    /// Held while one is made or deleted.
    pub(crate) making: Mutex<()>,
    /// None where no pictures are fetched. Ask with [`App::fetch`].
    fetcher: Option<(Arc<Fetcher>, Pool)>,
    /// Requests whose pictures are fetched and not yet encoded.
    fetching: Arc<Semaphore>,
    /// Set when the server is asked to end: it is not ready any more.
    pub(crate) ending: AtomicBool,
}

pub(crate) type Shared = Arc<App>;

/// Threads beside those that compute: for what waits for the disk.
const WAITING_THREADS: usize = 4;
/// Pictures that are fetched at one time.
const FETCHES: usize = 16;
/// Pixels that are decoded and not yet encoded, of all pictures together: 384 MB, and what decoders take besides.
const DECODED_PIXELS: u64 = 128 << 20;
/// Pixels that a permit stands for.
const BLOCK_PIXELS: u64 = 1 << 14;

fn blocks(pixels: u64) -> u32 {
    // At most as many as there are in all, which is far below.
    u32::try_from(pixels.div_ceil(BLOCK_PIXELS)).unwrap_or(u32::MAX)
}

fn data(path: &Path) -> Result<DataFolder, ServeError> {
    DataFolder::open(path).map_err(|source| ServeError::Data {
        path: path.to_owned(),
        source,
    })
}

impl App {
    /// Opens the collections at `dirs`.
    pub(crate) fn open(
        config: ServerConfig,
        keys: Keys,
        runtime: Runtime,
        dirs: &[PathBuf],
    ) -> Result<App, ServeError> {
        let open = |path: &PathBuf| {
            EventLog::open(path).map_err(|source| ServeError::Events {
                path: path.clone(),
                source,
            })
        };
        let pool = |name, threads| {
            let pool = Pool::new(name, threads, config.limits.queue);
            pool.map_err(ServeError::Runtime)
        };
        // On threads of their own: those that compute do not wait for other machines.
        let fetcher = match Fetcher::new(&config.fetch, config.limits.image_bytes)? {
            Some(fetcher) => Some((Arc::new(fetcher), pool("fetch", FETCHES)?)),
            None => None,
        };
        let app = App {
            keys,
            collections: Collections::default(),
            encoders: Encoders::new(config.batching.clone(), runtime, config.threads),
            pool: pool("catalogs", config.threads + WAITING_THREADS)?,
            networks: pool("networks", config.threads + WAITING_THREADS)?,
            metrics: Metrics::new(),
            bodies: Bodies::new(&config.limits),
            decoding: Arc::new(Semaphore::new(blocks(DECODED_PIXELS) as usize)),
            embeddings: Bytes::new(config.caches.embedding_bytes),
            results: Bytes::new(config.caches.result_bytes),
            events: config.events.as_ref().map(open).transpose()?,
            data: config.data.as_deref().map(data).transpose()?,
            making: Mutex::default(),
            fetcher,
            fetching: Arc::new(Semaphore::new(FETCHES)),
            ending: AtomicBool::new(false),
            config,
        };
        let own = app.data.as_ref().map(DataFolder::collections);
        let own = own.transpose().map_err(|source| ServeError::Data {
            path: app.config.data.clone().unwrap_or_default(),
            source,
        })?;
        for dir in dirs.iter().chain(own.iter().flatten()) {
            app.open_collection(dir)?;
        }
        Ok(app)
    }

    fn open_collection(&self, dir: &Path) -> Result<(), ServeError> {
        self.collections
            .open(dir)
            .map_err(|error| ServeError::Open {
                path: dir.to_owned(),
                reason: error.message().to_owned(),
            })
    }

    /// Requests that wait or compute.
    pub(crate) fn waiting(&self) -> usize {
        self.pool.waiting() + self.networks.waiting()
    }

    /// Room for a picture of so many pixels, held until it is encoded.
    pub(crate) async fn room(&self, pixels: u64) -> ApiResult<OwnedSemaphorePermit> {
        // One that is larger than all may be together is decoded alone.
        let wanted = blocks(pixels.min(DECODED_PIXELS));
        let room = Arc::clone(&self.decoding).acquire_many_owned(wanted).await;
        room.map_err(|_| ApiError::unavailable("the server is shutting down"))
    }

    /// Room for what a request fetches, held until it is answered; taken before [`App::room`].
    pub(crate) async fn fetch_room(&self) -> ApiResult<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.fetching).acquire_owned().await;
        room.map_err(|_| ApiError::unavailable("the server is shutting down"))
    }

    /// A picture's file, from where `url` says.
    pub(crate) async fn fetch(&self, url: String) -> ApiResult<Vec<u8>> {
        let off = || {
            let message =
                "this server fetches no pictures: send them, or name hosts in fetch.allow";
            ApiError::unprocessable("no_fetching", message)
        };
        let (fetcher, threads) = self.fetcher.as_ref().ok_or_else(off)?;
        let fetcher = Arc::clone(fetcher);
        threads.run(move || fetcher.fetch(&url)).await
    }

    /// What a picture may be.
    pub(crate) fn decode_limits(&self) -> DecodeLimits {
        DecodeLimits {
            max_bytes: self.config.limits.image_bytes,
            max_pixels: self.config.limits.image_pixels,
            ..DecodeLimits::default()
        }
    }
}
