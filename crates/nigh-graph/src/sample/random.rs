/// A small generator of our own, so that a sample drawn from a seed is the same with every version of every dependency:
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, §5).
#[derive(Clone, Debug, PartialEq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// A stream of its own for each row of numbers: (seed, step, node) and the like.
    #[must_use]
    pub fn stream(parts: &[u64]) -> Random {
        let fold = |state, &part: &u64| mixed(state ^ mixed(part.wrapping_add(GOLDEN)));
        Random::new(parts.iter().fold(GOLDEN, fold))
    }

    /// The next 64 bits.
    #[must_use]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mixed(self.state)
    }

    /// From 0 up to, but not including, 1.
    #[must_use]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From 0 up to, but not including, `end`; 0 if that is 0.
    #[must_use]
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// From the standard normal distribution (Box and Muller, "A note on the generation of random normal deviates", 1958).
    #[must_use]
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
