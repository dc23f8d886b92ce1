//! Where things lie in a file of sections; the one place that knows the byte offsets.
//!
//! ```text
//! header   64 bytes: magic [8], format version u32, layout version u32, zeros
//! sections one after the other, each padded with zeros to a multiple of 64 bytes
//! table    64 bytes per section (name [48], offset u64, length u64),
//!          then one u64 checksum per block of a section and its padding
//! trailer  64 bytes: table offset, file length u64; section count, block bytes u32; checksums of header,
//!          table u64; zero u64; checksum of the trailer so far u64; end mark [8]
//! ```

use xxhash_rust::xxh3::xxh3_64;

/// What a kind of file begins with, and the newest version of it that the program understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The first eight bytes of each file of this kind.
    pub magic: [u8; 8],
    /// Written into new files; files with a greater one are refused.
    pub version: u32,
}

/// Each section begins at a multiple of this many bytes: a cache line.
pub const SECTION_ALIGNMENT: usize = 64;

/// One checksum covers this many bytes of a section, so that corruption can be located.
pub const BLOCK_BYTES: usize = 1 << 20;

pub(crate) const LAYOUT_VERSION: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 64;
pub(crate) const TRAILER_BYTES: usize = 64;
pub(crate) const RECORD_BYTES: usize = 64;
pub(crate) const NAME_BYTES: usize = 48;
const END_MARK: [u8; 8] = *b"nigh-end";

/// Length of a file whose sections have these lengths, all in bytes.
pub fn file_bytes(section_bytes: &[u64]) -> u64 {
    let padded = section_bytes
        .iter()
        .map(|bytes| bytes.next_multiple_of(SECTION_ALIGNMENT as u64));
    let blocks = padded
        .clone()
        .map(|bytes| bytes.div_ceil(BLOCK_BYTES as u64));
    let table = (RECORD_BYTES * section_bytes.len()) as u64 + 8 * blocks.sum::<u64>();
    (HEADER_BYTES + TRAILER_BYTES) as u64 + padded.sum::<u64>() + table
}

/// A section's place: `length` bytes from `offset`, both in bytes from the file's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

pub(crate) fn header(format: Format) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[..8].copy_from_slice(&format.magic);
    bytes[8..12].copy_from_slice(&format.version.to_le_bytes());
    bytes[12..16].copy_from_slice(&LAYOUT_VERSION.to_le_bytes());
    bytes
}

impl Record {
    pub(crate) fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..self.name.len()].copy_from_slice(self.name.as_bytes());
        bytes[48..56].copy_from_slice(&self.offset.to_le_bytes());
        bytes[56..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Record> {
        let name = bytes.get(..NAME_BYTES)?;
        let used = name.iter().position(|&b| b == 0).unwrap_or(NAME_BYTES);
        Some(Record {
            name: std::str::from_utf8(&name[..used]).ok()?.to_owned(),
            offset: read_u64(bytes, 48)?,
            length: read_u64(bytes, 56)?,
        })
    }
}

/// The last bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) table_offset: u64,
    pub(crate) file_length: u64,
    pub(crate) sections: u32,
    pub(crate) block_bytes: u32,
    pub(crate) header_checksum: u64,
    pub(crate) table_checksum: u64,
}

impl Trailer {
    pub(crate) fn to_bytes(&self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        bytes[..8].copy_from_slice(&self.table_offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.file_length.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.sections.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.block_bytes.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.header_checksum.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.table_checksum.to_le_bytes());
        let checksum = xxh3_64(&bytes[..48]);
        bytes[48..56].copy_from_slice(&checksum.to_le_bytes());
        bytes[56..].copy_from_slice(&END_MARK);
        bytes
    }

    /// The trailer at the end of `file`: `None` without an end mark, an inner `None` with a wrong checksum.
    pub(crate) fn at_end_of(file: &[u8]) -> Option<Option<Trailer>> {
        let bytes = file.last_chunk::<TRAILER_BYTES>()?;
        (bytes[56..] == END_MARK).then(|| Trailer::from_bytes(bytes))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Trailer> {
        if read_u64(bytes, 48)? != xxh3_64(bytes.get(..48)?) {
            return None;
        }
        Some(Trailer {
            table_offset: read_u64(bytes, 0)?,
            file_length: read_u64(bytes, 8)?,
            sections: read_u32(bytes, 16)?,
            block_bytes: read_u32(bytes, 20)?,
            header_checksum: read_u64(bytes, 24)?,
            table_checksum: read_u64(bytes, 32)?,
        })
    }
}

pub(crate) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
