//! Every edge once.

use nigh_graph::Edge;
use rayon::prelude::*;

use super::numbering::Carried;

/// The edges ascending, and what was left out.
pub(super) struct Cleaned {
    pub(super) edges: Vec<Edge>,
    pub(super) self_loops: u64,
    pub(super) duplicates: u64,
    pub(super) both_ways: u64,
}

/// Merges pairs of the same two people, whichever way: the earliest time that is known, the last weight.
///
/// People are below 2³¹, so that both ends and the direction fit into one number to sort by.
pub(super) fn clean(rows: Vec<[u32; 2]>, carried: &Carried) -> Cleaned {
    let given = rows.par_iter().enumerate().filter(|(_, [a, b])| a != b);
    let mut pairs: Vec<(u64, u64)> = given
        .map(|(place, &row)| (packed(row), place as u64))
        .collect();
    let self_loops = (rows.len() - pairs.len()) as u64;
    drop(rows);
    pairs.par_sort_unstable();
    let groups = || pairs.chunk_by(|one, other| one.0 >> 1 == other.0 >> 1);
    let mut edges = Vec::with_capacity(groups().count());
    let mut both_ways = 0;
    for group in groups() {
        edges.push(merged(group, carried));
        both_ways += u64::from(group[0].0 & 1 == 0 && group[group.len() - 1].0 & 1 == 1);
    }
    let duplicates = pairs.len() as u64 - edges.len() as u64 - both_ways;
    Cleaned {
        edges,
        self_loops,
        duplicates,
        both_ways,
    }
}

fn packed([from, to]: [u32; 2]) -> u64 {
    let (low, high) = (from.min(to), from.max(to));
    u64::from(low) << 32 | u64::from(high) << 1 | u64::from(from > to)
}

fn merged(group: &[(u64, u64)], carried: &Carried) -> Edge {
    let key = group[0].0;
    let places = || group.iter().map(|&(_, place)| place as usize);
    let times = places().filter_map(|place| carried.times.get(place).copied());
    let last = places().max().unwrap_or(0);
    Edge {
        a: (key >> 32) as u32,
        b: (key as u32) >> 1,
        time: times.filter(|&time| time != 0).min().unwrap_or(0),
        weight: carried.weights.get(last).copied().unwrap_or(1.0),
    }
}
