//! The collections that are served.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use std::time::Duration;

use nigh_engine::network::{Network, NetworkError, Planned, SuggestScratch};
use nigh_engine::{
    BatchError, Batcher, BatcherConfig, EncoderRecord, LiveCatalog, LiveError, Outcome,
    SubmitError, Ticket, Write,
};
use nigh_store::{Header, Kind, Schema, Value};
use tokio::sync::oneshot;

use crate::caller::By;
use crate::encoders::{Encoders, SharedEncoder};
use crate::error::{ApiError, ApiResult};

/// A catalog that is served.
pub(crate) struct ServedCatalog {
    pub(crate) name: String,
    /// Another one for every catalog that this process has served, also where one took the name of another.
    pub(crate) serial: u64,
    pub(crate) live: Arc<LiveCatalog>,
    pub(crate) record: EncoderRecord,
    /// Opened when it is first needed, so that a catalog whose model is gone still answers by item.
    encoder: OnceLock<Arc<SharedEncoder>>,
    /// Changes that come at one time are written in one commit.
    writes: Batcher<Change, ApiResult<Outcome>, ApiError>,
    publishing: Arc<Publishing>,
}

/// A change, and who makes it.
struct Change {
    write: Write,
    by: By,
}

impl Borrow<Write> for Change {
    fn borrow(&self) -> &Write {
        &self.write
    }
}

/// A new view on its way.
#[derive(Default)]
struct Publishing {
    now: AtomicBool,
    /// The last change when one failed: it is tried again after as many more.
    failed_at: AtomicU64,
}

/// A network that is served.
pub(crate) struct ServedNetwork {
    pub(crate) name: String,
    network: RwLock<Network>,
    /// One change at a time, from its plan to memory.
    commit: Mutex<()>,
    schema: RwLock<Schema>,
    scratch: Mutex<Vec<SuggestScratch>>,
}

/// What is served, by name.
#[derive(Default)]
pub(crate) struct Collections {
    catalogs: RwLock<BTreeMap<String, Arc<ServedCatalog>>>,
    networks: RwLock<BTreeMap<String, Arc<ServedNetwork>>>,
}

/// Changes in one commit at most.
const COMMIT_WRITES: usize = 256;

impl Collections {
    /// Opens a folder under its own name.
    pub(crate) fn open(&self, dir: &Path) -> ApiResult<()> {
        let name = name_of(dir)?;
        let header = Header::read(dir)?;
        let taken = self.catalog(&name).is_ok() || self.network(&name).is_ok();
        if taken {
            let message = format!("two collections are called {name:?}: rename one folder");
            return Err(ApiError::conflict("name", message));
        }
        match header.kind {
            Kind::Catalog => {
                let catalog = Arc::new(ServedCatalog::open(name.clone(), dir)?);
                write(&self.catalogs).insert(name, catalog);
            }
            Kind::Network => {
                let network = Arc::new(ServedNetwork::open(name.clone(), dir)?);
                write(&self.networks).insert(name, network);
            }
        }
        Ok(())
    }

    /// Takes a catalog out and closes it, if nobody uses it at this moment; its folder.
    pub(crate) fn close_catalog(&self, name: &str) -> ApiResult<PathBuf> {
        let mut catalogs = write(&self.catalogs);
        let unused = |served: &Arc<ServedCatalog>| {
            // A publication has a thread of its own.
            Arc::strong_count(served) == 1 && !served.is_publishing()
        };
        let served = take(&mut catalogs, name, "catalog", unused)?;
        drop(catalogs);
        let live = Arc::clone(&served.live);
        // Ends the thread that writes, which held the catalog too.
        drop(served);
        Ok(live.dir().to_owned())
    }

    /// The same of a network.
    pub(crate) fn close_network(&self, name: &str) -> ApiResult<PathBuf> {
        let mut networks = write(&self.networks);
        let unused = |served: &Arc<ServedNetwork>| Arc::strong_count(served) == 1;
        take(&mut networks, name, "network", unused)?.dir()
    }

    pub(crate) fn catalog(&self, name: &str) -> ApiResult<Arc<ServedCatalog>> {
        let unknown =
            || ApiError::not_found("unknown_catalog", format!("no catalog is called {name:?}"));
        read(&self.catalogs).get(name).cloned().ok_or_else(unknown)
    }

    pub(crate) fn network(&self, name: &str) -> ApiResult<Arc<ServedNetwork>> {
        let unknown =
            || ApiError::not_found("unknown_network", format!("no network is called {name:?}"));
        read(&self.networks).get(name).cloned().ok_or_else(unknown)
    }

    pub(crate) fn catalogs(&self) -> Vec<Arc<ServedCatalog>> {
        read(&self.catalogs).values().cloned().collect()
    }

    pub(crate) fn networks(&self) -> Vec<Arc<ServedNetwork>> {
        read(&self.networks).values().cloned().collect()
    }
}

/// Takes out what nobody uses; whoever asks for it after that does not find it.
fn take<T>(
    served: &mut BTreeMap<String, Arc<T>>,
    name: &str,
    kind: &'static str,
    unused: impl FnOnce(&Arc<T>) -> bool,
) -> ApiResult<Arc<T>> {
    let unknown = || {
        let code = match kind {
            "catalog" => "unknown_catalog",
            _ => "unknown_network",
        };
        ApiError::not_found(code, format!("no {kind} is called {name:?}"))
    };
    let found = served.get(name).ok_or_else(unknown)?;
    if !unused(found) {
        let message = format!("{name:?} is being used: try again when that has ended");
        return Err(ApiError::conflict("in_use", message));
    }
    served.remove(name).ok_or_else(unknown)
}

/// A map is whole even where a thread panicked: every change of it is one call.
fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// A collection is called as its folder is.
fn name_of(dir: &Path) -> ApiResult<String> {
    let real = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = real.file_name().and_then(|name| name.to_str());
    let unnamed = || {
        let message = format!(
            "{}: a collection is called as its folder is, and this has no name",
            dir.display()
        );
        ApiError::bad("name", message)
    };
    name.map(str::to_owned).ok_or_else(unnamed)
}

impl ServedCatalog {
    fn open(name: String, dir: &Path) -> ApiResult<Self> {
        Self::of(name, Arc::new(LiveCatalog::open(dir)?))
    }

    fn of(name: String, live: Arc<LiveCatalog>) -> ApiResult<Self> {
        let record = live.read()?.encoder().clone();
        let config = BatcherConfig {
            max_batch: COMMIT_WRITES,
            max_wait: Duration::ZERO,
            queue: 4 * COMMIT_WRITES,
            threads: 1,
        };
        let (written, publishing) = (Arc::clone(&live), Arc::<Publishing>::default());
        let (shared, called) = (Arc::clone(&publishing), name.clone());
        let commit = move |writes: &[Change]| {
            let outcomes = written.write(writes)?;
            publish_if_due(&written, &shared, &called);
            let made = |(change, outcome): (&Change, Result<Outcome, LiveError>)| {
                audit(&called, change, outcome.as_ref().ok());
                Ok(outcome?)
            };
            Ok(writes.iter().zip(outcomes).map(made).collect())
        };
        let writes = Batcher::spawn(config, commit)
            .map_err(|error| ApiError::unavailable(format!("no thread to write with: {error}")))?;
        static SERIALS: AtomicU64 = AtomicU64::new(0);
        Ok(Self {
            name,
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            live,
            record,
            encoder: OnceLock::new(),
            writes,
            publishing,
        })
    }

    /// The encoder, opened the first time.
    pub(crate) fn encoder(&self, encoders: &Encoders) -> ApiResult<Arc<SharedEncoder>> {
        if let Some(open) = self.encoder.get() {
            return Ok(Arc::clone(open));
        }
        let open = encoders.of(&self.record)?;
        Ok(Arc::clone(self.encoder.get_or_init(|| open)))
    }

    /// The encoder, if it was needed before. Never waits.
    pub(crate) fn open_encoder(&self) -> Option<&Arc<SharedEncoder>> {
        self.encoder.get()
    }

    /// Makes a change, durable when this returns, in one commit with others that come now.
    pub(crate) async fn write(&self, write: Write, by: By) -> ApiResult<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let submitted = self
            .writes
            .try_submit_then(Change { write, by }, move |result| {
                // Whoever asked may have gone; the change is made.
                let _ = sender.send(result);
            });
        let _waiting = submitted.map_err(|error| match error {
            SubmitError::Full(_) => ApiError::busy("the queue of changes"),
            SubmitError::Ended(_) => ApiError::unavailable("the catalog is being closed"),
        })?;
        let lost = |_| ApiError::internal("writing met a defect in nigh");
        receiver.await.map_err(lost)??
    }

    /// Makes many changes, waiting for room in the queue; computes on the calling thread. What became of each.
    pub(crate) fn write_all(&self, writes: Vec<Write>, by: &By) -> Vec<ApiResult<Outcome>> {
        let change = |write| Change {
            write,
            by: by.clone(),
        };
        let submitted: Vec<_> = writes
            .into_iter()
            .map(|write| self.writes.submit(change(write)))
            .collect();
        let outcome = |submitted: Result<Ticket<_, _>, _>| match submitted {
            Err(_) => Err(ApiError::unavailable("the catalog is being closed")),
            Ok(ticket) => match ticket.wait() {
                Ok(outcome) => outcome,
                Err(BatchError::Item(error)) => Err(error),
                Err(BatchError::Lost) => Err(ApiError::internal("writing met a defect in nigh")),
            },
        };
        submitted.into_iter().map(outcome).collect()
    }

    pub(crate) fn is_publishing(&self) -> bool {
        self.publishing.now.load(Ordering::Acquire)
    }
}

/// A change that is on disk is told, whoever still waits for it.
fn audit(catalog: &str, change: &Change, outcome: Option<&Outcome>) {
    let Some(outcome @ (Outcome::Created | Outcome::Updated | Outcome::Deleted)) = outcome else {
        return;
    };
    let item = match &change.write {
        Write::Upsert(upsert) => &upsert.item.id,
        Write::Delete(id) => id,
    };
    let By { key, request } = &change.by;
    tracing::info!(target: "nigh::audit", key, request, catalog, item, ?outcome, "item changed");
}

/// Changes after a publication that failed, before it is tried again.
const TRY_AGAIN_AFTER: u64 = 1_000;

/// A new view is built beside everything else, where enough has changed.
fn publish_if_due(live: &Arc<LiveCatalog>, publishing: &Arc<Publishing>, catalog: &str) {
    let [sequence, ..] = live.state();
    let failed_at = publishing.failed_at.load(Ordering::Relaxed);
    let waits = failed_at > 0 && sequence < failed_at + TRY_AGAIN_AFTER;
    let due = !waits && live.wants_publishing().unwrap_or(false);
    if !due || publishing.now.swap(true, Ordering::AcqRel) {
        return;
    }
    let (live, done, name) = (
        Arc::clone(live),
        Ended(Arc::clone(publishing)),
        catalog.to_owned(),
    );
    let publish = move || {
        tracing::info!(catalog = name, "publishing");
        match live.publish() {
            Ok(()) => done.0.failed_at.store(0, Ordering::Relaxed),
            Err(error) => {
                done.0.failed_at.store(sequence, Ordering::Relaxed);
                tracing::error!(catalog = name, %error, "publishing failed");
            }
        }
    };
    let thread = std::thread::Builder::new().name("publish".to_owned());
    if let Err(error) = thread.spawn(publish) {
        tracing::error!(%error, "no thread to publish with");
    }
}

/// Says that a publication is over, however it ended.
struct Ended(Arc<Publishing>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.now.store(false, Ordering::Release);
    }
}

impl ServedNetwork {
    fn open(name: String, dir: &Path) -> ApiResult<Self> {
        let network = Network::open_writer(dir)?;
        Ok(Self {
            name,
            schema: RwLock::new(network.schema()?),
            network: RwLock::new(network),
            commit: Mutex::default(),
            scratch: Mutex::default(),
        })
    }

    /// Asks the network something.
    pub(crate) fn ask<T>(
        &self,
        ask: impl FnOnce(&Network, &mut SuggestScratch) -> Result<T, NetworkError>,
    ) -> ApiResult<T> {
        // Scratch memory is cleared by whoever uses it.
        let pool = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = pool().pop().unwrap_or_default();
        let network = self.network.read().map_err(|_| poisoned())?;
        let answer = ask(&network, &mut scratch);
        drop(network);
        pool().push(scratch);
        Ok(answer?)
    }

    /// Changes the network: `plan` holds the change against it, and what it makes of that is on disk when this returns. Questions go on
    /// while it is written, and wait while it is taken into memory.
    pub(crate) fn change<T, E>(
        &self,
        plan: impl FnOnce(&Network) -> Result<Planned<T>, E>,
    ) -> ApiResult<T>
    where
        ApiError: From<E>,
    {
        let plan = |network: &Network| plan(network).map(|planned| (planned, ()));
        self.change_with(plan, |()| {})
    }

    /// The same with something that `plan` brings for `then`, once the change is made and before there is another.
    fn change_with<T, E, B>(
        &self,
        plan: impl FnOnce(&Network) -> Result<(Planned<T>, B), E>,
        then: impl FnOnce(B),
    ) -> ApiResult<T>
    where
        ApiError: From<E>,
    {
        let _one = self.commit.lock().map_err(|_| poisoned())?;
        let (written, brought) = {
            let network = self.network.read().map_err(|_| poisoned())?;
            let (planned, brought) = plan(&network)?;
            (network.write(planned)?, brought)
        };
        let outcome = self
            .network
            .write()
            .map_err(|_| poisoned())?
            .adopt(written)?;
        then(brought);
        // The change is made, whatever becomes of this.
        if let Err(error) = self.fold_if_large() {
            tracing::error!(
                network = self.name,
                error = error.message(),
                "the network's files cannot be written anew"
            );
        }
        Ok(outcome)
    }

    /// Writes the network anew where its log is long. Called while no other change is made.
    fn fold_if_large(&self) -> ApiResult<()> {
        {
            let network = self.network.read().map_err(|_| poisoned())?;
            if !network.wants_folding() {
                return Ok(());
            }
            network.write_anew()?;
        }
        let mut network = self.network.write().map_err(|_| poisoned())?;
        Ok(network.reload()?)
    }

    /// Writes what is known of somebody; whether they are new.
    pub(crate) fn put_person(
        &self,
        id: &str,
        attributes: BTreeMap<String, Value>,
    ) -> ApiResult<bool> {
        // Types are looked at when no other change is made, and known when this one is.
        let plan = |network: &Network| -> ApiResult<_> {
            let mut schema = self.schema();
            let attributes = schema.admit(attributes)?;
            let planned = network.plan_person(id, attributes)?;
            Ok((planned, schema))
        };
        self.change_with(plan, |schema| *write(&self.schema) = schema)
    }

    /// Removes a person from every file; questions wait for as long as that takes.
    pub(crate) fn erase(&self, person: &str) -> ApiResult<()> {
        let _one = self.commit.lock().map_err(|_| poisoned())?;
        let mut network = self.network.write().map_err(|_| poisoned())?;
        Ok(network.erase(person)?)
    }

    /// Its folder.
    pub(crate) fn dir(&self) -> ApiResult<PathBuf> {
        self.ask(|network, _| Ok(network.dir().to_owned()))
    }

    /// Whether something panicked while it changed the network.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.network.is_poisoned() || self.commit.is_poisoned()
    }

    /// The attributes that people have.
    pub(crate) fn schema(&self) -> Schema {
        read(&self.schema).clone()
    }
}

fn poisoned() -> ApiError {
    ApiError::unavailable("the network stopped after a defect in nigh: start the server again")
}
