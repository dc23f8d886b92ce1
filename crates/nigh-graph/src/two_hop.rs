//! Friends of friends: what lies two steps away, and through how many.

use crate::Adjacency;

/// A node and how well it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored<T> {
    /// The node.
    pub node: u32,
    /// Its score; more is better.
    pub score: T,
}

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoHopConfig {
    /// How many to find.
    pub k: usize,
    /// Most paths of two steps to follow. Where there are more, friends with few friends of their own come first: they
    /// say most, and one with millions says next to nothing.
    pub max_paths: usize,
}

impl Default for TwoHopConfig {
    fn default() -> TwoHopConfig {
        let (k, max_paths) = (100, 2_000_000);
        TwoHopConfig { k, max_paths }
    }
}

/// What was found two steps away from a node.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoHop<T> {
    /// The best, best first; equal ones by number. Neither the node itself nor one of its neighbours.
    pub found: Vec<Scored<T>>,
    /// How many paths of two steps were followed.
    pub paths: usize,
    /// Of how many neighbours the lists were not read, for want of paths.
    pub skipped: usize,
}

/// Memory for searches around nodes, made once and used again: 6 bytes a node.
#[derive(Debug, Default)]
pub struct TwoHopScratch {
    counts: Vec<u16>,
    sums: Vec<f32>,
    touched: Vec<u32>,
    near: Vec<u32>,
    far: Vec<u32>,
}

/// The nodes with the most neighbours in common with `node`, of whose neighbours at most 65,535 are looked at.
///
/// Time: one step for each path of two steps, and either a sixteenth of one for each node of the graph, or two more for each
/// path, whichever is less.
///
/// # Panics
/// Where the graph has no such node.
pub fn common_neighbours(
    graph: &impl Adjacency,
    node: u32,
    config: &TwoHopConfig,
    scratch: &mut TwoHopScratch,
) -> TwoHop<u16> {
    let TwoHopScratch {
        counts,
        touched,
        near,
        far,
        ..
    } = scratch;
    let add = |_: u32| 1_u16;
    // No more neighbours are read than it can count.
    let sum = |count: &mut u16, one: u16| *count += one;
    let mut walk = Walk::new(graph, counts, touched, near, far);
    walk.run(node, config, add, sum)
}

/// The nodes to which neighbours in common give the most: each gives what `weight` makes of its number of neighbours. With
/// 1 / degree that is resource allocation (Zhou, Lü, Zhang 2009), with 1 / ln degree Adamic–Adar (2003).
///
/// # Panics
/// Where the graph has no such node.
pub fn weighted_neighbours(
    graph: &impl Adjacency,
    node: u32,
    weight: impl Fn(usize) -> f32,
    config: &TwoHopConfig,
    scratch: &mut TwoHopScratch,
) -> TwoHop<f32> {
    let TwoHopScratch {
        sums,
        touched,
        near,
        far,
        ..
    } = scratch;
    let add = |middle: u32| weight(graph.degree(middle));
    let sum = |sum: &mut f32, more: f32| *sum += more;
    let mut walk = Walk::new(graph, sums, touched, near, far);
    walk.run(node, config, add, sum)
}

/// A value for each node that begins at nothing and goes back there.
trait Tally: Copy + Default + PartialOrd {
    /// Bits in the order of the values, of which none is below nothing.
    fn bits(self) -> u32;
    fn from_bits(bits: u32) -> Self;
    /// The greatest of a chunk, as a few comparisons of vectors.
    fn greatest(chunk: &[Self; CHUNK]) -> Self;
}

impl Tally for u16 {
    fn bits(self) -> u32 {
        self.into()
    }

    fn from_bits(bits: u32) -> u16 {
        bits as u16
    }

    fn greatest(chunk: &[u16; CHUNK]) -> u16 {
        chunk.iter().fold(0, |most, &value| most.max(value))
    }
}

impl Tally for f32 {
    fn bits(self) -> u32 {
        self.to_bits()
    }

    fn from_bits(bits: u32) -> f32 {
        f32::from_bits(bits)
    }

    fn greatest(chunk: &[f32; CHUNK]) -> f32 {
        // As integers, whose order of comparison may be changed.
        let most = |most: u32, value: &f32| most.max(value.to_bits());
        f32::from_bits(chunk.iter().fold(0, most))
    }
}

struct Walk<'a, G, T> {
    graph: &'a G,
    values: &'a mut Vec<T>,
    touched: &'a mut Vec<u32>,
    near: &'a mut Vec<u32>,
    far: &'a mut Vec<u32>,
}

impl<'a, G: Adjacency, T: Tally> Walk<'a, G, T> {
    fn new(
        graph: &'a G,
        values: &'a mut Vec<T>,
        touched: &'a mut Vec<u32>,
        near: &'a mut Vec<u32>,
        far: &'a mut Vec<u32>,
    ) -> Walk<'a, G, T> {
        if values.len() < graph.nodes() {
            values.resize(graph.nodes(), T::default());
        }
        touched.clear();
        Walk {
            graph,
            values,
            touched,
            near,
            far,
        }
    }

    fn run(
        &mut self,
        node: u32,
        config: &TwoHopConfig,
        weight: impl Fn(u32) -> T,
        sum: impl Fn(&mut T, T),
    ) -> TwoHop<T> {
        let near = self.graph.neighbours(node, self.near).to_vec();
        let (read, paths) = affordable(self.graph, &near, config.max_paths);
        // Looking through all values costs less than noting which were touched.
        let dense = self.graph.nodes() < 16 * paths;
        let values = &mut self.values[..self.graph.nodes()];
        for &middle in &read {
            let more = weight(middle);
            let far = self.graph.neighbours(middle, self.far);
            if dense {
                for &end in far {
                    sum(&mut values[end as usize], more);
                }
            } else {
                for &end in far {
                    let value = &mut values[end as usize];
                    if *value == T::default() {
                        self.touched.push(end);
                    }
                    sum(value, more);
                }
            }
        }
        for &known in near.iter().chain([&node]) {
            values[known as usize] = T::default();
        }
        let found = match dense {
            true => take_best(values, config.k),
            false => take_best_of(values, self.touched, config.k),
        };
        let skipped = near.len() - read.len();
        TwoHop {
            found,
            paths,
            skipped,
        }
    }
}

/// The neighbours whose lists are read, and how many entries these have together.
fn affordable(graph: &impl Adjacency, near: &[u32], max_paths: usize) -> (Vec<u32>, usize) {
    let paths = near.iter().map(|&node| graph.degree(node)).sum();
    if paths <= max_paths && near.len() <= MAX_READ {
        return (near.to_vec(), paths);
    }
    let mut by_degree: Vec<(usize, u32)> = near
        .iter()
        .map(|&node| (graph.degree(node), node))
        .collect();
    by_degree.sort_unstable();
    let mut total = 0;
    let fits = |&(degree, _): &(usize, u32)| {
        total += degree;
        total <= max_paths
    };
    let taken: Vec<(usize, u32)> = by_degree
        .into_iter()
        .take(MAX_READ)
        .take_while(fits)
        .collect();
    let paths = taken.iter().map(|&(degree, _)| degree).sum();
    (taken.into_iter().map(|(_, node)| node).collect(), paths)
}

/// Most lists that are read: what a count holds.
const MAX_READ: usize = u16::MAX as usize;

const CHUNK: usize = 16;

/// The `k` greatest values above nothing, greatest first and equal ones in order; all values are nothing afterwards.
///
/// The k-th greatest of the chunks' greatest values is a value that k others reach, so that most chunks need not be looked into.
fn take_best<T: Tally>(values: &mut [T], k: usize) -> Vec<Scored<T>> {
    let (chunks, rest) = values.as_chunks();
    let mut greatest: Vec<T> = chunks.iter().map(T::greatest).collect();
    let mut last = [T::default(); CHUNK];
    last[..rest.len()].copy_from_slice(rest);
    greatest.push(T::greatest(&last));
    let mut best = Best::new(k, reached_by(k, &greatest));
    for (place, &most) in greatest.iter().enumerate() {
        if most > best.least {
            let start = place * CHUNK;
            let end = values.len().min(start + CHUNK);
            for (offset, &score) in values[start..end].iter().enumerate() {
                best.offer((start + offset) as u32, score);
            }
        }
    }
    values.fill(T::default());
    best.into_sorted()
}

/// Just below a value that at least `k` of these reach; nothing where fewer are above nothing.
fn reached_by<T: Tally>(k: usize, values: &[T]) -> T {
    if k == 0 || values.len() < k {
        return T::default();
    }
    let mut bits: Vec<u32> = values.iter().map(|value| value.bits()).collect();
    let place = bits.len() - k;
    let (_, &mut least, _) = bits.select_nth_unstable(place);
    T::from_bits(least.saturating_sub(1))
}

/// As [`take_best`], looking only at what was touched.
fn take_best_of<T: Tally>(values: &mut [T], touched: &mut [u32], k: usize) -> Vec<Scored<T>> {
    touched.sort_unstable();
    let mut best = Best::new(k, T::default());
    for &mut node in touched {
        best.offer(node, std::mem::take(&mut values[node as usize]));
    }
    best.into_sorted()
}

/// The best `k` so far, of nodes that come in ascending order.
struct Best<T> {
    k: usize,
    /// What a later node must exceed.
    least: T,
    /// Score and node as one number, smaller for better ones: sorted several times as fast as the two.
    kept: Vec<u64>,
}

impl<T: Tally> Best<T> {
    fn new(k: usize, least: T) -> Best<T> {
        let kept = Vec::with_capacity(2 * k.min(1 << 16) + CHUNK);
        Best { k, least, kept }
    }

    fn offer(&mut self, node: u32, score: T) {
        if score > self.least && self.k > 0 {
            self.kept
                .push(u64::from(!score.bits()) << 32 | u64::from(node));
            if self.kept.len() >= 2 * self.k + CHUNK {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.kept.len() > self.k {
            let (_, &mut last, _) = self.kept.select_nth_unstable(self.k - 1);
            self.kept.truncate(self.k);
            self.least = scored::<T>(last).score;
        }
    }

    fn into_sorted(mut self) -> Vec<Scored<T>> {
        if self.k > 0 {
            self.cut();
        }
        self.kept.sort_unstable();
        self.kept.into_iter().map(scored).collect()
    }
}

fn scored<T: Tally>(key: u64) -> Scored<T> {
    let score = T::from_bits(!((key >> 32) as u32));
    let node = key as u32;
    Scored { node, score }
}
