//! Building a grid: every row into one bucket of each table.

use std::path::Path;

use nigh_mmap::{SectionWriter, WriteError};
use rayon::prelude::*;

use super::file::{FORMAT, Meta};
use super::hash::Hasher;
use super::point::Center;
use crate::vectors::Vectors;

/// Which hash functions divide the space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GridHash {
    /// Each bit says on which side of a random hyperplane a row lies (Charikar, "Similarity estimation techniques from
    /// rounding algorithms", STOC 2002, §3). The planes of one rotation are at right angles to each other, which varies less
    /// than independent ones (Ji et al., "Super-bit locality-sensitive hashing", NIPS 2012).
    Hyperplane,
    /// Several bits say which ± axis of a random rotation is nearest: a cross-polytope's vertices are spread over the sphere
    /// better than a box's corners (Andoni et al., "Practical and optimal LSH for angular distance", NIPS 2015). It needs half to
    /// a third of the hyperplanes' probes; for as many rows compared its recall is higher on evenly clustered rows (0.93
    /// against 0.85) and the same on pictures and embeddings.
    CrossPolytope,
}

/// How rows are hashed.
///
/// The same rows, in the same order, with the same configuration give the same file, however many threads work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridConfig {
    /// The kind of hash functions.
    pub hash: GridHash,
    /// Tables, 1 to [`GridConfig::MOST_TABLES`]: each holds every row, in a bucket of its own choice. Twice as many
    /// find as many neighbours among some 5 % fewer candidates, and take 4 bytes each for every row.
    pub tables: usize,
    /// Bits of a bucket's code; 0 chooses [`GridConfig::default_bits`]. Never so many that a table has more than four times
    /// as many buckets as there are rows, nor more than 24.
    pub bits: u32,
    /// The randomness of the hash functions.
    pub seed: u64,
}

impl Default for GridConfig {
    fn default() -> GridConfig {
        GridConfig {
            hash: GridHash::CrossPolytope,
            tables: 16,
            bits: 0,
            seed: 0,
        }
    }
}

impl GridConfig {
    /// As many tables as a grid may have.
    pub const MOST_TABLES: usize = 4096;

    /// Bits with which a bucket would hold 2 rows if all held equally many. Real rows crowd, so that a row shares its bucket
    /// with some dozens of others ([`Grid::expected_candidates`](super::Grid::expected_candidates) of 1 probe tells); with
    /// a sixteenth of the buckets, a search compares 1.5 to 2.4 times as many rows for the same recall.
    pub fn default_bits(rows: usize) -> u32 {
        (rows as f64 / ROWS_PER_BUCKET).max(2.0).log2().round() as u32
    }

    /// Bits that a grid of so many rows gets.
    pub fn bits_for(&self, rows: usize) -> u32 {
        let wanted = if self.bits == 0 {
            GridConfig::default_bits(rows)
        } else {
            self.bits
        };
        let useful = rows.saturating_mul(4).max(2).ilog2();
        wanted.min(useful).min(MOST_BITS)
    }
}

const ROWS_PER_BUCKET: f64 = 2.0;

/// Most bits of a code; the directory of a table then takes 64 MiB.
pub(crate) const MOST_BITS: u32 = 24;

/// What was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridBuilt {
    /// Number of rows.
    pub rows: usize,
    /// Number of tables.
    pub tables: usize,
    /// Bits of a bucket's code.
    pub bits: u32,
    /// Length of the file in bytes.
    pub bytes: u64,
}

/// Why a grid could not be built.
#[derive(Debug, thiserror::Error)]
pub enum GridBuildError {
    /// Rows without values.
    #[error("rows of 0 values cannot be searched")]
    NoDimension,
    /// More than a grid holds.
    #[error("{rows} rows are too many for one grid, it holds up to {}", u32::MAX)]
    TooManyRows {
        /// The number received.
        rows: usize,
    },
    /// No tables, or more than a grid may have.
    #[error("{tables} tables, expected 1 to {}", GridConfig::MOST_TABLES)]
    Tables {
        /// The number received.
        tables: usize,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Builds a grid of rows in memory, with all threads of the current rayon pool. The file appears under its name whole and
/// durable, or not at all. Rows lie in the file in the order of the first table's buckets.
///
/// # Errors
/// If rows have no values or are more than u32 can count, there are no tables or too many, or the file cannot be written.
pub fn build_grid(
    path: &Path,
    rows: &Vectors,
    config: &GridConfig,
) -> Result<GridBuilt, GridBuildError> {
    let meta = meta(rows, config)?;
    let center = Center::of(
        meta.metric,
        meta.dim,
        (0..meta.rows).map(|row| rows.row(row)),
    );
    let hasher = meta.hasher();
    let codes = hash_rows(rows, &center, &hasher, meta.tables);
    let tables = (0..meta.tables).into_par_iter().map(|table| {
        let code = |row: usize| codes[row * meta.tables + table];
        group(meta.rows, meta.bits, code)
    });
    let mut tables: Vec<Table> = tables.collect();
    let order = reorder(&mut tables);
    write(
        path,
        rows,
        &meta.with_radius(center.radius),
        &center.mean,
        &tables,
        &order,
    )
}

fn meta(rows: &Vectors, config: &GridConfig) -> Result<Meta, GridBuildError> {
    let (count, tables) = (rows.len(), config.tables);
    if rows.dim() == 0 {
        return Err(GridBuildError::NoDimension);
    }
    if u32::try_from(count).is_err() {
        return Err(GridBuildError::TooManyRows { rows: count });
    }
    if !(1..=GridConfig::MOST_TABLES).contains(&tables) {
        return Err(GridBuildError::Tables { tables });
    }
    Ok(Meta {
        rows: count,
        dim: rows.dim(),
        metric: rows.metric(),
        hash: config.hash,
        tables,
        bits: config.bits_for(count),
        seed: config.seed,
        radius: 0.0,
    })
}

/// The code of every row in every table, row after row.
fn hash_rows(rows: &Vectors, center: &Center, hasher: &Hasher, tables: usize) -> Vec<u32> {
    const ROWS: usize = 1024;
    let mut codes = vec![0; rows.len() * tables];
    let some = |(start, codes): (usize, &mut [u32])| {
        let (mut point, mut rotated) = (Vec::new(), Vec::new());
        for (row, codes) in (start * ROWS..).zip(codes.chunks_exact_mut(tables)) {
            center.row(rows.row(row), &mut point);
            hasher.codes(&point, &mut rotated, codes);
        }
    };
    codes
        .par_chunks_mut(ROWS * tables)
        .enumerate()
        .for_each(some);
    codes
}

/// One table: where the rows of each bucket begin, and the rows of all buckets.
struct Table {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// Sorts rows into buckets by counting, each bucket's rows in their order.
fn group(rows: usize, bits: u32, code: impl Fn(usize) -> u32) -> Table {
    let mut starts = vec![0; (1 << bits) + 1];
    for row in 0..rows {
        starts[code(row) as usize + 1] += 1;
    }
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    let mut next = starts.clone();
    let mut grouped = vec![0; rows];
    for row in 0..rows {
        let place = &mut next[code(row) as usize];
        grouped[*place as usize] = row as u32;
        *place += 1;
    }
    Table {
        starts,
        rows: grouped,
    }
}

/// Renumbers the rows in the order of the first table, so that its buckets are read in one run; returns their old numbers.
fn reorder(tables: &mut [Table]) -> Vec<u32> {
    let order = tables
        .first()
        .map_or_else(Vec::new, |first| first.rows.clone());
    let mut new = vec![0; order.len()];
    for (row, &old) in (0..).zip(&order) {
        new[old as usize] = row;
    }
    tables.par_iter_mut().for_each(|table| {
        table
            .rows
            .iter_mut()
            .for_each(|row| *row = new[*row as usize]);
    });
    order
}

fn write(
    path: &Path,
    rows: &Vectors,
    meta: &Meta,
    mean: &[f32],
    tables: &[Table],
    order: &[u32],
) -> Result<GridBuilt, GridBuildError> {
    let mut writer = SectionWriter::create(path, FORMAT)?;
    writer.put("meta", &meta.to_words())?;
    writer.put("mean", mean)?;
    let labels: Vec<u64> = order
        .iter()
        .map(|&row| rows.labels()[row as usize])
        .collect();
    writer.put("labels", &labels)?;
    let mut starts = writer.section("starts")?;
    for table in tables {
        starts.write(&table.starts)?;
    }
    let mut members = writer.section("rows")?;
    for table in tables {
        members.write(&table.rows)?;
    }
    let mut vectors = writer.section("vectors")?;
    for &row in order {
        vectors.write(rows.row(row as usize))?;
    }
    Ok(GridBuilt {
        rows: meta.rows,
        tables: meta.tables,
        bits: meta.bits,
        bytes: writer.finish()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::metric::Metric;

    #[test]
    fn every_row_lies_in_its_bucket_of_each_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grid");
        for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
            let mut rows = Vectors::new(3, Metric::InnerProduct);
            for i in 0..1000u16 {
                let x = f32::from(i);
                rows.push(i.into(), &[x.sin(), (0.7 * x).cos() * x, 0.1 * x])
                    .unwrap();
            }
            let config = GridConfig {
                hash,
                tables: 5,
                ..GridConfig::default()
            };
            let built = build_grid(&path, &rows, &config).unwrap();
            let grid = Grid::open(&path).unwrap();
            let (mut point, mut rotated, mut codes) = (Vec::new(), Vec::new(), vec![0; 5]);
            let mut seen = vec![[0; 5]; 1000];
            for table in 0..5 {
                for code in 0..1 << built.bits {
                    for &row in grid.file.bucket(table, code) {
                        let values = rows.row(grid.labels()[row as usize] as usize);
                        assert_eq!(values, &grid.file.vectors[row as usize * 3..][..3]);
                        grid.file.center.row(values, &mut point);
                        grid.hasher.codes(&point, &mut rotated, &mut codes);
                        assert_eq!(codes[table], code, "{hash:?} row {row} table {table}");
                        seen[row as usize][table] += 1;
                    }
                }
            }
            assert!(seen.iter().flatten().all(|&times| times == 1));
            let first = (0..1 << built.bits).flat_map(|code| grid.file.bucket(0, code));
            assert!(
                first.eq(&(0..1000).collect::<Vec<u32>>()),
                "in the order of the first table"
            );
        }
    }
}
