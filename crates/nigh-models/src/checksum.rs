use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A checksum as the hub gives it: SHA-256 of a large file, git's hash of a small one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Checksum {
    /// SHA-256 of the content, in hexadecimal.
    Sha256(String),
    /// SHA-1 of git's blob: `blob <length>`, a zero byte and the content.
    GitBlob(String),
}

impl Checksum {
    /// Tells the kind from the length; `None` for what is neither.
    #[must_use]
    pub fn of_hex(hex: &str) -> Option<Checksum> {
        let hex = hex.to_ascii_lowercase();
        if !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        match hex.len() {
            64 => Some(Checksum::Sha256(hex)),
            40 => Some(Checksum::GitBlob(hex)),
            _ => None,
        }
    }

    /// The hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        match self {
            Checksum::Sha256(hex) | Checksum::GitBlob(hex) => hex,
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Checksum::Sha256(hex) => write!(f, "sha256:{hex}"),
            Checksum::GitBlob(hex) => write!(f, "git:{hex}"),
        }
    }
}

impl From<Checksum> for String {
    fn from(checksum: Checksum) -> String {
        checksum.to_string()
    }
}

impl TryFrom<String> for Checksum {
    type Error = String;

    fn try_from(text: String) -> Result<Checksum, String> {
        let hex = text.split_once(':').map_or(text.as_str(), |(_, hex)| hex);
        match Checksum::of_hex(hex) {
            Some(checksum) if checksum.to_string() == text => Ok(checksum),
            _ => Err(format!(
                "{text:?} is no checksum: expected sha256:… or git:…"
            )),
        }
    }
}

/// The sums of a content; git's only where the length is known to be small.
pub(crate) struct Hasher {
    sha256: Sha256,
    git: Option<Sha1>,
}

/// Beyond this the hub keeps a file outside git, under its SHA-256.
const LARGEST_BLOB: u64 = 64 << 20;

impl Hasher {
    /// For a content of so many bytes, where that is known.
    pub(crate) fn new(bytes: Option<u64>) -> Hasher {
        let small = bytes.filter(|bytes| *bytes <= LARGEST_BLOB);
        let git = small.map(|bytes| Sha1::new_with_prefix(format!("blob {bytes}\0")));
        Hasher {
            sha256: Sha256::new(),
            git,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(git) = &mut self.git {
            git.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Sums {
        Sums {
            sha256: hex(&self.sha256.finalize()),
            git: self.git.map(|git| hex(&git.finalize())),
        }
    }
}

/// What a content's sums came to, in hexadecimal.
#[cfg_attr(
    not(feature = "hub"),
    allow(
        dead_code,
        reason = "only what is fetched is held against what was published"
    )
)]
#[derive(Debug)]
pub(crate) struct Sums {
    pub(crate) sha256: String,
    git: Option<String>,
}

#[cfg_attr(
    not(feature = "hub"),
    allow(
        dead_code,
        reason = "only what is fetched is held against what was published"
    )
)]
impl Sums {
    /// The sum of the kind that was published; SHA-256 where it was never computed.
    pub(crate) fn like(&self, published: &Checksum) -> Checksum {
        match (published, &self.git) {
            (Checksum::GitBlob(_), Some(git)) => Checksum::GitBlob(git.clone()),
            _ => Checksum::Sha256(self.sha256.clone()),
        }
    }
}

/// Reads to the end, and says how many bytes that were.
pub(crate) fn hash_into(hasher: &mut Hasher, mut file: impl Read) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(bytes),
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_sha256sum_and_git() {
        let mut hasher = Hasher::new(Some(6));
        hasher.update(b"hello\n");
        let found = hasher.finish();
        let sums = [64, 40].map(|digits| {
            let kind = Checksum::of_hex(&"0".repeat(digits)).unwrap();
            found.like(&kind).to_string()
        });
        assert_eq!(
            sums,
            [
                "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
                "git:ce013625030ba8dba906f756967f9e9ca394464a"
            ]
        );
        for sum in sums {
            assert_eq!(Checksum::try_from(sum.clone()).unwrap().to_string(), sum);
        }
        for wrong in [
            "",
            "sha256:12",
            "git:zz",
            "md5:ce013625030ba8dba906f756967f9e9ca394464a",
        ] {
            assert!(Checksum::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
