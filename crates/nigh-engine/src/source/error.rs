//! Why there is nothing to import, each a sentence that says what to do.

use std::path::PathBuf;

/// Why sources cannot be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No source was given.
    #[error("no source was given: name a folder of pictures, a table or a Parquet file")]
    NoSource,
    /// The path leads nowhere, or cannot be looked at.
    #[error("{}: {reason}", path.display())]
    NotFound {
        /// The source as given.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The folder holds nothing that could be imported.
    #[error(
        "no images, tables or Parquet files in {} (looked for .jpg, .jpeg, .png, .webp, .gif, .bmp, \
         .csv, .tsv, .jsonl, .ndjson, .parquet{found})", folder.display()
    )]
    NothingInside {
        /// The folder.
        folder: PathBuf,
        /// What was found instead, or nothing.
        found: String,
    },
    /// A file that is neither a picture nor a table.
    #[error(
        "{} is neither a picture (.jpg, .jpeg, .png, .webp, .gif, .bmp) nor a table (.csv, .tsv, \
         .jsonl, .ndjson, .parquet){hint}", path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// What to do about it, where that is known.
        hint: &'static str,
    },
    /// Several tables, and it is not plain which one describes the pictures.
    #[error(
        "{} has {} tables ({}): say which one describes the pictures with --attributes FILE",
        folder.display(), tables.len(), tables.join(", ")
    )]
    SeveralTables {
        /// The folder, or the first of the tables.
        folder: PathBuf,
        /// Their names.
        tables: Vec<String>,
    },
    /// Several tables in a folder without pictures.
    #[error(
        "{} has no pictures and {} tables ({}): name the table to import, or the pictures' folder \
         beside it", folder.display(), tables.len(), tables.join(", ")
    )]
    WhichTable {
        /// The folder.
        folder: PathBuf,
        /// Their names.
        tables: Vec<String>,
    },
    /// A table cannot be read.
    #[error("{} {reason}", path.display())]
    Unreadable {
        /// The table.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An option names a column that the table lacks.
    #[error("{} has no column `{column}` ({option}){}", table.display(), nearest(near, columns))]
    UnknownColumn {
        /// The table.
        table: PathBuf,
        /// The option that names it.
        option: &'static str,
        /// The column asked for.
        column: String,
        /// The columns of similar name.
        near: Vec<String>,
        /// All columns.
        columns: Vec<String>,
    },
    /// No column of the table looks like pictures.
    #[error(
        "no column of {} looks like images: say which one holds their bytes or paths with \
         --image COL (it has {})", table.display(), columns.join(", ")
    )]
    NoImageColumn {
        /// The table.
        table: PathBuf,
        /// Its columns, each with its type.
        columns: Vec<String>,
    },
    /// No row of the table has a picture in the folder.
    #[error(
        "no row of {} has a picture in {}: {why}; name the column that the pictures are called by \
         with --id COL or --image COL, or the right table with --attributes FILE",
        table.display(), folder.display()
    )]
    NothingMatches {
        /// The table.
        table: PathBuf,
        /// The folder of pictures.
        folder: PathBuf,
        /// What was compared.
        why: String,
    },
    /// An option that speaks of columns, and no table.
    #[error("{option} speaks of a table's columns, and there is no table among the sources")]
    NoTable {
        /// The option.
        option: &'static str,
    },
    /// An option that speaks of a folder of pictures, and none is there.
    #[error("{option} speaks of a folder of pictures, and there is none among the sources")]
    NoPictures {
        /// The option.
        option: &'static str,
    },
}

fn nearest(near: &[String], columns: &[String]) -> String {
    match near {
        [] => format!(": it has {}", columns.join(", ")),
        near => format!(": did you mean {}?", near.join(" or ")),
    }
}

/// The up to three names most like this one.
pub(super) fn similar(name: &str, columns: &[String]) -> Vec<String> {
    let wanted = name.to_lowercase();
    let scored = columns.iter().map(|column| {
        let score = strsim::jaro_winkler(&wanted, &column.to_lowercase());
        (score, column)
    });
    let mut near: Vec<_> = scored.filter(|(score, _)| *score > 0.75).collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    let near = near.into_iter().take(3);
    near.map(|(_, column)| format!("`{column}`")).collect()
}
