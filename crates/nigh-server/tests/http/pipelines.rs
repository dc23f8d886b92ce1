//! Pipelines over HTTP, and what else a search says.

use serde_json::{Value, json};

use crate::server::{Running, code, config, folders, ids};

const SEARCH: &str = "/v1/catalogs/shop/search";
const PIPELINE: &str = "/v1/catalogs/shop/pipeline";

fn shop() -> Running {
    let server = Running::new();
    for number in 0..40 {
        let colour = if number % 2 == 0 { "red" } else { "blue" };
        let added = format!("2020-01-{:02}", number % 28 + 1);
        let attributes = json!({"colour": colour, "price": number, "added": added});
        server.put_item(&format!("i{number}"), number, attributes);
    }
    server
}

#[test]
fn searches_follow_the_catalogs_pipeline_or_their_own() {
    let server = shop();
    let question = json!({"item_id": "i4", "k": 10});
    let plain = server.post(SEARCH, &question);
    assert_eq!(plain.1["total"], 40);
    assert_eq!(server.get(PIPELINE), (200, json!({})));
    let pipeline = json!({
        "where": "colour = 'red'",
        "rank": {
            "boosts": [{"attribute": "price", "pivot": 10.0, "weight": 2.0}],
            "freshness": {"attribute": "added", "half_life_days": 3650.0, "weight": 0.5},
        },
    });
    assert_eq!(server.put(PIPELINE, &pipeline), (200, pipeline.clone()));
    assert_eq!(server.get(PIPELINE).1, pipeline);
    // The very same question, whose answer was kept: another pipeline, another answer.
    let ranked = server.post(SEARCH, &question);
    assert_eq!(ranked.1["total"], 20);
    let prices: Vec<i64> = ranked.1["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["attributes"]["price"].as_i64().unwrap())
        .collect();
    assert!(prices.iter().all(|price| price % 2 == 0), "{prices:?}");
    let first = &ranked.1["hits"][0];
    let parts = first["rank"]["parts"].as_array().unwrap();
    let names: Vec<&str> = parts
        .iter()
        .map(|part| part["part"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["similarity", "price", "freshness"]);
    let sum: f64 = parts
        .iter()
        .map(|part| part["value"].as_f64().unwrap())
        .sum();
    assert!((sum - first["rank"]["score"].as_f64().unwrap()).abs() < 1e-5);
    assert!(prices[0] > 20, "the dear ones come first: {prices:?}");
    // An empty one is none.
    let mut without = question.clone();
    without["pipeline"] = json!({});
    assert_eq!(ids(&server.post(SEARCH, &without)), ids(&plain));
    let mut diverse = question.clone();
    diverse["pipeline"] = json!({"rank": {"diversity": {"lambda": 0.3}}});
    diverse["explain"] = json!(true);
    let diverse = server.post(SEARCH, &diverse);
    let stages: Vec<&str> = diverse.1["trace"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["tail", "collect", "rank", "diversify"]);
    // It is kept over a restart, until it is deleted.
    let server = Running::start(server.end(), config(), Default::default());
    assert_eq!(server.get(PIPELINE).1, pipeline);
    assert_eq!(server.delete(PIPELINE).0, 204);
    assert_eq!(server.get(PIPELINE).1, json!({}));
    assert_eq!(ids(&server.post(SEARCH, &question)), ids(&plain));
}

#[test]
fn a_budget_is_kept_and_told() {
    let server = shop();
    let question = |budget: Option<f64>| {
        json!({"item_id": "i4", "k": 2, "explain": true, "budget_ms": budget,
            "pipeline": {"rank": {"keep": 30}}})
    };
    let whole = server.post(SEARCH, &question(None));
    assert_eq!(whole.1["coverage"], 1.0);
    let cut = server.post(SEARCH, &question(Some(0.000_1)));
    assert!(cut.1["coverage"].as_f64().unwrap() < 0.5, "{}", cut.1);
    assert_eq!(ids(&cut).len(), 2);
    let stages = cut.1["trace"].as_array().unwrap();
    assert!(
        stages.iter().any(|stage| stage["wanted"].is_u64()),
        "{stages:?}"
    );
    let costs = &server.get("/v1/operations").1["collections"][0]["stages"];
    let names: Vec<&str> = costs
        .as_array()
        .unwrap()
        .iter()
        .map(|cost| cost["stage"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["tail", "collect", "rank"]);
    let mut metrics = server.raw("GET", "/metrics", "", &[]);
    let metrics = metrics.body_mut().read_to_string().unwrap();
    let line = "nigh_stage_candidate_seconds{collection=\"shop\",stage=\"tail\"}";
    assert!(metrics.contains(line), "{metrics}");
}

#[test]
fn a_vector_comes_as_numbers_or_as_bytes() {
    let server = shop();
    let embed = |format: &str| {
        let picture = crate::server::base64(&crate::server::picture(4));
        let body = json!({"model": "shop", "input": {"image": picture}, "encoding_format": format});
        server.post("/v1/embeddings", &body).1["data"][0]["embedding"].clone()
    };
    let (numbers, bytes) = (embed("float"), embed("base64"));
    assert!(numbers.is_array() && bytes.is_string());
    let search = |vector: &Value| server.post(SEARCH, &json!({"vector": vector, "k": 5}));
    assert_eq!(search(&numbers).1["hits"], search(&bytes).1["hits"]);
    assert_eq!(code(&search(&json!("AACAPw==")), 400), "bad_vector");
    assert_eq!(code(&search(&json!("AACAP")), 400), "bad_json");
}

#[test]
fn listed_items_are_counted_by_their_values() {
    let server = shop();
    let page = server
        .get("/v1/catalogs/shop/items?limit=1&where=price%20%3C%2011&facets=colour,added")
        .1;
    assert_eq!(
        page["facets"]["colour"],
        json!([{"value": "red", "count": 6}, {"value": "blue", "count": 5}])
    );
    assert_eq!(page["facets"]["added"].as_array().unwrap().len(), 11);
    let wrong = server.get("/v1/catalogs/shop/items?facets=size");
    assert_eq!(code(&wrong, 400), "unknown_attribute");
}

#[test]
fn wrong_pipelines_are_told_what_is_wrong() {
    let server = shop();
    let check = |pipeline: Value, expected: &str, field: &str| {
        let mut body = json!({"item_id": "i4"});
        body["pipeline"] = pipeline.clone();
        for reply in [server.post(SEARCH, &body), server.put(PIPELINE, &pipeline)] {
            assert_eq!(code(&reply, 400), expected, "{pipeline}");
            assert_eq!(reply.1["error"]["field"], field, "{}", reply.1);
        }
    };
    check(json!({"where": "size > 1"}), "bad_filter", "pipeline.where");
    check(
        json!({"rank": {"keep": 1_000_000}}),
        "out_of_range",
        "pipeline.rank.keep",
    );
    check(
        json!({"neighbors": {"keep": 0}}),
        "out_of_range",
        "pipeline.neighbors.keep",
    );
    let dated =
        json!({"rank": {"freshness": {"attribute": "price", "half_life_days": 1, "weight": 1}}});
    check(
        dated,
        "unknown_attribute",
        "pipeline.rank.freshness.attribute",
    );
    check(json!({"stages": []}), "bad_json", "stages");
    assert_eq!(server.get(PIPELINE).1, json!({}), "nothing was kept");
    let budget = server.post(SEARCH, &json!({"item_id": "i4", "budget_ms": 0}));
    assert_eq!(code(&budget, 400), "out_of_range");
    let limits = nigh_server::Limits {
        depth: 20,
        parts: 1,
        ..Default::default()
    };
    let server = Running::start(
        folders(),
        nigh_server::ServerConfig { limits, ..config() },
        Default::default(),
    );
    let boost = json!({"where": "true", "weight": 1.0});
    let many = json!({"rank": {"boosts": [boost, boost]}});
    assert_eq!(code(&server.put(PIPELINE, &many), 400), "out_of_range");
}

#[test]
fn an_item_that_is_missed_is_told_where_it_was_dropped() {
    let server = Running::new();
    for number in 1..=3 {
        server.put_item(&format!("i{number}"), number, json!({"n": number}));
    }
    let ask = |more: Value| {
        let mut body = json!({"item_id": "i1", "k": 1});
        let fields = body.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let reply = server.post("/v1/catalogs/shop/search", &body);
        (ids(&reply).join(","), reply.1["why_not"].clone())
    };
    let (nearest, none) = ask(json!({}));
    assert!(none.is_null());
    let other = ["i2", "i3"].into_iter().find(|id| *id != nearest).unwrap();
    let rows = [
        (json!({"why_not": "none"}), "collection", json!({})),
        (json!({"why_not": "i1"}), "query", json!({})),
        (
            json!({"why_not": "i3", "where": "n < 3"}),
            "filter",
            json!({}),
        ),
        (
            json!({"why_not": nearest, "offset": 1}),
            "page",
            json!({"place": 0}),
        ),
        (json!({"why_not": nearest}), "shown", json!({"place": 0})),
        (json!({"why_not": other}), "farther", json!({"depth": 1})),
        (
            json!({"why_not": other, "min_score": 1.0}),
            "min_score",
            json!({}),
        ),
    ];
    for (more, stage, fields) in rows {
        let (_, told) = ask(more.clone());
        assert_eq!(told["stage"], stage, "{more}: {told}");
        assert!(told["sentence"].as_str().unwrap().len() > 10, "{told}");
        for (name, value) in fields.as_object().unwrap() {
            assert_eq!(told[name], *value, "{more}: {told}");
        }
    }
}
