//! Files of held-out friendships.

use std::path::{Path, PathBuf};

/// Friendships that are kept from the network, and the people whose suggestions are looked at.
#[derive(Clone, Debug, Default)]
pub struct Holdout {
    /// Pairs of ids.
    pub edges: Vec<(String, String)>,
    /// Ids; everybody in `edges` where there are none.
    pub users: Vec<String>,
}

/// Why a file of held-out friendships cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HoldoutError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A row is no pair.
    #[error("{} line {line}: two ids were expected, {found} found", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// How many words there were.
        found: usize,
    },
    /// There is nothing to find.
    #[error("{} holds no friendships", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Reads held-out friendships, two ids by line, and people, one by line; blanks, tabs or commas between.
///
/// # Errors
/// [`HoldoutError`].
pub fn read_holdout(edges: &Path, users: Option<&Path>) -> Result<Holdout, HoldoutError> {
    let mut holdout = Holdout::default();
    for (line, words) in rows(edges)? {
        match &words[..] {
            [a, b, ..] => holdout.edges.push((a.clone(), b.clone())),
            _ => {
                let (path, found) = (edges.to_owned(), words.len());
                return Err(HoldoutError::Row { path, line, found });
            }
        }
    }
    if holdout.edges.is_empty() {
        let path = edges.to_owned();
        return Err(HoldoutError::Empty { path });
    }
    if let Some(users) = users {
        let firsts = rows(users)?
            .into_iter()
            .map(|(_, mut words)| words.remove(0));
        holdout.users = firsts.collect();
    }
    Ok(holdout)
}

/// The words of each line that has any, with its number.
fn rows(path: &Path) -> Result<Vec<(usize, Vec<String>)>, HoldoutError> {
    let text = std::fs::read_to_string(path).map_err(|source| HoldoutError::Read {
        path: path.to_owned(),
        source,
    })?;
    let words = |line: &str| -> Vec<String> {
        let separators = |c: char| c.is_whitespace() || c == ',';
        let words = line.split(separators).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let rows = text
        .lines()
        .enumerate()
        .map(|(place, line)| (place + 1, words(line)));
    Ok(rows.filter(|(_, words)| !words.is_empty()).collect())
}
