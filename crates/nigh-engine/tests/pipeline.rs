//! Pipelines: each stage against a slow, obvious reference, and what a budget does to them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use nigh_encode::DecodeLimits;
use nigh_engine::growth::{GrowthOptions, Strategy, growth};
use nigh_engine::pipeline::Pipeline;
use nigh_engine::vectors::Watch;
use nigh_engine::{
    Catalog, CatalogWriter, EncoderRequest, Hit, LiveCatalog, NewItem, NewPicture, Refined,
    Refinement, SearchOptions, Stage, WhyNot, Write,
};
use nigh_store::{Date, Value};
use serde_json::json;

/// Enough for an index of lists and codes.
const ITEMS: u32 = 6_000;
const TODAY: &str = "2026-11-22";

/// A picture of two colours that follow from a number, as a BMP file.
fn picture(number: u32) -> Vec<u8> {
    let mut file =
        b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    file.extend([0; 24]);
    let [a, b, c, d] = number.wrapping_mul(0x9E37_79B1).to_le_bytes();
    file.extend([a, b, c, d, 20 ^ a, b, 0, 0]);
    file
}

fn item(number: u32, pictures: u32) -> NewItem {
    let kind = ["cup", "hat", "shoe"][number as usize % 3].to_owned();
    let mut attributes = BTreeMap::from([
        ("kind".to_owned(), Value::String(kind)),
        (
            "sales".to_owned(),
            Value::Integer(i64::from(number * 37 % 1_000)),
        ),
    ]);
    if !number.is_multiple_of(10) {
        let day = Date::parse(TODAY).unwrap().0 - (number % 400) as i32 + 10;
        attributes.insert("added".to_owned(), Value::Date(Date(day)));
    }
    NewItem {
        id: format!("i{number}"),
        attributes,
        pictures: (0..pictures)
            .map(|at| NewPicture {
                name: at.to_string(),
                source: "upload".to_owned(),
                bytes: picture(number + 1_000_003 * at),
            })
            .collect(),
    }
}

struct Shop {
    live: LiveCatalog,
    dir: tempfile::TempDir,
}

impl Shop {
    fn of(items: u32) -> Shop {
        Shop::with(items, 1)
    }

    fn with(items: u32, pictures: u32) -> Shop {
        let dir = tempfile::tempdir().unwrap();
        drop(CatalogWriter::open_or_create(dir.path(), &EncoderRequest::default()).unwrap());
        let live = LiveCatalog::open(dir.path()).unwrap();
        let record = live.read().unwrap().encoder().clone();
        let encoder = record.open(&EncoderRequest::default()).unwrap();
        let upsert = |number: u32| -> Write {
            let prepared = live.prepare(item(number, pictures)).unwrap();
            let decode = |place| prepared.decode(place, &DecodeLimits::default()).unwrap();
            let pictures: Vec<_> = (0..prepared.wanted()).map(decode).collect();
            let rows = encoder.encode(&pictures).unwrap();
            prepared.finish(&live.read().unwrap(), rows)
        };
        let numbers: Vec<u32> = (0..items).collect();
        for some in numbers.chunks(1_000) {
            let writes: Vec<Write> = some.iter().map(|&number| upsert(number)).collect();
            live.write(&writes).unwrap();
        }
        live.publish().unwrap();
        Shop { live, dir }
    }

    /// One that all tests read.
    fn shared() -> &'static Shop {
        static SHOP: OnceLock<Shop> = OnceLock::new();
        SHOP.get_or_init(|| Shop::of(ITEMS))
    }

    fn search(&self, pipeline: serde_json::Value, k: usize, refinement: Refinement) -> Refined {
        let catalog = self.live.read().unwrap();
        let mut options = SearchOptions {
            k,
            ..SearchOptions::default()
        };
        let mut refinement = refinement;
        let pipeline: Pipeline = serde_json::from_value(pipeline).unwrap();
        let today = Date::parse(TODAY).unwrap();
        pipeline
            .apply(catalog.schema(), today, &mut options, &mut refinement)
            .unwrap();
        let query = catalog.embeddings("i77").unwrap();
        catalog
            .search_refined(&query, &options, &refinement)
            .unwrap()
    }
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.id.as_str()).collect()
}

fn stage<'a>(found: &'a Refined, name: &str) -> Option<&'a Stage> {
    let mut stages = found.reply.trace.stages.iter();
    stages.find(|stage| stage.stage == name)
}

#[test]
fn the_formula_orders_the_nearest_and_says_how() {
    let shop = Shop::shared();
    let plain = shop.search(json!({}), 60, Refinement::default());
    assert_eq!(plain.reply.coverage, 1.0);
    assert!(plain.reply.hits.iter().all(|hit| hit.ranked.is_none()));
    // Written down once more, item by item.
    let expected = |hit: &Hit| {
        let mut score = f64::from(hit.score);
        if hit.attributes["kind"] == Value::String("hat".to_owned()) {
            score += 0.03;
        }
        if let Value::Integer(sales) = hit.attributes["sales"] {
            score -= 0.02 * sales as f64 / (sales as f64 + 200.0);
        }
        if let Some(Value::Date(added)) = hit.attributes.get("added") {
            let age = f64::from((Date::parse(TODAY).unwrap().0 - added.0).max(0));
            score += 0.05 * 0.5_f64.powf(age / 30.0);
        }
        score
    };
    let mut reference: Vec<(f64, &str)> = plain.reply.hits[..40]
        .iter()
        .map(|hit| (expected(hit), hit.id.as_str()))
        .collect();
    reference.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rank = json!({
        "keep": 40,
        "boosts": [
            {"where": "kind = 'hat'", "weight": 0.03},
            {"attribute": "sales", "pivot": 200, "weight": -0.02},
        ],
        "freshness": {"attribute": "added", "half_life_days": 30, "weight": 0.05},
    });
    let ranked = shop.search(json!({"rank": rank}), 40, Refinement::default());
    let order: Vec<&str> = reference.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids(&ranked.reply.hits), order);
    assert_ne!(
        order,
        ids(&plain.reply.hits[..40]),
        "the formula changes something"
    );
    for (hit, (score, id)) in ranked.reply.hits.iter().zip(&reference) {
        let ranked = hit.ranked.as_ref().unwrap();
        assert!((f64::from(ranked.score) - score).abs() < 1e-5, "{id}");
        let sum: f32 = ranked.parts.iter().map(|part| part.value).sum();
        assert!((sum - ranked.score).abs() < 1e-6, "{id}");
        assert_eq!(&*ranked.parts[0].part, "similarity");
        assert_eq!(ranked.parts[0].value, hit.score);
    }
    // Those beyond the number that is kept follow as they were.
    let longer = shop.search(json!({"rank": rank}), 60, Refinement::default());
    let (first, rest) = longer.reply.hits.split_at(40);
    assert_eq!(ids(first), order);
    assert_eq!(ids(rest), ids(&plain.reply.hits[40..60]));
    assert_eq!(stage(&longer, "rank").map(|stage| stage.input), Some(40));
}

#[test]
fn diversity_is_maximal_marginal_relevance() {
    let shop = Shop::shared();
    let rank = json!({"keep": 50, "diversity": {"lambda": 0.6}});
    let found = shop.search(json!({"rank": rank}), 8, Refinement::default());
    let pool = shop.search(json!({}), 50, Refinement::default()).reply.hits;
    // The definition, with embeddings as the collection gives them.
    let catalog = shop.live.read().unwrap();
    let rows: Vec<Vec<f32>> = pool
        .iter()
        .map(|hit| catalog.embeddings(&hit.id).unwrap())
        .collect();
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let mut picked: Vec<usize> = Vec::new();
    while picked.len() < 8 {
        let gain = |at: usize| {
            let nearest = picked.iter().map(|&other| cosine(&rows[at], &rows[other]));
            0.6 * f64::from(pool[at].score) - 0.4 * nearest.fold(0.0, f64::max)
        };
        let left = (0..pool.len()).filter(|at| !picked.contains(at));
        let best = left.max_by(|&a, &b| gain(a).total_cmp(&gain(b))).unwrap();
        picked.push(best);
    }
    let expected: Vec<&str> = picked.iter().map(|&at| pool[at].id.as_str()).collect();
    assert_eq!(ids(&found.reply.hits), expected);
    assert_ne!(expected, ids(&pool[..8]));
    let stage = stage(&found, "diversify").unwrap();
    assert_eq!((stage.input, stage.output), (50, 8));
}

#[test]
fn stages_hand_on_what_they_keep() {
    let shop = Shop::shared();
    let pipeline = json!({"where": "kind = 'cup'", "neighbors": {"nprobe": 30, "keep": 64}});
    let found = shop.search(pipeline, 10, Refinement::default());
    assert_eq!(found.reply.hits.len(), 10);
    assert!(
        found
            .reply
            .hits
            .iter()
            .all(|hit| hit.attributes["kind"] == Value::String("cup".to_owned()))
    );
    let [filter, probe, rescore] =
        ["filter", "probe", "rescore"].map(|name| stage(&found, name).unwrap());
    assert_eq!((filter.input, filter.output), (u64::from(ITEMS), 2_000));
    assert_eq!(found.reply.total, 2_000);
    assert!(probe.input > probe.output, "{probe:?}");
    assert_eq!(probe.output, rescore.input);
    // Under a condition eight times as many are compared.
    assert_eq!(rescore.input, 8 * 64);
    assert_eq!(rescore.output, 10);
    let names: Vec<&str> = found
        .reply
        .trace
        .stages
        .iter()
        .map(|stage| stage.stage)
        .collect();
    assert_eq!(names, ["filter", "probe", "rescore", "collect"]);
}

/// A budget that is gone before anything has begun.
const NONE: f64 = 0.000_1;

#[test]
fn a_budget_cuts_stages_and_says_so() {
    let shop = Shop::of(ITEMS);
    let lists = |budget: Option<f64>| json!({"neighbors": {"nprobe": 60}, "rank": {"keep": 500}, "budget_ms": budget});
    // The costs are learnt from searches.
    let whole = (0..20).map(|_| shop.search(lists(None), 10, Refinement::default()));
    let whole = whole.last().unwrap();
    assert_eq!(whole.reply.coverage, 1.0);
    let costs = shop.live.read().unwrap().stage_costs();
    let learned: Vec<(&str, u64)> = costs
        .iter()
        .map(|cost| (cost.stage, cost.searches))
        .collect();
    // What scanning costs was measured when the index was built.
    assert_eq!(
        learned,
        [
            ("scan", 0),
            ("probe", 20),
            ("rescore", 20),
            ("collect", 20),
            ("rank", 20)
        ]
    );

    let ample = shop.search(lists(Some(10_000.0)), 10, Refinement::default());
    assert_eq!(ample.reply.coverage, 1.0);
    assert_eq!(ids(&ample.reply.hits), ids(&whole.reply.hits));
    assert!(
        ample
            .reply
            .trace
            .stages
            .iter()
            .all(|stage| stage.wanted.is_none())
    );

    let cut = shop.search(lists(Some(NONE)), 10, Refinement::default());
    assert_eq!(cut.reply.hits.len(), 10, "a page is always made");
    let probe = stage(&cut, "probe").unwrap();
    assert!(probe.wanted > Some(probe.input), "{probe:?}");
    assert!(probe.input * 10 < stage(&whole, "probe").unwrap().input);
    assert_eq!(stage(&cut, "rescore").unwrap().input, 10);
    // Of as many as the setting compares exactly where lists hold them, ten were left.
    let rescore = stage(&cut, "rescore").unwrap();
    assert!(
        rescore.wanted >= Some(stage(&whole, "rescore").unwrap().input),
        "{rescore:?}"
    );
    let least = 10.0 / rescore.wanted.unwrap() as f64;
    assert!(
        (cut.reply.coverage - least).abs() < 1e-9,
        "{}",
        cut.reply.coverage
    );
}

#[test]
fn an_exact_search_that_is_cut_claims_nothing() {
    // With lists and without; of one picture an item and of two.
    for (items, pictures) in [(ITEMS, 1), (400, 1), (400, 2)] {
        let shop = Shop::with(items, pictures);
        let exact =
            |budget: Option<f64>| json!({"neighbors": {"exact": true}, "budget_ms": budget});
        let whole = (0..3).map(|_| shop.search(exact(None), 10, Refinement::default()));
        let whole = whole.last().unwrap();
        assert_eq!(whole.reply.coverage, 1.0);
        assert_eq!(
            whole.reply.recall_at_10.map(|recall| recall.mean),
            Some(1.0)
        );
        assert_eq!(
            stage(&whole, "scan").unwrap().input,
            u64::from(items * pictures)
        );
        let cut = shop.search(exact(Some(NONE)), 10, Refinement::default());
        assert!(cut.reply.coverage < 0.2, "{items}: {}", cut.reply.coverage);
        assert_eq!(cut.reply.recall_at_10, None, "{items}");
        assert_eq!(cut.reply.hits.len(), 10, "{items} × {pictures}");
        let filtered =
            json!({"where": "kind = 'cup'", "neighbors": {"exact": true}, "budget_ms": NONE});
        let cut = shop.search(filtered, 5, Refinement::default());
        assert!(cut.reply.coverage < 0.2, "{items}: {}", cut.reply.coverage);
        assert_eq!(cut.reply.hits.len(), 5, "{items} × {pictures}");
    }
}

#[test]
fn a_budget_is_told_as_the_reason_why_an_item_is_missing() {
    let shop = Shop::of(400);
    let exact = |budget: Option<f64>| json!({"neighbors": {"exact": true}, "budget_ms": budget});
    let all = (0..3).map(|_| shop.search(exact(None), 20, Refinement::default()));
    let all = all.last().unwrap();
    let why = |id: &str, budget: Option<f64>| {
        let refinement = Refinement {
            why_not: Some(id.to_owned()),
            depth: Some(100),
            ..Refinement::default()
        };
        shop.search(exact(budget), 20, refinement)
    };
    let cut = why("i399", Some(NONE));
    let found = ids(&cut.reply.hits);
    let missing = all
        .reply
        .hits
        .iter()
        .find(|hit| !found.contains(&hit.id.as_str()));
    // Only the first rows were compared: most of the twenty nearest are missing.
    let missing = &missing.unwrap().id;
    let reason = why(missing, Some(NONE)).why_not;
    assert!(matches!(reason, Some(WhyNot::Budget { .. })), "{reason:?}");
    let reason = why(missing, None).why_not;
    assert!(matches!(reason, Some(WhyNot::Shown { .. })), "{reason:?}");
}

#[test]
fn pages_of_ranked_hits_join_to_one_list() {
    let shop = Shop::shared();
    let pipeline = json!({"rank": {
        "boosts": [{"attribute": "sales", "pivot": 300, "weight": 0.2}],
        "diversity": {"lambda": 0.7},
    }});
    let page = |offset: usize, k: usize| {
        let refinement = Refinement {
            offset,
            ..Refinement::default()
        };
        let found = shop.search(pipeline.clone(), k, refinement);
        found
            .reply
            .hits
            .into_iter()
            .map(|hit| hit.id)
            .collect::<Vec<_>>()
    };
    let pages: Vec<String> = (0..12).flat_map(|at| page(10 * at, 10)).collect();
    let distinct: std::collections::HashSet<&String> = pages.iter().collect();
    assert_eq!((pages.len(), distinct.len()), (120, 120));
}

#[test]
fn a_collection_keeps_its_pipeline() {
    let shop = Shop::of(50);
    let pipeline: Pipeline = serde_json::from_value(
        json!({"where": "kind = 'hat'", "rank": {"diversity": {"lambda": 0.5}}}),
    )
    .unwrap();
    let before = shop.live.state();
    shop.live.set_pipeline(Some(pipeline.clone())).unwrap();
    assert_ne!(
        shop.live.state(),
        before,
        "answers of before are answers no more"
    );
    shop.live.publish().unwrap();
    assert_eq!(shop.live.read().unwrap().pipeline(), Some(&pipeline));
    let wrong: Pipeline = serde_json::from_value(json!({"where": "colour = 1"})).unwrap();
    assert!(shop.live.set_pipeline(Some(wrong)).is_err());
    let Shop { live, dir } = shop;
    drop(live);
    let open = || Catalog::open(dir.path()).unwrap();
    assert_eq!(open().pipeline(), Some(&pipeline));
    std::fs::write(dir.path().join("pipeline.json"), "{\"rank\": 3}").unwrap();
    let damaged = open();
    assert_eq!(damaged.pipeline(), None);
    assert!(
        damaged
            .notes()
            .iter()
            .any(|note| note.contains("pipeline.json is damaged"))
    );
    Pipeline::remove(dir.path()).unwrap();
    Pipeline::remove(dir.path()).unwrap();
    assert!(open().notes().is_empty());
}

#[test]
fn what_cannot_be_followed_is_told_with_its_field() {
    let shop = Shop::shared();
    let catalog = shop.live.read().unwrap();
    let check = |pipeline: serde_json::Value, field: &str, part: &str| {
        let pipeline: Pipeline = serde_json::from_value(pipeline).unwrap();
        let error = pipeline.check(catalog.schema()).unwrap_err();
        assert_eq!(error.field(), field, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    let boost = |boost: serde_json::Value| json!({"rank": {"boosts": [{"where": "sales > 1", "weight": 1}, boost]}});
    check(json!({"where": "colour = 1"}), "where", "colour");
    check(
        json!({"neighbors": {"nprobe": 0}}),
        "neighbors",
        "nprobe of at least 1",
    );
    check(
        json!({"neighbors": {"exact": true, "recall": 0.9}}),
        "neighbors",
        "one of",
    );
    let untuned: Pipeline = serde_json::from_value(json!({"neighbors": {"recall": 0.9}})).unwrap();
    let error = catalog.check_pipeline(&untuned).unwrap_err();
    assert_eq!(error.field(), "neighbors.recall", "{error}");
    check(json!({"budget_ms": 0}), "budget_ms", "above 0, received 0");
    check(json!({"budget_ms": -1}), "budget_ms", "above 0");
    check(json!({"rank": {"keep": 0}}), "rank.keep", "received 0");
    check(
        boost(json!({"weight": 1})),
        "rank.boosts[1]",
        "either where, or attribute",
    );
    check(
        boost(json!({"where": "sales", "weight": 1})),
        "rank.boosts[1].where",
        "sales",
    );
    check(
        boost(json!({"attribute": "kind", "weight": 1})),
        "rank.boosts[1].attribute",
        "\"kind\" is no attribute that is a number; there are sales",
    );
    check(
        boost(json!({"attribute": "sales", "pivot": 0, "weight": 1})),
        "rank.boosts[1].pivot",
        "above 0",
    );
    let fresh = |attribute: &str, days: f64| json!({"rank": {"freshness": {"attribute": attribute, "half_life_days": days, "weight": 1}}});
    check(
        fresh("sales", 1.0),
        "rank.freshness.attribute",
        "a date; there are added",
    );
    check(
        fresh("added", 0.0),
        "rank.freshness.half_life_days",
        "days above 0",
    );
    check(
        json!({"rank": {"diversity": {"lambda": 1.5}}}),
        "rank.diversity.lambda",
        "0 to 1",
    );
}

#[test]
fn growth_is_measured_on_doubling_parts() {
    let shop = Shop::of(2_400);
    let Shop { live, dir } = shop;
    drop(live);
    let options = GrowthOptions {
        queries: 100,
        ..GrowthOptions::default()
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    let watch = Watch {
        stop: &stop,
        done: &|_| {},
    };
    let measured = growth(dir.path(), &options, &watch).unwrap();
    assert_eq!((measured.curves.len(), measured.queries), (5, 50));
    for curve in &measured.curves {
        let sizes: Vec<usize> = curve.points.iter().map(|point| point.images).collect();
        assert_eq!(sizes, [144, 288, 576, 1_152, 2_300], "{:?}", curve.strategy);
        for point in &curve.points {
            assert!(point.latency_us > 0.0 && point.compared > 0.0, "{point:?}");
            assert!(!point.reaches || point.recall_at_10 > 0.85, "{point:?}");
        }
    }
    let of = |wanted: Strategy| {
        let found = measured
            .curves
            .iter()
            .find(|curve| curve.strategy == wanted);
        found.unwrap()
    };
    for point in &of(Strategy::Scan).points {
        assert_eq!(
            (point.compared, point.recall_at_10),
            (point.images as f64, 1.0)
        );
    }
    assert!(of(Strategy::Scan).time.is_some());
    let last = |wanted| of(wanted).points.last().unwrap();
    // All codes are compared, and some embeddings after them; lists spare most of both.
    assert!(last(Strategy::Rough).compared >= 2_300.0);
    assert!(last(Strategy::Ivf).compared < 2_300.0);
    let left = std::fs::read_dir(dir.path()).unwrap();
    let left: Vec<String> = left
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        left.iter().all(|name| !name.starts_with("growth-")),
        "{left:?}"
    );
    let few = Shop::of(100);
    let error = growth(few.dir.path(), &options, &watch).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the collection has 100 published images"),
        "{error}"
    );
}
