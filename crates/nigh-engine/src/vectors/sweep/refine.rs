//! Which settings are worth timing.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{Family, Measured, SweepError};

/// What a setting reached when recall was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reached {
    pub(super) recall: f64,
    /// CPU seconds, of one measurement: good for a comparison, not for a figure.
    pub(super) cost: f64,
}

/// More lists find nothing more that matters.
const EVERYTHING: f64 = 0.9995;

/// A gain of recall that is none.
const NOTHING: f64 = 0.0003;

/// Costs this many times that of the best are still compared exactly.
const SLACK: f64 = 1.4;

/// Recalls that people compare at, and how near counts as near.
const COMPARED: [f64; 3] = [0.90, 0.95, 0.99];
const NEAR: f64 = 0.012;

/// The settings near the frontier, with their recall.
pub(super) fn settings<I: Measured>(
    families: &[Family<I::Params>],
    measure: &mut dyn FnMut(I::Params) -> Result<Reached, SweepError>,
) -> Result<Vec<(I::Params, f64)>, SweepError> {
    let mut ladders = Vec::new();
    for family in families {
        let mut measure = |nprobe| measure(I::at(family.template, nprobe));
        ladders.push(ladder(&family.nprobe, &mut measure)?);
    }
    while let Some((at, nprobe)) = next_gap(&ladders) {
        let reached = measure(I::at(families[at].template, nprobe))?;
        ladders[at].insert(nprobe, reached);
    }
    let each = families.iter().zip(&ladders).flat_map(|(family, ladder)| {
        let near = ladder.keys().filter(|at| is_near(ladder, **at, &ladders));
        near.map(|at| (I::at(family.template, *at), ladder[at].recall))
    });
    Ok(each.collect())
}

/// What each number of lists of one family reached.
type Ladder = BTreeMap<usize, Reached>;

/// The least, and twice as many again and again, until everything is found or twice as many
/// find nothing more.
fn ladder(
    range: &RangeInclusive<usize>,
    measure: &mut dyn FnMut(usize) -> Result<Reached, SweepError>,
) -> Result<Ladder, SweepError> {
    let (least, most) = (*range.start(), *range.end());
    let mut ladder = Ladder::new();
    let mut nprobe = least.min(most);
    let mut before = f64::NEG_INFINITY;
    loop {
        let reached = measure(nprobe)?;
        ladder.insert(nprobe, reached);
        let done = reached.recall >= EVERYTHING || reached.recall < before + NOTHING;
        if nprobe >= most || done {
            return Ok(ladder);
        }
        before = reached.recall;
        nprobe = nprobe.saturating_mul(2).clamp(nprobe + 1, most);
    }
}

/// A number of lists between two neighbours that are too far apart, and its family.
fn next_gap(ladders: &[Ladder]) -> Option<(usize, usize)> {
    let gap = |ladder: &Ladder| {
        let neighbours = ladder.iter().zip(ladder.iter().skip(1));
        let mut wide = neighbours.filter(|((low, a), (high, b))| {
            *high - *low > 1
                && (b.recall - a.recall).abs() > tolerance(a.recall, b.recall)
                && (is_near(ladder, **low, ladders) || is_near(ladder, **high, ladders))
        });
        wide.next().map(|((low, _), (high, _))| low.midpoint(*high))
    };
    let mut gaps = ladders.iter().map(gap).enumerate();
    gaps.find_map(|(at, gap)| Some((at, gap?)))
}

/// The widest step of recall between two points.
fn tolerance(a: f64, b: f64) -> f64 {
    let (low, high) = (a.min(b), a.max(b));
    let near = |recall: &f64| low < recall + NEAR && high > recall - NEAR;
    let step: f64 = if COMPARED.iter().any(near) {
        0.004
    } else {
        0.01
    };
    // Where next to nothing is missed, a third of that is a step.
    match low < 0.99 {
        true => step,
        false => ((1.0 - low) / 3.0).max(0.001),
    }
}

/// Whether nothing that finds as much costs much less.
fn is_near(ladder: &Ladder, at: usize, ladders: &[Ladder]) -> bool {
    let (recall, cost) = (ladder[&at].recall, cost(ladder, at));
    ladders.iter().all(|ladder| {
        let as_good = ladder.iter().find(|(_, other)| other.recall >= recall);
        as_good.is_none_or(|(other, _)| cost <= SLACK * self::cost(ladder, *other))
    })
}

/// What a number of lists costs, without the noise that makes it cost more than a greater number.
fn cost(ladder: &Ladder, at: usize) -> f64 {
    let costs = ladder.range(at..).map(|(_, reached)| reached.cost);
    costs.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use nigh_index::{SearchParams, Segment};

    use super::*;

    /// A curve with the shape of real ones: recall rises with the lists read, and so does the cost.
    fn reached(nprobe: usize, cost_of_one: f64) -> Reached {
        let nprobe = nprobe as f64;
        Reached {
            recall: 1.0 - 0.6 * (-nprobe / 40.0).exp(),
            cost: cost_of_one * (10.0 + nprobe),
        }
    }

    fn nprobe(params: &SearchParams) -> usize {
        match params.mode {
            nigh_index::Mode::Ivf(ivf) => ivf.nprobe,
            nigh_index::Mode::Exact => 0,
        }
    }

    #[test]
    fn steps_are_small_and_smaller_where_it_matters() {
        let mut measured = 0;
        let found = settings::<Segment>(&[Family::ivf(1000)], &mut |params| {
            measured += 1;
            Ok(reached(nprobe(&params), 1.0))
        });
        let found = found.unwrap();
        let mut wide = Vec::new();
        for pair in found.windows(2) {
            let [(low, a), (high, b)] = [pair[0], pair[1]];
            let (low, high) = (nprobe(&low), nprobe(&high));
            if high - low > 1 && b - a > tolerance(a, b) {
                wide.push((low, a, high, b));
            }
        }
        assert!(wide.is_empty(), "{wide:?}");
        assert!(found.last().unwrap().1 >= EVERYTHING);
        assert!(
            measured == found.len() && measured < 150,
            "{measured} measured"
        );
        assert_eq!(
            (tolerance(0.93, 0.9385), tolerance(0.94, 0.945)),
            (0.004, 0.004)
        );
        assert_eq!((tolerance(0.80, 0.82), tolerance(0.92, 0.93)), (0.01, 0.01));
        assert_eq!(
            (tolerance(0.5, 0.97), tolerance(0.985, 1.0)),
            (0.004, 0.004)
        );
    }

    #[test]
    fn what_others_beat_is_neither_refined_nor_timed() {
        let mut good = Family::ivf(1000);
        good.template.threads = 2;
        let mut measured_bad = 0;
        let families = [Family::ivf(1000), good];
        let found = settings::<Segment>(&families, &mut |params| {
            let bad = params.threads == 1;
            measured_bad += usize::from(bad);
            Ok(reached(nprobe(&params), if bad { 10.0 } else { 1.0 }))
        });
        let found = found.unwrap();
        assert!(
            found.iter().all(|(params, _)| params.threads == 2),
            "{found:?}"
        );
        assert!(measured_bad <= 11, "the ladder alone, not {measured_bad}");
    }

    #[test]
    fn a_single_setting_is_measured_once() {
        for family in [Family::exact(), Family::single(SearchParams::ivf(10, 7))] {
            let mut measured = Vec::new();
            let found = settings::<Segment>(&[family], &mut |params| {
                measured.push(params);
                Ok(reached(nprobe(&params), 1.0))
            });
            assert_eq!(found.unwrap().len(), 1);
            assert_eq!(measured.len(), 1);
        }
    }
}
