//! Generating, exact neighbours, building and measuring raw vectors.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use nigh_engine::vectors::{
    Accepted, Family, FbinWriter, GenerateOptions, Queries, SweepOptions, Truth, VectorFile, Watch,
    build, exact_truth, generate, sweep,
};
use nigh_index::{IvfConfig, Metric, SearchParams, Segment, SegmentConfig};

const METRICS: [Metric; 3] = [Metric::L2, Metric::InnerProduct, Metric::Cosine];

static GO_ON: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(true);

fn watch() -> Watch<'static> {
    Watch {
        stop: &GO_ON,
        done: &|_| {},
    }
}

fn options(rows: u32, dims: u32) -> GenerateOptions {
    GenerateOptions {
        rows,
        dims,
        queries: 150,
        intrinsic: 8,
        clusters: Some(20),
        seed: 3,
        normalize: false,
    }
}

struct Data {
    dir: tempfile::TempDir,
    base: VectorFile,
    queries: Queries,
}

impl Data {
    fn new(rows: u32, dims: u32) -> Data {
        let dir = tempfile::tempdir().unwrap();
        let made = generate(dir.path(), &options(rows, dims), &watch()).unwrap();
        Data {
            base: VectorFile::open(&made.base, None).unwrap(),
            queries: Queries::read(&VectorFile::open(&made.queries, None).unwrap()).unwrap(),
            dir,
        }
    }

    fn truth(&self, metric: Metric, k: usize) -> Truth {
        let report = exact_truth(&self.base, &self.queries, metric, k, &watch()).unwrap();
        assert_eq!(report.rejected.count, 0);
        report.truth
    }

    fn accepted(&self, truth: &Truth, metric: Metric) -> Result<Accepted, String> {
        Accepted::new(truth, &self.base, &self.queries, metric, &watch())
            .map_err(|error| error.to_string())
    }

    fn segment(&self, metric: Metric, ivf: Option<IvfConfig>) -> Segment {
        let path = self.dir.path().join("built.segment");
        let config = SegmentConfig { sequence: 9, ivf };
        let report = build(&self.base, metric, config, &path, &watch()).unwrap();
        let segment = Segment::open(&path).unwrap();
        assert_eq!(
            (report.rows, report.lists, report.bytes),
            (segment.len(), segment.lists(), segment.bytes())
        );
        segment
    }
}

fn write(path: &Path, dim: u32, rows: &[&[f32]]) -> PathBuf {
    let mut writer = FbinWriter::create(path, rows.len() as u32, dim).unwrap();
    rows.iter().for_each(|row| writer.write(row).unwrap());
    writer.finish().unwrap();
    path.to_owned()
}

/// Higher is nearer; f64, one number after the other.
fn naive_score(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let dot: f64 = pairs().map(|(a, b)| a * b).sum();
    let norm = |v: &[f32]| v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    match metric {
        Metric::L2 => -pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>(),
        Metric::InnerProduct => dot,
        Metric::Cosine => dot / (norm(a) * norm(b)),
    }
}

#[test]
fn exact_neighbours_are_those_of_a_plain_loop() {
    let data = Data::new(2_500, 37);
    let base = data.base.read_all().unwrap();
    let mut failures = Vec::new();
    for metric in METRICS {
        for k in [1, 10, 137] {
            let truth = data.truth(metric, k);
            assert_eq!((truth.queries(), truth.ids.len()), (150, 150 * k));
            let distances = truth.distances.as_ref().unwrap();
            for query in 0..truth.queries() {
                let values = data.queries.get(query).unwrap();
                let scores = base.chunks(37).map(|row| naive_score(metric, values, row));
                let scores: Vec<f64> = scores.collect();
                let mut order: Vec<usize> = (0..scores.len()).collect();
                order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
                for (rank, &best) in order.iter().enumerate().take(k) {
                    let at = query * k + rank;
                    let id = truth.ids[at] as usize;
                    let sign = if metric == Metric::L2 { -1.0 } else { 1.0 };
                    let error = (scores[best] - sign * f64::from(distances[at])).abs();
                    // f32 may swap rows that differ in the seventh digit.
                    let near = (scores[id] - scores[best]).abs();
                    if near > 1e-4 || error > 1e-4 {
                        failures.push(format!(
                            "{metric} query {query} rank {rank}: {id} for {best}, {near:e}, {error:e}"
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn exact_neighbours_do_not_depend_on_threads() {
    let data = Data::new(3_000, 16);
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| data.truth(Metric::L2, 20))
    };
    assert_eq!(of(1), of(5));
}

#[test]
fn rows_that_cannot_be_compared_are_never_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let rows: [&[f32]; 6] = [
        &[1.0, 0.0],
        &[f32::NAN, 0.0],
        &[0.0, 0.0],
        &[f32::INFINITY, 1.0],
        &[0.0, 1.0],
        &[3e38, 3e38],
    ];
    let base = write(&dir.path().join("base.fbin"), 2, &rows);
    let query = write(&dir.path().join("query.fbin"), 2, &[&[1.0, 0.1]]);
    let base = VectorFile::open(&base, None).unwrap();
    let queries = Queries::read(&VectorFile::open(&query, None).unwrap()).unwrap();
    let mut failures = Vec::new();
    for (metric, expected) in METRICS.into_iter().zip([[0, 2, 4], [0, 4, 2], [0, 4, 2]]) {
        let report = exact_truth(&base, &queries, metric, 3, &watch()).unwrap();
        if report.truth.ids != expected || report.rejected.count != 3 {
            failures.push(format!("{metric}: {report:?}"));
        }
        let too_many = exact_truth(&base, &queries, metric, 4, &watch());
        let said = too_many.unwrap_err().to_string();
        if !said.contains("has 3 rows that can be compared, fewer than the 4 neighbours asked for")
        {
            failures.push(format!("{metric}: {said}"));
        }
        let out = dir.path().join("some.segment");
        let built = build(&base, metric, SegmentConfig::default(), &out, &watch()).unwrap();
        let sentences = built.rejected.sentences.join("; ");
        if built.rows != 3
            || built.rejected.count != 3
            || !sentences.contains("base.fbin row 1: value 0 is NaN, expected a finite number")
            || !sentences.contains("base.fbin row 5: its values are too large")
        {
            failures.push(format!("{metric}: {built:?}"));
        }
        let labels = Segment::open(&out).unwrap().labels().to_vec();
        if labels != [0, 2, 4] {
            failures.push(format!("{metric}: {labels:?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");

    let nothing = write(&dir.path().join("nothing.fbin"), 2, &[&[f32::NAN, 0.0]]);
    let nothing = VectorFile::open(&nothing, None).unwrap();
    let out = dir.path().join("nothing.segment");
    let said = build(
        &nothing,
        Metric::L2,
        SegmentConfig::default(),
        &out,
        &watch(),
    );
    let said = said.unwrap_err().to_string();
    assert!(said.contains("has no row that can be compared: "), "{said}");
    assert!(!out.exists());
}

#[test]
fn truth_files_come_back_and_cut_ones_get_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("truth.ibin");
    let ids = vec![5, 1, 0, 7, 2, 3];
    let distances = Some(vec![0.5, 1.0, 1.5, 0.0, 0.25, 9.0]);
    let mut failures = Vec::new();
    for distances in [None, distances] {
        let k = 3;
        let truth = Truth {
            k,
            ids: ids.clone(),
            distances,
        };
        truth.write(&path).unwrap();
        assert_eq!(Truth::read(&path).unwrap(), truth);
        let bytes = fs::read(&path).unwrap();
        for end in 0..bytes.len() {
            // The ids alone are a whole file.
            if end == 8 + 4 * ids.len() {
                continue;
            }
            fs::write(&path, &bytes[..end]).unwrap();
            match Truth::read(&path) {
                Ok(truth) => failures.push(format!("cut at {end}: {truth:?}")),
                Err(error) if !error.to_string().contains("truth.ibin") => {
                    failures.push(format!("cut at {end}: {error}"));
                }
                Err(_) => {}
            }
        }
        fs::write(&path, [bytes, vec![0]].concat()).unwrap();
        let said = Truth::read(&path).unwrap_err().to_string();
        if !said.contains("take 32 bytes (ids alone) or 56 (ids and distances)") {
            failures.push(said);
        }
    }
    fs::write(&path, [0u32, 100].map(u32::to_le_bytes).concat()).unwrap();
    let said = Truth::read(&path).unwrap_err().to_string();
    assert!(
        said.contains("holds 0 queries with 100 neighbours each"),
        "{said}"
    );
    fs::write(&path, [u32::MAX; 2].map(u32::to_le_bytes).concat()).unwrap();
    let said = Truth::read(&path).unwrap_err().to_string();
    assert!(
        said.contains("is 8 bytes long, but 4294967295 queries"),
        "{said}"
    );
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn generated_data_depends_on_the_seed_alone() {
    let dir = tempfile::tempdir().unwrap();
    let files = |name: &str, threads, options: GenerateOptions| {
        let into = dir.path().join(name);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let made = pool
            .unwrap()
            .install(|| generate(&into, &options, &watch()));
        let made = made.unwrap();
        (
            fs::read(made.base).unwrap(),
            fs::read(made.queries).unwrap(),
        )
    };
    let some = options(2_600, 12);
    let first = files("first", 1, some);
    assert!(
        first == files("again", 4, some),
        "another number of threads"
    );
    let other = GenerateOptions { seed: 4, ..some };
    assert!(first.0 != files("other", 1, other).0, "another seed");
    let longer = options(5_000, 12);
    let longer = files("longer", 2, longer).0;
    assert!(
        longer[8..].starts_with(&first.0[8..8 + 4 * 12 * 2_048]),
        "whole chunks stay"
    );
}

#[test]
fn generated_data_is_clustered_of_length_one_and_new() {
    let dir = tempfile::tempdir().unwrap();
    let options = GenerateOptions {
        normalize: true,
        ..options(4_000, 48)
    };
    let made = generate(dir.path(), &options, &watch()).unwrap();
    let base = VectorFile::open(&made.base, None).unwrap();
    let queries = Queries::read(&VectorFile::open(&made.queries, None).unwrap()).unwrap();
    let rows = base.read_all().unwrap();
    let norms = rows
        .chunks(48)
        .map(|row| naive_score(Metric::InnerProduct, row, row));
    assert!(norms.into_iter().all(|norm| (norm - 1.0).abs() < 1e-5));
    let truth = exact_truth(&base, &queries, Metric::L2, 100, &watch())
        .unwrap()
        .truth;
    let distances = truth.distances.unwrap();
    let nearest = distances.iter().step_by(100);
    assert!(
        nearest.clone().all(|&distance| distance > 1e-4),
        "a query is a row"
    );
    // Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension", NIPS 2004.
    let dimension = |distances: &[f32]| {
        let last = f64::from(distances[99]);
        let logs = distances[..99]
            .iter()
            .map(|&d| 0.5 * (last / f64::from(d)).ln());
        99.0 / logs.sum::<f64>()
    };
    let mut dimensions: Vec<f64> = distances.chunks(100).map(dimension).collect();
    dimensions.sort_by(f64::total_cmp);
    let median = dimensions[dimensions.len() / 2];
    assert!(
        (2.0..16.0).contains(&median),
        "8 were asked for, {median} found"
    );
    // A random pair is far apart compared with neighbours.
    let pairs = rows
        .chunks(96)
        .map(|pair| -naive_score(Metric::L2, &pair[..48], &pair[48..]));
    let mean = pairs.sum::<f64>() / 2_000.0;
    let near = nearest.map(|&distance| f64::from(distance)).sum::<f64>() / 150.0;
    assert!(near < 0.3 * mean, "nearest {near}, random {mean}");
}

#[test]
fn a_sweep_reaches_everything_in_small_steps() {
    let data = Data::new(4_000, 24);
    let mut failures = Vec::new();
    for metric in METRICS {
        let truth = data.truth(metric, 30);
        let accepted = data.accepted(&truth, metric).unwrap();
        let config = IvfConfig {
            lists: 120,
            ..IvfConfig::default()
        };
        let segment = data.segment(metric, Some(config));
        let options = SweepOptions {
            timed_queries: 20,
            repetitions: 1,
            ..SweepOptions::default()
        };
        let families = [Family::ivf(segment.lists()), Family::exact()];
        let points = sweep(
            &segment,
            &data.queries,
            &accepted,
            &families,
            &options,
            &watch(),
        );
        let points = points.unwrap();
        if points.last().is_none_or(|best| best.recall_at_10 < 0.9995) {
            failures.push(format!("{metric}: {points:#?}"));
        }
        for point in &points {
            let params = point.setting.params(10);
            let found = segment.search_batch(data.queries.values(), &params, None);
            let recall = accepted.recall(&found.unwrap());
            if (recall - point.recall_at_10).abs() > 1e-6 {
                failures.push(format!("{metric}: {point:?} has {recall}"));
            }
        }
        let speeds = |point: &nigh_engine::vectors::Point| {
            [
                point.single_qps,
                point.batch_qps,
                point.single_p99_us,
                point.single_qps_wall,
                point.batch_qps_wall,
            ]
        };
        if !points
            .iter()
            .flat_map(speeds)
            .all(|speed| speed > 0.0 && speed.is_finite())
        {
            failures.push(format!("{metric}: {points:?}"));
        }
        let exact = segment.search_batch(data.queries.values(), &SearchParams::exact(10), None);
        let recall = accepted.recall(&exact.unwrap());
        if recall != 1.0 {
            failures.push(format!("{metric}: exact search has {recall}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn ties_at_the_tenth_place_count() {
    let dir = tempfile::tempdir().unwrap();
    // Fifteen rows at distance 1 and five at 4, from one query at 0.
    let rows: Vec<[f32; 1]> = (0..20)
        .map(|row| [if row < 15 { 1.0 } else { 2.0 }])
        .collect();
    let rows: Vec<&[f32]> = rows.iter().map(<[f32; 1]>::as_slice).collect();
    let base = write(&dir.path().join("base.fbin"), 1, &rows);
    let base = VectorFile::open(&base, None).unwrap();
    let query = write(&dir.path().join("query.fbin"), 1, &[&[0.0]]);
    let queries = Queries::read(&VectorFile::open(&query, None).unwrap()).unwrap();
    let truth = exact_truth(&base, &queries, Metric::L2, 20, &watch())
        .unwrap()
        .truth;
    let found = |first: u64| nigh_index::Found {
        neighbors: (first..first + 10)
            .map(|label| nigh_index::Neighbor { label, score: 0.0 })
            .collect(),
        ..nigh_index::Found::default()
    };
    let table = [(0, 1.0), (5, 1.0), (8, 0.7), (10, 0.5)];
    let mut failures = Vec::new();
    for given in [true, false] {
        let truth = Truth {
            distances: truth.distances.clone().filter(|_| given),
            ..truth.clone()
        };
        let accepted = Accepted::new(&truth, &base, &queries, Metric::L2, &watch()).unwrap();
        for (first, expected) in table {
            let recall = accepted.recall(&[found(first)]);
            if recall != expected {
                failures.push(format!("{given}: {first}.. has {recall}, not {expected}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_truth_that_does_not_fit_is_refused() {
    let data = Data::new(1_000, 10);
    let truth = data.truth(Metric::L2, 50);
    let mut other_base = truth.clone();
    other_base.ids[57] = 1_000;
    let mut padded = truth.clone();
    padded.ids[49] = -1;
    let mut fewer = truth.clone();
    fewer.truncate(149);
    let short = data.truth(Metric::L2, 9);
    let reversed = Truth {
        ids: truth.ids.iter().rev().copied().collect(),
        ..truth.clone()
    };
    let table = [
        (&other_base, "query 1, rank 7 names row 1000, but"),
        (&padded, "query 0, rank 49 names row -1, but"),
        (&fewer, "the truth is about 149 queries, but"),
        (
            &short,
            "names 9 neighbours of each query, recall@10 needs 10",
        ),
        (
            &reversed,
            "for 150 of 150 queries its neighbours are not in the order of their l2 scores",
        ),
    ];
    let mut failures = Vec::new();
    for (truth, sentence) in table {
        let said = data.accepted(truth, Metric::L2).err().unwrap_or_default();
        if !said.contains(sentence) {
            failures.push(format!("{sentence:?}: {said}"));
        }
    }
    assert!(data.accepted(&truth, Metric::L2).is_ok());
    let wider = Data::new(1_000, 11);
    let refused = Accepted::new(&truth, &data.base, &wider.queries, Metric::L2, &watch());
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("have 11 values, but the rows of"), "{said}");
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn what_is_asked_to_stop_stops_and_leaves_nothing() {
    let data = Data::new(500, 4);
    let stopped = Watch {
        stop: &STOP,
        done: &|_| {},
    };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.segment");
    let config = SegmentConfig::default();
    let results = [
        generate(dir.path(), &options(500, 4), &stopped)
            .map_err(anyhow_chain)
            .err(),
        exact_truth(&data.base, &data.queries, Metric::L2, 5, &stopped)
            .map_err(anyhow_chain)
            .err(),
        build(&data.base, Metric::L2, config, &out, &stopped)
            .map_err(anyhow_chain)
            .err(),
    ];
    for said in results {
        assert!(said.is_some_and(|said| said.ends_with(": interrupted")));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "no leftovers");
}

/// The sentence with its causes.
fn anyhow_chain(error: impl std::error::Error) -> String {
    let cause = error.source().map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}
