//! nigh-simd
