//! The one way to write: a batch that is committed whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::MutexGuard;

use crate::ledger::{LOG, Ledger, WriterState, definition};
use crate::{ReadError, View, WriteError};

/// What a commit survives, once it has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing yet: readers of this process see it at once, and it becomes durable with the next
    /// [`Durability::Synced`] commit, [`Ledger::sync`] or proper close. A killed process or a power
    /// cut takes it back wholly, with every later deferred commit.
    Deferred,
    /// A killed process and a power cut: the data was synced to the disk before the commit returned.
    Synced,
}

/// The numbers that a commit gave its operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// The number of the first operation. Numbers start at 1.
    pub first: u64,
    /// The number of the last operation; `first - 1` where the batch had none.
    pub last: u64,
}

impl Commit {
    /// How many operations the batch had.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.last + 1 - self.first
    }
}

/// Writes and numbered operations that are committed together. Reads through it see its own writes.
///
/// Only one batch exists at a time: [`Ledger::batch`] waits for the one before it. Dropping a batch
/// forgets it.
pub struct Batch<'a> {
    ledger: &'a Ledger,
    state: MutexGuard<'a, WriterState>,
    view: View,
    cleared: BTreeSet<&'static str>,
    writes: BTreeMap<&'static str, BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
    recorded: u64,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(ledger: &'a Ledger, state: MutexGuard<'a, WriterState>, view: View) -> Self {
        Self {
            ledger,
            state,
            view,
            cleared: BTreeSet::new(),
            writes: BTreeMap::new(),
            recorded: 0,
        }
    }

    /// The value of `key` as this batch leaves it.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub fn get(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        match self.writes.get(table).and_then(|table| table.get(key)) {
            Some(written) => Ok(written.clone()),
            None if self.cleared.contains(table) => Ok(None),
            None => Ok(self.view.get(table, key)?.map(|value| value.to_vec())),
        }
    }

    /// Sets the value of `key`.
    pub fn put(&mut self, table: &'static str, key: impl Into<Vec<u8>>, value: Vec<u8>) {
        self.writes
            .entry(table)
            .or_default()
            .insert(key.into(), Some(value));
    }

    /// Removes `key`, present or not.
    pub fn remove(&mut self, table: &'static str, key: impl Into<Vec<u8>>) {
        self.writes
            .entry(table)
            .or_default()
            .insert(key.into(), None);
    }

    /// Removes every key of a table, those too that this batch has set. Takes no longer for many than for few.
    pub fn clear(&mut self, table: &'static str) {
        self.writes.remove(table);
        self.cleared.insert(table);
    }

    /// Records one operation for [`View::log`] and returns its number.
    pub fn record(&mut self, operation: Vec<u8>) -> u64 {
        self.recorded += 1;
        let number = self.state.last_sequence + self.recorded;
        self.put(LOG, number.to_be_bytes(), operation);
        number
    }

    /// The number that the next [`Batch::record`] will return.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.state.last_sequence + self.recorded + 1
    }

    /// Writes everything, or nothing.
    ///
    /// # Errors
    /// [`WriteError::NoSpace`] and [`WriteError::Failed`] poison the ledger: it takes no more
    /// batches until it is reopened, which recovers what was committed before.
    pub fn commit(mut self, durability: Durability) -> Result<Commit, WriteError> {
        let first = self.state.last_sequence + 1;
        if let Err(error) = self.apply(durability) {
            let error = self.ledger.write_error(&error);
            self.state.poisoned = Some(error.to_string());
            return Err(error);
        }
        self.state.last_sequence += self.recorded;
        Ok(Commit {
            first,
            last: self.state.last_sequence,
        })
    }

    fn apply(&mut self, durability: Durability) -> Result<(), redb::Error> {
        let mut transaction = self.ledger.database()?.begin_write()?;
        match durability {
            Durability::Deferred => transaction.set_durability(redb::Durability::None)?,
            // Keeps the allocator's state in each commit, so that a reopening after a crash need
            // not walk the whole file.
            Durability::Synced => transaction.set_quick_repair(true),
        }
        for name in &self.cleared {
            transaction.delete_table(definition(name))?;
        }
        for (name, rows) in &self.writes {
            let mut table = transaction.open_table(definition(name))?;
            for (key, value) in rows {
                match value {
                    Some(value) => table.insert(key.as_slice(), value.as_slice())?,
                    None => table.remove(key.as_slice())?,
                };
            }
        }
        Ok(transaction.commit()?)
    }
}
