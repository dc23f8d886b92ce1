//! Which bucket of each table a point falls into, and which other buckets it nearly fell into.
//!
//! All hash functions here are cross-polytopes: a point is rotated, some of its coordinates are looked at, and the hash is the
//! nearest of the ± unit vectors, which is the place and sign of the largest coordinate. Over a single coordinate that is the
//! side of a random hyperplane.

use std::ops::Range;

use super::GridHash;
use super::rotation::{Rotation, padded};
use crate::random::Random;

/// Most bits of one cross-polytope, which looks at 2^(bits − 1) coordinates. Several small ones reach a recall of 0.95 with a
/// quarter fewer rows compared than two large ones (1 M × 128 rows, 18 bits: 5, 5, 4 and 4 bits against 9 and 9: 19,900 and
/// 27,500), and one rotation serves many of them.
const LARGEST_POLYTOPE: u32 = 5;

/// The hash functions of all tables.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    coordinates: usize,
    rotations: Vec<Rotation>,
    /// In the order of their rotations and tables.
    pieces: Vec<Piece>,
    tables: usize,
}

/// One cross-polytope: part of the code of one table.
#[derive(Clone, Debug)]
struct Piece {
    table: usize,
    /// Its number within the table.
    number: u32,
    rotation: usize,
    /// The coordinates that it looks at.
    range: Range<usize>,
    /// Where its bits begin in the code.
    shift: u32,
}

/// What a point's hash is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableHash {
    /// The bucket that it falls into.
    pub(crate) code: u32,
    /// How many pieces the code has.
    pub(crate) pieces: u32,
    /// The ways to change one piece of the code, the least cost first.
    pub(crate) changes: Vec<Change>,
}

/// Another vertex for one piece of a code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    /// The square of how much farther from the point this vertex is, in coordinates.
    pub(crate) cost: f32,
    /// The piece that it changes.
    pub(crate) piece: u32,
    /// The bits of the code that differ.
    pub(crate) flips: u32,
}

impl Hasher {
    /// Draws the functions of `tables` tables with codes of `bits` bits (1 to 24) for points of `dim` values.
    pub(crate) fn draw(hash: GridHash, dim: usize, tables: usize, bits: u32, seed: u64) -> Hasher {
        let coordinates = padded(dim);
        let largest = match hash {
            GridHash::Hyperplane => 1,
            GridHash::CrossPolytope => LARGEST_POLYTOPE,
        };
        let pieces = divide(tables, bits, largest, coordinates);
        let rotations = pieces.last().map_or(0, |last| last.rotation + 1);
        let mut random = Random::new(seed);
        let draw = |_| Rotation::draw(coordinates, &mut random);
        Hasher {
            coordinates,
            rotations: (0..rotations).map(draw).collect(),
            pieces,
            tables,
        }
    }

    /// The code of a point in each table, into `codes`. `rotated` is working space.
    pub(crate) fn codes(&self, point: &[f32], rotated: &mut Vec<f32>, codes: &mut [u32]) {
        codes.fill(0);
        self.each_piece(point, rotated, |piece, coordinates| {
            let (vertex, _) = nearest_vertex(coordinates);
            codes[piece.table] |= vertex << piece.shift;
        });
    }

    /// The code of a point in each table, with up to `limit` changes for each piece.
    pub(crate) fn hashes(
        &self,
        point: &[f32],
        limit: usize,
        rotated: &mut Vec<f32>,
        hashes: &mut Vec<TableHash>,
    ) {
        hashes.resize_with(self.tables, TableHash::default);
        for hash in hashes.iter_mut() {
            (hash.code, hash.pieces) = (0, 0);
            hash.changes.clear();
        }
        self.each_piece(point, rotated, |piece, coordinates| {
            let hash = &mut hashes[piece.table];
            let nearest = nearest_vertex(coordinates);
            hash.code |= nearest.0 << piece.shift;
            hash.pieces += 1;
            add_changes(piece, coordinates, nearest, limit, &mut hash.changes);
        });
        for hash in hashes {
            hash.changes.sort_unstable_by(by_cost);
        }
    }

    fn each_piece(
        &self,
        point: &[f32],
        rotated: &mut Vec<f32>,
        mut work: impl FnMut(&Piece, &[f32]),
    ) {
        rotated.resize(self.coordinates, 0.0);
        let groups = self.pieces.chunk_by(|a, b| a.rotation == b.rotation);
        for (pieces, rotation) in groups.zip(&self.rotations) {
            rotation.rotate(point, rotated);
            for piece in pieces {
                work(piece, &rotated[piece.range.clone()]);
            }
        }
    }
}

/// Divides the codes of all tables into polytopes of as few sizes as can be, and gives each its own coordinates.
fn divide(tables: usize, bits: u32, largest: u32, coordinates: usize) -> Vec<Piece> {
    let count = bits.div_ceil(largest);
    let mut pieces = Vec::with_capacity(tables * count as usize);
    let (mut rotation, mut used) = (0, 0);
    for table in 0..tables {
        let mut shift = 0;
        for number in 0..count {
            let piece_bits = bits / count + u32::from(number < bits % count);
            let width = 1 << (piece_bits - 1);
            if used + width > coordinates {
                (rotation, used) = (rotation + 1, 0);
            }
            let range = used..used + width;
            pieces.push(Piece {
                table,
                number,
                rotation,
                range,
                shift,
            });
            (used, shift) = (used + width, shift + piece_bits);
        }
    }
    pieces
}

/// The vertex for a sign and place, as a number.
fn vertex(place: usize, negative: bool) -> u32 {
    (place as u32) << 1 | u32::from(negative)
}

/// The place and sign of the coordinate that is largest without its sign, and its size; the first of equals.
fn nearest_vertex(coordinates: &[f32]) -> (u32, f32) {
    let largest = coordinates
        .iter()
        .fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let place = coordinates
        .iter()
        .position(|x| x.abs() == largest)
        .unwrap_or(0);
    (vertex(place, coordinates[place] < 0.0), largest)
}

/// Adds up to `limit` other vertices than the nearest, those of least cost.
fn add_changes(
    piece: &Piece,
    coordinates: &[f32],
    (nearest, largest): (u32, f32),
    limit: usize,
    changes: &mut Vec<Change>,
) {
    let start = changes.len();
    let change = |place: usize, negative: bool, size: f32| {
        let farther = largest - size;
        let flips = (vertex(place, negative) ^ nearest) << piece.shift;
        Change {
            cost: farther * farther,
            piece: piece.number,
            flips,
        }
    };
    let near = coordinates
        .iter()
        .zip(0..)
        .map(|(&x, place)| change(place, x < 0.0, x.abs()));
    changes.extend(near.filter(|change| change.flips != 0));
    // Each of these is farther than all of the others.
    if changes.len() - start < limit {
        changes.extend(
            coordinates
                .iter()
                .enumerate()
                .map(|(place, &x)| change(place, x >= 0.0, -x.abs())),
        );
    }
    if changes.len() - start > limit {
        changes[start..].select_nth_unstable_by(limit, by_cost);
        changes.truncate(start + limit);
    }
}

fn by_cost(a: &Change, b: &Change) -> std::cmp::Ordering {
    let parts = |change: &Change| (change.piece, change.flips);
    a.cost
        .total_cmp(&b.cost)
        .then_with(|| parts(a).cmp(&parts(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::rotation::tests::dense;

    /// What a piece sees, from dense matrices in f64: every vertex with its distance to the nearest one, squared.
    fn vertices(hasher: &Hasher, piece: &Piece, point: &[f32]) -> Vec<(f64, u32)> {
        let all = dense(&hasher.rotations[piece.rotation], hasher.coordinates, point);
        let mut vertices: Vec<(f64, u32)> = all[piece.range.clone()]
            .iter()
            .zip(0..)
            .flat_map(|(&x, place)| [(x, place << 1), (-x, place << 1 | 1)])
            .collect();
        vertices.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best = vertices[0].0;
        vertices
            .iter()
            .map(|&(x, vertex)| ((best - x).powi(2), vertex))
            .collect()
    }

    fn point(dim: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..dim).map(|_| random.unit() as f32 - 0.5).collect()
    }

    #[test]
    fn codes_and_changes_equal_those_of_dense_matrices() {
        let mut wrong = Vec::new();
        for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
            for (dim, tables, bits) in [
                (2, 3, 1),
                (20, 4, 5),
                (100, 5, 8),
                (128, 3, 15),
                (300, 2, 11),
                (700, 2, 24),
            ] {
                let hasher = Hasher::draw(hash, dim, tables, bits, 7);
                let point = point(dim, 3);
                let (mut rotated, mut codes, mut hashes) =
                    (Vec::new(), vec![9; tables], Vec::new());
                hasher.codes(&point, &mut rotated, &mut codes);
                hasher.hashes(&point, usize::MAX, &mut rotated, &mut hashes);
                let mut expected = vec![0; tables];
                for piece in &hasher.pieces {
                    let vertices = vertices(&hasher, piece, &point);
                    expected[piece.table] |= vertices[0].1 << piece.shift;
                    let scale = vertices.last().map_or(1.0, |last| last.0);
                    for (cost, vertex) in &vertices[1..] {
                        let flips = (vertex ^ vertices[0].1) << piece.shift;
                        let same = |c: &Change| {
                            c.piece == piece.number
                                && c.flips == flips
                                && (f64::from(c.cost) - cost).abs() < 1e-4 * scale
                        };
                        if hashes[piece.table]
                            .changes
                            .iter()
                            .filter(|c| same(c))
                            .count()
                            != 1
                        {
                            wrong.push((hash, dim, bits, piece.clone(), *vertex));
                        }
                    }
                }
                let hashed: Vec<u32> = hashes.iter().map(|hash| hash.code).collect();
                assert_eq!(
                    (&codes, &hashed),
                    (&expected, &expected),
                    "{hash:?} {dim} {bits}"
                );
                assert!(codes.iter().all(|&code| code < 1 << bits));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn fewer_changes_are_the_best_of_all() {
        for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
            let hasher = Hasher::draw(hash, 60, 3, 12, 1);
            let (mut rotated, mut all, mut some) = (Vec::new(), Vec::new(), Vec::new());
            hasher.hashes(&point(60, 1), usize::MAX, &mut rotated, &mut all);
            for limit in [0, 1, 2, 3, 7, 31, 32, 33, 60] {
                hasher.hashes(&point(60, 1), limit, &mut rotated, &mut some);
                for (all, some) in all.iter().zip(&some) {
                    let mut taken = vec![0; all.pieces as usize];
                    let best = all.changes.iter().filter(|change| {
                        taken[change.piece as usize] += 1;
                        taken[change.piece as usize] <= limit
                    });
                    let best: Vec<Change> = best.copied().collect();
                    assert_eq!(some.changes, best, "{hash:?} {limit}");
                }
            }
        }
    }

    #[test]
    fn each_function_looks_at_coordinates_of_its_own() {
        for (tables, bits, largest, coordinates) in [
            (5, 13, 1, 64),
            (9, 15, 9, 256),
            (3, 11, 11, 1024),
            (40, 6, 7, 64),
        ] {
            let pieces = divide(tables, bits, largest, coordinates);
            for (i, a) in pieces.iter().enumerate() {
                assert!(a.range.end <= coordinates && !a.range.is_empty());
                let overlap = |b: &&Piece| b.rotation == a.rotation && b.range.start < a.range.end;
                assert!(pieces[i + 1..].iter().find(overlap).is_none(), "{a:?}");
            }
            let table_bits = |table| {
                let of_table = pieces.iter().filter(|piece| piece.table == table);
                of_table
                    .map(|piece| piece.range.len().ilog2() + 1)
                    .sum::<u32>()
            };
            assert!((0..tables).all(|table| table_bits(table) == bits));
        }
    }
}
