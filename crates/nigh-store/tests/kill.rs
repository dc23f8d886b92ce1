//! Killing the writer at random instants: nothing acknowledged is lost, nothing doubled, no phantom.
//!
//! The parent starts this same test program again as the writer, kills it, reopens the collection
//! and compares all of it with what the acknowledged batches must have left. `NIGH_CRASH_ROUNDS`
//! says how often (20 by default).

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, by a panic"
)]

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nigh_store::{
    CatalogStore, CatalogView, Durability, Item, ItemImage, Operation, Upsert, Value,
};

const FOLDER: &str = "NIGH_CRASH_FOLDER";
const DIMENSION: usize = 256;
/// Each batch has this many operations, so a torn batch shows in the sequence.
const BATCH: u64 = 8;
const IDS: u64 = 1_000;

fn id(batch: u64, at: u64) -> String {
    format!("item {}", (batch * 37 + at * 131) % IDS)
}

/// The ids of a batch of deletions, which are those that the batch before it upserted.
fn deletions(batch: u64) -> Option<Vec<String>> {
    (batch % 5 == 4).then(|| (0..BATCH).map(|at| id(batch - 1, at)).collect())
}

fn upserts(batch: u64) -> Vec<Upsert> {
    (0..BATCH).map(|at| upsert(batch, at)).collect()
}

fn upsert(batch: u64, at: u64) -> Upsert {
    let stamp = batch * BATCH + at + 1;
    let image = ItemImage {
        name: "front".into(),
        source: format!("{stamp}.jpg"),
        hash: stamp.into(),
        bytes: None,
    };
    let attributes = [("stamp".to_owned(), Value::Integer(stamp as i64))].into();
    let item = Item {
        id: id(batch, at),
        attributes,
        images: vec![image],
    };
    Upsert {
        item,
        embeddings: Some((0..DIMENSION).map(|n| (stamp + n as u64) as f32).collect()),
    }
}

/// Every third batch waits for the next to become durable.
fn durability(batch: u64) -> Durability {
    if batch % 3 == 1 {
        Durability::Deferred
    } else {
        Durability::Synced
    }
}

/// The writer, where this program is started as one. Otherwise there is nothing to do.
#[test]
fn writer() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let store = CatalogStore::open_writer(Path::new(&folder)).unwrap();
    let first = store.view().unwrap().sequence() / BATCH;
    for batch in first.. {
        say(&format!("try {batch}"));
        let last = match deletions(batch) {
            Some(ids) => store.delete(&ids, durability(batch)).unwrap().commit.last,
            None => {
                store
                    .upsert(&upserts(batch), durability(batch))
                    .unwrap()
                    .last
            }
        };
        assert_eq!(last, (batch + 1) * BATCH);
        if durability(batch) == Durability::Synced {
            say(&format!("ack {batch}"));
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Runs the writer and kills it, `delay` after its start or after its first batch. Returns how many
/// batches it tried and how many it acknowledged, counted from the first ever.
fn run_and_kill(folder: &Path, delay: Duration, after_a_batch: bool) -> (u64, u64) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (begun, wait) = mpsc::channel();
    let reader = thread::spawn(move || {
        let (mut tried, mut acknowledged) = (0, 0);
        for line in lines.map_while(Result::ok) {
            // The test harness writes on the same line, before the first word.
            let mut words = line.rsplit(' ');
            let number = words.next().and_then(|word| word.parse::<u64>().ok());
            match (words.next(), number) {
                (Some("try"), Some(batch)) => {
                    tried = batch + 1;
                    // Nobody may be waiting, or not any more.
                    let _ = begun.send(());
                }
                (Some("ack"), Some(batch)) => acknowledged = batch + 1,
                _ => {}
            }
        }
        (tried, acknowledged)
    });
    if after_a_batch {
        wait.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

/// What the batches so far must have left: the batch and place that last wrote each id.
#[derive(Default)]
struct Expected {
    batches: u64,
    items: BTreeMap<String, (u64, u64)>,
}

impl Expected {
    fn advance(&mut self, batches: u64) {
        for batch in self.batches..batches {
            if let Some(ids) = deletions(batch) {
                self.items.retain(|id, _| !ids.contains(id));
            } else {
                self.items
                    .extend((0..BATCH).map(|at| (id(batch, at), (batch, at))));
            }
        }
        self.batches = batches;
    }

    fn check(&self, view: &CatalogView) -> Result<(), String> {
        let mut seen = BTreeMap::new();
        let mut rows = view.scan_embeddings().map_err(|e| e.to_string())?;
        for stored in view.scan().map_err(|e| e.to_string())? {
            let stored = stored.map_err(|e| e.to_string())?;
            let id = stored.item.id.clone();
            let &(batch, at) = self.items.get(&id).ok_or(format!("phantom {id}"))?;
            let wanted = upsert(batch, at);
            let (number, embeddings) = rows
                .next()
                .ok_or(format!("no embedding of {id}"))?
                .map_err(|e| e.to_string())?;
            let same = (stored.item, stored.sequence, Some(embeddings))
                == (wanted.item, batch * BATCH + at + 1, wanted.embeddings);
            if !same || number != stored.number || view.number_of(&id).ok() != Some(Some(number)) {
                return Err(format!("{id} is not what batch {batch} wrote"));
            }
            if seen.insert(id.clone(), ()).is_some() {
                return Err(format!("{id} is there twice"));
            }
        }
        let lost = self.items.keys().find(|id| !seen.contains_key(*id));
        lost.map_or(Ok(()), |id| Err(format!("{id} is lost")))?;
        rows.next()
            .map_or(Ok(()), |_| Err("an embedding of no item".to_owned()))
    }
}

fn check_log(view: &CatalogView, from: u64) -> Result<(), String> {
    let mut next = from * BATCH + 1;
    for change in view.changes(next).map_err(|e| e.to_string())? {
        let change = change.map_err(|e| e.to_string())?;
        let (batch, at) = ((next - 1) / BATCH, (next - 1) % BATCH);
        let wanted = match deletions(batch) {
            Some(ids) => (next, Operation::Delete, ids[at as usize].clone()),
            None => (next, Operation::Upsert, id(batch, at)),
        };
        if (change.sequence, change.operation, change.id.clone()) != wanted {
            return Err(format!("the log has {change:?}, expected {wanted:?}"));
        }
        next += 1;
    }
    if next == view.sequence() + 1 {
        Ok(())
    } else {
        Err(format!("the log ends before {}", view.sequence()))
    }
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    if env::var(FOLDER).is_ok() {
        return;
    }
    let rounds: u64 = env::var("NIGH_CRASH_ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("c");
    CatalogStore::create(&folder, DIMENSION, serde_json::Value::Null)
        .unwrap()
        .close()
        .unwrap();
    let (mut expected, mut rng) = (Expected::default(), fastrand::Rng::with_seed(1));
    let (mut acks, mut reopen_ms) = (0, Vec::new());
    for round in 0..rounds {
        let before = expected.batches;
        let delay = Duration::from_micros(rng.u64(..60_000));
        // One round in four is killed wherever it is: starting, opening, repairing.
        let (tried, acknowledged) = run_and_kill(&folder, delay, round % 4 > 0);
        let start = std::time::Instant::now();
        // In turn, a reader and a writer are the first to find what the killed one left.
        let store = match round % 2 {
            0 => CatalogStore::open_reader(&folder).unwrap(),
            _ => CatalogStore::open_writer(&folder).unwrap(),
        };
        reopen_ms.push(start.elapsed().as_secs_f64() * 1e3);
        let view = store.view().unwrap();
        assert_eq!(view.sequence() % BATCH, 0, "round {round}: a batch is torn");
        let found = view.sequence() / BATCH;
        let (least, most) = (acknowledged.max(before), tried.max(before));
        assert!(
            (least..=most).contains(&found),
            "round {round}: {found} batches, {least} acknowledged, {most} tried"
        );
        expected.advance(found);
        assert_eq!(expected.check(&view), Ok(()), "round {round}");
        assert_eq!(check_log(&view, before), Ok(()), "round {round}");
        acks += acknowledged.saturating_sub(before);
    }
    let worst = reopen_ms.iter().copied().fold(0.0, f64::max);
    let mean = reopen_ms.iter().sum::<f64>() / rounds as f64;
    println!(
        "{rounds} rounds, {acks} acknowledged batches of {BATCH}, reopened in {mean:.1} ms on average, {worst:.1} ms at worst"
    );
    assert!(
        acks * 4 >= rounds,
        "only {acks} acknowledgements: nothing was tested"
    );
}
