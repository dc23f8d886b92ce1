//! Which model, how precise, how many dimensions: measured on a user's own pictures.
//!
//! [`Sample`] draws pictures with their labels from a source or a collection; [`quantize_model`]
//! makes a model smaller and says what that costs in agreement and brings in speed; [`ladder()`]
//! measures several models in several precisions and dimensions side by side and recommends one.

mod compare;
mod ladder;
mod quantize;
mod sample;
mod speed;

pub use compare::Agreement;
use compare::{agreement, embed};
pub use ladder::{
    LadderError, LadderOptions, LadderReport, Reason, Recommended, Rung, RungPrecision, ladder,
};
pub use quantize::{
    PrecisionTarget, QuantizeModelError, QuantizeOptions, QuantizeReport, Side, Tried,
    quantize_model,
};
pub use sample::{Sample, SampleError, SampleOptions};
pub use speed::{EncoderSpeed, SpeedError};
use speed::{measure_speed, speedup};
