use std::sync::atomic::AtomicUsize;

use super::*;

/// Work that waits until it is let go, and remembers the largest batch.
struct Gate {
    opened: Receiver<()>,
    largest: AtomicUsize,
}

impl Gate {
    fn new() -> (Arc<Gate>, Sender<()>) {
        let (open, opened) = bounded(1024);
        let largest = AtomicUsize::new(0);
        (Arc::new(Gate { opened, largest }), open)
    }

    fn double(&self, items: &[i64]) -> Result<Vec<i64>, String> {
        let _ = self.opened.recv();
        self.largest.fetch_max(items.len(), Ordering::Relaxed);
        match items.iter().find(|item| **item < 0) {
            Some(bad) => Err(format!("{bad} is negative")),
            None => Ok(items.iter().map(|item| 2 * item).collect()),
        }
    }
}

fn gated(config: BatcherConfig) -> (Batcher<i64, i64, String>, Arc<Gate>, Sender<()>) {
    let (gate, open) = Gate::new();
    let work = Arc::clone(&gate);
    let batcher = Batcher::spawn(config, move |items: &[i64]| work.double(items)).unwrap();
    (batcher, gate, open)
}

fn config() -> BatcherConfig {
    BatcherConfig {
        max_batch: 4,
        max_wait: Duration::from_millis(200),
        queue: 16,
        threads: 1,
    }
}

#[test]
fn requests_are_gathered_and_answered_each_with_its_own() {
    let (batcher, gate, open) = gated(config());
    let tickets: Vec<_> = (0..12).map(|item| batcher.submit(item).unwrap()).collect();
    for _ in 0..12 {
        open.send(()).unwrap();
    }
    let found: Vec<_> = tickets
        .into_iter()
        .map(|ticket| ticket.wait().unwrap())
        .collect();
    assert_eq!(found, (0..12).map(|item| 2 * item).collect::<Vec<_>>());
    assert_eq!(gate.largest.load(Ordering::Relaxed), 4);
    let metrics = batcher.metrics();
    assert_eq!((metrics.items, metrics.failed, metrics.waiting), (12, 0, 0));
    assert!(metrics.batch_size.count <= 4, "{metrics:?}");
    assert_eq!(
        metrics.batch_size.mean() * metrics.batch_size.count as f64,
        12.0
    );
    assert!(metrics.run_us.quantile(0.5) <= metrics.run_us.quantile(0.99));
}

#[test]
fn one_bad_item_fails_alone() {
    let (batcher, _, open) = gated(config());
    let tickets: Vec<_> = [1, -2, 3].map(|item| batcher.submit(item).unwrap()).into();
    for _ in 0..4 {
        open.send(()).unwrap();
    }
    let found: Vec<_> = tickets.into_iter().map(Ticket::wait).collect();
    let failed = BatchError::Item("-2 is negative".to_owned());
    assert_eq!(found, [Ok(2), Err(failed), Ok(6)]);
    assert_eq!(batcher.metrics().failed, 1);
}

#[test]
fn a_full_queue_gives_the_item_back_and_a_dropped_ticket_is_not_run() {
    let small = BatcherConfig {
        max_batch: 1,
        queue: 2,
        ..config()
    };
    let (batcher, _, open) = gated(small);
    let mut tickets = vec![batcher.submit(1).unwrap()];
    // The worker holds the first; two more wait, the next is too many.
    while batcher.metrics().waiting > 0 {
        std::thread::yield_now();
    }
    tickets.push(
        batcher
            .try_submit(2)
            .unwrap_or_else(|_| unreachable!("there is room")),
    );
    let abandoned = batcher
        .try_submit(3)
        .unwrap_or_else(|_| unreachable!("there is room"));
    assert!(matches!(batcher.try_submit(4), Err(SubmitError::Full(4))));
    drop(abandoned);
    for _ in 0..3 {
        open.send(()).unwrap();
    }
    let found: Vec<_> = tickets.into_iter().map(Ticket::wait).collect();
    assert_eq!(found, [Ok(2), Ok(4)]);
    while batcher.metrics().waiting > 0 {
        std::thread::yield_now();
    }
    drop(open);
    let last = batcher.submit(5).unwrap().wait();
    assert_eq!(last, Ok(10));
    let metrics = batcher.metrics();
    assert_eq!((metrics.items, metrics.cancelled), (3, 1));
}

#[test]
fn dropping_the_batcher_finishes_what_waits_and_a_panic_is_told() {
    let (batcher, _, open) = gated(config());
    let tickets: Vec<_> = (0..6).map(|item| batcher.submit(item).unwrap()).collect();
    drop(open);
    drop(batcher);
    assert!(tickets.into_iter().all(|ticket| ticket.wait().is_ok()));

    let work = |items: &[i64]| -> Result<Vec<i64>, String> {
        assert!(items[0] != 7, "seven");
        Ok(items.to_vec())
    };
    let alone = BatcherConfig {
        max_batch: 1,
        threads: 1,
        ..config()
    };
    let batcher = Batcher::spawn(alone, work).unwrap();
    assert_eq!(batcher.submit(7).unwrap().wait(), Err(BatchError::Lost));
    assert_eq!(
        batcher.submit(8).unwrap().wait(),
        Ok(8),
        "the thread goes on"
    );
}

#[test]
fn scoped_work_may_borrow() {
    let factors = [2i64, 3];
    let found = std::thread::scope(|scope| {
        let work = |items: &[i64]| Ok::<_, String>(items.iter().map(|i| i * factors[1]).collect());
        let batcher = Batcher::scoped(scope, config(), work).unwrap();
        let tickets: Vec<_> = (0..5).map(|item| batcher.submit(item).unwrap()).collect();
        let found: Vec<_> = tickets
            .into_iter()
            .map(|ticket| ticket.wait().unwrap())
            .collect();
        found
    });
    assert_eq!(found, [0, 3, 6, 9, 12]);
}

/// With several threads every item is answered once, whatever the order.
#[test]
fn many_threads_answer_everybody() {
    let busy = BatcherConfig {
        max_wait: Duration::ZERO,
        threads: 3,
        ..config()
    };
    let work = |items: &[i64]| Ok::<_, String>(items.iter().map(|item| item * item).collect());
    let batcher = Arc::new(Batcher::spawn(busy, work).unwrap());
    std::thread::scope(|scope| {
        for start in 0..4i64 {
            let batcher = Arc::clone(&batcher);
            scope.spawn(move || {
                for item in (start..400).step_by(4) {
                    let found = batcher.submit(item).unwrap().wait();
                    assert_eq!(found, Ok(item * item));
                }
            });
        }
    });
    assert_eq!(batcher.metrics().items, 400);
}
