//! The contact sheet: queries on the left, what was found on the right, in one HTML file.
//!
//! The file stands alone: styles and pictures are inside it, so it can be mailed, archived and
//! opened without a network. It follows the reader's light or dark setting and prints.

mod text;

use data_encoding::BASE64;
use std::fmt::{Display, Formatter, Result, Write};
use text::Escaped;

/// How the page looks.
const STYLE: &str = include_str!("sheet/style.css");
/// How many attributes a card shows before the rest folds away.
const SHOWN: usize = 3;

/// A whole contact sheet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sheet {
    /// The heading, such as the collection's name.
    pub(crate) title: String,
    /// One line below it: the collection's size, the encoder, k.
    pub(crate) subtitle: String,
    /// One row per query.
    pub(crate) rows: Vec<SheetRow>,
}

/// One query and its hits, best first.
#[derive(Debug, Clone, Default)]
pub(crate) struct SheetRow {
    /// What was searched with.
    pub(crate) query: SheetQuery,
    /// The filter and the timings; empty for none.
    pub(crate) note: String,
    /// What was found.
    pub(crate) hits: Vec<SheetHit>,
}

/// What was searched with.
#[derive(Debug, Clone, Default)]
pub(crate) struct SheetQuery {
    /// The file's name or the item's id.
    pub(crate) label: String,
    /// Its picture, if there is one.
    pub(crate) picture: Option<SheetPicture>,
}

/// One item that was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct SheetHit {
    /// The item's id.
    pub(crate) id: String,
    /// The score; higher is nearer.
    pub(crate) score: f32,
    /// Its picture, if there is one.
    pub(crate) picture: Option<SheetPicture>,
    /// Its attributes, the most telling first. The first whose name is or ends in "name" or
    /// "title" becomes the card's heading, then three are shown and the others fold away.
    pub(crate) attributes: Vec<(String, String)>,
    /// Which of the item's pictures matched best, where it has several.
    pub(crate) image_name: Option<String>,
}

/// A picture file, as it goes into the page.
#[derive(Debug, Clone)]
pub(crate) struct SheetPicture {
    /// The media type, such as `image/jpeg`.
    pub(crate) mime: &'static str,
    /// The file's bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Sheet {
    /// The page.
    pub(crate) fn to_html(&self) -> String {
        self.to_string()
    }
}

impl Display for Sheet {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let (title, subtitle) = (Escaped(&self.title), Escaped(&self.subtitle));
        out.write_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
        out.write_str(
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        )?;
        out.write_str("<meta name=\"color-scheme\" content=\"light dark\">\n")?;
        writeln!(
            out,
            "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>"
        )?;
        writeln!(
            out,
            "<header>\n<h1>{title}</h1>\n<p>{subtitle}</p>\n</header>\n<main>"
        )?;
        if self.rows.is_empty() {
            out.write_str("<p class=\"none\">No queries.</p>\n")?;
        }
        for (index, row) in self.rows.iter().enumerate() {
            write_row(out, index + 1, row)?;
        }
        out.write_str("</main>\n<footer>Made with nigh.</footer>\n</body>\n</html>\n")
    }
}

fn write_row(out: &mut impl Write, number: usize, row: &SheetRow) -> Result {
    let label = &row.query.label;
    writeln!(
        out,
        "<section aria-labelledby=\"query-{number}\">\n<div class=\"query\">"
    )?;
    write_picture(out, row.query.picture.as_ref(), &format!("query: {label}"))?;
    out.write_str("<p class=\"kicker\">Query</p>\n")?;
    writeln!(out, "<h2 id=\"query-{number}\">{}</h2>", Escaped(label))?;
    if !row.note.is_empty() {
        writeln!(out, "<p class=\"note\">{}</p>", Escaped(&row.note))?;
    }
    out.write_str("</div>\n")?;
    write_hits(out, &row.hits)?;
    out.write_str("</section>\n")
}

fn write_hits(out: &mut impl Write, hits: &[SheetHit]) -> Result {
    if hits.is_empty() {
        return out.write_str("<p class=\"none\">Nothing was found.</p>\n");
    }
    out.write_str("<ol class=\"hits\">\n")?;
    for (index, hit) in hits.iter().enumerate() {
        write_hit(out, index + 1, hit, bar(hit.score, hits))?;
    }
    out.write_str("</ol>\n")
}

fn write_hit(out: &mut impl Write, rank: usize, hit: &SheetHit, bar: f32) -> Result {
    let heading = hit.attributes.iter().position(|(name, _)| is_heading(name));
    let title = heading.map_or(&hit.id, |index| &hit.attributes[index].1);
    out.write_str("<li class=\"hit\">\n")?;
    write_picture(out, hit.picture.as_ref(), title)?;
    writeln!(
        out,
        "<span class=\"rank\" aria-hidden=\"true\">{rank}</span>"
    )?;
    let (score, percent) = (hit.score, bar * 100.0);
    writeln!(
        out,
        "<p class=\"score\"><span class=\"bar\"><i style=\"width:{percent:.1}%\"></i></span>\
         <b title=\"score\">{score:.3}</b></p>"
    )?;
    writeln!(out, "<h3>{}</h3>", Escaped(title))?;
    write_origin(out, hit, heading.is_some())?;
    let rest = hit
        .attributes
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != heading);
    write_attributes(
        out,
        &rest.map(|(_, attribute)| attribute).collect::<Vec<_>>(),
    )?;
    out.write_str("</li>\n")
}

/// The id, where the heading does not say it, and which picture matched.
fn write_origin(out: &mut impl Write, hit: &SheetHit, with_id: bool) -> Result {
    if with_id {
        writeln!(out, "<p class=\"id\">{}</p>", Escaped(&hit.id))?;
    }
    match &hit.image_name {
        Some(name) => writeln!(out, "<p class=\"id\">matched by “{}”</p>", Escaped(name)),
        None => Ok(()),
    }
}

fn write_attributes(out: &mut impl Write, attributes: &[&(String, String)]) -> Result {
    let (shown, folded) = attributes.split_at(attributes.len().min(SHOWN));
    write_list(out, shown)?;
    if folded.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>{} more</summary>", folded.len())?;
    write_list(out, folded)?;
    out.write_str("</details>\n")
}

fn write_list(out: &mut impl Write, attributes: &[&(String, String)]) -> Result {
    if attributes.is_empty() {
        return Ok(());
    }
    out.write_str("<dl>\n")?;
    for (name, value) in attributes {
        writeln!(
            out,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            Escaped(name),
            Escaped(value)
        )?;
    }
    out.write_str("</dl>\n")
}

fn write_picture(out: &mut impl Write, picture: Option<&SheetPicture>, alt: &str) -> Result {
    let alt = Escaped(alt);
    let Some(SheetPicture { mime, bytes }) = picture else {
        return writeln!(
            out,
            "<div class=\"picture missing\" role=\"img\" aria-label=\"{alt}, no picture\">\
             <span>no picture</span></div>"
        );
    };
    write!(
        out,
        "<div class=\"picture\"><img alt=\"{alt}\" decoding=\"async\" src=\"data:{mime};base64,"
    )?;
    BASE64.encode_write(bytes, out)?;
    out.write_str("\"></div>\n")
}

/// Whether an attribute called `name` says what the item is called.
fn is_heading(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("name") || name.ends_with("title")
}

/// The length of a score's bar, 0 to 1: the score itself where all are between 0 and 1 (cosine of
/// kindred things), else its place between the row's worst and best.
fn bar(score: f32, hits: &[SheetHit]) -> f32 {
    let scores = hits.iter().map(|hit| hit.score);
    let (low, high) = scores.fold((f32::MAX, f32::MIN), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    if low >= 0.0 && high <= 1.0 {
        return score;
    }
    let span = high - low;
    if span > 0.0 && span.is_finite() {
        0.08 + 0.92 * (score - low) / span
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests;
