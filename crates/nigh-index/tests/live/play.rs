//! Random writes, compactions and searches against a plain map.

use nigh_index::{Codec, Filter, LiveIndex, Metric, SearchParams, Vectors};

use crate::support::Random;
use crate::{CODED, Folder, METRICS, Model, vectors};

#[test]
fn any_sequence_of_writes_gives_what_a_plain_map_gives() {
    let mut wrong = Vec::new();
    let kinds = [
        ("one list", 0, Codec::F32),
        ("flat", 9, Codec::F32),
        ("f16", 9, Codec::F16),
        ("int8", 9, Codec::Int8),
        ("coded", 9, CODED),
    ];
    for (seed, metric) in (1..).zip(METRICS) {
        for (name, lists, codec) in kinds {
            for start in [0, 300] {
                let mut play = Play::new(seed, metric, lists, codec, start);
                for step in 0..1500 {
                    if let Err(what) = play.step() {
                        wrong.push(format!("{metric} {name} from {start}, step {step}: {what}"));
                        break;
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An index, the map it has to agree with, and what happens to both.
struct Play {
    folder: Folder,
    index: LiveIndex,
    model: Model,
    random: Random,
    thirds: Filter,
    flat: bool,
}

const PLAY_DIM: usize = 5;

impl Play {
    fn new(seed: u32, metric: Metric, lists: usize, codec: Codec, start: usize) -> Play {
        let (folder, mut random) = (Folder::new(), Random(seed));
        let model: Model = (0..start)
            .map(|i| (i as u64 * 3 % 401, row(&mut random)))
            .collect();
        let segment = folder.built(&vectors(PLAY_DIM, metric, &model), lists, codec);
        Play {
            folder,
            index: LiveIndex::open(segment),
            model,
            random,
            thirds: Filter::new(|label| label % 3 == 0),
            flat: codec == Codec::F32,
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let label = (self.random.unit() * 500.0) as u64;
        match (self.random.unit() * 100.0) as u32 {
            0 => {
                let built = self.index.compact(&self.folder.next(), 2).unwrap();
                same("rows written", built.rows, self.model.len())?;
                same("newer rows", self.index.newer(), 0)?;
                self.search()
            }
            1..50 => {
                let row = row(&mut self.random);
                self.index.add(label, &row).unwrap();
                self.model.insert(label, row);
                Ok(())
            }
            50..88 => same(
                "deleted",
                self.index.delete(label),
                self.model.remove(&label).is_some(),
            ),
            _ => self.search(),
        }
    }

    fn search(&mut self) -> Result<(), String> {
        same("length", self.index.len(), self.model.len())?;
        let query = row(&mut self.random);
        let k = [1, 7, 40, 1000][(self.random.unit() * 4.0) as usize];
        let rows = vectors(PLAY_DIM, self.index.metric(), &self.model);
        for (name, filter) in [("all", None), ("thirds", Some(&self.thirds))] {
            let allowed = filter.map(|_| rows.allow(|label| label % 3 == 0));
            let wanted = rows.search(&query, k, allowed.as_ref()).unwrap().neighbors;
            let found = |params| {
                self.index
                    .search(&query, &params, filter)
                    .unwrap()
                    .neighbors
            };
            same(name, found(SearchParams::exact(k)), wanted.clone())?;
            let lists = found(SearchParams::ivf(k, 1_000_000));
            if self.flat {
                same("all lists", lists, wanted)?;
            } else {
                same("rows of all lists", lists.len(), wanted.len())?;
            }
            same(
                "rows of few lists",
                found(SearchParams::ivf(k, 1)).len(),
                k.min(rows_in(&rows, filter)),
            )?;
        }
        Ok(())
    }
}

fn rows_in(rows: &Vectors, filter: Option<&Filter>) -> usize {
    let labels = rows.labels().iter();
    labels
        .filter(|&label| filter.is_none() || label % 3 == 0)
        .count()
}

/// Small whole numbers, so that scores are often equal.
fn row(random: &mut Random) -> Vec<f32> {
    (0..PLAY_DIM)
        .map(|_| (random.unit() * 5.0).floor() - 2.0)
        .collect()
}

fn same<T: PartialEq + std::fmt::Debug>(name: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{name}: {found:?} instead of {expected:?}"))
}
