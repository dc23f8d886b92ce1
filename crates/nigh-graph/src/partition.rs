//! Partitions: which shard each person lives on, so that questions about them need few others.

mod anneal;
mod balance;
mod cluster;
mod hash;
#[cfg(feature = "metis")]
mod metis;
mod multilevel;
mod pack;
mod report;

pub use hash::partition_by_hash;
#[cfg(feature = "metis")]
pub use metis::partition_metis;
pub use multilevel::partition_multilevel;
pub use pack::pack_communities;
pub use report::{PartitionReport, ShardReport, partition_report};

use anneal::{Cooling, InnerPaths, anneal};
use balance::{Room, even_out};

use crate::community::random::Random;
use crate::{Adjacency, Csr};

/// How a graph is cut into shards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartitionConfig {
    /// How many shards.
    pub shards: usize,
    /// The largest number of nodes of a shard, in means. Where that is less than one node above the mean, one above.
    pub node_balance: f64,
    /// The largest sum of degrees of a shard, in means. Where that is less than the largest degree, the largest degree.
    pub edge_balance: f64,
    /// Which of many equally plausible orders the nodes are visited in.
    pub seed: u64,
    /// How many times every node is looked at while shards cool down; time grows with it.
    pub passes: usize,
    /// How many cuts [`partition_multilevel`] chooses the best from; time and memory grow with it.
    pub tries: usize,
}

impl PartitionConfig {
    /// Shards within 1.05 of the mean in nodes and 1.10 in edges.
    #[must_use]
    pub fn new(shards: usize) -> PartitionConfig {
        PartitionConfig {
            shards,
            node_balance: 1.05,
            edge_balance: 1.10,
            seed: 0,
            passes: 60,
            tries: 6,
        }
    }
}

/// Each node's shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partition {
    /// The shard of each node, below `shards`.
    pub of: Vec<u32>,
    /// How many shards there are; some may be empty.
    pub shards: usize,
}

/// Why a graph was not cut.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PartitionError {
    /// No shards, or more than can be numbered.
    #[error("{0} shards; expected 1 to 1048576")]
    Shards(usize),
    /// A bound on balance that nothing could keep.
    #[error("the {what} balance is {given}; expected a finite number of at least 1")]
    Balance {
        /// "node" or "edge".
        what: &'static str,
        /// What was asked for.
        given: f64,
    },
    /// A row that should have a number for each node has another length.
    #[error("{given} numbers; expected one for each of {nodes} nodes")]
    Length {
        /// The row's length.
        given: usize,
        /// The graph's nodes.
        nodes: usize,
    },
    /// A node lies on a shard that is not there.
    #[error("node {node} is on shard {shard}; expected one below {shards}")]
    Shard {
        /// The first such node.
        node: usize,
        /// Its shard.
        shard: u32,
        /// How many there are.
        shards: usize,
    },
    /// METIS gave up.
    #[cfg(feature = "metis")]
    #[error("METIS failed: {0}")]
    Metis(String),
}

/// Moves nodes of a partition where more of their two-hop paths stay on one shard, and evens out shards that are too full.
///
/// This is label propagation under balance (Ugander & Backstrom 2013, *Balanced label propagation for partitioning massive
/// graphs*) with two bounds at once, cooled down from a temperature (Kirkpatrick et al. 1983) so that it passes small
/// valleys; the quantity that grows is `path2_all` of [`PartitionReport`]. Takes one thread. Shards of `config` that the
/// partition does not have yet are filled.
///
/// # Errors
/// [`PartitionError`] where config or partition do not fit the graph.
pub fn refine_partition(
    graph: &Csr,
    partition: &mut Partition,
    config: &PartitionConfig,
) -> Result<(), PartitionError> {
    config.check()?;
    partition.check(graph, config.shards)?;
    partition.shards = config.shards;
    let mut random = Random::new(config.seed);
    let mut room = Room::of(graph, config);
    room.fill(graph, &partition.of);
    finish(
        graph,
        &mut partition.of,
        &mut room,
        config.passes,
        &mut random,
    );
    Ok(())
}

/// Moves nodes at a falling temperature, then within the bounds alone; what the partition is worth then.
fn finish(graph: &Csr, of: &mut [u32], room: &mut Room, passes: usize, random: &mut Random) -> f64 {
    let soft = Cooling {
        heat: 0.5,
        passes,
        price: [3.0, 100.0],
        strict: false,
    };
    anneal(&mut InnerPaths::of(graph, of), of, room, soft, random);
    even_out(graph, of, room, random);
    let strict = Cooling {
        passes: 0,
        strict: true,
        ..soft
    };
    let mut paths = InnerPaths::of(graph, of);
    anneal(&mut paths, of, room, strict, random);
    paths.sum()
}

impl PartitionConfig {
    fn check(&self) -> Result<(), PartitionError> {
        if self.shards == 0 || self.shards > 1 << 20 {
            return Err(PartitionError::Shards(self.shards));
        }
        for (what, given) in [("node", self.node_balance), ("edge", self.edge_balance)] {
            if !given.is_finite() || given < 1.0 {
                return Err(PartitionError::Balance { what, given });
            }
        }
        Ok(())
    }
}

impl Partition {
    fn check(&self, graph: &Csr, shards: usize) -> Result<(), PartitionError> {
        let (given, nodes) = (self.of.len(), graph.nodes());
        if given != nodes {
            return Err(PartitionError::Length { given, nodes });
        }
        let beyond = |&(_, &shard): &(usize, &u32)| shard as usize >= shards;
        match self.of.iter().enumerate().find(beyond) {
            Some((node, &shard)) => Err(PartitionError::Shard {
                node,
                shard,
                shards,
            }),
            None => Ok(()),
        }
    }
}
