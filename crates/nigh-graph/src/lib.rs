#![forbid(unsafe_code)]
//! Who is around this person, where do they live, whom do I sample?

mod adjacency;
mod csr;
mod delta;
mod file;
mod graph;
mod ids;
mod list;

pub use adjacency::Adjacency;
pub use csr::{Csr, Edge};
pub use file::{GraphFile, OpenGraphError, WriteGraphError, write_graph};
pub use graph::Graph;
pub use ids::{Ids, IdsFile, integer};
