//! nigh-mmap
