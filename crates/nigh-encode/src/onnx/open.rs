use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rten::{DataType, Dimension, Model, ModelOptions, NodeId, ValueType};
use xxhash_rust::xxh3::Xxh3;

use super::choices::{Channels, Filter, Layout, Pool, Resize};
use super::error::{OnnxError, sidecar_path};
use super::facts::Facts;
use super::preprocessing::Preprocessing;
use super::sidecar::Sidecar;
use super::{OnnxEncoder, Origin, configs, old_softmax, outputs, pooling};
use crate::{EncoderOptions, Fingerprint};

/// Operators whose results were measured to be wrong in rten 0.27.
const INTEGER_CONVOLUTIONS: [&str; 2] = ["ConvInteger", "QLinearConv"];

/// Pictures per run where the model leaves it open and no option says otherwise: on MobileNetV2,
/// one core, 1 and 4 were alike and 8 was 10 to 20 % slower (example `rates`).
const DEFAULT_BATCH: usize = 4;

// Per channel in red, green, blue: the statistics of ImageNet that most public models use.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];

pub(super) fn open(path: &Path, options: &EncoderOptions) -> Result<OnnxEncoder, OnnxError> {
    check_options(options)?;
    let told = read_sidecar(path)?.overlaid(&options.sidecar);
    let config = configs::find(path)?;
    config.check(&told)?;
    let sidecar = config.sidecar.overlaid(&told);
    let bytes = fs::read(path).map_err(|source| read_error(path, source))?;
    let load_error = |reason| OnnxError::Load {
        path: path.to_owned(),
        reason,
    };
    let facts = Facts::read(&bytes).map_err(|e| load_error(format!("not an ONNX file, {e}")))?;
    refuse_integer_convolutions(path, &facts)?;
    let external = read_external(path, &facts)?;
    let weights = weights_hash(&bytes, &external);
    let model = load(bytes, external, &facts).map_err(load_error)?;

    let input = find_input(path, &model, &sidecar)?;
    let (preprocessing, mut assumed) = resolve(path, &input, &sidecar)?;
    let choice = outputs::choose(path, &model, &facts, &sidecar, &mut assumed)?;
    let outputs::Choice {
        id: output,
        name: output_name,
        pool,
    } = choice;
    let batch_size = input.batch.or(options.batch_size).unwrap_or(DEFAULT_BATCH);
    let architecture = match pool {
        Pool::None => format!("onnx#{output_name}"),
        pool => format!("onnx#{output_name}:{pool}"),
    };
    let mut encoder = OnnxEncoder {
        name: path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned(),
        model,
        input: input.id,
        output,
        pool,
        table: Box::new(preprocessing.table()),
        fingerprint: Fingerprint {
            architecture,
            weights,
            preprocessing: preprocessing.to_string(),
            dimension: 0,
            precision: facts.precision(),
        },
        preprocessing,
        fixed_batch: input.batch,
        batch_size,
        assumed,
        origin: Origin {
            files: model_files(path, &facts),
            config: config.path,
            parameters: facts.parameters(),
            settings: Sidecar::default(),
        },
        threads_per_run: options.threads_per_run,
        benches: Mutex::default(),
    };
    encoder.fingerprint.dimension = trial(path, &encoder, &output_name, sidecar.dimension)?;
    let settings = Sidecar {
        input: Some(input.name),
        output: Some(output_name),
        pool: Some(pool),
        dimension: Some(encoder.dimension()),
        ..encoder.preprocessing.sidecar()
    };
    encoder.origin.settings = sidecar.overlaid(&settings);
    Ok(encoder)
}

fn check_options(options: &EncoderOptions) -> Result<(), OnnxError> {
    if options.threads_per_run == 0 {
        return Err(OnnxError::Zero {
            name: "threads_per_run",
        });
    }
    if options.batch_size == Some(0) {
        return Err(OnnxError::Zero { name: "batch_size" });
    }
    options.sidecar.check().map_err(OnnxError::Option)
}

/// An absent sidecar is an empty one.
fn read_sidecar(model: &Path) -> Result<Sidecar, OnnxError> {
    let path = sidecar_path(model);
    match fs::read_to_string(&path) {
        Ok(text) => Sidecar::parse(&text).map_err(|source| OnnxError::Sidecar { path, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Sidecar::default()),
        Err(source) => Err(OnnxError::Read { path, source }),
    }
}

fn read_error(path: &Path, source: io::Error) -> OnnxError {
    OnnxError::Read {
        path: path.to_owned(),
        source,
    }
}

fn refuse_integer_convolutions(path: &Path, facts: &Facts) -> Result<(), OnnxError> {
    let found = facts
        .operators
        .iter()
        .find(|o| INTEGER_CONVOLUTIONS.contains(&o.as_str()));
    match found {
        None => Ok(()),
        Some(operator) => Err(OnnxError::IntegerConvolution {
            path: path.to_owned(),
            operator: operator.clone(),
        }),
    }
}

/// The weight files that the model names, with their content.
fn read_external(path: &Path, facts: &Facts) -> Result<Vec<(String, Vec<u8>)>, OnnxError> {
    let read = |name: &String| {
        let path = path.with_file_name(name);
        let content = fs::read(&path).map_err(|source| OnnxError::Read { path, source })?;
        Ok((name.clone(), content))
    };
    facts.external_files.iter().map(read).collect()
}

/// The model file and its weight files.
fn model_files(path: &Path, facts: &Facts) -> Vec<PathBuf> {
    let weights = facts
        .external_files
        .iter()
        .map(|name| path.with_file_name(name));
    std::iter::once(path.to_owned()).chain(weights).collect()
}

/// XXH3-128 of the model file and, one after another, of its weight files.
fn weights_hash(bytes: &[u8], external: &[(String, Vec<u8>)]) -> String {
    let mut hash = Xxh3::new();
    hash.update(bytes);
    external
        .iter()
        .for_each(|(_, content)| hash.update(content));
    format!("xxh3-128:{:032x}", hash.digest128())
}

fn load(bytes: Vec<u8>, external: Vec<(String, Vec<u8>)>, facts: &Facts) -> Result<Model, String> {
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(true);
    for (name, content) in external {
        options.external_data(&name, content);
    }
    let bytes = old_softmax::modernize(bytes, facts).map_err(|error| error.to_string())?;
    options.load(bytes).map_err(|error| error.to_string())
}

/// The input that takes the picture, as the model declares it.
struct Input {
    id: NodeId,
    name: String,
    /// `None` where the model takes any batch.
    batch: Option<usize>,
    /// Height and width where the model fixes them.
    size: Option<[usize; 2]>,
    layout: Layout,
}

fn find_input(path: &Path, model: &Model, sidecar: &Sidecar) -> Result<Input, OnnxError> {
    let refuse = |reason| {
        Err(OnnxError::NotAnImageModel {
            path: path.to_owned(),
            reason,
        })
    };
    let known = names(model, model.input_ids());
    let name = match (&sidecar.input, known.as_slice()) {
        (_, []) => return refuse("it has no input".to_owned()),
        (Some(name), _) if !known.contains(name) => {
            return Err(OnnxError::Mismatch {
                path: path.to_owned(),
                key: "input",
                received: format!("{name:?}"),
                reason: format!("the model's inputs are {known:?}"),
            });
        }
        (_, [only]) => only,
        (_, several) => return refuse(format!("it needs {} inputs, {several:?}", several.len())),
    };
    let id = model.input_ids()[0];
    let info = model.node_info(id);
    if let Some(dtype) = info.as_ref().and_then(|info| info.dtype())
        && dtype != ValueType::Tensor(DataType::Float)
    {
        return refuse(format!(
            "its input {name:?} takes {dtype:?}, expected floats"
        ));
    }
    let shape = info.and_then(|info| info.shape()).unwrap_or_default();
    let fixed = |axis: usize| match shape.get(axis) {
        Some(Dimension::Fixed(size)) => Some(*size),
        _ => None,
    };
    if !shape.is_empty() && shape.len() != 4 {
        return refuse(format!(
            "its input {name:?} has {} axes, expected 4",
            shape.len()
        ));
    }
    let layout = match sidecar.layout {
        Some(layout) => layout,
        None if fixed(3) == Some(3) && fixed(1) != Some(3) => Layout::Nhwc,
        None => Layout::Nchw,
    };
    let (channels, height, width) = match layout {
        Layout::Nchw => (fixed(1), fixed(2), fixed(3)),
        Layout::Nhwc => (fixed(3), fixed(1), fixed(2)),
    };
    if let Some(channels) = channels.filter(|channels| *channels != 3) {
        return refuse(format!(
            "its input {name:?} has {channels} channels as {layout}, expected 3"
        ));
    }
    let size = height.zip(width).map(|(height, width)| [height, width]);
    Ok(Input {
        id,
        name: name.clone(),
        batch: fixed(0),
        size,
        layout,
    })
}

pub(super) fn names(model: &Model, ids: &[NodeId]) -> Vec<String> {
    let name = |id: &NodeId| model.node_info(*id).and_then(|info| info.name());
    ids.iter()
        .map(|id| name(id).unwrap_or_default().to_owned())
        .collect()
}

/// Fills every open key, and lists those that nothing but a default speaks for.
fn resolve(
    path: &Path,
    input: &Input,
    sidecar: &Sidecar,
) -> Result<(Preprocessing, Vec<String>), OnnxError> {
    let [height, width] = resolve_size(path, input, sidecar)?;
    let mut assumed = Vec::new();
    let channels = assume(&mut assumed, "channels", sidecar.channels, Channels::Rgb);
    let in_order = |mut rgb: [f64; 3]| {
        if channels == Channels::Bgr {
            rgb.reverse();
        }
        rgb
    };
    let preprocessing = Preprocessing {
        height,
        width,
        resize: assume(&mut assumed, "resize", sidecar.resize, Resize::Stretch),
        shorter_side: sidecar.shorter_side.unwrap_or(height.max(width)),
        background: sidecar.background.unwrap_or([255; 3]),
        filter: assume(&mut assumed, "filter", sidecar.filter, Filter::Bicubic),
        channels,
        layout: input.layout,
        rescale: assume_debug(&mut assumed, "rescale", sidecar.rescale, 1.0 / 255.0),
        mean: assume_debug(&mut assumed, "mean", sidecar.mean, in_order(IMAGENET_MEAN)),
        std: assume_debug(&mut assumed, "std", sidecar.std, in_order(IMAGENET_STD)),
    };
    if preprocessing.resize == Resize::Crop && preprocessing.shorter_side < height.max(width) {
        return Err(OnnxError::Mismatch {
            path: path.to_owned(),
            key: "shorter_side",
            received: preprocessing.shorter_side.to_string(),
            reason: format!(
                "a crop of {height} x {width} needs at least {}",
                height.max(width)
            ),
        });
    }
    Ok((preprocessing, assumed))
}

fn resolve_size(path: &Path, input: &Input, sidecar: &Sidecar) -> Result<[usize; 2], OnnxError> {
    match (sidecar.size, input.size) {
        (Some(told), Some(fixed)) if told != fixed => Err(OnnxError::Mismatch {
            path: path.to_owned(),
            key: "size",
            received: format!("{told:?}"),
            reason: format!(
                "the model's input {:?} takes {fixed:?} ({})",
                input.name, input.layout
            ),
        }),
        (Some(size), _) | (None, Some(size)) => Ok(size),
        (None, None) => Err(OnnxError::MissingKey {
            path: path.to_owned(),
            key: "size",
            reason: format!("the model's input {:?} takes any size", input.name),
        }),
    }
}

fn assume<T: std::fmt::Display>(
    assumed: &mut Vec<String>,
    key: &str,
    told: Option<T>,
    default: T,
) -> T {
    told.unwrap_or_else(|| {
        assumed.push(format!("{key} = {default}"));
        default
    })
}

fn assume_debug<T: std::fmt::Debug>(
    assumed: &mut Vec<String>,
    key: &str,
    told: Option<T>,
    default: T,
) -> T {
    told.unwrap_or_else(|| {
        assumed.push(format!("{key} = {default:?}"));
        default
    })
}

/// Runs the model on an empty tensor: does the output give embeddings, and how long are they?
fn trial(
    path: &Path,
    encoder: &OnnxEncoder,
    output: &str,
    told: Option<usize>,
) -> Result<usize, OnnxError> {
    let mut bench = encoder.take_bench();
    let pictures = encoder.fixed_batch.unwrap_or(1);
    bench
        .tensor
        .resize(pictures * encoder.preprocessing.numbers(), 0.0);
    let value = encoder.run(&bench).map_err(|reason| OnnxError::Trial {
        path: path.to_owned(),
        reason,
    })?;
    encoder.locked_benches().push(bench);
    let mismatch = |key, received, reason| OnnxError::Mismatch {
        path: path.to_owned(),
        key,
        received,
        reason,
    };
    let pooled = pooling::pool(value, encoder.pool, encoder.preprocessing.layout)
        .map_err(|reason| mismatch("output", format!("{output:?}"), format!("it {reason}")))?;
    match told {
        Some(told) if told != pooled.dimension => {
            let reason = format!("output {output:?} gives {} numbers", pooled.dimension);
            Err(mismatch("dimension", told.to_string(), reason))
        }
        _ => Ok(pooled.dimension),
    }
}
