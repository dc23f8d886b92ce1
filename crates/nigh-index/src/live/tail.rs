//! What was added to a list since its segment was written.

use nigh_simd::{BLOCK_ROWS, Hit, block_bytes, code_row, put_code_row};

use super::ask::Ask;
use super::nearest::Code;
use crate::rabitq::Factors;

/// Rows in memory, each with the stamps of the writes that made and ended it: a search that began in between sees it, others
/// do not.
#[derive(Debug)]
pub(crate) struct Tail {
    dim: usize,
    /// Codes of four coordinates that a row has; 0 without.
    groups: usize,
    /// Values of [`CHUNK_ROWS`] rows each, so that growing never copies many.
    chunks: Vec<Vec<f32>>,
    /// Codes of all rows, as in a segment.
    blocks: Vec<u8>,
    labels: Vec<u64>,
    lives: Vec<Life>,
    ended: usize,
    /// With as many ended rows a sweep is worth its cost.
    sweep_at: usize,
}

/// From one stamp on, up to but not at another.
#[derive(Clone, Copy, Debug)]
struct Life {
    begin: u64,
    end: u64,
}

impl Life {
    fn includes(self, stamp: u64) -> bool {
        self.begin <= stamp && stamp < self.end
    }
}

/// The stamp at which rows end that did not.
const NEVER: u64 = u64::MAX;

const CHUNK_ROWS: usize = 64;

/// Of so many rows that may be among the best most are barred if the most promising ones are compared first.
const MANY_HITS: usize = 64;

/// Bytes of codes that are asked for ahead.
const AHEAD_BYTES: usize = 4096;

/// Fewer ended rows are never swept.
const SWEEP_LEAST: usize = 64;

impl Tail {
    pub(crate) fn new(dim: usize, groups: usize) -> Tail {
        Tail {
            dim,
            groups,
            chunks: Vec::new(),
            blocks: Vec::new(),
            labels: Vec::new(),
            lives: Vec::new(),
            ended: 0,
            sweep_at: SWEEP_LEAST,
        }
    }

    /// Adds a row that begins at `stamp`; returns its place.
    pub(crate) fn push(&mut self, label: u64, row: &[f32], code: Option<&Code>, stamp: u64) -> u32 {
        let life = Life {
            begin: stamp,
            end: NEVER,
        };
        self.push_life(label, row, code, life)
    }

    fn push_life(&mut self, label: u64, row: &[f32], code: Option<&Code>, life: Life) -> u32 {
        let place = self.labels.len();
        if place.is_multiple_of(CHUNK_ROWS) {
            // The first chunk grows as it must; who needs a second one will fill it.
            let room = if place == 0 { 1 } else { CHUNK_ROWS };
            self.chunks.push(Vec::with_capacity(room * self.dim));
        }
        self.chunks[place / CHUNK_ROWS].extend_from_slice(row);
        if let Some(Code { codes, factors }) = code {
            let (groups, blocks) = (self.groups, place / BLOCK_ROWS + 1);
            self.blocks.resize(blocks * block_bytes(groups), 0);
            put_code_row(
                &mut self.blocks,
                groups,
                place,
                codes,
                factors.scale,
                factors.add,
            );
        }
        self.labels.push(label);
        self.lives.push(life);
        place as u32
    }

    /// Ends a row.
    pub(crate) fn end(&mut self, place: u32, stamp: u64) {
        self.lives[place as usize].end = stamp;
        self.ended += 1;
    }

    pub(crate) fn row(&self, place: u32) -> &[f32] {
        let place = place as usize;
        &self.chunks[place / CHUNK_ROWS][place % CHUNK_ROWS * self.dim..][..self.dim]
    }

    fn code(&self, place: usize) -> Option<Code> {
        let read = || code_row(&self.blocks, self.groups, place);
        (self.groups > 0)
            .then(read)
            .map(|(codes, scale, add)| Code {
                codes,
                factors: Factors { scale, add },
            })
    }

    /// The labels and values of the rows at a stamp.
    pub(crate) fn at(&self, stamp: u64) -> impl Iterator<Item = (u64, &[f32])> {
        let rows = self.lives.iter().enumerate();
        rows.filter(move |(_, life)| life.includes(stamp))
            .map(|(place, _)| (self.labels[place], self.row(place as u32)))
    }

    /// Compares all rows with a query; returns how many there were.
    pub(crate) fn compare(&self, ask: &mut Ask<'_>) -> usize {
        let stamp = ask.stamp;
        if ask.filter.is_some() {
            return self.compare_accepted(ask);
        }
        let chunks = self.chunks.iter().zip(self.labels.chunks(CHUNK_ROWS));
        for ((chunk, labels), lives) in chunks.zip(self.lives.chunks(CHUNK_ROWS)) {
            ask.compare(labels, chunk, |i| lives[i].includes(stamp));
        }
        self.len()
    }

    /// The same where most rows may not be wanted.
    fn compare_accepted(&self, ask: &mut Ask<'_>) -> usize {
        let mut count = 0;
        let rows = self.labels.iter().zip(&self.lives).zip(0..);
        for ((label, life), place) in rows {
            if life.includes(ask.stamp) && ask.accepts(*label) {
                ask.compare(std::slice::from_ref(label), self.row(place), |_| true);
                count += 1;
            }
        }
        count
    }

    /// Asks for the beginning of the codes; what follows, the CPU guesses by itself.
    pub(crate) fn prefetch(&self) {
        nigh_simd::prefetch(&self.blocks[..self.blocks.len().min(AHEAD_BYTES)]);
    }

    /// The rows that may be among the best by their codes, of a list whose centroid is at a squared distance. Asks for their values.
    pub(crate) fn scan(&self, square: f32, ask: &mut Ask<'_>) -> Vec<Hit> {
        let mut hits = ask.scan(&self.blocks, square);
        // Rows to come have codes of zeros.
        hits.retain(|hit| (hit.row as usize) < self.labels.len());
        if hits.len() > MANY_HITS {
            // The most promising first bar most others.
            hits.sort_unstable_by(|a, b| b.value.total_cmp(&a.value).then(a.row.cmp(&b.row)));
        }
        let asked_for = hits.iter().take(MANY_HITS);
        asked_for.for_each(|hit| nigh_simd::prefetch(bytemuck::cast_slice(self.row(hit.row))));
        hits
    }

    /// Compares the rows that a scan left, if they may still be among the best.
    pub(crate) fn rescore(&self, hits: &[Hit], ask: &mut Ask<'_>) {
        let stamp = ask.stamp;
        for hit in hits {
            if hit.value >= ask.floor() {
                let place = hit.row as usize;
                ask.rescored += 1;
                ask.compare(&self.labels[place..=place], self.row(hit.row), |_| {
                    self.lives[place].includes(stamp)
                });
            }
        }
    }

    /// Rows that did not end.
    pub(crate) fn len(&self) -> usize {
        self.labels.len() - self.ended
    }

    /// Whether most rows ended, and enough to be worth a sweep.
    pub(crate) fn is_crowded(&self) -> bool {
        self.ended >= self.sweep_at && 2 * self.ended >= self.labels.len()
    }

    /// The same without the rows that ended before anyone who still searches began, at `horizon` or earlier; nothing if these
    /// are few.
    pub(crate) fn swept(&self, horizon: u64) -> Option<Tail> {
        let kept = self.lives.iter().filter(|life| life.end > horizon).count();
        if 2 * kept > self.labels.len() {
            return None;
        }
        let mut tail = Tail::new(self.dim, self.groups);
        for (place, &life) in self.lives.iter().enumerate() {
            if life.end > horizon {
                let (row, code) = (self.row(place as u32), self.code(place));
                tail.push_life(self.labels[place], row, code.as_ref(), life);
                tail.ended += usize::from(life.end != NEVER);
            }
        }
        tail.sweep_later();
        Some(tail)
    }

    /// Asks for no sweep before some more rows ended.
    pub(crate) fn sweep_later(&mut self) {
        self.sweep_at = self.ended + SWEEP_LEAST.max(self.labels.len() / 8);
    }

    /// The labels and places of the rows that did not end.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u64, u32)> {
        let rows = self.labels.iter().zip(&self.lives).zip(0..);
        rows.filter(|((_, life), _)| life.end == NEVER)
            .map(|((&label, _), place)| (label, place))
    }

    /// Rows held, those that ended too.
    pub(crate) fn held(&self) -> usize {
        self.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coded::Considered;
    use crate::metric::Metric;
    use crate::search::SearchParams;

    fn labels_at(tail: &Tail, stamp: u64) -> Vec<u64> {
        let mut seen = Considered::default();
        seen.table.fill(&[0.0; 8]);
        seen.floor = f32::NEG_INFINITY;
        let all = |scan: bool| {
            let params = SearchParams::ivf(1000, 1);
            let mut ask = Ask::new(&[0.0, 0.0], Metric::L2, &params, None, &seen, stamp);
            if scan {
                let hits = tail.scan(0.0, &mut ask);
                tail.rescore(&hits, &mut ask);
            } else {
                tail.compare(&mut ask);
            }
            let found = ask.found;
            let mut labels: Vec<u64> = found.iter().map(|n| n.label).collect();
            labels.sort_unstable();
            labels
        };
        let labels = all(false);
        assert_eq!(all(true), labels);
        let mut copied: Vec<u64> = tail.at(stamp).map(|(label, _)| label).collect();
        copied.sort_unstable();
        assert_eq!(copied, labels);
        labels
    }

    #[test]
    fn each_stamp_sees_its_own_rows_before_and_after_a_sweep() {
        let mut tail = Tail::new(2, 2);
        for i in 0..200_u64 {
            let code = Code {
                codes: vec![i as u8 & 15, 3],
                factors: Factors {
                    scale: 0.5,
                    add: i as f32,
                },
            };
            let place = tail.push(i, &[i as f32, 1.0], Some(&code), i + 1);
            assert_eq!(tail.row(place), [i as f32, 1.0]);
        }
        (0..150).for_each(|place| tail.end(place, 300 + u64::from(place)));
        assert!(tail.is_crowded());
        assert!(tail.swept(320).is_none());
        let swept = tail
            .swept(400)
            .unwrap_or_else(|| panic!("nothing to sweep"));
        assert_eq!((swept.held(), swept.is_crowded()), (99, false));
        for stamp in [400, 420, 448, 1000] {
            assert_eq!(labels_at(&swept, stamp), labels_at(&tail, stamp), "{stamp}");
        }
        assert_eq!(labels_at(&tail, 10), (0..10).collect::<Vec<u64>>());
        assert_eq!(labels_at(&tail, 1000), (150..200).collect::<Vec<u64>>());
        let places: Vec<(u64, u32)> = swept.places().collect();
        assert_eq!(places[0], (150, 49));
        assert_eq!(places.len(), 50);
        for (old, new) in [(101, 0), (199, 98)] {
            assert_eq!(tail.code(old), swept.code(new));
        }
    }
}
