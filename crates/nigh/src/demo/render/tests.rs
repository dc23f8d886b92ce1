use super::range::RANGE;
use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// The first product of every style.
fn one_of_each_style() -> Vec<Product> {
    let mut seen = BTreeSet::new();
    products(2_000, 7)
        .into_iter()
        .filter(|product| seen.insert(product.style))
        .collect()
}

#[test]
fn the_catalog_is_balanced_and_its_ids_are_unique() {
    let catalog = products(3_000, 7);
    let ids: BTreeSet<_> = catalog.iter().map(|product| &product.id).collect();
    assert_eq!(ids.len(), catalog.len());
    let mut counts = BTreeMap::new();
    for product in &catalog {
        *counts.entry(product.category).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), RANGE.len());
    assert!(
        counts.values().all(|count| (166..=167).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn a_seed_is_a_catalog() {
    assert_eq!(products(100, 7), products(100, 7));
    assert_ne!(products(100, 7), products(100, 8));
    assert_eq!(products(100, 7), products(200, 7)[..100]);
}

/// The attributes are the same on every platform: these were drawn on x86-64.
#[test]
fn the_first_products_stay_what_they_are() {
    let names: Vec<_> = products(6, 7)
        .into_iter()
        .map(|p| format!("{} {} {}", p.id, p.name, p.price_cents))
        .collect();
    assert_eq!(
        names,
        [
            "shirt-0001 Red zigzag v-neck shirt 2995",
            "sneaker-0001 Green slip-on 11199",
            "handbag-0001 Blue checked satchel 4699",
            "lamp-0001 Olive dotted table lamp 4100",
            "dress-0001 Yellow dotted sundress 12095",
            "watch-0001 White striped diver watch 8295",
        ]
    );
}

#[test]
fn queries_are_not_in_the_catalog() {
    let catalog = products(3_000, 7);
    let looks: BTreeSet<_> = catalog.iter().map(|product| product.look).collect();
    let asked = queries(18, 7);
    assert!(asked.iter().all(|query| !looks.contains(&query.look)));
    let categories: BTreeSet<_> = asked.iter().map(|query| query.category).collect();
    assert_eq!(categories.len(), RANGE.len());
    let neighbours = asked
        .windows(2)
        .all(|pair| pair[0].colour != pair[1].colour);
    assert!(neighbours, "two queries of one colour in a row");
}

#[test]
fn rows_are_plain_csv() {
    for product in products(1_000, 7) {
        let row = product.row();
        assert!(
            row.iter().all(|value| !value.contains([',', '"', '\n'])),
            "{row:?}"
        );
        assert_eq!(
            row[9].parse::<f64>(),
            Ok(f64::from(product.price_cents) / 100.0),
            "{row:?}"
        );
        assert_eq!(row[13].len(), 10, "{row:?}");
    }
}

#[test]
fn every_style_is_drawn_its_own_way() {
    let all = one_of_each_style();
    let styles: usize = RANGE.iter().map(|category| category.styles.len()).sum();
    assert_eq!(all.len(), styles);
    let pictures: BTreeSet<_> = all.iter().map(|product| render(product, 48)).collect();
    assert_eq!(pictures.len(), styles);
}

/// Only the style differs here: an artist that does not know a style would draw its default.
#[test]
fn no_style_falls_back_to_another() {
    for category in &RANGE {
        let mut product = products(RANGE.len(), 7)
            .into_iter()
            .find(|product| product.category == category.name);
        let mut pictures = BTreeSet::new();
        for style in category.styles {
            if let Some(product) = &mut product {
                product.style = style;
                pictures.insert(render(product, 48));
            }
        }
        assert_eq!(pictures.len(), category.styles.len(), "{}", category.name);
    }
}

#[test]
fn every_picture_shows_something_on_a_light_backdrop() {
    for product in one_of_each_style() {
        let rgb = render(&product, SIDE);
        assert_eq!(rgb.len(), (SIDE * SIDE * 3) as usize);
        let corner = &rgb[..3];
        assert!(
            corner.iter().all(|&channel| channel > 200),
            "{}: {corner:?}",
            product.name
        );
        let far = |pixel: &&[u8]| pixel.iter().zip(corner).any(|(a, b)| a.abs_diff(*b) > 24);
        let share = rgb.chunks_exact(3).filter(far).count() * 100 / (SIDE * SIDE) as usize;
        assert!(
            (6..85).contains(&share),
            "{}: {share} % of the picture is drawn on",
            product.name
        );
    }
}

#[test]
fn a_picture_is_the_same_every_time_and_unlike_its_siblings() {
    let mut product = products(1, 7).remove(0);
    let first = render(&product, SIDE);
    assert_eq!(first, render(&product, SIDE));
    product.look ^= 1;
    assert_ne!(first, render(&product, SIDE));
}

#[test]
fn pictures_become_small_jpeg_files() {
    let product = products(1, 7).remove(0);
    let file = encode_jpeg(&render(&product, SIDE), SIDE).unwrap();
    assert!(file.starts_with(&[0xFF, 0xD8, 0xFF]));
    assert!(
        (2_000..16_000).contains(&file.len()),
        "{} bytes",
        file.len()
    );
}
