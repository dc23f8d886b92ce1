//! Several segments that hold one collection together, searched as one.

use std::path::{Path, PathBuf};

use nigh_mmap::Verification;
use rayon::prelude::*;

use crate::allowed::Allowed;
use crate::coded::Query;
use crate::metric::Metric;
use crate::scan;
use crate::search::{Found, SearchError, SearchParams};
use crate::segment::{OpenError, Segment};
use crate::top_k::merge_neighbors;

pub use assign::{hash_shard, pack_categories};
pub use router::ShardRouter;

mod assign;
mod router;

/// Segments of one dimension, metric and sequence, each with a part of the rows. Cheap to clone: clones share the maps.
///
/// An exact search gives to the bit what one segment of all rows gives. Other modes search each shard as it would be
/// searched alone: `nprobe` lists and `rescore` rows of each, so that they compare more rows than one segment would and find
/// more.
#[derive(Clone, Debug)]
pub struct Shards {
    segments: Vec<Segment>,
}

impl Shards {
    /// Opens the shards of one collection and checks every byte of them.
    ///
    /// # Errors
    /// If there are none, one cannot be opened, or one is not of the same collection; the file is named.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Shards, OpenShardsError> {
        Shards::open_with(paths, Verification::Full)
    }

    /// Opens the shards of one collection and checks as much of them as is asked for.
    ///
    /// # Errors
    /// As for [`Shards::open`].
    pub fn open_with<P: AsRef<Path>>(
        paths: &[P],
        verification: Verification,
    ) -> Result<Shards, OpenShardsError> {
        let first = paths.first().ok_or(OpenShardsError::NoShards)?.as_ref();
        let mut segments: Vec<Segment> = Vec::with_capacity(paths.len());
        for path in paths {
            let segment = Segment::open_with(path.as_ref(), verification)?;
            if let Some(expected) = segments.first() {
                check_alike((path.as_ref(), &segment), (first, expected))?;
            }
            segments.push(segment);
        }
        Ok(Shards { segments })
    }

    /// The shards, in the order they were opened in.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Number of rows of all shards.
    pub fn len(&self) -> usize {
        self.segments.iter().map(Segment::len).sum()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(Segment::is_empty)
    }

    /// Values per row.
    pub fn dim(&self) -> usize {
        self.segments[0].dim()
    }

    /// How rows are compared.
    pub fn metric(&self) -> Metric {
        self.segments[0].metric()
    }

    /// The number that the builder was given: which state of the collection this is.
    pub fn sequence(&self) -> u64 {
        self.segments[0].sequence()
    }

    /// Length of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// The rows whose label `allow` approves: a filter for each shard.
    pub fn allow(&self, mut allow: impl FnMut(u64) -> bool) -> Vec<Allowed> {
        let each = self.segments.iter();
        each.map(|segment| segment.allow(&mut allow)).collect()
    }

    /// Finds the rows nearest to a query of `dim` values, in all shards at the same time: `threads` of them, or fewer
    /// shards with several threads each. `allowed` has a filter for each shard. What was done adds up over the shards.
    ///
    /// # Errors
    /// If the query has another dimension or values that are not finite, or the filters do not fit the shards.
    pub fn search(
        &self,
        query: &[f32],
        params: &SearchParams,
        allowed: Option<&[Allowed]>,
    ) -> Result<Found, ShardSearchError> {
        self.search_in(&self.all(), query, params, allowed)
    }

    /// As [`Shards::search`], in some of the shards alone: where a query's category says which. `allowed` has a filter
    /// for each shard there is, asked or not.
    ///
    /// # Errors
    /// As for [`Shards::search`], and if there is no such shard.
    pub fn search_in(
        &self,
        shards: &[usize],
        query: &[f32],
        params: &SearchParams,
        allowed: Option<&[Allowed]>,
    ) -> Result<Found, ShardSearchError> {
        let asked = self.asked(shards, allowed)?;
        let query = scan::prepare_query(self.dim(), self.metric(), query)?;
        let tasks = scan::tasks(params.threads).clamp(1, asked.len().max(1));
        let alone = params.with_threads((scan::tasks(params.threads) / tasks).max(1));
        let some = |asked: &[Asked<'_>]| -> Vec<Found> {
            let each = asked.iter();
            each.map(|one| {
                one.segment
                    .search_prepared(Query::new(&query), &alone, one.allowed, None)
            })
            .collect()
        };
        let found = match tasks {
            1 => some(&asked),
            _ => asked
                .par_chunks(asked.len().div_ceil(tasks))
                .flat_map_iter(some)
                .collect(),
        };
        Ok(merge(found, params.k))
    }

    /// Finds the rows nearest to each of several queries, laid end to end, under one filter; the same results as
    /// [`Shards::search`] one by one.
    ///
    /// # Errors
    /// As for [`Shards::search`], and if the values do not divide into queries.
    pub fn search_batch(
        &self,
        queries: &[f32],
        params: &SearchParams,
        allowed: Option<&[Allowed]>,
    ) -> Result<Vec<Found>, ShardSearchError> {
        self.search_batch_in(&self.all(), queries, params, allowed)
    }

    /// As [`Shards::search_batch`], in some of the shards alone. Shards are searched one after the other, each with all
    /// `threads`: many queries keep these busy.
    ///
    /// # Errors
    /// As for [`Shards::search_batch`], and if there is no such shard.
    pub fn search_batch_in(
        &self,
        shards: &[usize],
        queries: &[f32],
        params: &SearchParams,
        allowed: Option<&[Allowed]>,
    ) -> Result<Vec<Found>, ShardSearchError> {
        // Nobody may be asked; the queries are checked all the same.
        let mut of_each: Vec<Vec<Found>> = self.no_answers(queries)?;
        for one in self.asked(shards, allowed)? {
            let found = one.segment.search_batch(queries, params, one.allowed)?;
            of_each
                .iter_mut()
                .zip(found)
                .for_each(|(of_one, found)| of_one.push(found));
        }
        let merged = of_each.into_iter().map(|found| merge(found, params.k));
        Ok(merged.collect())
    }

    fn all(&self) -> Vec<usize> {
        (0..self.segments.len()).collect()
    }

    /// Each shard once, in the order of their numbers.
    fn asked<'a>(
        &'a self,
        shards: &[usize],
        allowed: Option<&'a [Allowed]>,
    ) -> Result<Vec<Asked<'a>>, ShardSearchError> {
        self.check_filters(allowed)?;
        let mut numbers = shards.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let ask = |shard: usize| match self.segments.get(shard) {
            Some(segment) => Ok(Asked {
                segment,
                allowed: allowed.map(|allowed| &allowed[shard]),
            }),
            None => Err(ShardSearchError::NoSuchShard {
                shard,
                shards: self.segments.len(),
            }),
        };
        numbers.into_iter().map(ask).collect()
    }

    fn check_filters(&self, allowed: Option<&[Allowed]>) -> Result<(), ShardSearchError> {
        let Some(allowed) = allowed else {
            return Ok(());
        };
        if allowed.len() != self.segments.len() {
            return Err(ShardSearchError::Filters {
                received: allowed.len(),
                expected: self.segments.len(),
            });
        }
        for (shard, (segment, allowed)) in self.segments.iter().zip(allowed).enumerate() {
            scan::check_allowed(segment.len(), Some(allowed))
                .map_err(|source| ShardSearchError::Filter { shard, source })?;
        }
        Ok(())
    }

    fn no_answers(&self, queries: &[f32]) -> Result<Vec<Vec<Found>>, SearchError> {
        let (dim, received) = (self.dim(), queries.len());
        if !received.is_multiple_of(dim) {
            return Err(SearchError::Batch { dim, received });
        }
        Ok(vec![Vec::new(); received / dim])
    }
}

/// A shard and its filter.
struct Asked<'a> {
    segment: &'a Segment,
    allowed: Option<&'a Allowed>,
}

/// One answer of several: the best rows of all, and the sums of what was done.
fn merge(found: Vec<Found>, k: usize) -> Found {
    let mut total = Found::default();
    let mut lists = Vec::with_capacity(found.len());
    for one in found {
        total.visited_lists += one.visited_lists;
        total.distances += one.distances;
        total.refined += one.refined;
        total.rescored += one.rescored;
        lists.push(one.neighbors);
    }
    total.neighbors = merge_neighbors(lists, k);
    total
}

fn check_alike(
    (path, segment): (&Path, &Segment),
    (first, expected): (&Path, &Segment),
) -> Result<(), OpenShardsError> {
    let facts = |segment: &Segment| {
        [
            ("dimension", segment.dim().to_string()),
            ("metric", segment.metric().to_string()),
            ("sequence", segment.sequence().to_string()),
        ]
    };
    for ((what, received), (_, expected)) in facts(segment).into_iter().zip(facts(expected)) {
        if received != expected {
            return Err(OpenShardsError::Differs {
                path: path.to_owned(),
                first: first.to_owned(),
                what,
                received,
                expected,
            });
        }
    }
    Ok(())
}

/// Why shards cannot be opened as one collection.
#[derive(Debug, thiserror::Error)]
pub enum OpenShardsError {
    /// No files at all.
    #[error("no shards to open, expected at least one")]
    NoShards,
    /// A shard cannot be opened.
    #[error(transparent)]
    Segment(#[from] OpenError),
    /// A shard belongs to another collection, or to another state of it.
    #[error("{} is no shard of the same collection as {}: its {what} is {received}, expected {expected}",
        path.display(), first.display())]
    Differs {
        /// The shard that differs.
        path: PathBuf,
        /// The first shard.
        first: PathBuf,
        /// In what they differ.
        what: &'static str,
        /// That of the shard.
        received: String,
        /// That of the first shard.
        expected: String,
    },
}

/// Why a search of shards was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShardSearchError {
    /// The query does not fit.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A shard was asked for that is not there.
    #[error("there is no shard {shard}, expected less than {shards}")]
    NoSuchShard {
        /// The number received.
        shard: usize,
        /// How many there are.
        shards: usize,
    },
    /// Too few filters, or too many.
    #[error("{received} filters for {expected} shards, expected one for each")]
    Filters {
        /// The number received.
        received: usize,
        /// How many shards there are.
        expected: usize,
    },
    /// A filter belongs to another shard.
    #[error("shard {shard}: {source}")]
    Filter {
        /// The shard.
        shard: usize,
        /// What is wrong with its filter.
        source: SearchError,
    },
}
