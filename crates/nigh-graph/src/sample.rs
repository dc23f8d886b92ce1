//! Whom does a mini-batch see?

mod random;

pub use random::Random;
