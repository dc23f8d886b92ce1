//! Parquet, one row group after another, one batch of rows in memory at a time.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use arrow_array::RecordBatch;
use nigh_store::AttributeType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use super::cell::{Cell, Fault, Record};
use super::parquet_cell::{self, cell};
use super::table::{TableError, Visit};

/// About how many bytes of rows are in memory at once, and how many rows at most.
const BATCH_BYTES: u64 = 16 * 1024 * 1024;
const BATCH_ROWS: u64 = 1024;

#[derive(Debug)]
pub(super) struct ParquetTable {
    metadata: ArrowReaderMetadata,
    pub(super) declared: Vec<Declared>,
}

/// What a column's declared type makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declared {
    /// An attribute of this type.
    Kind(AttributeType),
    /// An attribute whose type depends on its values.
    ByValues,
    /// Bytes that may be pictures, never an attribute.
    Bytes,
    /// No attribute: the name of its type.
    Unsupported(String),
}

impl ParquetTable {
    pub(super) fn open(path: &Path) -> Result<(Vec<String>, Self), TableError> {
        let file = File::open(path)?;
        let metadata = guarded(|| load(&file))?;
        let fields = metadata.schema().fields();
        let columns = fields.iter().map(|field| field.name().clone()).collect();
        let declared = fields
            .iter()
            .map(|field| parquet_cell::declared(field.data_type()))
            .collect();
        Ok((columns, Self { metadata, declared }))
    }

    pub(super) fn rows(&self) -> u64 {
        let groups = self.metadata.metadata().row_groups().iter();
        groups.map(|group| unsigned(group.num_rows())).sum()
    }

    /// A row group that cannot be read to its end is one record with a fault.
    pub(super) fn scan(
        &self,
        path: &Path,
        columns: &[String],
        wanted: &[usize],
        visit: &mut Visit<'_>,
    ) -> Result<(), TableError> {
        let mut first = 1;
        for (group, metadata) in self.metadata.metadata().row_groups().iter().enumerate() {
            let end = first + unsigned(metadata.num_rows());
            let mut next = first;
            let scanned = self.scan_group(path, group, wanted, &mut |batch, projection| {
                visit_batch(batch, projection, columns.len(), &mut next, visit)
            });
            let flow = match scanned {
                Ok(flow) => flow,
                Err(error) => visit(lost(next, end, &error)),
            };
            if flow.is_break() {
                break;
            }
            first = end;
        }
        Ok(())
    }

    /// The one row with this number, from its row group alone.
    pub(super) fn scan_row(
        &self,
        path: &Path,
        columns: &[String],
        row: u64,
        visit: &mut Visit<'_>,
    ) -> Result<(), TableError> {
        let mut before = 0;
        for (group, metadata) in self.metadata.metadata().row_groups().iter().enumerate() {
            let rows = unsigned(metadata.num_rows());
            if row > before && row <= before + rows {
                let mut next = before + 1;
                let mut only = |record: Record<'_>| match record.number == row {
                    true => visit(record),
                    false => ControlFlow::Continue(()),
                };
                // One row is wanted: whether its visitor would go on does not matter.
                let _ = self.scan_group(path, group, &[], &mut |batch, projection| {
                    visit_batch(batch, projection, columns.len(), &mut next, &mut only)
                })?;
            }
            before += rows;
        }
        Ok(())
    }

    fn scan_group(
        &self,
        path: &Path,
        group: usize,
        wanted: &[usize],
        visit: &mut dyn FnMut(&RecordBatch, &[usize]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TableError> {
        let all: Vec<usize>;
        let projection = if wanted.is_empty() {
            all = (0..self.declared.len()).collect();
            &all
        } else {
            wanted
        };
        let mut reader = guarded(|| self.reader(path, group, projection))?;
        while let Some(batch) = guarded(|| reader.next().transpose().map_err(unreadable))? {
            if visit(&batch, projection).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn reader(
        &self,
        path: &Path,
        group: usize,
        projection: &[usize],
    ) -> Result<ParquetRecordBatchReader, TableError> {
        let file = File::open(path)?;
        let rows = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(rows.parquet_schema(), projection.iter().copied());
        let group_metadata = self.metadata.metadata().row_group(group);
        let bytes = unsigned(group_metadata.total_byte_size());
        let row_bytes = (bytes / unsigned(group_metadata.num_rows()).max(1)).max(1);
        let batch = (BATCH_BYTES / row_bytes).clamp(1, BATCH_ROWS) as usize;
        rows.with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(batch)
            .build()
            .map_err(unreadable)
    }
}

fn load(file: &File) -> Result<ArrowReaderMetadata, TableError> {
    let options = ArrowReaderOptions::new();
    ArrowReaderMetadata::load(file, options.clone())
        // The Arrow schema that a writer embeds is a hint; the Parquet one stands without it.
        .or_else(|_| ArrowReaderMetadata::load(file, options.with_skip_arrow_metadata(true)))
        .map_err(unreadable)
}

fn visit_batch(
    batch: &RecordBatch,
    projection: &[usize],
    columns: usize,
    number: &mut u64,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    for row in 0..batch.num_rows() {
        let mut cells = vec![Cell::Null; columns];
        for (array, &column) in batch.columns().iter().zip(projection) {
            cells[column] = cell(array.as_ref(), row);
        }
        let record = Record {
            number: *number,
            cells,
            fault: None,
        };
        *number += 1;
        visit(record)?;
    }
    ControlFlow::Continue(())
}

fn lost(from: u64, end: u64, error: &TableError) -> Record<'static> {
    Record {
        number: from,
        cells: Vec::new(),
        fault: Some(Fault {
            column: None,
            reason: format!("and on to row {} {error}", end.saturating_sub(1)),
        }),
    }
}

fn unreadable(error: impl std::fmt::Display) -> TableError {
    let whole = error.to_string();
    let what = whole.split("Parquet error: ").last().unwrap_or(&whole);
    TableError(format!("cannot be read as Parquet: {what}"))
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// The decoder is meant to report corrupt data as errors; where it panics instead, the panic
/// ends here, because one broken file must not end an import.
fn guarded<T>(decode: impl FnOnce() -> Result<T, TableError>) -> Result<T, TableError> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    caught.unwrap_or_else(|_| Err(unreadable("its data is corrupt")))
}
