#![forbid(unsafe_code)]
//! How do I train a graph model, a ranker?

mod adam;
mod error;
mod held_out;
mod lightgcn;
mod link_loss;
mod matrix;
mod metrics;
mod propagation;
mod ranker;
mod validation;

pub use error::{LearnError, Progress};
pub use lightgcn::{LightGcn, LightGcnConfig, train_lightgcn};
pub use link_loss::{LinkBatch, LinkGradient, LinkLoss, link_loss};
pub use matrix::Matrix;
pub use metrics::{
    RankingCase, RankingMetrics, TieOrder, auc, evaluate_ranking, places_of_relevant, splitmix64,
};
pub use ranker::{Ranker, RankerConfig, RankerError, RankerExamples, RankerLoss};
pub use validation::{Validation, measure_embeddings};
