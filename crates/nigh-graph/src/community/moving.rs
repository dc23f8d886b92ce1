//! Local moving: each node goes where it fits best, until none wants to.

use super::level::{Level, Sums};
use super::random::Random;

/// Moves nodes between communities while modularity grows; whether any moved.
///
/// Nodes are visited in random order, and again when a neighbour has left them (the queue of Traag, Waltman & van Eck
/// 2019, section "fast local move"). A node may found a community of its own.
pub(super) fn move_nodes(
    level: &Level<'_>,
    of: &mut [u32],
    resolution: f64,
    random: &mut Random,
) -> bool {
    let nodes = level.nodes();
    if level.total <= 0.0 {
        return false;
    }
    let mut state = State::of(level, of, resolution);
    let mut queue = random.order(nodes);
    let mut next = Vec::new();
    let mut queued = vec![true; nodes];
    let mut moved = false;
    while !queue.is_empty() {
        for node in queue.drain(..) {
            queued[node as usize] = false;
            let Some(to) = state.best(level, of, node) else {
                continue;
            };
            moved = true;
            state.put(level, of, node, to);
            for &target in level.list(node as usize) {
                if of[target as usize] != to && !queued[target as usize] {
                    queued[target as usize] = true;
                    next.push(target);
                }
            }
        }
        std::mem::swap(&mut queue, &mut next);
    }
    moved
}

struct State {
    strength: Vec<f64>,
    sizes: Vec<u32>,
    empty: Vec<u32>,
    sums: Sums,
    /// What a unit of strength costs beside another: resolution over the graph's total.
    price: f64,
    /// Gains below this are rounding; without it two nodes could swap for ever.
    least: f64,
}

impl State {
    fn of(level: &Level<'_>, of: &[u32], resolution: f64) -> State {
        let nodes = level.nodes();
        let (mut strength, mut sizes) = (vec![0.0; nodes], vec![0; nodes]);
        for (node, &own) in of.iter().enumerate() {
            strength[own as usize] += level.strength[node];
            sizes[own as usize] += 1;
        }
        let is_empty = |&community: &u32| sizes[community as usize] == 0;
        let empty = (0..nodes as u32).filter(is_empty).collect();
        State {
            strength,
            sizes,
            empty,
            sums: Sums::new(nodes),
            price: resolution / level.total,
            least: level.total * 1e-12,
        }
    }

    /// The community where a node adds the most, unless it is in one that is as good.
    fn best(&mut self, level: &Level<'_>, of: &[u32], node: u32) -> Option<u32> {
        let own = of[node as usize];
        let sums = &mut self.sums;
        level.each_arc(node as usize, |target, weight| {
            sums.add(of[target as usize], weight);
        });
        let price = self.price * level.strength[node as usize];
        let inside = level.strength[node as usize];
        let stay = sums.get(own) - price * (self.strength[own as usize] - inside);
        let (mut best, mut best_gain) = (None, stay + self.least);
        let strength = &self.strength;
        sums.drain(|community, weight| {
            let gain = weight - price * strength[community as usize];
            if community != own && gain > best_gain {
                (best, best_gain) = (Some(community), gain);
            }
        });
        let alone = self.sizes[own as usize] == 1;
        if best_gain < 0.0 && !alone {
            best = self.empty.last().copied();
        }
        best
    }

    fn put(&mut self, level: &Level<'_>, of: &mut [u32], node: u32, to: u32) {
        let from = std::mem::replace(&mut of[node as usize], to);
        let strength = level.strength[node as usize];
        self.strength[from as usize] -= strength;
        self.strength[to as usize] += strength;
        self.sizes[from as usize] -= 1;
        if self.sizes[to as usize] == 0 {
            self.empty.pop();
        }
        self.sizes[to as usize] += 1;
        if self.sizes[from as usize] == 0 {
            self.strength[from as usize] = 0.0;
            self.empty.push(from);
        }
    }
}
