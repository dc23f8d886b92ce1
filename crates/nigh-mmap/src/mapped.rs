//! A file as memory, and typed views of it.

use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use bytemuck::AnyBitPattern;
use memmap2::Mmap;

/// A read-only map of a whole file that nobody changes while it is mapped. Cheap to clone: clones share the map.
#[derive(Clone, Debug)]
pub struct Mapped {
    map: Arc<Mmap>,
}

impl Mapped {
    /// Maps the file at `path`; an empty file gives an empty map.
    ///
    /// # Errors
    /// What the system says when it opens or maps the file.
    pub fn open(path: &Path) -> io::Result<Mapped> {
        let file = File::open(path)?;
        // SAFETY: the map is read-only. That the file is not cut or rewritten while it is mapped is what this
        // crate demands of its callers on its front page, and what `SectionWriter` keeps to: it replaces
        // files by name, which leaves mapped ones as they are.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Mapped { map: Arc::new(map) })
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The file's bytes in `range` as values of `T`.
    ///
    /// # Errors
    /// If the range leaves the file, is no whole number of values, or begins at an address that `T` may
    /// not lie at.
    pub fn slice<T: AnyBitPattern>(&self, range: Range<usize>) -> Result<&[T], ViewError> {
        let length = self.map.len();
        let Range { start, end } = range;
        let bytes = self
            .map
            .get(range)
            .ok_or(ViewError::OutOfBounds { start, end, length })?;
        let size = size_of::<T>().max(1);
        if !bytes.len().is_multiple_of(size) {
            return Err(ViewError::Remainder {
                bytes: bytes.len(),
                size,
            });
        }
        let alignment = align_of::<T>();
        bytemuck::try_cast_slice(bytes).map_err(|_| ViewError::Misaligned { start, alignment })
    }

    /// Like [`Mapped::slice`], as a value of its own that keeps the map alive.
    ///
    /// # Errors
    /// As for [`Mapped::slice`].
    pub fn view<T: AnyBitPattern>(&self, range: Range<usize>) -> Result<View<T>, ViewError> {
        self.slice::<T>(range.clone())?;
        let mapped = self.clone();
        Ok(View {
            mapped,
            range,
            values: PhantomData,
        })
    }

    /// The f32 values in a range of bytes; see [`Mapped::slice`].
    ///
    /// # Errors
    /// As for [`Mapped::slice`].
    pub fn f32s(&self, range: Range<usize>) -> Result<&[f32], ViewError> {
        self.slice(range)
    }

    /// The u32 values in a range of bytes; see [`Mapped::slice`].
    ///
    /// # Errors
    /// As for [`Mapped::slice`].
    pub fn u32s(&self, range: Range<usize>) -> Result<&[u32], ViewError> {
        self.slice(range)
    }

    /// The u64 values in a range of bytes; see [`Mapped::slice`].
    ///
    /// # Errors
    /// As for [`Mapped::slice`].
    pub fn u64s(&self, range: Range<usize>) -> Result<&[u64], ViewError> {
        self.slice(range)
    }
}

/// Values of `T` inside a mapped file; derefs to a slice of them and keeps the map alive.
#[derive(Clone, Debug)]
pub struct View<T> {
    mapped: Mapped,
    range: Range<usize>,
    values: PhantomData<fn() -> T>,
}

impl<T: AnyBitPattern> Deref for View<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // Bounds and alignment were found good when the view was made, and a map never moves.
        bytemuck::cast_slice(&self.mapped.bytes()[self.range.clone()])
    }
}

/// Why a range of a file cannot be seen as values of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The range leaves the file.
    #[error("bytes {start}..{end} lie outside a file of {length} bytes")]
    OutOfBounds {
        /// First byte asked for.
        start: usize,
        /// One past the last byte asked for.
        end: usize,
        /// The file's length in bytes.
        length: usize,
    },
    /// The range does not divide into values.
    #[error("{bytes} bytes are no whole number of values of {size} bytes")]
    Remainder {
        /// Length of the range.
        bytes: usize,
        /// Size of one value.
        size: usize,
    },
    /// The range begins where no such value may lie.
    #[error("byte {start} is misaligned: values must begin at a multiple of {alignment} bytes")]
    Misaligned {
        /// First byte asked for.
        start: usize,
        /// What the type demands.
        alignment: usize,
    },
}
