//! Which rows a search may return.

use std::ops::Range;

/// A set of row positions of one segment (or tail), one bit for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    rows: usize,
    words: Vec<u64>,
}

impl Allowed {
    /// Every one of `rows` rows.
    pub fn all(rows: usize) -> Allowed {
        Allowed::from_words(rows, vec![u64::MAX; rows.div_ceil(64)])
    }

    /// None of `rows` rows.
    pub fn none(rows: usize) -> Allowed {
        Allowed {
            rows,
            words: vec![0; rows.div_ceil(64)],
        }
    }

    /// The rows, of 0 to `rows` − 1, for which `allow` holds.
    pub fn from_fn(rows: usize, mut allow: impl FnMut(usize) -> bool) -> Allowed {
        let mut allowed = Allowed::none(rows);
        for (w, word) in allowed.words.iter_mut().enumerate() {
            let start = w * 64;
            for row in start..(start + 64).min(rows) {
                *word |= u64::from(allow(row)) << (row - start);
            }
        }
        allowed
    }

    /// From a bitmap: row `i` is bit `i % 64` of word `i / 64`. Missing words are empty; bits of rows that do not exist
    /// are cleared.
    pub fn from_words(rows: usize, mut words: Vec<u64>) -> Allowed {
        words.resize(rows.div_ceil(64), 0);
        if let Some(last) = words.last_mut() {
            *last &= u64::MAX >> (rows.next_multiple_of(64) - rows);
        }
        Allowed { rows, words }
    }

    /// How many rows there are, allowed or not.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows are allowed.
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether a row is allowed; one that does not exist is not.
    pub fn contains(&self, row: usize) -> bool {
        row < self.rows && self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// Allows a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn insert(&mut self, row: usize) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Forbids a row; one that does not exist is forbidden already.
    pub fn remove(&mut self, row: usize) {
        if row < self.rows {
            self.words[row / 64] &= !(1 << (row % 64));
        }
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
            .zip(&other.words)
            .for_each(|(word, other)| *word &= other);
    }

    /// How many rows of a range are allowed.
    pub(crate) fn count_in(&self, range: Range<usize>) -> usize {
        words_of(range)
            .map(|(w, mask)| (self.words[w] & mask).count_ones() as usize)
            .sum()
    }

    /// The allowed rows of a range, in order.
    pub(crate) fn in_range(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        words_of(range)
            .flat_map(|(w, mask)| Bits(self.words[w] & mask).map(move |bit| w * 64 + bit))
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
