use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything that an embedding's numbers depend on besides the picture.
///
/// Stored with every collection; two collections, or a query and a collection, may be compared
/// only where their fingerprints are equal. What computes a model, a [`Runtime`](crate::Runtime),
/// is no part of it: on f32 models runtimes agree to 10⁻⁶ and better in each number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The family and, for a model, its output and pooling: `onnx#fire9/concat_1:mean`. A model's
    /// file name is no part of it: a renamed model is the same model.
    pub architecture: String,
    /// Which weights: `xxh3-128` of the model file in hexadecimal, or a version for built-in ones.
    pub weights: String,
    /// The canonical description of all that happens between pixels and model.
    pub preprocessing: String,
    /// Numbers in one embedding.
    pub dimension: usize,
    /// The number format that the weights are stored in, for example `f32` or `f16`.
    pub precision: String,
}

impl Fingerprint {
    /// Says in words how `other` differs from `self`, or `None` where embeddings of the two may
    /// be compared.
    ///
    /// `self` is what is stored, `other` what was offered.
    #[must_use]
    pub fn difference(&self, other: &Fingerprint) -> Option<String> {
        let dimensions = (self.dimension.to_string(), other.dimension.to_string());
        let parts = [
            ("architecture", &self.architecture, &other.architecture),
            ("weights", &self.weights, &other.weights),
            ("preprocessing", &self.preprocessing, &other.preprocessing),
            ("dimension", &dimensions.0, &dimensions.1),
            ("precision", &self.precision, &other.precision),
        ];
        let differing: Vec<String> = parts
            .into_iter()
            .filter(|(_, stored, offered)| stored != offered)
            .map(|(part, stored, offered)| format!("{part} was {stored}, now {offered}"))
            .collect();
        (!differing.is_empty()).then(|| differing.join("; "))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} numbers, {}, weights {}, {})",
            self.architecture, self.dimension, self.precision, self.weights, self.preprocessing
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Fingerprint {
        Fingerprint {
            architecture: "onnx#embedding".into(),
            weights: "xxh3-128:00ff".into(),
            preprocessing: "224x224 stretch".into(),
            dimension: 512,
            precision: "f32".into(),
        }
    }

    #[test]
    fn difference_names_each_part_that_differs() {
        let mut offered = stored();
        assert_eq!(stored().difference(&offered), None);
        offered.dimension = 1280;
        offered.weights = "xxh3-128:0100".into();
        assert_eq!(
            stored().difference(&offered).unwrap(),
            "weights was xxh3-128:00ff, now xxh3-128:0100; dimension was 512, now 1280"
        );
    }

    #[test]
    fn survives_json() {
        let json = serde_json::to_string(&stored()).unwrap();
        assert_eq!(
            serde_json::from_str::<Fingerprint>(&json).unwrap(),
            stored()
        );
    }
}
