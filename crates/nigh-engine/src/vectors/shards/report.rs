//! How evenly shards are filled, and how many of them a query needs.

use std::path::PathBuf;

use nigh_index::{
    Found, Neighbor, SearchParams, Segment, ShardRouter, ShardSearchError, hash_shard,
    merge_neighbors,
};
use serde::Serialize;

use super::{Oversized, ShardBy, ShardFolder};
use crate::vectors::categories::{Categories, CategoriesError};
use crate::vectors::queries::Queries;
use crate::vectors::recall::RECALL_AT;
use crate::vectors::tune::Interval;
use crate::vectors::watch::{Stopped, Watch};

/// What was measured on queries that are none of the rows. All shares are of each query's exact ten nearest rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShardReport {
    /// How rows were divided.
    pub by: ShardBy,
    /// Rows of each shard.
    pub rows: Vec<usize>,
    /// Rows of the largest shard over the mean.
    pub imbalance: f64,
    /// Categories that alone have more rows than a mean shard.
    pub oversized: Vec<Oversized>,
    /// Queries measured.
    pub queries: usize,
    /// Asking the shard of the query's own category; none where the queries have no categories.
    pub own: Option<OwnShard>,
    /// Asking the 1, 2, 3… shards whose nearest centroid is nearest to the query, up to all of them.
    pub nearest: Vec<Asked>,
    /// Asking the one shard, of as many by hash, that holds most of the ten: what no ranking can be better than.
    pub best_by_hash: Asked,
    /// How many shards must be asked, those with the nearest centroids first.
    pub needed: Vec<Needed>,
}

/// What some shards hold of the ten nearest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Asked {
    /// Shards asked for each query.
    pub shards: usize,
    /// The probability that they hold all ten.
    pub suffice: Interval,
    /// The mean share of the ten that they hold.
    pub recall_at_10: Interval,
}

/// What the shard of a query's own category holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OwnShard {
    /// Queries whose category some row has.
    pub queries: usize,
    /// Queries whose category no row has; they have no shard of their own.
    pub unknown: usize,
    /// What it holds.
    #[serde(flatten)]
    pub asked: Asked,
}

/// How many shards reach a recall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Needed {
    /// The recall to reach.
    pub recall: f64,
    /// The fewest shards of which the interval says so.
    pub shards: usize,
}

/// Measures a folder of shards with queries, and their categories where they have some. Every query is compared with
/// all rows.
///
/// # Errors
/// If the queries do not fit the shards, the categories are those of other queries or of no use, or the watcher asks to
/// stop.
pub fn shard_report(
    folder: &ShardFolder,
    queries: &Queries,
    categories: Option<&Categories>,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<ShardReport, ShardReportError> {
    if let Some(categories) = categories {
        categories.check(queries.path(), queries.len())?;
        if folder.by() != ShardBy::Category {
            let path = folder.path().to_owned();
            return Err(ShardReportError::NoCategories { path });
        }
    }
    let held = measure(folder, queries, threads, watch)?;
    let shards = folder.shards().segments();
    let asking = |count: usize| match count == shards.len() {
        true => Asked::EVERYTHING.with_shards(count),
        false => Asked::of(count, held.iter().map(|held| held.in_nearest(count))),
    };
    let nearest: Vec<Asked> = (1..=shards.len()).map(asking).collect();
    Ok(ShardReport {
        by: folder.by(),
        rows: shards.iter().map(Segment::len).collect(),
        imbalance: folder.imbalance(),
        oversized: folder.oversized(),
        queries: queries.len(),
        own: categories.map(|categories| own(folder, categories, &held)),
        best_by_hash: Asked::of(1, held.iter().map(|held| held.best_by_hash)),
        needed: RECALLS.map(|recall| needed(recall, &nearest)).to_vec(),
        nearest,
    })
}

/// Recalls that shards are counted for.
const RECALLS: [f64; 2] = [0.95, 0.99];

/// Centroids of a shard, on average, that shards are ranked by. On Fashion-MNIST by category (10 categories, 4 shards) the shard with
/// the nearest of 16 holds 0.81 of the ten nearest rows, of 64 0.855, of 256 0.859 and of 1,024 0.857.
const CENTROIDS: usize = 64;

const SEED: u64 = 0;

/// Queries between two looks at the watcher.
const BLOCK: usize = 64;

/// Where the ten nearest of one query are.
struct Held {
    /// The share that each shard holds.
    shares: Vec<f64>,
    /// The shards, nearest centroid first.
    order: Vec<usize>,
    /// The greatest share that one shard would hold, were there as many by hash.
    best_by_hash: f64,
}

impl Held {
    fn in_nearest(&self, shards: usize) -> f64 {
        let nearest = self.order.iter().take(shards);
        let held: f64 = nearest.map(|&shard| self.shares[shard]).sum();
        held.min(1.0)
    }
}

fn measure(
    folder: &ShardFolder,
    queries: &Queries,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<Held>, ShardReportError> {
    let shards = folder.shards();
    let router = ShardRouter::train(shards, CENTROIDS, SEED);
    let params = SearchParams::exact(RECALL_AT).with_threads(threads);
    let mut held = Vec::with_capacity(queries.len());
    for block in queries.values().chunks(BLOCK * queries.dim()) {
        let each = (0..shards.segments().len())
            .map(|shard| shards.search_batch_in(&[shard], block, &params, None))
            .collect::<Result<Vec<Vec<Found>>, _>>()?;
        for (at, query) in block.chunks_exact(queries.dim()).enumerate() {
            let of_query: Vec<&[Neighbor]> =
                each.iter().map(|found| &found[at].neighbors[..]).collect();
            held.push(Held {
                order: router.rank(query),
                ..shares(&of_query)
            });
        }
        watch.advance(block.len() / queries.dim())?;
    }
    Ok(held)
}

/// The share of the ten nearest that each shard holds; a row as near as the last counts too.
fn shares(of_each: &[&[Neighbor]]) -> Held {
    let nearest = merge_neighbors(of_each.iter().map(|found| found.to_vec()), RECALL_AT);
    let floor = nearest.last().map_or(f32::INFINITY, |last| last.score);
    let part = |count: usize| count as f64 / nearest.len().max(1) as f64;
    let held = |found: &&[Neighbor]| part(found.iter().filter(|hit| hit.score >= floor).count());
    let mut by_hash = vec![0; of_each.len()];
    nearest
        .iter()
        .for_each(|hit| by_hash[hash_shard(hit.label, of_each.len())] += 1);
    Held {
        shares: of_each.iter().map(held).collect(),
        order: Vec::new(),
        best_by_hash: part(by_hash.into_iter().max().unwrap_or(0)),
    }
}

fn own(folder: &ShardFolder, categories: &Categories, held: &[Held]) -> OwnShard {
    let shard = |query| folder.shard_of(&categories.names()[categories.of(query)?]);
    let known: Vec<f64> = (0..)
        .zip(held)
        .filter_map(|(query, held)| Some(held.shares[shard(query)?].min(1.0)))
        .collect();
    OwnShard {
        queries: known.len(),
        unknown: held.len() - known.len(),
        asked: Asked::of(1, known.into_iter()),
    }
}

fn needed(recall: f64, nearest: &[Asked]) -> Needed {
    let enough = nearest
        .iter()
        .find(|asked| asked.recall_at_10.low >= recall);
    Needed {
        recall,
        shards: enough.map_or(nearest.len(), |asked| asked.shards),
    }
}

impl Asked {
    /// All shards miss nothing.
    const EVERYTHING: Asked = Asked {
        shards: 0,
        suffice: Interval::CERTAIN,
        recall_at_10: Interval::CERTAIN,
    };

    fn with_shards(self, shards: usize) -> Asked {
        Asked { shards, ..self }
    }

    fn of(shards: usize, shares: impl Iterator<Item = f64>) -> Asked {
        let shares: Vec<f64> = shares.collect();
        let all = shares
            .iter()
            .map(|&share| f64::from(u8::from(share > 1.0 - 1e-9)));
        Asked {
            shards,
            suffice: Interval::of_mean(&all.collect::<Vec<_>>(), 1),
            recall_at_10: Interval::of_mean(&shares, RECALL_AT),
        }
    }
}

/// Why shards were not measured.
#[derive(Debug, thiserror::Error)]
pub enum ShardReportError {
    /// The queries do not fit the shards.
    #[error(transparent)]
    Search(#[from] ShardSearchError),
    /// The categories do not fit the queries.
    #[error(transparent)]
    Categories(#[from] CategoriesError),
    /// Shards by hash have no categories.
    #[error("the shards of {} were made by hash: no query has a shard of its own category", path.display())]
    NoCategories {
        /// The folder.
        path: PathBuf,
    },
    /// Asked to stop.
    #[error("the measurement is not complete")]
    Stopped(#[from] Stopped),
}
