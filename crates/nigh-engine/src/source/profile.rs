//! What a table's columns hold, from a pass over it: the ground on which roles are guessed.

use std::collections::HashSet;
use std::ops::ControlFlow;

use nigh_store::AttributeType;
use xxhash_rust::xxh3::xxh3_64;

use super::cell::{Cell, Record};
use super::infer;
use super::join::{Index, looks_like_picture, names_in};
use super::parquet_table::{Declared, ParquetTable};
use super::roles::is_picture_name;
use super::table::{Format, Table, TableError};

/// Rows of a Parquet file that are looked at when no folder is joined to it.
const SAMPLE_ROWS: u64 = 64;
/// Values per column whose repetitions are counted.
const DISTINCT_VALUES: u64 = 65_536;
/// Values per column that are looked for as files.
const FILE_CHECKS: u64 = 32;

#[derive(Debug)]
pub(super) struct Profiles {
    pub(super) columns: Vec<Profile>,
    pub(super) rows: u64,
}

#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) declared: Option<Declared>,
    /// The common type of the values seen.
    kind: Option<AttributeType>,
    /// Cells that are not null.
    pub(super) values: u64,
    /// Cells that name a picture by its extension, or by being an existing file.
    pub(super) paths: u64,
    pub(super) urls: u64,
    /// Cells with bytes, and those among them that begin as pictures do.
    pub(super) bytes: u64,
    pub(super) pictures: u64,
    /// How many different items of the folder are keyed, and how many files named, by the cells.
    pub(super) keyed: HashSet<u32>,
    pub(super) named: HashSet<u32>,
    /// A cell's text, as an example.
    pub(super) example: Option<String>,
    distinct: HashSet<u64>,
    counted: u64,
    checked: u64,
}

impl Profile {
    /// The attribute type: declared, else inferred, else string.
    pub(super) fn kind(&self) -> AttributeType {
        match self.declared {
            Some(Declared::Kind(kind)) => kind,
            _ => self.kind.unwrap_or(AttributeType::String),
        }
    }

    /// The share of different values among those counted.
    pub(super) fn distinct_share(&self) -> f64 {
        match self.counted {
            0 => 0.0,
            counted => self.distinct.len() as f64 / counted as f64,
        }
    }

    /// At least half of the values are paths of pictures.
    pub(super) fn holds_paths(&self) -> bool {
        self.paths > 0 && self.paths * 2 >= self.values
    }

    pub(super) fn holds_bytes(&self) -> bool {
        self.bytes > 0 || self.declared == Some(Declared::Bytes)
    }

    fn see(&mut self, cell: &Cell<'_>, index: &Index<'_>) {
        if let Some(kind) = infer::kind(cell) {
            self.kind = Some(self.kind.map_or(kind, |seen| seen.widen(kind)));
        }
        match cell {
            Cell::Null => {}
            Cell::Bytes(bytes) => self.see_bytes(bytes),
            Cell::File { bytes, path } => {
                self.values += 1;
                bytes.iter().for_each(|bytes| self.see_bytes(bytes));
                path.iter().for_each(|path| self.see_distinct(path));
                self.paths += u64::from(bytes.is_none() && path.is_some());
            }
            Cell::List(cells) => {
                for cell in cells {
                    self.see_list_cell(cell);
                }
            }
            other => {
                if let Some(text) = other.text() {
                    self.see_text(&text, index);
                }
            }
        }
    }

    fn see_bytes(&mut self, bytes: &[u8]) {
        self.values += 1;
        self.bytes += 1;
        self.pictures += u64::from(begins_as_picture(bytes));
    }

    fn see_list_cell(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Bytes(bytes)
            | Cell::File {
                bytes: Some(bytes), ..
            } => self.see_bytes(bytes),
            Cell::File { path, .. } => self.paths += u64::from(path.is_some()),
            other => {
                let text = other.text();
                self.values += 1;
                self.paths += u64::from(text.is_some_and(|text| looks_like_picture(&text)));
            }
        }
    }

    fn see_text(&mut self, text: &str, index: &Index<'_>) {
        self.values += 1;
        self.see_distinct(text);
        let url = text.contains("://");
        let picture = looks_like_picture(text);
        self.urls += u64::from(url);
        if picture {
            let names = names_in(text);
            self.named
                .extend(names.iter().filter_map(|name| index.listed(name)));
        }
        self.keyed.extend(index.key(text));
        self.paths += u64::from(picture || !url && self.is_file(text, index));
    }

    /// Names without extension are looked for where the column's name speaks of pictures.
    fn is_file(&mut self, text: &str, index: &Index<'_>) -> bool {
        if self.checked == FILE_CHECKS || !is_picture_name(&self.name) {
            return false;
        }
        self.checked += 1;
        index.is_file(text)
    }

    fn see_distinct(&mut self, text: &str) {
        if self.counted < DISTINCT_VALUES {
            self.counted += 1;
            self.distinct.insert(xxh3_64(text.as_bytes()));
        }
        if self.example.is_none() {
            self.example = Some(text.chars().take(40).collect());
        }
    }
}

/// Reads text tables whole, so that every value has a say in its column's type; Parquet, which
/// declares its types, in its first rows, or whole but for its pictures where `joined`.
pub(super) fn profile(
    table: &Table,
    index: &Index<'_>,
    joined: bool,
) -> Result<Profiles, TableError> {
    let names = table.columns.iter();
    let mut profiles = Profiles {
        columns: names.map(|name| Profile::new(name)).collect(),
        rows: 0,
    };
    match &table.format {
        Format::Parquet(parquet) => profiles.see_parquet(table, parquet, index, joined)?,
        _ => {
            profiles.scan(table, &[], u64::MAX, index)?;
        }
    }
    Ok(profiles)
}

impl Profile {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

impl Profiles {
    fn see_parquet(
        &mut self,
        table: &Table,
        parquet: &ParquetTable,
        index: &Index<'_>,
        joined: bool,
    ) -> Result<(), TableError> {
        for (profile, declared) in self.columns.iter_mut().zip(&parquet.declared) {
            profile.declared = Some(declared.clone());
        }
        self.scan(table, &[], SAMPLE_ROWS, index)?;
        let declared = parquet.declared.iter().enumerate();
        let whole = declared.filter(|(_, declared)| match declared {
            Declared::ByValues => true,
            Declared::Kind(_) => joined,
            Declared::Bytes | Declared::Unsupported(_) => false,
        });
        let whole: Vec<usize> = whole.map(|(column, _)| column).collect();
        if !whole.is_empty() {
            self.scan(table, &whole, u64::MAX, index)?;
        }
        self.rows = parquet.rows();
        Ok(())
    }

    fn scan(
        &mut self,
        table: &Table,
        wanted: &[usize],
        limit: u64,
        index: &Index<'_>,
    ) -> Result<(), TableError> {
        let mut left = limit;
        table.scan(wanted, &mut |record| {
            self.see(&record, index);
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })
    }

    fn see(&mut self, record: &Record<'_>, index: &Index<'_>) {
        self.rows += 1;
        // A row that will be rejected has no say in the types.
        if record.fault.is_none() {
            for (profile, cell) in self.columns.iter_mut().zip(&record.cells) {
                profile.see(cell, index);
            }
        }
    }
}

fn begins_as_picture(bytes: &[u8]) -> bool {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let others: [&[u8]; 4] = [b"\xFF\xD8\xFF", b"\x89PNG", b"GIF8", b"BM"];
    webp || others.iter().any(|magic| bytes.starts_with(magic))
}
