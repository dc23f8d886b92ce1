//! Clustered data of low intrinsic dimension, of any size, as embeddings of pictures and texts are.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use self::model::Model;
use super::files::{FbinWriter, FileError};
use super::watch::{Stopped, Watch};

mod model;
mod random;

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateOptions {
    /// Rows of the base.
    pub rows: u32,
    /// Values per row.
    pub dims: u32,
    /// Queries, drawn like the rows and none of them.
    pub queries: u32,
    /// Dimensions of the space that the data really lies in, before it is bent into `dims`.
    pub intrinsic: u32,
    /// Clusters; none chooses a 250th of the rows, 4,096 at most.
    pub clusters: Option<u32>,
    /// Another seed, other data.
    pub seed: u64,
    /// Makes every row one of length 1.
    pub normalize: bool,
}

impl GenerateOptions {
    /// The number of clusters that is made.
    pub fn clusters(&self) -> u32 {
        self.clusters.unwrap_or((self.rows / 250).clamp(1, 4096))
    }
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Generated {
    /// The rows.
    pub base: PathBuf,
    /// The queries.
    pub queries: PathBuf,
    /// Clusters they were drawn from.
    pub clusters: u32,
}

/// Rows that one task draws; each chunk has randomness of its own.
const CHUNK: usize = 1024;

/// Chunks in memory at once.
const CHUNKS: usize = 32;

/// Writes `base.fbin` and `query.fbin` into the folder, made if it does not exist.
///
/// Points are drawn from Gaussian clusters whose sizes follow a power law, in a space of `intrinsic`
/// dimensions with a falling spectrum; a random network of two tanh layers bends that space into
/// `dims` dimensions, where all share an offset (the "cone" of CLIP's embeddings) and each has a
/// little noise of its own. The same options give the same files with any number of threads (on one
/// kind of CPU: the last bits depend on the width of its vectors).
///
/// # Errors
/// If a number is 0, the files cannot be written, or the watcher asks to stop.
pub fn generate(
    into: &Path,
    options: &GenerateOptions,
    watch: &Watch<'_>,
) -> Result<Generated, GenerateError> {
    check(options)?;
    std::fs::create_dir_all(into).map_err(FileError::write(into))?;
    let model = Model::new(options);
    let (base, queries) = (into.join("base.fbin"), into.join("query.fbin"));
    write(&base, &model, options.rows, Stream::Base, watch)?;
    write(&queries, &model, options.queries, Stream::Queries, watch)?;
    let clusters = options.clusters();
    Ok(Generated {
        base,
        queries,
        clusters,
    })
}

fn check(options: &GenerateOptions) -> Result<(), GenerateError> {
    let numbers = [
        ("rows", options.rows),
        ("dimensions", options.dims),
        ("queries", options.queries),
        ("intrinsic dimensions", options.intrinsic),
        ("clusters", options.clusters()),
    ];
    match numbers.iter().find(|(_, number)| *number == 0) {
        Some((what, _)) => Err(GenerateError::None { what }),
        None => Ok(()),
    }
}

/// Which randomness: queries never repeat rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Model,
    Base,
    Queries,
}

fn write(
    path: &Path,
    model: &Model,
    rows: u32,
    stream: Stream,
    watch: &Watch<'_>,
) -> Result<(), GenerateError> {
    let mut writer = FbinWriter::create(path, rows, model.dims() as u32)?;
    let rows = rows as usize;
    let chunks: Vec<usize> = (0..rows.div_ceil(CHUNK)).collect();
    for some in chunks.chunks(CHUNKS) {
        let draw = |&chunk: &usize| model.draw(stream, chunk, CHUNK.min(rows - chunk * CHUNK));
        let drawn: Vec<Vec<f32>> = some.par_iter().map(draw).collect();
        for values in &drawn {
            writer.write(values)?;
            watch.advance(values.len() / model.dims())?;
        }
    }
    Ok(writer.finish()?)
}

/// Why there is no data.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Nothing of something.
    #[error("0 {what} were asked for, expected at least 1")]
    None {
        /// What there is none of.
        what: &'static str,
    },
    /// The folder or a file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Asked to stop.
    #[error("the data is not complete")]
    Stopped(#[from] Stopped),
}
