//! Randomness of our own: the same data with every version of every dependency.

use std::f64::consts::TAU;

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, §5).
pub(super) struct Random {
    state: u64,
    /// The second normal number of a pair.
    spare: Option<f32>,
}

impl Random {
    /// Its own sequence for each of (seed, stream, chunk).
    pub(super) fn new(seed: u64, stream: u64, chunk: u64) -> Random {
        let mut random = Random {
            state: 0,
            spare: None,
        };
        for word in [seed, stream, chunk] {
            random.state = random.next() ^ word;
        }
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not including, 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Mean 0, deviation 1 (Box and Muller 1958).
    pub(super) fn normal(&mut self) -> f32 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sine, cosine) = (TAU * self.unit()).sin_cos();
        self.spare = Some((radius * sine) as f32);
        (radius * cosine) as f32
    }

    /// Mean 0, deviation 1, nearly normal and cheap: the sum of four uniform numbers of 16 bits.
    pub(super) fn noise(&mut self) -> f32 {
        let word = self.next();
        let sum: u32 = (0..4)
            .map(|part| (word >> (16 * part)) as u32 & 0xffff)
            .sum();
        (sum as f32 / 65536.0 - 2.0) * 3.0_f32.sqrt()
    }
}
