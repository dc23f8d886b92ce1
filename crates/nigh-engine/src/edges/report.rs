//! What was read, and what was left out of it.

use std::path::PathBuf;

/// How many rejected rows are described.
const DESCRIBED: usize = 20;

/// What [`read_edges`](super::read_edges) found.
///
/// `pairs = edges + self_loops + duplicates + both_ways`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeReport {
    /// Each file in the order given.
    pub files: Vec<EdgeFile>,
    /// Rows of all files, without blank lines, comments and headers.
    pub rows: u64,
    /// Pairs of ids in the rows taken: as many as these in a table, one for each friend in an adjacency list.
    pub pairs: u64,
    /// People, those without an edge included.
    pub people: u64,
    /// Edges, each counted once.
    pub edges: u64,
    /// Pairs of a person with themselves, left out; the person stays.
    pub self_loops: u64,
    /// Pairs that repeat an earlier one in the same direction.
    pub duplicates: u64,
    /// Edges that were given in both directions.
    pub both_ways: u64,
    /// Edges that were given in one direction only.
    pub one_way: u64,
    /// Rows that could not be taken.
    pub rejected: Rejects,
    /// Whether any file has times.
    pub timed: bool,
    /// Whether any file has weights.
    pub weighted: bool,
}

/// One file of edges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it was taken for: `space-separated, no header, from = 1, to = 2, time = 3 (seconds)`.
    pub format: String,
    /// Its rows, without blank lines, comments and the header.
    pub rows: u64,
}

/// Rows, and friends in adjacency lists, that could not be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejects {
    /// How many.
    pub count: u64,
    /// The first 20, each a sentence that names the file, the row and the column.
    pub first: Vec<String>,
}

impl Rejects {
    pub(super) fn add(&mut self, sentence: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < DESCRIBED {
            self.first.push(sentence());
        }
    }
}

impl EdgeReport {
    /// The report in sentences, for a person.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for file in &self.files {
            let (path, rows) = (file.path.display(), file.rows);
            lines.push(format!("{path}: {}; {rows} rows", file.format));
        }
        lines.push(format!("{} people, {} edges", self.people, self.edges));
        let counted = [
            (self.self_loops, "of a person with themselves left out"),
            (self.duplicates, "that repeat an earlier one merged"),
        ];
        for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
            lines.push(format!("{count} pairs {what}"));
        }
        lines.extend(self.directions());
        if self.rejected.count > 0 {
            lines.push(format!("{} rows rejected", self.rejected.count));
            lines.extend(self.rejected.first.iter().cloned());
        }
        lines
    }

    /// Whether the list gives most edges in both directions, so that an edge in one only is likely a slip.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.both_ways > self.one_way
    }

    fn directions(&self) -> Option<String> {
        let (both, one) = (self.both_ways, self.one_way);
        match (both, one) {
            (0, _) | (_, 0) => None,
            _ if self.is_symmetric() => Some(format!(
                "{one} edges are given in one direction only, while {both} are given in both; taken as undirected"
            )),
            _ => Some(format!(
                "{both} edges are given in both directions and {one} in one, as in a directed list; taken as undirected"
            )),
        }
    }
}
