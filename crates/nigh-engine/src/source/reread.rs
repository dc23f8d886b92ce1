//! A picture that was imported before, read again from where it came from.

use std::ops::ControlFlow;
use std::path::Path;

use super::cell::Cell;
use super::parquet_table::ParquetTable;

/// The bytes of the picture that an import found at `source` (a file's path, or
/// `FILE.parquet#ROW`), if it is still there and still has this hash (XXH3, 128
/// bits): a row can hold several pictures, and files change.
pub(crate) fn read_image(source: &str, hash: u128) -> Option<Vec<u8>> {
    let path = Path::new(source);
    if path.is_file() {
        return std::fs::read(path).ok().filter(|bytes| is(bytes, hash));
    }
    let (table, row) = source.rsplit_once('#')?;
    let path = Path::new(table);
    let (columns, table) = ParquetTable::open(path).ok()?;
    let mut found = None;
    let mut look = |record: super::cell::Record<'_>| {
        found = record.cells.iter().find_map(|cell| picture(cell, hash));
        ControlFlow::Break(())
    };
    table
        .scan_row(path, &columns, row.parse().ok()?, &mut look)
        .ok()?;
    found
}

fn picture(cell: &Cell<'_>, hash: u128) -> Option<Vec<u8>> {
    match cell {
        Cell::Bytes(bytes)
        | Cell::File {
            bytes: Some(bytes), ..
        } => is(bytes, hash).then(|| bytes.to_vec()),
        Cell::List(cells) => cells.iter().find_map(|cell| picture(cell, hash)),
        _ => None,
    }
}

fn is(bytes: &[u8], hash: u128) -> bool {
    xxhash_rust::xxh3::xxh3_128(bytes) == hash
}
