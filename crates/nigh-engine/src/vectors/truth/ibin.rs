//! `.ibin`: u32 queries, u32 k, i32 ids, and perhaps f32 distances; little endian.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::{Truth, TruthError};
use crate::vectors::files::{FileError, begin, length, publish, read_shape};

impl Truth {
    /// Reads a file of ids alone, or of ids and then distances, as big-ann-benchmarks has it: its length tells which.
    ///
    /// # Errors
    /// If it cannot be read, holds nothing, or is of neither length.
    pub fn read(path: &Path) -> Result<Truth, TruthError> {
        let mut file = File::open(path).map_err(FileError::read(path))?;
        let (queries, k) = read_shape(&mut file, path, ".ibin")?;
        let bytes = length(&file, path)?;
        let ids = 8 + 4 * queries as u128 * k as u128;
        let with_distances = 2 * ids - 8;
        let wrong = u128::from(bytes) != ids && u128::from(bytes) != with_distances;
        let path_buf = path.to_owned();
        if wrong {
            return Err(TruthError::Length {
                path: path_buf,
                bytes,
                queries,
                k,
                ids,
                with_distances,
            });
        }
        if queries == 0 || k == 0 {
            let path = path_buf;
            return Err(TruthError::Empty { path, queries, k });
        }
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).map_err(FileError::read(path))?;
        let (words, _) = rest.as_chunks::<4>();
        let (ids, distances) = words.split_at(words.len().min(queries * k));
        let distances = distances.iter().map(|&bytes| f32::from_le_bytes(bytes));
        Ok(Truth {
            k,
            ids: ids.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect(),
            distances: (u128::from(bytes) == with_distances).then(|| distances.collect()),
        })
    }

    /// Writes a file that [`Truth::read`] reads, with the distances where there are any.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let mut file = begin(path)?;
        let shape = [self.queries() as u32, self.k as u32].map(u32::to_le_bytes);
        let ids = self.ids.iter().map(|id| id.to_le_bytes());
        let distances = self.distances.iter().flatten();
        let distances = distances.map(|distance| distance.to_le_bytes());
        let words = shape.into_iter().chain(ids).chain(distances);
        let bytes: Vec<u8> = words.flatten().collect();
        file.write_all(&bytes).map_err(FileError::write(path))?;
        publish(file, path)
    }
}
