use super::RankerError;
use super::error::check_width;

/// Candidates with their features and whether each was the right one, person by person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankerExamples {
    features: Vec<String>,
    values: Vec<f32>,
    labels: Vec<f32>,
    groups: Vec<usize>,
}

impl RankerExamples {
    /// No examples yet, of these features.
    #[must_use]
    pub fn new<S: AsRef<str>>(features: &[S]) -> RankerExamples {
        let features = features
            .iter()
            .map(|name| name.as_ref().to_owned())
            .collect();
        RankerExamples {
            features,
            ..RankerExamples::default()
        }
    }

    /// Adds one person's candidates: a row of features each, row by row, and whether it is relevant. NaN says that a value is
    /// not known.
    ///
    /// Leaving out some candidates is fine where the draw does not look at their features; else the ranker learns the draw.
    ///
    /// # Errors
    /// [`RankerError::Width`] where `rows` does not hold whole rows, [`RankerError::Labels`] where there are more or fewer
    /// labels than rows. Nothing is added then.
    pub fn push(&mut self, rows: &[f32], relevant: &[bool]) -> Result<(), RankerError> {
        check_width(rows.len(), self.features.len())?;
        let labels = relevant.len();
        let rows_given = rows.len() / self.features.len().max(1);
        if labels != rows_given {
            let rows = rows_given;
            return Err(RankerError::Labels { labels, rows });
        }
        if labels > 0 {
            self.values.extend_from_slice(rows);
            self.labels
                .extend(relevant.iter().map(|&yes| f32::from(u8::from(yes))));
            self.groups.push(labels);
        }
        Ok(())
    }

    /// Adds all of another's people behind one's own.
    ///
    /// # Errors
    /// [`RankerError::Features`] where they have other features. Nothing is added then.
    pub fn append(&mut self, other: RankerExamples) -> Result<(), RankerError> {
        super::error::check_features(&self.features, &other.features)?;
        self.values.extend(other.values);
        self.labels.extend(other.labels);
        self.groups.extend(other.groups);
        Ok(())
    }

    /// The names of the features, in the order of a row.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// All rows, one behind the other.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// 1 for each relevant row, 0 for the others.
    #[must_use]
    pub fn labels(&self) -> &[f32] {
        &self.labels
    }

    /// How many rows each person has, in the order in which they were added.
    #[must_use]
    pub fn groups(&self) -> &[usize] {
        &self.groups
    }

    pub(super) fn check(&self) -> Result<(), RankerError> {
        let (rows, people) = (self.labels.len(), self.groups.len());
        if rows == 0 || self.features.is_empty() {
            return Err(RankerError::Empty);
        }
        if self.labels.iter().all(|&label| label == 0.0) {
            return Err(RankerError::NoPositive { rows, people });
        }
        match self.values.iter().position(|value| value.is_infinite()) {
            Some(place) => Err(RankerError::Infinite {
                feature: self.features[place % self.features.len()].clone(),
                row: place / self.features.len(),
            }),
            None => Ok(()),
        }
    }
}
