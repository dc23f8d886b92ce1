//! Folders of shards: built, opened, refused when damaged, and measured.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use nigh_engine::vectors::{
    BuildShardsError, Categories, FbinWriter, Interval, Queries, ShardBy, ShardFolder, ShardPlan,
    ShardReport, ShardsBuilt, VectorFile, Watch, build, build_shards, shard_report,
};
use nigh_index::{Metric, SearchParams, Segment, SegmentConfig, hash_shard};

static GO_ON: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(true);

fn watch() -> Watch<'static> {
    Watch {
        stop: &GO_ON,
        done: &|_| {},
    }
}

const CONFIG: SegmentConfig = SegmentConfig {
    sequence: 400,
    ivf: None,
};

/// 400 rows of two values in five places far from each other, and their categories: the name of the place.
struct Data {
    dir: tempfile::TempDir,
    base: VectorFile,
    categories: Categories,
}

/// Of a row: `a` for one in two, `b` for one in four…
fn place(row: usize) -> usize {
    (row + 1).trailing_zeros().min(4) as usize
}

fn values(row: usize, off: f32) -> [f32; 2] {
    let (at, turn) = (place(row) as f32, row as f32 + off);
    [100.0 * at + turn.sin(), turn.cos()]
}

impl Data {
    fn new() -> Data {
        let dir = tempfile::tempdir().unwrap();
        let base = write(
            &dir.path().join("base.fbin"),
            (0..400).map(|row| values(row, 0.0)),
        );
        let names: Vec<&str> = (0..400)
            .map(|row| ["a", "b", "c", "d", "e"][place(row)])
            .collect();
        let path = dir.path().join("categories.txt");
        fs::write(&path, names.join("\n")).unwrap();
        Data {
            base,
            categories: Categories::read(&path).unwrap(),
            dir,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn by_category(&self, shards: usize) -> ShardPlan<'_> {
        let categories = &self.categories;
        ShardPlan::Category { shards, categories }
    }

    fn build(&self, plan: ShardPlan<'_>, out: &Path) -> Result<ShardsBuilt, BuildShardsError> {
        build_shards(&self.base, Metric::L2, CONFIG, plan, out, &watch())
    }

    fn folder(&self, plan: ShardPlan<'_>) -> ShardFolder {
        let out = self.at("shards");
        self.build(plan, &out).unwrap();
        ShardFolder::open(&out).unwrap()
    }
}

fn write(path: &Path, rows: impl ExactSizeIterator<Item = [f32; 2]>) -> VectorFile {
    let mut writer = FbinWriter::create(path, rows.len() as u32, 2).unwrap();
    rows.for_each(|row| writer.write(&row).unwrap());
    writer.finish().unwrap();
    VectorFile::open(path, None).unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_row_goes_to_its_shard() {
    let data = Data::new();
    let whole = data.at("whole");
    build(&data.base, Metric::L2, CONFIG, &whole, &watch()).unwrap();
    let whole = Segment::open(&whole).unwrap();
    let queries = data.base.read_all().unwrap();
    let params = SearchParams::exact(10);
    let expected = whole.search_batch(&queries, &params, None).unwrap();
    for shards in [1, 3, 8] {
        for plan in [ShardPlan::Hash { shards }, data.by_category(shards)] {
            let folder = data.folder(plan);
            let found = folder
                .shards()
                .search_batch(&queries, &params, None)
                .unwrap();
            let same = found
                .iter()
                .zip(&expected)
                .all(|(a, b)| a.neighbors == b.neighbors);
            assert!(same, "{plan:?}");
            for (number, segment) in folder.shards().segments().iter().enumerate() {
                let own = |label: u64| match plan {
                    ShardPlan::Hash { .. } => hash_shard(label, shards),
                    ShardPlan::Category { categories, .. } => {
                        let name = &categories.names()[categories.of(label as usize).unwrap()];
                        folder.shard_of(name).unwrap()
                    }
                };
                assert!(
                    segment.labels().iter().all(|&label| own(label) == number),
                    "{plan:?}"
                );
            }
        }
    }
}

#[test]
fn categories_are_packed_and_large_ones_told() {
    let data = Data::new();
    let built = data.build(data.by_category(3), &data.at("shards")).unwrap();
    let rows: Vec<usize> = built.shards.iter().map(|shard| shard.rows).collect();
    assert_eq!(
        (rows, built.rows, built.by),
        (vec![200, 100, 100], 400, ShardBy::Category)
    );
    assert_eq!(built.imbalance, 1.5);
    let large: Vec<(&str, usize, f64)> = built
        .oversized
        .iter()
        .map(|one| (&*one.category, one.rows, one.times_mean))
        .collect();
    assert_eq!(large, [("a", 200, 1.5)]);
    let folder = ShardFolder::open(&data.at("shards")).unwrap();
    assert_eq!(folder.categories_of(0), ["a"]);
    assert_eq!(folder.categories_of(2), ["c", "d", "e"]);
    assert_eq!(
        (folder.shard_of("b"), folder.shard_of("x")),
        (Some(1), None)
    );
    assert_eq!(folder.oversized(), built.oversized);
    assert_eq!(folder.imbalance(), 1.5);
}

#[test]
fn a_folder_cut_anywhere_names_the_file() {
    let data = Data::new();
    let folder = data.folder(data.by_category(3)).path().to_owned();
    let mut wrong = Vec::new();
    for name in names_in(&folder) {
        let path = folder.join(&name);
        let whole = fs::read(&path).unwrap();
        let step = if name == "shards.json" { 1 } else { 97 };
        for length in (0..whole.len()).step_by(step) {
            fs::write(&path, &whole[..length]).unwrap();
            match ShardFolder::open(&folder) {
                Err(error) if error.to_string().contains(path.to_str().unwrap()) => {}
                other => wrong.push((
                    name.clone(),
                    length,
                    other.map(|_| ()).map_err(|e| e.to_string()),
                )),
            }
        }
        fs::remove_file(&path).unwrap();
        let said = ShardFolder::open(&folder).unwrap_err().to_string();
        if !said.contains(&name) {
            wrong.push((name, 0, Err(said)));
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    ShardFolder::open(&folder).unwrap();
}

#[test]
fn what_contradicts_itself_is_refused() {
    let data = Data::new();
    let folder = data.folder(data.by_category(3)).path().to_owned();
    let manifest = fs::read_to_string(folder.join("shards.json")).unwrap();
    let cases = [
        (
            "\"version\": 1",
            "\"version\": 2",
            "shards.json has version 2, this program knows versions up to 1",
        ),
        (
            "\"dim\": 2",
            "\"dim\": 3",
            "shards.json is damaged: it says (3, \"l2\", 400)",
        ),
        (
            "\"by\": \"category\"",
            "\"by\": \"moon\"",
            "shards.json is damaged: unknown variant",
        ),
        (
            "\"shard\": 2",
            "\"shard\": 9",
            "shards.json is damaged: category \"c\" is in shard 9 of 3",
        ),
        (
            "\"shard\": 2",
            "\"shard\": 0",
            "shards.json is damaged: its categories have",
        ),
        (
            "    200,\n",
            "    201,\n",
            "shard-0000.segment holds 200 rows, but shards.json beside it says 201",
        ),
        (
            "    200,\n",
            "    200,\n    0,\n",
            "shard-0001.segment holds 100 rows, but shards.json beside it says 0",
        ),
        ("    200,\n    100,\n    100\n", "", "no shards to open"),
    ];
    let mut wrong = Vec::new();
    for (old, new, expected) in cases {
        assert!(manifest.contains(old), "{old} in {manifest}");
        fs::write(folder.join("shards.json"), manifest.replacen(old, new, 1)).unwrap();
        // A fourth segment, for the case that states four.
        fs::copy(
            folder.join("shard-0002.segment"),
            folder.join("shard-0003.segment"),
        )
        .unwrap();
        let said = ShardFolder::open(&folder).unwrap_err().to_string();
        if !said.contains(expected) {
            wrong.push((new, said));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let said = ShardFolder::open(&data.at("base.fbin"))
        .unwrap_err()
        .to_string();
    assert!(said.contains("base.fbin"), "{said}");
}

#[test]
fn an_earlier_folder_stays_until_the_new_one_is_complete() {
    let data = Data::new();
    let out = data.at("shards");
    let stopped = |plan| {
        let stop = Watch {
            stop: &STOP,
            done: &|_| {},
        };
        build_shards(&data.base, Metric::L2, CONFIG, plan, &out, &stop).unwrap_err()
    };
    let said = stopped(ShardPlan::Hash { shards: 4 }).to_string();
    assert_eq!(said, "no segment was built");
    assert!(!out.exists(), "nothing is left");
    data.build(ShardPlan::Hash { shards: 4 }, &out).unwrap();
    let before = names_in(&out);
    assert_eq!(before.len(), 5, "{before:?}");
    stopped(data.by_category(2));
    assert_eq!(names_in(&out), before);
    assert_eq!(ShardFolder::open(&out).unwrap().by(), ShardBy::Hash);
    data.build(data.by_category(2), &out).unwrap();
    let names = ["shard-0000.segment", "shard-0001.segment", "shards.json"];
    assert_eq!(names_in(&out), names);
    assert_eq!(ShardFolder::open(&out).unwrap().by(), ShardBy::Category);
}

#[test]
fn rows_left_out_are_counted_nowhere() {
    let data = Data::new();
    let holes = data.at("holes.fbin");
    let hole = |row: usize| {
        if row.is_multiple_of(7) {
            [f32::NAN; 2]
        } else {
            values(row, 0.0)
        }
    };
    let base = write(&holes, (0..400).map(hole));
    let out = data.at("holes");
    let built = build_shards(
        &base,
        Metric::L2,
        CONFIG,
        data.by_category(2),
        &out,
        &watch(),
    )
    .unwrap();
    assert_eq!((built.rows, built.rejected.count), (342, 58));
    let folder = ShardFolder::open(&out).unwrap();
    assert_eq!(folder.shards().len(), 342);
    let short = write(&data.at("short.fbin"), (0..399).map(hole));
    let error = build_shards(
        &short,
        Metric::L2,
        CONFIG,
        data.by_category(2),
        &out,
        &watch(),
    );
    let said = error.unwrap_err().to_string();
    assert!(
        said.contains("categories.txt names the categories of 400 rows, but")
            && said.contains("short.fbin has 399"),
        "{said}"
    );
    let none = write(&data.at("none.fbin"), (0..400).map(|_| [f32::NAN; 2]));
    let gone = data.at("gone");
    let error = build_shards(
        &none,
        Metric::L2,
        CONFIG,
        ShardPlan::Hash { shards: 2 },
        &gone,
        &watch(),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("none.fbin has no row that can be compared")
    );
    assert!(!gone.exists());
}

fn report(
    data: &Data,
    plan: ShardPlan<'_>,
    categories: Option<&str>,
) -> Result<ShardReport, String> {
    let folder = data.folder(plan);
    let queries = data.at("queries.fbin");
    let file = write(&queries, (0..64).map(|row| values(row, 0.5)));
    let queries = Queries::read(&file).unwrap();
    let categories = categories.map(|text| {
        let path = data.at("query-categories.txt");
        fs::write(&path, text).unwrap();
        Categories::read(&path).unwrap()
    });
    shard_report(&folder, &queries, categories.as_ref(), 1, &watch())
        .map_err(|error| error.to_string())
}

#[test]
fn reports_say_how_many_shards_a_query_needs() {
    let data = Data::new();
    // Places are far apart and each has more than ten rows: the shard of its own place is enough for each query.
    let mut names: Vec<&str> = (0..64)
        .map(|row| ["a", "b", "c", "d", "e"][place(row)])
        .collect();
    let told = report(&data, data.by_category(3), Some(&names.join("\n"))).unwrap();
    assert_eq!(
        (told.queries, told.rows.as_slice()),
        (64, &[200, 100, 100][..])
    );
    let own = told.own.unwrap();
    assert_eq!(
        (own.queries, own.unknown, own.asked.suffice.mean),
        (64, 0, 1.0)
    );
    assert!(own.asked.suffice.low > 0.9, "{own:?}");
    assert_eq!(told.nearest.len(), 3);
    assert_eq!(
        (
            told.nearest[0].suffice.mean,
            told.nearest[0].recall_at_10.mean
        ),
        (1.0, 1.0)
    );
    let certain = Interval {
        mean: 1.0,
        low: 1.0,
        high: 1.0,
    };
    assert_eq!(
        (told.nearest[2].suffice, told.nearest[2].shards),
        (certain, 3)
    );
    assert_eq!(
        told.needed
            .iter()
            .map(|needed| needed.shards)
            .collect::<Vec<_>>(),
        [1, 3],
        "64 queries are too few to be sure of 0.99 before all are asked"
    );
    assert!(
        told.best_by_hash.suffice.mean < 0.1,
        "{:?}",
        told.best_by_hash
    );

    // Half of the queries name the wrong category, two an unknown one.
    names[..32].fill("a");
    names[62..].fill("nowhere");
    let told = report(&data, data.by_category(3), Some(&names.join("\n"))).unwrap();
    let own = told.own.unwrap();
    let right = (0..62).filter(|&row| row >= 32 || place(row) == 0).count() as f64;
    assert_eq!((own.queries, own.unknown), (62, 2));
    assert!(
        (own.asked.suffice.mean - right / 62.0).abs() < 1e-9,
        "{own:?}"
    );

    let told = report(&data, ShardPlan::Hash { shards: 4 }, None).unwrap();
    assert!(told.own.is_none());
    assert_eq!(
        told.needed
            .iter()
            .map(|needed| needed.shards)
            .collect::<Vec<_>>(),
        [4, 4]
    );
    assert!(
        told.nearest[0].recall_at_10.mean < 0.5,
        "{:?}",
        told.nearest[0]
    );
    let shares: Vec<f64> = told
        .nearest
        .iter()
        .map(|asked| asked.recall_at_10.mean)
        .collect();
    assert!(shares.is_sorted(), "{shares:?}");

    let said = report(&data, ShardPlan::Hash { shards: 4 }, Some("a")).unwrap_err();
    assert!(
        said.contains("names the categories of 1 rows, but"),
        "{said}"
    );
    let said = report(
        &data,
        ShardPlan::Hash { shards: 4 },
        Some(&"a\n".repeat(64)),
    )
    .unwrap_err();
    assert!(said.contains("were made by hash"), "{said}");
}
