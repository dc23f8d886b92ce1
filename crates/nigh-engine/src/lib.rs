//! How does one query run, cheap stages first?
//!
//! `nigh-engine` is the catalog as a user knows it: it reads folders and tables
//! of images ([`source`]), turns them into a durable collection ([`CatalogWriter`]),
//! opens that for searching ([`Catalog`]), filters by attributes ([`Filter`]),
//! finds the items that look like a picture, and measures how well it does so
//! ([`eval`]). Beside it, [`vectors`] reads, generates and measures raw vectors in files.
//!
//! This crate **is**
//! - the order in which the stages of a query run, and the trace of what each did;
//! - the published view that other processes may search while one writes;
//! - the pipeline that keeps every core busy during an import, in bounded memory.
//!
//! This crate **is not**
//! - a server or a command line: it does not know the wire or the terminal;
//! - the store, the index or the encoder: it holds them together.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use nigh_engine::source::{self, SourceOptions};
//! use nigh_engine::{Catalog, CatalogWriter, EncoderRequest, ImportOptions, SearchOptions};
//!
//! let dir = tempfile::tempdir()?;
//! let photos = dir.path().join("photos");
//! std::fs::create_dir(&photos)?;
//! for (name, blue_green_red) in [("red", [0, 0, 255]), ("blue", [255, 0, 0])] {
//!     // The smallest BMP: one pixel.
//!     let mut file = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
//!     file.extend([0; 24]);
//!     file.extend(blue_green_red);
//!     file.push(0);
//!     std::fs::write(photos.join(format!("{name}.bmp")), file)?;
//! }
//!
//! let plan = source::plan(&[photos], &SourceOptions::default())?;
//! let shop = dir.path().join("shop");
//! let (writer, encoder) = CatalogWriter::open_or_create(&shop, &EncoderRequest::default())?;
//! let stop = AtomicBool::new(false);
//! let report = writer.import(&plan, &encoder, &ImportOptions::default(), &stop, &mut |_| {})?;
//! assert_eq!(report.counts.items, 2);
//! drop(writer);
//!
//! let catalog = Catalog::open(&shop)?;
//! let reply = catalog.search(&catalog.embeddings("red")?, &SearchOptions::default())?;
//! assert_eq!(reply.hits[0].id, "red");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod batcher;
mod catalog;
mod columns;
pub mod doctor;
pub mod edges;
mod encoder;
pub mod eval;
mod filter;
pub mod generation;
pub mod growth;
mod import;
mod label;
mod load;
pub mod models;
pub mod network;
mod paired;
pub mod people_table;
pub mod pipeline;
mod publish;
mod query;
mod reduction;
pub mod source;
mod tail;
mod trace;
mod tuning;
pub mod vectors;
mod view;
mod writer;

pub use batcher::{
    BatchError, Batcher, BatcherConfig, BatcherMetrics, Spread, SubmitError, Ticket, Waiting,
};
pub use catalog::{
    Catalog, CatalogInfo, CatalogTuneError, Checked, ColumnInfo, FacetValue, Hit, ItemSummary,
    LiveCatalog, LiveError, Method, NewItem, NewPicture, OpenCatalogError, OrderBy, OtherInfo,
    Outcome, Prepared, RebuildError, Refined, Refinement, RunningRecall, SearchError,
    SearchOptions, SearchReply, ShapeRecall, StageCost, TuneOptions, WhyNot, Write, tune_catalog,
};
pub use columns::{ColumnSummary, Columns, ColumnsBuilder, LoadError, PushError, column_bytes};
pub use encoder::{EncoderError, EncoderRecord, EncoderRequest, Located, is_model_name, locate};
pub use filter::{Filter, FilterError, Place};
pub use import::{Counts, ImportError, ImportEvent, ImportOptions, ImportReport, StageThroughput};
pub use load::{read_image, read_image_file};
pub use paired::PairedError;
pub use publish::PublishError;
pub use query::{CombineError, combine};
pub use reduction::{ReductionError, ReductionRecord};
pub use tail::TailError;
pub use trace::{Stage, Trace};
pub use tuning::{CatalogTuned, TuningFileError, TuningGoal};
pub use view::{ItemsWriteError, ViewError};
pub use writer::{CatalogWriter, OpenWriterError};
