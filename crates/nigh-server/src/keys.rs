//! The API keys, and what comes with each.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

use crate::caller::{Bucket, Caller, Rights};

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
    known: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    digest: [u8; 32],
    rights: Arc<Rights>,
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
    #[error("{path} line {line}: expected {expected}")]
    Line {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What should be there.
        expected: Expected,
    },
}

/// What a line of a file of keys should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Expected {
    /// Access and a key.
    #[error("`read KEY` or `write KEY`, a key of at least {SHORTEST} characters")]
    Key,
    /// A key that no line before has.
    #[error("another key: a line before has this one")]
    NewKey,
    /// Known options.
    #[error("`name=`, `collections=` or `per_minute=` after the key, each once")]
    Option,
    /// A name that can be logged.
    #[error("`name=` with 1 to {LONGEST_NAME} letters, digits, `-`, `_` and `.`")]
    Name,
    /// Collections.
    #[error("`collections=` with names and commas between them")]
    Collections,
    /// Requests a minute.
    #[error("`per_minute=` with a whole number of requests, at least 1")]
    PerMinute,
}

/// Characters of a key: 16 random bytes in hexadecimal have 32.
const SHORTEST: usize = 16;
const LONGEST_NAME: usize = 64;

impl Keys {
    /// No keys at all: everybody may do everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes the keys of another set too. Of a key that is in both, the other set says what it may do.
    pub fn extend(&mut self, other: Keys) {
        self.known.extend(other.known);
    }

    /// Adds a key for all collections; false where it is none: shorter than 16 characters, or with white space in it.
    #[must_use]
    pub fn add(&mut self, key: &str, access: Access) -> bool {
        let rights = Rights {
            access,
            name: None,
            collections: None,
            bucket: None,
        };
        self.insert(key, rights).is_ok()
    }

    /// The keys of a file: a line `read KEY` or `write KEY` for each, with `name=NAME`, `collections=NAME,NAME` and `per_minute=NUMBER`
    /// after the key where they are wanted. Empty lines and those that begin with `#` say nothing.
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
            let wrong = |expected| KeysError::Line {
                path: name.clone(),
                line: at + 1,
                expected,
            };
            keys.add_line(line).map_err(wrong)?;
        }
        Ok(keys)
    }

    fn add_line(&mut self, line: &str) -> Result<(), Expected> {
        let mut words = line.split_whitespace();
        let access = match words.next() {
            Some("read") => Access::Read,
            Some("write") => Access::Write,
            _ => return Err(Expected::Key),
        };
        let key = words.next().ok_or(Expected::Key)?;
        if self.find(key).is_some() {
            return Err(Expected::NewKey);
        }
        self.insert(key, rights(access, words)?)
    }

    fn insert(&mut self, key: &str, rights: Rights) -> Result<(), Expected> {
        if key.len() < SHORTEST || key.contains(char::is_whitespace) {
            return Err(Expected::Key);
        }
        self.known.push(Known {
            digest: digest(key),
            rights: Arc::new(rights),
        });
        Ok(())
    }

    /// What the holder of `key` may do. Takes the same time for every key of one length.
    #[must_use]
    pub fn access(&self, key: &str) -> Option<Access> {
        self.find(key).map(|rights| rights.access)
    }

    /// Who holds `key`; in the same time for every key of one length.
    pub(crate) fn caller(&self, key: &str) -> Option<Caller> {
        self.find(key).map(|rights| Caller::of(Arc::clone(rights)))
    }

    /// All are compared, and the last that is the same is taken.
    fn find(&self, key: &str) -> Option<&Arc<Rights>> {
        let digest = digest(key);
        let (mut any, mut at) = (Choice::from(0), 0_u64);
        for (index, known) in (0_u64..).zip(&self.known) {
            let same = known.digest.ct_eq(&digest);
            any |= same;
            at.conditional_assign(&index, same);
        }
        let found = usize::try_from(at).ok().filter(|_| any.into())?;
        self.known.get(found).map(|known| &known.rights)
    }

    /// Names of collections that some key is limited to.
    pub(crate) fn collections(&self) -> BTreeSet<&str> {
        let limits = self
            .known
            .iter()
            .filter_map(|known| known.rights.collections.as_ref());
        limits.flatten().map(String::as_str).collect()
    }
}

fn rights<'a>(access: Access, options: impl Iterator<Item = &'a str>) -> Result<Rights, Expected> {
    let (mut name, mut collections, mut per_minute) = (None, None, None);
    for option in options {
        let twice = match option.split_once('=') {
            Some(("name", value)) => name.replace(plain(value)?).is_some(),
            Some(("collections", value)) => collections.replace(listed(value)?).is_some(),
            Some(("per_minute", value)) => {
                let number: NonZeroU32 = value.parse().map_err(|_| Expected::PerMinute)?;
                per_minute.replace(number).is_some()
            }
            _ => return Err(Expected::Option),
        };
        if twice {
            return Err(Expected::Option);
        }
    }
    Ok(Rights {
        access,
        name,
        collections,
        bucket: per_minute.map(Bucket::new),
    })
}

/// A name that says nothing else in a log.
fn plain(name: &str) -> Result<String, Expected> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let good = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain);
    good.then(|| name.to_owned()).ok_or(Expected::Name)
}

fn listed(names: &str) -> Result<BTreeSet<String>, Expected> {
    let names: BTreeSet<String> = names.split(',').map(str::to_owned).collect();
    match names.contains("") {
        true => Err(Expected::Collections),
        false => Ok(names),
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
            ("read 0123456789abcdef\nwrite 0123456789abcdef", 2),
            ("read 0123456789abcdef colour=red", 1),
            ("read 0123456789abcdef name=", 1),
            ("read 0123456789abcdef name=a\"b", 1),
            ("read 0123456789abcdef name=a name=b", 1),
            ("read 0123456789abcdef collections=", 1),
            ("read 0123456789abcdef collections=a,,b", 1),
            ("read 0123456789abcdef per_minute=0", 1),
            ("read 0123456789abcdef per_minute=many", 1),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.contains(&format!("line {line}: expected")), "{error}");
            assert!(!error.contains("0123456789abcdef"), "{error}");
        }
        assert!(check("").unwrap().is_empty());
    }

    #[test]
    fn what_comes_with_a_key() {
        let mut keys = Keys::default();
        assert!(keys.add("0123456789abcdef", Access::Read));
        let mut file = Keys::default();
        let line = "write 0123456789abcdef per_minute=60 name=shop-front collections=shop,b";
        file.add_line(line).unwrap();
        assert_eq!(file.collections(), ["b", "shop"].into());
        // What was said last counts.
        keys.extend(file);
        let caller = keys.caller("0123456789abcdef").unwrap();
        assert_eq!(
            (caller.access(), caller.name()),
            (Access::Write, Some("shop-front"))
        );
        assert!(caller.may_see("shop") && !caller.may_see("sho"));
    }
}
