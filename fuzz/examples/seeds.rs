//! Writes the files that fuzzing starts from: `cargo run --example seeds`, in this folder.
//!
//! Tiny valid segments of each metric, codec and kind of lists, and grids of each metric and hash: `corpus/TARGET/NAME`.

use std::error::Error;
use std::fs;
use std::path::Path;

use nigh_index::{
    Codec, GridConfig, GridHash, IvfConfig, Metric, RaBitQConfig, Rotation, SegmentConfig, Vectors,
    build_grid, build_segment,
};

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in ["segment", "grid", "sections"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
        for (name, codec, lists) in codecs() {
            for (rows, dim) in [(0, 3), (1, 8), (40, 5), (70, 16)] {
                let path = corpus.join(format!("segment/{metric}-{name}-{rows}x{dim}"));
                let ivf = IvfConfig {
                    lists,
                    codec,
                    ..IvfConfig::default()
                };
                let config = SegmentConfig {
                    sequence: 7,
                    ivf: (lists > 0).then_some(ivf),
                };
                build_segment(&path, &vectors(metric, rows, dim)?, &config)?;
                fs::copy(
                    &path,
                    corpus.join(format!("sections/{metric}-{name}-{rows}x{dim}")),
                )?;
            }
        }
        for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
            for (rows, dim, tables) in [(0, 3, 1), (1, 8, 2), (40, 5, 3), (70, 16, 4)] {
                let path = corpus.join(format!("grid/{metric}-{hash:?}-{rows}x{dim}"));
                let config = GridConfig {
                    hash,
                    tables,
                    ..GridConfig::default()
                };
                build_grid(&path, &vectors(metric, rows, dim)?, &config)?;
            }
        }
    }
    // Files of the first version are read to this day.
    let first = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates/nigh-index/tests/fixtures/v1.segment");
    fs::copy(first, corpus.join("segment/version-1"))?;
    Ok(())
}

/// Each codec with its number of lists; 0 is a segment without.
fn codecs() -> Vec<(String, Codec, usize)> {
    let coded = |bits: u8, scan: usize, refine: usize| {
        let config = RaBitQConfig {
            scan_dims: scan,
            refine_dims: refine,
            refine_bits: bits,
            ..RaBitQConfig::default()
        };
        (format!("rabitq{bits}-{scan}"), Codec::RaBitQ(config), 6)
    };
    let hadamard = RaBitQConfig {
        scan_dims: 8,
        refine_dims: 16,
        rotation: Rotation::Hadamard,
        ..RaBitQConfig::default()
    };
    vec![
        ("exact".to_owned(), Codec::F32, 0),
        ("f32".to_owned(), Codec::F32, 5),
        ("f16".to_owned(), Codec::F16, 5),
        ("int8".to_owned(), Codec::Int8, 5),
        ("hadamard".to_owned(), Codec::RaBitQ(hadamard), 6),
        coded(2, 8, 8),
        coded(5, 8, 16),
        coded(8, 0, 0),
    ]
}

fn vectors(metric: Metric, rows: usize, dim: usize) -> Result<Vectors, Box<dyn Error>> {
    let mut vectors = Vectors::new(dim, metric);
    for row in 0..rows {
        let values: Vec<f32> = (0..dim)
            .map(|i| ((row * 31 + i * 7) as f32).sin() * 10.0)
            .collect();
        vectors.push(row as u64 * 3, &values)?;
    }
    Ok(vectors)
}
