//! What stages cost for each candidate, as searches of this catalog have shown, and how a budget is kept by that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::trace::Trace;
use crate::vectors::FittedCosts;
use crate::view::{SEGMENT_FILE, View};

/// What the stages of a catalog's searches cost, kept up to date by every search.
#[derive(Debug)]
pub(crate) struct StageCosts {
    stages: [Cost; STAGES.len()],
}

/// What a stage costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageCost {
    /// The stage.
    pub stage: &'static str,
    /// Microseconds for each candidate: rows of the lists that are read (`probe`), rows that are compared (`scan`, `rescore`, `tail`), items
    /// that are made (`collect`), ranked (`rank`) or compared with one that was picked (`diversify`), or looked at (`filter`).
    pub us_per_candidate: f64,
    /// Searches that it was measured by; 0 where it was measured when the index was built.
    pub searches: u64,
}

/// A moving mean, written by many threads; one that is lost among others changes nothing.
#[derive(Debug)]
struct Cost {
    /// The bits of an f64; not a number where nothing is known.
    us: AtomicU64,
    searches: AtomicU64,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            us: AtomicU64::new(f64::NAN.to_bits()),
            searches: AtomicU64::new(0),
        }
    }
}

/// Stages whose cost grows with their candidates.
const STAGES: [&str; 8] = [
    "filter",
    "scan",
    "probe",
    "rescore",
    "tail",
    "collect",
    "rank",
    "diversify",
];

/// How much a search counts in the moving mean, once there were more than one over this.
const NEWEST: f64 = 0.05;
/// With less what is measured is the clock.
const LEAST_WORK: u64 = 8;
/// What a cut leaves of a mean.
const RELENTED: f64 = 0.98;

impl Default for StageCosts {
    fn default() -> Self {
        Self {
            stages: std::array::from_fn(|_| Cost::default()),
        }
    }
}

impl StageCosts {
    /// Begins with what was measured when the index was built, if it was.
    pub(crate) fn of(view: Option<&View>) -> StageCosts {
        let costs = StageCosts::default();
        let fitted = view.and_then(|view| {
            let fitted = FittedCosts::of(&view.folder().join(SEGMENT_FILE), &view.segment)?;
            let list = view.segment.len() as f64 / view.segment.lists().max(1) as f64;
            Some((fitted, list.max(1.0)))
        });
        if let Some((fitted, list)) = fitted {
            costs.set("scan", fitted.exact_row_us);
            costs.set("probe", fitted.probe_us / list);
            costs.set("rescore", fitted.picked_row_us);
        }
        costs
    }

    /// Learns from what a search took.
    pub(crate) fn learn(&self, trace: &Trace) {
        for stage in &trace.stages {
            let told = stage.work >= LEAST_WORK;
            if let Some(cost) = self.cost(stage.stage).filter(|_| told) {
                let us = stage.us as f64 / stage.work as f64;
                match stage.wanted {
                    None => cost.learn(us),
                    Some(_) => cost.relent(us),
                }
            }
        }
    }

    /// Microseconds of a candidate, if that is known.
    pub(crate) fn us(&self, stage: &str) -> Option<f64> {
        let us = self.cost(stage)?.us();
        (!us.is_nan()).then_some(us)
    }

    /// Of all stages of which it is known.
    pub(crate) fn all(&self) -> Vec<StageCost> {
        let of = |stage: &'static str| {
            Some(StageCost {
                stage,
                us_per_candidate: self.us(stage)?,
                searches: self.cost(stage)?.searches.load(Ordering::Relaxed),
            })
        };
        STAGES.into_iter().filter_map(of).collect()
    }

    /// Takes from others what is not known here.
    pub(crate) fn fill(&self, others: &StageCosts) {
        for stage in STAGES {
            if let (None, Some(us)) = (self.us(stage), others.us(stage)) {
                self.set(stage, us);
            }
        }
    }

    fn set(&self, stage: &str, us: f64) {
        if let Some(cost) = self.cost(stage) {
            cost.us.store(us.to_bits(), Ordering::Relaxed);
        }
    }

    fn cost(&self, stage: &str) -> Option<&Cost> {
        let at = STAGES.iter().position(|name| *name == stage)?;
        Some(&self.stages[at])
    }
}

impl Cost {
    fn us(&self) -> f64 {
        f64::from_bits(self.us.load(Ordering::Relaxed))
    }

    fn learn(&self, us: f64) {
        let searches = self.searches.fetch_add(1, Ordering::Relaxed);
        let before = self.us();
        let share = NEWEST.max(1.0 / (searches + 1) as f64);
        let now = match before.is_nan() {
            true => us,
            false => before + share * (us - before),
        };
        self.us.store(now.to_bits(), Ordering::Relaxed);
    }

    /// A stage that was cut: what it costs whatever it takes falls on few candidates, which would cut the next one harder. It can only bring
    /// the mean down, and always does a little, so that one slow search does not keep the stage small for good.
    fn relent(&self, us: f64) {
        let now = (self.us() * RELENTED).min(us.max(f64::MIN_POSITIVE));
        self.us.store(now.to_bits(), Ordering::Relaxed);
    }
}

/// What is left of a search's time, and what had to be left out for it.
pub(super) struct Budget<'a> {
    costs: &'a StageCosts,
    started: Instant,
    total: Option<Duration>,
    /// The least share of its candidates that a stage took.
    pub(super) coverage: f64,
}

impl<'a> Budget<'a> {
    pub(super) fn new(costs: &'a StageCosts, started: Instant, total: Option<Duration>) -> Self {
        Self {
            costs,
            started,
            total,
            coverage: 1.0,
        }
    }

    /// How many of `wanted` candidates a stage can take in each of so many `rounds` that are left of it, if `reserved` microseconds are to
    /// be left then; `least` at any rate. What a stage costs that has never run is not known: it takes all.
    pub(super) fn allows(
        &self,
        stage: &str,
        wanted: usize,
        least: usize,
        rounds: usize,
        reserved: f64,
    ) -> usize {
        let (Some(total), Some(us)) = (self.total, self.costs.us(stage)) else {
            return wanted;
        };
        let gone = self.started.elapsed().as_secs_f64() * 1e6;
        let left = total.as_secs_f64() * 1e6 - gone - reserved;
        let affordable = left / rounds.max(1) as f64 / us.max(f64::MIN_POSITIVE);
        // A float beyond the integers becomes the greatest of them, one below 0 the least.
        (affordable as usize).max(least).min(wanted)
    }

    /// Microseconds that a stage will take for so many candidates, 0 where that is not known.
    pub(super) fn predicts(&self, stage: &str, candidates: usize) -> f64 {
        self.costs.us(stage).unwrap_or(0.0) * candidates as f64
    }

    /// Books that a stage took so many of the candidates that it wanted.
    pub(super) fn took(&mut self, took: usize, wanted: usize) {
        if took < wanted {
            self.coverage = self.coverage.min(took as f64 / wanted as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Stage;

    fn learned(stage: &'static str, us: u64, input: u64) -> StageCosts {
        let costs = StageCosts::default();
        let mut trace = Trace::default();
        trace.stages.push(Stage {
            stage,
            input,
            output: 1,
            us,
            wanted: None,
            work: input,
        });
        costs.learn(&trace);
        costs
    }

    #[test]
    fn a_stage_takes_what_its_measured_cost_allows() {
        // Ten microseconds a candidate.
        let costs = learned("rank", 1_000, 100);
        let started = Instant::now();
        let with =
            |ms: f64| Budget::new(&costs, started, Some(Duration::from_secs_f64(ms / 1000.0)));
        assert_eq!(with(3.6e6).allows("rank", 500, 10, 1, 0.0), 500);
        let page = with(1e-3).allows("rank", 500, 10, 1, 0.0);
        assert_eq!(page, 10, "a page is always made");
        let unknown = with(1e-3).allows("probe", 500, 10, 1, 0.0);
        assert_eq!(unknown, 500);
        // Of 100 s the two rounds share what 40 s of reserve leave: 3,000,000 times 10 µs each.
        let shared = with(1e5).allows("rank", usize::MAX, 1, 2, 4e7);
        assert!((2_500_000..=3_000_000).contains(&shared), "{shared}");
    }

    #[test]
    fn costs_follow_what_is_measured() {
        let costs = learned("scan", 100, 1_000);
        assert_eq!(costs.us("scan"), Some(0.1));
        assert_eq!(costs.us("probe"), None);
        for _ in 0..200 {
            let mut trace = Trace::default();
            trace.stages.push(Stage {
                stage: "scan",
                input: 1_000,
                output: 1,
                us: 300,
                wanted: None,
                work: 1_000,
            });
            costs.learn(&trace);
        }
        let now = costs.us("scan").unwrap_or_default();
        assert!((now - 0.3).abs() < 0.001, "{now}");
        assert_eq!(costs.all().len(), 1);
        assert_eq!(costs.all()[0].searches, 201);
    }

    #[test]
    fn a_cut_brings_the_mean_down_alone() {
        let costs = learned("probe", 1_000, 100);
        let cut = |us: u64| {
            let mut trace = Trace::default();
            trace.took("probe", 10, 1, us);
            trace.cut(100);
            costs.learn(&trace);
            costs.us("probe").unwrap_or_default()
        };
        // 100 µs each, as the fixed part falls on few: 10 stays, but for a little.
        assert!((cut(1_000) - 9.8).abs() < 1e-9);
        assert!((cut(20) - 2.0).abs() < 1e-9);
    }
}
