//! nigh
fn main() {}
