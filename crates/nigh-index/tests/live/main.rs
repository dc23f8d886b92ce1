//! A live index against a plain map of its rows, alone and while threads write, search and compact.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it measured"
)]

#[path = "../support.rs"]
mod support;

mod play;
mod recall;
mod threads;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use nigh_index::{
    Allowed, Codec, Filter, IvfConfig, LiveIndex, Metric, Neighbor, RaBitQConfig, Rotation,
    SearchError, SearchParams, Segment, SegmentConfig, VectorError, Vectors, Verification,
    build_segment,
};
use support::{Random, clustered};

const METRICS: [Metric; 3] = [Metric::L2, Metric::InnerProduct, Metric::Cosine];
const CODED: Codec = Codec::RaBitQ(RaBitQConfig {
    scan_dims: 0,
    scan_variance: 0.93,
    refine_dims: 0,
    refine_variance: 0.985,
    refine_bits: 8,
    rotation: Rotation::Auto,
});

type Model = BTreeMap<u64, Vec<f32>>;

/// A folder for segments, and the number of the next.
struct Folder(tempfile::TempDir, AtomicUsize);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap(), AtomicUsize::new(0))
    }

    fn next(&self) -> PathBuf {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        self.0.path().join(format!("{number}.segment"))
    }

    fn built(&self, rows: &Vectors, lists: usize, codec: Codec) -> Segment {
        let ivf = IvfConfig {
            lists,
            codec,
            ..IvfConfig::default()
        };
        let config = SegmentConfig {
            sequence: 1,
            ivf: (lists > 0).then_some(ivf),
        };
        let path = self.next();
        build_segment(&path, rows, &config).unwrap();
        Segment::open(&path).unwrap()
    }
}

fn vectors<'a>(
    dim: usize,
    metric: Metric,
    rows: impl IntoIterator<Item = (&'a u64, &'a Vec<f32>)>,
) -> Vectors {
    let mut vectors = Vectors::new(dim, metric);
    for (&label, row) in rows {
        vectors.push(label, row).unwrap();
    }
    vectors
}

fn model_of(values: &[f32], dim: usize) -> Model {
    (0..).zip(values.chunks(dim).map(<[f32]>::to_vec)).collect()
}

fn all_of(index: &LiveIndex) -> Vec<Neighbor> {
    let params = SearchParams::exact(1_000_000);
    let query = vec![0.25; index.dim()];
    index.search(&query, &params, None).unwrap().neighbors
}

fn expected(model: &Model, dim: usize, metric: Metric) -> Vec<Neighbor> {
    let rows = vectors(dim, metric, model);
    rows.search(&vec![0.25; dim], 1_000_000, None)
        .unwrap()
        .neighbors
}

#[test]
fn snapshots_may_overlap() {
    let (folder, dim, metric) = (Folder::new(), 8, Metric::L2);
    let mut model = model_of(&clustered(500, dim, 9, 1), dim);
    let index = LiveIndex::open(folder.built(&vectors(dim, metric, &model), 10, CODED));
    let mut random = Random(1);
    let mut write = |index: &LiveIndex| {
        for _ in 0..400 {
            let label = (random.unit() * 800.0) as u64;
            if random.unit() < 0.5 {
                index.delete(label);
                model.remove(&label);
            } else {
                let row: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
                index.add(label, &row).unwrap();
                model.insert(label, row);
            }
        }
        model.clone()
    };
    let first = index.snapshot();
    write(&index);
    let second = index.snapshot();
    write(&index);
    let paths = [folder.next(), folder.next()];
    second.write(&paths[0], 2).unwrap();
    first.write(&paths[1], 3).unwrap();
    let [later, earlier] = paths.map(|path| Segment::open(&path).unwrap());
    index.adopt(later, second).unwrap();
    let model = write(&index);
    assert_eq!(all_of(&index), expected(&model, dim, metric));
    index.adopt(earlier, first).unwrap();
    assert_eq!(all_of(&index), expected(&model, dim, metric));
    let model = write(&index);
    assert_eq!(all_of(&index), expected(&model, dim, metric));
}

#[test]
fn a_label_replaced_often_takes_little_memory() {
    let (folder, dim) = (Folder::new(), 4);
    let index = LiveIndex::open(folder.built(&Vectors::new(dim, Metric::L2), 5, CODED));
    for i in 0..100_000_u64 {
        index.add(i % 10, &[i as f32, 1.0, 2.0, 3.0]).unwrap();
    }
    assert_eq!((index.len(), index.newer()), (10, 10));
    assert!(index.held() < 1000, "{} rows are held", index.held());
    let best = index.search(&[99_990.0, 1.0, 2.0, 3.0], &SearchParams::exact(1), None);
    assert_eq!(best.unwrap().neighbors[0].label, 0);
}

#[test]
fn lists_follow_rows_that_go_and_come_back() {
    for codec in [Codec::F32, CODED] {
        let (folder, dim) = (Folder::new(), 16);
        let model = model_of(&clustered(5000, dim, 60, 1), dim);
        let index = LiveIndex::open(folder.built(&vectors(dim, Metric::L2, &model), 100, codec));
        let mut lists = Vec::new();
        for kept in [5000, 3, 0, 5000, 4900] {
            for (&label, row) in &model {
                if label < kept {
                    index.add(label, row).unwrap();
                } else {
                    index.delete(label);
                }
            }
            index.compact(&folder.next(), 2).unwrap();
            assert_eq!(index.len(), kept as usize);
            lists.push(index.segment().lists());
            let wanted: Model = model.range(..kept).map(|(&l, r)| (l, r.clone())).collect();
            assert_eq!(all_of(&index), expected(&wanted, dim, Metric::L2));
        }
        let fits = [80..121, 1..5, 1..5, 50..300, 50..300]
            .iter()
            .zip(&lists)
            .all(|(range, lists)| range.contains(lists));
        assert!(fits, "{lists:?}");
    }
}

#[test]
fn several_rows_of_a_label_are_replaced_and_deleted_together() {
    let (folder, mut rows) = (Folder::new(), Vectors::new(1, Metric::L2));
    for i in 0..30_u8 {
        rows.push(u64::from(i) / 3, &[f32::from(i)]).unwrap();
    }
    let index = LiveIndex::open(folder.built(&rows, 4, Codec::F32));
    assert!(index.delete(2) && !index.delete(2));
    index.add(5, &[100.0]).unwrap();
    assert_eq!((index.len(), index.masked(), index.newer()), (25, 6, 1));
    index.compact(&folder.next(), 2).unwrap();
    let mut count = HashMap::new();
    let found = all_of(&index);
    found
        .iter()
        .for_each(|n| *count.entry(n.label).or_insert(0) += 1);
    assert_eq!((count.get(&2), count[&5], count[&4]), (None, 1, 3));
}

#[test]
fn what_is_wrong_is_told_and_changes_nothing() {
    let (folder, dim) = (Folder::new(), 4);
    let rows = vectors(
        dim,
        Metric::Cosine,
        &model_of(&clustered(60, dim, 3, 1), dim),
    );
    let index = LiveIndex::open(folder.built(&rows, 5, CODED));
    index.add(3, &[1.0, 2.0, 3.0, 4.0]).unwrap();
    index.delete(8);
    let before = all_of(&index);
    let cases: &[(&[f32], &str)] = &[
        (&[1.0], "has 1 values, expected 4"),
        (
            &[1.0, f32::NAN, 0.0, 0.0],
            "value 1 is NaN, expected a finite number",
        ),
        (
            &[1.0, 0.0, f32::INFINITY, 0.0],
            "value 2 is inf, expected a finite number",
        ),
        (&[3e38; 4], &VectorError::TooLarge.to_string()),
    ];
    let mut wrong = Vec::new();
    for &(values, expected) in cases {
        let found = index.add(77, values).unwrap_err().to_string();
        if found != format!("vector with label 77: {expected}") {
            wrong.push(found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let search = |query: &[f32]| index.search(query, &SearchParams::ivf(3, 2), None);
    assert!(matches!(
        search(&[1.0]),
        Err(SearchError::Dimension {
            expected: 4,
            received: 1
        })
    ));
    assert!(matches!(
        search(&[f32::NAN; 4]),
        Err(SearchError::Query { query: 0, .. })
    ));

    let nowhere = folder.0.path().join("missing").join("segment");
    assert!(
        index
            .compact(&nowhere, 2)
            .unwrap_err()
            .to_string()
            .contains("missing")
    );
    let other = folder.built(&Vectors::new(5, Metric::L2), 0, Codec::F32);
    let refused = index
        .adopt(other, index.snapshot())
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "the segment holds rows of 5 values compared by l2, the index has 4 values and cosine"
    );
    assert_eq!(all_of(&index), before);
    index.add(9, &[0.0; 4]).unwrap();
    index.compact(&folder.next(), 2).unwrap();
    assert_eq!(index.len(), 59);
}

#[test]
fn a_filter_over_a_segment_is_asked_only_about_newer_rows() {
    let folder = Folder::new();
    let rows = vectors(4, Metric::L2, &model_of(&clustered(90, 4, 3, 1), 4));
    let index = LiveIndex::open(folder.built(&rows, 5, Codec::F32));
    let segment = index.segment();
    let allowed = segment.allow(|label| label % 2 == 0);
    let filter = Filter::over(&segment, allowed, |label| {
        assert!(label > 89, "{label}");
        label % 2 == 0
    });
    let filter = filter.unwrap();
    let labels = || -> Vec<u64> {
        let found = index.search(&[0.5; 4], &SearchParams::exact(1000), Some(&filter));
        found.unwrap().neighbors.iter().map(|n| n.label).collect()
    };
    assert_eq!(labels().len(), 45);
    (90..100).for_each(|label| index.add(label, &[1.0; 4]).unwrap());
    (0..10).for_each(|label| assert!(index.delete(label)));
    let found = labels();
    assert_eq!(found.len(), 45);
    assert!(found.iter().all(|label| label % 2 == 0 && *label > 9));
    let refused = Filter::over(&segment, Allowed::all(7), |_| true);
    assert!(matches!(
        refused,
        Err(SearchError::Allowed {
            expected: 90,
            received: 7
        })
    ));
}

/// Without full verification damage goes unnoticed: rows may be wrong, but nothing else may happen.
#[test]
fn damage_never_makes_an_index_panic() {
    let (folder, dim) = (Folder::new(), 10);
    let values = clustered(300, dim, 6, 8);
    let rows = vectors(dim, Metric::InnerProduct, &model_of(&values, dim));
    let segment = folder.built(&rows, 7, CODED);
    drop(segment);
    let (path, next) = (folder.0.path().join("0.segment"), folder.next());
    let intact = fs::read(&path).unwrap();
    let mut opened = 0;
    for at in (0..intact.len()).step_by(211) {
        let mut bytes = intact.clone();
        bytes[at] ^= 0x5b;
        fs::write(&path, &bytes).unwrap();
        if let Ok(segment) = Segment::open_with(&path, Verification::Structure) {
            opened += 1;
            let index = LiveIndex::open(segment);
            index.add(5, &values[..dim]).unwrap();
            index.delete(6);
            index.compact(&next, 2).unwrap();
            index
                .search(&values[..dim], &SearchParams::ivf(3, 2), None)
                .unwrap();
        }
    }
    assert!(opened > 20, "{opened} opened");
}
