//! How good are suggestions? Measured on friendships that the network has not seen.

mod cases;
mod holdout;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use nigh_graph::{Adjacency, Csr, Edge, LinkScore, ScoreScratch, Scored, score_all};
use nigh_learn::{
    LightGcnConfig, LinkError, LinkScratch, TieOrder, evaluate_ranking, splitmix64, train_lightgcn,
};
use rayon::prelude::*;
use serde::Serialize;

use super::ranking::{Data, Ranking, TrainProgress};
use super::{Network, NetworkError, SuggestOptions, SuggestScratch};
use crate::trace::Trace;

pub use holdout::{Holdout, HoldoutError, read_holdout};

use cases::{Cases, tie_order};

/// What one method reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct MethodMetrics {
    /// Share of users with a right suggestion among the first 10.
    pub hits_at_10: f64,
    /// The same among the first 50.
    pub hits_at_50: f64,
    /// Share of a user's held-out friends among the first 10.
    pub recall_at_10: f64,
    /// The same among the first 50.
    pub recall_at_50: f64,
    /// One over the place of the first right suggestion.
    pub mrr: f64,
    /// How often a held-out friend, by chance, is before a stranger, by chance. It says little of the first places.
    pub auc: f64,
}

/// What all methods reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkEval {
    /// Whether `full` ranks by a trained model, and not by resource allocation.
    pub trained: bool,
    /// Trainings of which the figures of trained methods are the means; 0 where the network's own ranking was measured.
    pub seeds: usize,
    /// Users with a held-out friend.
    pub users: usize,
    /// Users whom the network does not know: each is a miss.
    pub unknown_users: usize,
    /// Held-out friendships.
    pub held_out: usize,
    /// Changes since the ranking that was measured: it may have learned from friendships that were removed since.
    pub changes_since_training: u64,
    /// Held-out friendships that the network knows: they were not held out, and cannot be found.
    pub leaked: usize,
    /// Share of a user's held-out friends among the candidates that `full` ranks.
    pub candidate_recall: f64,
    /// By method.
    pub methods: BTreeMap<String, MethodMetrics>,
    /// The standard deviation between trainings, of trained methods, where there were several.
    pub deviations: BTreeMap<String, MethodMetrics>,
}

/// Ranks everybody who is no friend, for every user and by every method; equal scores in the order of splitmix64 of the id
/// (of its XXH3 where it is no number).
///
/// With `seeds`, as many rankings are trained on the network, and LightGCN beside them, and none is kept; with 0, the network's
/// own ranking is measured. `progress` hears of trainings and may stop them.
///
/// # Errors
/// [`NetworkError`].
pub fn evaluate(
    network: &Network,
    holdout: &Holdout,
    seeds: usize,
    progress: impl FnMut(TrainProgress) -> ControlFlow<()>,
) -> Result<NetworkEval, NetworkError> {
    let cases = Cases::of(network, holdout);
    let bench = Bench::new(network, &network.graph, &cases);
    if seeds > 0 {
        let data = Data::of(network)?;
        return bench.of_trainings(&data, seeds, progress);
    }
    let mut found = bench.of_scores();
    let candidates = match network.ranking().ok().flatten() {
        Some(ranking) => {
            found.insert("sage".to_owned(), bench.of_embeddings(ranking));
            bench.candidates(ranking)?
        }
        None => bench.untrained_candidates()?,
    };
    found.insert("full".to_owned(), bench.of_candidates(&candidates));
    let mut eval = bench.eval(found, BTreeMap::new(), bench.recall(&candidates), 0);
    let ranking = network.ranking().ok().flatten();
    eval.trained = ranking.is_some();
    let known = ranking.map_or(network.view.sequence(), Ranking::sequence);
    eval.changes_since_training = network.view.sequence().saturating_sub(known);
    Ok(eval)
}

/// Holds out the newest friendships, a share of all, trains on those before as [`evaluate`] does, and measures who finds them:
/// nothing is learned from the future.
///
/// # Errors
/// [`NetworkError::Untimed`], [`NetworkError::Share`] and those of [`Network::train`].
pub fn evaluate_newest(
    network: &Network,
    share: f64,
    seeds: usize,
    progress: impl FnMut(TrainProgress) -> ControlFlow<()>,
) -> Result<NetworkEval, NetworkError> {
    if !network.graph.is_timed() {
        return Err(NetworkError::Untimed);
    }
    if !(share > 0.0 && share < 1.0) {
        return Err(NetworkError::Share { share });
    }
    let data = Data::of(network)?;
    let mut edges: Vec<Edge> = data.graph.iter_edges().collect();
    // Equal times come by chance.
    let chance = |edge: &Edge| splitmix64(u64::from(edge.a) << 32 | u64::from(edge.b));
    edges.sort_by_cached_key(|edge| (edge.time, chance(edge)));
    let count = (edges.len() as f64 * share).round() as usize;
    let (before, later) = edges.split_at(edges.len() - count.min(edges.len()));
    if later.first().is_none_or(|edge| edge.time <= 0) {
        return Err(NetworkError::Untimed);
    }
    let of = |edges: &[Edge]| Csr::from_edges(data.graph.nodes(), edges);
    let (before, later) = (of(before), of(later));
    let cases = Cases::between(&before, &later);
    let data = data.with_graph(before);
    let bench = Bench::new(network, &data.graph, &cases);
    bench.of_trainings(&data, seeds.max(1), progress)
}

const METHODS: [(&str, LinkScore); 6] = [
    ("common_neighbors", LinkScore::CommonNeighbours),
    ("jaccard", LinkScore::Jaccard),
    ("adamic_adar", LinkScore::AdamicAdar),
    ("resource_allocation", LinkScore::ResourceAllocation),
    ("preferential_attachment", LinkScore::PreferentialAttachment),
    ("ppr", PPR),
];

/// Restarts at every second step; eight of them leave 0.4 % on its way.
const PPR: LinkScore = LinkScore::WalkWithRestart {
    restart: 0.5,
    steps: 8,
};

type Found = BTreeMap<String, MethodMetrics>;

/// A graph, and whom it is asked about.
struct Bench<'a, G> {
    network: &'a Network,
    graph: &'a G,
    cases: &'a Cases,
    order: TieOrder,
}

impl<'a, G: Adjacency> Bench<'a, G> {
    fn new(network: &'a Network, graph: &'a G, cases: &'a Cases) -> Bench<'a, G> {
        Bench {
            network,
            graph,
            cases,
            order: tie_order(network),
        }
    }

    fn measure(&self, score: impl Fn(u32, &mut [f32]) + Sync) -> MethodMetrics {
        let found = evaluate_ranking(&self.cases.borrow(), &self.order, score);
        self.cases.with_unknown(found)
    }

    fn of_scores(&self) -> Found {
        let of = |(name, score): (&str, LinkScore)| {
            let found = self.measure(|user, scores| {
                let mut scratch = ScoreScratch::default();
                score_all(self.graph, user, score, &mut scratch, scores);
            });
            (name.to_owned(), found)
        };
        METHODS.map(of).into_iter().collect()
    }

    fn of_embeddings(&self, ranking: &Ranking) -> MethodMetrics {
        self.measure(|user, scores| ranking.score_by_embedding(user, scores))
    }

    /// Candidates come first, by score; then everybody else.
    fn of_candidates(&self, candidates: &[Vec<Scored<f32>>]) -> MethodMetrics {
        let users = self.cases.users.iter().map(|case| case.user);
        let by_user: BTreeMap<u32, &Vec<Scored<f32>>> = users.zip(candidates).collect();
        self.measure(|user, scores| {
            scores.fill(f32::NEG_INFINITY);
            for found in by_user.get(&user).into_iter().copied().flatten() {
                scores[found.node as usize] = found.score;
            }
        })
    }

    /// What the ranking finds for each user.
    fn candidates(&self, ranking: &Ranking) -> Result<Vec<Vec<Scored<f32>>>, NetworkError> {
        let users = self.cases.users.par_iter();
        let found = users.map_init(LinkScratch::default, |scratch, case| {
            let about = || self.network.person(case.user);
            let mut trace = Trace::default();
            let ranked = ranking.rank(self.graph, case.user, about, scratch, &mut trace)?;
            Ok(ranked.found)
        });
        found.collect()
    }

    fn untrained_candidates(&self) -> Result<Vec<Vec<Scored<f32>>>, NetworkError> {
        let (options, mut scratch) = (SuggestOptions::default(), SuggestScratch::default());
        let users = self.cases.users.iter();
        let found = users.map(|case| {
            let mut trace = Trace::default();
            let ranked = self
                .network
                .rank(case.user, &options, &mut scratch, &mut trace)?;
            Ok(ranked.found)
        });
        found.collect()
    }

    /// The mean share of held-out friends among the candidates.
    fn recall(&self, candidates: &[Vec<Scored<f32>>]) -> f64 {
        let of = |(case, found): (&cases::Case, &Vec<Scored<f32>>)| {
            let is_found = |node: &&u32| found.iter().any(|candidate| candidate.node == **node);
            let right = case.relevant.iter().filter(is_found).count();
            right as f64 / case.relevant.len().max(1) as f64
        };
        let sum: f64 = self.cases.users.iter().zip(candidates).map(of).sum();
        sum / self.cases.users.len().max(1) as f64 * self.cases.known()
    }

    fn of_trainings(
        &self,
        data: &Data,
        seeds: usize,
        mut progress: impl FnMut(TrainProgress) -> ControlFlow<()>,
    ) -> Result<NetworkEval, NetworkError> {
        let mut each: BTreeMap<&str, Vec<MethodMetrics>> = BTreeMap::new();
        let mut recall = 0.0;
        for seed in 0..seeds as u64 {
            let ranking = data.ranking(seed, &mut progress)?;
            let candidates = self.candidates(&ranking)?;
            recall += self.recall(&candidates) / seeds as f64;
            let mut push = |name, found| each.entry(name).or_default().push(found);
            push("sage", self.of_embeddings(&ranking));
            if progress(TrainProgress::Baseline).is_break() {
                return Err(LinkError::Stopped.into());
            }
            push("lightgcn", self.of_lightgcn(data, seed)?);
            push("full", self.of_candidates(&candidates));
        }
        let mut found = self.of_scores();
        let mut deviations = Found::new();
        for (name, each) in each {
            let (mean, deviation) = MethodMetrics::mean_and_deviation(&each);
            found.insert(name.to_owned(), mean);
            if seeds > 1 {
                deviations.insert(name.to_owned(), deviation);
            }
        }
        Ok(self.eval(found, deviations, recall, seeds))
    }

    fn of_lightgcn(&self, data: &Data, seed: u64) -> Result<MethodMetrics, NetworkError> {
        let (rest, validation) = data.training(seed).validation(&data.graph)?;
        let config = LightGcnConfig {
            seed,
            ..LightGcnConfig::default()
        };
        let model = train_lightgcn(&rest, &config, &validation, |_| ()).map_err(LinkError::from)?;
        let rows = model.embed(&data.graph);
        Ok(self.measure(|user, scores| {
            nigh_simd::dot_rows(rows.row(user as usize), rows.data(), scores);
        }))
    }

    fn eval(
        &self,
        methods: Found,
        deviations: Found,
        candidate_recall: f64,
        seeds: usize,
    ) -> NetworkEval {
        let cases = self.cases;
        NetworkEval {
            trained: true,
            seeds,
            users: cases.users.len() + cases.unknown,
            unknown_users: cases.unknown,
            held_out: cases.held_out,
            leaked: cases.leaked,
            changes_since_training: 0,
            candidate_recall,
            methods,
            deviations,
        }
    }
}

impl MethodMetrics {
    /// Of some trainings; the deviation is that of a sample.
    fn mean_and_deviation(each: &[MethodMetrics]) -> (MethodMetrics, MethodMetrics) {
        let values = each.iter().map(MethodMetrics::values);
        let count = each.len().max(1) as f64;
        let mut mean = [0.0; 6];
        for values in values.clone() {
            mean.iter_mut()
                .zip(values)
                .for_each(|(mean, value)| *mean += value / count);
        }
        let mut variance = [0.0; 6];
        for values in values {
            for ((variance, value), mean) in variance.iter_mut().zip(values).zip(mean) {
                *variance += (value - mean).powi(2) / (count - 1.0).max(1.0);
            }
        }
        let of = MethodMetrics::from_values;
        (of(mean), of(variance.map(f64::sqrt)))
    }

    fn values(&self) -> [f64; 6] {
        [
            self.hits_at_10,
            self.hits_at_50,
            self.recall_at_10,
            self.recall_at_50,
            self.mrr,
            self.auc,
        ]
    }

    fn from_values(
        [hits_at_10, hits_at_50, recall_at_10, recall_at_50, mrr, auc]: [f64; 6],
    ) -> MethodMetrics {
        MethodMetrics {
            hits_at_10,
            hits_at_50,
            recall_at_10,
            recall_at_50,
            mrr,
            auc,
        }
    }
}
