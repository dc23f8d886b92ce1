#![forbid(unsafe_code)]
//! How do I train a graph model, a ranker?
