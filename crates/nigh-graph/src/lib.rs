#![forbid(unsafe_code)]
//! Who is around this person, where do they live, whom do I sample?
//!
//! Undirected graphs of people, each a number: with times and weights of the edges where there are any. [`GraphFile`] is a mapped,
//! checksummed file of compressed lists, [`Graph`] such a file and what has changed since, [`Csr`] plain lists in memory for work that
//! reads all of them; all three are an [`Adjacency`].
//!
//! It is:
//! - small: an edge, in the lists of both its ends, takes about 2.4 bytes in a college network;
//! - quick: [`common_neighbours`] of a person follows ten thousand paths in some 25 microseconds;
//! - repeatable: a seed gives the same communities, partitions and samples on any number of threads.
//!
//! It is not:
//! - aware of attributes, rules or models: it knows numbers, and the ids they have outside;
//! - durable: a file is derived, and a change is the store's to keep.
//!
//! ```
//! use nigh_graph::{Csr, Edge, TwoHopConfig, TwoHopScratch, common_neighbours};
//!
//! let edges = [(0, 1), (0, 2), (1, 3), (2, 3), (2, 4)].map(|(a, b)| Edge::new(a, b));
//! let graph = Csr::from_edges(5, &edges);
//! let mut scratch = TwoHopScratch::default();
//! let found = common_neighbours(&graph, 0, &TwoHopConfig::default(), &mut scratch).found;
//! assert_eq!((found[0].node, found[0].score), (3, 2));
//! ```

mod adjacency;
mod community;
mod csr;
mod delta;
mod file;
mod graph;
mod ids;
mod list;
mod partition;
mod sample;
mod scores;
mod stats;
mod two_hop;

pub use adjacency::Adjacency;
pub use community::{Communities, CommunityConfig, CommunityError, leiden, louvain, modularity};
pub use csr::{Csr, Edge};
pub use file::{GraphFile, OpenGraphError, WriteGraphError, write_graph};
pub use graph::Graph;
pub use ids::{Ids, IdsFile, integer};
#[cfg(feature = "metis")]
pub use partition::partition_metis;
pub use partition::{
    Partition, PartitionConfig, PartitionError, PartitionReport, ShardReport, pack_communities,
    partition_by_hash, partition_multilevel, partition_report, refine_partition,
};
pub use sample::{
    Block, Draw, LeftOut, Random, Sample, SampleConfig, SampleError, Seed, TimeRule, sample,
};
pub use scores::{
    LinkScore, PUSH_TOLERANCE, ScoreScratch, adamic_adar, allocation, personalised_pagerank,
    score_all,
};
pub use stats::{
    Clustering, ClusteringConfig, Components, DegreeStats, Estimate, PageRankConfig, clustering,
    connected_components, core_numbers, degree_assortativity, degree_stats, pagerank,
    triangle_counts,
};
pub use two_hop::{
    Scored, TwoHop, TwoHopConfig, TwoHopScratch, common_neighbours, weighted_neighbours,
};
