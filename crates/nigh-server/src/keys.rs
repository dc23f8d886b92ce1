//! Who may read, and who may write.

use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Search, and look at what there is.
    Read,
    /// Everything.
    Write,
}

/// The API keys; of each only its SHA-256 is kept.
#[derive(Clone, Default)]
pub struct Keys {
    known: Vec<([u8; 32], Access)>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.known.len())
    }
}

/// Why a file is not one of keys.
#[derive(Debug, Error)]
pub enum KeysError {
    /// It cannot be read.
    #[error("cannot read the keys in {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it is no key. The line itself is not repeated: it may hold one.
    #[error(
        "{path} line {line}: expected `read KEY` or `write KEY`, a key of at least {SHORTEST} characters"
    )]
    Line {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
    },
}

/// Characters of a key: 16 random bytes in hexadecimal have 32.
const SHORTEST: usize = 16;

impl Keys {
    /// No keys at all: everybody may do everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes the keys of another set too.
    pub fn extend(&mut self, other: Keys) {
        self.known.extend(other.known);
    }

    /// Adds a key; false where it is none: shorter than 16 characters, or with white space in it.
    #[must_use]
    pub fn add(&mut self, key: &str, access: Access) -> bool {
        let good = key.len() >= SHORTEST && !key.contains(char::is_whitespace);
        if good {
            self.known.push((digest(key), access));
        }
        good
    }

    /// The keys of a file; empty lines and those that begin with `#` say nothing.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| KeysError::Read {
            path: name.clone(),
            source,
        })?;
        let mut keys = Self::default();
        let lines = text.lines().map(str::trim).enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let bad = || KeysError::Line {
                path: name.clone(),
                line: at + 1,
            };
            let (word, key) = line.split_once(char::is_whitespace).ok_or_else(bad)?;
            let access = match word {
                "read" => Access::Read,
                "write" => Access::Write,
                _ => return Err(bad()),
            };
            if !keys.add(key.trim(), access) {
                return Err(bad());
            }
        }
        Ok(keys)
    }

    /// What the holder of `key` may do. Takes the same time for every key of one length.
    #[must_use]
    pub fn access(&self, key: &str) -> Option<Access> {
        let digest = digest(key);
        let (mut read, mut write) = (Choice::from(0), Choice::from(0));
        for (known, access) in &self.known {
            let same = known.ct_eq(&digest);
            match access {
                Access::Read => read |= same,
                Access::Write => write |= same,
            }
        }
        match (bool::from(write), bool::from(read)) {
            (true, _) => Some(Access::Write),
            (false, true) => Some(Access::Read),
            (false, false) => None,
        }
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let check = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            Keys::read(file.path()).map_err(|error| error.to_string())
        };
        let keys = check("# shop\nread 0123456789abcdef\n\n  write fedcba9876543210  \n").unwrap();
        assert_eq!(keys.access("0123456789abcdef"), Some(Access::Read));
        assert_eq!(keys.access("fedcba9876543210"), Some(Access::Write));
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "write"] {
            assert_eq!(keys.access(wrong), None, "{wrong}");
        }
        for (text, line) in [
            ("read short", 1),
            ("\nadmin 0123456789abcdef", 2),
            ("0123456789abcdef", 1),
            ("read 0123456789abcdef 0123456789abcdef", 1),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.contains(&format!("line {line}: expected")), "{error}");
            assert!(!error.contains("0123456789abcdef"), "{error}");
        }
        assert!(check("").unwrap().is_empty());
    }
}
