//! The best k of many, in one pass.

use std::collections::BinaryHeap;

use crate::neighbor::Neighbor;

/// Keeps the `k` best of all neighbours offered, in O(log k) for each one kept.
///
/// The result depends on what was offered, never on the order. Neighbours with a NaN score are turned away.
#[derive(Clone, Debug)]
pub struct TopK {
    k: usize,
    /// Worst on top, as the order puts the best first.
    heap: BinaryHeap<Neighbor>,
    /// The worst kept score once `k` are kept; before, everything is better than this.
    floor: f32,
}

impl TopK {
    /// Keeps nothing yet; with `k` 0 it never will.
    pub fn new(k: usize) -> TopK {
        let floor = if k == 0 {
            f32::INFINITY
        } else {
            f32::NEG_INFINITY
        };
        // `k` may be "everything": room for that many is made as they come.
        TopK {
            k,
            heap: BinaryHeap::with_capacity(k.min(1024)),
            floor,
        }
    }

    /// Offers one neighbour; says whether it was kept (a later, better one may still displace it).
    #[inline]
    pub fn push(&mut self, neighbor: Neighbor) -> bool {
        // False for NaN as well.
        neighbor.score >= self.floor && self.insert(neighbor)
    }

    /// Offers the rows of `labels` with their `scores`; both slices belong together.
    #[inline]
    pub fn extend(&mut self, labels: &[u64], scores: &[f32]) {
        for (&label, &score) in labels.iter().zip(scores) {
            self.push(Neighbor { label, score });
        }
    }

    /// Takes over what `other` kept.
    pub fn merge(&mut self, other: TopK) {
        for neighbor in other.heap {
            self.push(neighbor);
        }
    }

    /// A score below this is not kept.
    #[inline]
    pub fn floor(&self) -> f32 {
        self.floor
    }

    /// How many are kept, at most `k`.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Those kept, best first.
    pub fn into_sorted(self) -> Vec<Neighbor> {
        self.heap.into_sorted_vec()
    }

    #[cold]
    fn insert(&mut self, neighbor: Neighbor) -> bool {
        if self.heap.len() < self.k {
            self.heap.push(neighbor);
        } else {
            match self.heap.peek_mut() {
                Some(mut worst) if neighbor < *worst => *worst = neighbor,
                _ => return false,
            }
        }
        if self.heap.len() == self.k {
            self.floor = self.heap.peek().map_or(self.floor, |worst| worst.score);
        }
        true
    }
}

/// The `k` best of several result lists, best first: how segments and a tail become one answer.
pub fn merge_neighbors(lists: impl IntoIterator<Item = Vec<Neighbor>>, k: usize) -> Vec<Neighbor> {
    let mut best = TopK::new(k);
    for neighbor in lists.into_iter().flatten() {
        best.push(neighbor);
    }
    best.into_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_in_a_stable_order() {
        let offered = [
            (7, 1.0),
            (3, 2.0),
            (9, 2.0),
            (1, f32::NAN),
            (2, -1.0),
            (5, 2.0),
            (4, f32::NEG_INFINITY),
        ];
        let cases: &[(usize, &[u64])] = &[
            (0, &[]),
            (1, &[3]),
            (2, &[3, 5]),
            (3, &[3, 5, 9]),
            (4, &[3, 5, 9, 7]),
            (100, &[3, 5, 9, 7, 2, 4]),
        ];
        let mut wrong = Vec::new();
        for &(k, expected) in cases {
            for reversed in [false, true] {
                let mut offered = offered.map(|(label, score)| Neighbor { label, score });
                if reversed {
                    offered.reverse();
                }
                let mut best = TopK::new(k);
                offered.iter().for_each(|&n| {
                    best.push(n);
                });
                let labels: Vec<u64> = best.into_sorted().iter().map(|n| n.label).collect();
                if labels != expected {
                    wrong.push((k, reversed, labels));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn merging_equals_offering_all() {
        let all: Vec<Neighbor> = (0..500)
            .map(|i| Neighbor {
                label: i,
                score: ((i * 37) % 101) as f32,
            })
            .collect();
        let mut whole = TopK::new(20);
        all.iter().for_each(|&n| {
            whole.push(n);
        });
        let mut merged = TopK::new(20);
        for part in all.chunks(71) {
            let mut best = TopK::new(20);
            part.iter().for_each(|&n| {
                best.push(n);
            });
            merged.merge(best);
        }
        let whole = whole.into_sorted();
        assert_eq!(merged.into_sorted(), whole);
        let lists = all.chunks(33).map(<[Neighbor]>::to_vec);
        assert_eq!(merge_neighbors(lists, 20), whole);
    }
}
