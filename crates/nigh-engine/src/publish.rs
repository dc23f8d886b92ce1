//! Builds the published view of a catalog from its store.

use std::path::{Path, PathBuf};

use nigh_index::{BuildError, IvfConfig, Metric, SegmentBuilder, SegmentConfig, VectorError};
use nigh_store::{CatalogStore, StoreError, StoredItem};
use thiserror::Error;

use crate::columns::{ColumnsBuilder, PushError};
use crate::label::{MAX_IMAGES, label};
use crate::view::{
    ITEMS_FILE, ItemsWriteError, ItemsWriter, SEGMENT_FILE, current_file, image_names, index_folder,
};

/// Why a view could not be built. The store is untouched by this, and so is the
/// view that was published before.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The segment could not be built.
    #[error(transparent)]
    Segment(#[from] BuildError),
    /// A stored embedding does not fit the segment.
    #[error("item {id:?}: {source}")]
    Embedding {
        /// The item.
        id: String,
        /// Why.
        source: VectorError,
    },
    /// A stored attribute does not fit the schema.
    #[error("item {id:?}: {source}")]
    Attribute {
        /// The item.
        id: String,
        /// Why.
        source: PushError,
    },
    /// The items could not be written.
    #[error(transparent)]
    Items(#[from] ItemsWriteError),
    /// A file or folder could not be made.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// More items than a view has places for.
    #[error("a view holds at most {} items", u32::MAX)]
    TooManyItems,
}

/// From this many rows on a segment gets inverted lists: below, an exact scan
/// takes less than a few milliseconds and needs none.
pub(crate) const IVF_ROWS: u64 = 20_000;

/// Builds a view of everything that `store` holds now and makes it current.
pub(crate) fn publish(dir: &Path, store: &CatalogStore) -> Result<(), PublishError> {
    let sequence = store.sequence()?;
    let folder = new_folder(dir, sequence)?;
    build(&folder, store, sequence)?;
    make_current(dir, &folder)?;
    remove_others(dir, &folder);
    Ok(())
}

fn build(folder: &Path, store: &CatalogStore, sequence: u64) -> Result<(), PublishError> {
    let ivf = (store.len()? >= IVF_ROWS).then(IvfConfig::automatic);
    let config = SegmentConfig { sequence, ivf };
    let mut segment =
        SegmentBuilder::create(&folder.join(SEGMENT_FILE), store.dimension(), Metric::Cosine, config)?;
    let mut items = ItemsWriter::new(ColumnsBuilder::new(&store.schema()?));
    for (position, stored) in store.scan()?.enumerate() {
        let position = u32::try_from(position).map_err(|_| PublishError::TooManyItems)?;
        push(&mut segment, &mut items, store, position, &stored?)?;
    }
    segment.finish()?;
    items.write(&folder.join(ITEMS_FILE), sequence)?;
    Ok(())
}

fn push(
    segment: &mut SegmentBuilder,
    items: &mut ItemsWriter,
    store: &CatalogStore,
    position: u32,
    stored: &StoredItem,
) -> Result<(), PublishError> {
    let id = &stored.item.id;
    let rows = store.embeddings(stored.number)?;
    for (image, row) in rows.chunks_exact(store.dimension()).take(MAX_IMAGES).enumerate() {
        let pushed = segment.push(label(position, image), row);
        pushed.map_err(|source| PublishError::Embedding { id: id.clone(), source })?;
    }
    let attributes = items.columns().push(&stored.item.attributes);
    attributes.map_err(|source| PublishError::Attribute { id: id.clone(), source })?;
    items.push(stored.number.0, id, &image_names(&stored.item)).map_err(ItemsWriteError::from)?;
    Ok(())
}

/// A folder that does not exist yet: a view of the same sequence number may be
/// there, torn.
fn new_folder(dir: &Path, sequence: u64) -> Result<PathBuf, PublishError> {
    let index = index_folder(dir);
    std::fs::create_dir_all(&index).map_err(|source| PublishError::Write { path: index.clone(), source })?;
    let mut attempt = 0_u32;
    loop {
        let folder = index.join(format!("{sequence}-{attempt}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => attempt += 1,
            Err(source) => return Err(PublishError::Write { path: folder, source }),
        }
    }
}

/// The name is written beside and renamed over the old one, so that a reader
/// sees the old view or the new one, whole.
fn make_current(dir: &Path, folder: &Path) -> Result<(), PublishError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let path = current_file(dir);
    nigh_mmap::write_atomically(&path, name.as_bytes()).map_err(|source| PublishError::Write { path, source })
}

/// Views that nobody will open any more. One that cannot be removed (it may be
/// mapped, on some systems) is removed by a later publication.
fn remove_others(dir: &Path, keep: &Path) {
    let Ok(entries) = std::fs::read_dir(index_folder(dir)) else { return };
    let others = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && path != keep);
    others.for_each(|path| drop(std::fs::remove_dir_all(path)));
}
