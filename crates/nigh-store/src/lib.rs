//! What do we hold, and will it survive a crash?
//!
//! A collection is a folder. This crate keeps its data in it, so that what was acknowledged is there
//! after a killed process or a power cut, and everything that is derived (indexes, caches, copies)
//! can be rebuilt by replaying what happened. [`Ledger`] is the one durable write path: named tables
//! of bytes, atomic batches, numbered operations. [`CatalogStore`] is the typed layer for items with
//! attributes, images and embeddings.
//!
//! **It is** an embedded store over one [redb](https://docs.rs/redb) file: one writer, many reading
//! threads on consistent views, several reading processes while nobody writes.
//! **It is not** an index (it finds by id, not by nearness), a query engine, or a server; it does not
//! know what an encoder is, only its fingerprint.
//!
//! ```
//! use nigh_store::{CatalogStore, Durability, Item, ItemImage, Operation, Upsert, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let folder = folder.path().join("shoes");
//! let store = CatalogStore::create(&folder, 2, serde_json::json!({ "architecture": "example" }))?;
//! let item = Item {
//!     id: "1163".to_owned(),
//!     attributes: [("colour".to_owned(), Value::String("Navy".to_owned()))].into(),
//!     images: vec![ItemImage { name: "front".to_owned(), source: "1163.jpg".to_owned(), hash: 7, bytes: None }],
//! };
//! let upsert = Upsert { item, embeddings: Some(vec![0.6, 0.8]) };
//! // On disk when this returns:
//! let commit = store.upsert(&[upsert], Durability::Synced)?;
//! assert_eq!((commit.first, commit.last), (1, 1));
//!
//! let view = store.view()?;
//! let stored = view.get("1163")?.ok_or("it was just written")?;
//! assert_eq!(view.embeddings(stored.number)?, Some(vec![0.6, 0.8]));
//! let changes: Vec<_> = view.changes(1)?.collect::<Result<_, _>>()?;
//! assert_eq!((changes[0].operation, changes[0].id.as_str()), (Operation::Upsert, "1163"));
//! # Ok(())
//! # }
//! ```
//!
//! # The folder
//!
//! | file | what it is |
//! |---|---|
//! | `nigh.json` | the [`Header`]: format, kind, encoder fingerprint; read before anything else |
//! | `store.redb` | the data |
//! | the header's [`files`](Header::files) | what its embeddings cannot be used without |
//! | `writer.lock` | locked by the process that writes, and says who it is |

#![forbid(unsafe_code)]

mod catalog;
mod date;
mod error;
mod item;
mod ledger;
mod network;
mod precision;
mod value;

pub use catalog::{
    CatalogStore, CatalogView, Change, Changes, Deleted, Embeddings, ExportSummary,
    GenerationError, Items, Operation,
};
pub use date::Date;
pub use error::{CopyError, ItemError, OpenError, ReadError, UpsertError, WriteError};
pub use item::{Hashes, Item, ItemImage, ItemNumber, MAX_ID_BYTES, MAX_IMAGES, Stored, Upsert};
pub use ledger::{
    Batch, Commit, Durability, FORMAT, Generation, Header, Kind, Ledger, Other, OtherState,
    OwnedValue, Row, Scan, View,
};
pub use network::{NetworkChange, NetworkChanges, NetworkStore, NetworkView, Person, Rule};
pub use precision::Precision;
pub use value::{AttributeType, Column, Misfit, Schema, Value};
