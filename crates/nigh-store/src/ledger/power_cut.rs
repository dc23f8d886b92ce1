//! Power cuts: at every sync, what was not yet synced is thrown away, in part or in whole.
//!
//! A killed process loses nothing of the page cache, so killing alone never tests a sync. Here the
//! file layer remembers all writes; a cut keeps everything up to one sync, and of what came after
//! it, up to the next, any subset, with writes torn at sectors. Then the collection is reopened and
//! compared with a reference.

use fastrand::Rng;

use super::fault::{Op, Tape, replay};
use crate::catalog::{Model, Step};
use crate::{CatalogStore, Durability, Header, Kind, Ledger, WriteError};

const DIMENSION: usize = 64;
const SECTOR: usize = 512;
/// How many random subsets of the unsynced writes are tried per sync.
const SUBSETS: usize = 8;

/// A history: the file's, and the reference after each write.
struct History {
    ops: Vec<Op>,
    /// After each write: the reference, how many file operations had been done when it began, and
    /// when it was acknowledged as synced.
    writes: Vec<(Model, usize, Option<usize>)>,
}

fn open(tape: &Tape) -> CatalogStore {
    let header = Header::new(Kind::Catalog, DIMENSION, serde_json::Value::Null);
    CatalogStore::over(Ledger::over(tape.clone(), header).unwrap())
}

fn record(seed: u64, steps: usize) -> History {
    let (tape, mut rng, mut model) = (Tape::default(), Rng::with_seed(seed), Model::default());
    let done = || tape.with(|ops, _| ops.len());
    let mut store = open(&tape);
    let mut writes = vec![(model.clone(), 0, Some(done()))];
    for _ in 0..steps {
        let step: Step = model.random_step(DIMENSION, &mut rng);
        let durability = if rng.u32(..3) > 0 {
            Durability::Synced
        } else {
            Durability::Deferred
        };
        model.apply(&step);
        let begun = done();
        step.write(&store, durability).unwrap();
        writes.push((
            model.clone(),
            begun,
            (durability == Durability::Synced).then(done),
        ));
        if rng.u32(..10) == 0 {
            drop(store);
            store = open(&tape);
        }
    }
    // Ends as a killed process does.
    let ops = tape.with(|ops, _| ops.to_vec());
    History { ops, writes }
}

impl History {
    /// What is wrong with a file that was cut when `done` operations had been asked for.
    fn check(&self, file: &Tape, done: usize) -> Vec<String> {
        let store = open(file);
        let view = store.view().unwrap();
        let acknowledged = self
            .writes
            .iter()
            .rposition(|(_, _, synced)| synced.is_some_and(|at| at <= done));
        let begun = self
            .writes
            .iter()
            .rposition(|(_, begun, _)| *begun <= done)
            .unwrap();
        let possible = &self.writes[acknowledged.unwrap_or(0)..=begun];
        let Some((model, ..)) = possible
            .iter()
            .rev()
            .find(|(model, ..)| model.sequence() == view.sequence())
        else {
            let (first, last) = (possible[0].0.sequence(), self.writes[begun].0.sequence());
            return vec![format!(
                "sequence {} after a cut that leaves {first} to {last}",
                view.sequence()
            )];
        };
        let mut wrong = model.differences(&view);
        // It must also take writes again.
        let mut next = model.clone();
        let step = next.random_step(DIMENSION, &mut Rng::with_seed(done as u64));
        next.apply(&step);
        step.write(&store, Durability::Synced).unwrap();
        wrong.extend(next.differences(&store.view().unwrap()));
        wrong
    }
}

/// The file with a random part of the unsynced operations: each kept, dropped or torn.
fn cut(synced: &[u8], unsynced: &[Op], way: usize, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = synced.to_vec();
    let torn = rng.usize(..unsynced.len().max(1));
    for (at, op) in unsynced.iter().enumerate() {
        match (way, op) {
            (0, _) => {}
            (1, op) => replay(&mut bytes, op),
            // Everything in order, but one write is torn.
            (2, Op::Write(offset, data)) if at == torn => {
                let sectors = rng.usize(..=data.len() / SECTOR);
                let half = data[..(sectors * SECTOR).min(data.len())].to_vec();
                replay(&mut bytes, &Op::Write(*offset, half));
            }
            (2, op) => replay(&mut bytes, op),
            // Each sector reaches the disk or does not.
            (3, Op::Write(offset, data)) => {
                for (part, sector) in data.chunks(SECTOR).enumerate().filter(|_| rng.bool()) {
                    replay(
                        &mut bytes,
                        &Op::Write(offset + (part * SECTOR) as u64, sector.to_vec()),
                    );
                }
            }
            (_, op) if rng.bool() => replay(&mut bytes, op),
            _ => {}
        }
    }
    bytes
}

#[test]
fn nothing_acknowledged_is_lost_when_unsynced_writes_are() {
    let (mut cuts, mut failed) = (0, Vec::new());
    for seed in 0..2 {
        let history = record(seed, 40);
        let mut rng = Rng::with_seed(seed);
        let syncs: Vec<_> = (0..history.ops.len())
            .filter(|at| matches!(history.ops[*at], Op::Sync))
            .collect();
        let (mut synced, mut done) = (Vec::new(), 0);
        for (nth, &from) in syncs.iter().enumerate() {
            history.ops[done..=from]
                .iter()
                .for_each(|op| replay(&mut synced, op));
            done = from + 1;
            let until = syncs.get(nth + 1).copied().unwrap_or(history.ops.len());
            // The engine's first syncs make the file itself, before any collection is.
            if history.writes[0].2.is_some_and(|created| done < created) {
                continue;
            }
            for way in 0..4 + SUBSETS {
                let file = cut(&synced, &history.ops[done..until], way, &mut rng);
                cuts += 1;
                let wrong = history.check(&Tape::holding(file), until);
                if !wrong.is_empty() {
                    failed.push(format!("seed {seed}, sync {nth}, way {way}: {wrong:#?}"));
                }
            }
        }
    }
    println!("{cuts} power cuts, {} wrong", failed.len());
    assert!(
        failed.is_empty(),
        "{} of {cuts} cuts:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn the_check_notices_what_is_lost() {
    let history = record(3, 12);
    let whole = cut(&[], &history.ops, 1, &mut Rng::with_seed(0));
    let done = history.ops.len();
    assert_eq!(history.check(&Tape::holding(whole), done), [""; 0]);
    // As if every sync after the first half of the history had done nothing.
    let half = history.writes[6].1;
    let lost = cut(&[], &history.ops[..half], 1, &mut Rng::with_seed(0));
    assert!(history.check(&Tape::holding(lost), done)[0].starts_with("sequence "));
}

#[test]
fn a_cut_during_the_repair_loses_nothing_either() {
    let history = record(7, 12);
    let mut rng = Rng::with_seed(7);
    let mut cuts = 0;
    let syncs: Vec<_> = (0..history.ops.len())
        .filter(|at| matches!(history.ops[*at], Op::Sync))
        .collect();
    for pair in syncs.windows(2).filter(|pair| {
        history.writes[0]
            .2
            .is_some_and(|created| pair[0] >= created)
    }) {
        let mut synced = Vec::new();
        history.ops[..=pair[0]]
            .iter()
            .for_each(|op| replay(&mut synced, op));
        let first = cut(&synced, &history.ops[pair[0] + 1..pair[1]], 4, &mut rng);
        let tape = Tape::holding(first.clone());
        drop(open(&tape));
        let repair = tape.with(|ops, _| ops.to_vec());
        let (mut disk, mut pending) = (first, Vec::new());
        for op in repair.iter().chain([&Op::Sync]) {
            pending.push(op.clone());
            if matches!(op, Op::Sync) {
                for way in [0, 2, 3, 4] {
                    let file = cut(&disk, &pending, way, &mut rng);
                    let wrong = history.check(&Tape::holding(file), pair[1]);
                    assert!(
                        wrong.is_empty(),
                        "sync at {}, way {way}: {wrong:#?}",
                        pair[0]
                    );
                    cuts += 1;
                }
                pending.drain(..).for_each(|op| replay(&mut disk, &op));
            }
        }
    }
    println!("{cuts} power cuts during repairs");
    assert!(cuts > 100, "{cuts} is too few to mean anything");
}

#[test]
fn a_full_disk_poisons_the_writer_and_reopening_recovers() {
    let tape = Tape::default();
    let store = open(&tape);
    let (mut model, mut rng) = (Model::default(), Rng::with_seed(1));
    let mut good = model.clone();
    tape.limit(tape.with(|_, bytes| bytes.len() as u64) + 200_000);
    let refused = (0..2_000).find_map(|_| {
        let step = model.random_step(DIMENSION, &mut rng);
        model.apply(&step);
        let written = step.write(&store, Durability::Synced);
        if written.is_ok() {
            good = model.clone();
        }
        written.err()
    });
    assert_eq!(
        refused.unwrap(),
        "no space left in in memory: nothing of this batch was acknowledged"
    );
    let again = store.sync().unwrap_err();
    assert!(
        matches!(&again, WriteError::Poisoned { reason, .. } if reason.starts_with("no space left")),
        "{again}"
    );
    drop(store);
    let bytes = tape.with(|_, bytes| bytes.to_vec());
    let store = open(&Tape::holding(bytes));
    assert_eq!(good.differences(&store.view().unwrap()), [""; 0]);
}
