//! How well are unseen friendships ranked?
//!
//! Every person who may be suggested is ranked, not a sample of them: with a sample, methods change places (Krichene and
//! Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020).

use rayon::prelude::*;

/// A user whose suggestions are looked at, and what is right for them.
#[derive(Clone, Copy, Debug)]
pub struct RankingCase<'a> {
    /// The user; never a suggestion for themselves.
    pub user: u32,
    /// Who should come first, in any order. One who is also excluded counts as never found.
    pub relevant: &'a [u32],
    /// Who is no suggestion, besides the user: the neighbours already known.
    pub excluded: &'a [u32],
}

/// Which of two people with the same score comes first: the one whose external id has the lower splitmix64.
#[derive(Clone, Debug)]
pub struct TieOrder {
    places: Vec<u32>,
}

impl TieOrder {
    /// The order of nodes whose external ids are these, one for each node.
    #[must_use]
    pub fn of_ids(ids: &[u64]) -> TieOrder {
        let mut nodes: Vec<u32> = (0..ids.len() as u32).collect();
        nodes.sort_by_key(|&node| splitmix64(ids[node as usize]));
        let mut places = vec![0; ids.len()];
        for (place, &node) in nodes.iter().enumerate() {
            places[node as usize] = place as u32;
        }
        TieOrder { places }
    }

    /// The order of nodes whose external ids are their own numbers, as in the fixed splits.
    #[must_use]
    pub fn of_numbers(nodes: usize) -> TieOrder {
        TieOrder::of_ids(&(0..nodes as u64).collect::<Vec<_>>())
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.places.len()
    }

    /// The place of a node among all, from 0: the lower of two goes first.
    ///
    /// # Panics
    /// Where there is no such node.
    #[must_use]
    pub fn place(&self, node: u32) -> u32 {
        self.places[node as usize]
    }
}

/// SplitMix64's output for one state (Steele, Lea and Flood, OOPSLA 2014, §5): the hash that settles ties.
#[must_use]
pub fn splitmix64(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Means over the users, each from 0 to 1, higher is better.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RankingMetrics {
    /// How many users the means are over.
    pub users: usize,
    /// Share of users with a relevant person among the first 10.
    pub hits_at_10: f64,
    /// Share of users with a relevant person among the first 50.
    pub hits_at_50: f64,
    /// Share of a user's relevant people that are among the first 10.
    pub recall_at_10: f64,
    /// Share of a user's relevant people that are among the first 50.
    pub recall_at_50: f64,
    /// One over the place of the first relevant person, from 1; 0 where none is ranked.
    pub mrr: f64,
    /// How often a relevant person comes before one who is not, of all who may be suggested: the area under the ROC curve of
    /// each user. It says little of the first places.
    pub auc: f64,
}

impl RankingMetrics {
    /// The means over users, each given by the places, from 0, of the relevant people, `None` for one never found, and by how
    /// many others may be suggested; a user with no relevant people is left out.
    ///
    /// A user of whom nothing is known, who is to count as a miss, is a row of `None`s.
    #[must_use]
    pub fn of_places<'a>(
        users: impl IntoIterator<Item = (&'a [Option<u32>], usize)>,
    ) -> RankingMetrics {
        let mut sums = RankingMetrics::default();
        for (places, others) in users {
            sums.add(places, others);
        }
        sums.divided()
    }

    fn add(&mut self, places: &[Option<u32>], others: usize) {
        if places.is_empty() {
            return;
        }
        let mut found: Vec<u32> = places.iter().flatten().copied().collect();
        found.sort_unstable();
        let ahead = found.iter().enumerate().map(|(before, &place)| {
            let wrong = f64::from(place) - before as f64;
            1.0 - wrong / others.max(1) as f64
        });
        self.auc += ahead.sum::<f64>() / places.len() as f64;
        let within = |k: u32| places.iter().flatten().filter(|&&place| place < k).count() as f64;
        let first = places.iter().flatten().min();
        self.users += 1;
        self.hits_at_10 += within(10).min(1.0);
        self.hits_at_50 += within(50).min(1.0);
        self.recall_at_10 += within(10) / places.len() as f64;
        self.recall_at_50 += within(50) / places.len() as f64;
        self.mrr += first.map_or(0.0, |&place| 1.0 / (f64::from(place) + 1.0));
    }

    fn divided(mut self) -> RankingMetrics {
        let users = self.users.max(1) as f64;
        for sum in [
            &mut self.hits_at_10,
            &mut self.hits_at_50,
            &mut self.recall_at_10,
            &mut self.recall_at_50,
            &mut self.mrr,
            &mut self.auc,
        ] {
            *sum /= users;
        }
        self
    }
}

/// Ranks every node for every user and takes the means.
///
/// `score(user, scores)` fills in one score for each node, higher is better; it starts from whatever an earlier call left.
/// A NaN ranks last. The result does not depend on the number of threads.
pub fn evaluate_ranking(
    cases: &[RankingCase<'_>],
    order: &TieOrder,
    score: impl Fn(u32, &mut [f32]) + Sync,
) -> RankingMetrics {
    let places: Vec<Vec<Option<u32>>> = cases
        .par_iter()
        .map_init(
            || vec![0.0; order.nodes()],
            |scores, case| {
                score(case.user, scores);
                places_of_relevant(case, order, scores)
            },
        )
        .collect();
    let others = |(places, case): (&Vec<Option<u32>>, &RankingCase<'_>)| {
        let found = places.iter().flatten().count();
        let left_out = case.excluded.len() + found + 1;
        order.nodes().saturating_sub(left_out)
    };
    let users = places.iter().zip(cases);
    RankingMetrics::of_places(users.map(|user| (&user.0[..], others(user))))
}

/// The place of each relevant person, from 0, among all who may be suggested to the user; `None` for one who may not.
///
/// `scores` has one score for each node; those of people who may not be suggested are overwritten by NaN, and NaNs by the
/// lowest score there is.
#[must_use]
pub fn places_of_relevant(
    case: &RankingCase<'_>,
    order: &TieOrder,
    scores: &mut [f32],
) -> Vec<Option<u32>> {
    for score in scores.iter_mut().filter(|score| score.is_nan()) {
        *score = f32::NEG_INFINITY;
    }
    for &node in case.excluded.iter().chain([&case.user]) {
        if let Some(score) = scores.get_mut(node as usize) {
            *score = f32::NAN;
        }
    }
    let place = |&node: &u32| place_of(node, order, scores);
    case.relevant.iter().map(place).collect()
}

fn place_of(node: u32, order: &TieOrder, scores: &[f32]) -> Option<u32> {
    let own = *scores.get(node as usize)?;
    let tie = order.place(node);
    let before = |&(&score, &place): &(&f32, &u32)| score > own || (score == own && place < tie);
    let places = scores.iter().zip(&order.places);
    (!own.is_nan()).then(|| places.filter(before).count() as u32)
}

/// Area under the ROC curve: how often a true edge scores above a false one, ties counting half. `None` where either list
/// is empty.
#[must_use]
pub fn auc(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let mut sorted = negatives.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let wins = |&score: &f32| {
        let below = sorted.partition_point(|&negative| negative < score);
        let not_above = sorted.partition_point(|&negative| negative <= score);
        (below + not_above) as f64 / 2.0
    };
    let total: f64 = positives.iter().map(wins).sum();
    Some(total / (positives.len() as f64 * negatives.len() as f64))
}
