//! nigh-engine
