//! One result, and the order of results.

use std::cmp::Ordering;

/// A row that was found: its label and how near it is.
///
/// Ordered best first: the higher score, then the lower label. Sorting ascending gives a result list, and
/// two searches that score the same rows give the same list.
#[derive(Clone, Copy, Debug)]
pub struct Neighbor {
    /// The caller's label of the row.
    pub label: u64,
    /// Higher is nearer; see [`Metric`](crate::Metric).
    pub score: f32,
}

impl Ord for Neighbor {
    fn cmp(&self, other: &Neighbor) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.label.cmp(&other.label))
    }
}

impl PartialOrd for Neighbor {
    fn partial_cmp(&self, other: &Neighbor) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbor {
    fn eq(&self, other: &Neighbor) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Neighbor {}
