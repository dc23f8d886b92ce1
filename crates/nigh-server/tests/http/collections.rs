//! Collections that are made and deleted over HTTP.

use serde_json::json;

use nigh_server::ServerConfig;

use crate::server::{Running, base64, code, config, folders, ids, picture};

fn with_data() -> Running {
    let dir = folders();
    let config = data(&dir);
    Running::start(dir, config, Default::default())
}

fn data(dir: &tempfile::TempDir) -> ServerConfig {
    ServerConfig {
        data: Some(dir.path().join("data")),
        ..config()
    }
}

#[test]
fn catalogs_and_networks_come_stay_and_go() {
    let server = with_data();
    let made = server.put("/v1/catalogs/hats", &json!({"precision": "f16"}));
    assert_eq!(made, (201, json!({"name": "hats"})));
    assert_eq!(server.put("/v1/networks/club", &json!({})).0, 201);
    let body = json!({"images": [{"data": base64(&picture(1))}]});
    assert_eq!(server.put("/v1/catalogs/hats/items/a", &body).0, 201);
    let edge = json!({"edges": [{"a": "ann", "b": "bob"}]});
    assert_eq!(server.post("/v1/networks/club/edges", &edge).0, 200);
    let names = |server: &Running| {
        let all = server.get("/v1/collections").1["collections"].clone();
        let all = all.as_array().unwrap().clone();
        let names = all
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&server), ["hats", "shop", "club", "friends"]);
    // A server that begins anew serves what is in its folder.
    let dir = server.end();
    let config = data(&dir);
    let server = Running::start(dir, config, Default::default());
    assert_eq!(names(&server), ["hats", "shop", "club", "friends"]);
    let found = server.post(
        "/v1/catalogs/hats/search",
        &json!({"item_id": "a", "why_not": "a"}),
    );
    assert_eq!(ids(&found).len(), 0);
    assert_eq!(server.delete("/v1/catalogs/hats").0, 204);
    assert_eq!(server.delete("/v1/networks/club").0, 204);
    assert_eq!(names(&server), ["shop", "friends"]);
    let gone = server.get("/v1/catalogs/hats/items/a");
    assert_eq!(code(&gone, 404), "unknown_catalog");
    let left = std::fs::read_dir(server.dir.path().join("data")).unwrap();
    assert_eq!(left.count(), 0);
    // The name is free again.
    assert_eq!(server.put("/v1/catalogs/hats", &json!({})).0, 201);
    assert_eq!(server.get("/v1/catalogs/hats/items").1["total"], 0);
}

#[test]
fn what_cannot_be_made_or_deleted_is_told() {
    let server = with_data();
    let put = |name: &str| server.put(&format!("/v1/catalogs/{name}"), &json!({}));
    assert_eq!(code(&put("..%2Fevil"), 400), "bad_name");
    assert_eq!(code(&put("%2E%2E"), 400), "bad_name");
    assert_eq!(code(&put(".hidden"), 400), "bad_name");
    assert_eq!(code(&put("shop"), 409), "exists");
    assert_eq!(code(&put("friends"), 409), "exists");
    let encoder = |encoder: &str| server.put("/v1/catalogs/new", &json!({"encoder": encoder}));
    assert_eq!(code(&encoder("/etc/passwd"), 422), "unknown_encoder");
    assert_eq!(code(&encoder("src"), 422), "unknown_encoder");
    assert_eq!(code(&encoder("no-such-model"), 422), "unknown_encoder");
    assert_eq!(put("new").0, 201, "a name that failed is free");
    assert_eq!(
        code(&server.delete("/v1/catalogs/shop"), 409),
        "not_in_data_folder"
    );
    assert_eq!(
        code(&server.delete("/v1/catalogs/none"), 404),
        "unknown_catalog"
    );
    let without = Running::new();
    let refused = without.put("/v1/catalogs/new", &json!({}));
    assert_eq!(code(&refused, 409), "no_data_folder");
    assert_eq!(
        code(&without.delete("/v1/catalogs/shop"), 409),
        "no_data_folder"
    );
}

#[test]
fn what_is_being_used_is_not_deleted() {
    let server = with_data();
    assert_eq!(server.put("/v1/catalogs/hats", &json!({})).0, 201);
    let mut upload = server.connect().unwrap();
    let head = "PUT /v1/catalogs/hats/items/a HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    std::io::Write::write_all(&mut upload, head.as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(code(&server.delete("/v1/catalogs/hats"), 409), "in_use");
    assert_eq!(
        server.get("/v1/catalogs/hats/items").0,
        200,
        "it is served all the while"
    );
    drop(upload);
    assert_eq!(server.delete("/v1/catalogs/hats").0, 204);
}

#[test]
fn answers_of_a_deleted_catalog_are_gone_with_it() {
    let server = with_data();
    let make = |id: &str| {
        assert_eq!(server.put("/v1/catalogs/hats", &json!({})).0, 201);
        let body = json!({"images": [{"data": base64(&picture(1))}]});
        let path = format!("/v1/catalogs/hats/items/{id}");
        assert_eq!(server.put(&path, &body).0, 201);
    };
    let question = json!({"image": base64(&picture(1))});
    let search = || server.post("/v1/catalogs/hats/search", &question);
    let is_counted = || {
        let mut metrics = server.raw("GET", "/metrics", "", &[]);
        let metrics = metrics.body_mut().read_to_string().unwrap();
        metrics.contains("collection=\"hats\"")
    };
    make("old");
    assert_eq!(ids(&search()), ["old"]);
    assert!(is_counted());
    assert_eq!(server.delete("/v1/catalogs/hats").0, 204);
    assert!(!is_counted());
    make("new");
    assert_eq!(ids(&search()), ["new"]);
}
