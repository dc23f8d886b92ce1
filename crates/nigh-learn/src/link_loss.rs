//! How wrong are the scores of links?
//!
//! Two people's score is the inner product of their embeddings. A loss compares each true link's score with those of links
//! from the same person to people who are not their friends.

use rayon::prelude::*;

use crate::Matrix;
use crate::matrix::{add_scaled, multiply};

/// Which function of the scores is brought down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum LinkLoss {
    /// Cross-entropy of the true link among itself and its negatives (van den Oord, Li and Vinyals, "Representation Learning
    /// with Contrastive Predictive Coding", 2018, equation 4).
    #[default]
    Softmax,
    /// Each pair of a true link and a negative: `-ln sigmoid(s⁺ - s⁻)` (Rendle et al., "BPR: Bayesian Personalized Ranking
    /// from Implicit Feedback", UAI 2009, §4.1).
    Bpr,
    /// Each link by itself: `-ln sigmoid(s⁺)` and the mean of `-ln sigmoid(-s⁻)` (Hamilton, Ying and Leskovec, "Inductive
    /// Representation Learning on Large Graphs", NeurIPS 2017, equation 1).
    Logistic,
}

/// True links and what they are compared with; people are row numbers of a matrix of embeddings.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkBatch<'a> {
    /// True links.
    pub links: &'a [(u32, u32)],
    /// Negatives that all links share.
    pub shared: &'a [u32],
    /// Negatives of each link's own, as many for each: the first link's first.
    pub own: &'a [u32],
    /// Pairs (link, place in `shared`) that are no negatives, sorted: the person themselves, their friends.
    pub not_negative: &'a [(u32, u32)],
}

/// A loss and how it changes.
#[derive(Clone, Debug)]
pub struct LinkGradient {
    /// Mean over the true links.
    pub loss: f32,
    /// By each number of the embeddings, whose shape it has.
    pub embeddings: Matrix,
    /// By the scale of scores.
    pub scale: f32,
}

/// The loss of a batch and its gradient. Scores are inner products times `scale` (one over the temperature).
///
/// # Panics
/// Where a row is named that `embeddings` does not have.
#[must_use]
pub fn link_loss(
    embeddings: &Matrix,
    batch: &LinkBatch<'_>,
    loss: LinkLoss,
    scale: f32,
) -> LinkGradient {
    let mut gradient = LinkGradient {
        loss: 0.0,
        embeddings: Matrix::zeros(embeddings.rows(), embeddings.cols()),
        scale: 0.0,
    };
    if batch.links.is_empty() {
        return gradient;
    }
    let mut scores = Scores::of(embeddings, batch, scale);
    gradient.loss = scores.turn_into_slopes(batch, loss);
    scores.backward(embeddings, batch, scale, &mut gradient.embeddings);
    // The loss depends on scores alone, each of degree 2 in the embeddings and 1 in the scale (Euler's theorem).
    let along = nigh_simd::dot(gradient.embeddings.data(), embeddings.data());
    gradient.scale = along / 2.0 / scale;
    gradient
}

/// Scores of a batch, later the slopes of the loss by each of them.
struct Scores {
    from: Matrix,
    shared_rows: Matrix,
    own_per_link: usize,
    positive: Vec<f32>,
    own: Vec<f32>,
    shared: Matrix,
}

impl Scores {
    fn of(embeddings: &Matrix, batch: &LinkBatch<'_>, scale: f32) -> Scores {
        let from_rows: Vec<u32> = batch.links.iter().map(|link| link.0).collect();
        let mut from = embeddings.gather(&from_rows);
        from.scale(scale);
        let shared_rows = embeddings.gather(batch.shared);
        let shared = from.times_transposed(&shared_rows);
        let score =
            |link: usize, to: u32| nigh_simd::dot(from.row(link), embeddings.row(to as usize));
        let positive = (0..batch.links.len())
            .map(|link| score(link, batch.links[link].1))
            .collect();
        let own_per_link = batch.own.len() / batch.links.len();
        let own = (0..batch.links.len() * own_per_link)
            .map(|place| score(place / own_per_link, batch.own[place]))
            .collect();
        Scores {
            from,
            shared_rows,
            own_per_link,
            positive,
            own,
            shared,
        }
    }

    /// Every score becomes the slope of the mean loss by it.
    fn turn_into_slopes(&mut self, batch: &LinkBatch<'_>, loss: LinkLoss) -> f32 {
        for &(link, place) in batch.not_negative {
            self.shared.row_mut(link as usize)[place as usize] = f32::NEG_INFINITY;
        }
        let links = batch.links.len();
        let width = self.shared.cols();
        let mut own_chunks: Vec<&mut [f32]> = match self.own_per_link {
            0 => (0..links).map(|_| &mut [][..]).collect(),
            count => self.own.chunks_mut(count).collect(),
        };
        let mut shared_chunks: Vec<&mut [f32]> = match width {
            0 => (0..links).map(|_| &mut [][..]).collect(),
            _ => self.shared.data_mut().chunks_mut(width).collect(),
        };
        let share = 1.0 / links as f32;
        let losses: Vec<f32> = self
            .positive
            .par_iter_mut()
            .zip(own_chunks.par_iter_mut())
            .zip(shared_chunks.par_iter_mut())
            .with_min_len(64)
            .map(|((positive, own), shared)| row_slopes(loss, positive, own, shared, share))
            .collect();
        losses.iter().sum::<f32>() * share
    }

    fn backward(&self, embeddings: &Matrix, batch: &LinkBatch<'_>, scale: f32, out: &mut Matrix) {
        let mut by_from = self.shared.times(&self.shared_rows);
        let mut by_shared = Matrix::zeros(batch.shared.len(), embeddings.cols());
        multiply(
            by_shared.data_mut(),
            self.shared.transposed(),
            self.from.view(),
            0.0,
        );
        out.scatter_add(batch.shared, &by_shared);
        for (link, &(_, to)) in batch.links.iter().enumerate() {
            let own = link * self.own_per_link..(link + 1) * self.own_per_link;
            let slopes = self.own[own.clone()].iter().zip(&batch.own[own]);
            for (&slope, &other) in slopes.chain([(&self.positive[link], &to)]) {
                add_scaled(by_from.row_mut(link), embeddings.row(other as usize), slope);
                add_scaled(out.row_mut(other as usize), self.from.row(link), slope);
            }
        }
        for (link, &(from, _)) in batch.links.iter().enumerate() {
            add_scaled(out.row_mut(from as usize), by_from.row(link), scale);
        }
    }
}

/// One link's loss; scores become slopes of the mean over all links, each of which has this share.
fn row_slopes(
    loss: LinkLoss,
    positive: &mut f32,
    own: &mut [f32],
    shared: &mut [f32],
    share: f32,
) -> f32 {
    match loss {
        LinkLoss::Softmax => softmax_slopes(positive, own, shared, share),
        LinkLoss::Bpr => pairwise_slopes(positive, own, shared, share),
        LinkLoss::Logistic => logistic_slopes(positive, own, shared, share),
    }
}

fn softmax_slopes(positive: &mut f32, own: &mut [f32], shared: &mut [f32], share: f32) -> f32 {
    let scored = *positive;
    let highest = highest(own).max(highest(shared)).max(scored);
    let first = exp(scored - highest);
    let total = first + exponentials(own, highest) + exponentials(shared, highest);
    let factor = share / total;
    own.iter_mut().for_each(|score| *score *= factor);
    shared.iter_mut().for_each(|score| *score *= factor);
    *positive = (first / total - 1.0) * share;
    total.ln() + highest - scored
}

fn highest(scores: &[f32]) -> f32 {
    let higher = |a: f32, b: f32| if b > a { b } else { a };
    let (chunks, rest) = scores.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = higher(lanes[lane], chunk[lane]);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, higher)
}

/// Scores become `exp(score - highest)`, whose sum this is.
fn exponentials(scores: &mut [f32], highest: f32) -> f32 {
    for score in scores.iter_mut() {
        *score = exp(*score - highest);
    }
    let (chunks, rest) = scores.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    lanes.iter().chain(rest).sum()
}

const LANES: usize = 8;

fn pairwise_slopes(positive: &mut f32, own: &mut [f32], shared: &mut [f32], share: f32) -> f32 {
    let scored = *positive;
    let count = negatives(own, shared);
    let mut loss = 0.0;
    *positive = 0.0;
    for score in own.iter_mut().chain(shared) {
        let difference = scored - *score;
        loss += softplus(-difference) / count;
        *score = sigmoid(-difference) * share / count;
        *positive -= *score;
    }
    loss
}

fn logistic_slopes(positive: &mut f32, own: &mut [f32], shared: &mut [f32], share: f32) -> f32 {
    let count = negatives(own, shared);
    let mut loss = softplus(-*positive);
    *positive = -sigmoid(-*positive) * share;
    for score in own.iter_mut().chain(shared) {
        loss += softplus(*score) / count;
        *score = sigmoid(*score) * share / count;
    }
    loss
}

fn negatives(own: &[f32], shared: &[f32]) -> f32 {
    let counted = |score: &&f32| **score > f32::NEG_INFINITY;
    own.iter().chain(shared).filter(counted).count().max(1) as f32
}

fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// `e^x` for `x` of at most 0, to 3e-7 of itself, 0 below -87: additions and multiplications only, so that a row of them is vectorised.
fn exp(x: f32) -> f32 {
    let clamped = if x < LOWEST_EXPONENT {
        LOWEST_EXPONENT
    } else {
        x
    };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUNDING;
    let whole = shifted - ROUNDING;
    let rest = clamped - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    // Minimax polynomial of the Cephes library (expf).
    let mut power = 1.987_569_1e-4;
    for factor in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_66,
        0.5,
    ] {
        power = power * rest + factor;
    }
    let power = power * rest * rest + rest + 1.0;
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUNDING.to_bits())
        .wrapping_add(127);
    let doubled = f32::from_bits(exponent << 23);
    if x < LOWEST_EXPONENT {
        0.0
    } else {
        power * doubled
    }
}

/// `e` to a lower power is next to the smallest numbers that f32 has.
const LOWEST_EXPONENT: f32 = -87.0;

/// Added, it leaves the nearest whole number in the last bits; taken away again, as a float.
const ROUNDING: f32 = 12_582_912.0;
