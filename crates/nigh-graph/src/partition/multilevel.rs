//! Coarse first: groups of nodes are dealt out, then the nodes at their edges.

use rayon::prelude::*;

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

/// What coarse groups pay in the end for what is over a bound, by attempt: a low price leaves clusters whole for the finest
/// level to even out, a high one packs them evenly; which is better depends on the graph.
const LAST_PRICES: [f64; 3] = [30.0, 1.0, 5.0];

/// Cuts a graph into shards on several levels (Hendrickson & Leland 1995; with clusters as coarse nodes as in Meyerhenke,
/// Sanders & Schulz 2014), then as [`refine_partition`](super::refine_partition) does. Several attempts run in parallel; the one with
/// the most two-hop paths inside shards counts.
///
/// # Errors
/// [`PartitionError`] where the config makes no sense.
pub fn partition_multilevel(
    graph: &Csr,
    config: &PartitionConfig,
) -> Result<Partition, PartitionError> {
    config.check()?;
    let attempts = (0..config.tries.max(1)).into_par_iter();
    let cuts = attempts.map(|attempt| cut(graph, config, attempt));
    let best = cuts.reduce_with(|a, b| {
        let b_is_better = (b.kept, b.worth) > (a.kept, a.worth);
        if b_is_better { b } else { a }
    });
    Ok(Partition {
        of: best.map(|best| best.of).unwrap_or_default(),
        shards: config.shards,
    })
}

struct Attempt {
    of: Vec<u32>,
    kept: bool,
    worth: f64,
}

fn cut(graph: &Csr, config: &PartitionConfig, attempt: usize) -> Attempt {
    let mut random = Random::new(config.seed ^ (attempt as u64) << 32);
    let mut room = Room::of(graph, config);
    let mut cut = Cut {
        room: &mut room,
        passes: config.passes,
        last_price: LAST_PRICES[attempt % LAST_PRICES.len()],
        random: &mut random,
    };
    let (base, sizes) = (Level::unweighted(graph), Size::of_all(graph));
    let mut of = cut.descend(&base, &sizes, &GROUPS_PER_SHARD);
    room.fill(graph, &of);
    let worth = super::finish(graph, &mut of, &mut room, config.passes, &mut random);
    let kept = room.is_kept();
    Attempt { of, kept, worth }
}

struct Cut<'a> {
    room: &'a mut Room,
    passes: usize,
    last_price: f64,
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
            price: [2.0_f64.min(self.last_price), self.last_price],
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
