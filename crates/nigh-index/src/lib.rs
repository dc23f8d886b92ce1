//! nigh-index
