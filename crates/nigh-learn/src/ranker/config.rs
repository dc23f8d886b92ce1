use super::RankerError;

/// What a ranker's trees bring down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RankerLoss {
    /// The logistic loss of each candidate on its own: the cheapest, and as good with many candidates of few people.
    #[default]
    Logistic,
    /// LambdaMART: the logistic loss of pairs, weighted by what their exchange does to NDCG.
    LambdaNdcg,
}

/// How a ranker is trained; the defaults were measured on held-out friendships of three networks.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RankerConfig {
    /// What its trees bring down.
    pub loss: RankerLoss,
    /// Rounds at most, one tree each.
    pub rounds: usize,
    /// Rounds without a better validation after which training ends.
    pub patience: usize,
    /// What share of a tree's correction is taken.
    pub learning_rate: f64,
    /// Leaves of a tree at most.
    pub leaves: usize,
    /// Splits from the root to a leaf at most; scoring takes this many steps a tree.
    pub depth: usize,
    /// The least second derivative of the loss in a leaf: what keeps leaves of a few pairs away.
    pub min_child_weight: f64,
    /// Share of rows that a tree sees, above 0 and at most 1.
    pub row_share: f64,
    /// Share of features that a tree sees, above 0 and at most 1.
    pub feature_share: f64,
    /// L2 penalty on leaves.
    pub l2: f64,
    /// Values that a feature is rounded to while trees are grown.
    pub bins: usize,
    /// With [`RankerLoss::LambdaNdcg`], the first so many candidates, as ranked so far, are compared with all below them.
    pub pairs: usize,
    /// Rankers trained with different seeds, whose mean is the score.
    pub models: usize,
    /// Where randomness starts.
    pub seed: u64,
}

impl Default for RankerConfig {
    fn default() -> RankerConfig {
        RankerConfig {
            loss: RankerLoss::default(),
            rounds: 250,
            patience: 40,
            learning_rate: 0.07,
            leaves: 15,
            depth: 7,
            min_child_weight: 1.0,
            row_share: 0.8,
            feature_share: 0.5,
            l2: 1.0,
            bins: 64,
            pairs: 32,
            models: 1,
            seed: 0,
        }
    }
}

impl RankerConfig {
    pub(super) fn check(&self) -> Result<(), RankerError> {
        let counts = [
            ("rounds", self.rounds, 1),
            ("patience", self.patience, 1),
            ("leaves", self.leaves, 2),
            ("depth", self.depth, 1),
            ("bins", self.bins, 2),
            ("pairs", self.pairs, 1),
            ("models", self.models, 1),
        ];
        let count = |(name, value, least): (&'static str, usize, usize)| {
            let expected = format!("at least {least}");
            setting(value >= least, name, value as f64, &expected)
        };
        counts.into_iter().try_for_each(count)?;
        for (name, value) in [
            ("row_share", self.row_share),
            ("feature_share", self.feature_share),
            ("learning_rate", self.learning_rate),
        ] {
            let good = value > 0.0 && value <= 1.0;
            setting(good, name, value, "above 0 and at most 1")?;
        }
        for (name, value) in [("min_child_weight", self.min_child_weight), ("l2", self.l2)] {
            let good = value.is_finite() && value >= 0.0;
            setting(good, name, value, "a number not below 0")?;
        }
        Ok(())
    }
}

fn setting(good: bool, name: &'static str, value: f64, expected: &str) -> Result<(), RankerError> {
    let expected = expected.to_owned();
    let error = RankerError::Setting {
        name,
        value,
        expected,
    };
    if good { Ok(()) } else { Err(error) }
}
