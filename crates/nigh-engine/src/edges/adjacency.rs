//! Lines of a person and all friends of that person.

use std::path::Path;

use memchr::memchr;

use super::EdgesError;
use super::cells::{Fault, is_void, lines};
use super::guess::Format;
use super::input::Blocks;
use super::rows::{Rows, check};

/// Takes every line, and returns how many there are.
pub(super) fn read(
    path: &Path,
    format: &Format,
    blocks: &mut Blocks<'_>,
    rows: &mut Rows,
) -> Result<u64, EdgesError> {
    let (mut number, mut count) = (0, 0);
    while let Some(block) = blocks.next()? {
        for line in lines(block) {
            number += 1;
            if is_void(line) {
                continue;
            }
            count += 1;
            let mut reject = |rows: &mut Rows, fault: Fault| {
                rows.reject(path, "row", number, &format.columns, &fault);
            };
            if let Err(fault) = take(line, format.delimiter, rows, &mut reject) {
                reject(rows, fault);
            }
        }
    }
    Ok(count)
}

/// A friend that cannot be taken is rejected alone, a person with all friends.
fn take(
    line: &[u8],
    delimiter: u8,
    rows: &mut Rows,
    reject: &mut impl FnMut(&mut Rows, Fault),
) -> Result<(), Fault> {
    let end = match delimiter {
        b' ' => line
            .trim_ascii_end()
            .iter()
            .position(u8::is_ascii_whitespace),
        _ => memchr(delimiter, line),
    };
    let (person, list) = line.split_at(end.unwrap_or(line.len()));
    let (person, list) = (
        person.trim_ascii(),
        list.get(1..).unwrap_or_default().trim_ascii(),
    );
    check(person).map_err(|reason| Fault {
        column: Some(0),
        reason,
    })?;
    if list.is_empty() {
        rows.introduce(person);
    }
    for friend in list
        .split(|&byte| byte == b',')
        .filter(|_| !list.is_empty())
    {
        if let Err(fault) = rows.befriend(person, friend.trim_ascii()) {
            reject(rows, fault);
        }
    }
    Ok(())
}
