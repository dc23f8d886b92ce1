//! Processor time that one picture takes an ONNX model:
//! `cargo run --release -p nigh-encode --example model_speed -- MODEL.onnx BATCH RUNS`
//!
//! Prints `{"cpu_ms": …}`, the median over runs of batches of drawn pictures of 224 × 224 on one
//! thread; `bench/encoders/compare.py` reads it.

use nigh_encode::{Encoder, EncoderOptions, Picture};

#[expect(clippy::print_stdout, reason = "a program that prints its measurement")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, batch, runs] = arguments.as_slice() else {
        return Err("expected MODEL.onnx BATCH RUNS".into());
    };
    let (batch, runs): (usize, usize) = (batch.parse()?, runs.parse()?);
    let options = EncoderOptions {
        batch_size: Some(batch),
        ..EncoderOptions::default()
    };
    let encoder = Encoder::open(model, &options)?;
    let pictures: Vec<Picture> = (0..batch).map(drawn).collect::<Result<_, _>>()?;
    encoder.encode(&pictures)?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs.max(1) {
        let before = cpu_time::ProcessTime::try_now()?;
        encoder.encode(&pictures)?;
        times.push(before.try_elapsed()?.as_secs_f64() * 1e3 / batch as f64);
    }
    times.sort_by(f64::total_cmp);
    println!("{{\"cpu_ms\": {}}}", times[times.len() / 2]);
    Ok(())
}

const SIDE: u32 = 224;

/// Noise: no value is special, and no two pictures are alike.
fn drawn(number: usize) -> Result<Picture, nigh_encode::PictureError> {
    let mut state = number as u32 + 1;
    let byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let rgb = std::iter::repeat_with(byte).take((SIDE * SIDE * 3) as usize);
    Picture::new(SIDE, SIDE, rgb.collect())
}
