//! The memory that the bodies of all requests may take together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::Shared;
use crate::config::Limits;
use crate::error::{ApiError, ApiResult};
use crate::incoming::announced;

/// Memory for bodies, lent from before a body is read until its request is answered.
pub(crate) struct Bodies {
    units: Arc<Semaphore>,
    all: u32,
    longest: usize,
}

/// What a permit stands for: a semaphore counts to 2³² at most.
const UNIT_BYTES: usize = 1 << 10;
/// A body up to which it is not counted: so many of them are bounded by the number of connections.
const SHORT_BYTES: usize = 64 << 10;
/// How long a request waits for others to end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Bodies {
    pub(crate) fn new(limits: &Limits) -> Self {
        let all = units(limits.bodies_bytes).max(1);
        Self {
            units: Arc::new(Semaphore::new(all as usize)),
            all,
            longest: limits.body_bytes,
        }
    }

    /// Memory for a body of so many bytes, or of any length.
    async fn room(
        &self,
        bytes: Option<usize>,
        patience: Duration,
    ) -> ApiResult<Option<OwnedSemaphorePermit>> {
        // A stream is held in pieces of this length.
        let bytes = bytes.unwrap_or(self.longest).min(self.longest);
        if bytes <= SHORT_BYTES {
            return Ok(None);
        }
        // One that is longer than all may be together is read alone.
        let wanted = units(bytes).min(self.all);
        let room = Arc::clone(&self.units).acquire_many_owned(wanted);
        match tokio::time::timeout(patience, room).await {
            Ok(Ok(room)) => Ok(Some(room)),
            Ok(Err(_)) => Err(ApiError::unavailable("the server is shutting down")),
            Err(_) => Err(ApiError::busy(
                "the memory for bodies (limits.bodies_bytes)",
            )),
        }
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX >> 4)
}

/// Lets a request in when there is memory for its body.
pub(crate) async fn room(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let bytes = match request.body().is_end_stream() {
        true => Some(0),
        false => {
            announced(request.headers()).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
        }
    };
    match app.bodies.room(bytes, PATIENCE).await {
        Ok(_room) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies that hold memory, one that wants some, and whether it gets it.
    #[tokio::test]
    async fn memory_is_lent_until_there_is_none() {
        const LONG: usize = 300 << 10;
        const SOON: Duration = Duration::from_millis(20);
        type Row = (&'static [Option<usize>], Option<usize>, bool);
        let rows: [Row; 7] = [
            (&[], Some(LONG), true),
            (&[Some(LONG)], Some(LONG), true),
            (&[Some(LONG), Some(LONG)], Some(LONG), true),
            (&[Some(LONG), Some(LONG), Some(LONG)], Some(LONG), false),
            // Of unknown length: as long as one may be.
            (&[None], Some(LONG), false),
            // Short ones are not counted.
            (&[None], Some(SHORT_BYTES), true),
            (&[Some(LONG)], None, false),
        ];
        let limits = Limits {
            bodies_bytes: 1_000 << 10,
            body_bytes: 2_000 << 10,
            ..Limits::default()
        };
        for (held, wanted, expected) in rows {
            let bodies = Bodies::new(&limits);
            let mut rooms = Vec::new();
            for bytes in held {
                rooms.push(bodies.room(*bytes, SOON).await.unwrap());
            }
            let found = bodies.room(wanted, SOON).await.is_ok();
            assert_eq!(found, expected, "{held:?}, {wanted:?}");
            drop(rooms);
            assert!(
                bodies.room(None, SOON).await.is_ok(),
                "what was lent comes back"
            );
        }
    }
}
