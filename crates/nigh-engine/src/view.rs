//! The published view of a catalog: immutable files that any process may map
//! and search while another one writes the collection.
//!
//! ```text
//! DIR/index/current            the name of the folder below; current.<n> for the embeddings of generation n, from 1 on
//! DIR/index/<sequence>-<n>/    vectors.segment: embeddings, labels, lists and codes
//!                              vectors.segment.cost.json: what its searches cost on the machine that built it
//!                              items.view: numbers, ids, images, attribute columns
//!                              tuned.json: what searches of it reach, if it is tuned
//! ```
//!
//! A view is derived: it holds the collection up to one sequence number, and a
//! missing or torn one is built again from the store.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nigh_index::Segment;
use nigh_mmap::Sections;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::items::ItemsWriteError;
pub(crate) use self::items::{ImageName, ItemsFile, ItemsWriter};
use crate::columns::{Columns, LoadError};
use crate::label::place;
use crate::vectors::open_segment;

mod items;

/// Why a published view cannot be used.
#[derive(Debug, Error)]
pub enum ViewError {
    /// A file of the view cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The vectors are missing, torn or corrupt.
    #[error(transparent)]
    Segment(#[from] nigh_index::OpenError),
    /// The items are missing, torn or corrupt.
    #[error(transparent)]
    Items(#[from] nigh_mmap::OpenError),
    /// A section of the items is missing or misaligned.
    #[error(transparent)]
    Section(#[from] nigh_mmap::SectionError),
    /// A section holds what it should not.
    #[error("{} is corrupt: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The attribute columns are corrupt.
    #[error("the attribute columns are corrupt: {0}")]
    Columns(#[from] LoadError),
}

/// An open view.
#[derive(Debug)]
pub(crate) struct View {
    folder: PathBuf,
    pub(crate) segment: Segment,
    pub(crate) items: ItemsFile,
    columns: OnceLock<Columns>,
    /// The segment's rows by their labels, made when it is first needed.
    by_label: OnceLock<Vec<u32>>,
}

impl View {
    /// The view that is current at `dir` for a generation of embeddings, or `None` where none was published.
    pub(crate) fn open(dir: &Path, generation: u64) -> Result<Option<Self>, ViewError> {
        let mut last = None;
        // A view can be replaced between reading its name and opening it.
        for _ in 0..3 {
            let Some(folder) = current(dir, generation)? else {
                return Ok(None);
            };
            match Self::open_folder(&folder) {
                Ok(view) => return Ok(Some(view)),
                Err(error) => last = Some(error),
            }
        }
        last.map_or(Ok(None), Err)
    }

    pub(crate) fn open_folder(folder: &Path) -> Result<Self, ViewError> {
        let items = ItemsFile::open(&folder.join(ITEMS_FILE))?;
        let segment = open_segment(&folder.join(SEGMENT_FILE))?;
        let header = items.header();
        if segment.sequence() != header.sequence || segment.len() as u64 != header.images {
            let reason = format!(
                "it holds {} images at sequence {}, the segment beside it {} at {}",
                header.images,
                header.sequence,
                segment.len(),
                segment.sequence()
            );
            return Err(ViewError::Corrupt {
                path: folder.join(ITEMS_FILE),
                reason,
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            segment,
            items,
            columns: OnceLock::new(),
            by_label: OnceLock::new(),
        })
    }

    /// Where the current view's files are, if one was published.
    pub(crate) fn current_folder(
        dir: &Path,
        generation: u64,
    ) -> Result<Option<PathBuf>, ViewError> {
        current(dir, generation)
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The attributes, read from the file when they are first needed.
    pub(crate) fn columns(&self) -> Result<&Columns, ViewError> {
        if let Some(columns) = self.columns.get() {
            return Ok(columns);
        }
        let columns = self.items.load_columns()?;
        Ok(self.columns.get_or_init(|| columns))
    }

    /// The segment's rows of the item at a position.
    pub(crate) fn rows_of(&self, position: u32) -> impl Iterator<Item = usize> + '_ {
        let labels = self.segment.labels();
        let by_label = self.by_label.get_or_init(|| {
            let mut rows: Vec<u32> = (0..labels.len() as u32).collect();
            rows.sort_unstable_by_key(|&row| labels[row as usize]);
            rows
        });
        let item = |row: u32| place(labels[row as usize]);
        let from = by_label.partition_point(|&row| item(row) < position);
        let own = by_label[from..].iter().map(|&row| row as usize);
        own.take_while(move |&row| item(row as u32) == position)
    }

    /// Items in the view.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The sequence number up to which the view holds the collection.
    pub(crate) fn sequence(&self) -> u64 {
        self.items.header().sequence
    }
}

/// What a view holds, for a person or program that looks at the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ViewHeader {
    /// The collection's sequence number.
    pub(crate) sequence: u64,
    /// Items.
    pub(crate) items: u64,
    /// Images, one row of the segment each.
    pub(crate) images: u64,
    /// The most images that one item has.
    pub(crate) most_images: usize,
}

pub(crate) const SEGMENT_FILE: &str = "vectors.segment";
pub(crate) const ITEMS_FILE: &str = "items.view";
const CURRENT_FILE: &str = "current";

pub(crate) fn index_folder(dir: &Path) -> PathBuf {
    dir.join("index")
}

/// The file that names the folder of a generation's current view. Each generation has one of its own, so that a view can be
/// published before its generation is searched, and is there to go back to.
pub(crate) fn current_file(dir: &Path, generation: u64) -> PathBuf {
    let name = match generation {
        0 => CURRENT_FILE.to_owned(),
        _ => format!("{CURRENT_FILE}.{generation}"),
    };
    index_folder(dir).join(name)
}

/// The generations that have a current view.
pub(crate) fn generations(dir: &Path) -> Vec<u64> {
    let entries = std::fs::read_dir(index_folder(dir)).into_iter().flatten();
    let generation = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        match name.strip_prefix(CURRENT_FILE)?.strip_prefix('.') {
            None => (name == CURRENT_FILE).then_some(0),
            Some(number) => number.parse().ok(),
        }
    };
    entries.flatten().filter_map(generation).collect()
}

/// Their folders.
pub(crate) fn current_folders(dir: &Path) -> Vec<PathBuf> {
    let folder = |generation| current(dir, generation).ok().flatten();
    generations(dir).into_iter().filter_map(folder).collect()
}

/// The current view's folder, if one was published.
fn current(dir: &Path, generation: u64) -> Result<Option<PathBuf>, ViewError> {
    let path = current_file(dir, generation);
    match std::fs::read_to_string(&path) {
        Ok(name) if is_plain_name(name.trim()) => Ok(Some(index_folder(dir).join(name.trim()))),
        Ok(name) => Err(ViewError::Corrupt {
            path,
            reason: format!("{name:?} names no view"),
        }),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ViewError::Read { path, source }),
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The names of a stored item's images.
pub(crate) fn image_names(item: &nigh_store::Item) -> Vec<ImageName> {
    let name = |image: &nigh_store::ItemImage| ImageName {
        name: image.name.clone(),
        source: image.source.clone(),
        hash: format!("{:032x}", image.hash),
    };
    item.images.iter().map(name).collect()
}

/// The section `name` as text.
fn text<'a>(sections: &'a Sections, path: &Path, name: &str) -> Result<&'a str, ViewError> {
    let corrupt = |reason: String| ViewError::Corrupt {
        path: path.to_owned(),
        reason,
    };
    std::str::from_utf8(sections.bytes(name)?)
        .map_err(|error| corrupt(format!("section {name}: {error}")))
}
