//! Text that is safe inside HTML.

use std::fmt::{Display, Formatter, Result, Write};

/// Text with everything escaped that HTML would read as its own, in content and in attributes.
///
/// Control characters that a page may not hold become the replacement character.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            '\t' | '\n' => out.write_char(character),
            control if control.is_control() => out.write_char(char::REPLACEMENT_CHARACTER),
            plain => out.write_char(plain),
        })
    }
}
