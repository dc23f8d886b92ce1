//! What a search wants from newer rows.

use nigh_simd::Hit;

use super::filter::Filter;
use crate::coded::Considered;
use crate::metric::Metric;
use crate::neighbor::Neighbor;
use crate::rabitq::sign_slack;
use crate::search::{Mode, SearchParams};
use crate::top_k::TopK;

/// A query for the rows at a stamp, and the best that were found so far.
pub(crate) struct Ask<'a> {
    query: &'a [f32],
    metric: Metric,
    pub(crate) stamp: u64,
    pub(crate) filter: Option<&'a Filter>,
    /// Rows that were among the best when they were compared.
    pub(crate) found: Vec<Neighbor>,
    /// How many rows were compared after their codes.
    pub(crate) rescored: usize,
    /// Room for the hits of a tail.
    pub(crate) hits: Vec<Hit>,
    scores: Vec<f32>,
    best: TopK,
    seen: &'a Considered,
    margin: f32,
    /// From a score to the value that the segment's rows are compared by.
    scale: f32,
    offset: f32,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(
        query: &'a [f32],
        metric: Metric,
        params: &SearchParams,
        filter: Option<&'a Filter>,
        seen: &'a Considered,
        stamp: u64,
    ) -> Ask<'a> {
        let margin = match params.mode {
            Mode::Ivf(ivf) => ivf.margin,
            Mode::Exact => 0.0,
        };
        // −‖q − o‖², as values have it, is minus the squares of both and twice the product. What the coordinates lack of the query
        // no value has, and with inner products none has ‖o‖². A row of zeros is worth more than this says, hence never lost.
        let square = nigh_simd::dot(query, query);
        let (scale, offset) = match metric {
            Metric::L2 => (1.0, 0.0),
            Metric::Cosine => (2.0, -square - 1.0),
            Metric::InnerProduct => (2.0, -square),
        };
        Ask {
            query,
            metric,
            stamp,
            filter,
            found: Vec::new(),
            rescored: 0,
            hits: Vec::new(),
            scores: Vec::new(),
            best: TopK::new(params.k.max(seen.rescored)),
            seen,
            margin,
            scale,
            offset: offset + seen.lacking,
        }
    }

    /// Tells of rows that were found elsewhere: others have to be as near.
    pub(crate) fn know(&mut self, neighbors: &[Neighbor]) {
        neighbors.iter().for_each(|&neighbor| {
            self.best.push(neighbor);
        });
    }

    pub(crate) fn accepts(&self, label: u64) -> bool {
        self.filter.is_none_or(|filter| filter.accepts(label))
    }

    /// What a value has to reach to be among the best.
    pub(crate) fn floor(&self) -> f32 {
        let compared = self.scale * self.best.floor() + self.offset;
        self.seen.floor.max(compared)
    }

    /// Scans a list's blocks of codes, the centroid being at a squared distance; returns the rows that may be among the best with
    /// the values that they reach at most.
    pub(crate) fn scan(&mut self, blocks: &[u8], square: f32) -> Vec<Hit> {
        let table = &self.seen.table;
        let affine = nigh_simd::Affine {
            step: table.step,
            offset: table.offset + sign_slack(self.margin, square.sqrt()),
            floor: self.floor() + square,
        };
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        nigh_simd::scan_codes(blocks, &table.table, affine, &mut hits);
        hits.iter_mut().for_each(|hit| hit.value -= square);
        hits
    }

    /// Compares rows exactly: `labels` with `values` end to end; those that `includes` says are there.
    pub(crate) fn compare(
        &mut self,
        labels: &[u64],
        values: &[f32],
        includes: impl Fn(usize) -> bool,
    ) {
        let mut scores = std::mem::take(&mut self.scores);
        scores.resize(labels.len(), 0.0);
        self.metric.score_rows(self.query, values, &mut scores);
        for (i, (&label, &score)) in labels.iter().zip(&scores).enumerate() {
            if score >= self.best.floor() && includes(i) && self.accepts(label) {
                self.best.push(Neighbor { label, score });
                self.found.push(Neighbor { label, score });
            }
        }
        self.scores = scores;
    }
}
