/// Why there is no ranker, or no score.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RankerError {
    /// Rows do not have one value for each feature.
    #[error("{values} values are not whole rows of {width} features")]
    Width {
        /// How many values there were.
        values: usize,
        /// How many a row has.
        width: usize,
    },
    /// A person's candidates and their labels differ in number.
    #[error("{labels} labels for {rows} candidates")]
    Labels {
        /// How many labels there were.
        labels: usize,
        /// How many rows there were.
        rows: usize,
    },
    /// There are no examples.
    #[error("no candidates to learn from")]
    Empty,
    /// Nothing says who should come first.
    #[error(
        "none of {rows} candidates of {people} people is a relevant one: nothing says who should come first"
    )]
    NoPositive {
        /// How many candidates there were.
        rows: usize,
        /// Whose they were.
        people: usize,
    },
    /// A feature is infinite.
    #[error("feature {feature} of row {row} is infinite; NaN says that a value is not known")]
    Infinite {
        /// Its name.
        feature: String,
        /// The row, from 0.
        row: usize,
    },
    /// A setting is out of its range.
    #[error("{name} is {value}, expected {expected}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it may be.
        expected: String,
    },
    /// The features are not those of the ranker.
    #[error("feature {place} is {got}, the ranker expects {expected}; train it again")]
    Features {
        /// The first place, from 0, where they differ.
        place: usize,
        /// The feature there, or "missing".
        got: String,
        /// The feature that the ranker has there, or "none".
        expected: String,
    },
    /// The bytes are no ranker.
    #[error("these bytes are no ranker: {reason}")]
    NotARanker {
        /// What is wrong with them.
        reason: &'static str,
    },
    /// The ranker is of a later version of this program.
    #[error("the ranker has format {got}, this program reads {expected}; train it again")]
    Version {
        /// The version it has.
        got: u32,
        /// The version that can be read.
        expected: u32,
    },
    /// Trees could not be grown.
    #[error("trees could not be grown: {reason}")]
    Growth {
        /// What the boosting crate says.
        reason: String,
    },
}

pub(super) fn check_width(values: usize, width: usize) -> Result<(), RankerError> {
    let whole = if width == 0 {
        values == 0
    } else {
        values.is_multiple_of(width)
    };
    if whole {
        Ok(())
    } else {
        Err(RankerError::Width { values, width })
    }
}

/// Whether `got` names the features in `expected`, in their order.
pub(super) fn check_features<A: AsRef<str>, B: AsRef<str>>(
    expected: &[A],
    got: &[B],
) -> Result<(), RankerError> {
    for place in 0..expected.len().max(got.len()) {
        let expected = expected.get(place).map_or("none", AsRef::as_ref);
        let got = got.get(place).map_or("missing", AsRef::as_ref);
        if expected != got {
            let (expected, got) = (expected.to_owned(), got.to_owned());
            return Err(RankerError::Features {
                place,
                got,
                expected,
            });
        }
    }
    Ok(())
}
