#![forbid(unsafe_code)]
//! Who is around this person, where do they live, whom do I sample?

mod adjacency;
mod csr;
mod sample;

pub use adjacency::Adjacency;
pub use csr::{Csr, Edge};
pub use sample::{
    Block, Draw, LeftOut, Random, Sample, SampleConfig, SampleError, Seed, TimeRule, sample,
};
