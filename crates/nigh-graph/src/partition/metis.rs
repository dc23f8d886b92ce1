//! Shards by METIS, for comparison and for those who trust it.

use std::sync::{Mutex, PoisonError};

use metis::Graph;

use super::{Partition, PartitionConfig, PartitionError};
use crate::{Adjacency, Csr};

/// METIS draws from the C library's one row of random numbers: two cuts at a time would not be repeatable.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Cuts a graph with METIS (Karypis & Kumar 1998, *A fast and high quality multilevel scheme for partitioning irregular
/// graphs*), k-way, even in nodes within METIS's own 3 %; edges are left as they fall. Follow it with
/// [`refine_partition`](super::refine_partition) for both bounds. METIS cannot cut a graph into shards of hardly any nodes:
/// where there are fewer than 16 a shard, nodes are dealt out in turn.
///
/// # Errors
/// [`PartitionError::Shards`], [`PartitionError::Balance`], and [`PartitionError::Metis`] where METIS refuses, as for
/// more than 2³¹ − 1 arcs.
pub fn partition_metis(graph: &Csr, config: &PartitionConfig) -> Result<Partition, PartitionError> {
    config.check()?;
    let shards = config.shards;
    if shards == 1 || graph.edges() == 0 || graph.nodes() < 16 * shards {
        let of = (0..graph.nodes()).map(|node| (node % shards) as u32);
        return Ok(Partition {
            of: of.collect(),
            shards,
        });
    }
    let offsets = graph.offsets().iter().copied().map(metis::Idx::try_from);
    let offsets: Vec<metis::Idx> = offsets.collect::<Result<_, _>>().map_err(refused)?;
    let targets = graph.targets().iter().copied().map(metis::Idx::try_from);
    let targets: Vec<metis::Idx> = targets.collect::<Result<_, _>>().map_err(refused)?;
    let seed = metis::option::Seed((config.seed & 0x7FFF_FFFF) as metis::Idx);
    let mut of = vec![0; graph.nodes()];
    let cut = Graph::new(1, shards as metis::Idx, &offsets, &targets).map_err(refused)?;
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    cut.set_option(seed).part_kway(&mut of).map_err(refused)?;
    let of = of.into_iter().map(|shard| shard as u32).collect();
    Ok(Partition { of, shards })
}

fn refused(error: impl ToString) -> PartitionError {
    PartitionError::Metis(error.to_string())
}
