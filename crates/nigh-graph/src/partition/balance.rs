//! How full shards are, and how those that are too full are relieved.

use super::PartitionConfig;
use crate::community::random::Random;
use crate::{Adjacency, Csr};

/// What a node, or a group of nodes, takes of a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) nodes: u64,
    pub(super) load: u64,
}

impl Size {
    pub(super) fn of(graph: &Csr, node: u32) -> Size {
        let (nodes, load) = (1, graph.degree(node) as u64);
        Size { nodes, load }
    }

    /// Of each node of a graph.
    pub(super) fn of_all(graph: &Csr) -> Vec<Size> {
        let nodes = 0..graph.nodes() as u32;
        nodes.map(|node| Size::of(graph, node)).collect()
    }

    pub(super) fn add(&mut self, other: Size) {
        self.nodes += other.nodes;
        self.load += other.load;
    }

    pub(super) fn sub(&mut self, other: Size) {
        self.nodes -= other.nodes;
        self.load -= other.load;
    }
}

/// A part of a bound, at least one node.
pub(super) fn share(cap: Size, parts: u64) -> Size {
    Size {
        nodes: (cap.nodes / parts).max(1),
        load: (cap.load / parts).max(1),
    }
}

/// What each shard holds and may hold.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) held: Vec<Size>,
    pub(super) cap: Size,
}

impl Room {
    pub(super) fn of(graph: &Csr, config: &PartitionConfig) -> Room {
        let (nodes, arcs) = (graph.nodes() as u64, graph.targets().len() as u64);
        let shards = config.shards as u64;
        let degrees = (0..nodes as u32).map(|node| graph.degree(node) as u64);
        let bound = |balance: f64, sum: u64| (balance * sum as f64 / shards as f64) as u64;
        let cap = Size {
            nodes: bound(config.node_balance, nodes).max(nodes.div_ceil(shards)),
            load: bound(config.edge_balance, arcs)
                .max(arcs.div_ceil(shards))
                .max(degrees.max().unwrap_or(0)),
        };
        Room {
            held: vec![Size::default(); config.shards],
            cap,
        }
    }

    pub(super) fn fill(&mut self, graph: &Csr, of: &[u32]) {
        let sizes = (0..graph.nodes() as u32).map(|node| Size::of(graph, node));
        self.fill_with(sizes, of);
    }

    pub(super) fn fill_with(&mut self, sizes: impl Iterator<Item = Size>, of: &[u32]) {
        self.held.fill(Size::default());
        for (size, &shard) in sizes.zip(of) {
            self.held[shard as usize].add(size);
        }
    }

    /// Whether every shard is within its bounds.
    pub(super) fn is_kept(&self) -> bool {
        (0..self.shards() as u32).all(|shard| !self.is_over(shard))
    }

    pub(super) fn shards(&self) -> usize {
        self.held.len()
    }

    #[inline(always)]
    pub(super) fn fits(&self, shard: u32, size: Size) -> bool {
        let held = self.held[shard as usize];
        held.nodes + size.nodes <= self.cap.nodes && held.load + size.load <= self.cap.load
    }

    #[inline(always)]
    pub(super) fn move_between(&mut self, from: u32, to: u32, size: Size) {
        self.held[from as usize].sub(size);
        self.held[to as usize].add(size);
    }

    /// How full a shard is: the larger of its two shares of what it may hold.
    pub(super) fn fullness(&self, shard: u32) -> f64 {
        let held = self.held[shard as usize];
        let share = |held: u64, cap: u64| held as f64 / cap.max(1) as f64;
        share(held.nodes, self.cap.nodes).max(share(held.load, self.cap.load))
    }

    /// What a shard holds besides one of its nodes.
    pub(super) fn without(&self, shard: u32, size: Size) -> Size {
        let mut held = self.held[shard as usize];
        held.sub(size);
        held
    }

    /// How much too much a shard would hold with one more, in arcs of that one times shares of the bounds.
    #[inline(always)]
    pub(super) fn cost(&self, held: Size, size: Size) -> f64 {
        let over = |held: u64, size: u64, cap: u64| {
            (held + size).saturating_sub(cap) as f64 / cap.max(1) as f64
        };
        let mean = self.cap.load as f64 / self.cap.nodes.max(1) as f64;
        let nodes = over(held.nodes, size.nodes, self.cap.nodes) * size.nodes as f64 * mean;
        nodes + over(held.load, size.load, self.cap.load) * size.load as f64
    }

    pub(super) fn is_over(&self, shard: u32) -> bool {
        let held = self.held[shard as usize];
        held.nodes > self.cap.nodes || held.load > self.cap.load
    }
}

/// Moves nodes off shards that are over their bounds: those first that lose the fewest neighbours by it, to shards with
/// room; where there is none, small ones to a shard with room for nodes alone, or in turn for nodes of smaller degree.
///
/// What it cannot mend in some rounds stays: a bound that no cut keeps, as where a few nodes have nearly all edges.
pub(super) fn even_out(graph: &Csr, of: &mut [u32], room: &mut Room, random: &mut Random) {
    for _ in 0..200 {
        let over = |shard: &u32| room.is_over(*shard);
        let full: Vec<u32> = (0..room.shards() as u32).filter(over).collect();
        if full.is_empty() {
            return;
        }
        for shard in full {
            relieve(graph, of, room, shard, random);
            shed(graph, of, room, shard, random);
            trade(graph, of, room, shard, random);
        }
    }
}

/// Moves nodes off one shard until it holds no more than it may, or no other takes any.
fn relieve(graph: &Csr, of: &mut [u32], room: &mut Room, shard: u32, random: &mut Random) {
    let mut leaving: Vec<(f64, u32)> = members(of, shard, random)
        .into_iter()
        .map(|node| (loss(graph, of, room, node), node))
        .collect();
    leaving.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut counts = vec![0_u32; room.shards()];
    for (_, node) in leaving {
        if !room.is_over(shard) {
            return;
        }
        let size = Size::of(graph, node);
        let Some(to) = nearest_with_room(graph, of, room, node, &mut counts) else {
            continue;
        };
        of[node as usize] = to;
        room.move_between(shard, to, size);
    }
}

/// How many neighbours a node would leave behind for what the shard gains by it.
fn loss(graph: &Csr, of: &[u32], room: &Room, node: u32) -> f64 {
    let own = of[node as usize];
    let list = graph.list(node);
    let inside = list.iter().filter(|&&other| of[other as usize] == own);
    let inside = inside.count() as f64;
    let (held, cap) = (room.held[own as usize], room.cap);
    let mut relief = 0.0;
    if held.nodes > cap.nodes {
        relief += 1.0 / (held.nodes - cap.nodes) as f64;
    }
    if held.load > cap.load {
        relief += list.len() as f64 / (held.load - cap.load) as f64;
    }
    (inside + 1.0) / relief.max(1e-9)
}

/// The shard other than its own that holds most of a node's neighbours among those with room for it; of several the
/// emptiest.
fn nearest_with_room(
    graph: &Csr,
    of: &[u32],
    room: &Room,
    node: u32,
    counts: &mut [u32],
) -> Option<u32> {
    let size = Size::of(graph, node);
    counts.fill(0);
    for &other in graph.list(node) {
        counts[of[other as usize] as usize] += 1;
    }
    let own = of[node as usize];
    let fitting = (0..room.shards() as u32).filter(|&to| to != own && room.fits(to, size));
    fitting.max_by(|&a, &b| {
        let by_count = counts[a as usize].cmp(&counts[b as usize]);
        by_count.then_with(|| room.fullness(b).total_cmp(&room.fullness(a)))
    })
}

/// Moves nodes of small degree off a shard that has too many, to the one with the most room for nodes.
fn shed(graph: &Csr, of: &mut [u32], room: &mut Room, shard: u32, random: &mut Random) {
    let cap = room.cap.nodes;
    let mut leaving = members(of, shard, random);
    leaving.sort_by_key(|&node| graph.degree(node));
    let surplus = room.held[shard as usize].nodes.saturating_sub(cap);
    for &node in leaving.iter().take(surplus as usize) {
        let others = (0..room.shards() as u32).filter(|&other| other != shard);
        let emptiest = others.min_by_key(|&other| room.held[other as usize].nodes);
        if let Some(to) = emptiest.filter(|&to| room.held[to as usize].nodes < cap) {
            of[node as usize] = to;
            room.move_between(shard, to, Size::of(graph, node));
        }
    }
}

/// Swaps nodes of a shard that is over its load for nodes of smaller degree on the one with the least.
fn trade(graph: &Csr, of: &mut [u32], room: &mut Room, shard: u32, random: &mut Random) {
    let load = |room: &Room, shard: u32| room.held[shard as usize].load;
    let shards = 0..room.shards() as u32;
    let Some(there) = shards.min_by_key(|&other| load(room, other)) else {
        return;
    };
    let mut heavy = members(of, shard, random);
    heavy.sort_by_key(|&node| std::cmp::Reverse(graph.degree(node)));
    let mut light = members(of, there, random);
    light.sort_by_key(|&node| graph.degree(node));
    let mut light = light.into_iter().peekable();
    for node in heavy {
        let Some(&other) = light.peek() else {
            return;
        };
        let (size, theirs) = (Size::of(graph, node), Size::of(graph, other));
        let done = load(room, shard) <= room.cap.load || size.load <= theirs.load;
        if done || there == shard {
            return;
        }
        if load(room, there) + size.load - theirs.load <= room.cap.load {
            room.move_between(shard, there, size);
            room.move_between(there, shard, theirs);
            (of[node as usize], of[other as usize]) = (there, shard);
            light.next();
        }
    }
}

/// The nodes of a shard in random order.
fn members(of: &[u32], shard: u32, random: &mut Random) -> Vec<u32> {
    let nodes = of.iter().enumerate();
    let on_it = nodes.filter(|&(_, &own)| own == shard);
    let mut nodes: Vec<u32> = on_it.map(|(node, _)| node as u32).collect();
    random.shuffle(&mut nodes);
    nodes
}
