use serde_json::{Value, json};

use crate::server::{Reply, Running, code, config};

fn suggested(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.0, 200, "{}", reply.1);
    let suggestions = reply.1["suggestions"].as_array().unwrap();
    suggestions
        .iter()
        .map(|suggestion| suggestion["id"].as_str().unwrap())
        .collect()
}

#[test]
fn people_edges_and_rules() {
    let server = Running::new();
    let path = |rest: &str| format!("/v1/networks/friends/{rest}");
    let suggestions = |who: &str| server.get(&path(&format!("people/{who}/suggestions")));
    let ann = suggestions("ann");
    assert_eq!(suggested(&ann), ["eve"]);
    let reason = &ann.1["suggestions"][0]["reasons"][0];
    assert_eq!(
        (&reason["kind"], &reason["text"]),
        (&json!("mutual_friends"), &json!("1 mutual friend, bob"))
    );
    let added = server.post(
        &path("edges"),
        &json!({"edges": [{"a": "eve", "b": "joe", "time": 1000}, {"a": "bob", "b": "joe"}]}),
    );
    assert_eq!(
        added.1,
        json!({"added": 2, "updated": 0, "people": 1, "durable": true})
    );
    assert_eq!(
        server
            .put(
                &path("people/joe"),
                &json!({"attributes": {"city": "Rome"}})
            )
            .1["result"],
        "updated"
    );
    assert_eq!(
        server.put(&path("people/zoe"), &json!({})).1["result"],
        "created"
    );
    assert_eq!(
        server.get(&path("people/joe")).1,
        json!({"id": "joe", "attributes": {"city": "Rome"}, "friends": 2})
    );
    let rome = server.get(&path("people/ann/suggestions?where=city%20%3D%20'Rome'"));
    assert_eq!(suggested(&rome), ["joe"]);
    let listed = server.get(&path("people?prefix=j"));
    assert_eq!(
        listed.1,
        json!({"people": [{"id": "joe", "friends": 2}], "total": 5})
    );
    let around = server.get(&path("people/ann/neighborhood")).1;
    assert_eq!(around["nodes"][0], json!({"id": "ann", "kind": "self"}));
    assert!(
        around["edges"]
            .as_array()
            .unwrap()
            .contains(&json!(["ann", "bob"])),
        "{around}"
    );
    assert_eq!(
        server
            .post(&path("people/ann/dismissals"), &json!({"other": "eve"}))
            .0,
        204
    );
    assert!(!suggested(&suggestions("ann")).contains(&"eve"));
    assert_eq!(
        server
            .post(&path("people/ann/blocks"), &json!({"other": "joe"}))
            .0,
        204
    );
    assert_eq!(
        server.post(&path("people/zoe/opt-out"), &Value::Null).0,
        204
    );
    assert!(suggested(&suggestions("ann")).is_empty());
    assert_eq!(server.delete(&path("edges?a=eve&b=joe")).0, 204);
    assert_eq!(
        code(&server.delete(&path("edges?a=eve&b=joe")), 404),
        "unknown_edge"
    );
    // What was acknowledged is there after a restart; who was erased is not.
    assert_eq!(server.delete(&path("people/joe")).1["result"], "erased");
    let server = Running::start(server.end(), config(), Default::default());
    assert_eq!(
        code(&server.get(&path("people/joe")), 404),
        "unknown_person"
    );
    assert!(suggested(&server.get(&path("people/ann/suggestions"))).is_empty());
}

#[test]
fn rules_are_taken_back_by_whom_they_are_from() {
    let server = Running::new();
    let path = |rest: &str| format!("/v1/networks/friends/people/{rest}");
    let suggestions = |who: &str| {
        let reply = server.get(&path(&format!("{who}/suggestions")));
        suggested(&reply).join(" ")
    };
    let post = |rest: &str, body: serde_json::Value| {
        assert_eq!(server.post(&path(rest), &body).0, 204, "{rest}");
    };
    let delete = |rest: &str| assert_eq!(server.delete(&path(rest)).0, 204, "{rest}");
    post("ann/dismissals", json!({"other": "eve"}));
    assert_eq!(
        (suggestions("ann"), suggestions("eve")),
        (String::new(), "ann".to_owned())
    );
    delete("ann/dismissals/eve");
    delete("ann/dismissals/eve");
    assert_eq!(suggestions("ann"), "eve");
    // Both blocked each other: one of them taking it back is not enough.
    post("ann/blocks", json!({"other": "eve"}));
    post("eve/blocks", json!({"other": "ann"}));
    delete("ann/blocks/eve");
    assert_eq!(
        (suggestions("ann"), suggestions("eve")),
        (String::new(), String::new())
    );
    let server = Running::start(server.end(), config(), Default::default());
    let suggestions = |who: &str| {
        let reply = server.get(&path(&format!("{who}/suggestions")));
        suggested(&reply).join(" ")
    };
    assert_eq!(suggestions("ann"), "");
    assert_eq!(server.delete(&path("eve/blocks/ann")).0, 204);
    assert_eq!(
        (suggestions("ann"), suggestions("eve")),
        ("eve".to_owned(), "ann".to_owned())
    );
    assert_eq!(server.send("POST", &path("eve/opt-out"), "", &[]).0, 204);
    assert_eq!(suggestions("ann"), "");
    assert_eq!(server.delete(&path("eve/opt-out")).0, 204);
    assert_eq!(suggestions("ann"), "eve");
    let unknown = server.delete(&path("ann/blocks/nobody"));
    assert_eq!(code(&unknown, 404), "unknown_person");
}

#[test]
fn what_is_hidden_is_not_drawn() {
    let server = Running::new();
    let path = |rest: &str| format!("/v1/networks/friends/{rest}");
    let edges = json!({"edges": [{"a": "ann", "b": "eve"}, {"a": "ann", "b": "joe"}]});
    server.post(&path("edges"), &edges);
    let drawn = |who: &str| {
        server
            .get(&path(&format!("people/{who}/neighborhood")))
            .1
            .to_string()
    };
    assert!(
        drawn("ann").contains("[\"bob\",\"eve\"]"),
        "{}",
        drawn("ann")
    );
    server.post(&path("people/ann/blocks"), &json!({"other": "eve"}));
    assert!(!drawn("ann").contains("eve"));
}

#[test]
fn wrong_changes() {
    let server = Running::new();
    let path = |rest: &str| format!("/v1/networks/friends/{rest}");
    let edge = |edge: Value| server.post(&path("edges"), &json!({"edges": [edge]}));
    assert_eq!(code(&edge(json!({"a": "x", "b": "x"})), 400), "bad_edge");
    assert_eq!(
        code(&edge(json!({"a": "x", "b": "y", "time": -1})), 400),
        "bad_edge"
    );
    assert_eq!(code(&edge(json!({"a": "x"})), 400), "bad_json");
    assert_eq!(code(&server.get(&path("people/x")), 404), "unknown_person");
    assert_eq!(
        code(&server.get(&path("people/ann/suggestions?k=0")), 400),
        "out_of_range"
    );
    assert_eq!(
        code(
            &server.get(&path("people/ann/suggestions?where=x%20%3D%201")),
            400
        ),
        "bad_filter"
    );
    assert_eq!(
        code(
            &server.post(&path("people/ann/blocks"), &json!({"other": "ann"})),
            400
        ),
        "bad_edge"
    );
    assert_eq!(
        code(&server.get("/v1/networks/shop/people"), 404),
        "unknown_network"
    );
}
