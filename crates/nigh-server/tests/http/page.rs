//! The web page in a real browser: `tests/page/check.mjs` against a server of its own.
//!
//! Needs Node.js, Chromium and the folder with playwright-core's `node_modules` in `NIGH_PLAYWRIGHT` (`npm install` in `tests/page`).
//! Without them it says so and passes, except where `NIGH_REQUIRE_SERVICES=1`. Screenshots go to `NIGH_PAGE_SHOTS`.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::server::{Running, base64};

#[test]
fn the_page_in_a_browser() {
    let Some(playwright) = std::env::var_os("NIGH_PLAYWRIGHT") else {
        assert!(
            std::env::var_os("NIGH_REQUIRE_SERVICES").is_none_or(|value| value != "1"),
            "NIGH_PLAYWRIGHT must name the folder with playwright-core"
        );
        println!("NIGH_PLAYWRIGHT is not set: the page is not looked at");
        return;
    };
    let server = Running::new();
    fill(&server);
    let shots = tempfile::tempdir().unwrap();
    let shots = std::env::var_os("NIGH_PAGE_SHOTS").map_or(shots.path().to_owned(), Into::into);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/check.mjs");
    let checked = Command::new("node")
        .arg(script)
        .args([server.address.as_ref(), shots.as_os_str()])
        .env("NIGH_PLAYWRIGHT", playwright)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&checked.stdout);
    let failed = String::from_utf8_lossy(&checked.stderr);
    println!("{told}");
    assert!(checked.status.success(), "{told}\n{failed}");
}

/// A shop of coloured pictures, and a network around `p1`.
fn fill(server: &Running) {
    let colours: [(&str, [u8; 3]); 6] = [
        ("red", [200, 30, 40]),
        ("green", [40, 160, 70]),
        ("blue", [40, 70, 190]),
        ("yellow", [220, 200, 40]),
        ("grey", [120, 120, 120]),
        ("black", [20, 20, 20]),
    ];
    let item = |number: usize| {
        let (name, colour) = colours[number % colours.len()];
        let attributes = json!({"colour": name, "price": 5 + number * 7 % 90, "new": number.is_multiple_of(4), "kind": (["mug", "lamp", "chair"][number % 3]),
            "added": format!("2026-0{}-15", number % 9 + 1)});
        json!({"id": format!("{name}-{number}"), "attributes": attributes, "images": [{"data": base64(&drawn(number, colour))}]})
    };
    let items: Vec<_> = (0..90).map(item).collect();
    let (status, body) = server.post("/v1/catalogs/shop/items", &json!({"items": items}));
    assert_eq!((status, &body["created"]), (200, &json!(90)), "{body}");
    let mut edges = Vec::new();
    for person in 1..40_u32 {
        for step in [1, 2, 5, 11] {
            let friend = (person + step) % 40 + 1;
            edges.push(json!({"a": format!("p{person}"), "b": format!("p{friend}")}));
        }
    }
    let (status, body) = server.post("/v1/networks/friends/edges", &json!({"edges": edges}));
    assert_eq!(status, 200, "{body}");
    for person in 1..=40 {
        let attributes = json!({"attributes": {"city": (["Rome", "Oslo", "Lima"][person % 3])}});
        server.put(
            &format!("/v1/networks/friends/people/p{person}"),
            &attributes,
        );
    }
}

/// A square, a disc or a stripe of a colour on white, 64 × 64, as a BMP file.
fn drawn(number: usize, [red, green, blue]: [u8; 3]) -> Vec<u8> {
    const SIDE: usize = 64;
    let size = 54 + SIDE * SIDE * 3;
    let mut file = b"BM".to_vec();
    for number in [
        size as u32,
        0,
        54,
        40,
        SIDE as u32,
        SIDE as u32,
        1 | 24 << 16,
    ] {
        file.extend(number.to_le_bytes());
    }
    file.extend([0; 24]);
    let reach = 12 + (number * 5 % 16) as i32;
    for y in 0..SIDE as i32 {
        for x in 0..SIDE as i32 {
            let (dx, dy) = (x - 32, y - 32);
            let inside = match number % 3 {
                0 => dx.abs() < reach && dy.abs() < reach,
                1 => dx * dx + dy * dy < reach * reach,
                _ => (dx + dy).abs() < reach / 2,
            };
            file.extend(if inside {
                [blue, green, red]
            } else {
                [250, 248, 245]
            });
        }
    }
    file
}
