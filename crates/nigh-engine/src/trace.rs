//! What happened to a query, stage by stage.

use std::time::Instant;

use serde::Serialize;

/// One stage of a query: how many candidates went in, how many came out, and
/// how long it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// The stage's name: `decode`, `encode`, `filter`, `scan`, `probe`, `rescore`, `tail`, `collect`, `rank`, `diversify`, `refine`.
    pub stage: &'static str,
    /// Candidates that went in.
    #[serde(rename = "in")]
    pub input: u64,
    /// Candidates that came out.
    #[serde(rename = "out")]
    pub output: u64,
    /// Microseconds.
    pub us: u64,
    /// Where the budget cut the stage: how many candidates it would have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<u64>,
    /// What its cost is learnt by: its candidates, or whatever its time grows with.
    #[serde(skip)]
    pub(crate) work: u64,
}

/// The stages of one query, in the order they ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Trace {
    /// The stages.
    pub stages: Vec<Stage>,
}

impl Trace {
    /// Runs one stage; `counts` tells from its result what went in and came out.
    pub(crate) fn stage<T, E>(
        &mut self,
        stage: &'static str,
        work: impl FnOnce() -> Result<T, E>,
        counts: impl FnOnce(&T) -> (usize, usize),
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = work()?;
        let us = microseconds(started);
        let (input, output) = counts(&result);
        self.took(stage, input, output, us);
        Ok(result)
    }

    /// Books a stage that was timed elsewhere.
    pub fn push(&mut self, stage: &'static str, input: usize, output: usize, started: Instant) {
        self.took(stage, input, output, microseconds(started));
    }

    pub(crate) fn took(&mut self, stage: &'static str, input: usize, output: usize, us: u64) {
        self.stages.push(Stage {
            stage,
            input: input as u64,
            output: output as u64,
            us,
            wanted: None,
            work: input as u64,
        });
    }

    /// The time of the last stage grows with something else than its candidates.
    pub(crate) fn worked(&mut self, work: usize) {
        if let Some(stage) = self.stages.last_mut() {
            stage.work = work as u64;
        }
    }

    /// The last stage took fewer candidates than it wanted.
    pub(crate) fn cut(&mut self, wanted: usize) {
        if let Some(stage) = self.stages.last_mut() {
            stage.wanted = Some(wanted as u64);
        }
    }
}

/// Whole microseconds since `started`.
pub(crate) fn microseconds(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}
