//! What the tests of this crate share: seeded data, and segments of it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and fails by panicking"
)]

use nigh_index::{Codec, IvfConfig, Metric, Segment, SegmentConfig, Vectors, build_segment};

/// A small linear congruential generator; tests need repeatable data, not good randomness.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    /// From 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 16_777_216.0
    }

    /// About normal: mean 0, deviation 1.
    pub(crate) fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

/// Points around `centers` common centres, row-major: what real embeddings look like to an index.
pub(crate) fn clustered(count: usize, dim: usize, centers: usize, seed: u32) -> Vec<f32> {
    let mut place = Random(77);
    let middle: Vec<f32> = (0..centers * dim).map(|_| place.normal()).collect();
    let mut random = Random(seed);
    let mut values = Vec::with_capacity(count * dim);
    for _ in 0..count {
        let center = (random.unit() * centers as f32) as usize * dim;
        values.extend(
            middle[center..center + dim]
                .iter()
                .map(|x| x + 0.7 * random.normal()),
        );
    }
    values
}

/// Lists of one codec.
pub(crate) fn config(lists: usize, codec: Codec) -> SegmentConfig {
    let ivf = IvfConfig {
        lists,
        codec,
        ..IvfConfig::default()
    };
    SegmentConfig {
        sequence: 3,
        ivf: Some(ivf),
    }
}

/// A segment, in a folder that lasts as long as it is held.
pub(crate) fn built(rows: &Vectors, config: &SegmentConfig) -> (tempfile::TempDir, Segment) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    build_segment(&path, rows, config).unwrap();
    let segment = Segment::open(&path).unwrap();
    (folder, segment)
}

/// Rows laid end to end, labelled from 1000 on.
pub(crate) fn rows_of(values: &[f32], dim: usize, metric: Metric) -> Vectors {
    let mut rows = Vectors::new(dim, metric);
    for (row, label) in values.chunks(dim).zip(1000..) {
        rows.push(label, row).unwrap();
    }
    rows
}
