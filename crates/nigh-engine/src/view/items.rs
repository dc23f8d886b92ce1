//! The items of a view: numbers, ids, images and attribute columns, in the
//! order of the item numbers. An item's place in it is its *position*.

use std::path::{Path, PathBuf};

use nigh_mmap::{Format, SectionWriter, Sections, View, WriteError};
use serde::{Deserialize, Serialize};

use super::{ViewError, ViewHeader, text};
use crate::columns::{Columns, ColumnsBuilder};

const FORMAT: Format = Format {
    magic: *b"nighitem",
    version: 1,
};

/// What one image is called and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageName {
    pub(crate) name: String,
    pub(crate) source: String,
    /// XXH3, 128 bits, in hexadecimal: JSON has no numbers of this size.
    pub(crate) hash: String,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct ItemsFile {
    path: PathBuf,
    sections: Sections,
    header: ViewHeader,
    numbers: View<u64>,
    id_ends: View<u64>,
    image_ends: View<u64>,
}

impl ItemsFile {
    pub(crate) fn open(path: &Path) -> Result<Self, ViewError> {
        let sections = Sections::open(path, FORMAT)?;
        let corrupt = |reason: String| ViewError::Corrupt {
            path: path.to_owned(),
            reason,
        };
        let header: ViewHeader = serde_json::from_str(text(&sections, path, "header")?)
            .map_err(|error| corrupt(error.to_string()))?;
        let (numbers, id_ends, image_ends) = (
            sections.view("numbers")?,
            sections.view("id_ends")?,
            sections.view("image_ends")?,
        );
        let file = Self {
            path: path.to_owned(),
            sections,
            header,
            numbers,
            id_ends,
            image_ends,
        };
        file.check().map_err(corrupt)?;
        Ok(file)
    }

    pub(crate) fn header(&self) -> &ViewHeader {
        &self.header
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The id at a position below `len`.
    pub(crate) fn id(&self, position: u32) -> &str {
        // Checked when the file was opened; its bytes cannot change since.
        self.sections
            .bytes("ids")
            .ok()
            .and_then(|ids| slice(ids, &self.id_ends, position))
            .map_or("", |id| std::str::from_utf8(id).unwrap_or_default())
    }

    /// The store's number for the item at a position below `len`.
    pub(crate) fn number(&self, position: u32) -> u64 {
        self.numbers[position as usize]
    }

    /// Where an item stands, if it is here.
    pub(crate) fn position_of_number(&self, number: u64) -> Option<u32> {
        self.numbers
            .binary_search(&number)
            .ok()
            .and_then(|position| u32::try_from(position).ok())
    }

    /// Where an id stands: a scan over all ids, for callers without a store.
    pub(crate) fn position_of_id(&self, id: &str) -> Option<u32> {
        (0..self.len() as u32).find(|&position| self.id(position) == id)
    }

    /// The images of the item at a position below `len`.
    pub(crate) fn images(&self, position: u32) -> Result<Vec<ImageName>, ViewError> {
        let images =
            slice(self.sections.bytes("images")?, &self.image_ends, position).unwrap_or_default();
        serde_json::from_slice(images).map_err(|error| ViewError::Corrupt {
            path: self.path.clone(),
            reason: error.to_string(),
        })
    }

    pub(crate) fn load_columns(&self) -> Result<Columns, ViewError> {
        Ok(Columns::load(self.sections.bytes("columns")?)?)
    }

    fn check(&self) -> Result<(), String> {
        let items = self.header.items;
        let lengths = [
            self.numbers.len(),
            self.id_ends.len(),
            self.image_ends.len(),
        ];
        if lengths.iter().any(|&length| length as u64 != items) {
            return Err(format!(
                "the header says {items} items, the sections hold {lengths:?}"
            ));
        }
        let bytes = |name: &str| self.sections.bytes(name).map_err(|error| error.to_string());
        ends_within(&self.id_ends, bytes("ids")?.len(), "ids")?;
        ends_within(&self.image_ends, bytes("images")?.len(), "images")?;
        std::str::from_utf8(bytes("ids")?)
            .map(|_| ())
            .map_err(|error| format!("section ids: {error}"))
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[u64], position: u32) -> Option<&'a [u8]> {
    let position = position as usize;
    let start = if position == 0 {
        0
    } else {
        *ends.get(position - 1)?
    };
    bytes.get(start as usize..*ends.get(position)? as usize)
}

fn ends_within(ends: &[u64], bytes: usize, section: &str) -> Result<(), String> {
    let ascending = ends.is_sorted();
    let last = ends.last().copied().unwrap_or(0);
    let complete = ascending && last == bytes as u64;
    if complete {
        Ok(())
    } else {
        Err(format!(
            "section {section}: its parts do not fill its {bytes} bytes"
        ))
    }
}

/// Collects items, in the order of their numbers, and writes the file.
pub(crate) struct ItemsWriter {
    numbers: Vec<u64>,
    ids: String,
    id_ends: Vec<u64>,
    images: Vec<u8>,
    image_ends: Vec<u64>,
    columns: ColumnsBuilder,
    image_count: u64,
    most_images: usize,
}

impl ItemsWriter {
    pub(crate) fn new(columns: ColumnsBuilder) -> Self {
        Self {
            numbers: Vec::new(),
            ids: String::new(),
            id_ends: Vec::new(),
            images: Vec::new(),
            image_ends: Vec::new(),
            columns,
            image_count: 0,
            most_images: 0,
        }
    }

    pub(crate) fn columns(&mut self) -> &mut ColumnsBuilder {
        &mut self.columns
    }

    pub(crate) fn push(
        &mut self,
        number: u64,
        id: &str,
        images: &[ImageName],
    ) -> Result<(), serde_json::Error> {
        self.numbers.push(number);
        self.ids.push_str(id);
        self.id_ends.push(self.ids.len() as u64);
        serde_json::to_writer(&mut self.images, images)?;
        self.image_ends.push(self.images.len() as u64);
        self.image_count += images.len() as u64;
        self.most_images = self.most_images.max(images.len());
        Ok(())
    }

    /// Writes everything to `path`, durable when this returns.
    pub(crate) fn write(self, path: &Path, sequence: u64) -> Result<(), ItemsWriteError> {
        let header = ViewHeader {
            sequence,
            items: self.numbers.len() as u64,
            images: self.image_count,
            most_images: self.most_images,
        };
        let mut columns = Vec::new();
        self.columns
            .finish()
            .save(&mut columns)
            .map_err(ItemsWriteError::Columns)?;
        let mut writer = SectionWriter::create(path, FORMAT)?;
        writer.put("header", serde_json::to_string(&header)?.as_bytes())?;
        writer.put("numbers", &self.numbers)?;
        writer.put("id_ends", &self.id_ends)?;
        writer.put("ids", self.ids.as_bytes())?;
        writer.put("image_ends", &self.image_ends)?;
        writer.put("images", &self.images)?;
        writer.put("columns", &columns)?;
        writer.finish()?;
        Ok(())
    }
}

/// Why the items of a view could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ItemsWriteError {
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] WriteError),
    /// The attribute columns could not be laid out.
    #[error("cannot lay out the attribute columns: {0}")]
    Columns(std::io::Error),
    /// The header could not be laid out.
    #[error("cannot lay out the header: {0}")]
    Header(#[from] serde_json::Error),
}
