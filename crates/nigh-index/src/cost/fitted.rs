//! Costs in time, fitted to what one machine took.

use crate::search::IvfSearch;

/// What searches of one segment take on one machine, in microseconds of one core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchCost {
    /// Of a search of lists before it reads one, and after: preparing the query, finding the lists, comparing the last rows.
    pub fixed_us: f64,
    /// Of each list visited, of average length.
    pub probe_us: f64,
    /// Of each row that an exact search compares, all of them in order.
    pub exact_row_us: f64,
    /// Of each row that an exact search compares where few are allowed: each is a jump in memory.
    pub picked_row_us: f64,
}

impl SearchCost {
    /// Fits a line to the times of searches, given as (lists visited, microseconds), by least squares of the relative errors; none if
    /// they are of fewer than two numbers of lists. The costs of a row are as given.
    pub fn fit(
        searches: &[(usize, f64)],
        exact_row_us: f64,
        picked_row_us: f64,
    ) -> Option<SearchCost> {
        // Each point weighs 1/t², so that a tenth of a short search counts as much as a tenth of a long one.
        let mut sums = [0.0_f64; 5];
        for &(lists, us) in searches {
            let (x, weight) = (lists as f64, 1.0 / (us * us).max(1e-12));
            let terms = [1.0, x, x * x, us, x * us].map(|term| weight * term);
            sums.iter_mut()
                .zip(terms)
                .for_each(|(sum, term)| *sum += term);
        }
        let [w, x, xx, y, xy] = sums;
        let determinant = w * xx - x * x;
        if determinant <= 1e-9 * w * xx {
            return None;
        }
        Some(SearchCost {
            fixed_us: ((xx * y - x * xy) / determinant).max(0.0),
            probe_us: ((w * xy - x * y) / determinant).max(0.0),
            exact_row_us,
            picked_row_us,
        })
    }

    /// A search of so many lists.
    pub fn lists_us(&self, nprobe: usize) -> f64 {
        self.fixed_us + self.probe_us * nprobe as f64
    }

    /// An exact search of so many rows.
    pub fn exact_us(&self, rows: u64) -> f64 {
        self.exact_row_us * rows as f64
    }

    /// An exact search of so many allowed rows among many that are not.
    pub fn picked_us(&self, allowed: u64) -> f64 {
        self.picked_row_us * allowed as f64
    }

    /// Whether comparing so many allowed rows takes no longer than a search of lists.
    pub(crate) fn are_few(&self, allowed: usize, ivf: &IvfSearch) -> bool {
        self.picked_us(allowed as u64) <= self.lists_us(ivf.nprobe)
    }
}

/// What building takes on one machine: seconds of CPU for a billion multiplications of [`coded_build_work`](super::coded_build_work) or
/// [`build_distances`](super::build_distances) times the dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BuildCost {
    /// Seconds of all threads.
    pub seconds_per_billion: f64,
}

impl BuildCost {
    /// Of a build that took so many seconds for so many multiplications.
    pub fn fit(seconds: f64, work: f64) -> BuildCost {
        BuildCost {
            seconds_per_billion: 1e9 * seconds / work.max(1.0),
        }
    }

    /// The CPU seconds of another build.
    pub fn seconds(&self, work: f64) -> f64 {
        self.seconds_per_billion * work / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_and_one_point_is_none() {
        let searches = [(1, 21.0), (8, 28.0), (64, 84.0), (500, 520.0)];
        let cost = SearchCost::fit(&searches, 0.01, 0.1).unwrap();
        assert!((cost.fixed_us - 20.0).abs() < 1e-6 && (cost.probe_us - 1.0).abs() < 1e-8);
        assert!((cost.lists_us(100) - 120.0).abs() < 1e-6);
        assert_eq!((cost.exact_us(1000), cost.picked_us(1000)), (10.0, 100.0));
        assert_eq!(SearchCost::fit(&[(3, 5.0), (3, 6.0)], 0.1, 0.1), None);
        assert_eq!(SearchCost::fit(&[], 0.1, 0.1), None);
    }

    #[test]
    fn few_rows_are_those_that_cost_less_than_lists() {
        let cost = SearchCost::fit(&[(1, 21.0), (8, 28.0)], 0.01, 0.1).unwrap();
        let ivf = IvfSearch {
            nprobe: 30,
            ..IvfSearch::default()
        };
        assert!(cost.are_few(499, &ivf) && !cost.are_few(501, &ivf));
    }
}
