//! Networks and trainings as bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::{Gnn, GnnTraining};

/// Why bytes are no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelFileError {
    /// Something else, or cut short.
    #[error("{bytes} bytes do not begin as a {expected} does")]
    Foreign {
        /// How many there are.
        bytes: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// Of another version of nigh.
    #[error(
        "version {version} of the format, expected {expected}; train again, or use the nigh that wrote it"
    )]
    Version {
        /// The file's.
        version: u32,
        /// This program's.
        expected: u32,
    },
    /// Changed since it was written.
    #[error("the checksum does not fit: the file was damaged")]
    Damaged,
    /// Whole, but with no meaning.
    #[error("the contents cannot be read: {reason}")]
    Contents {
        /// In the decoder's words.
        reason: String,
    },
}

const VERSION: u32 = 2;
const NETWORK: (&[u8; 8], &str) = (b"nigh-gnn", "graph network");
const TRAINING: (&[u8; 8], &str) = (b"nigh-gnt", "training of a graph network");
const HEADER: usize = 20;

impl Gnn {
    /// The network as bytes: a name, a version, a checksum, the contents.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        to_bytes(NETWORK.0, self)
    }

    /// The network of these bytes.
    ///
    /// # Errors
    /// Where they are none, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Gnn, ModelFileError> {
        from_bytes(NETWORK, bytes)
    }
}

impl GnnTraining {
    /// The training as bytes, to be gone on with later: a name, a version, a checksum, the contents.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelFileError> {
        to_bytes(TRAINING.0, self)
    }

    /// The training of these bytes.
    ///
    /// # Errors
    /// Where they are none, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<GnnTraining, ModelFileError> {
        from_bytes(TRAINING, bytes)
    }
}

pub(crate) fn to_bytes(name: &[u8; 8], value: &impl Serialize) -> Result<Vec<u8>, ModelFileError> {
    let contents = postcard::to_allocvec(value).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(HEADER + contents.len());
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&xxh3_64(&contents).to_le_bytes());
    bytes.extend_from_slice(&contents);
    Ok(bytes)
}

pub(crate) fn from_bytes<T: DeserializeOwned>(
    (name, expected): (&[u8; 8], &'static str),
    bytes: &[u8],
) -> Result<T, ModelFileError> {
    let foreign = ModelFileError::Foreign {
        bytes: bytes.len(),
        expected,
    };
    let header = bytes
        .strip_prefix(name)
        .and_then(|rest| rest.split_first_chunk::<4>());
    let Some((version, rest)) = header else {
        return Err(foreign);
    };
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(ModelFileError::Version {
            version,
            expected: VERSION,
        });
    }
    let Some((checksum, contents)) = rest.split_first_chunk::<8>() else {
        return Err(foreign);
    };
    if u64::from_le_bytes(*checksum) != xxh3_64(contents) {
        return Err(ModelFileError::Damaged);
    }
    postcard::from_bytes(contents).map_err(unreadable)
}

fn unreadable(error: postcard::Error) -> ModelFileError {
    let reason = error.to_string();
    ModelFileError::Contents { reason }
}
