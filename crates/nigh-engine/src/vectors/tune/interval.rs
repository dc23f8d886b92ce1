//! How far a measured mean may be from the true one.

use serde::{Deserialize, Serialize};

/// A mean and where the true one lies, with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Of the queries measured.
    pub mean: f64,
    /// The true mean is hardly less.
    pub low: f64,
    /// And hardly more.
    pub high: f64,
}

/// What a hard query finds.
const HARD: f64 = 0.5;

/// The normal distribution's 97.5th percentile.
const Z: f64 = 1.959_964;

impl Interval {
    /// Of an exact search, which misses nothing.
    pub(in crate::vectors) const CERTAIN: Interval = Interval {
        mean: 1.0,
        low: 1.0,
        high: 1.0,
    };

    /// Of the mean of shares between 0 and 1, each of `parts` neighbours of one query. Neighbours of one query are found or missed
    /// together, so that they count for fewer than they are: the shares' own variance says for how many (the design effect:
    /// Kish, *Survey Sampling*, 1965, §8.2), and for so many trials Wilson's interval is taken ("Probable inference, the law
    /// of succession, and statistical inference", JASA 1927), which holds near 1 too, where recall lies. The
    /// variance is taken as if one hard query more had been met.
    pub fn of_mean(shares: &[f64], parts: usize) -> Interval {
        let count = shares.len() as f64;
        if shares.is_empty() {
            return Interval {
                mean: 0.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let mean = shares.iter().sum::<f64>() / count;
        // One hard query more than were met: a small sample may have missed the rare ones.
        let cautious = (count * mean + HARD) / (count + 1.0);
        let spread: f64 = shares.iter().map(|share| (share - cautious).powi(2)).sum();
        let variance = (spread + (HARD - cautious).powi(2)) / count;
        let trials = if variance > 0.0 {
            let trials = count * cautious * (1.0 - cautious) / variance;
            trials.clamp(1.0, count * parts as f64)
        } else {
            count
        };
        wilson(mean, trials)
    }
}

fn wilson(mean: f64, trials: f64) -> Interval {
    let weight = Z * Z / trials;
    let middle = (mean + weight / 2.0) / (1.0 + weight);
    let half = Z / (1.0 + weight) * (mean * (1.0 - mean) / trials + weight / (4.0 * trials)).sqrt();
    Interval {
        mean,
        low: (middle - half).clamp(0.0, mean),
        high: (middle + half).clamp(mean, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares like those of real queries: most find all, some miss much together.
    fn population(hard: f64, count: usize) -> Vec<f64> {
        let mut random = fastrand::Rng::with_seed(7);
        let share = |_| {
            let found = if random.f64() < hard { 0.6 } else { 0.995 };
            (0..10).filter(|_| random.f64() < found).count() as f64 / 10.0
        };
        (0..count).map(share).collect()
    }

    #[test]
    fn the_true_mean_lies_within_as_often_as_stated() {
        let mut wrong = Vec::new();
        for hard in [0.0, 0.02, 0.1, 0.4] {
            for sample in [50, 200, 1000] {
                let population = population(hard, 100_000);
                let truth = population.iter().sum::<f64>() / population.len() as f64;
                let mut random = fastrand::Rng::with_seed(1);
                let held = (0..2000).filter(|_| {
                    let drawn: Vec<f64> = (0..sample)
                        .map(|_| population[random.usize(..population.len())])
                        .collect();
                    let interval = Interval::of_mean(&drawn, 10);
                    interval.low <= truth && truth <= interval.high
                });
                let coverage = held.count() as f64 / 2000.0;
                if coverage < 0.93 {
                    wrong.push(format!("{hard} of {sample}: {coverage}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn edges_are_no_certainty() {
        let perfect = Interval::of_mean(&[1.0; 100], 10);
        assert!(
            perfect.high == 1.0 && (0.975..0.985).contains(&perfect.low),
            "{perfect:?}"
        );
        let none = Interval::of_mean(&[], 10);
        assert_eq!((none.low, none.high), (0.0, 1.0));
        let one = Interval::of_mean(&[0.5], 10);
        assert!(one.low < 0.2 && one.high > 0.8, "{one:?}");
    }
}
