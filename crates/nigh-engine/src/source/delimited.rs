//! CSV, TSV and their kin: delimiter sniffed, lines counted, bad rows told apart.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::ByteRecord;

use super::cell::{Cell, Fault, Record};
use super::table::{TableError, Visit};

/// How much of the file decides on the delimiter.
const SAMPLE_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Delimited {
    delimiter: u8,
}

impl Delimited {
    pub(super) fn open(path: &Path, tabs: bool) -> Result<(Vec<String>, Self), TableError> {
        let mut sample = vec![0; SAMPLE_BYTES];
        let length = read_up_to(&mut Lines::open(path)?, &mut sample)?;
        sample.truncate(length);
        if sample.starts_with(&[0xFF, 0xFE]) || sample.starts_with(&[0xFE, 0xFF]) {
            let advice = "is UTF-16 text, expected UTF-8: save it as UTF-8 first";
            return Err(TableError(advice.to_owned()));
        }
        let delimiter = if tabs { b'\t' } else { sniff(&sample) };
        let table = Self { delimiter };
        let mut header = ByteRecord::new();
        table.reader(path)?.read(&mut header)?;
        Ok((column_names(&header)?, table))
    }

    pub(super) fn scan(
        &self,
        path: &Path,
        columns: &[String],
        visit: &mut Visit<'_>,
    ) -> Result<(), TableError> {
        let mut reader = self.reader(path)?;
        let mut record = ByteRecord::new();
        reader.read(&mut record)?;
        while let Some(line) = reader.read(&mut record)? {
            if visit(self.record(line, &record, columns)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn reader(&self, path: &Path) -> Result<Reader, TableError> {
        let csv = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(128 * 1024)
            .from_reader(Lines::open(path)?);
        Ok(Reader { csv })
    }

    fn record<'r>(&self, line: u64, record: &'r ByteRecord, columns: &[String]) -> Record<'r> {
        let mut fault = self.wrong_count(line, record, columns);
        let mut cells = Vec::with_capacity(columns.len());
        for (cell, column) in record.iter().zip(columns) {
            cells.push(match std::str::from_utf8(cell) {
                Ok("") => Cell::Null,
                Ok(text) => Cell::Raw(text),
                Err(_) => {
                    fault.get_or_insert_with(|| not_utf8(cell, column));
                    Cell::Null
                }
            });
        }
        Record {
            number: line,
            cells,
            fault,
        }
    }

    fn wrong_count(&self, line: u64, record: &ByteRecord, columns: &[String]) -> Option<Fault> {
        let (found, expected) = (record.len(), columns.len());
        if found == expected {
            return None;
        }
        let missing = columns.get(found..).unwrap_or_default();
        let what = match missing {
            [] => format!(
                "{} too many; a cell with `{}` in it needs quotes around it",
                found - expected,
                (self.delimiter as char).escape_default()
            ),
            [one] => format!("`{one}` is missing"),
            several => format!("`{}` are missing", several.join("`, `")),
        };
        let lines = newlines(record.as_slice().trim_ascii_end());
        let quotes = if lines > 0 {
            format!(" (its quotes reach to line {})", line + lines)
        } else {
            String::new()
        };
        Some(Fault {
            column: missing.first().cloned(),
            reason: format!("has {found} columns, expected {expected}: {what}{quotes}"),
        })
    }
}

struct Reader {
    csv: csv::Reader<Lines>,
}

impl Reader {
    /// The line on which the record begins, `None` at the end.
    ///
    /// The parser's own position of a record is that of the blank lines before it, so the line
    /// is reckoned back from where the record ended. A quote that is never closed swallows the
    /// last line end too, so that the record has one line end fewer than is reckoned.
    fn read(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, TableError> {
        let before = self.csv.position().line();
        let more = self.csv.read_byte_record(record);
        let more = more.map_err(|error| TableError(format!("cannot be read: {error}")))?;
        let end = self.csv.position().line();
        let newlines = newlines(record.as_slice());
        Ok(more.then(|| end.saturating_sub(1 + newlines).max(before)))
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&b| b == b'\n').count() as u64
}

fn not_utf8(cell: &[u8], column: &str) -> Fault {
    let shown: String = String::from_utf8_lossy(cell).chars().take(40).collect();
    Fault {
        column: Some(column.to_owned()),
        reason: format!("is not UTF-8 in column `{column}`: `{shown}`"),
    }
}

fn column_names(header: &ByteRecord) -> Result<Vec<String>, TableError> {
    let mut names = Vec::with_capacity(header.len());
    let mut seen = HashSet::new();
    for (at, cell) in header.iter().enumerate() {
        let name = String::from_utf8_lossy(cell).trim().to_owned();
        let name = match name.as_str() {
            "" => format!("column_{}", at + 1),
            _ => name,
        };
        if !seen.insert(name.clone()) {
            let reason = format!("names the column `{name}` twice in its first line");
            return Err(TableError(reason));
        }
        names.push(name);
    }
    if names.is_empty() {
        let reason = "is empty, expected a first line with the columns' names";
        return Err(TableError(reason.to_owned()));
    }
    Ok(names)
}

/// The delimiter with which most sampled records have as many cells as the first, given that
/// this is more than one; a comma otherwise.
fn sniff(sample: &[u8]) -> u8 {
    let mut best = (0.0, b',');
    for delimiter in *b",;\t|" {
        let share = regularity(sample, delimiter);
        if share > best.0 {
            best = (share, delimiter);
        }
    }
    best.1
}

fn regularity(sample: &[u8], delimiter: u8) -> f64 {
    let mut csv = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let counts: Vec<usize> = csv.byte_records().flatten().map(|r| r.len()).collect();
    // The sample may end within its last record.
    let whole = match counts.len() {
        0..=2 => &counts[..],
        more => &counts[..more - 1],
    };
    match whole.first() {
        Some(&columns) if columns > 1 => {
            let regular = whole.iter().filter(|&&count| count == columns).count();
            regular as f64 / whole.len() as f64
        }
        _ => 0.0,
    }
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// The file without byte order mark, with `\n` for every `\r\n` and at its very end, so that
/// counting lines is counting `\n`.
struct Lines {
    file: BufReader<File>,
    held_return: bool,
    last: u8,
}

impl Lines {
    fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = BufReader::with_capacity(128 * 1024, File::open(path)?);
        if file.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
            file.consume(3);
        }
        Ok(Self {
            file,
            held_return: false,
            last: b'\n',
        })
    }

    fn finish(&mut self, out: &mut [u8]) -> usize {
        let byte = match (self.held_return, self.last) {
            (true, _) => b'\r',
            (false, b'\n') => return 0,
            (false, _) => b'\n',
        };
        self.held_return = false;
        self.last = byte;
        out[0] = byte;
        1
    }
}

impl Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let chunk = self.file.fill_buf()?;
            if chunk.is_empty() {
                return Ok(self.finish(out));
            }
            let mut written = 0;
            if std::mem::take(&mut self.held_return) && chunk[0] != b'\n' {
                out[0] = b'\r';
                written = 1;
            }
            let taken = copy_lines(chunk, out, &mut written, &mut self.held_return);
            self.file.consume(taken);
            if written > 0 {
                self.last = out[written - 1];
                return Ok(written);
            }
        }
    }
}

/// Copies until either side is full, leaving out each `\r` before a `\n`; a `\r` at the chunk's
/// end is held until what follows is known.
fn copy_lines(chunk: &[u8], out: &mut [u8], written: &mut usize, held: &mut bool) -> usize {
    let mut taken = 0;
    while taken < chunk.len() && *written < out.len() {
        let room = (chunk.len() - taken).min(out.len() - *written);
        let window = &chunk[taken..taken + room];
        let plain = window.iter().position(|&b| b == b'\r').unwrap_or(room);
        out[*written..*written + plain].copy_from_slice(&window[..plain]);
        taken += plain;
        *written += plain;
        if plain == room {
            continue;
        }
        taken += 1;
        match chunk.get(taken) {
            Some(b'\n') => {}
            None => *held = true,
            Some(_) => {
                out[*written] = b'\r';
                *written += 1;
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    /// The line, the cells, the fault's sentence.
    type Row = (u64, Vec<String>, Option<String>);

    fn scan(text: &[u8]) -> (Vec<String>, Vec<Row>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let (columns, table) = Delimited::open(&path, false).unwrap();
        let mut rows = Vec::new();
        let visited = table.scan(&path, &columns, &mut |record| {
            let cells = record.cells.iter();
            let cells = cells.map(|cell| cell.text().unwrap_or_default().into_owned());
            let fault = record.fault.as_ref().map(|fault| fault.reason.clone());
            rows.push((record.number, cells.collect(), fault));
            ControlFlow::Continue(())
        });
        visited.unwrap();
        (columns, rows)
    }

    #[test]
    fn the_delimiter_is_sniffed() {
        let table: [(&str, &[&str]); 7] = [
            ("a,b\n1,2\n", &["a", "b"]),
            ("a;b\n1,5;2\n2,5;3\n", &["a", "b"]),
            ("a\tb, or c\n1\t2\n", &["a", "b, or c"]),
            ("a|b\n1|2", &["a", "b"]),
            ("\"a;x\",b\n1,2\n", &["a;x", "b"]),
            ("a\n1\n", &["a"]),
            ("a,,c\n1,2,3\n", &["a", "column_2", "c"]),
        ];
        for (text, columns) in table {
            assert_eq!(scan(text.as_bytes()).0, columns, "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let table: [(&str, &[u64]); 9] = [
            ("a,b\n1,2\n1,\"2\n3,4\n", &[2, 3]),
            ("a,b\n1,2\n3,4\n", &[2, 3]),
            ("a,b\n1,2\n3,4", &[2, 3]),
            ("a,b\r\n1,2\r\n3,4\r\n", &[2, 3]),
            ("\u{FEFF}a,b\n1,2\n", &[2]),
            ("a,b\n\n\n1,2\n\n3,4\n\n", &[4, 6]),
            ("a,b\r\n\r\n1,2\r\n", &[3]),
            ("a,b\n\"1\n1\n1\",2\n3,4\n", &[2, 5]),
            ("a,b\r\n\"1\r\n1\",2\r\n3,4", &[2, 4]),
        ];
        for (text, expected) in table {
            let lines: Vec<u64> = scan(text.as_bytes()).1.iter().map(|row| row.0).collect();
            assert_eq!(lines, expected, "{text:?}");
        }
    }

    #[test]
    fn a_bad_row_has_its_sentence() {
        let table: [(&[u8], &str); 6] = [
            (b"a,b,c\n1,2\n", "has 2 columns, expected 3: `c` is missing"),
            (
                b"a,b,c\n1\n",
                "has 1 columns, expected 3: `b`, `c` are missing",
            ),
            (
                b"a,b\n1,2,3\n",
                "has 3 columns, expected 2: 1 too many; a cell with `,` in it needs quotes around it",
            ),
            (b"a,b\n1,\"2\n3,4\n", ""),
            (
                b"a,b,c\n1,\"2\n3,4\n",
                "has 2 columns, expected 3: `c` is missing (its quotes reach to line 3)",
            ),
            (
                b"a,b\n1,Caf\xE9\n",
                "is not UTF-8 in column `b`: `Caf\u{FFFD}`",
            ),
        ];
        for (text, expected) in table {
            let fault = scan(text).1[0].2.clone().unwrap_or_default();
            assert_eq!(fault, expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn line_ends_survive_any_split_into_reads() {
        let text = b"a\r\nb\rc\r\r\nd\n\r\n";
        let expected = b"a\nb\rc\r\nd\n\n";
        for capacity in 1..8 {
            for room in 1..8 {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), text).unwrap();
                let mut lines = Lines::open(file.path()).unwrap();
                lines.file = BufReader::with_capacity(capacity, File::open(file.path()).unwrap());
                let mut all = Vec::new();
                let mut out = vec![0; room];
                loop {
                    match lines.read(&mut out).unwrap() {
                        0 => break,
                        count => all.extend_from_slice(&out[..count]),
                    }
                }
                assert_eq!(all, expected, "capacity {capacity}, room {room}");
            }
        }
    }
}
