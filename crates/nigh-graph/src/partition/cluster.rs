//! Groups small enough to be dealt out to shards.

use super::balance::Size;
use crate::community::level::{Level, Sums};
use crate::community::random::Random;
use crate::community::renumber;

/// A graph of groups of another's nodes.
pub(super) struct Groups {
    of: Vec<u32>,
    pub(super) level: Level<'static>,
    pub(super) sizes: Vec<Size>,
}

impl Groups {
    /// Groups by [`cluster`].
    pub(super) fn of(
        level: &Level<'_>,
        sizes: &[Size],
        cap: Size,
        within: Option<&[u32]>,
        random: &mut Random,
    ) -> Groups {
        let mut of = cluster(level, sizes, cap, within, random);
        let count = renumber(&mut of);
        let mut group_sizes = vec![Size::default(); count];
        for (&group, &size) in of.iter().zip(sizes) {
            group_sizes[group as usize].add(size);
        }
        Groups {
            level: level.aggregate(&of, count),
            sizes: group_sizes,
            of,
        }
    }

    /// Each node's label where `upper` holds its group's.
    pub(super) fn spread(&self, upper: &[u32]) -> Vec<u32> {
        let labels = self.of.iter().map(|&group| upper[group as usize]);
        labels.collect()
    }
}

/// Groups of nodes no larger than `cap`, by label propagation (Meyerhenke, Sanders & Schulz 2014, *Partitioning complex
/// networks via size-constrained clustering*). Where `within` is given, nobody joins a group of another label there.
fn cluster(
    level: &Level<'_>,
    sizes: &[Size],
    cap: Size,
    within: Option<&[u32]>,
    random: &mut Random,
) -> Vec<u32> {
    let nodes = level.nodes();
    let mut groups: Vec<u32> = (0..nodes as u32).collect();
    let mut held = sizes.to_vec();
    let mut sums = Sums::new(nodes);
    let mut order = random.order(nodes);
    order.sort_by_key(|&node| level.list(node as usize).len());
    for _ in 0..4 {
        let mut moved = 0;
        for &node in &order {
            let at = node as usize;
            level.each_arc(at, |target, weight| {
                if within.is_none_or(|within| within[target as usize] == within[at]) {
                    sums.add(groups[target as usize], weight);
                }
            });
            let (own, size) = (groups[at], sizes[at]);
            let (mut best, mut most) = (own, sums.get(own));
            sums.drain(|group, weight| {
                let there = held[group as usize];
                let fits =
                    there.nodes + size.nodes <= cap.nodes && there.load + size.load <= cap.load;
                if group != own && fits && weight > most {
                    (best, most) = (group, weight);
                }
            });
            if best != own {
                groups[at] = best;
                held[own as usize].sub(size);
                held[best as usize].add(size);
                moved += 1;
            }
        }
        if moved <= nodes / 50 {
            break;
        }
    }
    groups
}
