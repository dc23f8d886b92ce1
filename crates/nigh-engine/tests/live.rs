//! A catalog that is searched and written by one process: every search sees what was acknowledged before it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nigh_encode::{DecodeLimits, Encoder};
use nigh_engine::{
    Catalog, CatalogWriter, EncoderRequest, LiveCatalog, LiveError, Method, NewItem, NewPicture,
    OrderBy, Outcome, Refinement, SearchError, SearchOptions, WhyNot, Write,
};
use nigh_store::Value;

/// A picture of two colours that follow from a number, as a BMP file.
fn picture(number: u32) -> Vec<u8> {
    let mut file =
        b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    file.extend([0; 24]);
    let [a, b, c, d] = number.wrapping_mul(0x9E37_79B1).to_le_bytes();
    file.extend([a, b, c, d, 20 ^ a, b, 0, 0]);
    file
}

fn item(id: &str, number: u32, size: i64) -> NewItem {
    NewItem {
        id: id.to_owned(),
        attributes: BTreeMap::from([
            ("size".to_owned(), Value::Integer(size)),
            (
                "kind".to_owned(),
                Value::String(["cup", "hat", "shoe"][number as usize % 3].to_owned()),
            ),
        ]),
        pictures: vec![NewPicture {
            name: "main".to_owned(),
            source: "upload".to_owned(),
            bytes: picture(number),
        }],
    }
}

struct Shop {
    live: LiveCatalog,
    encoder: Encoder,
    _dir: tempfile::TempDir,
}

impl Shop {
    fn new() -> Shop {
        let dir = tempfile::tempdir().unwrap();
        drop(CatalogWriter::open_or_create(dir.path(), &EncoderRequest::default()).unwrap());
        Shop::open(dir)
    }

    fn open(dir: tempfile::TempDir) -> Shop {
        let live = LiveCatalog::open(dir.path()).unwrap();
        let record = live.read().unwrap().encoder().clone();
        Shop {
            encoder: record.open(&EncoderRequest::default()).unwrap(),
            live,
            _dir: dir,
        }
    }

    fn upsert(&self, new: NewItem) -> Write {
        let prepared = self.live.prepare(new).unwrap();
        let decode = |place| prepared.decode(place, &DecodeLimits::default()).unwrap();
        let pictures: Vec<_> = (0..prepared.wanted()).map(decode).collect();
        let rows = self.encoder.encode(&pictures).unwrap();
        prepared.finish(&self.live.read().unwrap(), rows)
    }

    fn put(&self, new: NewItem) -> Outcome {
        self.one(self.upsert(new)).unwrap()
    }

    fn one(&self, write: Write) -> Result<Outcome, LiveError> {
        self.live.write(&[write]).unwrap().pop().unwrap()
    }

    fn delete(&self, id: &str) -> Outcome {
        self.one(Write::Delete(id.to_owned())).unwrap()
    }

    /// The ids of everything, the nearest to an item's picture first, by an exact search.
    fn near(&self, number: u32, condition: Option<&str>) -> Vec<String> {
        let catalog = self.live.read().unwrap();
        near(&catalog, &self.encoder, number, condition)
    }
}

fn near(catalog: &Catalog, encoder: &Encoder, number: u32, condition: Option<&str>) -> Vec<String> {
    let picture = nigh_encode::decode(&picture(number), &DecodeLimits::default()).unwrap();
    let rows = catalog.reduce(encoder.encode(&[picture]).unwrap());
    let options = SearchOptions {
        k: 10_000,
        filter: condition.map(|text| catalog.filter(text).unwrap()),
        method: Method::Exact,
        ..SearchOptions::default()
    };
    let reply = catalog.search(&rows, &options).unwrap();
    reply.hits.into_iter().map(|hit| hit.id).collect()
}

/// The same collection, opened anew from the disk.
fn reopened(shop: Shop) -> (Shop, [Vec<String>; 2]) {
    let Shop {
        live,
        encoder,
        _dir: dir,
    } = shop;
    drop(live);
    let catalog = Catalog::open(dir.path()).unwrap();
    let found = [None, Some("size >= 50")].map(|text| near(&catalog, &encoder, 7, text));
    drop(catalog);
    (Shop::open(dir), found)
}

#[test]
fn searches_see_what_was_written_before_and_after_a_view_is_published() {
    let mut shop = Shop::new();
    for number in 0..300 {
        let outcome = shop.put(item(&format!("i{number}"), number, number.into()));
        assert_eq!(outcome, Outcome::Created);
    }
    for round in 0..3 {
        assert_eq!(shop.near(5, None)[0], "i5", "{round}");
        // Replaced, in the tail or the view; then deleted; then as it was.
        assert_eq!(shop.put(item("i5", 9_000, 500)), Outcome::Updated);
        assert_ne!(shop.near(5, None)[0], "i5");
        assert_eq!(shop.near(9_000, Some("size = 500")), ["i5"]);
        assert_eq!(shop.delete("i5"), Outcome::Deleted);
        assert_eq!(shop.delete("i5"), Outcome::Missing);
        assert_eq!(shop.near(5, None).len(), 299);
        assert_eq!(shop.put(item("i5", 5, 5)), Outcome::Created);
        let here = [None, Some("size >= 50")].map(|text| shop.near(7, text));
        assert_eq!((here[0].len(), here[1].len()), (300, 250));
        if round == 1 {
            shop.live.publish().unwrap();
        }
        let (again, there) = reopened(shop);
        assert_eq!(here, there, "{round}");
        shop = again;
    }
    let catalog = shop.live.read().unwrap();
    assert_eq!((catalog.len(), catalog.ids().count()), (300, 300));
}

#[test]
fn what_is_replaced_again_and_again_takes_no_room() {
    let shop = Shop::new();
    for number in 0..2_000 {
        shop.put(item("same", number, 1));
    }
    shop.put(item("other", 7, 1));
    assert_eq!(shop.near(1_999, None), ["same", "other"]);
    assert_eq!(shop.live.read().unwrap().info().unwrap().images, 2);
}

#[test]
fn pictures_are_encoded_once_and_stay_where_none_are_given() {
    let shop = Shop::new();
    shop.put(item("a", 1, 1));
    let same = shop.live.prepare(item("a", 1, 2)).unwrap();
    assert_eq!(same.wanted(), 0);
    let attributes = NewItem {
        pictures: Vec::new(),
        ..item("a", 1, 77)
    };
    assert_eq!(shop.put(attributes.clone()), Outcome::Updated);
    assert_eq!(shop.near(1, Some("size = 77")), ["a"]);
    let catalog = shop.live.read().unwrap();
    assert_eq!(catalog.image_bytes("a", "main"), Some(picture(1)));
    drop(catalog);
    let limits = DecodeLimits::default();
    let unknown = NewItem {
        id: "b".to_owned(),
        ..attributes
    };
    let error = shop.live.prepare(unknown).unwrap_err();
    assert!(matches!(error, LiveError::NoPicture { .. }));
    let mut broken = item("c", 1, 1);
    broken.pictures[0].bytes = b"no picture".to_vec();
    let broken = shop.live.prepare(broken).unwrap();
    let error = broken.decode(0, &limits).unwrap_err().to_string();
    assert_eq!(broken.pixels(0, &limits).unwrap_err().to_string(), error);
    assert!(
        error.starts_with("item \"c\", picture \"main\": "),
        "{error}"
    );
}

/// Also where the attribute came with another change of the same commit.
#[test]
fn a_value_of_another_type_is_not_written() {
    let shop = Shop::new();
    let with = |id: &str, value: Value| {
        let mut new = item(id, 1, 1);
        new.attributes.insert("fresh".to_owned(), value);
        shop.upsert(new)
    };
    let writes = [
        with("a", Value::Integer(1)),
        with("b", Value::String("red".to_owned())),
        with("c", Value::Boolean(true)),
        with("d", Value::Float(1.5)),
        with("e", Value::String("7".to_owned())),
    ];
    let outcomes = shop.live.write(&writes).unwrap();
    let wrong = |outcome: &Result<Outcome, LiveError>| match outcome {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    };
    let told = |received: &str| {
        Some(format!(
            "attribute \"fresh\" is of type integer here, received {received:?}"
        ))
    };
    let found: Vec<_> = outcomes.iter().map(wrong).collect();
    assert_eq!(found, [None, told("red"), told("true"), None, None]);
    assert_eq!(shop.near(1, Some("fresh > 1.2")), ["d", "e"]);
}

#[test]
fn embeddings_that_stay_are_of_the_pictures_that_stay() {
    let shop = Shop::new();
    shop.put(item("a", 1, 1));
    // Somebody sends attributes alone, and somebody the same picture; before both are written a third sends another picture.
    let attributes = NewItem {
        pictures: Vec::new(),
        ..item("a", 1, 2)
    };
    let (attributes, same) = (shop.upsert(attributes), shop.upsert(item("a", 1, 3)));
    shop.put(item("a", 2, 4));
    for late in [attributes, same] {
        let error = shop.one(late).unwrap_err();
        assert!(
            matches!(error, LiveError::ChangedMeanwhile { .. }),
            "{error}"
        );
    }
    // The same in one commit, beside one that is wrong.
    let late = shop.upsert(NewItem {
        pictures: Vec::new(),
        ..item("a", 2, 5)
    });
    let long = shop.upsert(item(&"x".repeat(2_000), 1, 1));
    let writes = [
        shop.upsert(item("a", 3, 6)),
        long,
        late,
        Write::Delete("none".to_owned()),
    ];
    let outcomes = shop.live.write(&writes).unwrap();
    assert!(matches!(outcomes[0], Ok(Outcome::Updated)));
    assert!(matches!(outcomes[1], Err(LiveError::Upsert(_))));
    assert!(matches!(
        outcomes[2],
        Err(LiveError::ChangedMeanwhile { .. })
    ));
    assert!(matches!(outcomes[3], Ok(Outcome::Missing)));
    let catalog = shop.live.read().unwrap();
    assert_eq!(catalog.image_bytes("a", "main"), Some(picture(3)));
    assert_eq!(catalog.attributes("a").unwrap()["size"], Value::Integer(6));
}

#[test]
fn an_attribute_of_two_types_has_one_order() {
    let shop = Shop::new();
    for number in 0..40 {
        let mut new = item(&format!("i{number}"), number, i64::from(number));
        if number % 3 == 0 {
            let text = Value::String(format!("{number} or so"));
            new.attributes.insert("size".to_owned(), text);
        }
        shop.put(new);
        if number == 20 {
            shop.live.publish().unwrap();
        }
    }
    let catalog = shop.live.read().unwrap();
    let query = catalog.embeddings("i4").unwrap();
    let refinement = Refinement {
        order_by: Some(OrderBy {
            attribute: "size".to_owned(),
            descending: false,
        }),
        ..Refinement::default()
    };
    let options = SearchOptions {
        k: 40,
        ..SearchOptions::default()
    };
    let found = catalog
        .search_refined(&query, &options, &refinement)
        .unwrap();
    let sizes: Vec<String> = found
        .reply
        .hits
        .iter()
        .map(|hit| hit.attributes["size"].to_string())
        .collect();
    assert!(sizes.len() == 40 && sizes.is_sorted(), "{sizes:?}");
}

#[test]
fn an_item_that_is_missed_is_explained() {
    let shop = Shop::new();
    for number in 0..60 {
        shop.put(item(&format!("i{number}"), number, i64::from(number)));
    }
    let catalog = shop.live.read().unwrap();
    let query = catalog.embeddings("i4").unwrap();
    let all = shop.near(4, None);
    let ask = |id: &str, k: usize, change: &dyn Fn(&mut SearchOptions, &mut Refinement)| {
        let mut options = SearchOptions {
            k,
            ..SearchOptions::default()
        };
        let mut refinement = Refinement {
            why_not: Some(id.to_owned()),
            ..Refinement::default()
        };
        change(&mut options, &mut refinement);
        let found = catalog
            .search_refined(&query, &options, &refinement)
            .unwrap();
        found.why_not.unwrap()
    };
    let nothing = |_: &mut SearchOptions, _: &mut Refinement| {};
    assert_eq!(ask(&all[2], 5, &nothing), WhyNot::Shown { place: 2 });
    assert_eq!(ask("none", 5, &nothing), WhyNot::Collection);
    let WhyNot::Farther { depth: 5, .. } = ask(&all[30], 5, &nothing) else {
        panic!("{:?}", ask(&all[30], 5, &nothing));
    };
    let excluded = ask("i4", 5, &|options, _| {
        options.exclude = Some("i4".to_owned())
    });
    assert_eq!(excluded, WhyNot::Query);
    let filtered = ask("i5", 60, &|options, _| {
        options.filter = Some(catalog.filter("size > 10").unwrap());
    });
    assert_eq!(filtered, WhyNot::Filter);
    let low = ask(&all[50], 60, &|options, _| options.min_score = Some(0.9999));
    assert!(
        matches!(low, WhyNot::MinScore { score } if score < 0.9999),
        "{low:?}"
    );
    let later = ask(&all[7], 5, &|_, refinement| refinement.depth = Some(20));
    assert_eq!(later, WhyNot::Page { place: 7 });
    let kind = |id: &str| catalog.attributes(id).unwrap()["kind"].clone();
    let twin = all[1..].iter().find(|id| kind(id) == kind("i4")).unwrap();
    let grouped = ask(twin, 5, &|_, refinement| {
        refinement.group_by = Some("kind".to_owned())
    });
    assert_eq!(
        grouped,
        WhyNot::Group {
            shown: "i4".to_owned()
        }
    );
}

#[test]
fn writes_searches_and_publications_at_one_time() {
    let shop = Shop::new();
    for number in 0..200 {
        shop.put(item(&format!("i{number}"), number, 1));
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (shop, done) = (&shop, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let found = shop.near(thread, None);
                    assert!(found.len() >= 200 && found[0] == format!("i{thread}"));
                }
            });
        }
        let publisher = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                shop.live.publish().unwrap();
            }
        });
        for number in 200..260 {
            let id = format!("i{number}");
            shop.put(item(&id, number, 1));
            assert_eq!(
                shop.near(number, None)[0],
                id,
                "not seen after it was acknowledged"
            );
        }
        done.store(true, Ordering::Relaxed);
        publisher.join().unwrap();
    });
    let here = shop.near(7, None);
    assert_eq!((here.len(), &reopened(shop).1[0]), (260, &here));
}

#[test]
fn pages_groups_orders_and_facets() {
    let shop = Shop::new();
    for number in 0..60 {
        let mut new = item(&format!("i{number}"), number, i64::from(number * 7 % 60));
        if number == 30 {
            new.attributes.clear();
        }
        shop.put(new);
    }
    let catalog = shop.live.read().unwrap();
    let query = catalog.embeddings("i4").unwrap();
    let ids = |k, refinement: &Refinement| {
        let options = SearchOptions {
            k,
            ..SearchOptions::default()
        };
        let found = catalog
            .search_refined(&query, &options, refinement)
            .unwrap();
        let ids: Vec<String> = found.reply.hits.iter().map(|hit| hit.id.clone()).collect();
        (ids, found.facets, found.reply)
    };
    let all = ids(60, &Refinement::default()).0;
    let offset = |offset| Refinement {
        offset,
        ..Refinement::default()
    };
    let pages: Vec<String> = (0..6)
        .flat_map(|page| ids(10, &offset(10 * page)).0)
        .collect();
    assert_eq!(pages, all);
    assert_eq!(ids(10, &offset(58)).0, all[58..]);
    assert!(ids(10, &offset(1_000)).0.is_empty());
    let grouped = Refinement {
        group_by: Some("kind".to_owned()),
        facets: vec!["kind".to_owned(), "size".to_owned()],
        ..Refinement::default()
    };
    let (groups, facets, reply) = ids(10, &grouped);
    // Three kinds, and the item without one.
    assert_eq!(groups.len(), 4);
    assert_eq!(groups[0], "i4");
    let counts: Vec<_> = facets["kind"].iter().map(|value| value.count).collect();
    assert_eq!(counts.iter().sum::<usize>(), 59);
    assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    assert_eq!(facets["size"].len(), 50, "values of a facet are limited");
    assert_eq!(reply.trace.stages.last().unwrap().stage, "refine");
    let ordered = |descending| Refinement {
        order_by: Some(OrderBy {
            attribute: "size".to_owned(),
            descending,
        }),
        ..Refinement::default()
    };
    assert_eq!(ids(3, &ordered(false)).0, ["i0", "i43", "i26"]);
    assert_eq!(ids(60, &ordered(true)).0[0], "i17");
    assert_eq!(
        ids(60, &ordered(true)).0[59],
        "i30",
        "without a value comes last"
    );
    let unknown = Refinement {
        facets: vec!["colour".to_owned()],
        ..Refinement::default()
    };
    let error = catalog.search_refined(&query, &SearchOptions::default(), &unknown);
    let error = error.unwrap_err();
    assert!(matches!(error, SearchError::UnknownAttribute { .. }));
    assert_eq!(
        error.to_string(),
        "no item has an attribute \"colour\"; there are kind, size"
    );
}

#[test]
fn one_process_writes() {
    let shop = Shop::new();
    let error = LiveCatalog::open(Path::new(&shop._dir.path())).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("is held by another writer"), "{error}");
}
