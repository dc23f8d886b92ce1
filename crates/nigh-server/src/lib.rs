//! Catalogs and networks over HTTP.
#![forbid(unsafe_code)]
