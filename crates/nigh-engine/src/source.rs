//! What an import reads: folders of pictures and tables of items, first planned, then streamed.
//!
//! [`plan`] looks at the sources, guesses which column is what and says so before any work
//! begins; [`Plan::read`] then delivers one [`Row`] after another. Tables are streamed, never
//! held; what stays in memory is the list of picture files (about 200 bytes each) and 50 bytes
//! for every id seen, which is how two items with one id are told.
//!
//! # Which sources
//! * a **folder** with pictures (JPEG, PNG, WebP, GIF, BMP by extension, recursive, sorted by
//!   name; symbolic links are followed once). A lone table in its root is joined by itself;
//! * a **table** (CSV, TSV, JSON Lines, Parquet) that holds pictures as bytes or as paths, or a
//!   folder that holds nothing else;
//! * **pictures** one by one.
//!
//! # Rules worth knowing
//! * An item's id is its id column, else the stem of its picture's file name, else the table's
//!   stem and the row's number. The second item with an id is rejected.
//! * Paths in a table are absolute, or relative to the table's folder, or to the folder given
//!   beside it. `..` is followed: a table is the user's own file and is read with the user's own
//!   rights. A URL is rejected, because nigh downloads nothing.
//! * A row that names a missing picture is rejected; where it names several, only the missing
//!   one is. A picture without a row becomes an item without attributes.
//! * Beside `1234.jpg`, the pictures `1234_front.jpg` and `1234-2.jpg` are further images of
//!   item `1234` when the table has that id and not the longer one.
//! * CSV cells are typed over the whole table: integer, float, boolean (`true`/`false`), date
//!   (`2024-05-01`, `2024/05/01`), else string. Integer and float together are float; anything
//!   else mixed is string. Numbers with a leading zero and integers beyond 64 bits stay strings,
//!   so that no digit is lost. An empty cell, `NULL`, `null` and `\N` are null everywhere; `NA`,
//!   `N/A`, `NaN` and their like are null among numbers, booleans and dates, but text among
//!   strings, where `NA` may be Namibia.
//! * JSON and Parquet values keep their own types. Lists and objects become JSON text, decimals
//!   become floats, timestamps become dates when every one of the column is at midnight and ISO
//!   strings otherwise, a 32-bit float takes its shortest decimal form (9.99, not 9.9899998),
//!   and floats that are not finite are null.

mod cell;
mod date;
mod delimited;
mod describe;
mod error;
mod folder;
mod ids;
mod infer;
mod join;
mod json_lines;
mod parquet_cell;
mod parquet_table;
mod planning;
mod profile;
mod reading;
mod reread;
mod roles;
mod survey;
mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use nigh_store::{AttributeType, Schema, Value};

pub use error::PlanError;
pub(crate) use reread::read_image;

/// What the user said about the sources; everything left out is guessed.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// The column that holds the id.
    pub id: Option<String>,
    /// The columns that hold pictures, such as `front`, `side`, `detail`.
    pub image: Vec<String>,
    /// The attribute columns to keep; all of them when `None`.
    pub columns: Option<Vec<String>>,
    /// The table joined to the folder of pictures.
    pub attributes: Option<PathBuf>,
    /// Each folder is one item, named by it, and every picture in it is one of its images.
    pub item_per_folder: bool,
}

/// Looks at `sources`, guesses the columns' roles and types, and reads no picture.
///
/// CSV and JSON Lines are read through once or twice, Parquet only in its first rows.
///
/// # Errors
/// One sentence that says what was found and what to do, see [`PlanError`].
pub fn plan(sources: &[PathBuf], options: &SourceOptions) -> Result<Plan, PlanError> {
    planning::plan(sources, options)
}

/// What an import will read, and as what.
#[derive(Debug)]
pub struct Plan {
    parts: Vec<planning::Part>,
    schema: Schema,
    tables: Vec<TableRoles>,
    rejects: Vec<Reject>,
    notes: Vec<String>,
    estimated_items: u64,
}

impl Plan {
    /// The attributes of all tables with their common type, in the tables' order of columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Which column was taken for what, for each table.
    #[must_use]
    pub fn tables(&self) -> &[TableRoles] {
        &self.tables
    }

    /// Sentences about what is not taken: other files, unused columns, pictures without a row.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many items will come if nothing is rejected while reading.
    #[must_use]
    pub fn estimated_items(&self) -> u64 {
        self.estimated_items
    }

    /// The plan in lines for a person, before the work begins.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        describe::lines(self)
    }

    /// Delivers every item and every rejected row to `sink`, in an order that is the same each
    /// time, until it breaks.
    ///
    /// It does not fail as a whole: a file that turns out to be broken midway is one more
    /// [`Reject`], and the files after it are still read.
    pub fn read(&self, mut sink: impl FnMut(Row) -> ControlFlow<()>) -> ReadReport {
        reading::read(self, &mut sink)
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.describe().join("\n"))
    }
}

/// Which column of one table was taken for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRoles {
    /// The table's file.
    pub table: PathBuf,
    /// Its rows, broken ones included.
    pub rows: u64,
    /// Where an item's id comes from.
    pub id: IdRole,
    /// Where its pictures come from; empty when they are the files named by the id.
    pub images: Vec<ImageRole>,
    /// The attributes kept, typed over this table alone.
    pub attributes: Vec<(String, AttributeType)>,
    /// The columns not kept, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// How many rows found their picture in the folder; `None` for a table without a folder.
    pub joined: Option<u64>,
}

/// Where an item's id comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdRole {
    /// This column.
    Column(String),
    /// The file name in this column, without folder and extension.
    StemOf(String),
    /// The picture's file name, without folder and extension.
    Stem,
    /// The table's stem and the row's number, as in `train-12`.
    RowNumber,
}

/// A column that holds pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRole {
    /// The column's name, which is also the name of the item's image.
    pub column: String,
    /// Whether the pictures themselves are in it.
    pub holds: Holds,
}

/// What a picture column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The bytes of the picture file.
    Bytes,
    /// The path of the picture file.
    Paths,
}

/// What [`Plan::read`] delivers.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// An item whose pictures are still to be decoded.
    Item(RawItem),
    /// A row or file that gives no item.
    Rejected(Reject),
}

/// An item as the source has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RawItem {
    /// The id, unique within one reading, never empty.
    pub id: String,
    /// Where it stands: `styles.csv line 7`, `products-0.parquet row 12` (counted from 1), or a path.
    pub origin: String,
    /// The attributes that are not null, typed as [`Plan::schema`] says.
    pub attributes: BTreeMap<String, Value>,
    /// Its pictures, at least one, with names that differ.
    pub images: Vec<RawImage>,
}

/// A picture of an item, still encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawImage {
    /// What sets it apart from the item's other pictures: column, file stem or suffix.
    pub name: String,
    /// The path of the file, or `table.parquet#12` for bytes in row 12.
    pub source: String,
    /// The picture.
    pub content: ImageContent,
}

/// Where a picture's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageContent {
    /// Here.
    Bytes(Vec<u8>),
    /// In this file, which was there when the row was read.
    Path(PathBuf),
}

/// A row or file that was not taken, and why, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The path, or the table's file and row.
    pub origin: String,
    /// The column at fault, where there is one.
    pub column: Option<String>,
    /// What was found and what was expected.
    pub reason: String,
}

/// What a reading delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Items delivered.
    pub items: u64,
    /// Rejects delivered.
    pub rejected: u64,
    /// Items among them that had a picture and no row in the joined table.
    pub without_row: u64,
    /// Whether the sink broke off.
    pub stopped: bool,
}
