//! Shards by hash: nothing to know, nothing local.

use super::{Partition, PartitionConfig, PartitionError};

/// Puts each node on shard `hash mod shards`. `hashes` holds one for each node: that of its external id, so that the shard
/// follows from the id alone.
///
/// # Errors
/// [`PartitionError::Shards`].
pub fn partition_by_hash(hashes: &[u64], shards: usize) -> Result<Partition, PartitionError> {
    PartitionConfig::new(shards).check()?;
    let of = hashes.iter().map(|hash| (hash % shards as u64) as u32);
    Ok(Partition {
        of: of.collect(),
        shards,
    })
}
