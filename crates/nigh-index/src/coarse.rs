//! Which lists are near a query: the centroids in families around fewer parents, coded by their signs.

use std::ops::Range;

use nigh_simd::{
    Affine, BLOCK_ROWS, Hit, block_bytes, l2_squared_rows, l2_squared_selected, put_code_row,
};

use crate::kmeans;
use crate::rabitq::{SignTable, sign_codes};

/// Centroids, arranged by family, and their codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coarse<'a> {
    /// Values of a centroid: a multiple of 8.
    pub(crate) dim: usize,
    pub(crate) parents: &'a [f32],
    /// The first list of each family, and the end.
    pub(crate) families: &'a [u32],
    /// The first block of each family, and the end.
    pub(crate) block_starts: &'a [u32],
    pub(crate) centroids: &'a [f32],
    /// What to add to the score of each list.
    pub(crate) bonus: &'a [f32],
    /// The codes of the centroids, family after family.
    pub(crate) blocks: &'a [u8],
}

/// Parents, and which centroids are whose.
#[derive(Debug)]
pub(crate) struct Families {
    pub(crate) parents: Vec<f32>,
    pub(crate) starts: Vec<u32>,
    block_starts: Vec<u32>,
    /// As they were given, but arranged by family.
    pub(crate) centroids: Vec<f32>,
}

impl Families {
    /// Each centroid goes to its nearest parent.
    pub(crate) fn of(centroids: &[f32], parents: &[f32], dim: usize) -> Families {
        let nearest = kmeans::assign(centroids, dim, parents).clusters;
        let (starts, order) = kmeans::group(&nearest, parents.len() / dim);
        // There are fewer lists than rows, and u32 counts those.
        let starts: Vec<u32> = starts.iter().map(|&start| start as u32).collect();
        Families {
            parents: parents.to_vec(),
            block_starts: block_starts(&starts),
            starts,
            centroids: kmeans::gather(centroids, dim, &order),
        }
    }

    /// The codes of the centroids: by the signs of their differences from the parent.
    pub(crate) fn encode(&self, dim: usize, bonus: &[f32]) -> Vec<u8> {
        let mut blocks = Vec::new();
        for (parent, family) in self.parents.chunks_exact(dim).zip(self.starts.windows(2)) {
            let family = family[0] as usize..family[1] as usize;
            let centroids = &self.centroids[family.start * dim..family.end * dim];
            blocks.extend(encode_family(centroids, parent, &bonus[family]));
        }
        blocks
    }

    pub(crate) fn coarse<'a>(
        &'a self,
        dim: usize,
        bonus: &'a [f32],
        blocks: &'a [u8],
    ) -> Coarse<'a> {
        Coarse {
            dim,
            parents: &self.parents,
            families: &self.starts,
            block_starts: &self.block_starts,
            centroids: &self.centroids,
            bonus,
            blocks,
        }
    }
}

/// Where the blocks of stretches of rows begin that begin at these rows, and the end.
pub(crate) fn block_starts<T: Copy + Into<u64>>(starts: &[T]) -> Vec<u32> {
    let rows = |pair: &[T]| pair[1].into().saturating_sub(pair[0].into());
    let blocks = starts
        .windows(2)
        .map(|pair| rows(pair).div_ceil(BLOCK_ROWS as u64));
    let ends = blocks.scan(0_u64, |end, blocks| {
        *end = end.saturating_add(blocks);
        // More than u32 counts only in a file that is refused for it.
        Some(u32::try_from(*end).unwrap_or(u32::MAX))
    });
    std::iter::once(0).chain(ends).collect()
}

fn encode_family(centroids: &[f32], parent: &[f32], bonus: &[f32]) -> Vec<u8> {
    let (groups, mut codes) = (parent.len() / 4, vec![0; parent.len() / 4]);
    let mut blocks = vec![0; bonus.len().div_ceil(BLOCK_ROWS) * block_bytes(groups)];
    for (row, (centroid, &bonus)) in centroids.chunks_exact(parent.len()).zip(bonus).enumerate() {
        let factors = sign_codes(centroid, parent, bonus, &mut codes);
        put_code_row(&mut blocks, groups, row, &codes, factors.scale, factors.add);
    }
    for row in bonus.len()..bonus.len().next_multiple_of(BLOCK_ROWS) {
        put_code_row(&mut blocks, groups, row, &[], 0.0, f32::NAN);
    }
    blocks
}

/// A list, and how it lies to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Probe {
    pub(crate) list: u32,
    /// Squared distance to the centroid.
    pub(crate) square: f32,
    /// Higher is nearer: minus the squared distance, and the list's bonus.
    pub(crate) score: f32,
}

/// Room that searches use again.
#[derive(Debug, Default)]
pub(crate) struct CoarseScratch {
    parents: Vec<(f32, u32)>,
    hits: Vec<Hit>,
    positions: Vec<u32>,
    squares: Vec<f32>,
}

impl Coarse<'_> {
    /// The `wanted` lists nearest to a query, nearest first, but for the few that the codes miss: the families nearby are
    /// looked through, and of the centroids that look nearest by their codes the exact distance decides.
    pub(crate) fn nearest(
        &self,
        query: &[f32],
        table: &SignTable,
        wanted: usize,
        scratch: &mut CoarseScratch,
        probes: &mut Vec<Probe>,
    ) {
        let lists = self.bonus.len();
        let picked = wanted
            .saturating_add(wanted / 2)
            .saturating_add(PICKED_MORE);
        scratch.positions.clear();
        if picked < lists {
            self.pick(query, table, picked, scratch);
        } else {
            scratch.positions.extend(0..lists as u32);
        }
        scratch.squares.resize(scratch.positions.len(), 0.0);
        l2_squared_selected(
            query,
            self.centroids,
            &scratch.positions,
            &mut scratch.squares,
        );
        probes.clear();
        let pairs = scratch.positions.iter().zip(&scratch.squares);
        probes.extend(pairs.map(|(&list, &square)| Probe {
            list,
            square,
            score: self.bonus[list as usize] - square,
        }));
        let order = |a: &Probe, b: &Probe| b.score.total_cmp(&a.score).then(a.list.cmp(&b.list));
        if wanted < probes.len() && wanted > 0 {
            probes.select_nth_unstable_by(wanted - 1, order);
        }
        probes.truncate(wanted);
        probes.sort_unstable_by(order);
    }

    /// The lists that look nearest by their codes.
    fn pick(&self, query: &[f32], table: &SignTable, count: usize, scratch: &mut CoarseScratch) {
        self.near_parents(query, count, scratch);
        let CoarseScratch {
            parents,
            hits,
            positions,
            ..
        } = scratch;
        hits.clear();
        let mut floor = f32::NEG_INFINITY;
        for &(square, parent) in parents.iter() {
            let family = self.family(parent);
            let before = hits.len();
            let affine = Affine {
                step: table.step,
                offset: table.offset,
                floor: floor + square,
            };
            nigh_simd::scan_codes(self.family_blocks(parent), &table.table, affine, hits);
            for hit in &mut hits[before..] {
                hit.row += family.start;
                hit.value -= square;
            }
            // A list that a damaged file invents is none.
            while hits.len() > before && hits[hits.len() - 1].row >= family.end {
                hits.pop();
            }
            // Seldom, since it costs more than to keep some too many for a while.
            if hits.len() >= 2 * count {
                keep_best(hits, count);
                floor = hits[count - 1].value;
            }
        }
        keep_best(hits, count);
        positions.extend(hits.iter().map(|hit| hit.row));
    }

    /// The nearest parents, nearest first, with several times the lists that are to be picked.
    fn near_parents(&self, query: &[f32], count: usize, scratch: &mut CoarseScratch) {
        let parents = self.families.len() - 1;
        scratch.squares.resize(parents, 0.0);
        l2_squared_rows(query, self.parents, &mut scratch.squares);
        scratch.parents.clear();
        scratch
            .parents
            .extend(scratch.squares.iter().copied().zip(0..));
        let share = count.saturating_mul(LOOKED_AT).saturating_mul(parents) / self.bonus.len();
        let looked_at = share.max(parents / LEAST_SHARE).max(LEAST_FAMILIES);
        let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if looked_at < parents {
            scratch.parents.select_nth_unstable_by(looked_at, order);
            scratch.parents.truncate(looked_at);
        }
        scratch.parents.sort_unstable_by(order);
        let lists: usize = scratch
            .parents
            .iter()
            .map(|&(_, parent)| self.family(parent).len())
            .sum();
        if lists < count {
            // Families so uneven that the nearest have too few lists: all of them.
            scratch.parents.clear();
            scratch
                .parents
                .extend(scratch.squares.iter().copied().zip(0..));
        }
    }

    fn family(&self, parent: u32) -> Range<u32> {
        self.families[parent as usize]..self.families[parent as usize + 1]
    }

    fn family_blocks(&self, parent: u32) -> &[u8] {
        let bytes = block_bytes(self.dim / 4);
        let [first, end] = [0, 1].map(|i| self.block_starts[parent as usize + i] as usize * bytes);
        &self.blocks[first..end]
    }
}

/// Keeps the `count` best, the worst of these last.
fn keep_best(hits: &mut Vec<Hit>, count: usize) {
    if hits.len() > count {
        hits.select_nth_unstable_by(count - 1, |a, b| {
            b.value.total_cmp(&a.value).then(a.row.cmp(&b.row))
        });
        hits.truncate(count);
    }
}

/// Lists that are compared exactly beyond one and a half times the wanted ones: what an estimate is off by, in lists.
const PICKED_MORE: usize = 8;

/// How many times the lists that are picked are looked at by their codes.
const LOOKED_AT: usize = 16;

/// At least this part of the families is looked through: one of so many.
const LEAST_SHARE: usize = 3;

/// At least this many families are looked through.
const LEAST_FAMILIES: usize = 4;
