//! How is a file mapped and checked safely?
//!
//! Immutable files of named, checksummed sections, written once and memory-mapped from then on. A
//! [`SectionWriter`] streams sections of any size into a temporary file and publishes it whole, under
//! its name, or not at all; [`Sections`] opens it, tells exactly what is wrong with one that is not
//! intact, and hands out typed slices of the map ([`View`]) without copying.
//!
//! It is:
//! - all or nothing: written under a temporary name, synced, renamed, and the folder synced;
//! - checked: every byte of a file lies under an xxh3 checksum (one for each MiB of a section), so that a torn or
//!   corrupted file is named as such, with the section and the place;
//! - versioned: the caller's magic and format version come first; a newer version is refused by number.
//!
//! It is not:
//! - aware of what the bytes mean;
//! - for files that change: who cuts or rewrites a mapped file in place makes its readers fail (on Unix, with
//!   SIGBUS). Replace it by name instead: those who have the old one mapped keep it;
//! - portable across byte orders: values lie as in memory, little-endian, and other machines do not compile
//!   this crate.
//!
//! ```
//! use nigh_mmap::{Format, SectionWriter, Sections};
//!
//! const FORMAT: Format = Format { magic: *b"EXAMPLE\0", version: 1 };
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("numbers");
//!
//! let mut writer = SectionWriter::create(&path, FORMAT)?;
//! writer.put("primes", &[2u64, 3, 5, 7])?;
//! let mut halves = writer.section("halves")?;
//! halves.write(&[0.5f32])?;
//! halves.write(&[1.5f32, 2.5])?;
//! writer.finish()?;
//!
//! let sections = Sections::open(&path, FORMAT)?;
//! assert_eq!(&sections.view::<u64>("primes")?[..], [2, 3, 5, 7]);
//! assert_eq!(&sections.view::<f32>("halves")?[..], [0.5, 1.5, 2.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(target_endian = "big")]
compile_error!(
    "nigh's files hold little-endian values as they lie in memory; big-endian machines are not supported"
);

mod layout;
mod mapped;
mod sections;
mod writer;

pub use layout::{BLOCK_BYTES, Format, SECTION_ALIGNMENT, file_bytes};
pub use mapped::{Mapped, View, ViewError};
pub use sections::{OpenError, SectionError, Sections, Verification};
pub use writer::{SectionSink, SectionWriter, WriteError};
