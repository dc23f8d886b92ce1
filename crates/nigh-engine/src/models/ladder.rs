//! The ladder of encoders, measured on a user's own pictures.

use std::path::PathBuf;

use nigh_encode::{Encoder, ModelSize, OnnxError, Picture, QuantizeError};
use nigh_index::{Reduction, SecondMoments};
use serde::Serialize;
use thiserror::Error;

use super::compare::{nearest_sets, precision, recall};
use super::quantize::{PrecisionTarget, QuantizeModelError, QuantizeOptions, quantize_model};
use super::speed::SpeedError;
use super::{EncoderSpeed, Sample, measure_speed};
use crate::encoder::{EncoderError, EncoderRecord, EncoderRequest};
use crate::vectors::Watch;

mod choice;

pub use choice::{Reason, Recommended};

/// The number format of a rung's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RungPrecision {
    /// As the model is given.
    Given,
    /// 8-bit.
    Int8,
    /// 16-bit storage.
    F16,
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct LadderOptions {
    /// `features`, models by name or path.
    pub models: Vec<String>,
    /// In which precisions each model is measured.
    pub precisions: Vec<RungPrecision>,
    /// To how many dimensions embeddings are reduced as well, by principal axes.
    pub dimensions: Vec<usize>,
    /// What an hour of one core costs, in the user's money.
    pub core_hour_price: f64,
    /// The most milliseconds that one picture may take.
    pub budget_ms: Option<f64>,
    /// The least quality that will do.
    pub least_quality: Option<f64>,
    /// How the models are opened.
    pub request: EncoderRequest,
}

/// One model in one precision and dimension.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rung {
    /// As it was asked for.
    pub model: String,
    /// The number format of its weights.
    pub precision: RungPrecision,
    /// Numbers in an embedding.
    pub dimension: usize,
    /// Numbers in its weights; none for the built-in descriptor.
    pub parameters: u64,
    /// Bytes on disk.
    pub file_bytes: u64,
    /// Bytes of its weights in memory.
    pub weight_bytes: u64,
    /// Bytes of an embedding in f32.
    pub embedding_bytes: u64,
    /// How fast it is.
    #[serde(flatten)]
    pub speed: EncoderSpeed,
    /// The share of the ten nearest that have the picture's label; none without labels.
    pub precision_at_10: Option<f64>,
    /// The share of the best rung's ten nearest that are among its own.
    pub recall_at_10: f64,
    /// What encoding a million pictures costs.
    pub million_images_price: f64,
    /// True where no other rung is both faster and better.
    pub on_front: bool,
}

impl Rung {
    /// What rungs are compared by: precision where there are labels, recall otherwise.
    #[must_use]
    pub fn quality(&self) -> f64 {
        self.precision_at_10.unwrap_or(self.recall_at_10)
    }
}

/// All rungs, and the one that is recommended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LadderReport {
    /// Pictures that were compared.
    pub pictures: usize,
    /// Pictures that principal axes were fitted on, none of them compared.
    pub fitted_on: usize,
    /// From the first model to the last.
    pub rungs: Vec<Rung>,
    /// Models that could not be measured, a sentence each.
    pub failed: Vec<String>,
    /// The rung to take, if one fits.
    pub recommended: Option<Recommended>,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum LadderError {
    /// Fewer pictures than a comparison of ten neighbours needs.
    #[error("a ladder needs at least {least} pictures, there are {found}")]
    TooFew {
        /// Needed.
        least: usize,
        /// Found.
        found: usize,
    },
    /// No model could be measured.
    #[error("no model could be measured: {}", reasons.join("; "))]
    NoRung {
        /// A sentence for each.
        reasons: Vec<String>,
    },
    /// It was asked to stop.
    #[error("{0}")]
    Stopped(#[from] crate::vectors::Stopped),
}

/// Why one rung could not be measured.
#[derive(Debug, Error)]
enum RungError {
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    #[error(transparent)]
    Open(#[from] OnnxError),
    #[error(transparent)]
    Size(#[from] QuantizeError),
    #[error(transparent)]
    Quantize(#[from] QuantizeModelError),
    #[error(transparent)]
    Speed(#[from] SpeedError),
    #[error("no temporary folder: {0}")]
    Folder(std::io::Error),
}

const LEAST_PICTURES: usize = 40;

/// What one encoder gave: its rung at full dimension and its embeddings of all pictures.
struct Measured {
    rung: Rung,
    rows: Vec<f32>,
}

/// Measures every model in every precision and dimension on `sample`. Where dimensions are asked
/// for, a third of the pictures fits the principal axes and is not compared.
///
/// A model that fails is named in the report, and the others go on.
pub fn ladder(
    sample: &Sample,
    options: &LadderOptions,
    watch: &Watch<'_>,
) -> Result<LadderReport, LadderError> {
    let count = sample.pictures.len();
    if count < LEAST_PICTURES {
        return Err(LadderError::TooFew {
            least: LEAST_PICTURES,
            found: count,
        });
    }
    let fitted_on = if options.dimensions.is_empty() {
        0
    } else {
        count / 3
    };
    let (mut measured, mut failed) = (Vec::new(), Vec::new());
    for model in &options.models {
        for precision in &options.precisions {
            if model == "features" && *precision != RungPrecision::Given {
                continue;
            }
            match rung(model, *precision, &sample.pictures, options) {
                Ok(rung) => measured.extend(with_dimensions(rung, fitted_on, &options.dimensions)),
                Err(error) => failed.push(format!("{model}{}: {error}", suffix(*precision))),
            }
            watch.advance(1)?;
        }
    }
    if measured.is_empty() {
        return Err(LadderError::NoRung { reasons: failed });
    }
    let mut rungs = compared(measured, fitted_on, &sample.labels);
    choice::mark_front(&mut rungs);
    let recommended = choice::recommend(&rungs, options.budget_ms, options.least_quality);
    Ok(LadderReport {
        pictures: count - fitted_on,
        fitted_on,
        rungs,
        failed,
        recommended,
    })
}

fn suffix(precision: RungPrecision) -> &'static str {
    match precision {
        RungPrecision::Given => "",
        RungPrecision::Int8 => " as INT8",
        RungPrecision::F16 => " as F16",
    }
}

fn rung(
    model: &str,
    precision: RungPrecision,
    pictures: &[Picture],
    options: &LadderOptions,
) -> Result<Measured, RungError> {
    let request = EncoderRequest {
        spec: Some(model.to_owned()),
        ..options.request.clone()
    };
    let (encoder, record) = EncoderRecord::create(&request)?;
    let target = match precision {
        RungPrecision::Given => None,
        RungPrecision::Int8 => Some(PrecisionTarget::Int8),
        RungPrecision::F16 => Some(PrecisionTarget::F16),
    };
    let path = match &encoder {
        Encoder::Onnx(onnx) => onnx.path().to_owned(),
        Encoder::Features(_) => PathBuf::from(&record.spec),
    };
    let (encoder, path) = match (target, &encoder) {
        (Some(target), Encoder::Onnx(onnx)) => {
            let folder = tempfile::tempdir().map_err(RungError::Folder)?;
            let out = folder.path().join("rung.onnx");
            let quantize = QuantizeOptions {
                to: target,
                arithmetic: None,
                ranges: None,
                sidecar: onnx.settings(),
                runtime: request.runtime,
                force: true,
            };
            let few = &pictures[..pictures.len().min(FEW)];
            quantize_model(&path, &out, few, &quantize, &Watch::none())?;
            let spec = Some(out.to_string_lossy().into_owned());
            let request = EncoderRequest {
                spec,
                ..EncoderRequest::default()
            };
            let request = EncoderRequest {
                runtime: options.request.runtime,
                ..request
            };
            let (encoder, _) = EncoderRecord::create(&request)?;
            let size = ModelSize::of(&out)?;
            return measured(model, precision, &encoder, Some(size), pictures, options);
        }
        _ => (encoder, path),
    };
    let size = match encoder {
        Encoder::Features(_) => None,
        Encoder::Onnx(_) => Some(ModelSize::of(&path)?),
    };
    measured(model, precision, &encoder, size, pictures, options)
}

/// Pictures on which a conversion chooses its arithmetic; the rung itself is measured on all.
const FEW: usize = 48;

fn measured(
    model: &str,
    precision: RungPrecision,
    encoder: &Encoder,
    size: Option<ModelSize>,
    pictures: &[Picture],
    options: &LadderOptions,
) -> Result<Measured, RungError> {
    let (speed, rows) = measure_speed(encoder, pictures)?;
    let core_hours_per_image = speed.cpu_ms / 3.6e6;
    let rung = Rung {
        model: model.to_owned(),
        precision,
        dimension: encoder.dimension(),
        parameters: size.map_or(0, |size| size.parameters),
        file_bytes: size.map_or(0, |size| size.file_bytes),
        weight_bytes: size.map_or(0, |size| size.weight_bytes),
        embedding_bytes: 4 * encoder.dimension() as u64,
        speed,
        precision_at_10: None,
        recall_at_10: 1.0,
        million_images_price: 1e6 * core_hours_per_image * options.core_hour_price,
        on_front: false,
    };
    Ok(Measured { rung, rows })
}

/// The rung, and the same with its embeddings reduced: all rows on the first principal axes of the
/// first `fitted_on`. Nothing is reduced where axes cannot be fitted.
fn with_dimensions(full: Measured, fitted_on: usize, dimensions: &[usize]) -> Vec<Measured> {
    let dimension = full.rung.dimension;
    let smaller: Vec<usize> = dimensions
        .iter()
        .copied()
        .filter(|d| *d < dimension)
        .collect();
    let mut moments = SecondMoments::new(dimension);
    let mut fitting = full.rows.chunks_exact(dimension.max(1)).take(fitted_on);
    if smaller.is_empty() || fitting.any(|row| moments.push(row).is_err()) {
        return vec![full];
    }
    let axes = moments.axes();
    let reduced = |dims: &usize| Measured {
        rows: Reduction::principal(&axes, *dims).apply(&full.rows),
        rung: Rung {
            dimension: *dims,
            embedding_bytes: 4 * *dims as u64,
            ..full.rung.clone()
        },
    };
    let reduced: Vec<Measured> = smaller.iter().map(reduced).collect();
    std::iter::once(full).chain(reduced).collect()
}

/// Fills in what needs all rungs: precision, and recall against the best.
fn compared(measured: Vec<Measured>, fitted_on: usize, labels: &[Option<String>]) -> Vec<Rung> {
    let labels = &labels[fitted_on..];
    let nearest: Vec<Vec<Vec<u32>>> = measured
        .iter()
        .map(|measured| {
            let dimension = measured.rung.dimension;
            nearest_sets(&measured.rows[fitted_on * dimension..], dimension, 10)
        })
        .collect();
    let precisions: Vec<Option<f64>> = nearest.iter().map(|n| precision(n, labels)).collect();
    // Without labels the largest model is the measure of the others.
    let rank = |at: &usize| {
        let rung = &measured[*at].rung;
        let quality = precisions[*at].unwrap_or(0.0);
        (quality, rung.parameters as f64, rung.dimension as f64)
    };
    let best = (0..measured.len()).max_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.total_cmp(&b.0)
            .then(a.1.total_cmp(&b.1))
            .then(a.2.total_cmp(&b.2))
    });
    let best = best.unwrap_or(0);
    let rungs = measured.into_iter().zip(&nearest).zip(precisions);
    rungs
        .map(|((measured, found), precision_at_10)| Rung {
            precision_at_10,
            recall_at_10: recall(&nearest[best], found),
            ..measured.rung
        })
        .collect()
}
