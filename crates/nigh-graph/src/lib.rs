#![forbid(unsafe_code)]
//! Who is around this person, where do they live, whom do I sample?

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
