//! LIKE patterns: `%` stands for any run of characters, `_` for one character.
//!
//! Written here rather than translated to a regular expression: a regex engine would be the
//! larger dependency by far, and SQL patterns need neither alternation nor captures. The match
//! keeps only the last `%` to come back to, which suffices because an earlier one could only
//! have taken more of the text; the cost is at most pattern × text, usually one pass.

use std::str::Chars;

/// A pattern ready to be matched.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    any_case: bool,
    /// The text between two runs that is the whole pattern, `%text%`: the commonest one, for
    /// which the standard library's search is several times as fast.
    part: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    Run,
    One,
    Char(char),
}

impl Pattern {
    /// `None` where the pattern ends with its escape character, which then escapes nothing.
    pub(super) fn new(pattern: &str, escape: Option<char>, any_case: bool) -> Option<Pattern> {
        let mut pieces = Vec::new();
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            let piece = match char {
                _ if Some(char) == escape => Piece::Char(fold(chars.next()?, any_case)),
                '%' => Piece::Run,
                '_' => Piece::One,
                _ => Piece::Char(fold(char, any_case)),
            };
            if piece != Piece::Run || pieces.last() != Some(&Piece::Run) {
                pieces.push(piece);
            }
        }
        let part = part(&pieces).filter(|_| !any_case);
        Some(Pattern {
            pieces,
            any_case,
            part,
        })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.part {
            Some(part) => text.contains(part.as_str()),
            None => self.matches_pieces(text),
        }
    }

    fn matches_pieces(&self, text: &str) -> bool {
        let (mut rest, mut place) = (text.chars(), 0);
        // After the last run: its place, and the text that it has not taken yet.
        let mut run: Option<(usize, Chars<'_>)> = None;
        loop {
            match self.pieces.get(place) {
                Some(Piece::Run) if place + 1 == self.pieces.len() => return true,
                Some(Piece::Run) => {
                    place += 1;
                    run = Some((place, rest.clone()));
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                piece if self.takes(piece, &mut rest) => {
                    place += 1;
                    continue;
                }
                _ => {}
            }
            // A dead end: let the last run take one character more.
            let Some((after, untaken)) = &mut run else {
                return false;
            };
            if untaken.next().is_none() {
                return false;
            }
            (place, rest) = (*after, untaken.clone());
        }
    }

    /// Whether the piece stands for the next character, which is then taken.
    fn takes(&self, piece: Option<&Piece>, rest: &mut Chars<'_>) -> bool {
        match (piece, rest.next()) {
            (Some(Piece::One), Some(_)) => true,
            (Some(Piece::Char(wanted)), Some(char)) => fold(char, self.any_case) == *wanted,
            _ => false,
        }
    }
}

fn part(pieces: &[Piece]) -> Option<String> {
    let [Piece::Run, between @ .., Piece::Run] = pieces else {
        return None;
    };
    let char = |piece: &Piece| match piece {
        Piece::Char(char) => Some(*char),
        Piece::Run | Piece::One => None,
    };
    between.iter().map(char).collect()
}

/// The character in lower case, where that is one character.
fn fold(char: char, any_case: bool) -> char {
    if !any_case || char.is_ascii() {
        return if any_case {
            char.to_ascii_lowercase()
        } else {
            char
        };
    }
    let mut lower = char.to_lowercase();
    lower.next().filter(|_| lower.len() == 0).unwrap_or(char)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_whole_texts() {
        let rows = [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("%", "anything", true),
            ("_", "", false),
            ("_", "é", true),
            ("_", "e\u{301}", false),
            ("__", "👟👜", true),
            ("a%", "abc", true),
            ("a%", "bac", false),
            ("%c", "abc", true),
            ("%c", "abcd", false),
            ("%b%", "abc", true),
            ("%cb%", "abc", false),
            ("%é日%", "xé日y", true),
            ("a%b%c", "a1b2b3c", true),
            ("a%b%c", "a1c2b", false),
            ("%aab", "aaaab", true),
            ("%a_b%", "xaab axb", true),
            ("a%%%b", "ab", true),
            ("A", "a", false),
            ("a.c", "abc", false),
            ("%_", "", false),
            ("_%_", "ab", true),
            ("_%_", "a", false),
        ];
        let failed: Vec<_> = rows
            .iter()
            .filter(|(pattern, text, expected)| {
                let pattern = Pattern::new(pattern, None, false).unwrap();
                pattern.matches(text) != *expected || pattern.matches_pieces(text) != *expected
            })
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
    }

    #[test]
    fn ilike_ignores_case_beyond_ascii() {
        let rows = [
            ("ÉCRU%", "écru clair", true),
            ("STRASSE", "straße", false),
            ("%İ%", "xİy", true),
            ("_ROT", "Brot", true),
            ("ΣΑΣ", "σας", false),
        ];
        for (pattern, text, expected) in rows {
            let found = Pattern::new(pattern, None, true).unwrap().matches(text);
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_escape_character_takes_the_next_one_as_it_is() {
        let rows = [
            ("50!%", "50%", true),
            ("50!%", "500", false),
            ("a!_b", "a_b", true),
            ("a!_b", "axb", false),
            ("a!!b", "a!b", true),
            ("a!b", "ab", true),
        ];
        for (pattern, text, expected) in rows {
            let found = Pattern::new(pattern, Some('!'), false)
                .unwrap()
                .matches(text);
            assert_eq!(found, expected, "{pattern} {text}");
        }
        assert_eq!(Pattern::new("a!", Some('!'), false), None);
    }

    #[test]
    fn a_hostile_pattern_is_quick() {
        let pattern = Pattern::new(&"%a".repeat(500), None, false).unwrap();
        assert!(!pattern.matches(&("a".repeat(499) + &"b".repeat(10_000))));
    }
}
