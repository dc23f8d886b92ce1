//! What a segment costs, in bytes and comparisons: for planning, and tested against the real thing.

use nigh_simd::{BLOCK_ROWS, block_bytes};

use crate::metric::Metric;
use crate::narrow::Narrow;
use crate::segment::build::{Codec, IvfConfig};

pub use self::fitted::{BuildCost, SearchCost};

mod fitted;

/// Length in bytes of a segment file of `rows` × `dim` values with `lists` lists (1 if built without). Mapped, it takes as
/// much memory once every page was read.
pub fn segment_bytes(rows: u64, dim: u64, lists: u64) -> u64 {
    nigh_mmap::file_bytes(&flat_sections(rows, dim, lists))
}

/// Length in bytes of a segment file whose lists hold rows narrowed. Mapped, a search of lists keeps in memory what
/// [`narrow_resident_bytes`] says of each row, and the centroids.
pub fn narrow_segment_bytes(
    rows: u64,
    dim: u64,
    lists: u64,
    narrow: Narrow,
    metric: Metric,
) -> u64 {
    let mut sections = flat_sections(rows, dim, lists).to_vec();
    sections.extend([narrow.bytes() as u64 * dim * rows, 4 * rows]);
    sections.extend(narrow.has_norms(metric).then_some(4 * rows));
    nigh_mmap::file_bytes(&sections)
}

/// Bytes of a narrowed row with its scale, and its norm where the metric needs one: what a search reads of every row it visits.
pub fn narrow_bytes(dim: u64, narrow: Narrow, metric: Metric) -> u64 {
    narrow.bytes() as u64 * dim + 4 + if narrow.has_norms(metric) { 4 } else { 0 }
}

/// Bytes that a search of narrowed rows keeps in memory for a row, label included, while the vectors stay on disk but for the few
/// rows compared in the end.
pub fn narrow_resident_bytes(dim: u64, narrow: Narrow, metric: Metric) -> u64 {
    8 + narrow_bytes(dim, narrow, metric)
}

fn flat_sections(rows: u64, dim: u64, lists: u64) -> [u64; 5] {
    let centroids = if lists > 1 { 4 * lists * dim } else { 0 };
    [5 * 8, 8 * rows, 8 * (lists + 1), centroids, 4 * rows * dim]
}

/// Length in bytes, about, of a segment file whose lists hold codes on `scan_dims` principal axes and refining ones of `bits` bits on
/// `refine_dims`: half of a block of 32 rows' codes stands empty in each list, on average. Axes are principal; random ones come without the
/// matrix of `4 * dim * refine_dims` bytes.
pub fn coded_segment_bytes(
    rows: u64,
    dim: u64,
    lists: u64,
    (scan_dims, refine_dims, bits): (u64, u64, u64),
) -> u64 {
    let parents = (lists as f64).sqrt().round() as u64;
    let block = block_bytes(scan_dims as usize / 4) as u64;
    let blocks = |rows: u64, parts: u64| (rows / BLOCK_ROWS as u64 + parts / 2) * block;
    nigh_mmap::file_bytes(&[
        8 * 8,
        8 * rows,
        8 * (lists + 1),
        4 * rows * dim,
        4 * dim,
        4 * dim * refine_dims,
        2 * 4,
        4 * parents * scan_dims,
        4 * (parents + 1),
        4 * lists * scan_dims,
        blocks(lists, parents),
        4 * lists,
        8 * lists,
        blocks(rows, lists),
        rows * refine_bytes(refine_dims, bits),
    ])
}

/// Bytes of a row's one-bit code on `scan_dims` axes, with its two factors: what a search reads of every row it visits.
pub fn code_bytes(scan_dims: u64) -> u64 {
    scan_dims / 8 + 8
}

/// Bytes of a row's refining code of `bits` bits on `dims` axes, with its two factors: what is read of the rows that may still be
/// among the best.
pub fn refine_bytes(dims: u64, bits: u64) -> u64 {
    (dims * bits).div_ceil(32) * 4 + 8
}

/// Bytes that a search of codes keeps in memory for a row, label included, while the vectors stay on disk but for the few rows
/// compared in the end. Half-empty blocks at the ends of lists come on top: 16 rows' codes for each list, on average.
pub fn resident_bytes(scan_dims: u64, refine_dims: u64, bits: u64) -> u64 {
    8 + code_bytes(scan_dims) + refine_bytes(refine_dims, bits)
}

/// Comparisons of two vectors in one exact search, of which `allowed_share` (0 to 1) of the rows are allowed.
pub fn exact_distances(rows: u64, allowed_share: f64) -> f64 {
    rows as f64 * allowed_share
}

/// Comparisons of two vectors in one search of `nprobe` of `lists` lists, if all were equally long: every centroid and
/// the allowed rows of the lists visited. K-means lists are not equally long and longer ones are visited
/// more often: expect up to twice as many rows on clustered data.
pub fn ivf_distances(rows: u64, lists: u64, nprobe: u64, allowed_share: f64) -> f64 {
    let visited = nprobe.min(lists) as f64 / lists.max(1) as f64;
    lists as f64 + exact_distances(rows, allowed_share) * visited
}

/// Most comparisons of two vectors while building the lists of a segment: seeding, training, assigning every row.
pub fn build_distances(rows: u64, config: &IvfConfig) -> u64 {
    let (lists, sample) = (
        config.lists_for(rows as usize) as u64,
        config.sample_for(rows as usize) as u64,
    );
    let seeding = sample.min(crate::kmeans::SEEDING_ROWS as u64 * lists);
    lists * (seeding + sample * config.iterations as u64 + rows)
}

/// Multiplications, about, while building a segment of codes on `scan_dims` of `dim` axes, refined on `refine_dims`: the axes, the
/// centroids and their training on a sample through families, and the list and the codes of every row.
pub fn coded_build_work(
    rows: u64,
    dim: u64,
    (scan_dims, refine_dims): (u64, u64),
    config: &IvfConfig,
) -> f64 {
    let lists = config.lists_for(rows as usize) as f64;
    let sample = config.sample_for(rows as usize) as f64;
    let axes = rows.min(crate::segment::encode::AXES_SAMPLE.max(4 * dim as usize) as u64) as f64;
    let [rows, dim, scan, refine] = [rows, dim, scan_dims, refine_dims].map(|n| n as f64);
    // Seeding the lists of a family compares its rows with each of them; further on a row meets the families, and a few of their
    // lists by codes, which is an eighth of the work.
    let families = lists.sqrt();
    let seeding = sample * scan * (families * 7.0 + lists / families);
    let assigning = scan * (families + lists / 8.0 / families);
    let training = sample * assigning * config.iterations as f64;
    let (axes, turning) = match is_hadamard(config, dim as usize) {
        // Three rounds of additions.
        true => (0.0, 3.0 * dim * dim.log2().max(1.0)),
        false => (axes * dim * dim + 10.0 * dim.powi(3), dim * refine),
    };
    let coding = (rows + sample) * turning + 8.0 * rows * refine;
    axes + seeding + training + rows * assigning + coding
}

fn is_hadamard(config: &IvfConfig, dim: usize) -> bool {
    match config.codec {
        Codec::RaBitQ(codes) => codes.rotation.is_hadamard(dim),
        _ => false,
    }
}
