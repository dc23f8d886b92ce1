//! Writing all edges anew.

use nigh_graph::Edge;

use super::chunk::{EdgeChunk, PeopleDraft};
use super::{EDGES, META, NetworkChange, Person};
use crate::item::encode_versioned;
use crate::ledger::{LOG, decode_number};
use crate::{Batch, Commit, Durability, Ledger, ReadError, WriteError};

const EDGES_A_CHUNK: usize = 1 << 16;
/// So many chunks or records are one commit: some 50 MB.
const ROWS_A_BATCH: usize = 256;
pub(super) const GENERATION: &[u8] = b"generation";

pub(super) fn fold(
    ledger: &Ledger,
    people: impl Iterator<Item = (u32, Person)>,
    edges: impl Iterator<Item = Edge>,
) -> Result<Commit, WriteError> {
    let old = generation(&ledger.batch()?)?;
    let new = old + 1;
    remove_others(ledger, old)?;
    write_edges(ledger, new, edges)?;
    let mut batch = ledger.batch()?;
    let mut draft = PeopleDraft::new(&batch)?;
    for (number, person) in people {
        *draft.get(&batch, number)? = person;
    }
    draft.write(&mut batch);
    // Whole: a removal for each change would take longer than everything else.
    batch.clear(LOG);
    batch.record(encode_versioned(&NetworkChange::Fold));
    batch.put(META, GENERATION, new.to_be_bytes().to_vec());
    let commit = batch.commit(Durability::Synced)?;
    // What it fails to remove, the next fold does.
    let _ = remove_others(ledger, new);
    Ok(commit)
}

/// The generation of edges that counts; 0 before the first fold.
fn generation(batch: &Batch<'_>) -> Result<u64, ReadError> {
    let bytes = batch.get(META, GENERATION)?;
    bytes.map_or(Ok(0), |bytes| decode_number(META, &bytes))
}

fn write_edges(
    ledger: &Ledger,
    generation: u64,
    mut edges: impl Iterator<Item = Edge>,
) -> Result<(), WriteError> {
    let mut number = 0_u64;
    loop {
        let mut batch = ledger.batch()?;
        for _ in 0..ROWS_A_BATCH {
            let chunk: Vec<Edge> = edges.by_ref().take(EDGES_A_CHUNK).collect();
            if chunk.is_empty() {
                return batch.commit(Durability::Deferred).map(|_| ());
            }
            let key = [generation.to_be_bytes(), number.to_be_bytes()].concat();
            batch.put(EDGES, key, encode_versioned(&EdgeChunk::of(&chunk)));
            number += 1;
        }
        batch.commit(Durability::Deferred)?;
    }
}

/// Removes what a fold that was cut off, or the one before, has left.
fn remove_others(ledger: &Ledger, generation: u64) -> Result<(), WriteError> {
    let view = ledger.view()?;
    let mut keys = Vec::new();
    for row in view.scan(EDGES, ..)? {
        let key = row?.key().to_vec();
        if !key.starts_with(&generation.to_be_bytes()) {
            keys.push(key);
        }
    }
    drop(view);
    if keys.is_empty() {
        return Ok(());
    }
    let mut batch = ledger.batch()?;
    for key in keys {
        batch.remove(EDGES, key);
    }
    batch.commit(Durability::Synced).map(|_| ())
}
