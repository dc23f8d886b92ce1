//! Writing a file of sections: streamed to a temporary name, published whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use bytemuck::NoUninit;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::layout::{
    BLOCK_BYTES, Format, HEADER_BYTES, NAME_BYTES, Record, SECTION_ALIGNMENT, TRAILER_BYTES,
    Trailer, header,
};

/// Writes one file, section after section, and publishes it with [`SectionWriter::finish`]. Memory use does not
/// depend on the sections' sizes. Dropped before that, it removes what it wrote and an earlier
/// file of the same name stays.
#[derive(Debug)]
pub struct SectionWriter {
    target: PathBuf,
    temporary: TemporaryFile,
    file: BufWriter<File>,
    header_checksum: u64,
    records: Vec<Record>,
    checksums: Vec<u64>,
    length: u64,
    block: Block,
}

impl SectionWriter {
    /// Begins a file that will be published as `path`.
    ///
    /// # Errors
    /// If the folder is missing or cannot be written to.
    pub fn create(path: &Path, format: Format) -> Result<SectionWriter, WriteError> {
        let temporary = TemporaryFile(temporary_name(path));
        let failed = |source| WriteError::Create {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary.0)
            .map_err(failed)?;
        let header = header(format);
        let mut file = BufWriter::with_capacity(BLOCK_BYTES, file);
        file.write_all(&header).map_err(failed)?;
        Ok(SectionWriter {
            target: path.to_owned(),
            temporary,
            file,
            header_checksum: xxh3_64(&header),
            records: Vec::new(),
            checksums: Vec::new(),
            length: HEADER_BYTES as u64,
            block: Block::default(),
        })
    }

    /// Begins the next section; the returned sink takes its values, piece by piece.
    ///
    /// # Errors
    /// If the name is empty, longer than 48 bytes, holds a zero byte or was used before, or padding the previous
    /// section fails.
    pub fn section(&mut self, name: &str) -> Result<SectionSink<'_>, WriteError> {
        self.pad()?;
        self.check_name(name)?;
        self.records.push(Record {
            name: name.to_owned(),
            offset: self.length,
            length: 0,
        });
        Ok(SectionSink { writer: self })
    }

    /// Writes a whole section at once.
    ///
    /// # Errors
    /// As for [`SectionWriter::section`] and [`SectionSink::write`].
    pub fn put<T: NoUninit>(&mut self, name: &str, values: &[T]) -> Result<(), WriteError> {
        self.section(name)?.write(values)
    }

    /// Completes the file, makes it durable and gives it its name; returns its length in bytes. When this
    /// returns, the file survives a power cut; when it fails, a file that had the name before still has it.
    ///
    /// # Errors
    /// If writing, syncing or renaming fails, as it does on a full disk.
    pub fn finish(mut self) -> Result<u64, WriteError> {
        self.pad()?;
        let table = self.table();
        let trailer = Trailer {
            table_offset: self.length,
            file_length: self.length + (table.len() + TRAILER_BYTES) as u64,
            // Names are unique and short: more sections than u32 counts do not fit into memory.
            sections: self.records.len() as u32,
            block_bytes: BLOCK_BYTES as u32,
            header_checksum: self.header_checksum,
            table_checksum: xxh3_64(&table),
        };
        self.publish(&table, &trailer)
            .map_err(|source| self.failed(source))?;
        Ok(trailer.file_length)
    }

    fn table(&self) -> Vec<u8> {
        let mut table: Vec<u8> = self.records.iter().flat_map(Record::to_bytes).collect();
        table.extend(
            self.checksums
                .iter()
                .flat_map(|checksum| checksum.to_le_bytes()),
        );
        table
    }

    fn publish(&mut self, table: &[u8], trailer: &Trailer) -> io::Result<()> {
        self.file.write_all(table)?;
        self.file.write_all(&trailer.to_bytes())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.temporary.0, &self.target)?;
        sync_folder_of(&self.target)
    }

    fn check_name(&self, name: &str) -> Result<(), WriteError> {
        let valid = !name.is_empty() && name.len() <= NAME_BYTES && !name.contains('\0');
        if !valid {
            return Err(WriteError::Name {
                name: name.to_owned(),
            });
        }
        if self.records.iter().any(|record| record.name == name) {
            return Err(WriteError::Repeated {
                name: name.to_owned(),
            });
        }
        Ok(())
    }

    /// Fills up the last section to the alignment; the padding belongs to its last block.
    fn pad(&mut self) -> Result<(), WriteError> {
        let over = self.length as usize % SECTION_ALIGNMENT;
        if over != 0 {
            self.append(&[0; SECTION_ALIGNMENT][over..])?;
        }
        self.checksums.extend(self.block.close());
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.file
            .write_all(bytes)
            .map_err(|source| self.failed(source))?;
        self.block.add(bytes, &mut self.checksums);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError::Write {
            path: self.target.clone(),
            source,
        }
    }
}

/// Takes the values of one section of a [`SectionWriter`].
#[derive(Debug)]
pub struct SectionSink<'a> {
    writer: &'a mut SectionWriter,
}

impl SectionSink<'_> {
    /// Appends values to the section.
    ///
    /// # Errors
    /// If the file cannot be written, as on a full disk.
    pub fn write<T: NoUninit>(&mut self, values: &[T]) -> Result<(), WriteError> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        self.writer.append(bytes)?;
        if let Some(record) = self.writer.records.last_mut() {
            record.length += bytes.len() as u64;
        }
        Ok(())
    }
}

/// Why a file of sections could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The temporary file beside `path` could not be made.
    #[error("cannot create {}: {source}", path.display())]
    Create {
        /// The file that was to be published.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing, syncing or renaming failed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file that was to be published.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name that does not fit the format.
    #[error("section name {name:?} must have 1 to 48 bytes, none of them zero")]
    Name {
        /// The name received.
        name: String,
    },
    /// Two sections of one name.
    #[error("section {name:?} was already written")]
    Repeated {
        /// The name received.
        name: String,
    },
}

/// The running checksum of the block being written.
#[derive(Default)]
struct Block {
    hash: Xxh3,
    bytes: usize,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Block {
    fn add(&mut self, mut bytes: &[u8], closed: &mut Vec<u64>) {
        while !bytes.is_empty() {
            let fitting = bytes.len().min(BLOCK_BYTES - self.bytes);
            let (now, later) = bytes.split_at(fitting);
            self.hash.update(now);
            self.bytes += fitting;
            bytes = later;
            if self.bytes == BLOCK_BYTES {
                closed.extend(self.close());
            }
        }
    }

    fn close(&mut self) -> Option<u64> {
        let checksum = (self.bytes > 0).then(|| self.hash.digest());
        self.hash.reset();
        self.bytes = 0;
        checksum
    }
}

/// Removes itself when dropped; after the rename there is nothing left under its name.
#[derive(Debug)]
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a leftover harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}

/// A name in the same folder that neither another writer here nor another process uses.
fn temporary_name(path: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.{count}.tmp", process::id()));
    path.with_file_name(name)
}

#[cfg(unix)]
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

// Elsewhere a folder cannot be opened for syncing; the rename itself is the best there is.
#[cfg(not(unix))]
fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}
