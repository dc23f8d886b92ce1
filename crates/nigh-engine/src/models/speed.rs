//! What one picture costs an encoder, alone and among many.

use std::time::Instant;

use nigh_encode::{EncodeError, Encoder, Picture};
use serde::Serialize;

use super::embed;
use crate::vectors::{ClockError, Stopwatch};

/// Measured on the pictures given, decoded before the clock starts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EncoderSpeed {
    /// Milliseconds for one picture alone, one after the other: the median.
    pub p50_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
    /// Pictures a second on all threads.
    pub images_per_second: f64,
    /// Milliseconds of processor time for a picture among many.
    pub cpu_ms: f64,
}

/// Why a speed cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum SpeedError {
    /// The encoder failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The system has no clock for it.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

/// Pictures that are encoded alone: enough for a median, few enough for a slow model.
const ALONE: usize = 30;

/// Measures `encoder` on `pictures`, and gives their embeddings.
pub(super) fn measure_speed(
    encoder: &Encoder,
    pictures: &[Picture],
) -> Result<(EncoderSpeed, Vec<f32>), SpeedError> {
    // The first run takes memory that later ones use again.
    encoder.encode(&pictures[..1.min(pictures.len())])?;
    let mut alone = Vec::with_capacity(ALONE);
    for picture in pictures
        .iter()
        .cycle()
        .take(ALONE.max(pictures.len().min(4 * ALONE)))
    {
        let started = Instant::now();
        encoder.encode(std::slice::from_ref(picture))?;
        alone.push(started.elapsed().as_secs_f64() * 1e3);
    }
    alone.sort_by(f64::total_cmp);
    let at = |share: f64| alone[((alone.len() - 1) as f64 * share).round() as usize];
    let watch = Stopwatch::start()?;
    let rows = embed(encoder, pictures)?;
    let lap = watch.lap()?;
    let count = pictures.len() as f64;
    let speed = EncoderSpeed {
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        images_per_second: count / lap.wall.max(1e-9),
        cpu_ms: lap.cpu * 1e3 / count.max(1.0),
    };
    Ok((speed, rows))
}

/// Pictures in one of the blocks that two encoders take in turn, and blocks at most.
const BLOCK: usize = 8;
const BLOCKS: usize = 9;

/// How many times less processor time `other` takes than `original`: the median over blocks of
/// pictures that both encode one after the other, so that a machine whose speed changes meanwhile
/// changes it for both.
pub(super) fn speedup(
    original: &Encoder,
    other: &Encoder,
    pictures: &[Picture],
) -> Result<f64, SpeedError> {
    let mut ratios = Vec::new();
    for block in pictures.chunks(BLOCK).take(BLOCKS) {
        let (before, after) = (cpu_of(original, block)?, cpu_of(other, block)?);
        ratios.push(before / after.max(1e-9));
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios.get(ratios.len() / 2).copied().unwrap_or(1.0))
}

fn cpu_of(encoder: &Encoder, pictures: &[Picture]) -> Result<f64, SpeedError> {
    let watch = Stopwatch::start()?;
    encoder.encode(pictures)?;
    Ok(watch.lap()?.cpu)
}
