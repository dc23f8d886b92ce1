//! nigh-store
