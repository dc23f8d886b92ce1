//! Who may know whom, and who comes first?
//!
//! [`link_candidates`] walks two to four steps from a person and says of everybody worth suggesting how they were reached; a
//! [`LinkModel`], trees trained on edges held out of the graph itself, puts them in order. What takes the whole graph to know
//! lies in [`LinkTables`], made once in a while; walks go over the graph as it is now.

mod candidates;
mod config;
mod error;
mod features;
mod model;
mod nearest;
mod places;
mod recent;
mod scratch;
mod spectral;
mod tables;
mod ties;
mod training;
mod walks;

pub use candidates::{LinkAsking, LinkCandidates, LinkSources, link_candidates};
pub use config::{LinkConfig, LinkTraining};
pub use error::LinkError;
pub use features::{LINK_FEATURES, link_feature_names};
pub use model::LinkModel;
pub use nearest::nearest_embeddings;
pub use scratch::LinkScratch;
pub use tables::LinkTables;
pub use training::LinkProgress;
