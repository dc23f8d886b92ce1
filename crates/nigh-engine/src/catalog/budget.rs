//! What stages cost for each candidate, as searches of this catalog have shown, and how a budget is kept by that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::trace::Trace;

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
    /// Microseconds for each candidate that goes in.
    pub us_per_candidate: f64,
    /// Searches that it was measured by.
    pub searches: u64,
}

/// A moving mean, written by many threads; one that is lost among others changes nothing.
#[derive(Debug, Default)]
struct Cost {
    /// The bits of an f64.
    us: AtomicU64,
    searches: AtomicU64,
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
/// With fewer candidates what is measured is the clock.
const LEAST_CANDIDATES: u64 = 8;

impl Default for StageCosts {
    fn default() -> Self {
        Self {
            stages: std::array::from_fn(|_| Cost::default()),
        }
    }
}

impl StageCosts {
    /// Learns from what a search took.
    pub(crate) fn learn(&self, trace: &Trace) {
        for stage in &trace.stages {
            let at = STAGES.iter().position(|name| *name == stage.stage);
            let told = stage.input >= LEAST_CANDIDATES;
            if let Some(at) = at.filter(|_| told) {
                self.stages[at].learn(stage.us as f64 / stage.input as f64);
            }
        }
    }

    /// Microseconds of a candidate, if the stage has run.
    pub(crate) fn us(&self, stage: &str) -> Option<f64> {
        let at = STAGES.iter().position(|name| *name == stage)?;
        let cost = &self.stages[at];
        let known = cost.searches.load(Ordering::Relaxed) > 0;
        known.then(|| f64::from_bits(cost.us.load(Ordering::Relaxed)))
    }

    /// Of all stages that have run.
    pub(crate) fn all(&self) -> Vec<StageCost> {
        let of = |(stage, cost): (&&'static str, &Cost)| {
            Some(StageCost {
                stage,
                us_per_candidate: self.us(stage)?,
                searches: cost.searches.load(Ordering::Relaxed),
            })
        };
        STAGES
            .iter()
            .zip(&self.stages)
            .filter_map(|(stage, cost)| of((stage, cost)))
            .collect()
    }
}

impl Cost {
    fn learn(&self, us: f64) {
        let searches = self.searches.fetch_add(1, Ordering::Relaxed);
        let before = f64::from_bits(self.us.load(Ordering::Relaxed));
        let share = NEWEST.max(1.0 / (searches + 1) as f64);
        let now = before + share * (us - before);
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
            });
            costs.learn(&trace);
        }
        let now = costs.us("scan").unwrap_or_default();
        assert!((now - 0.3).abs() < 0.001, "{now}");
        assert_eq!(costs.all().len(), 1);
        assert_eq!(costs.all()[0].searches, 201);
    }
}
