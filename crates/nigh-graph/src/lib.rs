#![forbid(unsafe_code)]
//! Who is around this person, where do they live, whom do I sample?

mod adjacency;
mod community;
mod csr;

pub use adjacency::Adjacency;
pub use community::{Communities, CommunityConfig, CommunityError, leiden, louvain, modularity};
pub use csr::{Csr, Edge};
