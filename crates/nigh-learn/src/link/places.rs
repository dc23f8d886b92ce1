//! How good is a value among others of its kind?

use super::features::{RANKED, WIDTH};
use super::tables::Facts;

/// Where ranks begin in a row.
const PLACES_AT: usize = WIDTH - 2 * RANKED;

/// Where place 8 is in [`Facts::allocations`].
pub(super) const PLACE_8: usize = 3;

/// Where a value would stand in a list of which the values at places 1, 2, 4 … are known, as a binary logarithm; between two
/// of them by how near it comes to the better one.
pub(super) fn place(known: &[f32; Facts::PLACES], value: f32) -> f32 {
    let Some(first) = known.iter().position(|&known| value >= known) else {
        return Facts::PLACES as f32;
    };
    let below = known[first];
    match first.checked_sub(1).map(|better| known[better] - below) {
        Some(gap) if gap > 0.0 => first as f32 - ((value - below) / gap).min(1.0),
        _ => first as f32,
    }
}

/// `value / of`, 0 where that says nothing.
pub(super) fn share(value: f32, of: f32) -> f32 {
    if of > 0.0 { value / of } else { 0.0 }
}

/// Fills in what ranked features of each row are among all rows; equal ones have the same place.
pub(super) fn add_places(rows: &mut [f32]) {
    let count = rows.len() / WIDTH;
    let mut order: Vec<usize> = (0..count).collect();
    for column in 0..RANKED {
        order.sort_unstable_by(|&a, &b| {
            rows[b * WIDTH + column].total_cmp(&rows[a * WIDTH + column])
        });
        let mut place = 0;
        let mut last = f32::NAN;
        let best = order.first().map_or(0.0, |&row| rows[row * WIDTH + column]);
        for (at, &row) in order.iter().enumerate() {
            let row = &mut rows[row * WIDTH..(row + 1) * WIDTH];
            if row[column] != last {
                (place, last) = (at, row[column]);
            }
            row[PLACES_AT + column] = place as f32;
            row[PLACES_AT + RANKED + column] = share(row[column], best);
        }
    }
}
