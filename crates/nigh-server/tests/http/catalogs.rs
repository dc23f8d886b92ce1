use serde_json::{Value, json};

use crate::server::{Running, base64, code, config, folders, ids, picture};

const SEARCH: &str = "/v1/catalogs/shop/search";

fn shop() -> Running {
    let server = Running::new();
    for number in 0..30 {
        let attributes =
            json!({"colour": if number % 2 == 0 { "red" } else { "blue" }, "price": number});
        let (status, body) = server.put_item(&format!("i{number}"), number, attributes);
        assert_eq!(
            (status, body["result"].as_str()),
            (201, Some("created")),
            "{body}"
        );
        assert_eq!(body["durable"], true);
    }
    server
}

#[test]
fn items_come_change_and_go_and_stay_over_a_restart() {
    let server = shop();
    let item = server.get("/v1/catalogs/shop/items/i7").1;
    assert_eq!(
        item,
        json!({"id": "i7", "attributes": {"colour": "blue", "price": 7}, "images": ["main"]})
    );
    let mut raw = server.raw("GET", "/v1/catalogs/shop/items/i7/images/main", "", &[]);
    assert_eq!(raw.headers()["content-type"], "image/bmp");
    assert_eq!(raw.body_mut().read_to_vec().unwrap(), picture(7));
    // Attributes alone: the picture stays.
    let put = server.put(
        "/v1/catalogs/shop/items/i7",
        &json!({"attributes": {"price": 99}}),
    );
    assert_eq!((put.0, &put.1["result"]), (200, &json!("updated")));
    let by_picture = json!({"image": base64(&picture(7)), "k": 1, "where": "price = 99"});
    assert_eq!(ids(&server.post(SEARCH, &by_picture)), ["i7"]);
    let page = server
        .get("/v1/catalogs/shop/items?offset=1&limit=2&where=price%20%3E%2020")
        .1;
    assert_eq!(
        (
            page["total"].as_u64(),
            page["items"].as_array().unwrap().len()
        ),
        (Some(10), 2)
    );
    assert_eq!(
        server.delete("/v1/catalogs/shop/items/i3").1["result"],
        "deleted"
    );
    assert_eq!(
        code(&server.delete("/v1/catalogs/shop/items/i3"), 404),
        "unknown_item"
    );
    assert_eq!(
        code(&server.get("/v1/catalogs/shop/items/i3"), 404),
        "unknown_item"
    );
    let server = Running::start(server.end(), config(), Default::default());
    assert_eq!(server.get("/v1/catalogs/shop/items").1["total"], 29);
    assert_eq!(ids(&server.post(SEARCH, &by_picture)), ["i7"]);
    let mut raw = server.raw("GET", "/v1/catalogs/shop/items/i7/images/main", "", &[]);
    assert_eq!(raw.body_mut().read_to_vec().unwrap(), picture(7));
}

#[test]
fn searches() {
    let server = shop();
    let search = |body: Value| server.post(SEARCH, &body);
    let nearest = search(json!({"image": base64(&picture(4)), "k": 3, "explain": true}));
    assert_eq!(ids(&nearest)[0], "i4");
    let stages: Vec<_> = nearest.1["trace"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["decode", "encode", "tail", "collect"]);
    assert_eq!(
        (&nearest.1["coverage"], &nearest.1["setting"]),
        (&json!(1.0), &json!("exact"))
    );
    // The item itself is not among its own neighbours; its picture's are.
    let like = search(json!({"item_id": "i4", "k": 2}));
    assert_eq!(ids(&like), ids(&nearest)[1..]);
    assert!(like.1.get("trace").is_none());
    let less =
        json!({"query": [{"item_id": "i4"}, {"item_id": ids(&like)[0], "weight": -0.9}], "k": 1});
    assert_eq!(ids(&search(less)), ["i4"]);
    let red =
        search(json!({"item_id": "i4", "where": "colour = 'red'", "k": 30, "facets": ["colour"]}));
    assert_eq!(ids(&red).len(), 14);
    assert_eq!(
        red.1["facets"],
        json!({"colour": [{"value": "red", "count": 14}]})
    );
    let grouped = search(json!({"item_id": "i4", "group_by": "colour"}));
    assert_eq!(ids(&grouped).len(), 2);
    let cheap = search(json!({"item_id": "i4", "order_by": {"attribute": "price"}, "k": 2}));
    assert_eq!(ids(&cheap), ["i0", "i1"]);
    let vector = server.post(
        "/v1/embeddings",
        &json!({"model": "shop", "input": {"image": base64(&picture(4))}}),
    );
    let vector = &vector.1["data"][0]["embedding"];
    assert_eq!(
        ids(&search(
            json!({"vector": vector, "k": 3, "params": {"exact": true}})
        )),
        ids(&nearest)
    );
    let all = ids(&search(json!({"vector": vector, "k": 30}))).join(" ");
    let pages: Vec<String> = (0..3)
        .map(|page| {
            ids(&search(
                json!({"vector": vector, "k": 10, "offset": 10 * page}),
            ))
            .join(" ")
        })
        .collect();
    assert_eq!(pages.join(" "), all);
}

#[test]
fn a_cached_answer_never_hides_a_change() {
    let server = shop();
    let question = json!({"image": base64(&picture(500)), "k": 1});
    let first = server.post(SEARCH, &question);
    assert_eq!(server.post(SEARCH, &question).1["hits"], first.1["hits"]);
    server.put_item("new", 500, json!({}));
    assert_eq!(ids(&server.post(SEARCH, &question)), ["new"]);
    server.delete("/v1/catalogs/shop/items/new");
    assert_eq!(ids(&server.post(SEARCH, &question)), ids(&first));
    let caches = &server.get("/v1/operations").1["caches"];
    assert_eq!(
        (&caches[0]["hits"], &caches[1]["hits"]),
        (&json!(2), &json!(1)),
        "{caches}"
    );
}

#[test]
fn many_items_and_those_that_are_wrong() {
    let server = Running::new();
    let image = base64(&picture(1));
    let lines = format!(
        "{{\"id\": \"a\", \"images\": [{{\"data\": \"{image}\"}}]}}\n\nnothing\n{{\"id\": \"b\"}}\n\
         {{\"id\": \"c\", \"images\": [{{\"data\": \"{image}\"}}], \"attributes\": {{\"x\": []}}}}\n\
         {{\"id\": \"a\", \"attributes\": {{\"x\": 1}}}}\n{{\"id\": \"d\", \"images\": [{{\"data\": \"QUJD\"}}]}}\n"
    );
    let (status, body) = server.send(
        "POST",
        "/v1/catalogs/shop/items",
        "application/x-ndjson",
        lines.as_bytes(),
    );
    assert_eq!((status, &body["created"]), (200, &json!(1)), "{body}");
    let told: Vec<_> = body["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| {
            (
                rejected["index"].as_u64().unwrap(),
                rejected["error"]["code"].as_str().unwrap(),
            )
        })
        .collect();
    // The second line about `a` has no picture: it keeps that of the first.
    assert_eq!(body["updated"], 1);
    assert_eq!(
        told,
        [
            (1, "bad_json"),
            (2, "no_picture"),
            (3, "bad_attribute"),
            (5, "bad_picture")
        ],
        "{body}"
    );
    let items: Vec<Value> = (0..200).map(|number| json!({"id": number.to_string(), "images": [{"data": base64(&picture(number))}]})).collect();
    let many = server.post("/v1/catalogs/shop/items", &json!({"items": items}));
    assert_eq!(
        (many.0, &many.1["created"]),
        (200, &json!(200)),
        "{}",
        many.1
    );
    assert_eq!(
        ids(&server.post(SEARCH, &json!({"image": base64(&picture(150)), "k": 1}))),
        ["150"]
    );
}

#[test]
fn forms() {
    let server = Running::new();
    let mut form =
        b"--x\r\ncontent-disposition: form-data; name=\"attributes\"\r\n\r\n{\"size\": 4}\r\n\
        --x\r\ncontent-disposition: form-data; name=\"image\"; filename=\"front.bmp\"\r\n\r\n"
            .to_vec();
    form.extend(picture(3));
    form.extend(b"\r\n--x--\r\n");
    let kind = "multipart/form-data; boundary=x";
    let (status, body) = server.send("PUT", "/v1/catalogs/shop/items/a", kind, &form);
    assert_eq!(status, 201, "{body}");
    let item = server.get("/v1/catalogs/shop/items/a").1;
    assert_eq!(
        (&item["images"], &item["attributes"]["size"]),
        (&json!(["front.bmp"]), &json!(4))
    );
    let cut = &form[..form.len() - 20];
    assert_eq!(
        code(
            &server.send("PUT", "/v1/catalogs/shop/items/b", kind, cut),
            400
        ),
        "bad_form"
    );
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let server = shop();
    let image = base64(&picture(1));
    let rows = [
        (json!({}), 400, "bad_query", "image"),
        (
            json!({"item_id": "i1", "text": "red"}),
            400,
            "bad_query",
            "image",
        ),
        (
            json!({"item_id": "i1", "query": []}),
            400,
            "bad_query",
            "query",
        ),
        (json!({"query": []}), 400, "bad_query", "query"),
        (json!({"query": [{"weight": 1}]}), 400, "bad_query", "image"),
        (
            json!({"query": [{"item_id": "i1", "weight": 0}]}),
            400,
            "out_of_range",
            "weight",
        ),
        (
            json!({"query": [{"item_id": "i1"}, {"item_id": "i1", "weight": -1}]}),
            422,
            "empty_query",
            "",
        ),
        (json!({"item_id": "none"}), 404, "unknown_item", ""),
        (json!({"item_id": "i1", "k": 0}), 400, "out_of_range", "k"),
        (
            json!({"item_id": "i1", "k": 100_000}),
            400,
            "out_of_range",
            "k",
        ),
        (
            json!({"item_id": "i1", "offset": 100_000}),
            400,
            "out_of_range",
            "offset",
        ),
        (
            json!({"item_id": "i1", "min_score": 2}),
            400,
            "out_of_range",
            "min_score",
        ),
        (
            json!({"item_id": "i1", "where": "price <"}),
            400,
            "bad_filter",
            "where",
        ),
        (
            json!({"item_id": "i1", "where": "size = 1"}),
            400,
            "bad_filter",
            "where",
        ),
        (
            json!({"item_id": "i1", "group_by": "size"}),
            400,
            "unknown_attribute",
            "",
        ),
        (
            json!({"item_id": "i1", "colour": "red"}),
            400,
            "bad_json",
            "colour",
        ),
        (
            json!({"item_id": "i1", "params": {"exact": true, "nprobe": 1}}),
            400,
            "out_of_range",
            "params",
        ),
        (
            json!({"item_id": "i1", "params": {"recall": 2.0}}),
            400,
            "out_of_range",
            "params",
        ),
        (json!({"vector": [1.0, 2.0]}), 400, "bad_vector", "vector"),
        (json!({"image": "%"}), 400, "bad_base64", "image"),
        (json!({"image": "QUJD"}), 422, "bad_picture", "image"),
        (json!({"text": "red dress"}), 422, "no_words", "text"),
        (json!([1]), 400, "bad_json", ""),
    ];
    let mut wrong = Vec::new();
    for (body, status, expected, field) in rows {
        let (found, answer) = server.post(SEARCH, &body);
        let error = &answer["error"];
        let named = error["field"].as_str().unwrap_or("");
        if found != status || error["code"] != expected || named != field {
            wrong.push(format!("{body}: {found} {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        code(&server.send("POST", SEARCH, "text/plain", b"{}"), 415),
        "unsupported_media_type"
    );
    assert_eq!(
        code(
            &server.send("POST", SEARCH, "application/json", b"{\"k\""),
            400
        ),
        "bad_json"
    );
    assert_eq!(
        code(
            &server.post("/v1/catalogs/none/search", &json!({"image": image})),
            404
        ),
        "unknown_catalog"
    );
    assert_eq!(code(&server.get("/v1/nothing"), 404), "unknown_path");
    assert_eq!(code(&server.delete(SEARCH), 405), "method");
    assert_eq!(
        code(&server.get("/v1/catalogs/shop/items?limit=x"), 400),
        "bad_query"
    );
    assert_eq!(
        code(
            &server.put("/v1/catalogs/shop/items/new", &json!({"attributes": {}})),
            422
        ),
        "no_picture"
    );
    let long = "x".repeat(2_000);
    assert_eq!(code(&server.put_item(&long, 1, json!({})), 400), "bad_item");
    // A NaN is no JSON, and an infinite number no vector.
    let huge = format!("{{\"vector\": [{}]}}", vec!["1e39"; 5_120].join(","));
    let (status, _) = server.send("POST", SEARCH, "application/json", huge.as_bytes());
    assert_eq!(status, 400);
}

#[test]
fn limits_hold() {
    let mut small = config();
    small.limits.body_bytes = 10_000;
    small.limits.image_bytes = 1_000;
    small.limits.image_pixels = 1;
    let server = Running::start(folders(), small, Default::default());
    let search = |bytes: &[u8]| server.post(SEARCH, &json!({"image": base64(bytes)}));
    assert_eq!(code(&search(&[0; 9_000]), 413), "too_large");
    assert_eq!(code(&search(&[0; 2_000]), 413), "too_large");
    assert_eq!(code(&search(&picture(1)), 422), "bad_picture");
}

#[test]
fn one_wrong_write_breaks_no_filter() {
    let server = shop();
    let put = |attributes: Value| server.put_item("odd", 900, attributes);
    let refused = put(json!({"price": "abc"}));
    assert_eq!(code(&refused, 400), "bad_attribute");
    assert_eq!(refused.1["error"]["field"], "attributes.price");
    assert_eq!(
        code(&put(json!({"colour": {"r": 1}})), 400),
        "bad_attribute"
    );
    assert_eq!(
        put(json!({"price": 1.5})).0,
        201,
        "whole numbers may be followed by others"
    );
    let cheap = server.post(
        SEARCH,
        &json!({"item_id": "i4", "where": "price < 3", "k": 30}),
    );
    let mut found = ids(&cheap);
    found.sort_unstable();
    assert_eq!(found, ["i0", "i1", "i2", "odd"]);
}

#[test]
fn lists_are_no_objects_and_pictures_have_names_of_their_own() {
    let server = shop();
    let send = |path: &str, body: Value| server.post(path, &body);
    assert_eq!(
        code(&send(SEARCH, json!([null, null, null, "i4"])), 400),
        "bad_json"
    );
    assert_eq!(
        code(
            &send(SEARCH, json!({"query": [[null, null, null, "i4"]]})),
            400
        ),
        "bad_json"
    );
    assert_eq!(
        code(
            &send(SEARCH, json!({"item_id": "i4", "params": [true]})),
            400
        ),
        "bad_json"
    );
    let edges = json!({"edges": [["x", "y", 0, 1.0]]});
    assert_eq!(
        code(&send("/v1/networks/friends/edges", edges), 400),
        "bad_json"
    );
    let image = json!({"name": "main", "data": base64(&picture(1))});
    let item = json!([{}, [["main", base64(&picture(1))]]]);
    assert_eq!(
        code(&server.put("/v1/catalogs/shop/items/x", &item), 400),
        "bad_json"
    );
    let twins = json!({"images": [image, image]});
    assert_eq!(
        code(&server.put("/v1/catalogs/shop/items/x", &twins), 400),
        "same_name"
    );
    let neither = json!({"images": [{"name": "main"}]});
    assert_eq!(
        code(&server.put("/v1/catalogs/shop/items/x", &neither), 400),
        "bad_picture"
    );
    let zeros = vec![0.0; 512];
    assert_eq!(
        code(&send(SEARCH, json!({"vector": zeros})), 422),
        "empty_query"
    );
}

#[test]
fn pictures_by_their_address_are_off_unless_switched_on() {
    let server = shop();
    let by_url = json!({"image_url": "https://images.example.com/1.jpg"});
    assert_eq!(code(&server.post(SEARCH, &by_url), 422), "no_fetching");
    let item = json!({"images": [{"url": "https://images.example.com/1.jpg"}]});
    let refused = server.put("/v1/catalogs/shop/items/x", &item);
    assert_eq!(code(&refused, 422), "no_fetching");
    assert_eq!(refused.1["error"]["field"], "images[0].url");
    let embed = json!({"model": "shop", "input": by_url});
    assert_eq!(
        code(&server.post("/v1/embeddings", &embed), 422),
        "no_fetching"
    );
}

#[test]
fn a_picture_is_fetched_from_where_it_may_be() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4_096];
            let _ = std::io::Read::read(&mut stream, &mut head).unwrap();
            let file = picture(4);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", file.len());
            std::io::Write::write_all(&mut stream, &[head.as_bytes(), &file].concat()).unwrap();
        }
    });
    let fetch = nigh_server::Fetch {
        allow: vec![address.to_string()],
        private: true,
        ..Default::default()
    };
    let config = nigh_server::ServerConfig { fetch, ..config() };
    let server = Running::start(folders(), config, Default::default());
    let url = format!("http://{address}/4.bmp");
    let item = json!({"images": [{"url": url}]});
    assert_eq!(server.put("/v1/catalogs/shop/items/i4", &item).0, 201);
    let mut kept = server.raw("GET", "/v1/catalogs/shop/items/i4/images/main", "", &[]);
    assert_eq!(kept.body_mut().read_to_vec().unwrap(), picture(4));
    let found = server.post(SEARCH, &json!({"image_url": url, "explain": true}));
    assert_eq!(ids(&found), ["i4"]);
    assert_eq!(found.1["trace"][0]["stage"], "fetch");
    serving.join().unwrap();
}
