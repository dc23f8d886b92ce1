//! Is the file whole? Every page is compared with its checksum, and nothing on the disk changes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::{FILE, Ledger, builder, engine_error};
use crate::OpenError;

const BLOCK: usize = 4096;

impl Ledger {
    /// Compares every page of the file with its checksum. Reads the whole file, and writes nothing: what the engine would
    /// repair, it repairs in memory.
    ///
    /// For a ledger that was opened for reading; beside an open writer the file is not at rest.
    ///
    /// # Errors
    /// [`OpenError::Damaged`], and what the system says.
    pub fn verify(&self) -> Result<(), OpenError> {
        let io = |error| OpenError::from_io(&self.folder, error);
        let file = File::open(self.folder.join(FILE)).map_err(io)?;
        let mut checking = builder();
        checking.set_check_integrity_on_open(true);
        let checked = checking.create_with_backend(Overlay::over(file).map_err(io)?);
        checked
            .map(drop)
            .map_err(|error| engine_error(&self.folder, error))
    }
}

/// A file that takes writes into memory only.
#[derive(Debug)]
struct Overlay {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    file_len: u64,
    len: u64,
    blocks: HashMap<u64, Box<[u8]>>,
}

impl Overlay {
    fn over(file: File) -> io::Result<Overlay> {
        let file_len = file.metadata()?.len();
        let inner = Inner {
            file,
            file_len,
            len: file_len,
            blocks: HashMap::new(),
        };
        let inner = Mutex::new(inner);
        Ok(Overlay { inner })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// What the file holds from an offset on, and zeros behind its end.
    fn read_file(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file_len.saturating_sub(offset).min(out.len() as u64) as usize;
        let (inside, behind) = out.split_at_mut(there);
        behind.fill(0);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(inside)
    }

    fn read_block(&mut self, block: u64) -> io::Result<Box<[u8]>> {
        if let Some(written) = self.blocks.get(&block) {
            return Ok(written.clone());
        }
        let mut bytes = vec![0; BLOCK].into_boxed_slice();
        self.read_file(block * BLOCK as u64, &mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        for (block, at, part) in parts(offset, data.len()) {
            let mut bytes = self.read_block(block)?;
            bytes[at..at + part.len()].copy_from_slice(&data[part]);
            self.blocks.insert(block, bytes);
        }
        self.len = self.len.max(offset + data.len() as u64);
        Ok(())
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut inner = self.inner();
        if offset + out.len() as u64 > inner.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inner.read_file(offset, out)?;
        for (block, at, part) in parts(offset, out.len()) {
            if let Some(written) = inner.blocks.get(&block) {
                let end = at + part.len();
                out[part].copy_from_slice(&written[at..end]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut inner = self.inner();
        inner.len = len;
        // What is cut off does not come back when the file grows again.
        inner.file_len = inner.file_len.min(len);
        inner.blocks.retain(|block, _| block * (BLOCK as u64) < len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner().write(offset, data)
    }
}

/// The blocks that `length` bytes from an offset on touch: each with the place in it, and which of the bytes lie there.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let from = offset + done as u64;
        let at = (from % BLOCK as u64) as usize;
        let part = done..length.min(done + BLOCK - at);
        (part.start < part.end).then(|| {
            done = part.end;
            (from / BLOCK as u64, at, part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Durability, Header, Kind};

    #[test]
    fn a_flipped_byte_is_noticed_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let header = Header::new(Kind::Network, 0, serde_json::Value::Null);
        let ledger = Ledger::create(dir.path(), &header).unwrap();
        for number in 0..16_u32 {
            let mut batch = ledger.batch().unwrap();
            batch.put("rows", number.to_be_bytes(), vec![0xa5; 300]);
            batch.record(vec![1]);
            batch.commit(Durability::Synced).unwrap();
        }
        ledger.close().unwrap();
        let path = dir.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        let check = || Ledger::open_reader(dir.path()).and_then(|ledger| ledger.verify());
        check().unwrap();
        assert!(std::fs::read(&path).unwrap() == whole, "the file changed");
        // The newest copy of a row: pages that were freed count for nothing.
        let mut noticed = 0;
        let places = (0..whole.len()).filter(|&at| whole[at..].starts_with(&[0xa5; 300]));
        for at in places.collect::<Vec<_>>() {
            let mut broken = whole.clone();
            broken[at + 7] ^= 1;
            std::fs::write(&path, &broken).unwrap();
            noticed += usize::from(matches!(check(), Err(OpenError::Damaged { .. })));
        }
        assert!(noticed >= 16, "{noticed}");
    }
}
