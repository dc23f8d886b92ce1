//! A segment, which of its rows are still live, and what is newer.
//!
//! One thread writes at a time ([`Newer`] is its alone), any number search. A write takes effect for searches when its stamp
//! is published; a search looks at the segment first, then takes the latest stamp and looks at the newer rows as
//! they were at it. A replaced row of the segment is masked after the stamp of what replaced it is published, so that a search
//! meets at least one of the two; of two it keeps the newer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, RwLock};

use super::ask::Ask;
use super::filter::Filter;
use super::labels::ByLabel;
use super::lock::{read, write};
use super::nearest::{Nearest, Spot};
use super::tail::Tail;
use crate::allowed::Allowed;
use crate::coded::{Considered, Query};
use crate::neighbor::Neighbor;
use crate::scan;
use crate::search::{Found, Mode, SearchError, SearchParams};
use crate::segment::Segment;
use crate::top_k::merge_neighbors;

#[derive(Debug)]
pub(crate) struct Base {
    segment: Segment,
    nearest: Nearest,
    by_label: ByLabel,
    live: Allowed,
    /// Rows of the segment in the order in which they were masked, and how many of them can be read without waiting.
    masked: RwLock<Vec<u32>>,
    masked_count: AtomicUsize,
    /// `stripes` for each list.
    tails: Vec<RwLock<Tail>>,
    stripes: usize,
    /// Live rows that are newer than the segment.
    newer: AtomicUsize,
    /// The last stamp whose write is complete.
    stamp: AtomicU64,
}

/// What a writer knows about newer rows.
#[derive(Debug, Default)]
pub(crate) struct Newer {
    places: HashMap<u64, Place>,
    /// A tail that is worth a sweep.
    pub(crate) crowded: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    tail: u32,
    place: u32,
}

/// At least as many tails, so that writers and those who search everything seldom meet.
const TAILS_LEAST: usize = 64;

impl Base {
    pub(crate) fn new(segment: Segment) -> Base {
        let (rows, lists) = (segment.len(), segment.lists());
        let stripes = TAILS_LEAST.div_ceil(lists);
        let nearest = Nearest::of(&segment);
        let tail = || RwLock::new(Tail::new(segment.dim(), nearest.groups()));
        Base {
            by_label: ByLabel::of(segment.labels()),
            live: Allowed::all(rows),
            masked: RwLock::default(),
            masked_count: AtomicUsize::new(0),
            tails: std::iter::repeat_with(tail).take(lists * stripes).collect(),
            stripes,
            newer: AtomicUsize::new(0),
            stamp: AtomicU64::new(0),
            nearest,
            segment,
        }
    }

    pub(crate) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Live rows, and how many of them are newer than the segment.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let newer = self.newer.load(Ordering::Acquire);
        (self.segment.len() - self.masked_count() + newer, newer)
    }

    pub(crate) fn masked_count(&self) -> usize {
        self.masked_count.load(Ordering::Acquire)
    }

    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.load(Ordering::Acquire)
    }

    /// The number of rows held in memory, those that ended too.
    pub(crate) fn held(&self) -> usize {
        self.tails.iter().map(|tail| read(tail).held()).sum()
    }

    /// Where a row in the form that is compared belongs.
    pub(crate) fn spot(&self, row: &[f32]) -> Spot {
        self.nearest.spot(row)
    }

    /// Adds a row, prepared and with its spot found before, in place of those with its label.
    pub(crate) fn put(&self, newer: &mut Newer, label: u64, row: &[f32], spot: &Spot) {
        let stamp = self.stamp() + 1;
        let tail = spot.list * self.stripes + (label % self.stripes as u64) as usize;
        let place = Place {
            tail: tail as u32,
            place: write(&self.tails[tail]).push(label, row, spot.code.as_ref(), stamp),
        };
        match newer.places.insert(label, place) {
            Some(before) => self.end(newer, before, stamp),
            None => {
                self.newer.fetch_add(1, Ordering::Release);
                self.publish(stamp);
                self.mask(label);
            }
        }
    }

    /// Removes the rows with a label; says whether there were some.
    pub(crate) fn remove(&self, newer: &mut Newer, label: u64) -> bool {
        match newer.places.remove(&label) {
            Some(place) => {
                self.end(newer, place, self.stamp() + 1);
                self.newer.fetch_sub(1, Ordering::Release);
                true
            }
            None => self.mask(label),
        }
    }

    fn end(&self, newer: &mut Newer, place: Place, stamp: u64) {
        let mut tail = write(&self.tails[place.tail as usize]);
        tail.end(place.place, stamp);
        if tail.is_crowded() {
            newer.crowded = Some(place.tail as usize);
        }
        drop(tail);
        self.publish(stamp);
    }

    fn publish(&self, stamp: u64) {
        self.stamp.store(stamp, Ordering::Release);
    }

    fn mask(&self, label: u64) -> bool {
        let rows = self.by_label.rows(self.segment.labels(), label);
        let masked = rows
            .iter()
            .filter(|&&row| self.live.remove_shared(row as usize));
        let masked: Vec<u32> = masked.copied().collect();
        if masked.is_empty() {
            return false;
        }
        write(&self.masked).extend_from_slice(&masked);
        self.masked_count.fetch_add(masked.len(), Ordering::Release);
        true
    }

    /// Calls `each` with the rows masked after the first `from`; returns how many there are.
    pub(crate) fn each_masked(&self, from: usize, each: impl FnMut(u32)) -> usize {
        if self.masked_count() == from {
            return from;
        }
        let masked = read(&self.masked);
        masked[from..].iter().copied().for_each(each);
        masked.len()
    }

    /// The values of a label's live row, if it has one.
    pub(crate) fn current(&self, newer: &Newer, label: u64) -> Option<Vec<f32>> {
        if let Some(place) = newer.places.get(&label) {
            let tail = read(&self.tails[place.tail as usize]);
            return Some(tail.row(place.place).to_vec());
        }
        let rows = self.by_label.rows(self.segment.labels(), label);
        let mut live = rows.iter().filter(|&&row| self.live.contains(row as usize));
        live.next()
            .map(|&row| self.segment.row(row as usize).into_owned())
    }

    /// Drops the rows of a tail that ended at `horizon` or earlier.
    pub(crate) fn sweep(&self, newer: &mut Newer, tail: usize, horizon: u64) {
        let lock = &self.tails[tail];
        let Some(swept) = read(lock).swept(horizon) else {
            return write(lock).sweep_later();
        };
        for (label, place) in swept.places() {
            let tail = tail as u32;
            newer.places.insert(label, Place { tail, place });
        }
        // Only the writer, who is here, changes a tail: it is still what was swept. The old one is dropped after the lock.
        let before = std::mem::replace(&mut *write(lock), swept);
        drop(before);
    }

    /// Calls `each` with the list, label and values of every newer row at a stamp.
    pub(crate) fn each_newer(&self, stamp: u64, mut each: impl FnMut(usize, u64, &[f32])) {
        for (tail, lock) in self.tails.iter().enumerate() {
            let list = tail / self.stripes;
            read(lock)
                .at(stamp)
                .for_each(|(label, row)| each(list, label, row));
        }
    }
}

/// Searches `base` and what is newer in it.
pub(crate) fn search(
    base: &Arc<Base>,
    query: &[f32],
    params: &SearchParams,
    filter: Option<&Filter>,
) -> Result<Found, SearchError> {
    let segment = &base.segment;
    let query = scan::prepare_query(segment.dim(), segment.metric(), query)?;
    let prepared = filter.map(|filter| filter.prepared(base));
    let allowed = match &prepared {
        Some(prepared) => Some(&prepared.allowed),
        None => (base.masked_count() > 0).then_some(&base.live),
    };
    // Taken, not borrowed: while it waits for others, this thread may be given another search.
    let mut seen = SEEN.take();
    seen.lists.clear();
    (seen.masked, seen.everything, seen.rescored) = (filter.is_none(), false, 0);
    let mut found = segment.search_prepared(Query::new(&query), params, allowed, Some(&mut seen));
    // Who saw a row gone sees what replaced it: see `Allowed::remove_shared`.
    fence(Ordering::Acquire);
    if base.newer.load(Ordering::Acquire) > 0 {
        let stamp = base.stamp();
        let ask = || Ask::new(&query, segment.metric(), params, filter, &seen, stamp);
        found = base.with_newer(found, params, &seen, ask);
    }
    SEEN.set(seen);
    Ok(found)
}

thread_local! {
    static SEEN: RefCell<Considered> = RefCell::new(Considered::default());
}

impl Base {
    /// What was found in the segment, and newer rows of the same lists.
    fn with_newer<'a>(
        &self,
        mut found: Found,
        params: &SearchParams,
        seen: &Considered,
        ask: impl Fn() -> Ask<'a>,
    ) -> Found {
        let alone = (found.distances, found.rescored);
        loop {
            let mut ask = ask();
            ask.know(&found.neighbors);
            found.distances = alone.0 + self.look(params.mode, seen, &mut ask);
            found.rescored = alone.1 + ask.rescored;
            let mut labels: Vec<u64> = ask.found.iter().map(|newer| newer.label).collect();
            labels.sort_unstable();
            let is_old = |neighbor: &Neighbor| labels.binary_search(&neighbor.label).is_ok();
            if !found.neighbors.iter().any(is_old) {
                found.neighbors = merge_neighbors([found.neighbors, ask.found], params.k);
                return found;
            }
            // Replaced after the segment was searched; what it barred is asked for again.
            found.neighbors.retain(|neighbor| !is_old(neighbor));
        }
    }

    /// Compares newer rows; returns how many there were.
    fn look(&self, mode: Mode, seen: &Considered, ask: &mut Ask<'_>) -> usize {
        let all = self.tails.iter();
        let some = seen.lists.iter().flat_map(|probe| {
            let first = probe.list as usize * self.stripes;
            let tails = self.tails[first..first + self.stripes].iter();
            tails.map(|tail| (probe.square, tail))
        });
        match mode {
            _ if seen.everything => all.map(|tail| read(tail).compare(ask)).sum(),
            Mode::Exact => all.map(|tail| read(tail).compare(ask)).sum(),
            Mode::Ivf(_) if self.segment.coded().is_some() => scan(some, ask),
            Mode::Ivf(_) => some.map(|(_, tail)| read(tail).compare(ask)).sum(),
        }
    }
}

/// Scans the codes of tails, each with the squared distance of its list; returns how many rows there were. While one is scanned,
/// the codes of the next and the rows to be compared of the one before are on their way.
fn scan<'a>(tails: impl Iterator<Item = (f32, &'a RwLock<Tail>)>, ask: &mut Ask<'_>) -> usize {
    let tails = tails.map(|(square, tail)| (square, read(tail)));
    let mut tails = tails.inspect(|(_, tail)| tail.prefetch()).peekable();
    let (mut count, mut before) = (0, None);
    while let Some((square, tail)) = tails.next() {
        tails.peek();
        count += tail.len();
        let hits = tail.scan(square, ask);
        if let Some((tail, hits)) = before.replace((tail, hits)) {
            tail.rescore(&hits, ask);
            ask.hits = hits;
        }
    }
    if let Some((tail, hits)) = before {
        tail.rescore(&hits, ask);
    }
    count
}
