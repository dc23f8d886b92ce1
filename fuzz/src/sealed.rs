//! The layout of a file of sections, written down a second time: what `nigh-mmap` writes can be taken apart, changed and given
//! the checksums that it would have. A test holds the two against each other.

use xxhash_rust::xxh3::xxh3_64;

const HEADER: usize = 64;
const TRAILER: usize = 64;
const RECORD: usize = 64;
const NAME: usize = 48;
const ALIGNMENT: usize = 64;
const BLOCK: usize = 1 << 20;
const END_MARK: [u8; 8] = *b"nigh-end";

/// A file taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Magic, version, layout and zeros.
    pub header: [u8; HEADER],
    pub sections: Vec<Section>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Up to 48 bytes; the rest is cut off.
    pub name: Vec<u8>,
    pub bytes: Vec<u8>,
}

impl Sealed {
    /// Takes a file apart; none if it is so broken that nothing can be told from it. Checksums do not matter.
    pub fn open(file: &[u8]) -> Option<Sealed> {
        let header = *file.first_chunk::<HEADER>()?;
        let trailer = file.last_chunk::<TRAILER>()?;
        let table = usize::try_from(u64_at(trailer, 0)?).ok()?;
        let count = u32::from_le_bytes(*trailer[16..].first_chunk()?) as usize;
        let records = file.get(table..)?.get(..count.checked_mul(RECORD)?)?;
        let sections = records.chunks_exact(RECORD).map(|record| {
            let start = usize::try_from(u64_at(record, 48)?).ok()?;
            let length = usize::try_from(u64_at(record, 56)?).ok()?;
            let name = record[..NAME].split(|&byte| byte == 0).next()?;
            Some(Section {
                name: name.to_vec(),
                bytes: file.get(start..start.checked_add(length)?)?.to_vec(),
            })
        });
        Some(Sealed {
            header,
            sections: sections.collect::<Option<_>>()?,
        })
    }

    /// The file with these sections, every checksum right.
    pub fn seal(&self) -> Vec<u8> {
        let mut file = self.header.to_vec();
        let (mut records, mut checksums) = (Vec::new(), Vec::new());
        for section in &self.sections {
            let start = file.len();
            let mut record = [0; RECORD];
            let name = &section.name[..section.name.len().min(NAME)];
            record[..name.len()].copy_from_slice(name);
            record[48..56].copy_from_slice(&(start as u64).to_le_bytes());
            record[56..].copy_from_slice(&(section.bytes.len() as u64).to_le_bytes());
            records.extend(record);
            file.extend(&section.bytes);
            file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
            let blocks = file[start..].chunks(BLOCK);
            checksums.extend(blocks.flat_map(|block| xxh3_64(block).to_le_bytes()));
        }
        let table = [records, checksums].concat();
        let mut trailer = [0; TRAILER];
        let length = file.len() + table.len() + TRAILER;
        trailer[..8].copy_from_slice(&(file.len() as u64).to_le_bytes());
        trailer[8..16].copy_from_slice(&(length as u64).to_le_bytes());
        trailer[16..20].copy_from_slice(&(self.sections.len() as u32).to_le_bytes());
        trailer[20..24].copy_from_slice(&(BLOCK as u32).to_le_bytes());
        trailer[56..].copy_from_slice(&END_MARK);
        file.extend(&table);
        file.extend(trailer);
        reseal(&mut file, table.len());
        file
    }
}

/// Gives a file the right checksums of its header, its last `table` bytes before the trailer, and the trailer.
pub(crate) fn reseal(file: &mut [u8], table: usize) {
    let Some(end) = file.len().checked_sub(TRAILER) else {
        return;
    };
    let Some(start) = end.checked_sub(table).filter(|&start| start >= HEADER) else {
        return;
    };
    let header = xxh3_64(&file[..HEADER]).to_le_bytes();
    let table = xxh3_64(&file[start..end]).to_le_bytes();
    let trailer = &mut file[end..];
    trailer[24..32].copy_from_slice(&header);
    trailer[32..40].copy_from_slice(&table);
    let checksum = xxh3_64(&trailer[..48]).to_le_bytes();
    trailer[48..56].copy_from_slice(&checksum);
    trailer[56..].copy_from_slice(&END_MARK);
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
