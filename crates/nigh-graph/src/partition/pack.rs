//! Communities packed onto shards.

use super::balance::{Room, Size, share};
use super::cluster::Groups;
use super::{Partition, PartitionConfig, PartitionError, refine_partition};
use crate::community::level::Level;
use crate::community::random::Random;
use crate::{Adjacency, Csr};

/// Communities are split into parts of which a shard holds this many at least.
const GROUPS_PER_SHARD: u64 = 5;

/// Packs communities onto shards, each beside those that it has most edges with, then refines the shards as
/// [`refine_partition`] does. Communities larger than a fifth of a shard, in nodes or edges, are split first.
///
/// `communities` holds any number for each node, as in [`Communities::of`](crate::Communities::of).
///
/// # Errors
/// [`PartitionError`] where config or communities do not fit the graph.
pub fn pack_communities(
    graph: &Csr,
    communities: &[u32],
    config: &PartitionConfig,
) -> Result<Partition, PartitionError> {
    config.check()?;
    let (given, nodes) = (communities.len(), graph.nodes());
    if given != nodes {
        return Err(PartitionError::Length { given, nodes });
    }
    let mut random = Random::new(config.seed);
    let mut room = Room::of(graph, config);
    let (base, sizes) = (Level::unweighted(graph), Size::of_all(graph));
    let cap = share(room.cap, GROUPS_PER_SHARD);
    let groups = Groups::of(&base, &sizes, cap, Some(communities), &mut random);
    let of = groups.spread(&deal(&groups.level, &groups.sizes, &mut room));
    let shards = config.shards;
    let mut partition = Partition { of, shards };
    refine_partition(graph, &mut partition, config)?;
    Ok(partition)
}

/// Deals nodes out, the largest first, each to the shard that it has the heaviest arcs to, weighed by the room left; where
/// none has room, to the emptiest.
pub(super) fn deal(level: &Level<'_>, sizes: &[Size], room: &mut Room) -> Vec<u32> {
    room.held.fill(Size::default());
    let cap = room.cap;
    let extent = |size: &Size| {
        let share = |part: u64, cap: u64| part as f64 / cap.max(1) as f64;
        share(size.nodes, cap.nodes).max(share(size.load, cap.load))
    };
    let mut order: Vec<usize> = (0..level.nodes()).collect();
    order.sort_by(|&a, &b| extent(&sizes[b]).total_cmp(&extent(&sizes[a])));
    let mut of = vec![u32::MAX; level.nodes()];
    let mut pull = vec![0.0; room.shards()];
    for node in order {
        pull.fill(0.0);
        level.each_arc(node, |target, weight| {
            if let Some(pull) = pull.get_mut(of[target as usize] as usize) {
                *pull += weight;
            }
        });
        let score = |shard: u32| {
            let left = 1.0 - room.fullness(shard);
            if room.fits(shard, sizes[node]) {
                (pull[shard as usize] + 1e-9) * left.max(1e-9)
            } else {
                left - 2.0
            }
        };
        let shards = 0..room.shards() as u32;
        let best = shards.max_by(|&a, &b| score(a).total_cmp(&score(b)));
        let shard = best.unwrap_or(0);
        of[node] = shard;
        room.held[shard as usize].add(sizes[node]);
    }
    of
}
