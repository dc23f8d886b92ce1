//! Which rows of a segment have a label.

use rayon::prelude::*;

/// Row numbers in the order of their labels.
#[derive(Debug)]
pub(crate) struct ByLabel(Vec<u32>);

impl ByLabel {
    pub(crate) fn of(labels: &[u64]) -> ByLabel {
        // A segment has fewer rows than u32 counts.
        let mut pairs: Vec<(u64, u32)> = labels.iter().copied().zip(0..).collect();
        pairs.par_sort_unstable();
        ByLabel(pairs.into_iter().map(|(_, row)| row).collect())
    }

    /// The rows that have this label; `labels` are those that this was made of.
    pub(crate) fn rows(&self, labels: &[u64], label: u64) -> &[u32] {
        let from = self.0.partition_point(|&row| labels[row as usize] < label);
        let rest = &self.0[from..];
        let same = rest
            .iter()
            .take_while(|&&row| labels[row as usize] == label);
        &rest[..same.count()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_row_of_a_label() {
        let labels = [7, 3, u64::MAX, 7, 0, 3, 7];
        let found = ByLabel::of(&labels);
        let cases: &[(u64, &[u32])] = &[
            (0, &[4]),
            (1, &[]),
            (3, &[1, 5]),
            (7, &[0, 3, 6]),
            (8, &[]),
            (u64::MAX, &[2]),
        ];
        let mut wrong = Vec::new();
        for &(label, expected) in cases {
            let rows = found.rows(&labels, label);
            if rows != expected {
                wrong.push((label, rows));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(ByLabel::of(&[]).rows(&[], 3).is_empty());
    }
}
