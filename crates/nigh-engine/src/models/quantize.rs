//! A smaller model, with what it costs and brings measured before it is kept.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use nigh_encode::{
    ActivationRanges, Arithmetic, CalibrateError, Encoder, EncoderOptions, ModelSize, OnnxEncoder,
    OnnxError, Picture, QuantizeError, QuantizeTo, Quantized, RangeRule, Runtime, Sidecar,
    calibrate, quantize,
};
use serde::Serialize;
use thiserror::Error;

use super::speed::SpeedError;
use super::{Agreement, EncoderSpeed, agreement, measure_speed, speedup};
use crate::vectors::Watch;

/// What a model is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionTarget {
    /// 8-bit weights, and 8-bit products where they pay.
    Int8,
    /// 16-bit storage.
    F16,
}

/// How a model is converted.
#[derive(Clone, Debug)]
pub struct QuantizeOptions {
    /// To what.
    pub to: PrecisionTarget,
    /// Which products an INT8 model computes in integers; measured where absent.
    pub arithmetic: Option<Arithmetic>,
    /// Constant scales of activations by this rule from the sample; scales per row where absent.
    pub ranges: Option<RangeRule>,
    /// What is told about the model's input beside its sidecar.
    pub sidecar: Sidecar,
    /// What computes both models.
    pub runtime: Runtime,
    /// Keep a model even where it agrees too little, or is neither smaller nor faster.
    pub force: bool,
}

/// One of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Bytes on disk.
    pub file_bytes: u64,
    /// Bytes of weights in memory.
    pub weight_bytes: u64,
    /// How fast it is.
    #[serde(flatten)]
    pub speed: EncoderSpeed,
}

/// One way to compute an INT8 model, tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// `float`, `products` or `products and pointwise`.
    pub arithmetic: &'static str,
    /// Products in integers.
    pub integer_products: usize,
    /// How many times less processor time than the original it takes.
    pub speedup: f64,
    /// Agreement with the original.
    pub cosine_mean: f64,
}

/// What was made, and how it compares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantizeReport {
    /// The original.
    pub model: PathBuf,
    /// The new file.
    pub out: PathBuf,
    /// What it was converted to.
    pub to: PrecisionTarget,
    /// Which products are in integers.
    pub arithmetic: &'static str,
    /// True where scales of activations are constants from a calibration.
    pub calibrated: bool,
    /// Products in integers.
    pub integer_products: usize,
    /// Weights stored in fewer bits and computed with in f32.
    pub stored_narrow: usize,
    /// The original.
    pub before: Side,
    /// The new model.
    pub after: Side,
    /// How many times less processor time than the original it takes, both in turn.
    pub speedup: f64,
    /// How the two agree.
    pub agreement: Agreement,
    /// What was tried, where it was measured.
    pub tried: Vec<Tried>,
}

/// Why no model was written.
#[derive(Debug, Error)]
pub enum QuantizeModelError {
    /// The model cannot be opened.
    #[error(transparent)]
    Open(#[from] OnnxError),
    /// It cannot be converted.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// It cannot be calibrated.
    #[error(transparent)]
    Calibrate(#[from] CalibrateError),
    /// It cannot be measured.
    #[error(transparent)]
    Speed(#[from] SpeedError),
    /// The new file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is a file already.
    #[error("{} is there already: choose another --out, or --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The new file would replace the original.
    #[error("{} is the model itself: choose another --out", path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
    /// It agrees too little with the original.
    #[error(
        "not written: its embeddings have a mean cosine of {:.4} to the original's, below {LEAST_COSINE}; \
         more pictures to calibrate on, or --to f16, lose less; --force writes it all the same",
        report.agreement.cosine_mean
    )]
    Disagrees {
        /// What was measured.
        report: Box<QuantizeReport>,
    },
    /// It would bring nothing.
    #[error(
        "not written: it is neither smaller nor faster than the original; --force writes it all the same"
    )]
    BringsNothing {
        /// What was measured.
        report: Box<QuantizeReport>,
    },
    /// It was asked to stop.
    #[error("{0}")]
    Stopped(#[from] crate::vectors::Stopped),
}

/// Below this mean cosine a model is not written.
const LEAST_COSINE: f64 = 0.98;

/// A less precise way of computing must be this much faster to be chosen, and must agree this well.
const WORTH_ITS_LOSS: f64 = 1.05;
const LEAST_COSINE_OF_CHOICE: f64 = 0.99;

/// Converts the ONNX model at `model` and writes it to `out` with a sidecar beside it, if it agrees
/// with the original on `pictures` and is smaller or faster.
///
/// # Errors
/// [`QuantizeModelError`] names the file; nothing is left at `out` then.
pub fn quantize_model(
    model: &Path,
    out: &Path,
    pictures: &[Picture],
    options: &QuantizeOptions,
    watch: &Watch<'_>,
) -> Result<QuantizeReport, QuantizeModelError> {
    if same_file(model, out) {
        let path = out.to_owned();
        return Err(QuantizeModelError::SameFile { path });
    }
    if out.exists() && !options.force {
        let path = out.to_owned();
        return Err(QuantizeModelError::Exists { path });
    }
    let original = OnnxEncoder::open(model, &encoder_options(options, &options.sidecar))?;
    let settings = original.settings();
    let ranges = match (options.to, options.ranges) {
        (PrecisionTarget::Int8, Some(rule)) => Some(calibrate(
            model,
            &original,
            pictures,
            widest(options),
            rule,
        )?),
        _ => None,
    };
    let original = Encoder::Onnx(original);
    let (speed, rows) = measure_speed(&original, pictures)?;
    let work = Work {
        model,
        out,
        pictures,
        options,
        settings,
        ranges,
        original,
        rows,
    };
    watch.advance(1)?;
    let before = side(model, speed)?;
    let (best, tried) = work.best(watch)?;
    let report = work.report(&best, before, tried);
    work.keep(best, report)
}

/// Everything that one conversion needs.
struct Work<'a> {
    model: &'a Path,
    out: &'a Path,
    pictures: &'a [Picture],
    options: &'a QuantizeOptions,
    settings: Sidecar,
    ranges: Option<ActivationRanges>,
    original: Encoder,
    /// The original's embeddings of the pictures.
    rows: Vec<f32>,
}

/// A converted model in a file of its own, measured.
struct Candidate {
    arithmetic: Arithmetic,
    quantized: Quantized,
    file: Partial,
    side: Side,
    speedup: f64,
    agreement: Agreement,
}

impl Work<'_> {
    /// The fastest way to compute that agrees, and all that were tried.
    fn best(&self, watch: &Watch<'_>) -> Result<(Candidate, Vec<Tried>), QuantizeModelError> {
        let mut ways = match (self.options.to, self.options.arithmetic) {
            (PrecisionTarget::F16, _) => vec![Arithmetic::Float],
            (PrecisionTarget::Int8, Some(told)) => vec![told],
            (PrecisionTarget::Int8, None) => vec![
                Arithmetic::Float,
                Arithmetic::Products,
                Arithmetic::ProductsAndPointwise,
            ],
        };
        let first = ways.remove(0);
        let mut best = self.measured(first, self.quantized(first)?)?;
        let mut tried = vec![tried(&best)];
        let mut most_products = best.quantized.integer_products;
        watch.advance(1)?;
        for arithmetic in ways {
            let quantized = self.quantized(arithmetic)?;
            if quantized.integer_products <= most_products {
                continue;
            }
            most_products = quantized.integer_products;
            let candidate = self.measured(arithmetic, quantized)?;
            watch.advance(1)?;
            tried.push(self::tried(&candidate));
            let faster = candidate.speedup > WORTH_ITS_LOSS * best.speedup;
            if faster && candidate.agreement.cosine_mean >= LEAST_COSINE_OF_CHOICE {
                best = candidate;
            }
        }
        Ok((best, tried))
    }

    fn quantized(&self, arithmetic: Arithmetic) -> Result<Quantized, QuantizeModelError> {
        let to = match self.options.to {
            PrecisionTarget::F16 => QuantizeTo::F16,
            PrecisionTarget::Int8 => QuantizeTo::Int8(arithmetic),
        };
        Ok(quantize(self.model, to, self.ranges.as_ref())?)
    }

    /// Writes a candidate beside the new file, opens it as any user of it will, and measures it.
    fn measured(
        &self,
        arithmetic: Arithmetic,
        quantized: Quantized,
    ) -> Result<Candidate, QuantizeModelError> {
        let file = Partial::write(self.out, arithmetic, &quantized.bytes)?;
        let options = encoder_options(self.options, &self.settings);
        let encoder = OnnxEncoder::open(&file.path, &options)?;
        let dimension = encoder.dimension();
        let encoder = Encoder::Onnx(encoder);
        let (speed, rows) = measure_speed(&encoder, self.pictures)?;
        Ok(Candidate {
            arithmetic,
            side: side(&file.path, speed)?,
            speedup: speedup(&self.original, &encoder, self.pictures)?,
            agreement: agreement(&self.rows, &rows, dimension),
            quantized,
            file,
        })
    }

    fn report(&self, best: &Candidate, before: Side, tried: Vec<Tried>) -> QuantizeReport {
        QuantizeReport {
            model: self.model.to_owned(),
            out: self.out.to_owned(),
            to: self.options.to,
            arithmetic: name(best.arithmetic),
            calibrated: self.ranges.is_some() && best.quantized.integer_products > 0,
            integer_products: best.quantized.integer_products,
            stored_narrow: best.quantized.stored_narrow,
            before,
            after: best.side,
            speedup: best.speedup,
            agreement: best.agreement,
            tried,
        }
    }

    fn keep(
        &self,
        best: Candidate,
        report: QuantizeReport,
    ) -> Result<QuantizeReport, QuantizeModelError> {
        let smaller = report.after.file_bytes < report.before.file_bytes;
        let faster = report.speedup > 1.0;
        let report = Box::new(report);
        if !self.options.force {
            if report.agreement.cosine_mean < LEAST_COSINE {
                return Err(QuantizeModelError::Disagrees { report });
            }
            if !smaller && !faster {
                return Err(QuantizeModelError::BringsNothing { report });
            }
        }
        // The sidecar first: a model without one may open with other settings.
        let sidecar = sidecar_path(self.out);
        let mut keys = self.settings.clone();
        keys.source = Some(format!(
            "{} of {}",
            what(self.options.to),
            self.model.display()
        ));
        let text = format!("{:#}\n", keys.to_json());
        let waiting = sidecar.with_added_extension("partial");
        write_whole(&waiting, text.as_bytes()).map_err(|source| write_error(&sidecar, source))?;
        fs::rename(&waiting, &sidecar).map_err(|source| write_error(&sidecar, source))?;
        best.file.rename(self.out)?;
        Ok(*report)
    }
}

fn encoder_options(options: &QuantizeOptions, sidecar: &Sidecar) -> EncoderOptions {
    EncoderOptions {
        sidecar: sidecar.clone(),
        runtime: options.runtime,
        ..EncoderOptions::default()
    }
}

/// A calibration observes what the widest of the ways to try would quantise.
fn widest(options: &QuantizeOptions) -> Arithmetic {
    options
        .arithmetic
        .unwrap_or(Arithmetic::ProductsAndPointwise)
}

fn side(path: &Path, speed: EncoderSpeed) -> Result<Side, QuantizeError> {
    let size = ModelSize::of(path)?;
    Ok(Side {
        file_bytes: size.file_bytes,
        weight_bytes: size.weight_bytes,
        speed,
    })
}

fn tried(candidate: &Candidate) -> Tried {
    Tried {
        arithmetic: name(candidate.arithmetic),
        integer_products: candidate.quantized.integer_products,
        speedup: candidate.speedup,
        cosine_mean: candidate.agreement.cosine_mean,
    }
}

fn name(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::Float => "float",
        Arithmetic::Products => "products",
        Arithmetic::ProductsAndPointwise => "products and pointwise",
    }
}

fn what(to: PrecisionTarget) -> &'static str {
    match to {
        PrecisionTarget::Int8 => "INT8",
        PrecisionTarget::F16 => "F16",
    }
}

fn sidecar_path(model: &Path) -> PathBuf {
    let mut name = model.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

fn write_error(path: &Path, source: std::io::Error) -> QuantizeModelError {
    QuantizeModelError::Write {
        path: path.to_owned(),
        source,
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A file under another name until it is kept; removed otherwise.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn write(out: &Path, arithmetic: Arithmetic, bytes: &[u8]) -> Result<Self, QuantizeModelError> {
        let stem = out.file_stem().unwrap_or_default().to_string_lossy();
        let way = name(arithmetic).replace(' ', "-");
        let name = format!(".{stem}.{way}-{}.partial.onnx", std::process::id());
        let partial = Self {
            path: out.with_file_name(name),
        };
        write_whole(&partial.path, bytes).map_err(|source| write_error(out, source))?;
        Ok(partial)
    }

    fn rename(self, out: &Path) -> Result<(), QuantizeModelError> {
        fs::rename(&self.path, out).map_err(|source| write_error(out, source))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and nobody to tell.
        let _ = fs::remove_file(&self.path);
    }
}
