//! Tables between delimiters.

use std::path::Path;

use super::EdgesError;
use super::cells::{is_void, lines, split};
use super::guess::Format;
use super::input::Blocks;
use super::roles::Roles;
use super::rows::Rows;

/// Takes every row, and returns how many there are.
pub(super) fn read(
    path: &Path,
    format: &Format,
    roles: &Roles,
    blocks: &mut Blocks<'_>,
    rows: &mut Rows,
) -> Result<u64, EdgesError> {
    let (mut number, mut count) = (0, 0);
    let mut header = format.header;
    while let Some(block) = blocks.next()? {
        let mut cells = Vec::with_capacity(format.columns.len());
        for line in lines(block) {
            number += 1;
            if is_void(line) || std::mem::take(&mut header) {
                continue;
            }
            count += 1;
            let cut = split(line, format.delimiter, &mut cells);
            let taken = cut.and_then(|()| rows.take(&cells, format.columns.len(), roles));
            if let Err(fault) = taken {
                rows.reject(path, "row", number, &format.columns, &fault);
            }
        }
    }
    Ok(count)
}
