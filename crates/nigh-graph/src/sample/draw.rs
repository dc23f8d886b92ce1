use super::{Draw, LeftOut, Random, SampleConfig, TimeRule};
use crate::{Adjacency, Csr};

/// Some neighbours of a node, ascending.
pub(super) fn draw(
    graph: &Csr,
    config: &SampleConfig,
    left_out: &LeftOut,
    hop: usize,
    node: u32,
    time: i64,
) -> Vec<u32> {
    let count = config.fan_outs[hop];
    let list = graph.list(node);
    let gone = left_out.at(node);
    let parts = [config.seed, hop as u64, u64::from(node), time as u64];
    let mut random = Random::stream(&parts);
    let plain = config.time == TimeRule::Any && config.draw == Draw::Uniform && gone.is_empty();
    if plain {
        return pick(graph.degree(node), count, &mut random, |place| list[place]);
    }
    let allowed: Vec<u32> = (0..list.len() as u32)
        .filter(|&place| is_allowed(graph, config, gone, node, time, place as usize))
        .collect();
    match config.draw {
        Draw::Uniform => pick(allowed.len(), count, &mut random, |place| {
            list[allowed[place] as usize]
        }),
        Draw::ByWeight => pick_by_weight(graph, node, &allowed, count, &mut random),
    }
}

fn is_allowed(
    graph: &Csr,
    config: &SampleConfig,
    gone: &[(u32, u32)],
    node: u32,
    time: i64,
    place: usize,
) -> bool {
    // Where a graph has no times, its edges have always been there.
    let since = graph.times(node).get(place).copied().unwrap_or(0);
    let in_time = match config.time {
        TimeRule::Any => true,
        TimeRule::UpTo => since <= time,
        TimeRule::Before => since < time,
    };
    in_time
        && gone
            .binary_search(&(node, graph.list(node)[place]))
            .is_err()
}

/// `count` of the places below `end` by Floyd's method (Bentley and Floyd, "A sample of brilliance", CACM 1987), or all.
fn pick(end: usize, count: usize, random: &mut Random, at: impl Fn(usize) -> u32) -> Vec<u32> {
    if end <= count {
        return (0..end).map(at).collect();
    }
    let mut picked: Vec<u32> = Vec::with_capacity(count);
    for last in end - count..end {
        let place = random.below(last + 1);
        // A set of a few numbers is searched fastest as it lies; a large one is seldom asked for.
        let taken = picked.contains(&(place as u32));
        picked.push(if taken { last } else { place } as u32);
    }
    picked.sort_unstable();
    picked.iter().map(|&place| at(place as usize)).collect()
}

/// The `count` lowest of `-ln(uniform) / weight` (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006).
fn pick_by_weight(
    graph: &Csr,
    node: u32,
    allowed: &[u32],
    count: usize,
    random: &mut Random,
) -> Vec<u32> {
    let weights = graph.weights(node);
    let weight = |place: u32| {
        weights
            .get(place as usize)
            .map_or(1.0, |&weight| f64::from(weight))
    };
    let mut keyed: Vec<(f64, u32)> = allowed
        .iter()
        .map(|&place| (-(1.0 - random.unit()).ln() / weight(place), place))
        .filter(|&(_, place)| weight(place) > 0.0)
        .collect();
    if keyed.len() > count && count > 0 {
        keyed.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    keyed.truncate(count);
    let mut picked: Vec<u32> = keyed
        .iter()
        .map(|key| graph.list(node)[key.1 as usize])
        .collect();
    picked.sort_unstable();
    picked
}
