//! Networks: people, edges and rules on the ledger.
//!
//! The edges are held twice at most: those of the last *fold* in chunks, sorted, and every later change in the log. A fold
//! writes all edges anew and cuts off the log before it, so that what was removed is gone from the disk's records too.

mod chunk;
mod fold;
mod view;

use std::collections::BTreeMap;
use std::path::Path;

use nigh_graph::Edge;
use serde::{Deserialize, Serialize};

use crate::item::encode_versioned;
use crate::{
    Commit, CopyError, Durability, Header, Kind, Ledger, OpenError, ReadError, Value, WriteError,
};
pub use view::{NetworkChanges, NetworkView};

pub(crate) const META: &str = "meta";
pub(crate) const PEOPLE: &str = "people";
pub(crate) const EDGES: &str = "edges";
pub(crate) const RULES: &str = "rules";
/// There while somebody was erased and the file was not written anew since.
pub(crate) const ERASING: &[u8] = b"erasing";
/// How many people a record holds.
pub(crate) const PEOPLE_A_CHUNK: u32 = 64;

/// A person of a network, by number: the place in the order in which people came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// What people know it by; empty where the person was erased.
    pub id: String,
    /// Attributes by name; one that is null is left out.
    pub attributes: BTreeMap<String, Value>,
}

/// What must not be suggested, or not be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// The first does not want to see the second any more.
    Dismissed(u32, u32),
    /// Neither is to see the other.
    Blocked(u32, u32),
    /// Whose list of friends is not to be told to others.
    HidesFriends(u32),
    /// Who is never to be suggested.
    OptedOut(u32),
}

/// One change of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NetworkChange {
    /// A person came, with the next number.
    AddPerson(Person),
    /// A person's attributes are these now.
    SetAttributes(u32, BTreeMap<String, Value>),
    /// An edge came, or changed its time and weight.
    AddEdge {
        /// One end.
        a: u32,
        /// The other end.
        b: u32,
        /// Seconds since 1970; 0 where unknown.
        time: i64,
        /// 1 where unknown.
        weight: f32,
    },
    /// An edge went.
    RemoveEdge(u32, u32),
    /// A rule holds.
    AddRule(Rule),
    /// A rule holds no more.
    RemoveRule(Rule),
    /// A person is gone, with edges and rules. The number is not given again.
    Erase(u32),
    /// All edges were written anew.
    Fold,
}

impl NetworkChange {
    /// The change that adds an edge.
    #[must_use]
    pub fn add(edge: Edge) -> NetworkChange {
        let Edge { a, b, time, weight } = edge;
        NetworkChange::AddEdge { a, b, time, weight }
    }
}

/// A durable network, open in this process.
#[derive(Debug)]
pub struct NetworkStore {
    ledger: Ledger,
}

impl NetworkStore {
    /// Creates an empty network in `folder` and opens it for writing.
    ///
    /// # Errors
    /// Those of [`Ledger::create`].
    pub fn create(folder: &Path) -> Result<NetworkStore, OpenError> {
        let header = Header::new(Kind::Network, 0, serde_json::Value::Null);
        let ledger = Ledger::create(folder, &header)?;
        Ok(NetworkStore { ledger })
    }

    /// Opens the network in `folder` for writing.
    ///
    /// # Errors
    /// [`OpenError::WrongKind`], and those of [`Ledger::open_writer`].
    pub fn open_writer(folder: &Path) -> Result<NetworkStore, OpenError> {
        NetworkStore::over(folder, Ledger::open_writer(folder)?)
    }

    /// Opens the network in `folder` for reading.
    ///
    /// # Errors
    /// [`OpenError::WrongKind`], and those of [`Ledger::open_reader`].
    pub fn open_reader(folder: &Path) -> Result<NetworkStore, OpenError> {
        NetworkStore::over(folder, Ledger::open_reader(folder)?)
    }

    /// The folder that holds the network.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.ledger.folder()
    }

    /// Compares every page of the store with its checksum; see [`Ledger::verify`].
    ///
    /// # Errors
    /// As there.
    pub fn verify(&self) -> Result<(), OpenError> {
        self.ledger.verify()
    }

    /// Everything as it is after the latest commit.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub fn view(&self) -> Result<NetworkView, ReadError> {
        Ok(NetworkView::new(self.ledger.view()?))
    }

    /// Writes changes, all or none, and returns their numbers. That they make sense is the caller's to know: people are named
    /// by the numbers that they have or get by these changes.
    ///
    /// # Errors
    /// Those of [`Batch::commit`](crate::Batch::commit).
    pub fn apply(
        &self,
        changes: &[NetworkChange],
        durability: Durability,
    ) -> Result<Commit, WriteError> {
        let mut batch = self.ledger.batch()?;
        let mut people = chunk::PeopleDraft::new(&batch)?;
        for change in changes {
            match change {
                NetworkChange::AddPerson(person) => people.push(&batch, person.clone())?,
                NetworkChange::SetAttributes(number, attributes) => {
                    people.get(&batch, *number)?.attributes = attributes.clone();
                }
                NetworkChange::AddRule(rule) => batch.put(RULES, rule_key(*rule), Vec::new()),
                NetworkChange::RemoveRule(rule) => batch.remove(RULES, rule_key(*rule)),
                NetworkChange::Erase(number) => {
                    *people.get(&batch, *number)? = Person::default();
                    batch.put(META, ERASING, Vec::new());
                }
                NetworkChange::AddEdge { .. }
                | NetworkChange::RemoveEdge(..)
                | NetworkChange::Fold => {}
            }
            batch.record(encode_versioned(change));
        }
        people.write(&mut batch);
        batch.commit(durability)
    }

    /// Writes all edges anew, sorted by their lower and then their higher end, without the log before. `people` come behind
    /// those there are, or in place of those of the same number.
    ///
    /// # Errors
    /// Those of [`Batch::commit`](crate::Batch::commit). Until the last commit the network is what it was.
    pub fn fold(
        &self,
        people: impl Iterator<Item = (u32, Person)>,
        edges: impl Iterator<Item = Edge>,
    ) -> Result<Commit, WriteError> {
        fold::fold(&self.ledger, people, edges)
    }

    /// Ends an erasure: writes the whole store anew, so that no byte of what was removed from it is left, not in what it has
    /// freed either; see [`Ledger::rewrite`]. Whatever is derived from the store is the caller's to write before, and the log to
    /// be cut by a [`NetworkStore::fold`]. Until this has returned, [`NetworkView::is_erasing`] says so. Views of before fail
    /// from here on.
    ///
    /// # Errors
    /// See [`CopyError`]; the erasure is to be ended again then.
    pub fn finish_erasing(&mut self) -> Result<(), CopyError> {
        self.ledger.rewrite()?;
        let mut batch = self.ledger.batch()?;
        batch.remove(META, ERASING);
        batch.commit(Durability::Synced)?;
        Ok(())
    }

    fn over(folder: &Path, ledger: Ledger) -> Result<NetworkStore, OpenError> {
        match ledger.header().kind {
            Kind::Network => Ok(NetworkStore { ledger }),
            found => Err(OpenError::WrongKind {
                path: folder.to_path_buf(),
                found,
                expected: Kind::Network,
            }),
        }
    }
}

pub(crate) fn rule_key(rule: Rule) -> Vec<u8> {
    let (kind, a, b) = match rule {
        Rule::Dismissed(a, b) => (0, a, b),
        Rule::Blocked(a, b) => (1, a, b),
        Rule::HidesFriends(a) => (2, a, 0),
        Rule::OptedOut(a) => (3, a, 0),
    };
    [&[kind][..], &a.to_be_bytes(), &b.to_be_bytes()].concat()
}

pub(crate) fn rule_of(key: &[u8]) -> Option<Rule> {
    let (&kind, ends) = key.split_first()?;
    let (a, b) = ends.split_at_checked(4)?;
    let a = u32::from_be_bytes(a.try_into().ok()?);
    let b = u32::from_be_bytes(b.try_into().ok()?);
    match kind {
        0 => Some(Rule::Dismissed(a, b)),
        1 => Some(Rule::Blocked(a, b)),
        2 => Some(Rule::HidesFriends(a)),
        3 => Some(Rule::OptedOut(a)),
        _ => None,
    }
}
