//! Files of vectors: every form holds the same rows, and a damaged file gets a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeListBuilder, Float32Builder, Float64Builder, LargeListBuilder, ListBuilder,
    UInt8Builder,
};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use half::f16;
use nigh_engine::vectors::{FbinWriter, FileError, VectorFile};
use parquet::arrow::ArrowWriter;

const DIM: usize = 3;

/// Small whole numbers, which every form can hold.
fn rows() -> Vec<[u8; DIM]> {
    (0..7).map(|row| [row, 2 * row + 1, 200 - row]).collect()
}

fn values() -> Vec<f32> {
    rows().concat().into_iter().map(f32::from).collect()
}

fn bin(bytes_of: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let shape = [7u32, DIM as u32].map(u32::to_le_bytes).concat();
    [shape, values().into_iter().flat_map(bytes_of).collect()].concat()
}

fn npy(version: u8, header: &str, bytes_of: impl Fn(f32) -> Vec<u8>) -> Vec<u8> {
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    match version {
        1 => file.extend((header.len() as u16).to_le_bytes()),
        _ => file.extend((header.len() as u32).to_le_bytes()),
    }
    file.extend(header.as_bytes());
    file.extend(values().into_iter().flat_map(bytes_of));
    file
}

fn header(descr: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (7, 3), }}          \n")
}

fn f32_bytes(value: f32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn parquet_bytes(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

fn list_of_f32() -> ArrayRef {
    let mut builder = ListBuilder::new(Float32Builder::new());
    for row in values().chunks(DIM) {
        builder.append_value(row.iter().map(|&value| Some(value)));
    }
    Arc::new(builder.finish())
}

fn list_of_u8() -> ArrayRef {
    let mut builder = LargeListBuilder::new(UInt8Builder::new());
    for row in rows() {
        builder.append_value(row.map(Some));
    }
    Arc::new(builder.finish())
}

fn fixed_list_of_f64() -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float64Builder::new(), DIM as i32);
    for row in rows() {
        row.iter()
            .for_each(|&value| builder.values().append_value(value.into()));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn names() -> ArrayRef {
    Arc::new(StringArray::from_iter_values(
        (0..7).map(|row| format!("row {row}")),
    ))
}

/// Every form with its name.
fn all_forms() -> Vec<(&'static str, Vec<u8>)> {
    let half = |value: f32| f16::from_f32(value).to_le_bytes().to_vec();
    let double = |value: f32| f64::from(value).to_le_bytes().to_vec();
    let byte = |value: f32| vec![value as u8];
    vec![
        ("a.fbin", bin(f32_bytes)),
        ("a.u8bin", bin(byte)),
        ("f4.npy", npy(1, &header("<f4"), f32_bytes)),
        ("f4-v2.npy", npy(2, &header("<f4"), f32_bytes)),
        ("f2.npy", npy(1, &header("<f2"), half)),
        ("f8.npy", npy(1, &header("<f8"), double)),
        ("u1.npy", npy(1, &header("|u1"), byte)),
        (
            "list.parquet",
            parquet_bytes(vec![("name", names()), ("vector", list_of_f32())]),
        ),
        (
            "large.parquet",
            parquet_bytes(vec![("vector", list_of_u8())]),
        ),
        (
            "fixed.PARQUET",
            parquet_bytes(vec![("vector", fixed_list_of_f64())]),
        ),
    ]
}

fn put(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn read(path: &Path) -> Result<Vec<f32>, FileError> {
    VectorFile::open(path, None)?.read_all()
}

#[test]
fn every_form_holds_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for (name, bytes) in all_forms() {
        let path = put(dir.path(), name, &bytes);
        let file = VectorFile::open(&path, None).unwrap();
        let got = file.read_all();
        if (file.rows(), file.dim()) != (7, DIM) || got.as_ref().ok() != Some(&values()) {
            failures.push(format!("{name}: {} x {}: {got:?}", file.rows(), file.dim()));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_file_cut_anywhere_gets_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for (name, bytes) in all_forms() {
        for end in 0..bytes.len() {
            let path = put(dir.path(), name, &bytes[..end]);
            match read(&path) {
                Ok(_) => failures.push(format!("{name} cut at {end} was read")),
                Err(error) if !error.to_string().contains(name) => {
                    failures.push(format!("{name} cut at {end}: {error}"));
                }
                Err(_) => {}
            }
        }
        if !name.to_lowercase().ends_with("parquet") {
            let path = put(dir.path(), name, &[bytes, vec![0]].concat());
            if !read(&path).is_err_and(|error| error.to_string().contains("too long")) {
                failures.push(format!("{name} with a byte too many"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_byte_changed_anywhere_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in all_forms() {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            let path = put(dir.path(), name, &changed);
            // Another value, or a sentence: both are answers.
            let answer = read(&path);
            assert!(answer.is_ok() || answer.is_err_and(|error| error.to_string().contains(name)));
        }
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let fortran = header("<f4").replace("False", "True");
    let flat = header("<f4").replace("(7, 3)", "(21,)");
    let two = parquet_bytes(vec![("a", list_of_f32()), ("b", list_of_u8())]);
    let none = parquet_bytes(vec![("name", names())]);
    let zero = [0u32, 4].map(u32::to_le_bytes).concat();
    let huge = [u32::MAX, u32::MAX].map(u32::to_le_bytes).concat();
    let table: [(&str, Vec<u8>, Option<&str>, &str); 12] = [
        (
            "a.fvecs",
            vec![1],
            None,
            "ends in none of .fbin, .u8bin, .npy, .parquet",
        ),
        (
            "noname",
            vec![1],
            None,
            "ends in none of .fbin, .u8bin, .npy, .parquet",
        ),
        (
            "zero.fbin",
            zero,
            None,
            "0 rows of 4 values, expected at least one of each",
        ),
        (
            "huge.fbin",
            huge,
            None,
            "which take more than any file holds",
        ),
        (
            "i4.npy",
            npy(1, &header("<i4"), f32_bytes),
            None,
            "its values are '<i4', expected '<f4'",
        ),
        (
            "big.npy",
            npy(1, &header(">f4"), f32_bytes),
            None,
            "its values are '>f4', expected '<f4'",
        ),
        (
            "fortran.npy",
            npy(1, &fortran, f32_bytes),
            None,
            "its order is Fortran's",
        ),
        (
            "flat.npy",
            npy(1, &flat, f32_bytes),
            None,
            "its shape is (21,), expected (rows, values per row)",
        ),
        (
            "version.npy",
            npy(9, &header("<f4"), f32_bytes),
            None,
            "of version 9, expected 1, 2 or 3",
        ),
        (
            "two.parquet",
            two.clone(),
            None,
            "(a, b): say which one with --column",
        ),
        (
            "other.parquet",
            two,
            Some("c"),
            "has no column of vectors named `c`; expected a column of lists",
        ),
        (
            "none.parquet",
            none,
            None,
            "has no column of vectors; expected a column of lists of float, double or uint8, it has name (Utf8)",
        ),
    ];
    let mut failures = Vec::new();
    for (name, bytes, column, sentence) in table {
        let path = put(dir.path(), name, &bytes);
        let said = VectorFile::open(&path, column).map_or_else(
            |error| error.to_string(),
            |file| format!("read as {file:?}"),
        );
        if !said.contains(sentence) || !said.contains(name) {
            failures.push(format!("{name}: {said}"));
        }
    }
    let missing = VectorFile::open(&dir.path().join("missing.fbin"), None);
    let said = missing.unwrap_err().to_string();
    assert!(
        said.starts_with("cannot read ") && said.contains("missing.fbin"),
        "{said}"
    );
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_column_is_chosen_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = parquet_bytes(vec![("a", list_of_f32()), ("b", fixed_list_of_f64())]);
    let path = put(dir.path(), "two.parquet", &bytes);
    for column in ["a", "b"] {
        let file = VectorFile::open(&path, Some(column)).unwrap();
        assert_eq!(file.read_all().unwrap(), values(), "{column}");
    }
}

#[test]
fn rows_that_cannot_be_compared_are_named_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = ListBuilder::new(Float32Builder::new());
    builder.append_null();
    builder.append_value([]);
    builder.append_value([Some(1.0), Some(2.0)]);
    builder.append_value([Some(1.0), None]);
    builder.append_value([Some(1.0), Some(f32::NAN)]);
    builder.append_value([Some(f32::NEG_INFINITY), Some(0.0)]);
    builder.append_value([Some(3e38), Some(0.0)]);
    builder.append_value([Some(1.0), Some(2.0), Some(3.0)]);
    builder.append_value([Some(3.0), Some(4.0)]);
    let bytes = parquet_bytes(vec![("v", Arc::new(builder.finish()))]);
    let path = put(dir.path(), "mixed.parquet", &bytes);
    let file = VectorFile::open(&path, None).unwrap();
    assert_eq!((file.rows(), file.dim()), (9, 2));
    let expected = [
        "is null, expected a list of 2 numbers",
        "has 0 values, expected 2",
        "",
        "value 1 is null, expected a number",
        "value 1 is NaN, expected a finite number",
        "value 0 is -inf, expected a finite number",
        "its values are too large",
        "has 3 values, expected 2",
        "",
    ];
    let mut blocks = file.blocks().unwrap();
    let block = blocks.advance().unwrap().unwrap();
    let mut failures = Vec::new();
    for ((row, values), expected) in block.rows().zip(expected) {
        let said = values.map_or_else(|problem| problem.to_string(), |_| String::new());
        if said.is_empty() != expected.is_empty() || !said.starts_with(expected) {
            failures.push(format!("row {row}: {said}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(blocks.advance().unwrap().is_none());
    let refused = file.read_all().unwrap_err().to_string();
    assert!(refused.ends_with("mixed.parquet row 0: is null, expected a list of 2 numbers"));
}

#[test]
fn blocks_cover_a_long_file_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.fbin");
    let count = 150_000u32;
    let mut writer = FbinWriter::create(&path, count, 1).unwrap();
    let values: Vec<f32> = (0..count).map(|row| row as f32).collect();
    values
        .chunks(7_777)
        .for_each(|some| writer.write(some).unwrap());
    assert!(!path.exists(), "a file appears when it is whole");
    writer.finish().unwrap();
    let file = VectorFile::open(&path, None).unwrap();
    let mut blocks = file.blocks().unwrap();
    let (mut seen, mut count_of_blocks) = (Vec::new(), 0);
    while let Some(block) = blocks.advance().unwrap() {
        count_of_blocks += 1;
        for (row, values) in block.rows() {
            assert_eq!(values.unwrap(), [row as f32]);
            seen.push(row);
        }
    }
    assert!(count_of_blocks > 1);
    assert!(seen.into_iter().eq(0..count as usize));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no leftovers");
}

#[test]
fn a_writer_wants_the_rows_it_was_promised() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("short.fbin");
    let mut writer = FbinWriter::create(&path, 3, 2).unwrap();
    writer.write(&[1.0, 2.0]).unwrap();
    let said = writer.finish().unwrap_err().to_string();
    assert!(
        said.ends_with("has 1 rows that can be read, expected 3"),
        "{said}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "no leftovers");
}
