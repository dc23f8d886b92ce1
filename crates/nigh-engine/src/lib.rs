//! How does one query run, cheap stages first?
//!
//! `nigh-engine` is the catalog as a user knows it: it reads folders and tables
//! of images ([`source`]), turns them into a durable collection ([`CatalogWriter`]),
//! opens that for searching ([`Catalog`]), filters by attributes ([`Filter`]),
//! finds the items that look like a picture, and measures how well it does so
//! ([`eval`]).
//!
//! This crate **is**
//! - the order in which the stages of a query run, and the trace of what each did;
//! - the published view that other processes may search while one writes;
//! - the pipeline that keeps every core busy during an import, in bounded memory.
//!
//! This crate **is not**
//! - a server or a command line: it does not know the wire or the terminal;
//! - the store, the index or the encoder: it holds them together.
#![forbid(unsafe_code)]

mod catalog;
mod columns;
mod encoder;
pub mod eval;
mod filter;
mod import;
mod label;
mod load;
mod publish;
pub mod source;
mod tail;
mod trace;
mod view;
mod writer;

pub use catalog::{
    Catalog, CatalogInfo, ColumnInfo, Hit, ItemSummary, Method, OpenCatalogError, SearchError,
    SearchOptions, SearchReply,
};
pub use columns::{ColumnSummary, Columns, ColumnsBuilder, LoadError, PushError, column_bytes};
pub use encoder::{EncoderError, EncoderRecord, EncoderRequest};
pub use filter::{Filter, FilterError, Place};
pub use import::{Counts, ImportError, ImportEvent, ImportOptions, ImportReport, StageThroughput};
pub use load::{read_image, read_image_file};
pub use publish::PublishError;
pub use tail::TailError;
pub use trace::{Stage, Trace};
pub use view::{ItemsWriteError, ViewError};
pub use writer::{CatalogWriter, OpenWriterError};
