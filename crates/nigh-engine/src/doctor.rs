//! Is a collection whole, and is what was erased gone? Everything is looked at, and nothing is changed.

use std::path::{Path, PathBuf};

use nigh_store::{Header, Kind, OpenError, ReadError};
use serde::Serialize;
use thiserror::Error;

use crate::{catalog, network};

/// What was found in a collection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// What the collection holds.
    pub kind: Kind,
    /// One for each thing that was looked at.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// How many checks found something wrong.
    #[must_use]
    pub fn wrong(&self) -> usize {
        let wrong = |check: &&Check| check.verdict == Verdict::Wrong;
        self.checks.iter().filter(wrong).count()
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What is there, or what is wrong and what to do.
    pub sentence: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It cannot be told.
    Unclear,
    /// Not as it should be.
    Wrong,
}

/// Why a folder cannot be looked at.
#[derive(Debug, Error)]
pub enum DoctorError {
    /// It is no collection, or cannot be opened now.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file of it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Only people are erased.
    #[error("{} holds a catalog: people are erased from networks", path.display())]
    NoPeople {
        /// The folder.
        path: PathBuf,
    },
    /// The text by which somebody was known.
    #[error("the id of the erased person is empty")]
    EmptyId,
}

/// Looks at the collection at `dir`; and for what is left of somebody who was erased, by the id that they had.
///
/// It is read as any reader reads it: beside a writer it cannot be, and a store whose writer was killed is repaired first. A
/// derived file that is broken is told and not written again, as opening the collection would.
///
/// # Errors
/// [`DoctorError`], where nothing can be said. What is wrong with a collection is no error.
pub fn diagnose(dir: &Path, erased: Option<&str>) -> Result<Diagnosis, DoctorError> {
    let header = Header::read(dir)?;
    let kind = header.kind;
    let first = Check::ok(
        "header",
        format!(
            "a {kind}, made by nigh {} at {}",
            header.program, header.created
        ),
    );
    let mut checks = vec![first];
    checks.extend(match (kind, erased) {
        (Kind::Catalog, None) => catalog::examine(dir, &header)?,
        (Kind::Catalog, Some(_)) => {
            let path = dir.to_owned();
            return Err(DoctorError::NoPeople { path });
        }
        (Kind::Network, Some("")) => return Err(DoctorError::EmptyId),
        (Kind::Network, erased) => network::examine(dir, erased)?,
    });
    Ok(Diagnosis { kind, checks })
}

impl Check {
    pub(crate) fn ok(name: &'static str, sentence: impl Into<String>) -> Check {
        Check {
            name,
            verdict: Verdict::Ok,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn wrong(name: &'static str, sentence: impl ToString) -> Check {
        Check {
            name,
            verdict: Verdict::Wrong,
            sentence: sentence.to_string(),
        }
    }
}

/// The check of a store that opened or did not; an error where that says nothing of the store.
pub(crate) fn opened<T>(result: Result<T, OpenError>) -> Result<Result<T, Check>, DoctorError> {
    match result {
        Ok(store) => Ok(Ok(store)),
        Err(damaged @ OpenError::Damaged { .. }) => Ok(Err(Check::wrong("store", damaged))),
        Err(other) => Err(other.into()),
    }
}

/// The check of a store of which something cannot be read.
pub(crate) fn unreadable(error: &ReadError) -> Check {
    Check::wrong("store", error)
}

/// So many findings of a check are told.
const TOLD: usize = 3;

/// What one check found wrong.
#[derive(Default)]
pub(crate) struct Findings {
    count: usize,
    told: Vec<String>,
}

impl Findings {
    pub(crate) fn add(&mut self, sentence: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(sentence());
        }
    }

    /// The check: `fine` where nothing was found.
    pub(crate) fn check(self, name: &'static str, fine: impl Into<String>) -> Check {
        match self.count.saturating_sub(self.told.len()) {
            _ if self.count == 0 => Check::ok(name, fine),
            0 => Check::wrong(name, self.told.join("; ")),
            more => Check::wrong(name, format!("{}; and {more} more", self.told.join("; "))),
        }
    }
}
