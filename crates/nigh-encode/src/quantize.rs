//! Makes a model smaller, and faster where the arithmetic allows it: a rewrite of the ONNX graph
//! into another one of standard operators, which any runtime of the standard can run.
//!
//! **INT8.** A product of activations with a constant matrix (`MatMul`, `Gemm`, on demand a 1 × 1
//! `Conv`) becomes `MatMulInteger`: weights symmetric per output channel, activations as unsigned
//! bytes scaled *per row*, so that a row's result depends on that row alone and an embedding never
//! on its neighbours in a batch (a scale per tensor, as `DynamicQuantizeLinear` has it, does not
//! promise that). With [`ActivationRanges`] from a calibration the scale is a constant instead.
//! Every other large weight is stored as 8 bits per channel and brought back to f32 before use,
//! which a runtime does once when it opens the model.
//!
//! Weights of integer products keep to −64…64, seven bits: x86 processors without VNNI add pairs
//! of products in 16 bits, and 255 × 64 × 2 is the most that always fits. Without that the same
//! file would give other numbers on other processors (ONNX Runtime's guide calls the remedy
//! `reduce_range`).
//!
//! **F16.** Weights are stored in half the bytes and computed with in f32.
//!
//! Scheme: Jacob et al., *Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference*, 2018; per-row activations as in Dettmers et al.,
//! *LLM.int8()*, 2022, section 3.1 (vector-wise).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::onnx::graph::{Element, Graph, Weight};
use crate::onnx::wire::Malformed;

pub use calibrate::{CalibrateError, RangeRule, calibrate};

mod calibrate;
mod constants;
mod half_storage;
mod integer;
mod linear;
mod storage;

/// What a model is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizeTo {
    /// 8-bit weights, and 8-bit products where `arithmetic` says so.
    Int8(Arithmetic),
    /// 16-bit floats as storage.
    F16,
}

/// Which products of an INT8 model are computed in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// None: weights are stored in 8 bits, everything is computed in f32.
    Float,
    /// Products with constant matrices: `MatMul` and `Gemm`.
    Products,
    /// These, and convolutions of 1 × 1, as products over the pixels.
    ProductsAndPointwise,
}

/// The lowest and the highest value to represent of each activation, by the value's name in the
/// graph.
pub type ActivationRanges = BTreeMap<String, (f32, f32)>;

/// A converted model.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The bytes of an `.onnx` file.
    pub bytes: Vec<u8>,
    /// Products that are computed in integers.
    pub integer_products: usize,
    /// Weights that are stored in fewer bits and computed with in f32.
    pub stored_narrow: usize,
}

/// Why a model cannot be converted.
#[derive(Debug, Error)]
pub enum QuantizeError {
    /// The file is damaged.
    #[error("cannot read model {}: {source}", path.display())]
    Malformed {
        /// The model.
        path: PathBuf,
        /// Where.
        source: Malformed,
    },
    /// The model or its weights cannot be read.
    #[error("cannot read model {}: {source}", path.display())]
    Read {
        /// The model.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Nothing would be won.
    #[error("model {} is {already} already: quantize its f32 original", path.display())]
    Already {
        /// The model.
        path: PathBuf,
        /// `INT8` or `F16`.
        already: &'static str,
    },
    /// Nothing in it can be converted.
    #[error("model {} has no f32 weights that are worth converting", path.display())]
    Nothing {
        /// The model.
        path: PathBuf,
    },
    /// More than one file of the format can hold.
    #[error(
        "model {} would have {bytes} bytes, and a file of this format holds at most 2 GiB",
        path.display()
    )]
    TooLarge {
        /// The model.
        path: PathBuf,
        /// What it would have.
        bytes: usize,
    },
}

/// Converts the model at `path`. With `ranges`, activations are quantised by constant scales where
/// the ranges name them; otherwise by each row's largest absolute value.
///
/// # Errors
/// [`QuantizeError`] names the file.
pub fn quantize(
    path: &Path,
    to: QuantizeTo,
    ranges: Option<&ActivationRanges>,
) -> Result<Quantized, QuantizeError> {
    let read = |source| QuantizeError::Read {
        path: path.to_owned(),
        source,
    };
    let malformed = |source| QuantizeError::Malformed {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::read(path).map_err(read)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut graph = open(path, &bytes, folder).map_err(|error| match error {
        OpenError::Malformed(source) => malformed(source),
        OpenError::Read(source) => read(source),
    })?;
    if let Some(already) = already(&graph, to) {
        let path = path.to_owned();
        return Err(QuantizeError::Already { path, already });
    }
    let before = graph.weights.len();
    let (integer_products, stored_narrow) = match to {
        QuantizeTo::F16 => (0, half_storage::store(&mut graph, folder).map_err(read)?),
        QuantizeTo::Int8(arithmetic) => {
            let products = match arithmetic {
                Arithmetic::Float => 0,
                _ => integer::rewrite(&mut graph, arithmetic, ranges, folder).map_err(read)?,
            };
            graph.remove_unused().map_err(malformed)?;
            (products, storage::store(&mut graph, folder).map_err(read)?)
        }
    };
    if before == 0 || integer_products + stored_narrow == 0 {
        let path = path.to_owned();
        return Err(QuantizeError::Nothing { path });
    }
    graph.remove_unused().map_err(malformed)?;
    let bytes = graph.into_bytes();
    if bytes.len() > i32::MAX as usize {
        let (path, bytes) = (path.to_owned(), bytes.len());
        return Err(QuantizeError::TooLarge { path, bytes });
    }
    Ok(Quantized {
        bytes,
        integer_products,
        stored_narrow,
    })
}

/// The names of the activations that an INT8 conversion with `arithmetic` would quantise: what a
/// calibration observes.
///
/// # Errors
/// As [`quantize`].
pub(crate) fn quantized_activations(
    path: &Path,
    arithmetic: Arithmetic,
) -> Result<Vec<String>, QuantizeError> {
    let read = |source| QuantizeError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::read(path).map_err(read)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let graph = open(path, &bytes, folder).map_err(|error| match error {
        OpenError::Malformed(source) => QuantizeError::Malformed {
            path: path.to_owned(),
            source,
        },
        OpenError::Read(source) => read(source),
    })?;
    let products = linear::find(&graph, arithmetic, folder).map_err(read)?;
    let mut names: Vec<String> = products.into_iter().map(|p| p.input).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

enum OpenError {
    Malformed(Malformed),
    Read(std::io::Error),
}

fn open<'b>(path: &Path, bytes: &'b [u8], folder: &Path) -> Result<Graph<'b>, OpenError> {
    let mut graph = Graph::parse(bytes).map_err(OpenError::Malformed)?;
    if graph.nodes.is_empty() {
        let text = format!("{} holds no graph: it is no ONNX model", path.display());
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, text);
        return Err(OpenError::Read(source));
    }
    let weights = std::mem::take(&mut graph.weights).into_iter();
    let inlined: std::io::Result<Vec<Weight<'b>>> = weights.map(|w| w.inlined(folder)).collect();
    graph.weights = inlined.map_err(OpenError::Read)?;
    graph.separate_weights_from_inputs();
    Ok(graph)
}

fn already(graph: &Graph<'_>, to: QuantizeTo) -> Option<&'static str> {
    const INTEGER_OPERATORS: [&str; 7] = [
        "MatMulInteger",
        "ConvInteger",
        "QLinearMatMul",
        "QLinearConv",
        "DynamicQuantizeLinear",
        "QuantizeLinear",
        "DequantizeLinear",
    ];
    let elements = |wanted: &[Element]| -> usize {
        let weights = graph.weights.iter();
        let wanted = weights.filter(|weight| wanted.iter().any(|element| weight.is(*element)));
        wanted
            .map(|weight| weight.dims().iter().product::<usize>())
            .sum()
    };
    let floats = elements(&[Element::F32, Element::F16]);
    let integer = graph
        .nodes
        .iter()
        .any(|node| INTEGER_OPERATORS.contains(&node.operator.as_str()));
    if integer || elements(&[Element::I8, Element::U8]) > floats {
        return Some("INT8");
    }
    let half = elements(&[Element::F16]);
    (to == QuantizeTo::F16 && 2 * half > floats).then_some("F16")
}
