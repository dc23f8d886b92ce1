use super::{LinkCandidates, LinkConfig, LinkError, link_feature_names};
use crate::gnn::{from_bytes, to_bytes};
use crate::{Embedder, ProfileEncoder, Ranker};

/// Puts a person's candidates in order: trees over the features of [`LINK_FEATURES`](super::LINK_FEATURES), and how candidates
/// were looked for and people embedded when they were grown.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkModel {
    ranker: Ranker,
    config: LinkConfig,
    embedder: Embedder,
    /// How attributes became profiles.
    pub profiles: ProfileEncoder,
}

const MODEL: (&[u8; 8], &str) = (b"nigh-lnk", "link model");

impl LinkModel {
    pub(super) fn new(ranker: Ranker, config: LinkConfig, embedder: Embedder) -> LinkModel {
        let profiles = ProfileEncoder::default();
        LinkModel {
            ranker,
            config,
            embedder,
            profiles,
        }
    }

    /// How people are embedded.
    #[must_use]
    pub fn embedder(&self) -> &Embedder {
        &self.embedder
    }

    /// Puts the score of each candidate into `scores`, which is emptied first; higher is likelier. Scores compare candidates of
    /// one person only.
    ///
    /// # Errors
    /// Where the candidates' rows are not whole.
    pub fn score(
        &self,
        candidates: &LinkCandidates,
        scores: &mut Vec<f32>,
    ) -> Result<(), LinkError> {
        Ok(self.ranker.score(&candidates.rows, scores)?)
    }

    /// How candidates and tables are to be computed for it.
    #[must_use]
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// What each value of a row brought in training, the most first; all together are 1.
    #[must_use]
    pub fn importance(&self) -> Vec<(&str, f32)> {
        self.ranker.importance()
    }

    /// How many trees score a candidate.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.ranker.trees()
    }

    /// The model as bytes, with a version and a checksum.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, LinkError> {
        let others = (&self.config, &self.embedder, &self.profiles);
        Ok(to_bytes(MODEL.0, &(others, self.ranker.encode()))?)
    }

    /// The model of these bytes.
    ///
    /// # Errors
    /// Where they are none, of another version, damaged, or were trained on other features than are computed today.
    pub fn decode(bytes: &[u8]) -> Result<LinkModel, LinkError> {
        let (others, ranker): ((LinkConfig, Embedder, ProfileEncoder), Vec<u8>) =
            from_bytes(MODEL, bytes)?;
        let ranker = Ranker::decode(&ranker, &link_feature_names())?;
        let (config, embedder, profiles) = others;
        Ok(LinkModel {
            ranker,
            config,
            embedder,
            profiles,
        })
    }
}
