//! The catalog's contents: which products there are and how each is described.

use super::palette::hue_names;
use super::random::Random;
use super::range::{Category, RANGE};

/// One product of the demo catalog.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    /// Unique: the category and a number, such as `shirt-0042`.
    pub(crate) id: String,
    /// What a shop would call it, such as "Red striped v-neck shirt".
    pub(crate) name: String,
    /// One of [`RANGE`]'s categories.
    pub(crate) category: &'static str,
    /// The kind within the category, such as "v-neck shirt".
    pub(crate) style: &'static str,
    /// The main colour's name.
    pub(crate) colour: &'static str,
    /// What is printed on it; "plain" for nothing.
    pub(crate) pattern: &'static str,
    /// What it is made of.
    pub(crate) material: &'static str,
    /// `None` for things that come in one size.
    pub(crate) size: Option<&'static str>,
    /// An invented brand.
    pub(crate) brand: &'static str,
    /// In cents, so that it is exact.
    pub(crate) price_cents: u32,
    /// Stars in tenths, 10 to 50; `None` when nobody has rated it yet.
    pub(crate) rating_tenths: Option<u32>,
    /// How many are in the warehouse.
    pub(crate) stock: u32,
    /// Whether the price is reduced.
    pub(crate) on_sale: bool,
    /// The day it came in, such as `2025-03-14`.
    pub(crate) added: String,
    /// The seed of its picture.
    pub(super) look: u64,
}

/// The columns of [`Product::row`].
pub(crate) const COLUMNS: [&str; 14] = [
    "id", "name", "category", "style", "colour", "pattern", "material", "size", "brand", "price",
    "rating", "stock", "on_sale", "added",
];

/// Streams of chance that never meet: one for the catalog, one for the queries.
const CATALOG: u64 = 1 << 32;
const QUERIES: u64 = 2 << 32;
const BRANDS: [&str; 12] = [
    "Alder & Ash",
    "Bramble",
    "Fjordling",
    "Halcyon",
    "Juniper Row",
    "Kite & Co",
    "Lumen",
    "Marlowe",
    "Northbound",
    "Papaya",
    "Tessel",
    "Wren",
];

impl Product {
    /// The values of [`COLUMNS`] as text; an empty one is a missing value.
    pub(crate) fn row(&self) -> [String; 14] {
        let tenths = |value: u32| format!("{}.{}", value / 10, value % 10);
        [
            self.id.clone(),
            self.name.clone(),
            self.category.to_owned(),
            self.style.to_owned(),
            self.colour.to_owned(),
            self.pattern.to_owned(),
            self.material.to_owned(),
            self.size.unwrap_or_default().to_owned(),
            self.brand.to_owned(),
            format!("{}.{:02}", self.price_cents / 100, self.price_cents % 100),
            self.rating_tenths.map(tenths).unwrap_or_default(),
            self.stock.to_string(),
            self.on_sale.to_string(),
            self.added.clone(),
        ]
    }
}

/// A catalog of `count` products, as many of each category as of any other (give or take one).
pub(crate) fn products(count: usize, seed: u64) -> Vec<Product> {
    let make = |index: usize| {
        let category = &RANGE[index % RANGE.len()];
        let id = format!("{}-{:04}", category.name, index / RANGE.len() + 1);
        let mut random = Random::new(seed, CATALOG + index as u64);
        let colour = colours()[random.below(colours().len() as u64) as usize];
        describe(id, category, colour, &mut random)
    };
    (0..count).map(make).collect()
}

/// `count` products that are not in any catalog of [`products`], for searching with.
///
/// Neighbours in the list differ in category and colour.
pub(crate) fn queries(count: usize, seed: u64) -> Vec<Product> {
    let make = |index: usize| {
        let category = &RANGE[index * 5 % RANGE.len()];
        let id = format!("query-{:02}-{}", index + 1, category.name);
        let mut random = Random::new(seed, QUERIES + index as u64);
        let colour = colours()[(index * 7 + 1) % colours().len()];
        describe(id, category, colour, &mut random)
    };
    (0..count).map(make).collect()
}

fn colours() -> Vec<&'static str> {
    hue_names().collect()
}

fn describe(id: String, category: &Category, colour: &'static str, random: &mut Random) -> Product {
    let style = random.pick(category.styles);
    let pattern = if random.chance(34) {
        "plain"
    } else {
        random.pick(category.patterns)
    };
    let on_sale = random.chance(18);
    Product {
        id,
        name: name(colour, pattern, style),
        category: category.name,
        style,
        colour,
        pattern,
        material: random.pick(category.materials),
        size: (!category.sizes.is_empty()).then(|| random.pick(category.sizes)),
        brand: random.pick(&BRANDS),
        price_cents: price(category, on_sale, random),
        rating_tenths: random
            .chance(88)
            .then(|| 50 - (random.below(5) * random.below(5)) as u32),
        stock: random.below(120) as u32,
        on_sale,
        added: date(random),
        look: random.next(),
    }
}

/// "Red striped v-neck shirt".
fn name(colour: &str, pattern: &str, style: &str) -> String {
    let (first, rest) = colour.split_at(1);
    let colour = first.to_uppercase() + rest;
    match pattern {
        "plain" => format!("{colour} {style}"),
        _ => format!("{colour} {pattern} {style}"),
    }
}

/// A price within the category's span, ending as prices do.
fn price(category: &Category, on_sale: bool, random: &mut Random) -> u32 {
    let (low, high) = category.euros;
    let euros = low + random.below(u64::from(high - low)) as u32;
    let full = euros * 100 + random.pick(&[0, 50, 90, 95, 99]);
    if on_sale { full / 4 * 3 } else { full }
}

/// A day of 2023, 2024 or 2025; never after the 28th, so that every month has it.
fn date(random: &mut Random) -> String {
    let (year, month, day) = (
        2023 + random.below(3),
        1 + random.below(12),
        1 + random.below(28),
    );
    format!("{year}-{month:02}-{day:02}")
}
