//! Whole imports over folders made for the purpose, one line of expectation per row delivered.

mod columnar;
mod folders;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, Decimal128Builder, ListBuilder, StringBuilder, StringDictionaryBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array,
    Int64Array, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray,
    StructArray, Time32SecondArray, TimestampMicrosecondArray, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::properties::WriterProperties;

use super::*;

/// A temporary folder with files in it; `DIR` stands for its path in all texts.
struct Dir(tempfile::TempDir);

impl Dir {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            dir.write(name, dir.insert(text).as_bytes());
        }
        dir
    }

    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.0.path().to_owned(),
            name => self.0.path().join(name),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn insert(&self, text: &str) -> String {
        text.replace("DIR", &self.0.path().to_string_lossy())
    }

    fn hide(&self, text: &str) -> String {
        text.replace(&*self.0.path().to_string_lossy(), "DIR")
    }

    fn plan(&self, sources: &[&str], options: &SourceOptions) -> Result<Plan, PlanError> {
        let mut options = options.clone();
        options.attributes = options.attributes.map(|path| self.0.path().join(path));
        let sources: Vec<PathBuf> = sources.iter().map(|name| self.path(name)).collect();
        plan(&sources, &options)
    }

    /// Every row delivered, or the error, one line each.
    fn import(&self, sources: &[&str], options: &SourceOptions) -> Vec<String> {
        match self.plan(sources, options) {
            Ok(plan) => rows(&plan)
                .iter()
                .map(|row| self.hide(&shown(row)))
                .collect(),
            Err(error) => vec![self.hide(&format!("ERROR {error}"))],
        }
    }
}

fn rows(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    let report = plan.read(|row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    let items = rows
        .iter()
        .filter(|row| matches!(row, Row::Item(_)))
        .count() as u64;
    assert_eq!(
        (report.items, report.rejected),
        (items, rows.len() as u64 - items)
    );
    assert!(!report.stopped);
    rows
}

fn shown(row: &Row) -> String {
    match row {
        Row::Rejected(reject) => format!("! {}: {}", reject.origin, reject.reason),
        Row::Item(item) => {
            let attributes = item.attributes.iter();
            let attributes: Vec<_> = attributes
                .map(|(name, value)| format!("{name}={}:{value}", value.kind()))
                .collect();
            let images: Vec<_> = item.images.iter().map(image).collect();
            format!(
                "{} [{}] {}",
                item.id,
                attributes.join(" "),
                images.join(" ")
            )
        }
    }
}

fn image(image: &RawImage) -> String {
    match &image.content {
        ImageContent::Bytes(bytes) => format!("{}=<{}>", image.name, bytes.escape_ascii()),
        ImageContent::Path(path) => {
            assert_eq!(path.to_string_lossy(), image.source);
            format!("{}={}", image.name, path.display())
        }
    }
}

/// One import: what it is called, the files, the sources, and the rows.
struct Case<'c> {
    name: &'c str,
    files: &'c [(&'c str, &'c str)],
    sources: &'c [&'c str],
    options: SourceOptions,
    expected: &'c [&'c str],
}

fn check(cases: &[Case<'_>]) {
    let mut wrong = String::new();
    for case in cases {
        let dir = Dir::new(case.files);
        let found = dir.import(case.sources, &case.options);
        if found != case.expected {
            let (found, expected) = (found.join("\n  "), case.expected.join("\n  "));
            wrong += &format!("{}:\n  {found}\nexpected:\n  {expected}\n\n", case.name);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn case<'c>(name: &'c str, files: &'c [(&'c str, &'c str)], expected: &'c [&'c str]) -> Case<'c> {
    Case {
        name,
        files,
        sources: &[""],
        options: SourceOptions::default(),
        expected,
    }
}

fn with_id(id: &str) -> SourceOptions {
    SourceOptions {
        id: Some(id.to_owned()),
        ..SourceOptions::default()
    }
}

fn with_images(columns: &[&str]) -> SourceOptions {
    SourceOptions {
        image: columns.iter().map(|&column| column.to_owned()).collect(),
        ..SourceOptions::default()
    }
}

fn with_columns(columns: &[&str]) -> SourceOptions {
    SourceOptions {
        columns: Some(columns.iter().map(|&column| column.to_owned()).collect()),
        ..SourceOptions::default()
    }
}

fn with_attributes(file: &str) -> SourceOptions {
    SourceOptions {
        attributes: Some(PathBuf::from(file)),
        ..SourceOptions::default()
    }
}

fn per_folder() -> SourceOptions {
    SourceOptions {
        item_per_folder: true,
        ..SourceOptions::default()
    }
}

#[cfg(unix)]
#[test]
fn odd_names_and_links() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let dir = Dir::new(&[("a.jpg", ""), ("sub/b.jpg", "")]);
    let odd = std::ffi::OsStr::from_bytes(b"caf\xE9.jpg");
    std::fs::write(dir.0.path().join(odd), b"").unwrap();
    symlink(dir.path(""), dir.path("sub/back")).unwrap();
    symlink(dir.path("nowhere"), dir.path("gone.jpg")).unwrap();
    symlink(dir.path("a.jpg"), dir.path("z.jpg")).unwrap();
    let expected = [
        "! DIR/caf\u{FFFD}.jpg: has a name that is not UTF-8, so no id can be made of it: rename it",
        "! DIR/gone.jpg: is a link to nothing",
        "a [] a=DIR/a.jpg",
        "b [] b=DIR/sub/b.jpg",
        "z [] z=DIR/z.jpg",
    ];
    assert_eq!(dir.import(&[""], &SourceOptions::default()), expected);
}

#[test]
fn a_csv_cell_that_is_not_utf8_costs_its_row() {
    let dir = Dir::new(&[("1.jpg", ""), ("2.jpg", "")]);
    dir.write("t.csv", b"id,c\n1,caf\xE9\n2,x\n");
    let expected = [
        "! t.csv line 2: is not UTF-8 in column `c`: `caf\u{FFFD}`",
        "2 [c=string:x] 2=DIR/2.jpg",
    ];
    assert_eq!(dir.import(&[""], &SourceOptions::default()), expected);
}

#[test]
fn the_sink_can_break_off_and_begin_anew() {
    let dir = Dir::new(&[
        ("1.jpg", ""),
        ("2.jpg", ""),
        ("3.jpg", ""),
        ("t.csv", "id\n1\n2\n3\n"),
    ]);
    let plan = dir.plan(&[""], &SourceOptions::default()).unwrap();
    let mut seen = 0;
    let report = plan.read(|_| {
        seen += 1;
        match seen {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!((report.items, report.stopped, seen), (2, true, 2));
    assert_eq!(rows(&plan).len(), 3);
}

#[test]
fn a_plan_says_what_it_will_do() {
    let dir = Dir::new(&[
        ("images/1.jpg", ""),
        ("images/2.jpg", ""),
        ("images/2_side.jpg", ""),
        ("images/9.jpg", ""),
        ("clip.mp4", ""),
        (
            "t.csv",
            "id,year,price,sold\n1,2011,3.5,2024-01-01\n2,2012,,\n3,2013,,\n",
        ),
    ]);
    let plan = dir.plan(&[""], &SourceOptions::default()).unwrap();
    assert_eq!(plan.estimated_items(), 3);
    let expected = "4 pictures in DIR\n\
        t.csv: 3 rows, 2 of them with a picture\n\
        \x20 id          column `id`\n\
        \x20 images      files named by the id\n\
        \x20 attributes  year integer, price float, sold date\n\
        note: left aside 1 other file (.mp4 1)\n\
        note: 1 row of t.csv found no picture and will be rejected\n\
        note: 1 picture found no row in t.csv, imported without attributes";
    assert_eq!(dir.hide(&plan.to_string()), expected);
}

/// The folder of real data, or `None` where a stranger has none.
fn real_data(name: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("NIGH_TEST_DATA").unwrap_or_else(|| default.into());
    let path = PathBuf::from(root).join(name);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|value| value == "1");
    assert!(
        !required,
        "{} is missing and NIGH_REQUIRE_DATA=1",
        path.display()
    );
    println!("skipped: {} is missing", path.display());
    None
}

#[test]
fn real_products_in_parquet() {
    let Some(path) = real_data("products") else {
        return;
    };
    let plan = plan(&[path], &SourceOptions::default()).unwrap();
    assert_eq!(plan.estimated_items(), 39_982);
    assert_eq!(plan.tables().len(), 4);
    let table = &plan.tables()[0];
    assert_eq!(table.id, IdRole::Column("id".to_owned()));
    let holds = Holds::Bytes;
    assert_eq!(
        table.images,
        [ImageRole {
            column: "image".to_owned(),
            holds
        }]
    );
    let kinds = plan.schema().columns.iter();
    let kinds: Vec<_> = kinds
        .map(|column| format!("{} {}", column.name, column.kind))
        .collect();
    let expected = "gender string, masterCategory string, subCategory string, articleType string, \
        baseColour string, season string, year integer, usage string, productDisplayName string";
    assert_eq!(kinds.join(", "), expected);
    let report = plan.read(|row| {
        let Row::Item(item) = row else {
            panic!("{row:?}")
        };
        let ImageContent::Bytes(bytes) = &item.images[0].content else {
            panic!("{item:?}")
        };
        assert!(bytes.starts_with(b"\xFF\xD8"), "{}", item.origin);
        ControlFlow::Continue(())
    });
    assert_eq!((report.items, report.rejected), (39_982, 0));
}

#[test]
fn real_folder_with_its_table() {
    let Some(path) = real_data("products-folder") else {
        return;
    };
    let plan = plan(&[path], &SourceOptions::default()).unwrap();
    assert_eq!(plan.estimated_items(), 2000);
    assert_eq!(plan.tables()[0].joined, Some(2000));
    let rows = rows(&plan);
    assert_eq!(rows.len(), 2000);
    let Row::Item(item) = &rows[0] else {
        panic!("{:?}", rows[0])
    };
    assert_eq!(
        (item.id.as_str(), item.origin.as_str()),
        ("10000", "styles.csv line 2")
    );
    assert_eq!(item.attributes["year"], Value::Integer(2011));
    assert_eq!(item.images[0].name, "10000");
}
