#![forbid(unsafe_code)]
//! Who is around this person, where do they live, whom do I sample?

mod adjacency;
mod community;
mod csr;
mod partition;

pub use adjacency::Adjacency;
pub use community::{Communities, CommunityConfig, CommunityError, leiden, louvain, modularity};
pub use csr::{Csr, Edge};
#[cfg(feature = "metis")]
pub use partition::partition_metis;
pub use partition::{
    Partition, PartitionConfig, PartitionError, PartitionReport, ShardReport, pack_communities,
    partition_by_hash, partition_multilevel, partition_report, refine_partition,
};
