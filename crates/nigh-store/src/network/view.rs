//! Reading a network.

use nigh_graph::Edge;

use super::chunk::{EdgeChunk, decode_people};
use super::fold::GENERATION;
use super::{
    EDGES, ERASING, META, NetworkChange, PEOPLE, PEOPLE_A_CHUNK, Person, RULES, Rule, rule_of,
};
use crate::item::decode_versioned;
use crate::ledger::{LOG, Scan, decode_number};
use crate::{ReadError, View};

/// Everything as it was after one commit, whatever is written later.
#[derive(Clone)]
pub struct NetworkView {
    view: View,
}

impl NetworkView {
    pub(super) fn new(view: View) -> NetworkView {
        NetworkView { view }
    }

    /// The number of the last change that this view holds.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.view.sequence()
    }

    /// The person of a number.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn person(&self, number: u32) -> Result<Option<Person>, ReadError> {
        let chunk = number / PEOPLE_A_CHUNK;
        let Some(bytes) = self.view.get(PEOPLE, &chunk.to_be_bytes())? else {
            return Ok(None);
        };
        let people = decode_people(chunk, &bytes)?;
        Ok(people.into_iter().nth((number % PEOPLE_A_CHUNK) as usize))
    }

    /// Everybody, in the order of their numbers.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn people(&self) -> Result<Vec<Person>, ReadError> {
        let mut people = Vec::new();
        for row in self.view.scan(PEOPLE, ..)? {
            let row = row?;
            people.extend(decode_people(people.len() as u32, row.value())?);
        }
        Ok(people)
    }

    /// The edges of the last fold, sorted by lower and then higher end. Later ones are in [`NetworkView::changes`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn folded_edges(&self) -> Result<Vec<Edge>, ReadError> {
        let generation = match self.view.get(META, GENERATION)? {
            Some(bytes) => decode_number(META, &bytes)?,
            None => return Ok(Vec::new()),
        };
        let (start, end) = (generation.to_be_bytes(), (generation + 1).to_be_bytes());
        let mut edges = Vec::new();
        for row in self.view.scan(EDGES, &start[..]..&end[..])? {
            let row = row?;
            let chunk: EdgeChunk = decode_versioned(EDGES, &edges.len(), row.value())?;
            edges.extend(chunk.edges());
        }
        Ok(edges)
    }

    /// The number of the last fold, 0 where there was none: no earlier change is in [`NetworkView::changes`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn fold(&self) -> Result<u64, ReadError> {
        if self.view.get(META, GENERATION)?.is_none() {
            return Ok(0);
        }
        // The log begins with its fold.
        let first = self.view.log(0)?.next().transpose()?;
        first.map_or(Ok(0), |row| decode_number(LOG, row.key()))
    }

    /// Whether somebody was erased and [`NetworkStore::finish_erasing`](super::NetworkStore::finish_erasing) has not ended it
    /// since.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn is_erasing(&self) -> Result<bool, ReadError> {
        Ok(self.view.get(META, ERASING)?.is_some())
    }

    /// The changes from a number on, in order.
    ///
    /// # Errors
    /// [`ReadError`], here or with a change.
    pub fn changes(&self, from: u64) -> Result<NetworkChanges, ReadError> {
        let scan = self.view.log(from)?;
        Ok(NetworkChanges { scan })
    }

    /// All rules that hold.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn rules(&self) -> Result<Vec<Rule>, ReadError> {
        let mut rules = Vec::new();
        for row in self.view.scan(RULES, ..)? {
            let row = row?;
            let rule = rule_of(row.key()).ok_or_else(|| ReadError::Undecodable {
                table: RULES,
                key: format!("{:02x?}", row.key()),
                reason: "a kind and two numbers were expected".to_owned(),
            })?;
            rules.push(rule);
        }
        Ok(rules)
    }
}

/// Changes with their numbers, in order.
pub struct NetworkChanges {
    scan: Scan,
}

impl Iterator for NetworkChanges {
    type Item = Result<(u64, NetworkChange), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.scan.next()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let number = match decode_number(LOG, row.key()) {
            Ok(number) => number,
            Err(error) => return Some(Err(error)),
        };
        Some(decode_versioned(LOG, &number, row.value()).map(|change| (number, change)))
    }
}
