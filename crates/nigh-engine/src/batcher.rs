//! One worker for many askers: what is asked within a moment is done together.
//!
//! An encoder (on a GPU above all) does eight pictures in less than eight times the time of one.
//! A [`Batcher`] holds a request back until `max_batch` of them wait or the oldest has waited
//! `max_wait`, and runs them in one call. One item that fails fails alone; one that nobody waits
//! for any more is not run; a full queue is said to whoever asks.
//!
//! The scheme is the dynamic batching of Clipper (Crankshaw et al., 2017, section 4.3) with its
//! fixed delay.
//!
//! ```
//! use nigh_engine::{Batcher, BatcherConfig};
//!
//! let double = |items: &[u32]| Ok::<_, String>(items.iter().map(|item| 2 * item).collect());
//! let batcher = Batcher::spawn(BatcherConfig::default(), double)?;
//! let ticket = batcher.submit(21)?;
//! assert_eq!(ticket.wait(), Ok(42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle, Scope};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use thiserror::Error;

mod metrics;

use metrics::Metrics;
pub use metrics::{BatcherMetrics, Spread};

/// How requests are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatcherConfig {
    /// Items in one run at most.
    pub max_batch: usize,
    /// How long the first of a batch waits for others; with 0 only what waits already is gathered.
    pub max_wait: Duration,
    /// Items that may wait; one more is refused, or waits outside.
    pub queue: usize,
    /// Runs at the same time.
    pub threads: usize,
}

impl Default for BatcherConfig {
    fn default() -> Self {
        Self {
            max_batch: 8,
            max_wait: Duration::from_millis(2),
            queue: 256,
            threads: 1,
        }
    }
}

/// Gathers items of type `T` and gives each its `R`, or its own `E`.
pub struct Batcher<T, R, E> {
    /// Gone when the batcher is being dropped.
    jobs: Option<Sender<Job<T, R, E>>>,
    runners: Vec<JoinHandle<()>>,
    metrics: Arc<Metrics>,
}

/// What became of one item.
pub struct Ticket<R, E> {
    reply: Receiver<Result<R, E>>,
    cancelled: Arc<AtomicBool>,
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BatchError<E> {
    /// The item failed.
    #[error("{0}")]
    Item(E),
    /// The work panicked.
    #[error("the work on this batch panicked; this is a defect in nigh")]
    Lost,
}

/// Why an item was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SubmitError<T> {
    /// As many wait as may; here it is back.
    #[error("the queue is full")]
    Full(T),
    /// No thread is left.
    #[error("the batcher has ended")]
    Ended(T),
}

struct Job<T, R, E> {
    item: T,
    since: Instant,
    reply: Reply<R, E>,
    cancelled: Arc<AtomicBool>,
}

/// Where a result goes.
enum Reply<R, E> {
    Ticket(Sender<Result<R, E>>),
    Call(Box<dyn FnOnce(Result<R, E>) + Send>),
}

impl<R, E> Reply<R, E> {
    fn send(self, result: Result<R, E>) {
        match self {
            // Whoever asked may have gone.
            Self::Ticket(sender) => drop(sender.send(result)),
            Self::Call(call) => call(result),
        }
    }
}

/// Somebody who waits for a result elsewhere; when this is dropped, nobody does.
#[must_use]
pub struct Waiting {
    cancelled: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl<T, R, E> Batcher<T, R, E>
where
    T: Send,
    R: Send,
    E: Send,
{
    /// Starts the threads that run `work`: from items to as many results, in order. Where it fails
    /// on several items it is called again with each alone.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn spawn<F>(config: BatcherConfig, work: F) -> std::io::Result<Self>
    where
        T: 'static,
        R: 'static,
        E: 'static,
        F: Fn(&[T]) -> Result<Vec<R>, E> + Send + Sync + 'static,
    {
        let (mut batcher, gather) = Self::new(config);
        let work = Arc::new(work);
        for number in 0..config.threads.max(1) {
            let (gather, work) = (Arc::clone(&gather), Arc::clone(&work));
            let thread = Builder::new().name(name(number));
            let runner = thread.spawn(move || gather.run(work.as_ref()))?;
            batcher.runners.push(runner);
        }
        Ok(batcher)
    }

    /// The same with threads of a scope, whose work may borrow.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn scoped<'scope, F>(
        scope: &'scope Scope<'scope, '_>,
        config: BatcherConfig,
        work: F,
    ) -> std::io::Result<Self>
    where
        T: 'scope,
        R: 'scope,
        E: 'scope,
        F: Fn(&[T]) -> Result<Vec<R>, E> + Send + Sync + 'scope,
    {
        let (batcher, gather) = Self::new(config);
        let work = Arc::new(work);
        for number in 0..config.threads.max(1) {
            let (gather, work) = (Arc::clone(&gather), Arc::clone(&work));
            let thread = Builder::new().name(name(number));
            thread.spawn_scoped(scope, move || gather.run(work.as_ref()))?;
        }
        Ok(batcher)
    }

    fn new(config: BatcherConfig) -> (Self, Arc<Gather<T, R, E>>) {
        let (jobs, queue) = bounded(config.queue.max(1));
        let metrics = Arc::new(Metrics::default());
        let gather = Gather {
            queue: Mutex::new(queue),
            config,
            metrics: Arc::clone(&metrics),
        };
        let batcher = Self {
            jobs: Some(jobs),
            runners: Vec::new(),
            metrics,
        };
        (batcher, Arc::new(gather))
    }

    /// Takes an item, waiting for room in the queue.
    ///
    /// # Errors
    /// [`SubmitError::Ended`] where no thread is left.
    pub fn submit(&self, item: T) -> Result<Ticket<R, E>, SubmitError<T>> {
        let (job, ticket) = job(item);
        match &self.jobs {
            Some(jobs) => match jobs.send(job) {
                Ok(()) => Ok(ticket),
                Err(error) => Err(SubmitError::Ended(error.into_inner().item)),
            },
            None => Err(SubmitError::Ended(job.item)),
        }
    }

    /// Takes an item if there is room for it now.
    ///
    /// # Errors
    /// [`SubmitError`] gives the item back.
    pub fn try_submit(&self, item: T) -> Result<Ticket<R, E>, SubmitError<T>> {
        let (job, ticket) = job(item);
        self.try_send(job)?;
        Ok(ticket)
    }

    fn try_send(&self, job: Job<T, R, E>) -> Result<(), SubmitError<T>> {
        let Some(jobs) = &self.jobs else {
            return Err(SubmitError::Ended(job.item));
        };
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) => SubmitError::Full(job.item),
            TrySendError::Disconnected(job) => SubmitError::Ended(job.item),
        })
    }

    /// Takes an item if there is room for it now, and calls `then` with its result from the thread that ran it; `then` is dropped
    /// without a call where the work panicked, or nobody waits any more.
    ///
    /// # Errors
    /// [`SubmitError`] gives the item back.
    pub fn try_submit_then(
        &self,
        item: T,
        then: impl FnOnce(Result<R, E>) + Send + 'static,
    ) -> Result<Waiting, SubmitError<T>> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let job = Job {
            item,
            since: Instant::now(),
            reply: Reply::Call(Box::new(then)),
            cancelled: Arc::clone(&cancelled),
        };
        self.try_send(job)?;
        Ok(Waiting { cancelled })
    }

    /// What was done so far, and how long it waited.
    #[must_use]
    pub fn metrics(&self) -> BatcherMetrics {
        let waiting = self.jobs.as_ref().map_or(0, Sender::len);
        self.metrics.snapshot(waiting)
    }
}

impl<T, R, E> Drop for Batcher<T, R, E> {
    /// Lets what waits be done, and ends.
    fn drop(&mut self) {
        self.jobs = None;
        for runner in self.runners.drain(..) {
            // A thread ends by itself, and panics of the work are caught.
            let _ = runner.join();
        }
    }
}

impl<R, E> Ticket<R, E> {
    /// Waits for the result.
    ///
    /// # Errors
    /// [`BatchError::Item`] with what the work said of this item.
    pub fn wait(self) -> Result<R, BatchError<E>> {
        match self.reply.recv() {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(BatchError::Item(error)),
            Err(_) => Err(BatchError::Lost),
        }
    }
}

impl<R, E> Drop for Ticket<R, E> {
    /// Nobody waits any more: what has not begun is left out.
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

fn name(number: usize) -> String {
    format!("batch-{number}")
}

fn job<T, R, E>(item: T) -> (Job<T, R, E>, Ticket<R, E>) {
    let (sender, reply) = bounded(1);
    let cancelled = Arc::new(AtomicBool::new(false));
    let job = Job {
        item,
        since: Instant::now(),
        reply: Reply::Ticket(sender),
        cancelled: Arc::clone(&cancelled),
    };
    (job, Ticket { reply, cancelled })
}

/// One thread gathers at a time, so that two do not share what makes one full batch.
struct Gather<T, R, E> {
    queue: Mutex<Receiver<Job<T, R, E>>>,
    config: BatcherConfig,
    metrics: Arc<Metrics>,
}

impl<T, R, E> Gather<T, R, E> {
    /// Runs batches until nobody can ask any more.
    fn run(&self, work: &impl Fn(&[T]) -> Result<Vec<R>, E>) {
        while let Some(batch) = self.next() {
            run_batch(batch, work, &self.metrics);
        }
    }

    /// The next batch of at least one, or `None` when nobody can ask any more.
    fn next(&self) -> Option<Vec<Job<T, R, E>>> {
        // The queue has no state that a panic could have left half done.
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |job: &Job<T, R, E>| {
            let wanted = !job.cancelled.load(Ordering::Relaxed);
            self.metrics.cancelled(!wanted);
            wanted
        };
        let first = loop {
            let job = queue.recv().ok()?;
            if wanted(&job) {
                break job;
            }
        };
        let deadline = first.since + self.config.max_wait;
        let mut batch = vec![first];
        while batch.len() < self.config.max_batch.max(1) {
            // What waits already is taken even where the deadline has passed.
            let job = queue
                .try_recv()
                .ok()
                .or_else(|| queue.recv_deadline(deadline).ok());
            match job {
                Some(job) if wanted(&job) => batch.push(job),
                Some(_) => {}
                None => break,
            }
        }
        Some(batch)
    }
}

fn run_batch<T, R, E>(
    batch: Vec<Job<T, R, E>>,
    work: &impl Fn(&[T]) -> Result<Vec<R>, E>,
    metrics: &Metrics,
) {
    let started = Instant::now();
    let (mut items, mut replies) = (Vec::new(), Vec::new());
    for job in batch {
        metrics.waited(started.duration_since(job.since));
        items.push(job.item);
        replies.push(job.reply);
    }
    // Whoever waits for a reply that is dropped here is told that it is lost.
    let results = catch_unwind(AssertUnwindSafe(|| results(&items, work)));
    metrics.ran(items.len(), started.elapsed());
    // Who is told has its memory back.
    drop(items);
    for (reply, result) in replies.into_iter().zip(results.unwrap_or_default()) {
        metrics.failed(result.is_err());
        reply.send(result);
    }
}

fn results<T, R, E>(items: &[T], work: &impl Fn(&[T]) -> Result<Vec<R>, E>) -> Vec<Result<R, E>> {
    match work(items) {
        Ok(results) => results.into_iter().map(Ok).collect(),
        Err(error) if items.len() == 1 => vec![Err(error)],
        Err(_) => items
            .iter()
            .filter_map(|item| match work(std::slice::from_ref(item)) {
                Ok(mut one) => one.pop().map(Ok),
                Err(error) => Some(Err(error)),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
