#![forbid(unsafe_code)]
//! How do I train a graph model, a ranker?

mod metrics;

pub use metrics::{
    RankingCase, RankingMetrics, TieOrder, auc, evaluate_ranking, places_of_relevant, splitmix64,
};
