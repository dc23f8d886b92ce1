//! The lines of a body, taken as they come: a stream may be longer than memory.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use tokio::time::timeout;

use crate::config::Limits;
use crate::error::{ApiError, ApiResult};

/// Lines without their ends; blank ones are left out.
pub(super) struct Lines {
    body: Body,
    whole: VecDeque<Vec<u8>>,
    /// The beginning of a line.
    begun: Vec<u8>,
    ended: bool,
    /// Why it ended, where that was not its end: told after the lines before it.
    broken: Option<ApiError>,
    longest: usize,
    patience: Duration,
}

impl Lines {
    pub(super) fn of(body: Body, limits: &Limits) -> Self {
        Self {
            body,
            whole: VecDeque::new(),
            begun: Vec::new(),
            ended: false,
            broken: None,
            longest: limits.body_bytes,
            patience: Duration::from_secs(limits.request_seconds),
        }
    }

    /// The next lines, at most so many, and no more bytes than a body may have; none at the end.
    ///
    /// # Errors
    /// For a line that is longer than a body may be, and where nothing came for as long as a request may take.
    pub(super) async fn next(&mut self, most: usize) -> ApiResult<Vec<Vec<u8>>> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        loop {
            let fits = |line: &mut Vec<u8>, bytes: usize| bytes + line.len() <= self.longest;
            while lines.len() < most
                && let Some(line) = self.whole.pop_front_if(|line| fits(line, bytes))
            {
                bytes += line.len();
                lines.push(line);
            }
            if lines.len() == most || !self.whole.is_empty() {
                return Ok(lines);
            }
            if self.ended {
                return match self.broken.take_if(|_| lines.is_empty()) {
                    Some(error) => Err(error),
                    None => Ok(lines),
                };
            }
            let read = match timeout(self.patience, self.chunk()).await {
                Err(_) => Err(ApiError::slow_request()),
                Ok(Some(chunk)) => chunk.and_then(|chunk| self.split(&chunk)),
                Ok(None) => {
                    self.ended = true;
                    self.end_line();
                    Ok(())
                }
            };
            if let Err(error) = read {
                self.ended = true;
                self.broken = Some(error);
            }
        }
    }

    async fn chunk(&mut self) -> Option<ApiResult<Bytes>> {
        let frame = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await?;
        let bytes = frame.map(|frame| frame.into_data().unwrap_or_default());
        Some(bytes.map_err(|error| ApiError::bad("bad_body", error)))
    }

    fn split(&mut self, chunk: &[u8]) -> ApiResult<()> {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            if self.begun.len() + text.len() > self.longest {
                let message = format!(
                    "a line has at most {} bytes here (limits.body_bytes)",
                    self.longest
                );
                return Err(ApiError::too_large(message));
            }
            self.begun.extend_from_slice(text);
            if ends {
                self.end_line();
            }
        }
        Ok(())
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.begun);
        if !line.trim_ascii().is_empty() {
            self.whole.push_back(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_whole_however_they_come() {
        let limits = Limits {
            body_bytes: 8,
            ..Limits::default()
        };
        let texts = |lines: Vec<Vec<u8>>| -> Vec<String> {
            let text = |line| String::from_utf8(line).unwrap();
            lines.into_iter().map(text).collect()
        };
        let mut lines = Lines::of(Body::from("ab\n\n  \ncd\r\nefghijk\nl"), &limits);
        assert_eq!(texts(lines.next(2).await.unwrap()), ["ab", "cd\r"]);
        assert_eq!(texts(lines.next(9).await.unwrap()), ["efghijk", "l"]);
        assert!(lines.next(9).await.unwrap().is_empty());
        let mut lines = Lines::of(Body::from("a\n123456789\n"), &limits);
        assert_eq!(texts(lines.next(9).await.unwrap()), ["a"]);
        assert!(
            lines
                .next(9)
                .await
                .unwrap_err()
                .message()
                .contains("8 bytes")
        );
        // No more than fit.
        let mut lines = Lines::of(Body::from("1234567\n12345678\n1\n"), &limits);
        assert_eq!(texts(lines.next(9).await.unwrap()), ["1234567"]);
        assert_eq!(texts(lines.next(9).await.unwrap()), ["12345678"]);
        // However it is cut.
        let mut lines = Lines::of(Body::empty(), &limits);
        for chunk in ["a", "b\nc", "", "d\n", "e"] {
            lines.split(chunk.as_bytes()).unwrap();
        }
        assert_eq!(texts(lines.next(9).await.unwrap()), ["ab", "cd", "e"]);
        let mut lines = Lines::of(Body::from("12345678\n12345678\n1\n"), &limits);
        for expected in [&["12345678"][..], &["12345678"], &["1"], &[]] {
            assert_eq!(texts(lines.next(9).await.unwrap()), expected);
        }
    }
}
