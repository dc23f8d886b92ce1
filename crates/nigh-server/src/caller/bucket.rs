use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many requests at once, and then as they drop in: a bucket that fills evenly, in a minute.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_minute: f64,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    drops: f64,
    /// None before the first request, when it is full.
    at: Option<Instant>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Bucket {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        let per_minute = f64::from(per_minute.get());
        let level = Level {
            drops: per_minute,
            at: None,
        };
        Self {
            per_minute,
            level: Mutex::new(level),
        }
    }

    /// Takes a drop, or says in how many whole seconds there will be one.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let since = level
            .at
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let dropped = since.div_duration_f64(MINUTE) * self.per_minute;
        level.drops = (level.drops + dropped).min(self.per_minute);
        level.at = level.at.max(Some(now));
        if level.drops >= 1.0 {
            level.drops -= 1.0;
            return Ok(());
        }
        let missing = (1.0 - level.drops) / self.per_minute;
        Err(Duration::from_secs_f64(
            MINUTE.mul_f64(missing).as_secs_f64().ceil(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_as_they_drop_in() {
        let (bucket, begun) = (Bucket::new(NonZeroU32::new(6).unwrap()), Instant::now());
        let take = |seconds: f64| {
            let taken = bucket.take(begun + Duration::from_secs_f64(seconds));
            taken.map_err(|wait| wait.as_secs())
        };
        for (seconds, expected) in [
            (0.0, Ok(())),
            (0.0, Ok(())),
            (0.0, Ok(())),
            (1.05, Ok(())),
            (1.05, Ok(())),
            (1.05, Ok(())),
            (1.05, Err(9)),
            (8.5, Err(2)),
            // Time that goes back brings nothing.
            (2.0, Err(2)),
            (10.1, Ok(())),
            (10.1, Err(10)),
            (30.2, Ok(())),
            (30.2, Ok(())),
            (30.2, Err(10)),
        ] {
            assert_eq!(take(seconds), expected, "at {seconds} s");
        }
        // It is not fuller than full.
        let full = (0..10).filter(|_| take(1_000.0).is_ok()).count();
        assert_eq!(full, 6);
    }
}
