//! The last stages of a pipeline: the rank formula, and hits that differ from each other.

use std::borrow::Cow;
use std::time::Instant;

use super::Catalog;
use super::budget::Budget;
use super::search::Hit;
use crate::pipeline::Ranking;
use crate::trace::Trace;

/// What the stages after the search share.
pub(super) struct Ranker<'s, 'c> {
    pub(super) catalog: &'c Catalog,
    /// Hits that the page ends with: so many are ranked however little time there is.
    pub(super) page: usize,
    pub(super) budget: &'s mut Budget<'c>,
    pub(super) trace: &'s mut Trace,
}

impl Ranker<'_, '_> {
    /// Orders the nearest by the formula; those that it has no time for follow as they were.
    pub(super) fn rank(&mut self, ranking: &Ranking, keep: usize, hits: Vec<Hit>) -> Vec<Hit> {
        let wanted = keep.min(hits.len());
        let least = self.page.min(wanted);
        let later = self
            .budget
            .predicts("diversify", self.page.saturating_mul(self.page));
        let take = self.budget.allows("rank", wanted, least, 1, later);
        let started = Instant::now();
        let mut ranked = hits;
        let rest = ranked.split_off(take);
        for hit in &mut ranked {
            hit.ranked = Some(ranking.rank(hit.score, &hit.id, &hit.attributes));
        }
        // Stable: among equals the nearest comes first.
        ranked.sort_by(|a, b| score(b).total_cmp(&score(a)));
        self.trace.push("rank", take, take, started);
        self.book(take, wanted);
        ranked.extend(rest);
        ranked
    }

    /// Picks a page by maximal marginal relevance: each hit is the one with the greatest `lambda · score − (1 − lambda) · cosine to the
    /// nearest hit picked before`, where a cosine below 0 counts as 0 (Carbonell and Goldstein, SIGIR 1998). What is not picked follows as
    /// it was.
    pub(super) fn diversify(&mut self, lambda: f32, hits: Vec<Hit>) -> Vec<Hit> {
        let wanted = hits.iter().filter(|hit| hit.ranked.is_some()).count();
        // Each hit that is picked is compared with all that are left.
        let picks = self.page.max(1);
        let pairs = wanted.saturating_mul(picks);
        let take = self.budget.allows("diversify", pairs, 0, 1, 0.0) / picks;
        let take = take.max(self.page.min(wanted)).min(wanted);
        let started = Instant::now();
        let rows: Vec<Option<Cow<'_, [f32]>>> = hits[..take]
            .iter()
            .map(|hit| self.catalog.embedding(hit.candidate))
            .collect();
        let scores: Vec<f32> = hits[..take].iter().map(score).collect();
        let order = marginal_relevance(&scores, &rows, lambda, self.page);
        self.trace.push("diversify", take, order.len(), started);
        self.trace.worked(take.saturating_mul(order.len()));
        self.book(take, wanted);
        rearranged(hits, &order)
    }

    fn book(&mut self, took: usize, wanted: usize) {
        if took < wanted {
            self.trace.cut(wanted);
            self.budget.took(took, wanted);
        }
    }
}

fn score(hit: &Hit) -> f32 {
    hit.ranked.as_ref().map_or(hit.score, |ranked| ranked.score)
}

/// Which `count` are picked, in this order. Rows are of length 1; what has none is like nothing.
fn marginal_relevance(
    scores: &[f32],
    rows: &[Option<Cow<'_, [f32]>>],
    lambda: f32,
    count: usize,
) -> Vec<usize> {
    let mut left: Vec<usize> = (0..scores.len()).collect();
    // The cosine of the nearest that was picked, 0 at least: none was.
    let mut nearest = vec![0.0_f32; scores.len()];
    let mut picked = Vec::with_capacity(count.min(scores.len()));
    while picked.len() < count {
        let gain = |at: usize| lambda * scores[at] - (1.0 - lambda) * nearest[at];
        // The first of the best: `max_by` would take the last.
        let best =
            left.iter()
                .enumerate()
                .reduce(|best, next| match gain(*next.1) > gain(*best.1) {
                    true => next,
                    false => best,
                });
        let Some((place, &at)) = best else { break };
        left.remove(place);
        for &other in &left {
            if let (Some(row), Some(chosen)) = (&rows[other], &rows[at]) {
                nearest[other] = nearest[other].max(nigh_simd::dot(row, chosen));
            }
        }
        picked.push(at);
    }
    picked
}

/// Those named first, in this order, then the others as they were.
fn rearranged(hits: Vec<Hit>, order: &[usize]) -> Vec<Hit> {
    let mut hits: Vec<Option<Hit>> = hits.into_iter().map(Some).collect();
    let mut shown: Vec<Hit> = order.iter().filter_map(|&at| hits[at].take()).collect();
    shown.extend(hits.into_iter().flatten());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[f32; 2]]) -> Vec<Option<Cow<'_, [f32]>>> {
        rows.iter()
            .map(|row| Some(Cow::Borrowed(&row[..])))
            .collect()
    }

    #[test]
    fn the_second_of_two_alike_gives_way() {
        // Two that look the same are the best; the third is its own.
        let (scores, alike) = ([0.9, 0.89, 0.7], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]);
        let check = |lambda: f32, expected: &[usize]| {
            let order = marginal_relevance(&scores, &rows(&alike), lambda, 3);
            assert_eq!(order, expected, "lambda {lambda}");
        };
        check(1.0, &[0, 1, 2]);
        check(0.9, &[0, 1, 2]);
        check(0.7, &[0, 2, 1]);
        check(0.0, &[0, 2, 1]);
    }

    #[test]
    fn among_equals_the_first_is_picked_and_a_page_can_be_short() {
        let same = [[1.0, 0.0]; 3];
        assert_eq!(marginal_relevance(&[0.5; 3], &rows(&same), 1.0, 2), [0, 1]);
        assert_eq!(
            marginal_relevance(&[0.5; 3], &rows(&same), 1.0, 9),
            [0, 1, 2]
        );
        assert!(marginal_relevance(&[], &[], 0.5, 9).is_empty());
        assert_eq!(
            marginal_relevance(&[0.1, 0.2], &[None, None], 0.5, 2),
            [1, 0]
        );
    }
}
