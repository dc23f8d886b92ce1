//! People you may know: a network of people, from its folder.
//!
//! [`Network`] holds the graph (a mapped file under what changed since), the ids, and the rules about who must not be shown.
//! Every change is on disk before it is in memory, and the next answer knows it.

mod around;
mod doctor;
mod error;
mod eval;
mod files;
mod import;
mod leftovers;
mod living;
mod people;
mod popular;
mod ranking;
mod reasons;
mod rules;
mod suggest;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use nigh_graph::{Adjacency, Edge, Graph};
use nigh_store::{Header, NetworkChange, NetworkStore, NetworkView, Schema};

pub use around::{Around, AroundKind, Neighborhood};
pub use error::{NetworkError, PeopleError};
pub use eval::{
    Holdout, HoldoutError, MethodMetrics, NetworkEval, evaluate, evaluate_newest, read_holdout,
};
pub use import::{ImportedPeople, import_people};
pub use living::Living;
pub use nigh_learn::LinkProgress;
pub use ranking::{About, TrainProgress, Trained};
pub use reasons::Reason;
pub use suggest::{SuggestOptions, SuggestReply, SuggestScratch, Suggestion};
pub use write::{Added, EdgeRow, Planned, RuleOf, Written};

pub(crate) use doctor::examine;
use people::People;
use popular::Popular;
use ranking::Ranking;
use rules::Rules;

/// A network that is open in this process: to read, or for the one writer to write.
pub struct Network {
    dir: PathBuf,
    store: NetworkStore,
    view: NetworkView,
    graph: Graph,
    people: People,
    rules: Rules,
    /// Read when it is first asked for: whoever only writes needs none.
    ranking: OnceLock<Result<Option<Ranking>, String>>,
    popular: OnceLock<Popular>,
    /// Whether an erasure is to be ended.
    erasing: bool,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// What a network holds.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct NetworkInfo {
    /// People, without those who were erased.
    pub people: usize,
    /// Friendships, each counted once.
    pub edges: u64,
    /// Bytes of the mapped file: lists, places and ids.
    pub file_bytes: u64,
    /// Edges that changed since that file was written.
    pub changed: usize,
    /// Whether any edge has a time.
    pub timed: bool,
    /// The number of the last change.
    pub sequence: u64,
}

impl Network {
    /// Whether the folder holds a collection, of whatever kind.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        Header::exists(dir)
    }

    /// Opens the network at `dir` to read. Its mapped file is written anew where it is missing, damaged or too old.
    ///
    /// # Errors
    /// [`NetworkError`]. While another process writes, reading is refused: an answer must know the latest rules.
    pub fn open(dir: &Path) -> Result<Network, NetworkError> {
        Network::load(dir, NetworkStore::open_reader(dir)?)
    }

    /// Opens the network at `dir` to write; one process at a time. What a writer that was cut off has left is removed, and an
    /// erasure that it began is ended.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn open_writer(dir: &Path) -> Result<Network, NetworkError> {
        let mut network = Network::load(dir, NetworkStore::open_writer(dir)?)?;
        leftovers::remove_leftovers(dir);
        if network.erasing {
            network.finish_erasing()?;
        }
        Ok(network)
    }

    /// Opens the network at `dir` to write, made where there is none.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn open_or_create(dir: &Path) -> Result<Network, NetworkError> {
        if dir.is_file() {
            let path = dir.to_owned();
            return Err(NetworkError::File { path });
        }
        match Header::exists(dir) {
            true => Network::open_writer(dir),
            false => Network::load(dir, NetworkStore::create(dir)?),
        }
    }

    /// What there is.
    #[must_use]
    pub fn info(&self) -> NetworkInfo {
        NetworkInfo {
            people: self.people.living(),
            edges: self.graph.edges(),
            file_bytes: self.graph.base().map_or(0, |file| file.file_bytes()),
            changed: self.graph.changed(),
            timed: self.graph.is_timed(),
            sequence: self.view.sequence(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Who knows whom.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The number of a person.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`].
    pub fn find(&self, id: &str) -> Result<u32, PeopleError> {
        let unknown = || PeopleError::Unknown { id: id.to_owned() };
        self.people.find(id).ok_or_else(unknown)
    }

    /// The id of a person; empty for one who was erased.
    #[must_use]
    pub fn id(&self, number: u32) -> String {
        self.people.id(number)
    }

    /// The names and types of people's attributes.
    ///
    /// # Errors
    /// [`NetworkError::Read`].
    pub fn schema(&self) -> Result<Schema, NetworkError> {
        let mut schema = Schema::default();
        for person in self.view.people()? {
            for (name, value) in &person.attributes {
                schema.include(name, value.kind());
            }
        }
        Ok(schema)
    }

    /// Whether a trained ranking is used.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        matches!(self.ranking(), Ok(Some(_)))
    }

    /// Why there is a trained ranking that cannot be used, if so.
    #[must_use]
    pub fn ranking_problem(&self) -> Option<&str> {
        self.ranking().err()
    }

    fn ranking(&self) -> Result<Option<&Ranking>, &str> {
        let ranking = self.ranking.get_or_init(|| {
            let (ranking, people) = (Ranking::open(&self.dir)?, self.graph.nodes());
            match ranking.as_ref().map(Ranking::people) {
                Some(known) if known > people => Err(format!(
                    "the tables are of {known} people, and there are {people}"
                )),
                _ => Ok(ranking),
            }
        });
        ranking.as_ref().map(Option::as_ref).map_err(String::as_str)
    }

    fn load(dir: &Path, store: NetworkStore) -> Result<Network, NetworkError> {
        let view = store.view()?;
        let file = match files::open_current(dir) {
            Some(file) if file.sequence() == view.fold()? => Arc::new(file),
            _ => files::rebuild(dir, &view)?,
        };
        let people = People::new(Arc::clone(&file));
        let from = file.sequence() + 1;
        let mut network = Network {
            dir: dir.to_owned(),
            graph: Graph::new(Some(file)),
            people,
            rules: Rules::new(view.rules()?),
            ranking: OnceLock::new(),
            popular: OnceLock::new(),
            erasing: view.is_erasing()?,
            view: view.clone(),
            store,
        };
        for change in view.changes(from)? {
            network.adopt_one(&change?.1);
        }
        Ok(network)
    }

    /// Does in memory what a change did on disk.
    fn adopt_one(&mut self, change: &NetworkChange) {
        match change {
            NetworkChange::AddPerson(person) => {
                self.people.push(&person.id);
                self.graph.grow(self.people.len());
            }
            &NetworkChange::AddEdge { a, b, time, weight } => {
                self.graph.add(Edge { a, b, time, weight });
            }
            &NetworkChange::RemoveEdge(a, b) => {
                self.graph.remove(a, b);
            }
            &NetworkChange::AddRule(rule) => self.rules.add(rule),
            &NetworkChange::RemoveRule(rule) => self.rules.remove(rule),
            &NetworkChange::Erase(number) => {
                self.erasing = true;
                self.forget(number);
            }
            NetworkChange::SetAttributes(..) | NetworkChange::Fold => {}
        }
    }

    fn forget(&mut self, number: u32) {
        let mut buffer = Vec::new();
        for friend in self.graph.neighbours(number, &mut buffer).to_vec() {
            self.graph.remove(number, friend);
        }
        self.people.erase(number);
        self.rules.erase(number);
    }
}
