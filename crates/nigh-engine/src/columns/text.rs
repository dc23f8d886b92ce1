//! Text cells: a sorted dictionary of the distinct texts, and one code per item.
//!
//! The dictionary is sorted, so a comparison with a text becomes a comparison of codes,
//! and any other question is asked once per distinct text instead of once per item.

use std::collections::HashMap;

/// The texts of one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TextCells {
    /// The distinct texts, ascending by bytes, end to end.
    text: String,
    /// Where each distinct text ends in `text`.
    ends: Vec<u64>,
    /// Per item the place of its text in the dictionary; 0 where there is none.
    codes: Vec<u32>,
}

/// Collects the texts of one column in item order.
#[derive(Debug, Default)]
pub(crate) struct TextBuilder {
    seen: HashMap<String, u32>,
    codes: Vec<u32>,
}

impl TextCells {
    /// `None` unless the dictionary ascends strictly, its ends cut `text` at whole characters and
    /// every code has its entry (code 0 may stand for nulls in an empty dictionary).
    pub(crate) fn from_parts(text: String, ends: Vec<u64>, codes: Vec<u32>) -> Option<TextCells> {
        let cells = TextCells { text, ends, codes };
        cells.is_sound().then_some(cells)
    }

    fn is_sound(&self) -> bool {
        let mut start = 0;
        let mut previous = None;
        for &end in &self.ends {
            let entry = usize::try_from(end)
                .ok()
                .and_then(|end| self.text.get(start..end));
            if entry.is_none() || previous >= entry {
                return false;
            }
            previous = entry;
            start += entry.map_or(0, str::len);
        }
        let highest = self.codes.iter().copied().max().unwrap_or(0) as usize;
        start == self.text.len() && highest < self.distinct().max(1)
    }

    pub(crate) fn distinct(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn codes(&self) -> &[u32] {
        &self.codes
    }

    pub(crate) fn parts(&self) -> (&str, &[u64], &[u32]) {
        (&self.text, &self.ends, &self.codes)
    }

    /// The distinct text with this code; empty for a code that the dictionary lacks.
    pub(crate) fn entry(&self, code: usize) -> &str {
        let end_of = |code: usize| self.ends.get(code).map_or(0, |&end| end as usize);
        let start = if code == 0 { 0 } else { end_of(code - 1) };
        self.text.get(start..end_of(code)).unwrap_or("")
    }

    /// How many distinct texts, from the lowest, satisfy a condition that holds for a first part.
    pub(crate) fn partition(&self, holds: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.distinct());
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(self.entry(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.text.len() + self.ends.len() * 8 + self.codes.len() * 4) as u64
    }
}

impl TextBuilder {
    pub(crate) fn push(&mut self, text: Option<&str>) {
        let code = text.map_or(u32::MAX, |text| self.code(text));
        self.codes.push(code);
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.seen.get(text) {
            return code;
        }
        // No more entries than items, and those are counted in 32 bits.
        let code = self.seen.len() as u32;
        self.seen.insert(text.to_owned(), code);
        code
    }

    pub(crate) fn finish(self) -> TextCells {
        let mut entries: Vec<(String, u32)> = self.seen.into_iter().collect();
        entries.sort_unstable();
        let mut cells = TextCells::default();
        let mut sorted = vec![0; entries.len()];
        for (place, (entry, code)) in entries.iter().enumerate() {
            cells.text.push_str(entry);
            cells.ends.push(cells.text.len() as u64);
            sorted[*code as usize] = place as u32;
        }
        let code = |code: &u32| sorted.get(*code as usize).copied().unwrap_or(0);
        cells.codes = self.codes.iter().map(code).collect();
        cells.text.shrink_to_fit();
        cells.ends.shrink_to_fit();
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::{TextBuilder, TextCells};

    #[test]
    fn the_dictionary_is_sorted_and_gives_the_texts_back() {
        let texts = [
            Some("red"),
            None,
            Some("blue"),
            Some("red"),
            Some(""),
            Some("écru"),
        ];
        let mut builder = TextBuilder::default();
        texts.iter().for_each(|text| builder.push(*text));
        let cells = builder.finish();
        let entries: Vec<&str> = (0..cells.distinct())
            .map(|code| cells.entry(code))
            .collect();
        assert_eq!(entries, ["", "blue", "red", "écru"]);
        assert_eq!(cells.codes(), [2, 0, 1, 2, 0, 3]);
        assert_eq!(cells.partition(|entry| entry < "red"), 2);
    }

    #[test]
    fn unsound_parts_are_refused() {
        let sound = |text: &str, ends: &[u64], codes: &[u32]| {
            TextCells::from_parts(text.into(), ends.into(), codes.into()).is_some()
        };
        let rows: [(&str, &[u64], &[u32], bool); 10] = [
            ("ab", &[1, 2], &[0, 1], true),
            ("", &[], &[0, 0], true),
            ("", &[0], &[0], true),
            ("ba", &[1, 2], &[0], false),
            ("aa", &[1, 2], &[0], false),
            ("ab", &[1], &[0], false),
            ("ab", &[1, 3], &[0], false),
            ("é", &[1, 2], &[0], false),
            ("ab", &[1, 2], &[2], false),
            ("", &[], &[1], false),
        ];
        for (text, ends, codes, expected) in rows {
            assert_eq!(
                sound(text, ends, codes),
                expected,
                "{text:?} {ends:?} {codes:?}"
            );
        }
    }
}
