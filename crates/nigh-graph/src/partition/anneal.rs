//! Moving nodes between shards at a falling temperature, with a rising price on shards that are too full.

use super::balance::{Room, Size};
use crate::community::level::Level;
use crate::community::random::Random;
use crate::{Adjacency, Csr};

/// Passes at temperature 0 at the end, at most.
const COLD_PASSES: usize = 20;

/// What an arc inside a shard is worth beside the paths that it is part of. Without it nodes whose neighbours have no local
/// neighbours yet are worth nothing anywhere; more than that costs paths.
const PLAIN_WORTH: f64 = 5.0;

/// Noise above this many temperatures is as good as impossible (6 in a million): who needs more draws none.
const LOUDEST_NOISE: f64 = 12.0;

/// How shards cool down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cooling {
    /// The temperature at the beginning, in what an arc is worth on average; it falls to a twentieth of that, then to 0.
    pub(super) heat: f64,
    /// Passes until then.
    pub(super) passes: usize,
    /// The price of what is over a bound at the beginning and at the end: in arcs for each arc moved and whole bound over.
    pub(super) price: [f64; 2],
    /// Whether nobody moves to a shard without room at temperature 0.
    pub(super) strict: bool,
}

/// What is to grow.
pub(super) trait Objective {
    fn nodes(&self) -> usize;
    fn size(&self, node: u32) -> Size;
    /// What an arc is worth on average.
    fn worth_of_an_arc(&self) -> f64;
    /// What a node is worth on each shard that holds a neighbour.
    fn tally(&self, node: u32, of: &[u32], tally: &mut Tally);
    /// A node has moved.
    fn moved(&mut self, node: u32, of: &[u32], from: u32, to: u32);
}

/// Moves nodes to where they are worth more.
pub(super) fn anneal(
    objective: &mut impl Objective,
    of: &mut [u32],
    room: &mut Room,
    cooling: Cooling,
    random: &mut Random,
) {
    let nodes = objective.nodes();
    let mut tally = Tally::new(room.shards());
    let mut order = random.order(nodes);
    let [first_price, last_price] = cooling.price;
    for pass in 0..cooling.passes + COLD_PASSES {
        let cold = pass >= cooling.passes;
        let progress = if cold {
            1.0
        } else {
            pass as f64 / cooling.passes as f64
        };
        let unit = objective.worth_of_an_arc();
        let heat = unit * cooling.heat * 0.05_f64.powf(progress);
        let heat = if cold { 0.0 } else { heat };
        let price = unit * first_price * (last_price / first_price).powf(progress);
        let strict = cold && cooling.strict;
        random.shuffle(&mut order);
        let mut moved = 0;
        for &node in &order {
            let own = of[node as usize];
            let size = objective.size(node);
            objective.tally(node, of, &mut tally);
            if room.is_over(own) {
                tally.add(random.below(room.shards()) as u32, 1e-9);
            }
            let here = room.without(own, size);
            let stay = tally.get(own) - price * room.cost(here, size);
            let (mut best, mut best_score) = (own, stay + noise(heat, random));
            tally.drain(|shard, worth| {
                if shard == own || strict && !room.fits(shard, size) {
                    return;
                }
                let cost = price * room.cost(room.held[shard as usize], size);
                if worth - cost + heat * LOUDEST_NOISE <= best_score {
                    return;
                }
                let score = worth - cost + noise(heat, random);
                if score > best_score {
                    (best, best_score) = (shard, score);
                }
            });
            if best != own {
                of[node as usize] = best;
                room.move_between(own, best, size);
                objective.moved(node, of, own, best);
                moved += 1;
            }
        }
        if cold && moved <= nodes / 2000 {
            break;
        }
    }
}

/// Gumbel noise: the highest of scores raised by it is a draw with probability proportional to `exp(score / heat)`.
#[inline(always)]
fn noise(heat: f64, random: &mut Random) -> f64 {
    if heat == 0.0 {
        return 0.0;
    }
    -heat * (-(1.0 - random.unit()).ln()).max(1e-300).ln()
}

/// Worths by shard, of which few are other than 0.
pub(super) struct Tally {
    of: Vec<f64>,
    touched: Vec<u32>,
}

impl Tally {
    fn new(shards: usize) -> Tally {
        let (of, touched) = (vec![0.0; shards], Vec::new());
        Tally { of, touched }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, shard: u32, worth: f64) {
        let sum = &mut self.of[shard as usize];
        if *sum == 0.0 {
            self.touched.push(shard);
        }
        *sum += worth;
    }

    #[inline(always)]
    fn get(&self, shard: u32) -> f64 {
        self.of[shard as usize]
    }

    #[inline(always)]
    fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for shard in self.touched.drain(..) {
            visit(shard, std::mem::take(&mut self.of[shard as usize]));
        }
    }
}

/// The weight of arcs inside shards.
pub(super) struct InnerWeight<'a> {
    level: &'a Level<'a>,
    sizes: &'a [Size],
    worth: f64,
}

impl<'a> InnerWeight<'a> {
    pub(super) fn of(level: &'a Level<'a>, sizes: &'a [Size]) -> InnerWeight<'a> {
        let mut sum = 0.0;
        (0..level.nodes()).for_each(|node| level.each_arc(node, |_, weight| sum += weight));
        let arcs: u64 = sizes.iter().map(|size| size.load).sum();
        let worth = sum / arcs.max(1) as f64;
        InnerWeight {
            level,
            sizes,
            worth,
        }
    }
}

impl InnerWeight<'_> {
    /// The weight of all arcs inside shards.
    pub(super) fn sum(&self, of: &[u32]) -> f64 {
        let mut sum = 0.0;
        for (node, &own) in of.iter().enumerate() {
            self.level.each_arc(node, |target, weight| {
                if of[target as usize] == own {
                    sum += weight;
                }
            });
        }
        sum
    }
}

impl Objective for InnerWeight<'_> {
    fn nodes(&self) -> usize {
        self.level.nodes()
    }

    fn size(&self, node: u32) -> Size {
        self.sizes[node as usize]
    }

    fn worth_of_an_arc(&self) -> f64 {
        self.worth
    }

    #[inline(always)]
    fn tally(&self, node: u32, of: &[u32], tally: &mut Tally) {
        self.level.each_arc(node as usize, |target, weight| {
            tally.add(of[target as usize], weight);
        });
    }

    fn moved(&mut self, _node: u32, _of: &[u32], _from: u32, _to: u32) {}
}

/// Paths over two edges with all three nodes on one shard, from either end.
pub(super) struct InnerPaths<'a> {
    graph: &'a Csr,
    /// Each node's neighbours on its own shard.
    local: Vec<u32>,
}

impl<'a> InnerPaths<'a> {
    pub(super) fn of(graph: &'a Csr, of: &[u32]) -> InnerPaths<'a> {
        let local = |node| {
            let own = of[node as usize];
            let list = graph.list(node).iter();
            list.filter(|&&other| of[other as usize] == own).count() as u32
        };
        InnerPaths {
            graph,
            local: (0..graph.nodes() as u32).map(local).collect(),
        }
    }
}

impl InnerPaths<'_> {
    /// How many paths there are.
    pub(super) fn sum(&self) -> f64 {
        let paths = |&local: &u32| f64::from(local) * (f64::from(local) - 1.0);
        self.local.iter().map(paths).sum()
    }
}

impl Objective for InnerPaths<'_> {
    fn nodes(&self) -> usize {
        self.graph.nodes()
    }

    fn size(&self, node: u32) -> Size {
        Size::of(self.graph, node)
    }

    /// Both ends' local neighbours, as much again in paths through the other end.
    fn worth_of_an_arc(&self) -> f64 {
        let square = |&local: &u32| f64::from(local).powi(2);
        let squares: f64 = self.local.iter().map(square).sum();
        3.0 * squares / self.graph.targets().len().max(1) as f64
    }

    #[inline(always)]
    fn tally(&self, node: u32, of: &[u32], tally: &mut Tally) {
        let own = of[node as usize];
        for &other in self.graph.list(node) {
            let shard = of[other as usize];
            let local = self.local[other as usize] - u32::from(shard == own);
            tally.add(shard, 2.0 * f64::from(local) + PLAIN_WORTH);
        }
    }

    fn moved(&mut self, node: u32, of: &[u32], from: u32, to: u32) {
        let mut local = 0;
        for &other in self.graph.list(node) {
            let shard = of[other as usize];
            let count = &mut self.local[other as usize];
            *count -= u32::from(shard == from);
            *count += u32::from(shard == to);
            local += u32::from(shard == to);
        }
        self.local[node as usize] = local;
    }
}
