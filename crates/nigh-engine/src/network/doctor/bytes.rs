//! Do the bytes of an id still lie in any file?
//!
//! What the records say does not prove that a file holds nothing more: a store keeps what it has freed until it is used again,
//! and a write that was cut off may have left a file. So every byte of every file is looked at, and:
//! - the text of an id is searched for as it is, in every file;
//! - an id that is a number is not, since digits lie anywhere by chance. It is searched for in the store alone, in the form in
//!   which records hold it: its length and its digits. (Its graph, where it would be four or eight bytes, is compared id by id.)
//!
//! Bytes that are found may lie there rightfully, as a part of what is known of somebody else, and few bytes by chance; where
//! that can be, nothing is proved, and it is said so. What the disk or its file system keeps of files that were removed or
//! replaced, and copies and snapshots elsewhere, are not looked at.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use nigh_graph::integer;
use nigh_store::{Person, Value};
use walkdir::WalkDir;

use super::held::Held;
use crate::doctor::{Check, DoctorError, Verdict};

const NAME: &str = "bytes";
/// Fewer bytes than these lie in a large file by chance.
const CERTAIN_BYTES: usize = 5;
/// So many bytes are looked at in one piece.
const PIECE: usize = 1 << 20;
/// So many places in a file are told.
const TOLD: usize = 3;

/// Searches the files of a network for an id.
pub(super) fn check(dir: &Path, id: &str, held: &Held) -> Result<Check, DoctorError> {
    let (needle, only) = match integer(id) {
        Some(_) => (record(id), Some(dir.join("store.redb"))),
        None => (id.as_bytes().to_vec(), None),
    };
    let (mut found, mut bytes, mut files) = (Vec::new(), 0, 0);
    for path in files_of(dir)? {
        if only.as_ref().is_some_and(|only| *only != path) {
            continue;
        }
        let io = |source| DoctorError::Io {
            path: path.clone(),
            source,
        };
        let places = places(&path, &needle).map_err(io)?;
        bytes += std::fs::metadata(&path).map_err(io)?.len();
        files += 1;
        if !places.is_empty() {
            found.push(told(path.strip_prefix(dir).unwrap_or(&path), &places));
        }
    }
    if found.is_empty() {
        return Ok(Check::ok(
            NAME,
            format!("{id:?} lies nowhere in the {bytes} bytes of {files} files"),
        ));
    }
    let found = format!("the bytes of {id:?} lie in {}", found.join("; "));
    Ok(match doubt(id, &needle, held) {
        None => Check::wrong(NAME, found),
        Some(doubt) => Check {
            name: NAME,
            verdict: Verdict::Unclear,
            sentence: format!("{found}; {doubt}"),
        },
    })
}

/// How records hold a text: its length, seven bits to a byte, and its bytes.
fn record(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    let mut length = text.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(text.as_bytes());
    bytes
}

fn files_of(dir: &Path) -> Result<Vec<PathBuf>, DoctorError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.map_err(|error| DoctorError::Io {
            path: error.path().unwrap_or(dir).to_owned(),
            source: error.into(),
        })?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Where the bytes lie in a file.
fn places(path: &Path, needle: &[u8]) -> io::Result<Vec<u64>> {
    let mut file = File::open(path)?;
    let finder = Finder::new(needle);
    let (mut piece, mut start, mut places) = (Vec::new(), 0, Vec::new());
    loop {
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
        places.extend(finder.find_iter(&piece).map(|at| start + at as u64));
        if read == 0 {
            return Ok(places);
        }
        // What begins at the end of this piece ends in the next one.
        let keep = piece.len().min(needle.len() - 1);
        start += (piece.len() - keep) as u64;
        piece.drain(..piece.len() - keep);
    }
}

fn told(path: &Path, places: &[u64]) -> String {
    let first: Vec<String> = places.iter().take(TOLD).map(u64::to_string).collect();
    let first = format!("{} at {}", path.display(), first.join(", "));
    match places.len().saturating_sub(TOLD) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Why bytes that are found prove nothing.
fn doubt(id: &str, needle: &[u8], held: &Held) -> Option<String> {
    let is_of = |person: &&Person| mentions(person, id);
    if let Some(person) = held.people.iter().find(is_of) {
        return Some(format!(
            "they are a part of what is known of {:?}, so that they may lie there rightfully",
            person.id
        ));
    }
    (needle.len() < CERTAIN_BYTES).then(|| "so few bytes may lie there by chance".to_owned())
}

/// Whether what is known of a living person contains the text.
fn mentions(person: &Person, text: &str) -> bool {
    let in_value = |value: &Value| value.to_string().contains(text);
    let attribute = |(name, value): (&String, &Value)| name.contains(text) || in_value(value);
    (person.id != text && person.id.contains(text)) || person.attributes.iter().any(attribute)
}
