//! Which rows a search may return.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// A set of row positions of one segment (or tail), one bit for each row.
///
/// Reads are atomic, so that the live rows of an index can be masked while searches read them
/// (`remove_shared`); they cost what plain reads do.
#[derive(Debug)]
pub struct Allowed {
    rows: usize,
    words: Vec<AtomicU64>,
}

impl Clone for Allowed {
    fn clone(&self) -> Allowed {
        Allowed {
            rows: self.rows,
            words: self.words().map(AtomicU64::new).collect(),
        }
    }
}

impl PartialEq for Allowed {
    fn eq(&self, other: &Allowed) -> bool {
        self.rows == other.rows && self.words().eq(other.words())
    }
}

impl Eq for Allowed {}

impl Allowed {
    /// Every one of `rows` rows.
    pub fn all(rows: usize) -> Allowed {
        Allowed::from_words(rows, vec![u64::MAX; rows.div_ceil(64)])
    }

    /// None of `rows` rows.
    pub fn none(rows: usize) -> Allowed {
        Allowed::from_words(rows, Vec::new())
    }

    /// The rows, of 0 to `rows` − 1, for which `allow` holds.
    pub fn from_fn(rows: usize, mut allow: impl FnMut(usize) -> bool) -> Allowed {
        let mut words = vec![0_u64; rows.div_ceil(64)];
        for (w, word) in words.iter_mut().enumerate() {
            let start = w * 64;
            for row in start..(start + 64).min(rows) {
                *word |= u64::from(allow(row)) << (row - start);
            }
        }
        Allowed::from_words(rows, words)
    }

    /// From a bitmap: row `i` is bit `i % 64` of word `i / 64`. Missing words are empty; bits of rows that do not exist
    /// are cleared.
    pub fn from_words(rows: usize, mut words: Vec<u64>) -> Allowed {
        words.resize(rows.div_ceil(64), 0);
        if let Some(last) = words.last_mut() {
            *last &= u64::MAX >> (rows.next_multiple_of(64) - rows);
        }
        let words = words.into_iter().map(AtomicU64::new).collect();
        Allowed { rows, words }
    }

    /// How many rows there are, allowed or not.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows are allowed.
    pub fn count(&self) -> usize {
        self.words().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether a row is allowed; one that does not exist is not.
    pub fn contains(&self, row: usize) -> bool {
        row < self.rows && self.word(row / 64) >> (row % 64) & 1 == 1
    }

    /// Allows a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn insert(&mut self, row: usize) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        *self.words[row / 64].get_mut() |= 1 << (row % 64);
    }

    /// Forbids a row; one that does not exist is forbidden already.
    pub fn remove(&mut self, row: usize) {
        if row < self.rows {
            *self.words[row / 64].get_mut() &= !(1 << (row % 64));
        }
    }

    /// Forbids a row while others read; says whether it was allowed. What the caller wrote before is seen by whoever sees
    /// the row gone and then passes an acquire fence.
    pub(crate) fn remove_shared(&self, row: usize) -> bool {
        let bit = 1 << (row % 64);
        row < self.rows && self.words[row / 64].fetch_and(!bit, Ordering::Release) & bit != 0
    }

    /// Keeps only rows that `other` allows too.
    ///
    /// # Panics
    /// If the two are about different numbers of rows.
    pub fn intersect(&mut self, other: &Allowed) {
        assert!(
            self.rows == other.rows,
            "{} rows against {}",
            self.rows,
            other.rows
        );
        self.words
            .iter_mut()
            .zip(other.words())
            .for_each(|(word, other)| *word.get_mut() &= other);
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        self.words.iter().map(|word| word.load(Ordering::Relaxed))
    }

    fn word(&self, w: usize) -> u64 {
        self.words[w].load(Ordering::Relaxed)
    }

    /// How many rows of a range are allowed.
    pub(crate) fn count_in(&self, range: Range<usize>) -> usize {
        words_of(range)
            .map(|(w, mask)| (self.word(w) & mask).count_ones() as usize)
            .sum()
    }

    /// The allowed rows of a range, in order.
    pub(crate) fn in_range(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        words_of(range).flat_map(|(w, mask)| Bits(self.word(w) & mask).map(move |bit| w * 64 + bit))
    }
}

/// The words that hold a range of bits, each with a mask of those that belong to it.
fn words_of(range: Range<usize>) -> impl Iterator<Item = (usize, u64)> {
    let Range { start, end } = range;
    let words = if start < end {
        start / 64..end.div_ceil(64)
    } else {
        0..0
    };
    words.map(move |w| {
        let first = u64::MAX << start.saturating_sub(w * 64);
        let last = u64::MAX >> 64usize.saturating_sub(end - w * 64).min(63);
        (w, first & last)
    })
}

/// The positions of the set bits of a word, lowest first.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (bit < 64).then_some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_list_of_booleans() {
        for rows in [0, 1, 63, 64, 65, 127, 128, 200] {
            let reference: Vec<bool> = (0..rows).map(|i| i % 3 == 0 || i % 64 == 63).collect();
            let allowed = Allowed::from_fn(rows, |i| reference[i]);
            assert_eq!(allowed.count(), reference.iter().filter(|&&b| b).count());
            for start in 0..=rows {
                for end in start..=rows {
                    let expected: Vec<usize> = (start..end).filter(|&i| reference[i]).collect();
                    assert_eq!(
                        allowed.count_in(start..end),
                        expected.len(),
                        "{start}..{end} of {rows}"
                    );
                    let found: Vec<usize> = allowed.in_range(start..end).collect();
                    assert_eq!(found, expected, "{start}..{end} of {rows}");
                }
            }
        }
    }

    #[test]
    fn rows_that_do_not_exist_are_never_allowed() {
        let mut allowed = Allowed::from_words(70, vec![u64::MAX; 9]);
        assert_eq!((allowed.count(), allowed.rows()), (70, 70));
        assert!(allowed.contains(69) && !allowed.contains(70));
        allowed.remove(69);
        allowed.remove(1000);
        assert_eq!(allowed.count(), 69);
        allowed.insert(69);
        assert_eq!(allowed, Allowed::all(70));
        allowed.intersect(&Allowed::none(70));
        assert_eq!(allowed, Allowed::from_words(70, Vec::new()));
    }
}
