use crate::{Fingerprint, Picture};

/// Placeholder until the descriptor is here.
#[derive(Clone, Debug, Default)]
pub struct FeaturesEncoder;

impl FeaturesEncoder {
    /// Placeholder.
    #[must_use]
    pub fn new() -> FeaturesEncoder {
        FeaturesEncoder
    }

    /// Placeholder.
    #[must_use]
    pub fn dimension(&self) -> usize {
        1
    }

    /// Placeholder.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            architecture: "features".into(),
            weights: "placeholder".into(),
            preprocessing: "placeholder".into(),
            dimension: 1,
            precision: "f32".into(),
        }
    }

    /// Placeholder.
    #[must_use]
    pub fn encode(&self, pictures: &[Picture]) -> Vec<f32> {
        vec![1.0; pictures.len()]
    }
}
