//! In which order buckets are looked at: multi-probe hashing (Lv, Josephson, Wang, Charikar and Li, "Multi-probe LSH: efficient
//! indexing for high-dimensional similarity search", VLDB 2007, §4.4–4.5), over all tables together.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::hash::TableHash;

/// A bucket of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bucket {
    pub(crate) table: usize,
    pub(crate) code: u32,
}

/// Yields the buckets of all tables, each once, those of least total cost first: to begin with, the one that the point
/// falls into in each table.
pub(crate) struct Probes<'a> {
    hashes: &'a [TableHash],
    steps: BinaryHeap<Step>,
}

/// A set of changes to one table's code: those made for good, and one (the dearest) that may still be exchanged.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Of all changes.
    cost: f32,
    table: u32,
    /// Which change of the table is the one to exchange.
    last: u32,
    /// Code, cost and changed pieces without it.
    code: u32,
    cost_before: f32,
    changed: u32,
}

impl<'a> Probes<'a> {
    pub(crate) fn new(hashes: &'a [TableHash]) -> Probes<'a> {
        let step = |(hash, table): (&TableHash, u32)| Step {
            cost: 0.0,
            table,
            last: NONE,
            code: hash.code,
            cost_before: 0.0,
            changed: 0,
        };
        Probes {
            hashes,
            steps: hashes.iter().zip(0..).map(step).collect(),
        }
    }

    /// Goes on to the sets that differ from this one least; says whether it is a bucket itself.
    fn advance(&mut self, step: Step) -> bool {
        let hash = &self.hashes[step.table as usize];
        let Some(change) = hash.changes.get(step.last as usize) else {
            self.push(Step { last: 0, ..step });
            return true;
        };
        let last = step.last + 1;
        self.push(Step { last, ..step });
        let piece = 1 << change.piece;
        // Two vertices for one piece make no bucket, and more changes cannot mend that.
        if step.changed & piece != 0 {
            return false;
        }
        let changed = step.changed | piece;
        if changed.count_ones() < hash.pieces {
            let code = step.code ^ change.flips;
            self.push(Step {
                last,
                code,
                cost_before: step.cost,
                changed,
                ..step
            });
        }
        true
    }

    fn push(&mut self, step: Step) {
        let hash = &self.hashes[step.table as usize];
        if let Some(change) = hash.changes.get(step.last as usize) {
            let cost = step.cost_before + change.cost;
            self.steps.push(Step { cost, ..step });
        }
    }

    fn code(&self, step: &Step) -> u32 {
        let changes = &self.hashes[step.table as usize].changes;
        step.code
            ^ changes
                .get(step.last as usize)
                .map_or(0, |change| change.flips)
    }
}

impl Iterator for Probes<'_> {
    type Item = Bucket;

    fn next(&mut self) -> Option<Bucket> {
        loop {
            let step = self.steps.pop()?;
            if self.advance(step) {
                return Some(Bucket {
                    table: step.table as usize,
                    code: self.code(&step),
                });
            }
        }
    }
}

/// No change: the bucket that the point falls into.
const NONE: u32 = u32::MAX;

/// The least cost on top of the heap; what comes after makes the order the same on every run.
impl Ord for Step {
    fn cmp(&self, other: &Step) -> Ordering {
        let rest = |step: &Step| (step.table, step.changed, step.last, step.code);
        other
            .cost
            .total_cmp(&self.cost)
            .then_with(|| rest(other).cmp(&rest(self)))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Step) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Step) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Step {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::grid::GridHash;
    use crate::grid::hash::{Change, Hasher};

    /// Every bucket of a table with its cost: each piece left as it is or changed in one of its ways.
    fn all_buckets(hash: &TableHash) -> Vec<(f64, u32)> {
        let mut sets = vec![(0.0, hash.code)];
        for piece in 0..hash.pieces {
            let own: Vec<&Change> = hash.changes.iter().filter(|c| c.piece == piece).collect();
            let with = |&(cost, code): &(f64, u32)| {
                let changed = own
                    .iter()
                    .map(move |c| (cost + f64::from(c.cost), code ^ c.flips));
                std::iter::once((cost, code))
                    .chain(changed)
                    .collect::<Vec<_>>()
            };
            sets = sets.iter().flat_map(with).collect();
        }
        sets
    }

    #[test]
    fn every_bucket_comes_once_in_the_order_of_its_cost() {
        let mut wrong = Vec::new();
        for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
            for (dim, tables, bits) in [(3, 1, 1), (3, 2, 4), (64, 3, 7), (64, 2, 9), (200, 2, 12)]
            {
                let hasher = Hasher::draw(hash, dim, tables, bits, 1);
                let point: Vec<f32> = (0..dim).map(|i| (i as f32 * 0.7).sin()).collect();
                let (mut rotated, mut hashes) = (Vec::new(), Vec::new());
                hasher.hashes(&point, usize::MAX, &mut rotated, &mut hashes);
                let probes: Vec<Bucket> = Probes::new(&hashes).collect();
                let costs: Vec<_> = hashes.iter().map(all_buckets).collect();
                let cost = |bucket: &Bucket| {
                    let found = costs[bucket.table]
                        .iter()
                        .find(|(_, code)| *code == bucket.code);
                    found.map_or(f64::NAN, |(cost, _)| *cost)
                };
                let ordered = probes
                    .windows(2)
                    .all(|pair| cost(&pair[0]) <= cost(&pair[1]) * (1.0 + 1e-6));
                let distinct = probes.iter().collect::<HashSet<_>>().len();
                if !ordered || [probes.len(), distinct] != [tables << bits; 2] {
                    wrong.push((hash, dim, tables, bits, probes.len(), distinct, ordered));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
