//! nigh-encode
