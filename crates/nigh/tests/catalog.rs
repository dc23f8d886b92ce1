//! The commands as a person uses them, from import to deletion.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;

mod support;
use support::{jpeg, nigh, run, run_json, shop, stderr, text};

#[test]
fn import_search_update_delete() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 60);
    let into = dir.path().join("catalog");
    let (source, into) = (text(&source), text(&into));
    let first = run_json(&["catalog", "import", source, "--into", into]);
    assert_eq!(
        (&first["items"], &first["unchanged"], &first["rejected"]),
        (&60.into(), &0.into(), &0.into())
    );

    let again = run_json(&["catalog", "import", source, "--into", into]);
    assert_eq!(
        (&again["items"], &again["unchanged"], &again["encoded"]),
        (&0.into(), &60.into(), &0.into())
    );

    let picture = format!("{source}/images/item-00007.jpg");
    let found = run_json(&["catalog", "search", into, "--image", &picture, "-k", "3"]);
    assert_eq!(found["hits"][0]["id"], "item-00007");
    assert_eq!(found["hits"][0]["attributes"]["number"], 7);
    assert_eq!(found["hits"].as_array().unwrap().len(), 3);
    assert!(
        found["trace"]
            .as_array()
            .unwrap()
            .iter()
            .any(|stage| stage["stage"] == "scan"),
        "{found}"
    );

    let more = run_json(&["catalog", "search", into, "--id", "item-00007", "-k", "59"]);
    let ids: Vec<&str> = more["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 59, "all but itself");
    assert!(!ids.contains(&"item-00007"));

    // Another picture and other attributes under a known id.
    fs::write(format!("{source}/images/item-00007.jpg"), jpeg(5_000)).unwrap();
    let table = fs::read_to_string(format!("{source}/items.csv")).unwrap();
    fs::write(
        format!("{source}/items.csv"),
        table.replace("item-00008,8,even", "item-00008,8,odd"),
    )
    .unwrap();
    let update = run_json(&["catalog", "import", source, "--into", into]);
    assert_eq!(
        (&update["items"], &update["updated"], &update["encoded"]),
        (&2.into(), &2.into(), &1.into())
    );
    let found = run_json(&["catalog", "search", into, "--image", &picture, "-k", "1"]);
    assert_eq!(found["hits"][0]["id"], "item-00007");
    let item = run_json(&["catalog", "get", into, "item-00008"]);
    assert_eq!(item["items"][0]["attributes"]["parity"], "odd");

    let deleted = run_json(&["catalog", "delete", into, "item-00007", "item-00009"]);
    assert_eq!(deleted["deleted"], 2);
    let found = run_json(&["catalog", "search", into, "--image", &picture, "-k", "60"]);
    assert_eq!(
        found["hits"].as_array().unwrap().len(),
        58,
        "the deleted are gone at once"
    );
    assert_eq!(run_json(&["catalog", "info", into])["items"], 58);
}

#[test]
fn a_filter_gives_exactly_k_whenever_k_match() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 80);
    let into = dir.path().join("catalog");
    let (source, into) = (text(&source), text(&into));
    run_json(&["catalog", "import", source, "--into", into]);
    let picture = format!("{source}/images/item-00001.jpg");
    let table = [
        ("parity = 'odd'", 40),
        ("parity = 'odd' AND number < 10", 5),
        ("number BETWEEN 10 AND 19 OR id = 'item-00000'", 11),
        ("NOT (parity IN ('odd', 'even'))", 0),
        ("id LIKE 'item-0000_'", 10),
        ("parity IS NULL", 0),
    ];
    let mut failures = Vec::new();
    for (condition, expected) in table {
        for k in [3, 80] {
            let k_text = k.to_string();
            let found = run_json(&[
                "catalog", "search", into, "--image", &picture, "-k", &k_text, "--where", condition,
            ]);
            let got = found["hits"].as_array().unwrap().len();
            if got != k.min(expected) {
                failures.push(format!("{condition}: {got} of k = {k}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_torn_or_missing_view_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 30);
    let into = dir.path().join("catalog");
    run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    let picture = source.join("images/item-00011.jpg");
    let search = || {
        run_json(&[
            "catalog",
            "search",
            text(&into),
            "--image",
            text(&picture),
            "-k",
            "5",
        ])["hits"]
            .clone()
    };
    let expected = search();
    let published = || {
        let info = run_json(&["catalog", "info", text(&into)]);
        assert_eq!(
            (&info["published_images"], &info["newer_items"]),
            (&30.into(), &0.into()),
            "{info}"
        );
    };
    let view = || fs::read_to_string(into.join("index/current")).unwrap();
    for file in ["vectors.segment", "items.view"] {
        let path = into.join("index").join(view().trim()).join(file);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(search(), expected, "torn {file}");
        let path = into.join("index").join(view().trim()).join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        assert_eq!(search(), expected, "a flipped bit in {file}");
        fs::remove_file(into.join("index").join(view().trim()).join(file)).unwrap();
        assert_eq!(search(), expected, "missing {file}");
    }
    fs::remove_dir_all(into.join("index")).unwrap();
    assert_eq!(search(), expected, "no index at all");
    published();
}

#[test]
fn an_item_with_several_images_is_one_hit_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..20 {
        fs::write(dir.path().join(format!("{number}-front.jpg")), jpeg(number)).unwrap();
        fs::write(
            dir.path().join(format!("{number}-side.jpg")),
            jpeg(1_000 + number),
        )
        .unwrap();
    }
    let rows = (0..20).map(|n| {
        format!("{{\"sku\":\"s{n}\",\"front\":\"{n}-front.jpg\",\"side\":\"{n}-side.jpg\"}}\n")
    });
    let table = dir.path().join("items.jsonl");
    fs::write(&table, rows.collect::<String>()).unwrap();
    let into = dir.path().join("catalog");
    let into = text(&into);
    let report = run_json(&[
        "catalog",
        "import",
        text(&table),
        "--id",
        "sku",
        "--image",
        "front,side",
        "--into",
        into,
    ]);
    assert_eq!(
        (&report["items"], &report["encoded"]),
        (&20.into(), &40.into())
    );
    for (file, image) in [("7-front.jpg", "front"), ("7-side.jpg", "side")] {
        let found = run_json(&[
            "catalog",
            "search",
            into,
            "--image",
            text(&dir.path().join(file)),
            "-k",
            "20",
        ]);
        let hits = found["hits"].as_array().unwrap();
        assert_eq!(hits.len(), 20, "every item once");
        assert_eq!(
            (&hits[0]["id"], &hits[0]["image"]),
            (&"s7".into(), &image.into())
        );
    }
}

#[test]
fn the_sheet_needs_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 12);
    let (into, sheet) = (dir.path().join("catalog"), dir.path().join("hits.html"));
    run_json(&[
        "catalog",
        "import",
        text(&source),
        "--into",
        text(&into),
        "--keep-images",
    ]);
    fs::remove_dir_all(&source).unwrap();
    run_json(&[
        "catalog",
        "search",
        text(&into),
        "--id",
        "item-00002",
        "-k",
        "4",
        "--sheet",
        text(&sheet),
    ]);
    let html = fs::read_to_string(sheet).unwrap();
    assert!(
        html.matches("data:image/jpeg;base64,").count() >= 5,
        "query and hits are in the file"
    );
    assert!(!html.contains("http://") && !html.contains("https://"));
}

#[test]
fn snapshot_and_export_give_the_collection_back() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 25);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (into, copy, back, file, third) = (
        path("catalog"),
        path("copy"),
        path("back"),
        path("items.parquet"),
        path("third"),
    );
    run_json(&[
        "catalog",
        "import",
        text(&source),
        "--into",
        &into,
        "--keep-images",
    ]);
    for args in [
        ["snapshot", &into, &copy],
        ["restore", &copy, &back],
        ["export", &into, &file],
    ] {
        let output = run(&[&["catalog"], &args[..]].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    }
    let picture = text(&source.join("images/item-00004.jpg")).to_owned();
    let search = |dir: &str| {
        run_json(&["catalog", "search", dir, "--image", &picture, "-k", "5"])["hits"].clone()
    };
    assert_eq!(search(&back), search(&into));
    let report = run_json(&[
        "catalog",
        "import",
        &file,
        "--into",
        &third,
        "--columns",
        "number,parity",
    ]);
    assert_eq!(report["items"], 25, "{report}");
    let ids = |dir: &str| {
        let hits = search(dir);
        let ids: Vec<String> = hits
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["id"].to_string())
            .collect();
        ids
    };
    assert_eq!(ids(&third), ids(&into));
}

#[test]
fn a_picture_may_come_on_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 12);
    let into = dir.path().join("catalog");
    run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    let picture = fs::File::open(source.join("images/item-00005.jpg")).unwrap();
    let output = nigh()
        .args(["catalog", "search", text(&into), "--image", "-"])
        .stdin(picture)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("item-00005"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn eval_counts_labels() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 50);
    let into = dir.path().join("catalog");
    run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    let figures = run_json(&[
        "catalog",
        "eval",
        text(&into),
        "--sample",
        "0.2",
        "--relevant",
        "parity",
        "-k",
        "5",
    ]);
    assert_eq!(
        (&figures["k"], &figures["queries"]),
        (&5.into(), &10.into())
    );
    assert_eq!(
        figures["recall_at_k"], 1.0,
        "exact search finds what exact search finds"
    );
    let precision = figures["precision_at_k"]["parity"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&precision));
    let all = run_json(&[
        "catalog",
        "eval",
        text(&into),
        "--queries",
        text(&source),
        "--relevant",
        "parity",
        "-k",
        "49",
    ]);
    let exact = 24.0 / 49.0;
    let precision = all["precision_at_k"]["parity"].as_f64().unwrap();
    assert!(
        (precision - exact).abs() < 1e-9,
        "24 of the 49 others have an item's parity, not {precision}"
    );
}

#[test]
fn a_large_catalog_is_probed_and_filters_still_give_k() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 5_000);
    let into = dir.path().join("catalog");
    let (source, into) = (text(&source), text(&into));
    run_json(&["catalog", "import", source, "--into", into]);
    let lists = run_json(&["catalog", "info", into])["lists"]
        .as_u64()
        .unwrap();
    assert!(lists > 100, "{lists} lists");
    let eval = |nprobe: u64| {
        let (nprobe, share) = (nprobe.to_string(), "0.02");
        let args = [
            "catalog",
            "eval",
            into,
            "--sample",
            share,
            "--relevant",
            "parity",
            "--nprobe",
            &nprobe,
        ];
        run_json(&args)["recall_at_k"].as_f64().unwrap()
    };
    let (few, some, all) = (eval(1), eval(lists / 8), eval(lists));
    assert!(
        few < some && some < all,
        "recall grows with the lists read: {few} {some} {all}"
    );
    assert!(all > 0.98, "all lists miss next to nothing: {all}");
    let picture = format!("{source}/images/item-00001.jpg");
    let condition = ["--where", "number BETWEEN 100 AND 119", "--nprobe", "1"];
    let args = ["catalog", "search", into, "--image", &picture, "-k", "20"];
    let found = run_json(&[&args[..], &condition[..]].concat());
    assert_eq!(
        found["hits"].as_array().unwrap().len(),
        20,
        "all that match, wherever they lie"
    );
    // So few are compared one by one rather than looked for in lists.
    let stages = found["trace"].as_array().unwrap();
    let scan = stages.iter().find(|stage| stage["stage"] == "scan");
    assert_eq!(scan.map(|stage| &stage["in"]), Some(&serde_json::json!(20)));
    let found = run_json(&[&args[..], &["--nprobe", "1"]].concat());
    let stages = found["trace"].as_array().unwrap();
    assert!(
        stages.iter().any(|stage| stage["stage"] == "probe"),
        "{stages:?}"
    );
}

#[test]
fn an_item_with_a_broken_picture_is_unchanged_by_its_good_ones() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("front.jpg"), jpeg(1)).unwrap();
    fs::write(dir.path().join("side.jpg"), &jpeg(2)[..200]).unwrap();
    let table = dir.path().join("items.csv");
    fs::write(&table, "id,front,side\na,front.jpg,side.jpg\n").unwrap();
    let into = dir.path().join("catalog");
    let import = || {
        run_json(&[
            "catalog",
            "import",
            text(&table),
            "--image",
            "front,side",
            "--into",
            text(&into),
        ])
    };
    let first = import();
    assert_eq!(
        (&first["items"], &first["rejected"], &first["encoded"]),
        (&1.into(), &1.into(), &1.into())
    );
    let again = import();
    assert_eq!(
        (&again["unchanged"], &again["rejected"], &again["encoded"]),
        (&1.into(), &1.into(), &0.into())
    );
}

#[test]
fn a_wider_type_does_not_make_an_item_changed() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..2 {
        fs::write(dir.path().join(format!("{number}.jpg")), jpeg(number)).unwrap();
    }
    let (whole, part) = (dir.path().join("whole.csv"), dir.path().join("part.csv"));
    fs::write(&whole, "id,price,image\na,10,0.jpg\n").unwrap();
    fs::write(&part, "id,price,image\nb,9.99,1.jpg\n").unwrap();
    let into = dir.path().join("catalog");
    let import = |table| run_json(&["catalog", "import", text(table), "--into", text(&into)]);
    import(&whole);
    let widened = import(&part)["widened"][0].to_string();
    assert!(
        widened.contains("`price` is float from now on: it was integer"),
        "{widened}"
    );
    assert_eq!(import(&whole)["unchanged"], 1);
    let figures = run_json(&[
        "catalog",
        "eval",
        text(&into),
        "--queries",
        text(&whole),
        "--relevant",
        "price",
    ]);
    assert_eq!(figures["labelled_queries"]["price"], 1, "{figures}");
}

#[test]
fn settings_come_from_the_environment_too() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 8);
    let into = dir.path().join("catalog");
    run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    let output = nigh()
        .args(["catalog", "info", text(&into)])
        .env("NIGH_JSON", "1")
        .output()
        .unwrap();
    let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(info["items"], 8);
}
