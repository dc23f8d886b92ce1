//! How many neighbours are found after much has changed.

use nigh_index::{Codec, Found, IvfSearch, LiveIndex, Metric, Mode, SearchParams, Segment};

use crate::support::clustered;
use crate::{CODED, Folder, METRICS, model_of, vectors};

/// Half the rows are replaced, by some of the same kind or others, and the index is compacted once or after every fifth.
#[test]
fn recall_after_replacing_half_is_that_of_a_fresh_build() {
    let (rows, dim, lists, nprobe) = (12_000, 32, 220, 8);
    let mut wrong = Vec::new();
    for (kind, codec) in [("flat", Codec::F32), ("coded", CODED)] {
        for (what, before, after) in [
            ("the same", Kind::Round, Kind::Round),
            ("elsewhere", Kind::Round, Kind::Elsewhere),
            ("along other axes", Kind::Leading, Kind::Trailing),
        ] {
            for compactions in [1, 5] {
                let folder = Folder::new();
                let mut model = model_of(&before.rows(rows, dim, 1), dim);
                let segment = folder.built(&vectors(dim, Metric::L2, &model), lists, codec);
                let index = LiveIndex::open(segment);
                let newer = after.rows(rows / 2, dim, 2);
                for (i, row) in newer.chunks(dim).enumerate() {
                    let label = 2 * i as u64;
                    index.add(label, row).unwrap();
                    model.insert(label, row.to_vec());
                    if (i + 1) % (rows / 2 / compactions) == 0 {
                        index.compact(&folder.next(), 2).unwrap();
                    }
                }
                let fresh = folder.built(&vectors(dim, Metric::L2, &model), lists, codec);
                let queries = [before.rows(150, dim, 3), after.rows(150, dim, 4)].concat();
                let lists = index.segment().lists();
                let [mine, other] = [index.segment(), fresh].map(|s| measure(&s, &queries, nprobe));
                let name = format!("{kind}, {what}, {compactions} compactions");
                println!("{name}: {mine:.4?} with {lists} lists, fresh {other:.4?}");
                if mine.0 < other.0 - 0.01 || mine.1 > 1.25 * other.1 {
                    wrong.push(format!("{name}: {mine:?} instead of {other:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The codes of newer rows hide none of them, whatever the metric and wherever they lie; and rows like the others are found as
/// often as in a fresh build.
#[test]
fn newer_rows_are_found_before_a_compaction() {
    let (rows, dim, lists, nprobe) = (6000, 40, 150, 10);
    let mut wrong = Vec::new();
    for metric in METRICS {
        for (what, after) in [("same", Kind::Round), ("elsewhere", Kind::Elsewhere)] {
            let folder = Folder::new();
            let mut model = model_of(&Kind::Round.rows(rows, dim, 1), dim);
            let index = LiveIndex::open(folder.built(&vectors(dim, metric, &model), lists, CODED));
            for (i, row) in after.rows(rows / 2, dim, 2).chunks(dim).enumerate() {
                index.add(2 * i as u64, row).unwrap();
                model.insert(2 * i as u64, row.to_vec());
            }
            let fresh = folder.built(&vectors(dim, metric, &model), lists, CODED);
            let queries = [Kind::Round.rows(100, dim, 3), after.rows(100, dim, 4)].concat();
            let recall = |search: &dyn Fn(&[f32]) -> Found| {
                let met = queries.chunks(dim).map(|query| {
                    let exact = fresh.search(query, &SearchParams::exact(10), None).unwrap();
                    let found = search(query).neighbors;
                    exact.neighbors.iter().filter(|n| found.contains(n)).count()
                });
                met.sum::<usize>() as f64 / (queries.len() / dim * 10) as f64
            };
            let narrow = SearchParams::ivf(10, nprobe);
            let everything = IvfSearch {
                nprobe,
                rescore: 20,
                margin: 50.0,
                ..IvfSearch::default()
            };
            let wide = SearchParams {
                mode: Mode::Ivf(everything),
                ..narrow
            };
            let mine = recall(&|query| index.search(query, &narrow, None).unwrap());
            let all = recall(&|query| index.search(query, &wide, None).unwrap());
            let other = recall(&|query| fresh.search(query, &narrow, None).unwrap());
            println!("{metric}, {what}: {mine:.4}, every code {all:.4}, fresh {other:.4}");
            if mine < all - 0.005 || (what == "same" && mine < other - 0.01) {
                wrong.push(format!("{metric}, {what}: {mine}, {all}, {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How rows are distributed.
#[derive(Clone, Copy)]
enum Kind {
    /// Around centres, alike in all directions.
    Round,
    /// Around centres beside those.
    Elsewhere,
    /// Around centres, in the first directions more than in later ones.
    Leading,
    /// The other way round.
    Trailing,
}

impl Kind {
    fn rows(self, count: usize, dim: usize, seed: u32) -> Vec<f32> {
        let mut values = clustered(count, dim, 150, seed);
        for row in values.chunks_mut(dim) {
            for (i, x) in row.iter_mut().enumerate() {
                match self {
                    Kind::Round => {}
                    Kind::Elsewhere if i < dim / 2 => *x = 1.3 * *x + 1.5,
                    Kind::Elsewhere => *x *= 0.6,
                    Kind::Leading | Kind::Trailing => *x *= 0.8_f32.powi(i as i32),
                }
            }
            if matches!(self, Kind::Elsewhere | Kind::Trailing) {
                row.reverse();
            }
        }
        values
    }
}

/// Recall at 10, and rows scored for a query.
fn measure(segment: &Segment, queries: &[f32], nprobe: usize) -> (f64, f64) {
    let exact = segment
        .search_batch(queries, &SearchParams::exact(10), None)
        .unwrap();
    let found = segment
        .search_batch(queries, &SearchParams::ivf(10, nprobe), None)
        .unwrap();
    let (mut met, mut scored) = (0, 0);
    for (found, exact) in found.iter().zip(&exact) {
        scored += found.distances;
        let hits = exact.neighbors.iter();
        met += hits.filter(|n| found.neighbors.contains(n)).count();
    }
    let count = exact.len() as f64;
    (met as f64 / (10.0 * count), scored as f64 / count)
}
