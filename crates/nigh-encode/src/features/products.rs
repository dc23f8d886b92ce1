//! The descriptor against raw pixels, on photos of real products.

use std::path::PathBuf;

use super::FeaturesEncoder;
use super::canvas::{Canvas, HEIGHT, WIDTH};
use crate::{DecodeLimits, Picture, decode};

/// Queries: every second product.
const EVERY: usize = 2;
const HITS: usize = 10;

struct Product {
    picture: Picture,
    /// `articleType` and `baseColour`.
    labels: [String; 2],
}

/// The folder of products, or `None`, said aloud, where the data is not at hand.
fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("NIGH_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = data.join("products-folder");
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|value| value == "1");
    assert!(
        !required,
        "NIGH_REQUIRE_DATA=1, but {} is missing",
        folder.display()
    );
    eprintln!(
        "skipped: {} is missing (set NIGH_TEST_DATA)",
        folder.display()
    );
    None
}

fn read(folder: &std::path::Path) -> Vec<Product> {
    let table = std::fs::read_to_string(folder.join("styles.csv")).unwrap();
    let product = |line: &str| {
        // Only the name, which comes last, holds commas.
        let fields: Vec<&str> = line.split(',').collect();
        let file = folder.join("images").join(format!("{}.jpg", fields[0]));
        let picture = decode(&std::fs::read(file).ok()?, &DecodeLimits::default()).ok()?;
        Some(Product {
            picture,
            labels: [fields[4].to_owned(), fields[5].to_owned()],
        })
    };
    table.lines().skip(1).filter_map(product).collect()
}

/// 16 × 16 means of red, green and blue, less their mean over all products, of length 1.
fn raw_pixels(products: &[Product]) -> Vec<f32> {
    let mut canvas = Canvas::new();
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for product in products {
        canvas.draw(&product.picture);
        let mut row = vec![0.0; 16 * 16 * 3];
        for (channel, plane) in canvas.planes.iter().enumerate() {
            for (i, value) in plane.as_flattened().iter().enumerate() {
                let (x, y) = (i % WIDTH * 16 / WIDTH, i / WIDTH * 16 / HEIGHT);
                row[(y * 16 + x) * 3 + channel] += value;
            }
        }
        rows.push(row);
    }
    let mean: Vec<f32> = (0..16 * 16 * 3)
        .map(|i| rows.iter().map(|row| row[i]).sum::<f32>() / rows.len() as f32)
        .collect();
    for row in &mut rows {
        row.iter_mut()
            .zip(&mean)
            .for_each(|(value, mean)| *value -= mean);
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        row.iter_mut().for_each(|value| *value /= norm);
    }
    rows.concat()
}

/// The share of the ten nearest, the query left out, that have the query's label.
fn precision(products: &[Product], embeddings: &[f32]) -> [f32; 2] {
    let dimension = embeddings.len() / products.len();
    let rows: Vec<&[f32]> = embeddings.chunks_exact(dimension).collect();
    let (mut right, mut asked) = ([0; 2], 0);
    for query in (0..products.len()).step_by(EVERY) {
        let score = |row: &[f32]| nigh_simd::dot(rows[query], row);
        let mut hits: Vec<(usize, f32)> = rows.iter().map(|row| score(row)).enumerate().collect();
        hits.swap_remove(query);
        hits.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        asked += HITS;
        for (label, right) in right.iter_mut().enumerate() {
            let same = |hit: &&(usize, f32)| {
                products[hit.0].labels[label] == products[query].labels[label]
            };
            *right += hits[..HITS].iter().filter(same).count();
        }
    }
    right.map(|right| right as f32 / asked as f32)
}

#[test]
fn clearly_better_than_raw_pixels() {
    let Some(folder) = folder() else { return };
    let products = read(&folder);
    assert!(
        products.len() >= 1900,
        "{} products could be read",
        products.len()
    );
    let pixels = precision(&products, &raw_pixels(&products));
    let pictures: Vec<Picture> = products
        .iter()
        .map(|product| product.picture.clone())
        .collect();
    let features = precision(&products, &FeaturesEncoder::new().encode(&pictures));
    eprintln!("articleType, baseColour: features {features:?}, raw pixels {pixels:?}");
    // Among so few products most have no ten of their type and colour, so that colour gains less
    // than on a whole catalog (0.43 against 0.36).
    let least = [pixels[0] + 0.08, pixels[1] + 0.01];
    assert!(
        features[0] > least[0] && features[1] > least[1],
        "{features:?}, at least {least:?}"
    );
}
