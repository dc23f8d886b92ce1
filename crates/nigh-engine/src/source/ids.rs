//! Which ids were delivered, and where the first of each stands.

use std::collections::HashMap;

use super::join::hash;

/// 128-bit hashes of ids: among 10⁹ of them, two collide with probability below 10⁻²⁰.
#[derive(Default)]
pub(super) struct Ids {
    seen: HashMap<u128, Standing>,
}

/// Where an item stands, small enough to keep for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) part: u32,
    pub(super) at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// A line or row of the part's table.
    Row(u64),
    /// A picture of the part's listing.
    Picture(u32),
}

impl Ids {
    /// Where the id stood before, or `None`, and it is now taken.
    pub(super) fn take(&mut self, id: &str, standing: Standing) -> Option<Standing> {
        match self.seen.entry(hash(id)) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(standing);
                None
            }
        }
    }
}
