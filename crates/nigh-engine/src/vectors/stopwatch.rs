//! CPU time and time by the clock.

use std::time::Instant;

use cpu_time::ProcessTime;

/// What this process has used since the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    cpu: ProcessTime,
    wall: Instant,
}

/// Seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lap {
    /// Of all threads of this process.
    pub(crate) cpu: f64,
    /// By the clock.
    pub(crate) wall: f64,
}

impl Stopwatch {
    pub(crate) fn start() -> Result<Stopwatch, ClockError> {
        Ok(Stopwatch {
            cpu: ProcessTime::try_now()?,
            wall: Instant::now(),
        })
    }

    pub(crate) fn lap(&self) -> Result<Lap, ClockError> {
        Ok(Lap {
            cpu: self.cpu.try_elapsed()?.as_secs_f64(),
            wall: self.wall.elapsed().as_secs_f64(),
        })
    }
}

impl Lap {
    /// Of one of so many equal parts.
    pub(crate) fn each(self, parts: usize) -> Lap {
        let parts = parts.max(1) as f64;
        Lap {
            cpu: self.cpu / parts,
            wall: self.wall / parts,
        }
    }
}

/// The system does not tell how much CPU time a process used.
#[derive(Debug, thiserror::Error)]
#[error("cannot tell the CPU time of this process: {0}")]
pub struct ClockError(#[from] std::io::Error);
