//! A small generator of our own, so that an index built from a seed is the same with every version of every dependency.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, §5).
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From the standard normal distribution (Box and Muller, "A note on the generation of random normal deviates", 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// From 0 up to, but not including, `end`; 0 if that is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// `count` of the numbers below `end`, ascending, or all if there are no more (Knuth, *The Art of Computer Programming*
    /// vol. 2, §3.4.2, algorithm S).
    pub(crate) fn pick(&mut self, end: usize, count: usize) -> Vec<u32> {
        let mut picked = Vec::with_capacity(count.min(end));
        for i in 0..end {
            let wanted = count.min(end) - picked.len();
            if self.below(end - i) < wanted {
                picked.push(i as u32);
            }
        }
        picked
    }
}
