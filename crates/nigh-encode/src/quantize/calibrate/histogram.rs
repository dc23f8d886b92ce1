use super::RangeRule;

/// Counts of magnitudes in bins of one width; the width doubles when a larger value comes.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    /// The upper end of the last bin.
    limit: f32,
    negative: bool,
}

const BINS: usize = 4096;

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BINS],
            limit: 0.0,
            negative: false,
        }
    }
}

impl Histogram {
    pub(super) fn extend(&mut self, values: &[f32]) {
        let finite = values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = finite.clone().fold((0f32, 0f32), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        self.negative |= low < 0.0;
        self.reach(high.max(-low));
        let per_bin = BINS as f32 / self.limit;
        for value in finite {
            let bin = ((value.abs() * per_bin) as usize).min(BINS - 1);
            self.counts[bin] += 1;
        }
    }

    /// Makes room for values up to `largest`.
    fn reach(&mut self, largest: f32) {
        if self.limit == 0.0 {
            self.limit = largest.max(f32::MIN_POSITIVE);
        }
        while self.limit < largest {
            for bin in 0..BINS {
                let pair = |at: usize| self.counts.get(2 * bin + at).copied().unwrap_or(0);
                self.counts[bin] = pair(0) + pair(1);
            }
            self.limit *= 2.0;
        }
    }

    /// The lowest and the highest value to represent.
    pub(super) fn range(&self, rule: RangeRule) -> (f32, f32) {
        let clip = match rule {
            RangeRule::Percentile(share) => self.percentile(share),
            RangeRule::LeastSquares => self.least_squares(),
        };
        (if self.negative { -clip } else { 0.0 }, clip)
    }

    fn percentile(&self, share: f64) -> f32 {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let bin = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        self.end_of(bin.unwrap_or(BINS - 1))
    }

    /// Tries the end of every 32nd bin, and of the last that holds a value.
    fn least_squares(&self) -> f32 {
        let last = self.counts.iter().rposition(|count| *count > 0);
        let last = last.unwrap_or(BINS - 1);
        let ends = (31..last).step_by(32).chain([last]);
        let error = |bin: &usize| self.squared_error(self.end_of(*bin));
        let best = ends.min_by(|a, b| error(a).total_cmp(&error(b)));
        self.end_of(best.unwrap_or(last))
    }

    /// Rounding costs a twelfth of the squared step for each value within, clipping the squared
    /// distance for each beyond.
    fn squared_error(&self, clip: f32) -> f64 {
        let steps = if self.negative { 127.0 } else { 255.0 };
        let rounding = (f64::from(clip) / steps).powi(2) / 12.0;
        let width = f64::from(self.limit) / BINS as f64;
        let bins = self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        bins.map(|(bin, count)| {
            let beyond = (bin as f64 + 0.5) * width - f64::from(clip);
            *count as f64
                * if beyond > 0.0 {
                    beyond * beyond
                } else {
                    rounding
                }
        })
        .sum()
    }

    fn end_of(&self, bin: usize) -> f32 {
        self.limit * (bin + 1) as f32 / BINS as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_a_wider_value() {
        let mut histogram = Histogram::default();
        histogram.extend(&[0.5, -1.0, 0.25]);
        histogram.extend(&[100.0]);
        assert_eq!(histogram.counts.iter().sum::<u64>(), 4);
        let highest = histogram.range(RangeRule::Percentile(1.0)).1;
        assert!((100.0..=100.1).contains(&highest), "{highest}");
        assert!(histogram.range(RangeRule::Percentile(0.75)).1 < 1.1);
        assert!(histogram.range(RangeRule::Percentile(0.75)).0 < -0.99);
    }

    #[test]
    fn a_lone_outlier_is_cut_off_and_a_plain_range_is_kept() {
        let mut plain = Histogram::default();
        plain.extend(&(0..10_000).map(|i| i as f32 / 10_000.0).collect::<Vec<_>>());
        let (low, high) = plain.range(RangeRule::LeastSquares);
        assert_eq!(low, 0.0);
        assert!(high > 0.98, "{high}");
        // A million small values and one large: finer steps for all outweigh one clipped value.
        let mut tailed = Histogram::default();
        tailed.extend(&vec![0.1; 1_000_000]);
        tailed.extend(&[4.0]);
        let (_, high) = tailed.range(RangeRule::LeastSquares);
        assert!(high < 2.0, "{high}");
    }

    #[test]
    fn zeros_alone_give_a_range() {
        let mut zeros = Histogram::default();
        zeros.extend(&[0.0; 8]);
        let (low, high) = zeros.range(RangeRule::LeastSquares);
        assert!(low == 0.0 && high > 0.0, "{low} {high}");
    }
}
