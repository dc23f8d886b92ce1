//! Scores of links that are not there yet, from the edges around both ends.

use crate::Adjacency;

/// How likely two people know each other, judged by the graph alone. Greater is likelier; the scales differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinkScore {
    /// Neighbours in common.
    CommonNeighbours,
    /// Neighbours in common, by all neighbours of either (Jaccard 1901).
    Jaccard,
    /// Σ 1 / ln d(w) over the common neighbours w of at least two neighbours (Adamic and Adar 2003).
    AdamicAdar,
    /// Σ 1 / d(w) over the common neighbours w (Zhou, Lü and Zhang 2009).
    ResourceAllocation,
    /// d(u) · d(v) (Barabási and Albert 1999).
    PreferentialAttachment,
    /// The share of a random walk's time, from one end and restarting there with this probability, that it spends at the
    /// other (Haveliwala 2002); by forward push, see [`personalised_pagerank`].
    PersonalisedPageRank {
        /// The probability of a restart at each step, above 0 and at most 1.
        restart: f32,
    },
    /// The same as [`LinkScore::PersonalisedPageRank`] by so many steps of the walk over the whole graph (power iteration): what
    /// is on its way after the last step counts where it is.
    WalkWithRestart {
        /// The probability of a restart at each step, above 0 and at most 1.
        restart: f32,
        /// How many steps.
        steps: usize,
    },
    /// Resource allocation in which an edge of age t counts 2^(−t / half-life); of edges without times, all count.
    DecayedResourceAllocation {
        /// Now, in seconds since 1970; edges of a later time count as new.
        now: i64,
        /// After how many seconds an edge counts half.
        half_life: f32,
    },
    /// Common neighbours, by the ages of the edges to them as in [`LinkScore::DecayedResourceAllocation`].
    DecayedCommonNeighbours {
        /// Now, in seconds since 1970.
        now: i64,
        /// After how many seconds an edge counts half.
        half_life: f32,
    },
}

/// Residues below this share of a node's degree are left where they are.
pub const PUSH_TOLERANCE: f32 = 1e-7;

/// Memory for scores from nodes to all others, made once and used again.
#[derive(Debug, Default)]
pub struct ScoreScratch {
    near: Vec<u32>,
    far: Vec<u32>,
    near_times: Vec<i64>,
    far_times: Vec<i64>,
    residues: Vec<f32>,
    queue: Vec<u32>,
    waiting: Vec<bool>,
}

/// The scores of one node with every other, into `scores`: one for each node of the graph. What its own place and those of its
/// neighbours hold means nothing.
///
/// # Panics
/// Where the graph has no such node, or `scores` is shorter than it has nodes.
pub fn score_all(
    graph: &impl Adjacency,
    node: u32,
    score: LinkScore,
    scratch: &mut ScoreScratch,
    scores: &mut [f32],
) {
    scores.fill(0.0);
    match score {
        LinkScore::CommonNeighbours => spread(graph, node, |_| 1.0, scratch, scores),
        LinkScore::Jaccard => jaccard(graph, node, scratch, scores),
        LinkScore::AdamicAdar => spread(graph, node, adamic_adar, scratch, scores),
        LinkScore::ResourceAllocation => spread(graph, node, allocation, scratch, scores),
        LinkScore::PreferentialAttachment => {
            let own = graph.degree(node) as f32;
            for (other, score) in scores.iter_mut().enumerate().take(graph.nodes()) {
                *score = own * graph.degree(other as u32) as f32;
            }
        }
        LinkScore::PersonalisedPageRank { restart } => {
            personalised_pagerank(graph, node, restart, PUSH_TOLERANCE, scratch, scores);
        }
        LinkScore::WalkWithRestart { restart, steps } => {
            walk_with_restart(graph, node, restart, steps, scratch, scores);
        }
        LinkScore::DecayedResourceAllocation { now, half_life } => {
            let decay = Decay { now, half_life };
            spread_decayed(graph, node, allocation, &decay, scratch, scores);
        }
        LinkScore::DecayedCommonNeighbours { now, half_life } => {
            let decay = Decay { now, half_life };
            spread_decayed(graph, node, |_| 1.0, &decay, scratch, scores);
        }
    }
}

/// What a common neighbour of so many neighbours gives under resource allocation.
#[must_use]
pub fn allocation(degree: usize) -> f32 {
    1.0 / degree.max(1) as f32
}

/// What a common neighbour of so many neighbours gives under Adamic–Adar.
#[must_use]
pub fn adamic_adar(degree: usize) -> f32 {
    match degree {
        0 | 1 => 0.0,
        _ => 1.0 / (degree as f32).ln(),
    }
}

/// The shares of a walk's time that restarts at `node` with probability `restart` at each step, by forward push (Andersen,
/// Chung and Lang 2006, section 3): what a node has left to give is given on while it exceeds `tolerance` times its degree.
/// Shares are low by at most `tolerance` · degree, and sum to at most 1. Adds to `shares`, one for each node.
///
/// Time: at most 1 / (`restart` · `tolerance`) steps, whatever the size of the graph.
///
/// # Panics
/// Where the graph has no such node, or `shares` is shorter than it has nodes.
pub fn personalised_pagerank(
    graph: &impl Adjacency,
    node: u32,
    restart: f32,
    tolerance: f32,
    scratch: &mut ScoreScratch,
    shares: &mut [f32],
) {
    let ScoreScratch {
        far,
        residues,
        queue,
        waiting,
        ..
    } = scratch;
    residues.resize(graph.nodes().max(residues.len()), 0.0);
    waiting.resize(residues.len(), false);
    residues[node as usize] = 1.0;
    let mut turn = vec![node];
    let mut touched = vec![node];
    while !turn.is_empty() {
        queue.clear();
        for &from in &turn {
            waiting[from as usize] = false;
            let left = std::mem::take(&mut residues[from as usize]);
            let list = graph.neighbours(from, far);
            shares[from as usize] += if list.is_empty() {
                left
            } else {
                restart * left
            };
            let each = (1.0 - restart) * left / list.len().max(1) as f32;
            for &to in list {
                let residue = &mut residues[to as usize];
                if *residue == 0.0 {
                    touched.push(to);
                }
                *residue += each;
                if !waiting[to as usize] && *residue > tolerance * graph.degree(to) as f32 {
                    waiting[to as usize] = true;
                    queue.push(to);
                }
            }
        }
        std::mem::swap(&mut turn, queue);
    }
    for node in touched {
        residues[node as usize] = 0.0;
    }
}

fn walk_with_restart(
    graph: &impl Adjacency,
    node: u32,
    restart: f32,
    steps: usize,
    scratch: &mut ScoreScratch,
    here: &mut [f32],
) {
    let nodes = graph.nodes();
    here[node as usize] = 1.0;
    for _ in 0..steps {
        let mut next = std::mem::take(&mut scratch.residues);
        next.clear();
        next.resize(nodes, 0.0);
        for (from, &share) in here
            .iter()
            .enumerate()
            .take(nodes)
            .filter(|(_, share)| **share > 0.0)
        {
            let list = graph.neighbours(from as u32, &mut scratch.far);
            let each = (1.0 - restart) * share / list.len().max(1) as f32;
            for &to in list {
                next[to as usize] += each;
            }
        }
        next[node as usize] += restart;
        here[..nodes].copy_from_slice(&next);
        next.fill(0.0);
        scratch.residues = next;
    }
}

fn spread(
    graph: &impl Adjacency,
    node: u32,
    weight: impl Fn(usize) -> f32,
    scratch: &mut ScoreScratch,
    scores: &mut [f32],
) {
    let near = graph.neighbours(node, &mut scratch.near);
    for &middle in near {
        let far = graph.neighbours(middle, &mut scratch.far);
        let more = weight(far.len());
        for &end in far {
            scores[end as usize] += more;
        }
    }
}

fn jaccard(graph: &impl Adjacency, node: u32, scratch: &mut ScoreScratch, scores: &mut [f32]) {
    spread(graph, node, |_| 1.0, scratch, scores);
    let own = graph.degree(node) as f32;
    for (other, score) in scores.iter_mut().enumerate().take(graph.nodes()) {
        if *score > 0.0 {
            let either = own + graph.degree(other as u32) as f32 - *score;
            *score /= either.max(1.0);
        }
    }
}

struct Decay {
    now: i64,
    half_life: f32,
}

impl Decay {
    fn of(&self, time: i64) -> f32 {
        let age = self.now.saturating_sub(time).max(0) as f32;
        (-age / self.half_life).exp2()
    }
}

fn spread_decayed(
    graph: &impl Adjacency,
    node: u32,
    weight: impl Fn(usize) -> f32,
    decay: &Decay,
    scratch: &mut ScoreScratch,
    scores: &mut [f32],
) {
    let near = graph.neighbours(node, &mut scratch.near);
    let near_times = graph.times(node, &mut scratch.near_times);
    let of = |times: &[i64], place: usize| times.get(place).map_or(1.0, |&time| decay.of(time));
    for (place, &middle) in near.iter().enumerate() {
        let far = graph.neighbours(middle, &mut scratch.far);
        let far_times = graph.times(middle, &mut scratch.far_times);
        let more = weight(far.len()) * of(near_times, place);
        for (place, &end) in far.iter().enumerate() {
            scores[end as usize] += more * of(far_times, place);
        }
    }
}
