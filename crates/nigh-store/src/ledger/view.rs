//! Consistent read views of a ledger.

use std::collections::HashMap;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use redb::{
    OwnedAccessGuard, OwnedRange, ReadOnlyTable, ReadTransaction, ReadableTable,
    ReadableTableMetadata,
};
use redb::{TableDefinition, TableHandle};

use crate::ReadError;

pub(crate) type Bytes = &'static [u8];

/// The table of numbered operations.
pub(crate) const LOG: &str = "log";

pub(crate) const fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

/// Everything as it was after one commit, whatever is written later. Cheap to clone, and used from
/// many threads at once. While one lives, the space of what it sees is not reused.
#[derive(Clone)]
pub struct View {
    inner: Arc<Inner>,
}

struct Inner {
    tables: HashMap<String, ReadOnlyTable<Bytes, Bytes>>,
    path: Arc<str>,
    sequence: u64,
}

/// One key and its value, borrowed from the view's memory.
pub struct Row {
    key: OwnedAccessGuard<Bytes>,
    value: OwnedAccessGuard<Bytes>,
}

impl Row {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.key.value()
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        self.value.value()
    }
}

/// The rows of a range in key order. Keeps its view alive.
pub struct Scan {
    range: Option<OwnedRange<Bytes, Bytes>>,
    table: &'static str,
    path: Arc<str>,
}

impl Iterator for Scan {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.range.as_mut()?.next()?;
        let failed = |error| failed(&self.path, self.table, &error);
        Some(row.map(|(key, value)| Row { key, value }).map_err(failed))
    }
}

impl View {
    pub(crate) fn new(transaction: &ReadTransaction, path: &Arc<str>) -> Result<Self, ReadError> {
        let mut tables = HashMap::new();
        for handle in transaction
            .list_tables()
            .map_err(|error| failed(path, "list", &error))?
        {
            let name = handle.name().to_owned();
            let table = transaction
                .open_table(definition(&name))
                .map_err(|error| failed(path, &name, &error))?;
            tables.insert(name, table);
        }
        let sequence = last_sequence(tables.get(LOG), path)?;
        Ok(Self {
            inner: Arc::new(Inner {
                tables,
                path: Arc::clone(path),
                sequence,
            }),
        })
    }

    /// The number of the last operation that this view holds; 0 where there was none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.inner.sequence
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub fn get(&self, table: &'static str, key: &[u8]) -> Result<Option<OwnedValue>, ReadError> {
        let Some(open) = self.inner.tables.get(table) else {
            return Ok(None);
        };
        let found = open
            .get_owned(key)
            .map_err(|error| failed(&self.inner.path, table, &error))?;
        Ok(found.map(OwnedValue))
    }

    /// The rows whose keys lie in `range`, in byte order of the keys.
    ///
    /// # Errors
    /// [`ReadError::Failed`], here or with a row.
    pub fn scan<'k>(
        &self,
        table: &'static str,
        range: impl RangeBounds<&'k [u8]>,
    ) -> Result<Scan, ReadError> {
        let range: (Bound<&[u8]>, Bound<&[u8]>) =
            (range.start_bound().cloned(), range.end_bound().cloned());
        let path = Arc::clone(&self.inner.path);
        let Some(open) = self.inner.tables.get(table) else {
            return Ok(Scan {
                range: None,
                table,
                path,
            });
        };
        let range = open
            .range_owned::<&[u8]>(range)
            .map_err(|error| failed(&path, table, &error))?;
        Ok(Scan {
            range: Some(range),
            table,
            path,
        })
    }

    /// How many keys a table has.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub fn len(&self, table: &'static str) -> Result<u64, ReadError> {
        let Some(open) = self.inner.tables.get(table) else {
            return Ok(0);
        };
        open.len()
            .map_err(|error| failed(&self.inner.path, table, &error))
    }

    /// The recorded operations with numbers of at least `from`, in order: the key is the number as
    /// eight big-endian bytes, the value is what [`Batch::record`](crate::Batch::record) was given.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub fn log(&self, from: u64) -> Result<Scan, ReadError> {
        self.scan(LOG, &from.to_be_bytes()[..]..)
    }

    /// The names of all tables, sorted.
    pub(crate) fn table_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.inner.tables.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn scan_all(&self, table: &str) -> Result<Scan, ReadError> {
        let path = Arc::clone(&self.inner.path);
        let open = self.inner.tables.get(table);
        let range = open.map(|open| open.range_owned::<&[u8]>(..)).transpose();
        let range = range.map_err(|error| failed(&path, table, &error))?;
        Ok(Scan {
            range,
            table: "a copied table",
            path,
        })
    }
}

/// One value, borrowed from the view's memory.
pub struct OwnedValue(OwnedAccessGuard<Bytes>);

impl std::ops::Deref for OwnedValue {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.value()
    }
}

fn last_sequence(
    log: Option<&ReadOnlyTable<Bytes, Bytes>>,
    path: &Arc<str>,
) -> Result<u64, ReadError> {
    let Some(log) = log else { return Ok(0) };
    let last = log.last().map_err(|error| failed(path, LOG, &error))?;
    last.map_or(Ok(0), |(key, _)| decode_number(LOG, key.value()))
}

/// A number from its eight big-endian bytes.
pub(crate) fn decode_number(table: &'static str, bytes: &[u8]) -> Result<u64, ReadError> {
    let number = <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes);
    number.map_err(|_| ReadError::Undecodable {
        table,
        key: format!("{bytes:02x?}"),
        reason: format!("a number has 8 bytes, and {} were found", bytes.len()),
    })
}

fn failed(path: &str, table: &str, error: &impl std::fmt::Display) -> ReadError {
    ReadError::Failed {
        path: path.to_owned(),
        table: table.to_owned(),
        reason: error.to_string(),
    }
}
