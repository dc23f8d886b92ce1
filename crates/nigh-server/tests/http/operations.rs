use std::io::{Read, Write};

use nigh_server::{Access, Keys, ServeError, Server, openapi};
use serde_json::{Value, json};

use crate::server::{Running, base64, code, committed, config, folders, ids, picture};

const READ: &str = "0123456789abcdef-read";
const WRITE: &str = "0123456789abcdef-write";

#[test]
fn keys_let_read_or_write() {
    let mut keys = Keys::default();
    assert!(keys.add(READ, Access::Read) && keys.add(WRITE, Access::Write));
    let server = Running::start(folders(), config(), keys);
    assert_eq!(code(&server.get("/v1/collections"), 401), "no_key");
    assert_eq!(code(&server.get("/metrics"), 401), "no_key");
    // What shows nothing of the collections needs none.
    for path in ["/healthz", "/readyz", "/v1/openapi.json", "/"] {
        assert_eq!(server.get(path).0, 200, "{path}");
    }
    let server = server.with_key("0123456789abcdef");
    assert_eq!(code(&server.get("/v1/collections"), 401), "no_key");
    let server = server.with_key(READ);
    assert_eq!(server.get("/v1/collections").0, 200);
    let search = json!({"image": base64(&picture(1))});
    assert!(ids(&server.post("/v1/catalogs/shop/search", &search)).is_empty());
    assert_eq!(
        code(&server.put_item("a", 1, json!({})), 403),
        "read_only_key"
    );
    assert_eq!(
        code(&server.delete("/v1/catalogs/shop/items/a"), 403),
        "read_only_key"
    );
    // A path that only ends like a search is none.
    let sly = server.put("/v1/catalogs/shop/items/search", &json!({}));
    assert_eq!(code(&sly, 403), "read_only_key");
    let server = server.with_key(WRITE);
    assert_eq!(server.put_item("a", 1, json!({})).0, 201);
}

#[test]
fn without_keys_no_other_page_is_answered() {
    let server = Running::new();
    let ask = |host: &str, origin: Option<&str>| {
        let origin = origin.map_or(String::new(), |origin| format!("origin: {origin}\r\n"));
        let path = "/v1/networks/friends/people/eve/opt-out";
        wire(
            &server,
            &format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{origin}"),
        )
    };
    for (host, origin, status) in [
        ("shop.example:7444", None, "403"),
        ("127.0.0.1.example", None, "403"),
        ("127.0.0.1:7444", Some("http://shop.example"), "403"),
        ("127.0.0.1:7444", Some("null"), "403"),
        ("127.0.0.1:7444", Some("http://127.0.0.1:9000"), "403"),
        ("localhost:7444", Some("http://localhost:7444"), "204"),
        ("[::1]:7444", None, "204"),
        ("127.0.0.1", None, "204"),
    ] {
        assert_eq!(ask(host, origin), status, "{host} {origin:?}");
    }
}

#[test]
fn parameters_of_the_document_are_where_the_paths_say() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut wrong = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            for parameter in parameters {
                let name = parameter["name"].as_str().unwrap();
                let in_path = path.contains(&format!("{{{name}}}"));
                if (parameter["in"] == "path") != in_path {
                    wrong.push(format!("{method} {path}: {name}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn operations_of_the_document_have_names_of_their_own() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            if !seen.insert(id.to_owned()) {
                wrong.push(format!("{method} {path}: {id} is another's"));
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let description = response["description"].as_str().unwrap_or_default();
                if status.starts_with('2') && description.is_empty() {
                    wrong.push(format!("{method} {path}: {status} is not described"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn without_keys_nobody_else_is_let_in() {
    let mut open = config();
    open.listen = "0.0.0.0:0".parse().unwrap();
    let error = Server::open(open, Keys::default(), Default::default(), &[]).err();
    assert!(
        matches!(error, Some(ServeError::Unprotected { .. })),
        "{error:?}"
    );
}

#[test]
fn a_collection_is_served_once() {
    let server = Running::new();
    let shop = server.dir.path().join("shop");
    let error = Server::open(config(), Keys::default(), Default::default(), &[shop]).err();
    let sentence = error.unwrap().to_string();
    assert!(sentence.starts_with("cannot serve "), "{sentence}");
    let none = server.dir.path().join("none");
    let error = Server::open(config(), Keys::default(), Default::default(), &[none]).err();
    assert!(error.unwrap().to_string().contains("none"));
}

#[test]
fn events_are_kept() {
    let dir = folders();
    let mut kept = config();
    kept.events = Some(dir.path().join("events"));
    let event = |kind: &str| json!({"kind": kind, "collection": "shop", "items": ["a"], "dwell_seconds": 2.5});
    let server = Running::start(dir, kept, Keys::default());
    let body = json!({"events": [event("impression"), event("click")]});
    assert_eq!(
        server.post("/v1/events", &body).1,
        json!({"accepted": 2, "durable": true})
    );
    let unknown =
        json!({"events": [event("click"), {"kind": "click", "collection": "x", "items": []}]});
    let refused = server.post("/v1/events", &unknown);
    assert_eq!(code(&refused, 422), "unknown_collection");
    assert_eq!(refused.1["error"]["field"], "events[1].collection");
    assert_eq!(
        code(
            &server.post("/v1/events", &json!({"events": [event("sleep")]})),
            400
        ),
        "bad_json"
    );
    let dir = server.end();
    let mut files = std::fs::read_dir(dir.path().join("events")).unwrap();
    let text = std::fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "all or none");
    assert!(lines[0]["time"].as_f64().unwrap() > 1.7e9 && lines[1]["kind"] == "click");
    let server = Running::start(dir, config(), Keys::default());
    assert_eq!(code(&server.post("/v1/events", &body), 422), "no_events");
}

#[test]
fn counters_and_health() {
    let server = Running::new();
    server.put_item("a", 1, json!({}));
    server.post("/v1/catalogs/shop/search", &json!({"item_id": "a"}));
    server.get("/v1/catalogs/shop/items/none");
    let text = server
        .raw("GET", "/metrics", "", &[])
        .body_mut()
        .read_to_string()
        .unwrap();
    for line in [
        "nigh_requests_total{route=\"POST /v1/catalogs/{name}/search\",status=\"200\"} 1",
        "nigh_requests_total{route=\"GET /v1/catalogs/{name}/items/{id}\",status=\"404\"} 1",
        "nigh_request_duration_seconds_count{route=\"POST /v1/catalogs/{name}/search\"} 1",
        "nigh_stage_duration_seconds_count{collection=\"shop\",stage=\"tail\"} 1",
        "nigh_items{collection=\"shop\"} 1",
        "nigh_encoder_queue_seconds_count{collection=\"shop\"} 1",
        "nigh_encoder_run_seconds_bucket{collection=\"shop\",le=\"+Inf\"} 1",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let dashboard = std::fs::read_to_string(committed("../../deploy/grafana.json")).unwrap();
    let unknown = |name: &&str| !text.contains(*name);
    assert_eq!(
        counters(&dashboard).find(unknown),
        None,
        "the dashboard shows it"
    );
    assert_eq!(server.get("/readyz").1, json!({"ready": true}));
    let operations = server.get("/v1/operations").1;
    let made_up = "BREW /v1/collections HTTP/1.1\r\nhost: localhost\r\n";
    assert_eq!(wire(&server, made_up), "405");
    let text = server
        .raw("GET", "/metrics", "", &[])
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(!text.contains("BREW"), "{text}");
    assert_eq!(operations["collections"][0]["tail_items"], 1);
    assert_eq!(operations["encoders"][0]["items"], 1);
    let collections = server.get("/v1/collections").1;
    assert_eq!(collections["collections"][0]["kind"], "catalog");
    assert_eq!(collections["collections"][1]["people"], 3);
    let reply = server.raw("GET", "/", "", &[]);
    let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-security-policy").contains("script-src 'self'"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(!header("x-request-id").is_empty());
}

/// `NIGH_UPDATE_BASELINES=1` writes the committed copy anew.
#[test]
fn the_committed_document_is_what_the_code_says() {
    let path = committed("openapi.json");
    let now = openapi::document();
    if std::env::var_os("NIGH_UPDATE_BASELINES").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "the API has changed: NIGH_UPDATE_BASELINES=1 writes {} anew",
        path.display()
    );
    let document: Value = serde_json::from_str(&now).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let server = Running::new();
    assert_eq!(server.get("/v1/openapi.json").1, document);
}

/// Names of counters in the queries of a dashboard.
fn counters(dashboard: &str) -> impl Iterator<Item = &str> {
    let words = dashboard.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("nigh_"))
}

/// The status of a request that a client library would not send.
fn wire(server: &Running, head: &str) -> String {
    let mut stream = server.connect().unwrap();
    let head = format!("{head}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.split(' ').nth(1).unwrap().to_owned()
}
