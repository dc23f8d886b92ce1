//! Edits that keep a file one of sections.

use crate::sealed::{Sealed, Section, reseal};

/// Edits `data`, of which the first `size` bytes are a file, in place; returns the new length. `edit` is libFuzzer's own
/// mutation of some bytes: (room, how many are used, how many may be) to how many are used then.
///
/// Nearly always one section is edited and everything sealed again, so that what reads the sections meets the edit. Numbers that say
/// how much there is are edited most: `meta` holds them.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    edit: impl Fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = Random(u64::from(seed) << 1 | 1);
    let room = max_size.min(data.len());
    let sealed = Sealed::open(&data[..size]).filter(|sealed| !sealed.sections.is_empty());
    let Some(mut sealed) = sealed.filter(|_| random.below(32) > 0) else {
        return edit(data, size, room);
    };
    for _ in 0..=random.below(3) {
        edit_one(&mut sealed, &mut random, &edit);
    }
    let mut file = sealed.seal();
    if random.below(16) == 0 {
        edit_table(&mut file, &sealed, &mut random);
    }
    if file.len() > room {
        return size;
    }
    data[..file.len()].copy_from_slice(&file);
    file.len()
}

fn edit_one(
    sealed: &mut Sealed,
    random: &mut Random,
    edit: &impl Fn(&mut [u8], usize, usize) -> usize,
) {
    let count = sealed.sections.len();
    match random.below(64) {
        0 => drop(sealed.sections.remove(random.below(count))),
        1 => {
            let (a, b) = (random.below(count), random.below(count));
            let bytes = sealed.sections[a].bytes.clone();
            sealed.sections[b].bytes = bytes;
        }
        2 => {
            let at = 8 + random.below(8);
            sealed.header[at] = random.below(256) as u8;
        }
        3 => {
            let copy = sealed.sections[random.below(count)].clone();
            sealed.sections.push(copy);
        }
        4 => {
            let section = &mut sealed.sections[random.below(count)];
            let length = section.bytes.len();
            section.bytes.resize(random.below(2 * length + 9), 0);
        }
        5..16 => edit_word(&mut sealed.sections[random.below(count)], random),
        16..32 => {
            let meta = sealed.sections.iter().position(|s| s.name == b"meta");
            edit_word(&mut sealed.sections[meta.unwrap_or(0)], random);
        }
        _ => edit_bytes(&mut sealed.sections[random.below(count)], random, edit),
    }
    if sealed.sections.is_empty() {
        sealed.sections.push(Section {
            name: b"meta".to_vec(),
            bytes: Vec::new(),
        });
    }
}

/// libFuzzer's edits, mostly without a change of length: others fail the first check.
fn edit_bytes(
    section: &mut Section,
    random: &mut Random,
    edit: &impl Fn(&mut [u8], usize, usize) -> usize,
) {
    let length = section.bytes.len();
    let most = length + 64;
    section.bytes.resize(most, 0);
    let edited = edit(&mut section.bytes, length, most);
    section.bytes.truncate(edited.min(most));
    if random.below(8) > 0 {
        section.bytes.resize(length, 0);
    }
}

/// One number becomes another of the kind that hurts.
fn edit_word(section: &mut Section, random: &mut Random) {
    let width = [4, 8][random.below(2)];
    let words = section.bytes.len() / width;
    if words == 0 {
        return;
    }
    let at = random.below(words) * width;
    let mut old = [0; 8];
    old[..width].copy_from_slice(&section.bytes[at..at + width]);
    let old = u64::from_le_bytes(old);
    let new = match random.below(12) {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << random.below(64),
        3 => (1 << random.below(64)) - 1,
        4 => u64::from(f32::NAN.to_bits()),
        5 => u64::from(f32::INFINITY.to_bits()),
        6 => u64::from(f32::MAX.to_bits()),
        7 => old.wrapping_mul(2),
        8 => old.wrapping_sub(1),
        9 => old / 2,
        10 => random.below(300) as u64,
        _ => old.wrapping_add(1),
    };
    section.bytes[at..at + width].copy_from_slice(&new.to_le_bytes()[..width]);
}

/// What the table says changes, not what is there.
fn edit_table(file: &mut [u8], sealed: &Sealed, random: &mut Random) {
    let end = file.len() - 64;
    let blocks = |section: &Section| section.bytes.len().div_ceil(1 << 20);
    let table = sealed
        .sections
        .iter()
        .map(|section| 64 + 8 * blocks(section));
    let table: usize = table.sum();
    let at = end - table.min(end) + random.below(table + 24);
    if let Some(byte) = file.get_mut(at) {
        *byte = byte.wrapping_add(random.below(256) as u8);
    }
    reseal(file, table);
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * end as u128) >> 64) as usize
    }
}
