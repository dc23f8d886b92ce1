use serde::{Deserialize, Serialize};

use crate::Checksum;

/// What a pulled model's folder holds, and where it came from: the file `nigh-model.json` in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `https://…/owner/repo`.
    pub source: String,
    /// The revision that was asked for: a branch, a tag or a commit.
    pub revision: String,
    /// The commit that it was then.
    pub commit: String,
    /// The licence as the hub has it.
    pub licence: Option<String>,
    /// When it was pulled, in seconds since 1970.
    pub pulled_unix_seconds: u64,
    /// Every file, by path.
    pub files: Vec<ManifestFile>,
}

/// One file of a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The path in the model's folder, with `/`.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// The checksum that the hub gave, which the content was held against: `sha256:…` or, of a
    /// small file, `git:…`. Absent where a mirror gave none.
    pub published: Option<Checksum>,
}

impl Manifest {
    /// The manifest's file name.
    pub const FILE: &str = "nigh-model.json";

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}
