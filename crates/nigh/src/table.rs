//! Rows of text in aligned columns, cut to the terminal's width.

use std::io::IsTerminal;

/// Lines of `rows` under `header`; each column as wide as its widest cell, the
/// whole cut to the terminal where standard output is one.
pub(crate) fn lines(header: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut all = vec![
        header
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<String>>(),
    ];
    all.extend(rows.iter().cloned());
    let widths: Vec<usize> = (0..header.len())
        .map(|column| width(&all, column))
        .collect();
    let limit = terminal_width();
    all.iter().map(|row| line(row, &widths, limit)).collect()
}

/// The widest a column gets: beyond, a cell is cut.
const WIDEST: usize = 36;

fn width(rows: &[Vec<String>], column: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    cells
        .map(|cell| cell.chars().count())
        .max()
        .unwrap_or(0)
        .min(WIDEST)
}

fn line(row: &[String], widths: &[usize], limit: Option<usize>) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{:width$}", cut(cell, width)));
    let line = cells.collect::<Vec<_>>().join("  ");
    cut(line.trim_end(), limit.unwrap_or(usize::MAX))
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// None where the output is read by a program.
fn terminal_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    // A terminal that says no width is treated as an endless one.
    console::Term::stdout()
        .size_checked()
        .map(|(_, columns)| usize::from(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["1163".to_owned(), "0.99".to_owned()],
            vec!["7".to_owned(), "0.5".to_owned()],
        ];
        assert_eq!(
            lines(&["id", "score"], &rows),
            ["id    score", "1163  0.99", "7     0.5"]
        );
    }

    #[test]
    fn long_cells_are_cut() {
        let long = "x".repeat(100);
        assert_eq!(lines(&["a"], &[vec![long]])[1].chars().count(), WIDEST);
        assert_eq!(cut("äöü", 2), "ä…");
    }
}
