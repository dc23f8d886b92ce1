//! Export to one Parquet file that other programs read, and that nigh imports again.

mod columns;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::catalog::IMAGES;
use crate::{CatalogView, CopyError, ReadError, Stored};
use columns::Columns;

/// How many items one row group holds, and so how many are in memory at once.
const ROW_GROUP_ITEMS: usize = 2_048;

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSummary {
    /// How many items.
    pub items: u64,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

/// What the columns of an export depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    /// The most images that one item has.
    pub(crate) images: usize,
    /// Whether image bytes are kept.
    pub(crate) bytes: bool,
}

impl CatalogView {
    /// Writes this view as one Parquet file (Snappy), in number order.
    ///
    /// Columns: `id`; each attribute of the schema as its type, nulls kept; then for the first image
    /// `image` and `embedding` (a list of floats), for the second `image_2` and `embedding_2`, and so
    /// on. An image is its source as a string, or, where any bytes are kept, `struct<bytes, path>`, as
    /// Hugging Face writes it. An attribute that has the name of one of these columns gets a `_` after
    /// it. A file of this name is replaced, once all is written.
    ///
    /// # Errors
    /// [`CopyError::Read`] and [`CopyError::Export`].
    pub fn export_parquet(&self, file: &Path) -> Result<ExportSummary, CopyError> {
        let temporary = temporary(file);
        let summary = self.write_parquet(&temporary).and_then(|summary| {
            fs::rename(&temporary, file).map_err(|error| failed(file, &error))?;
            Ok(summary)
        });
        if summary.is_err() {
            // The first error is what the caller needs; a leftover is harmless.
            let _ = fs::remove_file(&temporary);
        }
        summary
    }

    fn write_parquet(&self, path: &Path) -> Result<ExportSummary, CopyError> {
        let file = File::create(path).map_err(|error| failed(path, &error))?;
        let columns = Columns::new(self.schema(), self.shape()?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ITEMS))
            .build();
        let writer = ArrowWriter::try_new(file, columns.schema(), Some(properties));
        let mut writer = writer.map_err(|error| failed(path, &error))?;
        let (mut items, mut scanned) = (0, self.scan()?);
        loop {
            let group: Vec<Stored> = scanned
                .by_ref()
                .take(ROW_GROUP_ITEMS)
                .collect::<Result<_, ReadError>>()?;
            if group.is_empty() {
                break;
            }
            items += group.len() as u64;
            let batch = columns
                .batch(self, &group)?
                .map_err(|error| failed(path, &error))?;
            writer.write(&batch).map_err(|error| failed(path, &error))?;
        }
        let file = writer.into_inner().map_err(|error| failed(path, &error))?;
        file.sync_all().map_err(|error| failed(path, &error))?;
        Ok(ExportSummary {
            items,
            columns: columns.names(),
        })
    }

    fn shape(&self) -> Result<Shape, ReadError> {
        let bytes = self.has_rows(IMAGES)?;
        let most = |most: usize, stored: Result<Stored, ReadError>| {
            Ok(most.max(stored?.item.images.len()))
        };
        Ok(Shape {
            images: self.scan()?.try_fold(0, most)?,
            bytes,
        })
    }
}

fn temporary(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    file.with_file_name(name)
}

fn failed(path: &Path, error: &impl std::fmt::Display) -> CopyError {
    CopyError::Export {
        path: path.to_path_buf(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Date32Type, Float32Type, Int64Type};
    use arrow_array::{Array, RecordBatch};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::{CatalogStore, Date, Durability, Item, ItemImage, Upsert, Value};

    fn export(store: &CatalogStore, file: &Path) -> (ExportSummary, Vec<RecordBatch>) {
        let summary = store.export_parquet(file).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
        (
            summary,
            reader.build().unwrap().map(Result::unwrap).collect(),
        )
    }

    fn image(source: &str, bytes: Option<&[u8]>) -> ItemImage {
        ItemImage {
            name: "x".to_owned(),
            source: source.to_owned(),
            hash: 1,
            bytes: bytes.map(<[u8]>::to_vec),
        }
    }

    fn upsert(n: usize, attributes: &[(&str, Value)], images: Vec<ItemImage>) -> Upsert {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let embeddings = Some(
            (0..images.len() * 2)
                .map(|at| (n * 10 + at) as f32)
                .collect(),
        );
        Upsert {
            item: Item {
                id: format!("i{n}"),
                attributes,
                images,
            },
            embeddings,
        }
    }

    #[test]
    fn nulls_types_images_and_embeddings_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            CatalogStore::create(&folder.path().join("c"), 2, serde_json::Value::Null).unwrap();
        let batch = [
            upsert(
                0,
                &[("year", Value::Integer(2012)), ("id", Value::Boolean(true))],
                vec![image("a.png", None)],
            ),
            upsert(
                1,
                &[("day", Value::Date(Date(9)))],
                vec![image("b.png", Some(b"PNG")), image("c.png", None)],
            ),
            upsert(2, &[], vec![]),
        ];
        store.upsert(&batch, Durability::Synced).unwrap();
        let (summary, batches) = export(&store, &folder.path().join("out.parquet"));
        let names = [
            "id",
            "id_",
            "year",
            "day",
            "image",
            "embedding",
            "image_2",
            "embedding_2",
        ];
        assert_eq!(
            (summary.items, summary.columns),
            (3, names.map(str::to_owned).to_vec())
        );
        let rows = &batches[0];
        let column = |name: &str| Arc::clone(rows.column_by_name(name).unwrap());
        assert_eq!(
            column("id")
                .as_string::<i32>()
                .iter()
                .flatten()
                .collect::<Vec<_>>(),
            ["i0", "i1", "i2"]
        );
        assert_eq!(
            column("id_").as_boolean().iter().collect::<Vec<_>>(),
            [Some(true), None, None]
        );
        let year = column("year")
            .as_primitive::<Int64Type>()
            .iter()
            .collect::<Vec<_>>();
        assert_eq!(year, [Some(2012), None, None]);
        let day = column("day")
            .as_primitive::<Date32Type>()
            .iter()
            .collect::<Vec<_>>();
        assert_eq!(day, [None, Some(9), None]);
        let images = column("image");
        let images = images.as_struct();
        let bytes = images
            .column_by_name("bytes")
            .unwrap()
            .as_binary::<i32>()
            .iter()
            .collect::<Vec<_>>();
        assert_eq!(bytes, [None, Some(&b"PNG"[..]), None]);
        let paths = images.column_by_name("path").unwrap();
        let paths = paths.as_string::<i32>().iter().collect::<Vec<_>>();
        assert_eq!(paths, [Some("a.png"), Some("b.png"), None]);
        assert!(
            images.is_null(2) && column("embedding").is_null(2) && column("image_2").is_null(0)
        );
        let second = column("embedding_2").as_list::<i32>().value(1);
        assert_eq!(
            second.as_primitive::<Float32Type>().values().to_vec(),
            [12.0, 13.0]
        );
    }

    #[test]
    fn without_kept_bytes_an_image_is_its_path_and_groups_stream() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            CatalogStore::create(&folder.path().join("c"), 2, serde_json::Value::Null).unwrap();
        let total = ROW_GROUP_ITEMS * 2 + 5;
        let batch: Vec<_> = (0..total)
            .map(|n| upsert(n, &[], vec![image(&format!("{n}.png"), None)]))
            .collect();
        store.upsert(&batch, Durability::Synced).unwrap();
        let (summary, batches) = export(&store, &folder.path().join("out.parquet"));
        assert_eq!(summary.items as usize, total);
        let paths: Vec<String> = batches
            .iter()
            .flat_map(|rows| {
                rows.column_by_name("image")
                    .unwrap()
                    .as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned)
            })
            .collect();
        assert_eq!(
            paths,
            (0..total).map(|n| format!("{n}.png")).collect::<Vec<_>>()
        );
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn an_empty_catalog_and_a_missing_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            CatalogStore::create(&folder.path().join("c"), 2, serde_json::Value::Null).unwrap();
        assert_eq!(
            export(&store, &folder.path().join("out.parquet")).0.items,
            0
        );
        let error = store
            .export_parquet(&folder.path().join("no/out.parquet"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cannot write ") && error.contains("No such file"),
            "{error}"
        );
    }
}
