//! Where the engine computes: on threads of its own, as many as were asked for, with a queue that ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::sync::oneshot;

use crate::error::{ApiError, ApiResult};

type Job = Box<dyn FnOnce() + Send>;

/// Threads for what computes or waits for the disk. They end with the pool, when what they do is done.
#[derive(Debug)]
pub(crate) struct Pool {
    jobs: Sender<Job>,
    waiting: AtomicUsize,
    queue: usize,
}

impl Pool {
    /// # Errors
    /// When the system has no more threads.
    pub(crate) fn new(name: &str, threads: usize, queue: usize) -> std::io::Result<Self> {
        // Requests that wait are counted; of those that left nothing but an empty place is in it.
        let (jobs, queued) = unbounded();
        for _ in 0..threads.max(1) {
            let queued = queued.clone();
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(move || work(&queued))?;
        }
        Ok(Self {
            jobs,
            waiting: AtomicUsize::new(0),
            queue,
        })
    }

    /// Runs `work` when a thread is free, unless nobody waits for it any more. A panic of it is this request's failure alone.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let _place = self.place()?;
        let (sender, receiver) = oneshot::channel();
        let span = tracing::Span::current();
        let waiting = Waits(Arc::new(Mutex::new(Some(work))));
        let queued = Arc::clone(&waiting.0);
        let job = move || {
            if let Some(work) = take(&queued) {
                // Whoever asked may go meanwhile.
                let _ = sender.send(span.in_scope(work));
            }
        };
        let ended = |_| ApiError::unavailable("the server is shutting down");
        self.jobs.send(Box::new(job)).map_err(ended)?;
        let panicked =
            |_| ApiError::internal("this request met a defect in nigh; the log has more");
        receiver.await.map_err(panicked)?
    }

    /// Requests that wait or run.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn place(&self) -> ApiResult<Place<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.waiting);
        match before < self.queue {
            true => Ok(place),
            false => Err(ApiError::busy("the queue of requests")),
        }
    }
}

/// Work that waits for a thread. When nobody waits for it any more it is dropped at once, with all that it holds.
struct Waits<W>(Arc<Mutex<Option<W>>>);

impl<W> Drop for Waits<W> {
    fn drop(&mut self) {
        drop(take(&self.0));
    }
}

fn take<W>(work: &Mutex<Option<W>>) -> Option<W> {
    // Nothing that can panic is done while it is held.
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Until there is no pool any more.
fn work(queued: &Receiver<Job>) {
    for job in queued {
        // What it leaves half done is behind locks that are poisoned by it; its sender is dropped, which tells whoever waits.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_one_failure_and_the_thread_goes_on() {
        let pool = Pool::new("test", 1, 8).unwrap();
        let failed = pool.run::<()>(|| panic!("on purpose")).await;
        assert!(failed.unwrap_err().message().contains("defect"));
        assert_eq!(pool.run(|| Ok(7)).await.unwrap(), 7);
        assert_eq!(pool.waiting(), 0);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done_and_a_full_queue_is_told() {
        let pool = Pool::new("test", 1, 2).unwrap();
        let (go, wait) = channel::<()>();
        let (did, done) = channel();
        let (first, second) = (did.clone(), did.clone());
        let mut busy = Box::pin(pool.run(move || {
            let _ = wait.recv();
            first.send("first").map_err(ApiError::internal)
        }));
        let mut left = Box::pin(pool.run(move || second.send("left").map_err(ApiError::internal)));
        assert!(is_begun(&mut busy).await && is_begun(&mut left).await);
        let full = pool.run(|| Ok(())).await.unwrap_err();
        assert!(full.message().contains("full"));
        let held = Arc::new(());
        drop(left);
        let keeps = Arc::clone(&held);
        let mut left = Box::pin(pool.run(move || Ok(Arc::strong_count(&keeps))));
        assert!(is_begun(&mut left).await);
        drop(left);
        assert_eq!(Arc::strong_count(&held), 1, "what it held is free at once");
        go.send(()).unwrap();
        busy.await.unwrap();
        pool.run(move || did.send("last").map_err(ApiError::internal))
            .await
            .unwrap();
        assert_eq!(done.iter().collect::<Vec<_>>(), ["first", "last"]);
    }

    /// Begins it; whether it has not ended.
    async fn is_begun(future: &mut (impl Future + Unpin)) -> bool {
        std::future::poll_fn(|context| {
            let polled = std::pin::Pin::new(&mut *future).poll(context);
            std::task::Poll::Ready(polled.is_pending())
        })
        .await
    }
}
