//! A place in the text of a filter, shown to a person with a caret under it.

use std::fmt;

use sqlparser::tokenizer::Location;

/// Where in a filter something was found. Displayed as `line 1, column 9`, then the line and a
/// caret below the place; as nothing where the place is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1; 0 where the place is unknown.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The line, or what surrounds the place in a long one.
    excerpt: String,
    /// Characters of the excerpt before the place.
    before: usize,
}

/// How many characters of a long line are shown on either side of the place.
const AROUND: usize = 50;

impl Place {
    pub(super) fn at(text: &str, location: Location) -> Place {
        let (line, column) = (location.line as usize, location.column as usize);
        let chars: Vec<char> = match line.checked_sub(1) {
            Some(line) => text.split('\n').nth(line).unwrap_or("").chars().collect(),
            None => Vec::new(),
        };
        let offset = column.saturating_sub(1).min(chars.len());
        let start = offset.saturating_sub(AROUND);
        let end = chars.len().min(offset + AROUND);
        let cut = |shown: bool| if shown { "…" } else { "" };
        let shown: String = chars.get(start..end).unwrap_or(&[]).iter().collect();
        Place {
            line,
            column,
            excerpt: format!("{}{shown}{}", cut(start > 0), cut(end < chars.len())),
            before: offset - start + usize::from(start > 0),
        }
    }

    /// Just behind the last character that is not white space.
    pub(super) fn end(text: &str) -> Place {
        let text = text.trim_end();
        let line = text.split('\n').count() as u64;
        let last = text.rsplit('\n').next().unwrap_or("");
        let column = last.chars().count() as u64 + 1;
        Place::at(text, Location { line, column })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return Ok(());
        }
        let tab_or_space = |char| if char == '\t' { '\t' } else { ' ' };
        let indent: String = self
            .excerpt
            .chars()
            .take(self.before)
            .map(tab_or_space)
            .collect();
        let missing = self.before - indent.chars().count();
        write!(
            f,
            " (line {}, column {})\n  {}\n",
            self.line, self.column, self.excerpt
        )?;
        write!(f, "  {indent}{:missing$}^", "")
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, Place};

    #[test]
    fn the_caret_stands_below_the_place() {
        let rows = [
            ("a = )", 1, 5, " (line 1, column 5)\n  a = )\n      ^"),
            (
                "a =\n\tb = )",
                2,
                6,
                " (line 2, column 6)\n  \tb = )\n  \t    ^",
            ),
            ("é = )", 1, 5, " (line 1, column 5)\n  é = )\n      ^"),
            ("a =", 1, 4, " (line 1, column 4)\n  a =\n     ^"),
            ("a", 0, 0, ""),
            ("a", 7, 9, " (line 7, column 9)\n  \n  ^"),
        ];
        for (text, line, column, expected) in rows {
            let place = Place::at(text, Location { line, column });
            assert_eq!(place.to_string(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let text = format!("{}!{}", "x".repeat(300), "y".repeat(300));
        let place = Place::at(
            &text,
            Location {
                line: 1,
                column: 301,
            },
        );
        let shown = format!("…{}!{}…", "x".repeat(50), "y".repeat(49));
        let expected = format!(" (line 1, column 301)\n  {shown}\n  {}^", " ".repeat(51));
        assert_eq!(place.to_string(), expected);
    }

    #[test]
    fn the_end_is_behind_the_last_word() {
        let place = Place::end("a = 1\n AND  \n");
        assert_eq!((place.line, place.column), (2, 5));
    }
}
