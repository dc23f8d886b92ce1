//! Columns as bytes. All numbers are little-endian:
//!
//! ```text
//! "nighcols"  u32 version  u32 columns  u64 items
//! per column: u32 length, name in UTF-8;  u8 type;  u64 words, a bit per item: has a value
//!   string:   u64 length, distinct texts end to end;  u64 count, u64 ends;  u32 code per item
//!   integer:  i64 per item      float: f64 per item
//!   boolean:  u64 words, a bit per item      date: i32 days since 1970-01-01 per item
//! ```
//!
//! Checksums are the business of the file that holds these bytes; loading still checks every
//! length and code, so that no bytes whatever make a later lookup panic.

use std::io::{self, Write};

use nigh_store::{AttributeType, Column, Schema};

use super::{Bits, Cells, Columns, Data, TextCells};

const MAGIC: &[u8; 8] = b"nighcols";
const VERSION: u32 = 1;

/// Why bytes could not be read as [`Columns`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The bytes are something else.
    #[error("these bytes are not attribute columns: they do not begin with \"nighcols\"")]
    NotColumns,
    /// A newer program wrote them.
    #[error(
        "the attribute columns are of format version {found}, but this program reads version \
         {VERSION}: use a newer nigh"
    )]
    Version {
        /// The version in the bytes.
        found: u32,
    },
    /// The bytes end too early, or too late.
    #[error("the attribute columns are torn: {reason}")]
    Torn {
        /// What was found and expected.
        reason: String,
    },
    /// A column's bytes contradict themselves.
    #[error("the attribute column {column:?} is corrupt: {reason}")]
    Corrupt {
        /// The column's name, or its number where the name cannot be read.
        column: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Columns {
    /// Writes the columns.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn save(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&(self.cells.len() as u32).to_le_bytes())?;
        out.write_all(&u64::from(self.len).to_le_bytes())?;
        for (column, cells) in self.schema.columns.iter().zip(&self.cells) {
            out.write_all(&(column.name.len() as u32).to_le_bytes())?;
            out.write_all(column.name.as_bytes())?;
            out.write_all(&[tag(column.kind)])?;
            save_cells(cells, out)?;
        }
        Ok(())
    }

    /// Reads what [`Columns::save`] wrote.
    ///
    /// # Errors
    /// When the bytes are not just that; never a panic, whatever the bytes.
    pub fn load(bytes: &[u8]) -> Result<Columns, LoadError> {
        let mut reader = Reader { bytes };
        let (columns, len) = reader.header()?;
        let mut all = Columns {
            schema: Schema::default(),
            cells: Vec::new(),
            len,
        };
        for number in 0..columns {
            let (column, cells) = reader.column(number, len as usize)?;
            all.schema.columns.push(column);
            all.cells.push(cells);
        }
        reader.end()?;
        Ok(all)
    }
}

fn save_cells(cells: &Cells, out: &mut impl Write) -> io::Result<()> {
    write_all(out, cells.present.words(), u64::to_le_bytes)?;
    match &cells.data {
        Data::Text(texts) => {
            let (text, ends, codes) = texts.parts();
            out.write_all(&(text.len() as u64).to_le_bytes())?;
            out.write_all(text.as_bytes())?;
            out.write_all(&(ends.len() as u64).to_le_bytes())?;
            write_all(out, ends, u64::to_le_bytes)?;
            write_all(out, codes, u32::to_le_bytes)
        }
        Data::Integer(values) => write_all(out, values, i64::to_le_bytes),
        Data::Float(values) => write_all(out, values, f64::to_le_bytes),
        Data::Boolean(bits) => write_all(out, bits.words(), u64::to_le_bytes),
        Data::Days(days) => write_all(out, days, i32::to_le_bytes),
    }
}

fn write_all<T: Copy, const N: usize>(
    out: &mut impl Write,
    values: &[T],
    bytes_of: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(N * values.len().min(8192));
    for chunk in values.chunks(8192) {
        buffer.clear();
        chunk
            .iter()
            .for_each(|&value| buffer.extend_from_slice(&bytes_of(value)));
        out.write_all(&buffer)?;
    }
    Ok(())
}

fn tag(kind: AttributeType) -> u8 {
    match kind {
        AttributeType::String => 0,
        AttributeType::Integer => 1,
        AttributeType::Float => 2,
        AttributeType::Boolean => 3,
        AttributeType::Date => 4,
    }
}

fn kind_of(tag: u8) -> Option<AttributeType> {
    Some(match tag {
        0 => AttributeType::String,
        1 => AttributeType::Integer,
        2 => AttributeType::Float,
        3 => AttributeType::Boolean,
        4 => AttributeType::Date,
        _ => return None,
    })
}

/// The bytes that are still to be read.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<(u32, u32), LoadError> {
        let magic = self.bytes.get(..MAGIC.len());
        if magic != Some(MAGIC) {
            return Err(LoadError::NotColumns);
        }
        self.take(MAGIC.len())?;
        let version = u32::from_le_bytes(self.array()?);
        if version != VERSION {
            return Err(LoadError::Version { found: version });
        }
        let columns = u32::from_le_bytes(self.array()?);
        let items = u64::from_le_bytes(self.array()?);
        let items = u32::try_from(items).map_err(|_| LoadError::Torn {
            reason: format!("{items} items, of at most {}", u32::MAX),
        })?;
        Ok((columns, items))
    }

    fn column(&mut self, number: u32, len: usize) -> Result<(Column, Cells), LoadError> {
        let corrupt = |column: &str, reason| LoadError::Corrupt {
            column: column.to_owned(),
            reason,
        };
        let length = u32::from_le_bytes(self.array()?);
        let name = str::from_utf8(self.take(length as usize)?)
            .map_err(|_| corrupt(&number.to_string(), "its name is not UTF-8"))?;
        let [tag] = self.array()?;
        let kind = kind_of(tag).ok_or_else(|| corrupt(name, "its type is unknown"))?;
        let cells = self
            .cells(kind, len)?
            .ok_or_else(|| corrupt(name, "its codes, texts or null bits do not fit together"))?;
        let name = name.to_owned();
        Ok((Column { name, kind }, cells))
    }

    /// `None` where the parts contradict each other.
    fn cells(&mut self, kind: AttributeType, len: usize) -> Result<Option<Cells>, LoadError> {
        let present = self.bits(len)?;
        let data = match kind {
            AttributeType::String => self.texts(len)?.map(Data::Text),
            AttributeType::Integer => Some(Data::Integer(self.numbers(len, i64::from_le_bytes)?)),
            AttributeType::Float => Some(Data::Float(self.numbers(len, f64::from_le_bytes)?)),
            AttributeType::Boolean => self.bits(len)?.map(Data::Boolean),
            AttributeType::Date => Some(Data::Days(self.numbers(len, i32::from_le_bytes)?)),
        };
        let cells = present.zip(data);
        let cells = cells.map(|(present, data)| Cells { present, data });
        Ok(cells.filter(Cells::is_sound))
    }

    fn bits(&mut self, len: usize) -> Result<Option<Bits>, LoadError> {
        let words = self.numbers(len.div_ceil(64), u64::from_le_bytes)?;
        Ok(Bits::from_words(words, len))
    }

    fn texts(&mut self, len: usize) -> Result<Option<TextCells>, LoadError> {
        let length = self.length()?;
        let text = str::from_utf8(self.take(length)?).map(str::to_owned);
        let count = self.length()?;
        let ends = self.numbers(count, u64::from_le_bytes)?;
        let codes = self.numbers(len, u32::from_le_bytes)?;
        let text = text.ok();
        Ok(text.and_then(|text| TextCells::from_parts(text, ends, codes)))
    }

    fn length(&mut self) -> Result<usize, LoadError> {
        let length = u64::from_le_bytes(self.array()?);
        // A length beyond the address space is beyond the bytes too, and `take` says so.
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn numbers<T, const N: usize>(
        &mut self,
        count: usize,
        from: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, LoadError> {
        let (chunks, _) = self.take(count.saturating_mul(N))?.as_chunks::<N>();
        Ok(chunks.iter().map(|chunk| from(*chunk)).collect())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let (first, rest) = self.bytes.split_first_chunk().ok_or_else(|| self.torn(N))?;
        self.bytes = rest;
        Ok(*first)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], LoadError> {
        let split = self.bytes.split_at_checked(count);
        let (first, rest) = split.ok_or_else(|| self.torn(count))?;
        self.bytes = rest;
        Ok(first)
    }

    fn torn(&self, wanted: usize) -> LoadError {
        let left = self.bytes.len();
        LoadError::Torn {
            reason: format!("{left} bytes are left where {wanted} are wanted"),
        }
    }

    fn end(&self) -> Result<(), LoadError> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(LoadError::Torn {
                reason: format!("{left} bytes follow the last column"),
            }),
        }
    }
}
