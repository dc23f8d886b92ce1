//! Which of these candidates first?
//!
//! Gradient-boosted trees over whatever is known of a person and a candidate, trained on held-out edges: candidate by
//! candidate, or by LambdaMART to put the relevant ones of each person at the top (Burges, "From RankNet to LambdaRank to
//! LambdaMART: An Overview", MSR-TR-2010-82, §6–7). The trees are grown by the crate `hessboost`; they are kept and scored
//! here, in a form that needs nothing of it.

mod boosting;
mod config;
mod error;
mod examples;
mod forest;
mod format;

pub use config::{RankerConfig, RankerLoss};
pub use error::RankerError;
pub use examples::RankerExamples;

use forest::Forest;

/// Trees that score candidates; the higher, the sooner they should be shown.
///
/// Scores compare candidates of one person only.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranker {
    features: Vec<String>,
    importance: Vec<f32>,
    forest: Forest,
}

impl Ranker {
    /// Grows trees on examples, at most [`RankerConfig::rounds`] for each of [`RankerConfig::models`]; with validation
    /// examples, up to the round after which these rank best (NDCG of the first 10).
    ///
    /// Validation examples should come from other held-out edges than those of training: the same edge seen from its two
    /// ends would else be on both sides. The same examples, settings and seed give the same ranker on any number of threads.
    ///
    /// # Errors
    /// [`RankerError`] where there is nothing to learn from, features are infinite, the validation examples have other
    /// features, or a setting is out of its range.
    pub fn train(
        examples: &RankerExamples,
        validation: Option<&RankerExamples>,
        config: &RankerConfig,
    ) -> Result<Ranker, RankerError> {
        config.check()?;
        examples.check()?;
        if let Some(validation) = validation {
            validation.check()?;
            error::check_features(validation.features(), examples.features())?;
        }
        let grown = boosting::grow(examples, validation, config)?;
        let features = examples.features().to_vec();
        let mut importance = grown.importance;
        importance.resize(features.len(), 0.0);
        let forest = grown.forest;
        Ok(Ranker {
            features,
            importance,
            forest,
        })
    }

    /// Puts the score of each row into `scores`, which is emptied first. A row has one value for each of
    /// [`Ranker::features`], in their order; NaN says that it is not known.
    ///
    /// # Errors
    /// [`RankerError::Width`] where `rows` does not hold whole rows.
    pub fn score(&self, rows: &[f32], scores: &mut Vec<f32>) -> Result<(), RankerError> {
        error::check_width(rows.len(), self.features.len())?;
        self.forest.score(rows, self.features.len(), scores);
        Ok(())
    }

    /// The names of the features, in the order of a row.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// What each feature brought in training, the most first: its share of the loss that all splits took away.
    #[must_use]
    pub fn importance(&self) -> Vec<(&str, f32)> {
        let names = self.features.iter().map(String::as_str);
        let mut shares: Vec<_> = names.zip(self.importance.iter().copied()).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        shares
    }

    /// How many trees score a row.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.forest.trees()
    }

    /// The ranker as bytes that [`Ranker::decode`] reads, with a version and a checksum.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        format::encode(self)
    }

    /// Reads a ranker and makes sure that it was trained on the features that are computed today.
    ///
    /// # Errors
    /// [`RankerError`] where the bytes are no ranker, damaged, of an unknown version, or of other features.
    pub fn decode<S: AsRef<str>>(bytes: &[u8], features: &[S]) -> Result<Ranker, RankerError> {
        let ranker = format::decode(bytes)?;
        error::check_features(&ranker.features, features)?;
        Ok(ranker)
    }
}
