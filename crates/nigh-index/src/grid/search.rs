//! One search: gather rows from buckets, compare them, keep the best.

use rayon::prelude::*;

use super::probes::Probes;
use super::scratch::Scratch;
use super::{Grid, GridSearch};
use crate::allowed::Allowed;
use crate::neighbor::Neighbor;
use crate::scan;
use crate::search::{Found, SearchError};
use crate::top_k::TopK;

/// Looking at a row number in a bucket takes this small a part of the time that comparing a row takes: 2 to 4 ns against
/// 30 to 200. Beyond, comparing all allowed rows is the faster plan.
const NUMBERS_PER_ROW: usize = 16;

/// What looking up a bucket takes, in row numbers.
const NUMBERS_PER_BUCKET: usize = 8;

/// A search with a filter meets so many times the rows that it would meet without: what the filter leaves lies farther out,
/// where buckets tell less.
const FILTERED: usize = 2;

/// Allowed rows to meet before judging where a filter leaves rows.
const SURVEYED: usize = 32;

/// How many of the best of them to judge by, at least: so many that chance seldom doubles their rank.
const JUDGED: usize = 10;

/// How many times farther down than expected allowed rows may come among all rows met.
const FAR: f64 = 2.0;

/// Rows compared at a time: a task's share.
const SHARE_BYTES: usize = 256 << 10;

/// The rows that may be returned, and how many they are.
#[derive(Clone, Copy)]
pub(crate) struct Filter<'a> {
    allowed: &'a Allowed,
    count: usize,
}

impl<'a> Filter<'a> {
    pub(crate) fn new(allowed: &'a Allowed) -> Filter<'a> {
        let count = allowed.count();
        Filter { allowed, count }
    }
}

impl Grid {
    pub(super) fn search_each(
        &self,
        queries: &[f32],
        params: &GridSearch,
        filter: Option<Filter<'_>>,
    ) -> Vec<Found> {
        let alone = params.with_threads(1);
        let some = |queries: &[f32]| -> Vec<Found> {
            self.pool.with(self.len(), |scratch| {
                let each = queries.chunks_exact(self.dim());
                each.map(|query| self.search_prepared(query, &alone, filter, scratch))
                    .collect()
            })
        };
        let count = queries.len() / self.dim();
        let share = count.div_ceil(scan::tasks(params.threads)).max(1);
        if share >= count {
            return some(queries);
        }
        queries
            .par_chunks(share * self.dim())
            .flat_map_iter(some)
            .collect()
    }

    pub(super) fn prepare_batch(&self, queries: &[f32]) -> Result<Vec<f32>, SearchError> {
        let (dim, received) = (self.dim(), queries.len());
        if !received.is_multiple_of(dim) {
            return Err(SearchError::Batch { dim, received });
        }
        let mut prepared = queries.to_vec();
        for (query, values) in prepared.chunks_exact_mut(dim).enumerate() {
            let checked = self.metric().prepare(values);
            checked.map_err(|source| SearchError::Query { query, source })?;
        }
        Ok(prepared)
    }

    pub(super) fn search_prepared(
        &self,
        query: &[f32],
        params: &GridSearch,
        filter: Option<Filter<'_>>,
        scratch: &mut Scratch,
    ) -> Found {
        scratch.start_over();
        let gathered = self.gather(query, params, filter, scratch);
        if !gathered.enough {
            self.gather_all(filter, &mut scratch.candidates);
        }
        self.score(
            query,
            params.threads,
            &scratch.candidates,
            &mut scratch.scores,
        );
        Found {
            neighbors: self.best(params.k, scratch),
            visited_lists: gathered.buckets,
            distances: scratch.candidates.len(),
            ..Found::default()
        }
    }

    /// Collects the rows to compare from the buckets nearest to the query.
    fn gather(
        &self,
        query: &[f32],
        params: &GridSearch,
        filter: Option<Filter<'_>>,
        scratch: &mut Scratch,
    ) -> Gathered {
        let mut plan = Plan::new(params, self.len(), filter);
        if plan.k >= plan.possible {
            return Gathered {
                buckets: 0,
                enough: false,
            };
        }
        self.file.center.query(query, &mut scratch.point);
        let changes = plan.changes(self.tables());
        let mut hashes = std::mem::take(&mut scratch.hashes);
        self.hasher
            .hashes(&scratch.point, changes, &mut scratch.rotated, &mut hashes);
        let mut probes = Probes::new(&hashes);
        let mut enough = self.look(&mut probes, &mut plan, filter, scratch);
        if filter.is_some() && enough {
            plan.wanted = plan.wanted.max(FILTERED * plan.met_by_probes);
            enough = !plan.all_is_faster()
                && !self.is_far(query, &plan, params.threads, scratch)
                && self.look(&mut probes, &mut plan, filter, scratch);
        }
        scratch.hashes = hashes;
        let buckets = plan.buckets;
        Gathered { buckets, enough }
    }

    /// Looks into buckets until the plan is met; says whether it was.
    fn look(
        &self,
        probes: &mut Probes<'_>,
        plan: &mut Plan,
        filter: Option<Filter<'_>>,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch {
            visited,
            candidates,
            ..
        } = scratch;
        while !plan.is_met(candidates.len()) {
            let Some(bucket) = probes
                .next()
                .filter(|_| !plan.is_overspent(candidates.len()))
            else {
                return false;
            };
            let rows = self.file.bucket(bucket.table, bucket.code);
            let new = rows.iter().copied().filter(|&row| visited.insert(row));
            match filter {
                None => candidates.extend(new),
                Some(filter) => {
                    candidates.extend(new.filter(|&row| filter.allowed.contains(row as usize)))
                }
            }
            plan.looked_into(rows.len(), visited.rows().len());
        }
        true
    }

    /// Whether a filter leaves less near the query than elsewhere. Buckets lead to what is near; what is far lies in all
    /// directions. The rows met so far tell: the best allowed ones should not be far down among all of them.
    fn is_far(&self, query: &[f32], plan: &Plan, threads: usize, scratch: &mut Scratch) -> bool {
        let mut scores = std::mem::take(&mut scratch.scores);
        self.score(query, threads, &scratch.candidates, &mut scores);
        let count = plan.k.max(JUDGED).min(scores.len());
        let floor = *scores
            .select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a))
            .1;
        self.score(query, threads, scratch.visited.rows(), &mut scores);
        let rank = scores.iter().filter(|&&score| score >= floor).count();
        scratch.scores = scores;
        rank as f64 > FAR * plan.among_all(count)
    }

    fn gather_all(&self, filter: Option<Filter<'_>>, candidates: &mut Vec<u32>) {
        let everything = 0..self.len();
        candidates.clear();
        match filter {
            None => candidates.extend(everything.map(|row| row as u32)),
            Some(filter) => {
                candidates.extend(filter.allowed.in_range(everything).map(|row| row as u32))
            }
        }
    }

    /// Compares the query with some rows.
    fn score(&self, query: &[f32], threads: usize, rows: &[u32], scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(rows.len(), 0.0);
        let vectors = &self.file.vectors[..];
        let some = |(rows, scores): (&[u32], &mut [f32])| {
            self.metric().score_selected(query, vectors, rows, scores)
        };
        let worthwhile = (SHARE_BYTES / (4 * self.dim())).max(1);
        let share = rows.len().div_ceil(scan::tasks(threads)).max(worthwhile);
        if share >= rows.len() {
            return some((rows, scores));
        }
        rows.par_chunks(share)
            .zip(scores.par_chunks_mut(share))
            .for_each(some);
    }

    /// The best `k` candidates. Labels lie all over memory and few are needed: first the score to reach is found, without them.
    fn best(&self, k: usize, scratch: &Scratch) -> Vec<Neighbor> {
        let scored = || scratch.candidates.iter().zip(&scratch.scores);
        let mut first = TopK::new(k);
        for (&row, &score) in scored() {
            let label = u64::from(row);
            first.push(Neighbor { label, score });
        }
        let Some(floor) = first.into_sorted().last().map(|worst| worst.score) else {
            return Vec::new();
        };
        let mut best = TopK::new(k);
        for (&row, &score) in scored().filter(|(_, score)| **score >= floor) {
            let label = self.file.labels[row as usize];
            best.push(Neighbor { label, score });
        }
        best.into_sorted()
    }
}

/// How gathering ended.
struct Gathered {
    /// Buckets that rows were taken from.
    buckets: usize,
    /// Whether the candidates are enough; otherwise all allowed rows must be compared.
    enough: bool,
}

/// How far to go.
struct Plan {
    k: usize,
    rows: usize,
    /// Allowed rows.
    possible: usize,
    probes: usize,
    /// Allowed rows to meet.
    wanted: usize,
    /// Rows met, allowed or not, in the buckets asked for.
    met_by_probes: usize,
    buckets: usize,
    /// What was spent on looking, in row numbers.
    numbers: usize,
}

impl Plan {
    fn new(params: &GridSearch, rows: usize, filter: Option<Filter<'_>>) -> Plan {
        let surveyed = if filter.is_some() { SURVEYED } else { 0 };
        Plan {
            k: params.k,
            rows,
            possible: filter.map_or(rows, |filter| filter.count),
            probes: params.probes.max(1),
            wanted: params.k.max(surveyed),
            met_by_probes: 0,
            buckets: 0,
            numbers: 0,
        }
    }

    /// Changes worth knowing for each piece of a code. Several tables share the probes, and changes of several pieces combine;
    /// a sequence that ends early is made up for by comparing everything.
    fn changes(&self, tables: usize) -> usize {
        let stretch = self.rows / self.possible.max(1);
        let per_table = self.probes.saturating_mul(stretch) / tables;
        per_table.saturating_mul(4).saturating_add(16)
    }

    /// Takes note of a bucket of `rows` rows, with which `met` different ones were met.
    fn looked_into(&mut self, rows: usize, met: usize) {
        self.numbers += NUMBERS_PER_BUCKET + rows;
        self.buckets += usize::from(rows > 0);
        if self.buckets <= self.probes {
            self.met_by_probes = met;
        }
    }

    fn is_met(&self, candidates: usize) -> bool {
        self.buckets >= self.probes && candidates >= self.wanted
    }

    /// Whether comparing all allowed rows takes less time than looking has taken.
    fn is_overspent(&self, candidates: usize) -> bool {
        self.numbers > self.limit() || 2 * candidates > self.possible
    }

    /// Whether comparing all allowed rows takes less time than looking for those wanted, if they are spread evenly.
    fn all_is_faster(&self) -> bool {
        self.among_all(self.wanted) > self.limit() as f64 || 2 * self.wanted > self.possible
    }

    /// Among how many rows there are so many allowed ones, if they are spread evenly.
    fn among_all(&self, allowed: usize) -> f64 {
        allowed as f64 * self.rows as f64 / self.possible as f64
    }

    fn limit(&self) -> usize {
        self.possible.saturating_mul(NUMBERS_PER_ROW)
    }
}
