//! Which answers count as right.

use nigh_index::{Found, Metric, Neighbor};

use super::files::VectorFile;
use super::queries::Queries;
use super::truth::{Truth, TruthError, check_dimension};
use super::watch::Watch;

/// How many neighbours are counted, and asked for but for those that are the query itself.
pub(crate) const RECALL_AT: usize = 10;

/// The answers without what is the query itself, ten at most.
pub(crate) fn others(found: Vec<Found>, queries: &Queries) -> Vec<Found> {
    let mut found = found;
    for (query, found) in found.iter_mut().enumerate() {
        let own = queries.own(query);
        found.neighbors.retain(|hit| !own.contains(&hit.label));
        found.neighbors.truncate(RECALL_AT);
    }
    found
}

/// Queries whose neighbours are out of order, as a share, from which a truth is not believed.
const MOST_DISORDERED: f64 = 0.05;

/// The ids that count as one of the ten nearest, for each query: those that the truth names first,
/// and those that are as near as the tenth.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// Sorted, of all queries.
    ids: Vec<u64>,
    /// Where those of each query begin, and the end.
    starts: Vec<usize>,
    /// For each query the score from which on a neighbour counts whatever its id; infinite where ids alone tell.
    enough: Vec<f32>,
}

impl Accepted {
    /// Holds a truth against the base and the queries it should be of, in one pass over the base.
    ///
    /// A neighbour beyond the tenth counts as well where it is at the tenth's distance: by the distances
    /// of the truth file, or by the scores computed anew.
    ///
    /// # Errors
    /// If the truth is about other queries or another base, its neighbours are not in order, or it
    /// names fewer than ten.
    pub fn new(
        truth: &Truth,
        base: &VectorFile,
        queries: &Queries,
        metric: Metric,
        watch: &Watch<'_>,
    ) -> Result<Accepted, TruthError> {
        check_counts(truth, base, queries)?;
        let scores = truth.rescore(base, queries.values(), metric, watch)?;
        check_order(&scores, truth.k, metric)?;
        let mut accepted = Accepted {
            ids: Vec::new(),
            starts: vec![0],
            enough: vec![f32::INFINITY; truth.queries()],
        };
        for query in 0..truth.queries() {
            let range = query * truth.k..(query + 1) * truth.k;
            let given = truth.distances.as_ref();
            let given = given.map(|distances| &distances[range.clone()]);
            accepted.push(&truth.ids[range.clone()], &scores[range], given);
        }
        Ok(accepted)
    }

    /// The labels of exact results of at most ten neighbours, and whatever is as near as the last of them.
    pub(crate) fn of(exact: &[Found]) -> Accepted {
        let last = |found: &Found| found.neighbors.last().map_or(f32::INFINITY, |n| n.score);
        let mut accepted = Accepted {
            ids: Vec::new(),
            starts: vec![0],
            enough: exact.iter().map(last).collect(),
        };
        for found in exact {
            let start = accepted.ids.len();
            accepted.ids.extend(found.neighbors.iter().map(|n| n.label));
            accepted.ids[start..].sort_unstable();
            accepted.starts.push(accepted.ids.len());
        }
        accepted
    }

    fn push(&mut self, ids: &[i32], scores: &[f32], given: Option<&[f32]>) {
        let last = RECALL_AT - 1;
        let ties = |values: &[f32], rank: usize| values[rank] == values[last];
        let counts = |rank: &usize| {
            *rank <= last || ties(scores, *rank) || given.is_some_and(|given| ties(given, *rank))
        };
        let start = self.ids.len();
        let ranks = (0..ids.len()).filter(counts);
        self.ids.extend(ranks.map(|rank| ids[rank] as u64));
        self.ids[start..].sort_unstable();
        self.starts.push(self.ids.len());
    }

    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.starts.len() - 1
    }

    /// The mean share of the ten nearest that were found.
    pub fn recall(&self, found: &[Found]) -> f64 {
        self.shares(found).iter().sum::<f64>() / found.len().max(1) as f64
    }

    /// Of each query the share of the ten nearest that were found; of all, where there are fewer than ten.
    pub(super) fn shares(&self, found: &[Found]) -> Vec<f64> {
        let share = |(query, found): (usize, &Found)| {
            let accepted = &self.ids[self.starts[query]..self.starts[query + 1]];
            if accepted.is_empty() {
                return 1.0;
            }
            let right = |hit: &&Neighbor| {
                hit.score >= self.enough[query] || accepted.binary_search(&hit.label).is_ok()
            };
            let hits = found.neighbors.iter().take(RECALL_AT).filter(right).count();
            hits as f64 / accepted.len().min(RECALL_AT) as f64
        };
        found.iter().enumerate().map(share).collect()
    }
}

fn check_counts(truth: &Truth, base: &VectorFile, queries: &Queries) -> Result<(), TruthError> {
    check_dimension((base.path(), base.dim()), (queries.path(), queries.dim()))?;
    if queries.len() != truth.queries() {
        return Err(TruthError::Queries {
            path: queries.path().to_owned(),
            queries: queries.len(),
            truth: truth.queries(),
        });
    }
    if truth.k < RECALL_AT {
        return Err(TruthError::TooShort {
            k: truth.k,
            needed: RECALL_AT,
        });
    }
    let outside = |id: &i32| usize::try_from(*id).map_or(true, |row| row >= base.rows());
    match truth.ids.iter().position(outside) {
        None => Ok(()),
        Some(at) => Err(TruthError::Row {
            query: at / truth.k,
            rank: at % truth.k,
            id: truth.ids[at],
            base: base.path().to_owned(),
            rows: base.rows(),
        }),
    }
}

fn check_order(scores: &[f32], k: usize, metric: Metric) -> Result<(), TruthError> {
    // Another program's rounding may swap two that are next to each other.
    let slack = |a: f32, b: f32| 1e-3 * a.abs().max(b.abs()).max(1e-6);
    let falls = |pair: &[f32]| match pair {
        &[a, b] => b - a <= slack(a, b) || a.is_nan() || b.is_nan(),
        _ => true,
    };
    let queries = scores.chunks_exact(k);
    let count = queries.len();
    let disordered = queries
        .filter(|scores| !scores.windows(2).all(falls))
        .count();
    if disordered as f64 <= MOST_DISORDERED * count as f64 {
        return Ok(());
    }
    Err(TruthError::Order {
        disordered,
        queries: count,
        metric,
    })
}
