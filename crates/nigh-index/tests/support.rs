//! What the tests of this crate share: seeded data.
#![allow(dead_code, reason = "each test file uses its own part")]

/// A small linear congruential generator; tests need repeatable data, not good randomness.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    /// From 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 16_777_216.0
    }

    /// About normal: mean 0, deviation 1.
    pub(crate) fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

/// Points around `centers` common centres, row-major: what real embeddings look like to an index.
pub(crate) fn clustered(count: usize, dim: usize, centers: usize, seed: u32) -> Vec<f32> {
    let mut place = Random(77);
    let middle: Vec<f32> = (0..centers * dim).map(|_| place.normal()).collect();
    let mut random = Random(seed);
    let mut values = Vec::with_capacity(count * dim);
    for _ in 0..count {
        let center = (random.unit() * centers as f32) as usize * dim;
        values.extend(
            middle[center..center + dim]
                .iter()
                .map(|x| x + 0.7 * random.normal()),
        );
    }
    values
}
