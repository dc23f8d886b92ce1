//! Which lists are near a query: the centroids, themselves coded by their signs.

use nigh_simd::{Affine, BLOCK_ROWS, Hit, block_bytes, l2_squared_selected, put_code_row};

use crate::rabitq::{SignTable, sign_codes};

/// Centroids and their codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coarse<'a> {
    /// Values of a centroid: a multiple of 8.
    pub(crate) dim: usize,
    pub(crate) centroids: &'a [f32],
    /// What to add to the score of each list.
    pub(crate) bonus: &'a [f32],
    /// Made by [`Coarse::encode`].
    pub(crate) blocks: &'a [u8],
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
    hits: Vec<Hit>,
    positions: Vec<u32>,
    squares: Vec<f32>,
}

impl Coarse<'_> {
    /// The codes of centroids laid end to end, and the length of those codes in bytes.
    pub(crate) fn encode(centroids: &[f32], dim: usize, bonus: &[f32]) -> Vec<u8> {
        let mut blocks = vec![0; Coarse::bytes(bonus.len(), dim)];
        let (origin, mut codes) = (vec![0.0; dim], vec![0; dim / 4]);
        for (list, (centroid, &bonus)) in centroids.chunks_exact(dim).zip(bonus).enumerate() {
            let factors = sign_codes(centroid, &origin, bonus, &mut codes);
            put_code_row(
                &mut blocks,
                dim / 4,
                list,
                &codes,
                factors.scale,
                factors.add,
            );
        }
        for row in bonus.len()..bonus.len().next_multiple_of(BLOCK_ROWS) {
            put_code_row(&mut blocks, dim / 4, row, &[], 0.0, f32::NAN);
        }
        blocks
    }

    pub(crate) fn bytes(lists: usize, dim: usize) -> usize {
        lists.div_ceil(BLOCK_ROWS) * block_bytes(dim / 4)
    }

    /// The `wanted` lists nearest to a query, nearest first. The codes pick a few times as many, of which the centroids decide.
    pub(crate) fn nearest(
        &self,
        query: &[f32],
        table: &SignTable,
        wanted: usize,
        scratch: &mut CoarseScratch,
        probes: &mut Vec<Probe>,
    ) {
        let lists = self.bonus.len();
        let picked = wanted.saturating_mul(2).saturating_add(PICKED_MORE);
        scratch.positions.clear();
        if picked < lists {
            self.pick(table, picked, scratch);
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
        probes.extend(
            scratch
                .positions
                .iter()
                .zip(&scratch.squares)
                .map(|(&list, &square)| Probe {
                    list,
                    square,
                    score: self.bonus[list as usize] - square,
                }),
        );
        let order = |a: &Probe, b: &Probe| b.score.total_cmp(&a.score).then(a.list.cmp(&b.list));
        if wanted < probes.len() && wanted > 0 {
            probes.select_nth_unstable_by(wanted - 1, order);
        }
        probes.truncate(wanted);
        probes.sort_unstable_by(order);
    }

    /// The lists that look nearest by their codes.
    fn pick(&self, table: &SignTable, count: usize, scratch: &mut CoarseScratch) {
        let hits = &mut scratch.hits;
        hits.clear();
        let mut affine = Affine {
            step: table.step,
            offset: table.offset,
            floor: f32::NEG_INFINITY,
        };
        let block = block_bytes(self.dim / 4);
        let stretch = count.div_ceil(BLOCK_ROWS).max(2);
        for (i, blocks) in self.blocks.chunks(stretch * block).enumerate() {
            let before = hits.len();
            nigh_simd::scan_codes(blocks, &table.table, affine, hits);
            let first = (i * stretch * BLOCK_ROWS) as u32;
            hits[before..].iter_mut().for_each(|hit| hit.row += first);
            // Seldom, since it costs more than to keep some too many for a while.
            if hits.len() >= 2 * count {
                keep_best(hits, count);
                affine.floor = hits[count - 1].value;
            }
        }
        keep_best(hits, count);
        scratch.positions.extend(hits.iter().map(|hit| hit.row));
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

/// Lists that are compared exactly beyond twice the wanted ones: what an estimate is off by, in lists.
const PICKED_MORE: usize = 16;
