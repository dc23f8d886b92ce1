//! Several pictures and texts as one query.

use thiserror::Error;

/// Why parts are no query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CombineError {
    /// Nothing is left that points anywhere.
    #[error("the parts of the query cancel one another out: nothing is left to search for")]
    Cancelled,
    /// Parts of two encoders, or no part.
    #[error("the parts of a query have {received:?} numbers, expected the same number in each")]
    Dimensions {
        /// Numbers in each part.
        received: Vec<usize>,
    },
}

/// Below this the sum is rounding error.
const LEAST_LENGTH: f64 = 1e-4;

/// One embedding of several: the sum of the parts, each of length 1 and times its weight,
/// brought to length 1. A negative weight moves away from its part.
///
/// In a joint space pictures and words add up to what has something of all of them
/// (Kiros, Salakhutdinov and Zemel, "Unifying Visual-Semantic Embeddings with Multimodal Neural
/// Language Models", 2014, section 3.3).
///
/// # Errors
/// [`CombineError`] where no direction is left, and where the parts differ in length.
///
/// ```
/// use nigh_engine::combine;
///
/// let (dress, stripes) = ([3.0, 0.0], [0.0, 0.5]);
/// let query = combine(&[(&dress, 1.0), (&stripes, -1.0)])?;
/// assert!((query[0] - 0.5f32.sqrt()).abs() < 1e-6 && query[0] == -query[1]);
/// # Ok::<(), nigh_engine::CombineError>(())
/// ```
pub fn combine(parts: &[(&[f32], f32)]) -> Result<Vec<f32>, CombineError> {
    let lengths: Vec<usize> = parts.iter().map(|(part, _)| part.len()).collect();
    let Some(&dimension) = lengths
        .first()
        .filter(|first| lengths.iter().all(|l| l == *first))
    else {
        return Err(CombineError::Dimensions { received: lengths });
    };
    let mut sum = vec![0f64; dimension];
    for (part, weight) in parts {
        let factor =
            f64::from(*weight) / length(part.iter().map(|x| f64::from(*x))).max(f64::MIN_POSITIVE);
        for (sum, x) in sum.iter_mut().zip(*part) {
            *sum += factor * f64::from(*x);
        }
    }
    let length = length(sum.iter().copied());
    if length.is_nan() || length < LEAST_LENGTH {
        return Err(CombineError::Cancelled);
    }
    Ok(sum.into_iter().map(|x| (x / length) as f32).collect())
}

fn length(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_unit_vectors() {
        let half = 0.5f32.sqrt();
        type Row<'a> = (&'a [(&'a [f32], f32)], Result<[f32; 2], CombineError>);
        let rows: [Row<'_>; 6] = [
            (&[(&[0.0, 7.0], 1.0)], Ok([0.0, 1.0])),
            (&[(&[9.0, 0.0], 1.0), (&[0.0, 0.1], 1.0)], Ok([half, half])),
            (&[(&[1.0, 0.0], 3.0), (&[0.0, 1.0], 4.0)], Ok([0.6, 0.8])),
            (
                &[(&[1.0, 0.0], 1.0), (&[1.0, 0.0], -1.0)],
                Err(CombineError::Cancelled),
            ),
            (&[(&[0.0, 0.0], 1.0)], Err(CombineError::Cancelled)),
            (
                &[(&[1.0, 0.0], 1.0), (&[1.0], 1.0)],
                Err(CombineError::Dimensions {
                    received: vec![2, 1],
                }),
            ),
        ];
        for (parts, expected) in rows {
            let found = combine(parts);
            match (&found, &expected) {
                (Ok(found), Ok(expected)) => {
                    let near = found
                        .iter()
                        .zip(expected)
                        .all(|(a, b)| (a - b).abs() < 1e-6);
                    assert!(near, "{parts:?}: {found:?}");
                }
                _ => assert_eq!(found.err(), expected.err(), "{parts:?}"),
            }
        }
    }
}
