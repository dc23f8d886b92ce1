//! A graph in figures.

mod clustering;
mod components;
mod cores;
mod degrees;
mod pagerank;

pub use clustering::{Clustering, ClusteringConfig, Estimate, clustering, triangle_counts};
pub use components::{Components, connected_components};
pub use cores::core_numbers;
pub use degrees::{DegreeStats, degree_assortativity, degree_stats};
pub use pagerank::{PageRankConfig, pagerank};
