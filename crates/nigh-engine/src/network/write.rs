//! Changes: on disk first, then in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

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

/// A change that was held against a network as it is: what is to be written, and what that does.
///
/// Planning and writing leave the network as it is, so that others may read it meanwhile; [`Network::adopt`] follows. Whoever does so
/// sees to it that nothing else changes the network between: people are named by numbers.
#[derive(Debug)]
pub struct Planned<T> {
    changes: Vec<NetworkChange>,
    outcome: T,
}

/// A change that is on disk, and not yet in memory.
#[derive(Debug)]
#[must_use = "the network answers as before until it is adopted"]
pub struct Written<T>(Planned<T>);

impl<T> Planned<T> {
    fn one(change: NetworkChange, outcome: T) -> Planned<T> {
        Planned {
            changes: vec![change],
            outcome,
        }
    }
}

/// Who is not to be shown to whom, by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleOf<'a> {
    /// The second is never suggested to the first again.
    Dismissed(&'a str, &'a str),
    /// The first blocked the second: neither is suggested to the other, nor named in a reason.
    Blocked(&'a str, &'a str),
    /// Whose friends are not told: the person is neither named nor counted as anybody's friend in a reason.
    HidesFriends(&'a str),
    /// The person is suggested to nobody.
    OptedOut(&'a str),
}

impl Network {
    /// Plans to add friendships, all or none. People who are not there come.
    ///
    /// # Errors
    /// [`NetworkError::People`] for a row that cannot be.
    pub fn plan_edges(&self, rows: &[EdgeRow]) -> Result<Planned<Added>, NetworkError> {
        let mut new: HashMap<&str, u32> = HashMap::new();
        let mut pairs: HashSet<(u32, u32)> = HashSet::new();
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
            let known = (a.max(b) as usize) < self.people.len() && self.graph.has_edge(a, b);
            if !known {
                pairs.insert((a.min(b), a.max(b)));
            }
            let (time, weight) = (row.time, row.weight);
            changes.push(NetworkChange::add(Edge { a, b, time, weight }));
        }
        let outcome = Added {
            edges: pairs.len(),
            updated: rows.len() - pairs.len(),
            people: new.len(),
        };
        Ok(Planned { changes, outcome })
    }

    /// Plans to set what is known of a person; whether the person comes with it.
    ///
    /// # Errors
    /// [`PeopleError::Length`] and [`PeopleError::TooMany`].
    pub fn plan_person(
        &self,
        id: &str,
        attributes: BTreeMap<String, Value>,
    ) -> Result<Planned<bool>, NetworkError> {
        let (bytes, limit) = (id.len(), MAX_ID_BYTES);
        if bytes == 0 || bytes > limit {
            return Err(PeopleError::Length { bytes, limit }.into());
        }
        if let Some(number) = self.people.find(id) {
            let change = NetworkChange::SetAttributes(number, attributes);
            return Ok(Planned::one(change, false));
        }
        if self.people.len() as u32 >= MAX_PEOPLE {
            return Err(PeopleError::TooMany { limit: MAX_PEOPLE }.into());
        }
        let id = id.to_owned();
        let person = Person { id, attributes };
        Ok(Planned::one(NetworkChange::AddPerson(person), true))
    }

    /// Plans to remove a friendship; whether there is one.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`].
    pub fn plan_removal(&self, a: &str, b: &str) -> Result<Planned<bool>, NetworkError> {
        let (a, b) = (self.find(a)?, self.find(b)?);
        let found = self.graph.has_edge(a, b);
        let removal = found.then_some(NetworkChange::RemoveEdge(a, b));
        Ok(Planned {
            changes: removal.into_iter().collect(),
            outcome: found,
        })
    }

    /// Plans to lay a rule down.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn plan_rule(&self, rule: RuleOf<'_>) -> Result<Planned<()>, NetworkError> {
        let change = NetworkChange::AddRule(self.rule(rule)?);
        Ok(Planned::one(change, ()))
    }

    /// Plans to take a rule back; whether it holds. Where two blocked each other they stay apart until both take it back.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn plan_taking_back(&self, rule: RuleOf<'_>) -> Result<Planned<bool>, NetworkError> {
        let rule = self.rule(rule)?;
        let held = self.rules.holds(rule);
        let removal = held.then_some(NetworkChange::RemoveRule(rule));
        Ok(Planned {
            changes: removal.into_iter().collect(),
            outcome: held,
        })
    }

    /// Writes what was planned; it is on disk when this returns.
    ///
    /// # Errors
    /// [`NetworkError::Write`]; nothing was written then.
    pub fn write<T>(&self, planned: Planned<T>) -> Result<Written<T>, NetworkError> {
        if !planned.changes.is_empty() {
            self.store.apply(&planned.changes, Durability::Synced)?;
        }
        Ok(Written(planned))
    }

    /// Takes what was written into memory.
    ///
    /// # Errors
    /// [`NetworkError::Read`].
    pub fn adopt<T>(&mut self, Written(planned): Written<T>) -> Result<T, NetworkError> {
        if !planned.changes.is_empty() {
            planned
                .changes
                .iter()
                .for_each(|change| self.adopt_one(change));
            self.view = self.store.view()?;
        }
        Ok(planned.outcome)
    }

    /// Writes what was planned and takes it into memory.
    ///
    /// # Errors
    /// [`NetworkError::Write`] and [`NetworkError::Read`].
    pub fn apply<T>(&mut self, planned: Planned<T>) -> Result<T, NetworkError> {
        let written = self.write(planned)?;
        self.adopt(written)
    }

    fn rule(&self, rule: RuleOf<'_>) -> Result<Rule, PeopleError> {
        Ok(match rule {
            RuleOf::Dismissed(person, other) => {
                let (person, other) = self.two(person, other)?;
                Rule::Dismissed(person, other)
            }
            RuleOf::Blocked(person, other) => {
                let (person, other) = self.two(person, other)?;
                Rule::Blocked(person, other)
            }
            RuleOf::HidesFriends(person) => Rule::HidesFriends(self.find(person)?),
            RuleOf::OptedOut(person) => Rule::OptedOut(self.find(person)?),
        })
    }

    /// [`Network::plan_edges`], written and taken over.
    ///
    /// # Errors
    /// As there, and [`NetworkError::Write`].
    pub fn add_edges(&mut self, rows: &[EdgeRow]) -> Result<Added, NetworkError> {
        self.apply(self.plan_edges(rows)?)
    }

    /// [`Network::plan_person`], written and taken over.
    ///
    /// # Errors
    /// As there, and [`NetworkError::Write`].
    pub fn put_person(
        &mut self,
        id: &str,
        attributes: BTreeMap<String, Value>,
    ) -> Result<bool, NetworkError> {
        self.apply(self.plan_person(id, attributes)?)
    }

    /// [`Network::plan_removal`], written and taken over.
    ///
    /// # Errors
    /// As there, and [`NetworkError::Write`].
    pub fn remove_edge(&mut self, a: &str, b: &str) -> Result<bool, NetworkError> {
        self.apply(self.plan_removal(a, b)?)
    }

    /// [`RuleOf::Dismissed`] holds, durable when this returns.
    ///
    /// # Errors
    /// [`PeopleError`] and [`NetworkError::Write`].
    pub fn dismiss(&mut self, person: &str, other: &str) -> Result<(), NetworkError> {
        self.apply(self.plan_rule(RuleOf::Dismissed(person, other))?)
    }

    /// [`RuleOf::Blocked`] holds, durable when this returns.
    ///
    /// # Errors
    /// [`PeopleError`] and [`NetworkError::Write`].
    pub fn block(&mut self, person: &str, other: &str) -> Result<(), NetworkError> {
        self.apply(self.plan_rule(RuleOf::Blocked(person, other))?)
    }

    /// [`RuleOf::HidesFriends`] holds, durable when this returns.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] and [`NetworkError::Write`].
    pub fn hide_list(&mut self, person: &str) -> Result<(), NetworkError> {
        self.apply(self.plan_rule(RuleOf::HidesFriends(person))?)
    }

    /// [`RuleOf::OptedOut`] holds, durable when this returns.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`] and [`NetworkError::Write`].
    pub fn opt_out(&mut self, person: &str) -> Result<(), NetworkError> {
        self.apply(self.plan_rule(RuleOf::OptedOut(person))?)
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
        self.apply(Planned {
            changes,
            outcome: (),
        })?;
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
        self.write_anew()?;
        self.reload()
    }

    /// The longer part of [`Network::fold`], which leaves what is in memory as it is: [`Network::reload`] follows, and nothing may
    /// change the network between.
    ///
    /// # Errors
    /// As there.
    pub fn write_anew(&self) -> Result<(), NetworkError> {
        let csr = self.checked_csr()?;
        let commit = self.store.fold(std::iter::empty(), csr.iter_edges())?;
        let mut ids = nigh_graph::Ids::Integers(Vec::new());
        for number in 0..self.graph.nodes() as u32 {
            ids.push(&self.people.id(number));
        }
        files::publish(&self.dir, &csr, &ids, commit.last)?;
        Ok(())
    }

    /// Whether the log is so long that openings, which read it, and answers become slower. It counts every change, those too that were
    /// taken back or say again what was known.
    #[must_use]
    pub fn wants_folding(&self) -> bool {
        let folded = self.graph.base().map_or(0, |file| file.sequence());
        let changes = self.view.sequence() - folded;
        changes >= FOLD_FROM && changes >= self.graph.edges() / 10
    }

    /// [`Network::fold`], where it [is wanted](Network::wants_folding).
    ///
    /// # Errors
    /// As there.
    pub fn fold_if_large(&mut self) -> Result<bool, NetworkError> {
        let large = self.wants_folding();
        if large {
            self.fold()?;
        }
        Ok(large)
    }

    /// Brings memory to what was written anew.
    ///
    /// # Errors
    /// [`NetworkError::Read`], and those of opening the mapped file.
    pub fn reload(&mut self) -> Result<(), NetworkError> {
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

    fn two(&self, a: &str, b: &str) -> Result<(u32, u32), PeopleError> {
        match a == b {
            true => Err(PeopleError::Same { id: a.to_owned() }),
            false => Ok((self.find(a)?, self.find(b)?)),
        }
    }
}
