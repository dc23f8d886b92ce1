//! Changes: on disk first, then in memory.

use std::collections::{BTreeMap, HashMap};

use nigh_graph::{Adjacency, Edge};
use nigh_store::{Durability, MAX_ID_BYTES, NetworkChange, Person, Rule, Value};

use super::{Network, NetworkError, PeopleError, files};

/// The most people: numbers of nodes that every part can add to.
pub(super) const MAX_PEOPLE: u32 = u32::MAX / 2;
/// From so many changes on, and a tenth of all edges, everything is written anew.
const FOLD_FROM: u64 = 200_000;

/// The end of the year 9999, in seconds since 1970.
const LATEST: i64 = 253_402_300_799;

/// A friendship as a person says it.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeRow {
    /// One end.
    pub a: String,
    /// The other end.
    pub b: String,
    /// Seconds since 1970; 0 where unknown.
    pub time: i64,
    /// 1 where unknown.
    pub weight: f32,
}

impl EdgeRow {
    /// Whether a network takes it.
    ///
    /// # Errors
    /// [`PeopleError`]: what is wrong with an id, the time or the weight.
    pub fn check(&self) -> Result<(), PeopleError> {
        for id in [&self.a, &self.b] {
            let (bytes, limit) = (id.len(), MAX_ID_BYTES);
            if bytes == 0 || bytes > limit {
                return Err(PeopleError::Length { bytes, limit });
            }
        }
        let (a, b) = (self.a.clone(), self.b.clone());
        if a == b {
            return Err(PeopleError::Same { id: a });
        }
        if self.time < 0 {
            let time = self.time;
            return Err(PeopleError::NegativeTime { a, b, time });
        }
        if self.time > LATEST {
            let time = self.time;
            return Err(PeopleError::LateTime { a, b, time });
        }
        if !self.weight.is_finite() || self.weight < 0.0 {
            let weight = self.weight.to_string();
            return Err(PeopleError::Weight { a, b, weight });
        }
        Ok(())
    }
}

/// What an addition did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    /// Friendships that were not there.
    pub edges: usize,
    /// Friendships that were there and have this time and weight now.
    pub updated: usize,
    /// People who came.
    pub people: usize,
}

impl Network {
    /// Adds friendships, all or none, durable when this returns. People who are not there come.
    ///
    /// # Errors
    /// [`NetworkError::People`] for a row that cannot be, and [`NetworkError::Write`]; nothing was written then.
    pub fn add_edges(&mut self, rows: &[EdgeRow]) -> Result<Added, NetworkError> {
        let mut new: HashMap<&str, u32> = HashMap::new();
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            row.check()?;
            let mut ends = [0; 2];
            for (end, id) in ends.iter_mut().zip([row.a.as_str(), row.b.as_str()]) {
                *end = match self.people.find(id).or_else(|| new.get(id).copied()) {
                    Some(number) => number,
                    None => {
                        let number = (self.people.len() + new.len()) as u32;
                        if number >= MAX_PEOPLE {
                            return Err(PeopleError::TooMany { limit: MAX_PEOPLE }.into());
                        }
                        new.insert(id, number);
                        let id = id.to_owned();
                        changes.push(NetworkChange::AddPerson(Person {
                            id,
                            ..Person::default()
                        }));
                        number
                    }
                };
            }
            let [a, b] = ends;
            let (time, weight) = (row.time, row.weight);
            changes.push(NetworkChange::add(Edge { a, b, time, weight }));
        }
        let (before, people) = (self.graph.edges(), new.len());
        self.commit(&changes)?;
        let edges = (self.graph.edges() - before) as usize;
        Ok(Added {
            edges,
            updated: rows.len() - edges,
            people,
        })
    }

    /// Sets what is known of a person, durable when this returns; whether the person came with it.
    ///
    /// # Errors
    /// [`PeopleError::Length`], [`PeopleError::TooMany`] and [`NetworkError::Write`].
    pub fn put_person(
        &mut self,
        id: &str,
        attributes: BTreeMap<String, Value>,
    ) -> Result<bool, NetworkError> {
        let (bytes, limit) = (id.len(), MAX_ID_BYTES);
        if bytes == 0 || bytes > limit {
            return Err(PeopleError::Length { bytes, limit }.into());
        }
        if let Some(number) = self.people.find(id) {
            self.commit(&[NetworkChange::SetAttributes(number, attributes)])?;
            return Ok(false);
        }
        if self.people.len() as u32 >= MAX_PEOPLE {
            return Err(PeopleError::TooMany { limit: MAX_PEOPLE }.into());
        }
        let id = id.to_owned();
        self.commit(&[NetworkChange::AddPerson(Person { id, attributes })])?;
        Ok(true)
    }

    /// Removes a friendship, durable when this returns; whether there was one.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] and [`NetworkError::Write`].
    pub fn remove_edge(&mut self, a: &str, b: &str) -> Result<bool, NetworkError> {
        let (a, b) = (self.find(a)?, self.find(b)?);
        let found = self.graph.has_edge(a, b);
        if found {
            self.commit(&[NetworkChange::RemoveEdge(a, b)])?;
        }
        Ok(found)
    }

    /// `other` is never suggested to `person` again.
    ///
    /// # Errors
    /// [`PeopleError`] and [`NetworkError::Write`].
    pub fn dismiss(&mut self, person: &str, other: &str) -> Result<(), NetworkError> {
        let (person, other) = self.two(person, other)?;
        self.commit(&[NetworkChange::AddRule(Rule::Dismissed(person, other))])
    }

    /// Neither is suggested to the other, nor named in a reason.
    ///
    /// # Errors
    /// [`PeopleError`] and [`NetworkError::Write`].
    pub fn block(&mut self, person: &str, other: &str) -> Result<(), NetworkError> {
        let (person, other) = self.two(person, other)?;
        self.commit(&[NetworkChange::AddRule(Rule::Blocked(person, other))])
    }

    /// Takes a dismissal back; whether there was one.
    ///
    /// # Errors
    /// [`PeopleError`] and [`NetworkError::Write`].
    pub fn undo_dismissal(&mut self, person: &str, other: &str) -> Result<bool, NetworkError> {
        let (person, other) = self.two(person, other)?;
        self.take_back(Rule::Dismissed(person, other))
    }

    /// Takes back that `person` blocked `other`; whether that was so. Where `other` blocked `person` as well, they stay apart.
    ///
    /// # Errors
    /// [`PeopleError`] and [`NetworkError::Write`].
    pub fn unblock(&mut self, person: &str, other: &str) -> Result<bool, NetworkError> {
        let (person, other) = self.two(person, other)?;
        self.take_back(Rule::Blocked(person, other))
    }

    /// Takes an opting out back; whether there was one.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] and [`NetworkError::Write`].
    pub fn opt_in(&mut self, person: &str) -> Result<bool, NetworkError> {
        let person = self.find(person)?;
        self.take_back(Rule::OptedOut(person))
    }

    fn take_back(&mut self, rule: Rule) -> Result<bool, NetworkError> {
        let held = self.rules.holds(rule);
        if held {
            self.commit(&[NetworkChange::RemoveRule(rule)])?;
        }
        Ok(held)
    }

    /// Whose friends are not told: the person is neither named nor counted as anybody's friend in a reason.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] and [`NetworkError::Write`].
    pub fn hide_list(&mut self, person: &str) -> Result<(), NetworkError> {
        let person = self.find(person)?;
        self.commit(&[NetworkChange::AddRule(Rule::HidesFriends(person))])
    }

    /// The person is suggested to nobody.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] and [`NetworkError::Write`].
    pub fn opt_out(&mut self, person: &str) -> Result<(), NetworkError> {
        let person = self.find(person)?;
        self.commit(&[NetworkChange::AddRule(Rule::OptedOut(person))])
    }

    /// Removes a person from people, friendships and rules, and writes the graph, the store with its log and the tables of a
    /// trained ranking anew without them.
    ///
    /// When this returns without error, no file of the network holds a byte of what was known of the person; the number stays
    /// behind, with nothing to it. Not reached are copies and snapshots elsewhere, what a disk or its file system keeps of
    /// files that were replaced, and the trees of a ranking, which hold sums over many people and are as they were trained.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`], [`NetworkError::Write`], [`NetworkError::Rewrite`] and those of [`Network::fold`]: the person
    /// is gone from every answer once the first write succeeded; what did not succeed after it, the next writer to open the
    /// network does.
    pub fn erase(&mut self, person: &str) -> Result<(), NetworkError> {
        if self.erasing {
            // One that failed on the way: nobody is to believe that they are gone before they are.
            self.finish_erasing()?;
        }
        let number = self.find(person)?;
        let mut changes: Vec<NetworkChange> = self
            .rules
            .of(number)
            .into_iter()
            .map(NetworkChange::RemoveRule)
            .collect();
        changes.push(NetworkChange::Erase(number));
        self.commit(&changes)?;
        self.finish_erasing()
    }

    /// What follows an erasure, and is done by the next writer where it was cut off.
    pub(super) fn finish_erasing(&mut self) -> Result<(), NetworkError> {
        self.refresh_ranking()?;
        self.fold()?;
        self.store.finish_erasing()?;
        self.view = self.store.view()?;
        self.erasing = false;
        Ok(())
    }

    /// Everything as it is now, from a file that was compared with its checksums: what is written from it is the truth.
    pub(super) fn checked_csr(&self) -> Result<nigh_graph::Csr, NetworkError> {
        if let Some(file) = self.graph.base() {
            file.verify()?;
        }
        Ok(self.graph.to_csr())
    }

    /// Writes everything anew: the edges in the store, without the log before, and the mapped graph.
    ///
    /// # Errors
    /// [`NetworkError`]; the network is as it was but for that.
    pub fn fold(&mut self) -> Result<(), NetworkError> {
        let csr = self.checked_csr()?;
        let commit = self.store.fold(std::iter::empty(), csr.iter_edges())?;
        let mut ids = nigh_graph::Ids::Integers(Vec::new());
        for number in 0..self.graph.nodes() as u32 {
            ids.push(&self.people.id(number));
        }
        files::publish(&self.dir, &csr, &ids, commit.last)?;
        self.reload()
    }

    /// [`Network::fold`], once the log is so long that openings, which read it, and answers would become slower. It counts
    /// every change, those too that were taken back or say again what was known.
    ///
    /// # Errors
    /// As there.
    pub fn fold_if_large(&mut self) -> Result<bool, NetworkError> {
        let folded = self.graph.base().map_or(0, |file| file.sequence());
        let changes = self.view.sequence() - folded;
        let large = changes >= FOLD_FROM && changes >= self.graph.edges() / 10;
        if large {
            self.fold()?;
        }
        Ok(large)
    }

    pub(super) fn reload(&mut self) -> Result<(), NetworkError> {
        self.view = self.store.view()?;
        let file = match files::open_current(&self.dir) {
            Some(file) => std::sync::Arc::new(file),
            None => files::rebuild(&self.dir, &self.view)?,
        };
        self.people = super::People::new(std::sync::Arc::clone(&file));
        self.graph = nigh_graph::Graph::new(Some(file));
        self.rules = super::Rules::new(self.view.rules()?);
        self.erasing = self.view.is_erasing()?;
        Ok(())
    }

    pub(super) fn commit(&mut self, changes: &[NetworkChange]) -> Result<(), NetworkError> {
        self.store.apply(changes, Durability::Synced)?;
        for change in changes {
            self.adopt(change);
        }
        self.view = self.store.view()?;
        Ok(())
    }

    fn two(&self, a: &str, b: &str) -> Result<(u32, u32), PeopleError> {
        match a == b {
            true => Err(PeopleError::Same { id: a.to_owned() }),
            false => Ok((self.find(a)?, self.find(b)?)),
        }
    }
}
