//! The pairs of all files as they come, their ends as numbers as long as all of them are.

use std::collections::HashMap;
use std::path::Path;

use super::cells::{self, CellText, Fault, ID_BYTES, integer, shown};
use super::roles::Roles;
use super::{EdgeFile, EdgesError, Rejects};

/// Milliseconds rather than seconds, where all times of a file are beyond this.
const MILLISECONDS: i64 = 100_000_000_000;

/// Pairs of keys: the ids themselves, or their places in `texts` once an id is no number.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) pairs: Vec<[u64; 2]>,
    /// People without friends.
    pub(super) alone: Vec<u64>,
    pub(super) texts: Option<HashMap<Box<str>, u64>>,
    /// One for each pair, or fewer, or none.
    pub(super) times: Vec<i64>,
    /// As the times.
    pub(super) weights: Vec<f32>,
    pub(super) rejected: Rejects,
}

impl Rows {
    /// The place of the next pair.
    pub(super) fn begin(&self) -> usize {
        self.pairs.len()
    }

    /// Ends a file whose pairs began at this place, and returns whether its times were milliseconds; they are seconds now.
    pub(super) fn end(&mut self, from: usize) -> bool {
        let times = self.times.get_mut(from..).unwrap_or_default();
        let known = || times.iter().filter(|&&time| time != 0);
        let milliseconds = known().next().is_some() && known().all(|&time| time > MILLISECONDS);
        if milliseconds {
            times.iter_mut().for_each(|time| *time /= 1000);
        }
        milliseconds
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.alone.is_empty()
    }

    /// Why there is nothing.
    pub(super) fn nothing(self, files: Vec<EdgeFile>) -> EdgesError {
        let first = self.rejected.first.into_iter().next();
        let path = files.into_iter().next().map(|file| file.path);
        match first {
            Some(first) => EdgesError::AllRejected {
                rejected: self.rejected.count,
                first,
            },
            None => EdgesError::Empty {
                path: path.unwrap_or_default(),
            },
        }
    }

    /// Takes a row of a table of so many columns.
    pub(super) fn take(
        &mut self,
        cells: &[CellText<'_>],
        columns: usize,
        roles: &Roles,
    ) -> Result<(), Fault> {
        if cells.len() != columns {
            let reason = format!("has {} columns, expected {columns}", cells.len());
            return Err(Fault {
                column: None,
                reason,
            });
        }
        let of = |column: usize| {
            move |reason| Fault {
                column: Some(column),
                reason,
            }
        };
        let (from, to) = (&*cells[roles.from], &*cells[roles.to]);
        check(from).map_err(of(roles.from))?;
        check(to).map_err(of(roles.to))?;
        let time = roles
            .time
            .map(|at| cells::time(&cells[at]).map_err(of(at)))
            .transpose()?;
        let weight = roles
            .weight
            .map(|at| cells::weight(&cells[at]).map_err(of(at)))
            .transpose()?;
        let place = self.pairs.len();
        if let Some(time) = time {
            self.times.resize(place, 0);
            self.times.push(time);
        }
        if let Some(weight) = weight {
            self.weights.resize(place, 1.0);
            self.weights.push(weight);
        }
        let pair = self.keys(from, to);
        self.pairs.push(pair);
        Ok(())
    }

    /// Takes one friend of a person.
    pub(super) fn befriend(&mut self, person: &[u8], friend: &[u8]) -> Result<(), Fault> {
        check(friend).map_err(|reason| Fault {
            column: Some(1),
            reason,
        })?;
        let pair = self.keys(person, friend);
        self.pairs.push(pair);
        Ok(())
    }

    /// Takes a person without friends.
    pub(super) fn introduce(&mut self, person: &[u8]) {
        let [person, _] = self.keys(person, person);
        self.alone.push(person);
    }

    pub(super) fn reject(
        &mut self,
        path: &Path,
        unit: &str,
        number: u64,
        columns: &[String],
        fault: &Fault,
    ) {
        self.rejected.add(|| {
            let column = fault.column.and_then(|column| columns.get(column));
            let column = column.map_or_else(String::new, |name| format!(", column {name}"));
            format!(
                "{}, {unit} {number}{column}: {}",
                path.display(),
                fault.reason
            )
        });
    }

    fn keys(&mut self, one: &[u8], other: &[u8]) -> [u64; 2] {
        if self.texts.is_none() {
            if let (Some(one), Some(other)) = (integer(one), integer(other)) {
                return [one, other];
            }
            self.name_numbers();
        }
        [one, other].map(|id| self.name(&String::from_utf8_lossy(id)))
    }

    /// Makes texts of all keys so far.
    fn name_numbers(&mut self) {
        self.texts = Some(HashMap::new());
        let (mut pairs, mut alone) = (
            std::mem::take(&mut self.pairs),
            std::mem::take(&mut self.alone),
        );
        for key in pairs.as_flattened_mut().iter_mut().chain(&mut alone) {
            *key = self.name(&key.to_string());
        }
        (self.pairs, self.alone) = (pairs, alone);
    }

    fn name(&mut self, id: &str) -> u64 {
        let texts = self.texts.get_or_insert_default();
        match texts.get(id) {
            Some(&key) => key,
            None => {
                let key = texts.len() as u64;
                texts.insert(id.into(), key);
                key
            }
        }
    }
}

/// Whether an id can be one.
pub(super) fn check(id: &[u8]) -> Result<(), String> {
    if id.is_empty() {
        return Err("the id is empty".to_owned());
    }
    if id.len() > ID_BYTES {
        return Err(format!(
            "the id has {} bytes, expected at most {ID_BYTES}",
            id.len()
        ));
    }
    match id.is_ascii() || std::str::from_utf8(id).is_ok() {
        true => Ok(()),
        false => Err(format!("the id is not UTF-8: {}", shown(id))),
    }
}
