//! The ids that people are known by outside, and their numbers.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::Path;

use nigh_mmap::{SectionWriter, Sections, View};

use crate::OpenGraphError;
use crate::file::{corrupt, optional};

/// Ids in the order of their numbers, to be written.
///
/// Ids that are all decimal numbers below 2⁶⁴ as a program writes them (no sign, no leading zero) are held as numbers, in 4
/// or 8 bytes; others as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Numbers.
    Integers(Vec<u64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Ids {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Ids::Integers(ids) => ids.len(),
            Ids::Texts(ids) => ids.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a node.
    ///
    /// # Panics
    /// Where there is no such node.
    #[must_use]
    pub fn get(&self, node: u32) -> Cow<'_, str> {
        match self {
            Ids::Integers(ids) => Cow::Owned(ids[node as usize].to_string()),
            Ids::Texts(ids) => Cow::Borrowed(&ids[node as usize]),
        }
    }

    /// Adds one behind the last; the first text among numbers makes texts of all.
    pub fn push(&mut self, id: &str) {
        if let (Ids::Integers(ids), None) = (&*self, integer(id)) {
            *self = Ids::Texts(ids.iter().map(u64::to_string).collect());
        }
        match self {
            // Texts by now, unless it is a number.
            Ids::Integers(ids) => ids.extend(integer(id)),
            Ids::Texts(ids) => ids.push(id.to_owned()),
        }
    }

    pub(crate) fn write(&self, writer: &mut SectionWriter) -> Result<(), nigh_mmap::WriteError> {
        match self {
            Ids::Integers(ids) => match ids.iter().max() {
                Some(&most) if u32::try_from(most).is_err() => writer.put("ids64", ids)?,
                _ => writer.put(
                    "ids32",
                    &ids.iter().map(|&id| id as u32).collect::<Vec<_>>(),
                )?,
            },
            Ids::Texts(ids) => {
                let mut end = 0;
                let ends = ids.iter().map(|id| {
                    end += id.len() as u64;
                    end
                });
                writer.put("id_ends", &ends.collect::<Vec<u64>>())?;
                writer.put("id_text", ids.concat().as_bytes())?;
            }
        }
        match self.order() {
            Some(order) => writer.put("id_order", &order),
            None => Ok(()),
        }
    }

    /// The numbers in the order of their ids, where that is not already their order.
    fn order(&self) -> Option<Vec<u32>> {
        let sorted = match self {
            Ids::Integers(ids) => ids.is_sorted(),
            Ids::Texts(ids) => ids.is_sorted(),
        };
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        match self {
            _ if sorted => return None,
            Ids::Integers(ids) => order.sort_by_key(|&node| ids[node as usize]),
            Ids::Texts(ids) => order.sort_by_key(|&node| &ids[node as usize]),
        }
        Some(order)
    }
}

/// The ids of a file's nodes.
#[derive(Debug)]
pub struct IdsFile {
    ids: Mapped,
    /// Numbers in the order of their ids; absent where that is their order.
    order: Option<View<u32>>,
}

#[derive(Debug)]
enum Mapped {
    Narrow(View<u32>),
    Wide(View<u64>),
    Texts { ends: View<u64>, text: View<u8> },
}

impl IdsFile {
    pub(crate) fn over(path: &Path, sections: &Sections) -> Result<IdsFile, OpenGraphError> {
        let has = |name: &str| sections.names().any(|known| known == name);
        let ids = if has("ids32") {
            Mapped::Narrow(sections.view("ids32")?)
        } else if has("ids64") {
            Mapped::Wide(sections.view("ids64")?)
        } else {
            let (ends, text) = (sections.view("id_ends")?, sections.view("id_text")?);
            Mapped::Texts { ends, text }
        };
        let order = optional(sections, "id_order")?;
        let ids = IdsFile { ids, order };
        match ids.is_whole() {
            true => Ok(ids),
            false => Err(corrupt(path, "its ids do not fit each other")),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.ids {
            Mapped::Narrow(ids) => ids.len(),
            Mapped::Wide(ids) => ids.len(),
            Mapped::Texts { ends, .. } => ends.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a node.
    ///
    /// # Panics
    /// Where there is no such node.
    #[must_use]
    pub fn get(&self, node: u32) -> Cow<'_, str> {
        match &self.ids {
            Mapped::Narrow(ids) => Cow::Owned(ids[node as usize].to_string()),
            Mapped::Wide(ids) => Cow::Owned(ids[node as usize].to_string()),
            Mapped::Texts { ends, text } => String::from_utf8_lossy(slice(ends, text, node)),
        }
    }

    /// The number of an id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<u32> {
        let wanted = integer(id);
        if wanted.is_none() && !matches!(self.ids, Mapped::Texts { .. }) {
            return None;
        }
        let compare = |node: u32| match &self.ids {
            Mapped::Narrow(ids) => Some(u64::from(ids[node as usize])).cmp(&wanted),
            Mapped::Wide(ids) => Some(ids[node as usize]).cmp(&wanted),
            Mapped::Texts { ends, text } => slice(ends, text, node).cmp(id.as_bytes()),
        };
        self.search(compare)
    }

    /// All of them, to go on from.
    #[must_use]
    pub fn to_ids(&self) -> Ids {
        match &self.ids {
            Mapped::Narrow(ids) => Ids::Integers(ids.iter().map(|&id| id.into()).collect()),
            Mapped::Wide(ids) => Ids::Integers(ids.to_vec()),
            Mapped::Texts { .. } => {
                let nodes = 0..self.len() as u32;
                Ids::Texts(nodes.map(|node| self.get(node).into_owned()).collect())
            }
        }
    }

    fn search(&self, compare: impl Fn(u32) -> Ordering) -> Option<u32> {
        let at = |place: usize| match &self.order {
            Some(order) => order[place],
            None => place as u32,
        };
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(at(middle)) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(at(middle)),
            }
        }
        None
    }

    fn is_whole(&self) -> bool {
        let count = self.len();
        let known = |order: &[u32]| order.iter().all(|&node| (node as usize) < count);
        let order = self.order.as_deref();
        let ordered = order.is_none_or(|order| order.len() == count && known(order));
        let texts = match &self.ids {
            Mapped::Texts { ends, text } => {
                ends.is_sorted() && ends.last().map_or(0, |&end| end) == text.len() as u64
            }
            _ => true,
        };
        ordered && texts
    }
}

/// The number that an id is, if it is written as a program writes numbers.
#[must_use]
pub fn integer(id: &str) -> Option<u64> {
    let canonical =
        id == "0" || (id.starts_with(|c: char| c.is_ascii_digit()) && !id.starts_with('0'));
    id.parse().ok().filter(|_| canonical)
}

fn slice<'a>(ends: &[u64], text: &'a [u8], node: u32) -> &'a [u8] {
    let node = node as usize;
    let start = if node == 0 { 0 } else { ends[node - 1] };
    // Checked when the file was opened.
    &text[start as usize..ends[node] as usize]
}
