//! A file layer in memory that remembers every write and every sync, and can run full.

use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

/// What was asked of the file.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// A file whose history is known. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tape {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    bytes: Vec<u8>,
    ops: Vec<Op>,
    /// The longest that the file may become.
    room: Option<u64>,
}

impl Tape {
    /// A file that holds `bytes` already, all synced.
    pub(super) fn holding(bytes: Vec<u8>) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                bytes,
                ..Inner::default()
            })),
        }
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&[Op], &[u8]) -> T) -> T {
        let inner = self.inner.lock().unwrap();
        read(&inner.ops, &inner.bytes)
    }

    /// From now on the disk has room for the file to become this long, and no longer.
    pub(super) fn limit(&self, room: u64) {
        self.inner.lock().unwrap().room = Some(room);
    }
}

/// Does to a file what an operation asked for.
pub(super) fn replay(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(offset, data) => write_at(bytes, *offset as usize, data),
        Op::SetLen(len) => bytes.resize(*len as usize, 0),
        Op::Sync => {}
    }
}

fn write_at(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

impl Inner {
    fn record(&mut self, op: Op) -> io::Result<()> {
        let end = match &op {
            Op::Write(offset, data) => offset + data.len() as u64,
            Op::SetLen(len) => *len,
            Op::Sync => 0,
        };
        if self.room.is_some_and(|room| end > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        replay(&mut self.bytes, &op);
        self.ops.push(op);
        Ok(())
    }
}

impl StorageBackend for Tape {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner.lock().unwrap().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.inner.lock().unwrap();
        let found = inner
            .bytes
            .get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.lock().unwrap().record(Op::SetLen(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.lock().unwrap().record(Op::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner
            .lock()
            .unwrap()
            .record(Op::Write(offset, data.to_vec()))
    }
}
