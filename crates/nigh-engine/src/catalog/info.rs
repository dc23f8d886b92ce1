//! What a catalog holds, in figures.

use std::path::Path;

use nigh_store::{Other, OtherState, Precision, ReadError};
use serde::Serialize;

use super::Catalog;
use super::ShapeRecall;
use super::search::SearchError;
use crate::encoder::EncoderRecord;
use crate::tuning::TuningGoal;
use crate::vectors::OperatingPoint;

/// A catalog in figures.
#[derive(Clone, Debug, Serialize)]
pub struct CatalogInfo {
    /// Items that can be found.
    pub items: usize,
    /// Their images.
    pub images: usize,
    /// The encoder's fingerprint in words, and how its embeddings are reduced.
    pub encoder: String,
    /// Numbers in one embedding.
    pub dimension: usize,
    /// How these are kept.
    pub precision: Precision,
    /// Which generation of embeddings is searched; 0 until the first is replaced.
    pub generation: u64,
    /// Embeddings besides those that are searched.
    pub other: Option<OtherInfo>,
    /// The sequence number of the published view.
    pub published_sequence: u64,
    /// Images in the published view.
    pub published_images: usize,
    /// Inverted lists of the published view; 0 where it is scanned.
    pub lists: usize,
    /// How the published view is coded: axes scanned by one bit, axes refined, bits of each of these; none where it is not.
    pub codes: Option<[usize; 3]>,
    /// The goal that it is tuned for.
    pub goal: Option<TuningGoal>,
    /// The operating point that searches use, if it is tuned.
    pub operating_point: Option<OperatingPoint>,
    /// The recall of the searches that were checked since the view was published.
    pub running_recall: Vec<ShapeRecall>,
    /// Items that are newer than the published view, searched exactly.
    pub newer_items: usize,
    /// The folder's size.
    pub bytes_on_disk: u64,
    /// When the collection was created.
    pub created: String,
    /// The attributes.
    pub columns: Vec<ColumnInfo>,
}

/// A generation of embeddings that is not searched, in figures.
#[derive(Clone, Debug, Serialize)]
pub struct OtherInfo {
    /// Its number.
    pub generation: u64,
    /// What it is there for.
    pub state: OtherState,
    /// The encoder's fingerprint in words, and how its embeddings are reduced.
    pub encoder: String,
    /// Numbers in one embedding.
    pub dimension: usize,
    /// How these are kept.
    pub precision: Precision,
    /// Items that have embeddings in it; none while another process writes.
    pub items: Option<u64>,
}

/// One attribute in figures, counted over the published view.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Items without a value; none where nothing is published.
    pub nulls: Option<u64>,
    /// Different values; none where nothing is published.
    pub distinct: Option<u64>,
    /// The most common values, with their counts.
    pub most_common: Vec<(String, u64)>,
}

/// Values that [`ColumnInfo`] names.
const MOST_COMMON: usize = 4;

impl Catalog {
    /// Counts everything.
    pub fn info(&self) -> Result<CatalogInfo, SearchError> {
        let (published_images, lists) = self.published();
        Ok(CatalogInfo {
            items: self.len(),
            images: self.images(),
            encoder: self.encoder.to_string(),
            dimension: self.dimension,
            precision: self.generation.precision,
            generation: self.generation.number,
            other: self.other_info()?,
            published_sequence: self.published_sequence(),
            published_images,
            lists,
            codes: self.view.as_ref().and_then(|view| {
                let codes = view.segment.codes()?;
                Some([codes.scan_dims, codes.refine_dims, codes.refine_bits.into()])
            }),
            goal: self.tuned.as_ref().map(|tuned| tuned.asked),
            operating_point: self
                .tuned
                .as_ref()
                .and_then(|tuned| tuned.chosen().copied()),
            running_recall: self.running_recall().unwrap_or_default().shapes(),
            newer_items: self.tail_len(),
            bytes_on_disk: folder_bytes(&self.dir),
            created: self.created.clone(),
            columns: self.column_infos()?,
        })
    }

    fn other_info(&self) -> Result<Option<OtherInfo>, SearchError> {
        let Some(Other { state, generation }) = &self.other else {
            return Ok(None);
        };
        let record = EncoderRecord::of_value(&generation.fingerprint);
        let rows = self
            .store
            .as_ref()
            .map(|store| store.view.scan_other_embeddings());
        let count = |rows: nigh_store::Embeddings| {
            rows.map(|row| row.map(|_| 1))
                .sum::<Result<u64, ReadError>>()
        };
        Ok(Some(OtherInfo {
            generation: generation.number,
            state: *state,
            encoder: record.map_or_else(|error| error.to_string(), |record| record.to_string()),
            dimension: generation.dimension,
            precision: generation.precision,
            items: rows.transpose()?.flatten().map(count).transpose()?,
        }))
    }

    fn column_infos(&self) -> Result<Vec<ColumnInfo>, SearchError> {
        let Some(view) = &self.view else {
            let column = |column: &nigh_store::Column| ColumnInfo {
                name: column.name.clone(),
                kind: column.kind.to_string(),
                nulls: None,
                distinct: None,
                most_common: Vec::new(),
            };
            return Ok(self.schema.columns.iter().map(column).collect());
        };
        let columns = view.columns()?;
        let info = |(at, column): (usize, &nigh_store::Column)| {
            let summary = columns.summary(at, MOST_COMMON)?;
            Some(ColumnInfo {
                name: column.name.clone(),
                kind: column.kind.to_string(),
                nulls: Some(summary.nulls),
                distinct: Some(summary.distinct),
                most_common: summary
                    .top
                    .into_iter()
                    .map(|(value, count)| (value.to_string(), count))
                    .collect(),
            })
        };
        Ok(columns
            .schema()
            .columns
            .iter()
            .enumerate()
            .filter_map(info)
            .collect())
    }
}

/// The files below a folder; what cannot be read counts as nothing.
fn folder_bytes(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
