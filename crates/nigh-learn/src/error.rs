/// Why nothing could be learned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// There is nothing to learn from.
    #[error("a graph of {nodes} people has no edges to learn from")]
    NoEdges {
        /// How many people there are.
        nodes: usize,
    },
    /// A setting is out of its range.
    #[error("{setting} is {value}, expected {expected}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What it was.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The loss is no number any more: the learning rate is too high, or the features are too large.
    #[error("the loss of step {step} is no finite number; a lower learning rate may help")]
    Diverged {
        /// The step, from 1.
        step: usize,
    },
}

impl LearnError {
    pub(crate) fn check_positive(settings: &[(&'static str, f64)]) -> Result<(), LearnError> {
        let good = |value: f64| value.is_finite() && value > 0.0;
        match settings.iter().find(|setting| !good(setting.1)) {
            Some(&(setting, value)) => Err(LearnError::Setting {
                setting,
                value,
                expected: "a number above 0",
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_share(setting: &'static str, value: f64) -> Result<(), LearnError> {
        let expected = "a share from 0 to 1";
        match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => Err(LearnError::Setting {
                setting,
                value,
                expected,
            }),
        }
    }
}

/// How training goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps taken.
    pub step: usize,
    /// The loss of the last one.
    pub loss: f32,
    /// Mean reciprocal rank of the validation links.
    pub validation_mrr: f64,
}
