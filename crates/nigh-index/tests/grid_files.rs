//! Grid files: refused when damaged or contradictory, and as large as the cost function says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use nigh_index::{
    Grid, GridConfig, GridHash, GridOpenError, GridSearch, Metric, Vectors, Verification,
    build_grid, grid_bytes, grid_candidates,
};
use nigh_mmap::{Format, SectionWriter};
use support::{Random, clustered};

const FORMAT: Format = Format {
    magic: *b"nighGRD\0",
    version: 1,
};

fn rows(values: &[f32], dim: usize, metric: Metric) -> Vectors {
    let mut rows = Vectors::new(dim, metric);
    for (values, label) in values.chunks(dim).zip(0..) {
        rows.push(label, values).unwrap();
    }
    rows
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let rows = rows(&clustered(15, 3, 4, 1), 3, Metric::InnerProduct);
    let config = GridConfig {
        tables: 2,
        ..GridConfig::default()
    };
    build_grid(&path, &rows, &config).unwrap();
    let good = fs::read(&path).unwrap();
    let mut accepted = Vec::new();
    for at in 0..good.len() {
        fs::write(&path, &good[..at]).unwrap();
        if Grid::open_with(&path, Verification::Structure).is_ok() {
            accepted.push(format!("cut at {at}"));
        }
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        if Grid::open(&path).is_ok() {
            accepted.push(format!("changed byte {at}"));
        }
    }
    assert!(accepted.is_empty(), "{accepted:?}");
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        Grid::open(&path),
        Err(GridOpenError::File(nigh_mmap::OpenError::Missing { .. }))
    ));
}

/// Bytes that changed after a hasty opening make results wrong, and nothing else.
#[test]
fn searching_what_was_not_verified_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let rows = rows(&clustered(15, 3, 4, 1), 3, Metric::L2);
    for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
        let config = GridConfig {
            hash,
            tables: 2,
            ..GridConfig::default()
        };
        build_grid(&path, &rows, &config).unwrap();
        let good = fs::read(&path).unwrap();
        let mut opened = 0;
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0xff;
            fs::write(&path, bytes).unwrap();
            let Ok(grid) = Grid::open_with(&path, Verification::Structure) else {
                continue;
            };
            opened += 1;
            for probes in [1, 4, 1000] {
                let query = vec![0.5; grid.dim()];
                let found = grid
                    .search(&query, &GridSearch::new(3, probes), None)
                    .unwrap();
                assert!(found.distances <= 15 && found.neighbors.len() <= 3);
            }
        }
        // Labels, row numbers and vectors alone are that many bytes.
        assert!(opened >= 15 * (8 + 2 * 4 + 3 * 4), "{opened}");
    }
}

/// One change to a sound file of two rows of one value, two tables and two buckets each.
#[derive(Clone)]
struct Content {
    meta: Vec<u64>,
    mean: Vec<f32>,
    labels: Vec<u64>,
    starts: Vec<u32>,
    rows: Vec<u32>,
    vectors: Vec<f32>,
}

#[test]
fn contradictory_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let good = Content {
        meta: vec![2, 1, 0, 0, 2, 1, 7, 0],
        mean: vec![0.5],
        labels: vec![8, 9],
        starts: vec![0, 1, 2, 0, 0, 2],
        rows: vec![0, 1, 0, 1],
        vectors: vec![0.0, 1.0],
    };
    type Case = (&'static str, bool, fn(&mut Content));
    let cases: [Case; 19] = [
        ("nothing", true, |_| ()),
        ("rows that do not exist", true, |c| {
            c.rows = vec![u32::MAX, 2, 63, 64]
        }),
        ("short meta", false, |c| c.meta.truncate(7)),
        ("absurd rows", false, |c| c.meta[0] = u64::MAX),
        ("other rows", false, |c| c.meta[0] = 3),
        ("no dimension", false, |c| {
            (c.meta[1], c.mean, c.vectors) = (0, vec![], vec![])
        }),
        ("unknown metric", false, |c| c.meta[2] = 3),
        ("another metric's mean", false, |c| c.meta[2] = 1),
        ("unknown hash", false, |c| c.meta[3] = 2),
        ("no tables", false, |c| {
            (c.meta[4], c.starts, c.rows) = (0, vec![], vec![])
        }),
        ("many tables", false, |c| c.meta[4] = 5000),
        ("no bits", false, |c| c.meta[5] = 0),
        ("many bits", false, |c| c.meta[5] = 25),
        ("infinite radius", false, |c| {
            c.meta[7] = u64::from(f32::INFINITY.to_bits())
        }),
        ("infinite mean", false, |c| c.mean[0] = f32::NAN),
        ("few labels", false, |c| c.labels.truncate(1)),
        ("unordered buckets", false, |c| c.starts[1] = 3),
        ("buckets that end early", false, |c| c.starts[5] = 1),
        ("few values", false, |c| c.vectors.truncate(1)),
    ];
    let mut wrong = Vec::new();
    for (name, valid, change) in cases {
        let mut content = good.clone();
        change(&mut content);
        let mut writer = SectionWriter::create(&path, FORMAT).unwrap();
        writer.put("meta", &content.meta).unwrap();
        writer.put("mean", &content.mean).unwrap();
        writer.put("labels", &content.labels).unwrap();
        writer.put("starts", &content.starts).unwrap();
        writer.put("rows", &content.rows).unwrap();
        writer.put("vectors", &content.vectors).unwrap();
        writer.finish().unwrap();
        match Grid::open(&path) {
            Ok(grid) if valid => {
                let found = grid.search(&[1.0], &GridSearch::new(1, 9), None).unwrap();
                assert_eq!(found.neighbors[0].label, 9, "{name}");
            }
            Err(GridOpenError::Inconsistent { .. }) if !valid => {}
            other => wrong.push((name, other.map(|_| ()))),
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn other_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let empty = |format| {
        SectionWriter::create(&path, format)
            .unwrap()
            .finish()
            .unwrap()
    };
    empty(FORMAT);
    assert!(matches!(Grid::open(&path), Err(GridOpenError::Section(_))));
    empty(Format {
        version: 2,
        ..FORMAT
    });
    assert!(Grid::open(&path).unwrap_err().is_newer());
    empty(Format {
        magic: *b"nighSEG\0",
        version: 1,
    });
    let error = Grid::open(&path).unwrap_err();
    assert!(
        !error.is_newer() && error.to_string().contains("is another kind of file"),
        "{error}"
    );
}

#[test]
fn files_are_as_large_as_the_cost_function_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let mut wrong = Vec::new();
    for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
        for (count, tables, bits) in [
            (0, 1, 0),
            (1, 3, 0),
            (10, 30, 24),
            (777, 2, 5),
            (30_000, 4, 0),
        ] {
            let config = GridConfig {
                tables,
                bits,
                ..GridConfig::default()
            };
            let built = build_grid(
                &path,
                &rows(&clustered(count, 12, 9, 1), 12, metric),
                &config,
            )
            .unwrap();
            let expected = grid_bytes(count as u64, 12, metric, &config);
            if built.bytes != expected || fs::metadata(&path).unwrap().len() != expected {
                wrong.push((metric, count, built, expected));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The grid's own estimate knows how its rows crowd; the one for planning is low where they do.
#[test]
fn searches_compare_about_as_many_rows_as_expected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let (count, dim) = (20_000, 32);
    let mut random = Random(3);
    let mut even =
        |count: usize| -> Vec<f32> { (0..count * dim).map(|_| random.normal()).collect() };
    let cases = [
        ("even", even(count), even(200)),
        (
            "clustered",
            clustered(count, dim, 150, 1),
            clustered(200, dim, 150, 2),
        ),
    ];
    let mut wrong = Vec::new();
    for (name, values, queries) in cases {
        for hash in [GridHash::Hyperplane, GridHash::CrossPolytope] {
            let config = GridConfig {
                hash,
                ..GridConfig::default()
            };
            build_grid(&path, &rows(&values, dim, Metric::L2), &config).unwrap();
            let grid = Grid::open(&path).unwrap();
            for probes in [1, 16, 100] {
                let found = grid
                    .search_batch(&queries, &GridSearch::new(1, probes), None)
                    .unwrap();
                let compared = found.iter().map(|f| f.distances).sum::<usize>() as f64 / 200.0;
                let own = compared / grid.expected_candidates(probes);
                let planned = compared / grid_candidates(count as u64, &config, probes as u64);
                println!(
                    "{name} {hash:?} {probes}: {compared} compared, {own:.2} of the grid's estimate, {planned:.2} of the plan's"
                );
                let most = if name == "even" { 2.0 } else { 4.0 };
                let good = (0.4..1.2).contains(&own) && (0.8..most).contains(&planned);
                if !good {
                    wrong.push((name, hash, probes, own, planned));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
