//! Searching lists of codes: scan by signs, refine what may still win, rescore the best from the vectors.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use nigh_mmap::View;
use nigh_simd::{Affine, Hit, block_bytes};

use crate::allowed::Allowed;
use crate::coarse::{Coarse, CoarseScratch, Probe};
use crate::neighbor::Neighbor;
use crate::rabitq::{RefineLayout, SignTable, sign_slack};
use crate::scan::{self, Rows};
use crate::search::{Found, IvfSearch};
use crate::top_k::TopK;
use crate::transform::{Dims, Integers, QueryTransform, Transform, Turn, integer_limit};

/// What a segment has beside its vectors if they were coded. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    pub(crate) dims: Dims,
    pub(crate) layout: RefineLayout,
    pub(crate) mean: View<f32>,
    /// `dims.kept` × `dims.full`; none if rows are rotated without one.
    pub(crate) matrix: Option<View<f32>>,
    /// The shares of the variance that the scanned and the kept coordinates are to hold; empty if the file does not say.
    pub(crate) shares: Vec<f32>,
    pub(crate) query: Arc<QueryTransform>,
    /// lists × `dims.scan`.
    pub(crate) centroids: View<f32>,
    /// The centroids' parents, families and codes, as in [`Coarse`].
    pub(crate) parents: View<f32>,
    pub(crate) families: View<u32>,
    pub(crate) family_blocks: Arc<[u32]>,
    pub(crate) coarse: View<u8>,
    /// What to add to the score of each list.
    pub(crate) bonus: View<f32>,
    /// For each list the mean of what its rows' values have beside products, and twice the usual length of a residual.
    pub(crate) spread: View<f32>,
    /// Blocks of sign codes, list after list.
    pub(crate) blocks: View<u8>,
    /// The first block of each list, and the end.
    pub(crate) block_starts: Arc<[u32]>,
    /// Refining codes, in the order of the rows.
    pub(crate) refine: View<u8>,
}

/// A query as rows are compared with it, and its coordinates if they are known already.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) coordinates: Option<&'a [f32]>,
    /// Called once, where what is shorter than rows has been scanned and rows are about to be compared.
    pub(crate) before_rescoring: Option<&'a dyn Fn()>,
}

impl<'a> Query<'a> {
    pub(crate) fn new(values: &'a [f32]) -> Query<'a> {
        Query {
            values,
            coordinates: None,
            before_rescoring: None,
        }
    }

    pub(crate) fn mark_rescoring(&self) {
        if let Some(mark) = self.before_rescoring {
            mark();
        }
    }
}

/// Where lists begin, in rows.
pub(crate) type Starts<'a> = &'a [u64];

impl Coded {
    /// The `k` best allowed rows for a prepared query. `considered` is told what was looked at.
    #[expect(clippy::too_many_arguments, reason = "one call, all of it needed")]
    pub(crate) fn search(
        &self,
        rows: &Rows<'_>,
        starts: Starts<'_>,
        query: Query<'_>,
        k: usize,
        params: &IvfSearch,
        allowed: Option<&Allowed>,
        considered: Option<&mut Considered>,
    ) -> Found {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut search = Search {
                coded: self,
                rows,
                starts,
                params,
                allowed,
                masked: considered
                    .as_ref()
                    .is_some_and(|considered| considered.masked),
                k,
                waiting_square: 0.0,
                scratch,
            };
            search.prepare(query);
            search.probe_all();
            if let Some(considered) = considered {
                search.tell(considered);
            }
            query.mark_rescoring();
            search.rescore(query.values)
        })
    }

    /// The coordinates of several queries, laid end to end, in fewer passes over the matrix than one by one and the same to the bit.
    pub(crate) fn coordinates(&self, queries: &[f32]) -> Vec<f32> {
        let dim = self.mean.len();
        let mut centred = Vec::with_capacity(queries.len());
        for query in queries.chunks_exact(dim) {
            centred.extend(query.iter().zip(self.mean.iter()).map(|(x, mean)| x - mean));
        }
        let (mut integers, mut coordinates) = (Integers::default(), Vec::new());
        self.query
            .apply(&centred, dim, &mut integers, &mut coordinates);
        coordinates
    }

    /// The transform that rows were coded by.
    pub(crate) fn transform(&self) -> Transform {
        let turn = match (&self.matrix, &*self.query) {
            (_, QueryTransform::Hadamard(rotation, _)) => Turn::Hadamard(rotation.clone()),
            (matrix, QueryTransform::Matrix(_)) => Turn::Matrix(
                matrix
                    .as_ref()
                    .map_or_else(Vec::new, |matrix| matrix.to_vec()),
            ),
        };
        Transform {
            dims: self.dims,
            mean: self.mean.to_vec(),
            turn,
        }
    }

    pub(crate) fn coarse(&self) -> Coarse<'_> {
        Coarse {
            dim: self.dims.scan,
            parents: &self.parents,
            families: &self.families,
            block_starts: &self.family_blocks,
            centroids: &self.centroids,
            bonus: &self.bonus,
            blocks: &self.coarse,
        }
    }

    /// Whether the sections agree with each other and with the rows; a search relies on it.
    pub(crate) fn fits(&self, rows: usize, dim: usize, starts: Starts<'_>) -> bool {
        let lists = starts.len() - 1;
        let blocks_in = |starts: &[u32]| starts.last().map_or(0, |&end| end as usize);
        self.mean.len() == dim
            && self.centroids.len() == lists * self.dims.scan
            && self.families.len() == self.parents.len() / self.dims.scan + 1
            && self.families.len() > 1
            && self.families.is_sorted()
            && self.families[0] == 0
            && self.families.last() == Some(&(lists as u32))
            && self.coarse.len() == blocks_in(&self.family_blocks) * block_bytes(self.dims.scan / 4)
            && self.parents.len().is_multiple_of(self.dims.scan)
            && self.bonus.len() == lists
            && self.spread.len() == 2 * lists
            && self.blocks.len() == blocks_in(&self.block_starts) * block_bytes(self.dims.scan / 4)
            && self.refine.len() == rows * self.layout.bytes()
    }

    fn blocks_of(&self, list: usize) -> &[u8] {
        let bytes = block_bytes(self.dims.scan / 4);
        &self.blocks
            [self.block_starts[list] as usize * bytes..self.block_starts[list + 1] as usize * bytes]
    }

    fn refine_row(&self, row: usize) -> &[u8] {
        &self.refine[row * self.layout.bytes()..][..self.layout.bytes()]
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Room that searches of one thread use again.
#[derive(Debug, Default)]
struct Scratch {
    centred: Vec<f32>,
    coordinates: Vec<f32>,
    integers: Integers,
    step: f32,
    table: SignTable,
    coarse: CoarseScratch,
    probes: Vec<Probe>,
    considered: Vec<Probe>,
    hits: Vec<Hit>,
    /// Rows of the list before, to be refined; their values lack nothing any more.
    waiting: Vec<Hit>,
    unpacked: Vec<i8>,
    best: Best,
    scanned: usize,
    refined: usize,
    visited: usize,
}

/// The rows with the best refined values, and the value that a further one has to beat.
#[derive(Debug)]
struct Best(TopK);

impl Default for Best {
    fn default() -> Best {
        Best(TopK::new(0))
    }
}

/// What a search of lists looked at, for whoever has more rows for the same lists.
#[derive(Debug, Default)]
pub(crate) struct Considered {
    /// Whether the rows that are allowed are those that are left of the segment, rather than what a filter leaves. Set before.
    pub(crate) masked: bool,
    /// Whether not lists were looked at, but all rows.
    pub(crate) everything: bool,
    /// Those without allowed rows too.
    pub(crate) lists: Vec<Probe>,
    /// The query, if rows are coded.
    pub(crate) table: SignTable,
    /// How many are the best, and what a row's value has to reach to be among them.
    pub(crate) rescored: usize,
    pub(crate) floor: f32,
    /// What of the query's squared distance to the mean the scanned coordinates lack.
    pub(crate) lacking: f32,
}

/// One search on its way.
struct Search<'a, 's> {
    coded: &'a Coded,
    rows: &'a Rows<'a>,
    starts: Starts<'a>,
    params: &'a IvfSearch,
    allowed: Option<&'a Allowed>,
    /// See [`Considered::masked`].
    masked: bool,
    k: usize,
    /// The squared distance to the centroid of the list that rows wait from.
    waiting_square: f32,
    scratch: &'s mut Scratch,
}

/// How far lists are visited under a filter, once as many as wanted were: in standard deviations of the cosine between a
/// residual and a direction, one over the root of the dimension.
const FILTERED_REACH: f32 = 3.0;

/// How many lists ahead memory is asked for.
const LISTS_AHEAD: usize = 2;

/// Bytes of a list's codes that are asked for ahead; what follows, the CPU guesses by itself.
const LIST_AHEAD: usize = 4096;

impl Search<'_, '_> {
    fn prepare(&mut self, query: Query<'_>) {
        let Scratch {
            centred,
            coordinates,
            integers,
            table,
            waiting,
            considered,
            ..
        } = &mut *self.scratch;
        considered.clear();
        centred.clear();
        centred.extend(
            query
                .values
                .iter()
                .zip(self.coded.mean.iter())
                .map(|(x, mean)| x - mean),
        );
        waiting.clear();
        match query.coordinates {
            Some(known) => {
                coordinates.clear();
                coordinates.extend_from_slice(known);
            }
            None => {
                let dim = centred.len();
                self.coded.query.apply(centred, dim, integers, coordinates);
            }
        }
        table.fill(&coordinates[..self.coded.dims.scan]);
        self.scratch.step = integers.quantize(coordinates, integer_limit(coordinates.len()));
        self.scratch.best = Best(TopK::new(self.rescored().min(self.rows.labels.len())));
        (
            self.scratch.scanned,
            self.scratch.refined,
            self.scratch.visited,
        ) = (0, 0, 0);
    }

    fn tell(&mut self, considered: &mut Considered) {
        considered.rescored = self.rescored();
        let scratch = &mut *self.scratch;
        let square = |values: &[f32]| nigh_simd::dot(values, values);
        let scanned = &scratch.coordinates[..self.coded.dims.scan];
        considered.lacking = (square(&scratch.centred) - square(scanned)).max(0.0);
        considered.floor = scratch.best.0.floor();
        std::mem::swap(&mut considered.lists, &mut scratch.considered);
        std::mem::swap(&mut considered.table, &mut scratch.table);
    }

    fn rescored(&self) -> usize {
        self.params.rescored(self.k, self.is_filtered())
    }

    /// Visits the nearest lists, and more for as long as the search asks for.
    fn probe_all(&mut self) {
        let wanted = self.params.nprobe.max(1);
        let mut probes = std::mem::take(&mut self.scratch.probes);
        self.nearest(wanted, &mut probes);
        let done = self.probe_some(&probes, wanted);
        if !done && probes.len() < self.starts.len() - 1 {
            let mut seen = vec![false; self.starts.len() - 1];
            for probe in &probes {
                seen[probe.list as usize] = true;
            }
            self.nearest(usize::MAX, &mut probes);
            probes.retain(|probe| !seen[probe.list as usize]);
            self.probe_some(&probes, wanted);
        }
        self.scratch.probes = probes;
    }

    /// Whether this list need not be visited, nor any farther one: as many lists as wanted were, and `k` rows met. Under a
    /// filter the rows nearby may all be forbidden: then lists are visited for as long as they may well hold better ones.
    fn is_enough(&self, probe: &Probe, wanted: usize) -> bool {
        let met = self.scratch.scanned >= self.k && self.scratch.visited >= wanted;
        let reach = FILTERED_REACH / (self.coded.dims.scan as f32).sqrt();
        met && (!self.is_filtered() || self.out_of_reach(probe, reach))
    }

    fn is_filtered(&self) -> bool {
        self.allowed.is_some() && !self.masked
    }

    fn nearest(&mut self, wanted: usize, probes: &mut Vec<Probe>) {
        let Scratch {
            coordinates,
            table,
            coarse,
            ..
        } = &mut *self.scratch;
        let query = &coordinates[..self.coded.dims.scan];
        let lists = self.starts.len() - 1;
        self.coded
            .coarse()
            .nearest(query, table, wanted.min(lists), coarse, probes);
    }

    /// Visits lists until there is enough; says whether there is.
    fn probe_some(&mut self, probes: &[Probe], wanted: usize) -> bool {
        let mut enough = false;
        probes
            .iter()
            .take(LISTS_AHEAD)
            .for_each(|probe| self.ask_for(probe));
        for (i, probe) in probes.iter().enumerate() {
            enough = self.is_enough(probe, wanted);
            if enough {
                break;
            }
            if let Some(later) = probes.get(i + LISTS_AHEAD) {
                self.ask_for(later);
            }
            self.scratch.considered.push(*probe);
            let range = self.range(probe.list as usize);
            let count = scan::count(range.clone(), self.allowed);
            // A list that has lost its rows may have newer ones.
            self.scratch.visited += usize::from(count == 0 && self.masked);
            if count > 0 && !self.out_of_reach(probe, self.params.reach) {
                self.scratch.visited += 1;
                self.scratch.scanned += count;
                self.probe(probe, range);
            }
        }
        self.refine_waiting();
        enough
            || probes
                .last()
                .is_none_or(|last| self.is_enough(last, wanted))
    }

    /// Asks for the beginning of a list's codes.
    fn ask_for(&self, probe: &Probe) {
        let blocks = self.coded.blocks_of(probe.list as usize);
        nigh_simd::prefetch(&blocks[..blocks.len().min(LIST_AHEAD)]);
    }

    fn range(&self, list: usize) -> Range<usize> {
        self.starts[list] as usize..self.starts[list + 1] as usize
    }

    /// Whether a row of this list would have to lie towards the query further than `reach` of the way to be among the best.
    fn out_of_reach(&self, probe: &Probe, reach: f32) -> bool {
        let [add, spread] = [0, 1].map(|i| self.coded.spread[2 * probe.list as usize + i]);
        let missing = self.scratch.best.0.floor() + probe.square - add;
        missing > reach * spread * probe.square.sqrt()
    }

    fn probe(&mut self, probe: &Probe, range: Range<usize>) {
        let scratch = &mut *self.scratch;
        let floor = scratch.best.0.floor();
        scratch.hits.clear();
        let affine = Affine {
            step: scratch.table.step,
            offset: scratch.table.offset + sign_slack(self.params.margin, probe.square.sqrt()),
            floor: floor + probe.square,
        };
        let blocks = self.coded.blocks_of(probe.list as usize);
        nigh_simd::scan_codes(blocks, &scratch.table.table, affine, &mut scratch.hits);
        for hit in &mut scratch.hits {
            hit.row += range.start as u32;
            hit.value -= probe.square;
        }
        // A row that a torn file invents is none.
        scratch.hits.retain(|hit| (hit.row as usize) < range.end);
        if let Some(allowed) = self.allowed {
            scratch
                .hits
                .retain(|hit| allowed.contains(hit.row as usize));
        }
        if floor == f32::NEG_INFINITY {
            self.begin(probe.square);
        }
        self.scratch
            .hits
            .iter()
            .for_each(|hit| nigh_simd::prefetch(self.coded.refine_row(hit.row as usize)));
        // Their codes are on the way: meanwhile those of the list before are refined.
        self.refine_waiting();
        std::mem::swap(&mut self.scratch.hits, &mut self.scratch.waiting);
        self.waiting_square = probe.square;
    }

    /// Nothing bars a row yet: refines the most promising ones at once, so that they bar most others.
    fn begin(&mut self, square: f32) {
        let first = self.rescored();
        let hits = &mut self.scratch.hits;
        if first < hits.len() && first > 0 {
            hits.select_nth_unstable_by(first - 1, |a, b| {
                b.value.total_cmp(&a.value).then(a.row.cmp(&b.row))
            });
        }
        let rest = hits.split_off(first.min(hits.len()));
        hits.iter()
            .for_each(|hit| nigh_simd::prefetch(self.coded.refine_row(hit.row as usize)));
        self.refine_waiting();
        std::mem::swap(&mut self.scratch.hits, &mut self.scratch.waiting);
        self.waiting_square = square;
        self.refine_waiting();
        let floor = self.scratch.best.0.floor();
        self.scratch.hits = rest;
        self.scratch.hits.retain(|hit| hit.value >= floor);
    }

    /// Refines the rows that wait for it.
    fn refine_waiting(&mut self) {
        let Scratch {
            waiting,
            best,
            integers,
            unpacked,
            step,
            refined,
            ..
        } = &mut *self.scratch;
        for hit in waiting.iter() {
            if hit.value < best.0.floor() {
                continue;
            }
            let codes = self.coded.refine_row(hit.row as usize);
            let value = self
                .coded
                .layout
                .value(codes, &integers.values, *step, unpacked);
            best.0.push(Neighbor {
                label: hit.row.into(),
                score: value - self.waiting_square,
            });
            *refined += 1;
        }
        waiting.clear();
    }

    /// The best rows by their refined values, compared exactly.
    fn rescore(&mut self, query: &[f32]) -> Found {
        let best = std::mem::take(&mut self.scratch.best).0.into_sorted();
        let positions: Vec<u32> = best.iter().map(|neighbor| neighbor.label as u32).collect();
        Found {
            neighbors: scan::rescore(self.rows, query, &positions, self.k),
            visited_lists: self.scratch.visited,
            distances: self.scratch.scanned,
            refined: self.scratch.refined,
            rescored: positions.len(),
        }
    }
}
