//! Coarse first: groups of nodes are dealt out, then the nodes at their edges.

use super::anneal::{Cooling, InnerWeight, anneal};
use super::balance::{Room, Size, share};
use super::cluster::Groups;
use super::pack::deal;
use super::{Partition, PartitionConfig, PartitionError};
use crate::Csr;
use crate::community::level::Level;
use crate::community::random::Random;

/// How many groups make up a shard at least, level by level.
const GROUPS_PER_SHARD: [u64; 3] = [160, 40, 12];

/// How often the coarsest graph is cut for the best cut of it.
const COARSE_TRIES: usize = 4;

/// Cuts a graph into shards on several levels (Hendrickson & Leland 1995; with clusters as coarse nodes as in Meyerhenke,
/// Sanders & Schulz 2014), then as [`refine_partition`](super::refine_partition) does. Takes one thread.
///
/// # Errors
/// [`PartitionError`] where the config makes no sense.
pub fn partition_multilevel(
    graph: &Csr,
    config: &PartitionConfig,
) -> Result<Partition, PartitionError> {
    config.check()?;
    let (base, sizes) = (Level::unweighted(graph), Size::of_all(graph));
    let mut random = Random::new(config.seed);
    let mut best = (false, f64::NEG_INFINITY, Vec::new());
    for _ in 0..config.tries.max(1) {
        let mut room = Room::of(graph, config);
        let random = &mut random;
        let mut cut = Cut {
            room: &mut room,
            passes: config.passes,
            random,
        };
        let mut of = cut.descend(&base, &sizes, &GROUPS_PER_SHARD);
        room.fill(graph, &of);
        let worth = super::finish(graph, &mut of, &mut room, config.passes, random);
        let kept = room.is_kept();
        if (kept, worth) > (best.0, best.1) {
            best = (kept, worth, of);
        }
    }
    Ok(Partition {
        of: best.2,
        shards: config.shards,
    })
}

struct Cut<'a> {
    room: &'a mut Room,
    passes: usize,
    random: &'a mut Random,
}

impl Cut<'_> {
    /// Groups nodes, cuts the graph of groups, and moves nodes from there.
    fn descend(&mut self, level: &Level<'_>, sizes: &[Size], parts: &[u64]) -> Vec<u32> {
        let Some((&first, rest)) = parts.split_first() else {
            return self.best_of_several(level, sizes);
        };
        if first as usize * self.room.shards() * 3 > level.nodes() {
            return self.descend(level, sizes, rest);
        }
        let cap = share(self.room.cap, first);
        let groups = Groups::of(level, sizes, cap, None, self.random);
        let upper_of = self.descend(&groups.level, &groups.sizes, rest);
        let mut of = groups.spread(&upper_of);
        self.improve(level, sizes, &mut of);
        of
    }

    /// Cuts the coarsest graph several times and keeps the best.
    fn best_of_several(&mut self, level: &Level<'_>, sizes: &[Size]) -> Vec<u32> {
        let mut best = (f64::NEG_INFINITY, Vec::new());
        for _ in 0..COARSE_TRIES {
            let mut of = deal(level, sizes, self.room);
            let worth = self.improve(level, sizes, &mut of);
            if worth > best.0 {
                best = (worth, of);
            }
        }
        best.1
    }

    /// Moves nodes; the weight inside shards then, less the price of what they hold too much.
    fn improve(&mut self, level: &Level<'_>, sizes: &[Size], of: &mut [u32]) -> f64 {
        self.room.fill_with(sizes.iter().copied(), of);
        let cooling = Cooling {
            heat: 3.0,
            passes: self.passes,
            price: [2.0, 30.0],
            strict: false,
        };
        let mut objective = InnerWeight::of(level, sizes);
        anneal(&mut objective, of, self.room, cooling, self.random);
        let room = &*self.room;
        let over = room
            .held
            .iter()
            .map(|&held| room.cost(Size::default(), held));
        objective.sum(of) - cooling.price[1] * over.sum::<f64>()
    }
}
