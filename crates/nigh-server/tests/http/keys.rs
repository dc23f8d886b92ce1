use serde_json::json;

use crate::server::{Running, base64, code, config, folders, ids, picture};

const SHOP: &str = "write 0123456789abcdef-shop collections=shop name=front";
const ALL: &str = "read 0123456789abcdef-all";
const NONE: &str = "write 0123456789abcdef-none collections=attic,cellar";

fn key(line: &str) -> &str {
    line.split(' ').nth(1).unwrap()
}

/// A server with keys, and events so that all that is about collections answers.
fn with(lines: &[&str]) -> Running {
    let (dir, mut limited) = (folders(), config());
    let file = dir.path().join("keys");
    std::fs::write(&file, lines.join("\n")).unwrap();
    limited.keys_file = Some(file);
    limited.events = Some(dir.path().join("events"));
    Running::start(dir, limited, Default::default())
}

#[test]
fn a_key_for_some_collections_sees_no_others() {
    let server = with(&[SHOP, ALL, NONE]).with_key(key(SHOP));
    assert_eq!(server.put_item("a", 1, json!({})).0, 201);
    let search = json!({"image": base64(&picture(1))});
    assert_eq!(
        ids(&server.post("/v1/catalogs/shop/search", &search)),
        ["a"]
    );
    let figures = server.get("/v1/operations").1;
    assert_eq!(figures["collections"][0]["name"], "shop");
    let embed = |model: &str| {
        let image = json!({"image": base64(&picture(1))});
        server.post("/v1/embeddings", &json!({"model": model, "input": image}))
    };
    assert_eq!(embed("shop").0, 200);
    assert_eq!(code(&embed("attic"), 403), "key_collections");
    let happened = |collection: &str| {
        let event = json!({"kind": "click", "collection": collection, "items": ["a"]});
        server.post("/v1/events", &json!({"events": [event]}))
    };
    assert_eq!(happened("shop").0, 200);
    let refused = happened("friends");
    assert_eq!(code(&refused, 403), "key_collections");
    assert_eq!(refused.1["error"]["field"], "events[0].collection");
    // What is there and what is not are refused alike.
    for path in [
        "/v1/networks/friends/people/ann/suggestions",
        "/v1/networks/friend%73/people/ann",
        "/v1/networks/attic/people/ann",
        "/v1/catalogs/attic/items",
        "/v1/catalogs/%ff/items",
        "/metrics",
    ] {
        assert_eq!(code(&server.get(path), 403), "key_collections", "{path}");
    }
    let server = server.with_key(key(NONE));
    assert_eq!(
        code(&server.post("/v1/catalogs/shop/search", &search), 403),
        "key_collections"
    );
    assert_eq!(server.get("/v1/operations").1["collections"], json!([]));
    assert_eq!(
        code(&server.get("/v1/catalogs/attic/items"), 404),
        "unknown_catalog"
    );
    let server = server.with_key(key(ALL));
    for path in [
        "/v1/networks/friends/people/ann",
        "/v1/catalogs/shop/items",
        "/metrics",
    ] {
        assert_eq!(server.get(path).0, 200, "{path}");
    }
}

#[test]
fn a_key_that_asks_too_often_is_told_to_wait() {
    let limited = format!("{SHOP} per_minute=3");
    let server = with(&[&limited, ALL]).with_key(key(SHOP));
    for _ in 0..3 {
        assert_eq!(server.get("/v1/catalogs/shop/items").0, 200);
    }
    let reply = server.raw("GET", "/v1/catalogs/shop/items", "", &[]);
    let wait: u64 = reply.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=20).contains(&wait), "{wait} s");
    assert_eq!(code(&server.get("/v1/collections"), 429), "rate_limited");
    // Nobody else waits for it.
    assert_eq!(server.get("/healthz").0, 200);
    let server = server.with_key(key(ALL));
    for _ in 0..5 {
        assert_eq!(server.get("/v1/catalogs/shop/items").0, 200);
    }
}

/// Of every operation of the document: a route that is added is here too.
#[test]
fn every_route_asks_for_rights() {
    let server = with(&[SHOP, ALL]);
    let document: serde_json::Value =
        serde_json::from_str(&nigh_server::openapi::document()).unwrap();
    let mut wrong = Vec::new();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.push((method.to_uppercase(), path.clone()));
        }
    }
    assert!(operations.len() > 30);
    // A key for the shop is let to nothing of the network, nor of another catalog.
    let server = server.with_key(key(SHOP));
    for (method, path) in operations
        .iter()
        .filter(|(_, path)| path.contains("{name}"))
    {
        let path = path.replace("{name}", "friends").replace(['{', '}'], "");
        let refused = server.send(method, &path, "application/json", b"{}");
        if refused.0 != 403 || refused.1["error"]["code"] != "key_collections" {
            wrong.push(format!("limited: {method} {path}: {refused:?}"));
        }
    }
    let listed = server.get("/v1/collections").1;
    let names: Vec<_> = listed["collections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["shop"]);
    // A key for reading changes nothing.
    let server = server.with_key(key(ALL));
    let asks = ["/v1/catalogs/{name}/search", "/v1/embeddings"];
    for (method, path) in &operations {
        if method == "GET" || asks.contains(&path.as_str()) {
            continue;
        }
        let path = path.replace("{name}", "shop").replace(['{', '}'], "");
        let refused = server.send(method, &path, "application/json", b"{}");
        if refused.0 != 403 || refused.1["error"]["code"] != "read_only_key" {
            wrong.push(format!("reading: {method} {path}: {refused:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
