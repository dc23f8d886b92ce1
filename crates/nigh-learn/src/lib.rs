#![forbid(unsafe_code)]
//! How do I train a graph model, a ranker?
//!
//! From a graph of people to embeddings whose inner products say who may know whom: LightGCN ([`train_lightgcn`]), and
//! networks of GraphSAGE, graph convolution or attention layers ([`train_gnn`]) over learned tables, attributes
//! ([`AttributeEncoder`]) and structure ([`structural_features`]). Candidates are put in order by
//! trees over how they are reached ([`LinkModel`]). Ranking is measured over all people ([`evaluate_ranking`]).
//!
//! It is:
//! - repeatable: a seed gives the same bits on any number of threads, and a training that is interrupted goes on with the bits
//!   it would have had ([`GnnTraining`]);
//! - open to newcomers: a [`Gnn`] embeds people who were not there in training from features and first friends;
//! - checked: every slope against finite differences, networks against torch and torch_geometric.
//!
//! It is not:
//! - a tensor library, nor automatic differentiation: each layer's way back is written beside its way there;
//! - storage or serving: it knows bytes, not files, and graphs, not catalogues.
//!
//! ```
//! use nigh_graph::{Csr, Edge};
//! use nigh_learn::{LightGcnConfig, TieOrder, Validation, train_lightgcn};
//!
//! let edges: Vec<Edge> = [(0, 1), (1, 2), (2, 0), (2, 3)].map(|(a, b)| Edge::new(a, b)).into();
//! let graph = Csr::from_edges(4, &edges);
//! let nothing = Validation::sample(&[], 0, TieOrder::of_numbers(4), 0);
//! let config = LightGcnConfig { dim: 8, steps: 20, ..LightGcnConfig::default() };
//! let embeddings = train_lightgcn(&graph, &config, &nothing, |_| ())?.embed(&graph);
//! assert_eq!((embeddings.rows(), embeddings.cols()), (4, 8));
//! # Ok::<(), nigh_learn::LearnError>(())
//! ```

mod adam;
mod embedder;
mod error;
mod features;
mod gnn;
mod held_out;
mod lightgcn;
mod link;
mod link_loss;
mod matrix;
mod metrics;
mod profiles;
mod propagation;
mod ranker;
mod validation;

pub use embedder::{Embedder, EmbedderConfig, Embeddings};
pub use error::{LearnError, Progress};
pub use features::{
    Attribute, AttributeConfig, AttributeEncoder, AttributeKind, StructureConfig,
    structural_features,
};
pub use gnn::{
    Gnn, GnnConfig, GnnTraining, LayerKind, ModelFileError, Negatives, TrainingBatch, train_gnn,
};
pub use lightgcn::{LightGcn, LightGcnConfig, train_lightgcn};
pub use link::{
    LINK_FEATURES, LinkAsking, LinkCandidates, LinkConfig, LinkError, LinkModel, LinkProgress,
    LinkScratch, LinkSources, LinkTables, LinkTraining, link_candidates, link_feature_names,
    nearest_embeddings,
};
pub use link_loss::{LinkBatch, LinkGradient, LinkLoss, link_loss};
pub use matrix::Matrix;
pub use metrics::{
    RankingCase, RankingMetrics, TieOrder, auc, evaluate_ranking, places_of_relevant, splitmix64,
};
pub use profiles::{ProfileEncoder, ProfileMatch, Profiles};
pub use ranker::{Ranker, RankerConfig, RankerError, RankerExamples, RankerLoss};
pub use validation::{Validation, measure_embeddings};
