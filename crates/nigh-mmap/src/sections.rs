//! Opening a file of sections and finding out whether it is intact.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytemuck::AnyBitPattern;
use xxhash_rust::xxh3::xxh3_64;

use crate::layout::{
    Format, HEADER_BYTES, LAYOUT_VERSION, RECORD_BYTES, Record, SECTION_ALIGNMENT, TRAILER_BYTES,
    Trailer, read_u32, read_u64,
};
use crate::mapped::{Mapped, View, ViewError};

/// How much of a file is checked when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// Every byte, on all cores: reads the whole file.
    #[default]
    Full,
    /// Header, table and trailer only, in constant time: for files far larger than memory. What lies in the
    /// sections is checked by [`Sections::verify`] whenever the caller chooses to.
    Structure,
}

/// An open, mapped file of named sections.
#[derive(Clone, Debug)]
pub struct Sections {
    path: PathBuf,
    mapped: Mapped,
    version: u32,
    records: Vec<Record>,
    blocks: Vec<Block>,
}

impl Sections {
    /// Opens and checks the whole file.
    ///
    /// # Errors
    /// One [`OpenError`] for each way in which a file can fail to be intact.
    pub fn open(path: &Path, format: Format) -> Result<Sections, OpenError> {
        Sections::open_with(path, format, Verification::Full)
    }

    /// Opens the file and checks as much as is asked for.
    ///
    /// # Errors
    /// As for [`Sections::open`]; without full verification, corrupt sections go unnoticed.
    pub fn open_with(
        path: &Path,
        format: Format,
        verification: Verification,
    ) -> Result<Sections, OpenError> {
        let mapped = Mapped::open(path).map_err(|source| cannot_open(path, source))?;
        let sections = parse(path, mapped, format)?;
        if verification == Verification::Full {
            sections.verify()?;
        }
        Ok(sections)
    }

    /// Compares every section with its checksums, on all cores.
    ///
    /// # Errors
    /// [`OpenError::Corrupt`] with the first section, in file order, that differs, and the place.
    pub fn verify(&self) -> Result<(), OpenError> {
        let threads = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(self.blocks.len().div_ceil(4));
        let (next, first_bad) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let work = || {
            while let Some(block) = self.blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                if xxh3_64(&self.mapped.bytes()[block.range.clone()]) != block.checksum {
                    first_bad.fetch_min(block.range.start, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        match self
            .blocks
            .iter()
            .find(|block| block.range.start == first_bad.load(Ordering::Relaxed))
        {
            Some(bad) => Err(self.corrupt(bad)),
            None => Ok(()),
        }
    }

    /// The format version in the file, at most the one it was opened with.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The file's length in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.mapped.bytes().len() as u64
    }

    /// The sections' names in the order they were written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| record.name.as_str())
    }

    /// A section's bytes.
    ///
    /// # Errors
    /// If there is no section of this name.
    pub fn bytes(&self, name: &str) -> Result<&[u8], SectionError> {
        Ok(&self.mapped.bytes()[self.range(name)?])
    }

    /// A section as values of `T`; the view keeps the file mapped.
    ///
    /// # Errors
    /// If there is no section of this name, or its length is no whole number of values.
    pub fn view<T: AnyBitPattern>(&self, name: &str) -> Result<View<T>, SectionError> {
        let view = self.mapped.view(self.range(name)?);
        view.map_err(|source| SectionError::View {
            path: self.path.clone(),
            section: name.to_owned(),
            source,
        })
    }

    fn range(&self, name: &str) -> Result<Range<usize>, SectionError> {
        let found = self.records.iter().find(|record| record.name == name);
        let record = found.ok_or_else(|| SectionError::NoSuch {
            path: self.path.clone(),
            section: name.to_owned(),
        })?;
        // `parse` found these inside the file, so they fit a usize.
        Ok(record.offset as usize..(record.offset + record.length) as usize)
    }

    fn corrupt(&self, block: &Block) -> OpenError {
        let section = self.records[block.record].name.clone();
        corrupt(&self.path, &section, block.range.start, block.range.end)
    }
}

/// Why a file of sections cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The file asked for.
        path: PathBuf,
    },
    /// The system refuses to open or map it.
    #[error("cannot open {}: {source}", path.display())]
    Io {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It begins like another kind of file.
    #[error("{} is another kind of file: it begins with {found:?}, expected {expected:?}", path.display())]
    WrongMagic {
        /// The file asked for.
        path: PathBuf,
        /// Its first eight bytes, escaped.
        found: String,
        /// What such a file begins with, escaped.
        expected: String,
    },
    /// It was written by a newer program.
    #[error("{} has format version {version}, this program knows versions up to {known}", path.display())]
    Newer {
        /// The file asked for.
        path: PathBuf,
        /// The version in the file.
        version: u32,
        /// The newest version known here.
        known: u32,
    },
    /// Its sections are arranged in a newer way.
    #[error("{} has layout version {layout}, this program knows versions up to {known}", path.display())]
    NewerLayout {
        /// The file asked for.
        path: PathBuf,
        /// The layout version in the file.
        layout: u32,
        /// The newest layout version known here.
        known: u32,
    },
    /// Its end is missing: it was cut, or copied in part.
    #[error("{} is torn: its {length} bytes do not end with an end mark", path.display())]
    Torn {
        /// The file asked for.
        path: PathBuf,
        /// The length found.
        length: u64,
    },
    /// Its length is not the one that it states.
    #[error("{} is torn: it has {length} bytes and states {stated}", path.display())]
    WrongLength {
        /// The file asked for.
        path: PathBuf,
        /// The length found.
        length: u64,
        /// The length in its trailer.
        stated: u64,
    },
    /// A checksum differs.
    #[error("{} is corrupt: section {section:?}, between bytes {start} and {end} of the file", path.display())]
    Corrupt {
        /// The file asked for.
        path: PathBuf,
        /// The section's name; `header`, `table` and `trailer` are the file's own parts.
        section: String,
        /// First byte that the failing checksum covers.
        start: usize,
        /// One past the last byte that it covers.
        end: usize,
    },
}

/// Why a section cannot be had from an intact file.
#[derive(Debug, thiserror::Error)]
pub enum SectionError {
    /// The file has no section of this name.
    #[error("{} has no section {section:?}", path.display())]
    NoSuch {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        section: String,
    },
    /// The section does not hold such values.
    #[error("section {section:?} of {}: {source}", path.display())]
    View {
        /// The file.
        path: PathBuf,
        /// The section's name.
        section: String,
        /// What does not fit.
        source: ViewError,
    },
}

/// What one checksum covers.
#[derive(Clone, Debug)]
struct Block {
    record: usize,
    range: Range<usize>,
    checksum: u64,
}

fn parse(path: &Path, mapped: Mapped, format: Format) -> Result<Sections, OpenError> {
    let file = mapped.bytes();
    check_beginning(path, file, format)?;
    let trailer = trailer(path, file)?;
    let table_range = trailer.table_offset as usize..file.len() - TRAILER_BYTES;
    let damaged =
        |section: &str, range: Range<usize>| corrupt(path, section, range.start, range.end);
    if xxh3_64(&file[..HEADER_BYTES]) != trailer.header_checksum {
        return Err(damaged("header", 0..HEADER_BYTES));
    }
    let table = file
        .get(table_range.clone())
        .filter(|table| xxh3_64(table) == trailer.table_checksum);
    let table = table.ok_or_else(|| damaged("table", table_range.clone()))?;
    let version = read_versions(path, file, format)?;
    let (records, blocks) =
        read_table(table, &trailer).ok_or_else(|| damaged("table", table_range))?;
    Ok(Sections {
        path: path.to_owned(),
        mapped,
        version,
        records,
        blocks,
    })
}

/// What can be told before the trailer is trusted: the kind of file, and a layout this code cannot read.
fn check_beginning(path: &Path, file: &[u8], format: Format) -> Result<(), OpenError> {
    let path = path.to_owned();
    let Some(found) = file.first_chunk::<8>() else {
        return Err(OpenError::Torn {
            path,
            length: file.len() as u64,
        });
    };
    if *found != format.magic {
        let (found, expected) = (escape(found), escape(&format.magic));
        return Err(OpenError::WrongMagic {
            path,
            found,
            expected,
        });
    }
    let layout = read_u32(file, 12).unwrap_or(LAYOUT_VERSION);
    let intact = matches!(Trailer::at_end_of(file), Some(Some(_)));
    if layout > LAYOUT_VERSION && !intact {
        return Err(OpenError::NewerLayout {
            path,
            layout,
            known: LAYOUT_VERSION,
        });
    }
    Ok(())
}

/// The format version, once the header is known to be intact.
fn read_versions(path: &Path, file: &[u8], format: Format) -> Result<u32, OpenError> {
    let path = path.to_owned();
    let layout = read_u32(file, 12).unwrap_or_default();
    if layout > LAYOUT_VERSION {
        return Err(OpenError::NewerLayout {
            path,
            layout,
            known: LAYOUT_VERSION,
        });
    }
    let version = read_u32(file, 8).unwrap_or_default();
    if version > format.version {
        return Err(OpenError::Newer {
            path,
            version,
            known: format.version,
        });
    }
    Ok(version)
}

fn trailer(path: &Path, file: &[u8]) -> Result<Trailer, OpenError> {
    let length = file.len() as u64;
    let torn = || OpenError::Torn {
        path: path.to_owned(),
        length,
    };
    if file.len() < HEADER_BYTES + TRAILER_BYTES {
        return Err(torn());
    }
    let start = file.len() - TRAILER_BYTES;
    let trailer = Trailer::at_end_of(file).ok_or_else(torn)?;
    let trailer = trailer.ok_or_else(|| corrupt(path, "trailer", start, file.len()))?;
    if trailer.file_length != length {
        return Err(OpenError::WrongLength {
            path: path.to_owned(),
            length,
            stated: trailer.file_length,
        });
    }
    Ok(trailer)
}

/// `None` if the table contradicts itself: a fault of the writer, as its checksum was good.
fn read_table(table: &[u8], trailer: &Trailer) -> Option<(Vec<Record>, Vec<Block>)> {
    let (records, checksums) =
        table.split_at_checked((trailer.sections as usize).checked_mul(RECORD_BYTES)?)?;
    let records: Option<Vec<Record>> = records
        .chunks_exact(RECORD_BYTES)
        .map(Record::from_bytes)
        .collect();
    let records = records?;
    let mut blocks = Vec::new();
    for (i, record) in records.iter().enumerate() {
        let end = records
            .get(i + 1)
            .map_or(trailer.table_offset, |next| next.offset);
        let padded = record
            .offset
            .checked_add(record.length)?
            .checked_next_multiple_of(SECTION_ALIGNMENT as u64)?;
        if padded != end || end > trailer.table_offset || trailer.block_bytes == 0 {
            return None;
        }
        for start in (record.offset as usize..end as usize).step_by(trailer.block_bytes as usize) {
            let range = start..(start + trailer.block_bytes as usize).min(end as usize);
            blocks.push(Block {
                record: i,
                range,
                checksum: read_u64(checksums, 8 * blocks.len())?,
            });
        }
    }
    let first = records
        .first()
        .map_or(trailer.table_offset, |record| record.offset);
    (first == HEADER_BYTES as u64 && checksums.len() == 8 * blocks.len())
        .then_some((records, blocks))
}

fn cannot_open(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => OpenError::Missing { path },
        _ => OpenError::Io { path, source },
    }
}

fn corrupt(path: &Path, section: &str, start: usize, end: usize) -> OpenError {
    OpenError::Corrupt {
        path: path.to_owned(),
        section: section.to_owned(),
        start,
        end,
    }
}

fn escape(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
