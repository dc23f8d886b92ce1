#![forbid(unsafe_code)]
//! How do I train a graph model, a ranker?

mod adam;
mod error;
mod features;
mod gnn;
mod held_out;
mod lightgcn;
mod link_loss;
mod matrix;
mod metrics;
mod propagation;
mod validation;

pub use error::{LearnError, Progress};
pub use features::{
    Attribute, AttributeConfig, AttributeEncoder, StructureConfig, structural_features,
};
pub use gnn::{
    Gnn, GnnConfig, GnnTraining, LayerKind, ModelFileError, Negatives, TrainingBatch, train_gnn,
};
pub use lightgcn::{LightGcn, LightGcnConfig, train_lightgcn};
pub use link_loss::{LinkBatch, LinkGradient, LinkLoss, link_loss};
pub use matrix::Matrix;
pub use metrics::{
    RankingCase, RankingMetrics, TieOrder, auc, evaluate_ranking, places_of_relevant, splitmix64,
};
pub use validation::{Validation, measure_embeddings};
