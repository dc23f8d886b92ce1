use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use xxhash_rust::xxh3::Xxh3;

use super::choices::{Channels, Filter, Layout, Pool, Resize};
use super::error::{OnnxError, sidecar_path};
use super::facts::{Facts, Kind, Port};
use super::file::ModelFile;
use super::preprocessing::Preprocessing;
use super::runtime::{Engine, Source};
use super::sidecar::Sidecar;
use super::{OnnxEncoder, Origin, configs, outputs, pooling};
use crate::{EncoderOptions, Fingerprint};

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
    let ModelFile {
        bytes,
        external,
        facts,
    } = ModelFile::read(path)?;
    let weights = weights_hash(&bytes, &external);

    let input = find_input(path, &facts, &sidecar)?;
    let (preprocessing, mut assumed) = resolve(path, &input, &sidecar)?;
    let (output, pool) = outputs::choose(path, &facts, &sidecar, &mut assumed)?;
    let batch_size = input.batch.or(options.batch_size).unwrap_or(DEFAULT_BATCH);
    let architecture = match pool {
        Pool::None => format!("onnx#{output}"),
        pool => format!("onnx#{output}:{pool}"),
    };
    let source = Source {
        path,
        bytes,
        external,
        facts: &facts,
        output: &output,
        threads: options.threads_per_run,
    };
    let engine = Engine::load(options.runtime, source)?;
    let mut encoder = OnnxEncoder {
        name: path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned(),
        engine,
        input: input.name,
        output: output.clone(),
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
            path: path.to_owned(),
            config: config.path,
            licence: sidecar.licence.clone(),
        },
        benches: Mutex::default(),
    };
    encoder.fingerprint.dimension = trial(path, &encoder, &output, sidecar.dimension)?;
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

/// XXH3-128 of the model file and, one after another, of its weight files.
fn weights_hash(bytes: &[u8], external: &[(String, Vec<u8>)]) -> String {
    let mut hash = Xxh3::new();
    hash.update(bytes);
    external
        .iter()
        .for_each(|(_, content)| hash.update(content));
    format!("xxh3-128:{:032x}", hash.digest128())
}

/// The input that takes the picture, as the model declares it.
struct Input {
    name: String,
    /// `None` where the model takes any batch.
    batch: Option<usize>,
    /// Height and width where the model fixes them.
    size: Option<[usize; 2]>,
    layout: Layout,
}

fn find_input(path: &Path, facts: &Facts, sidecar: &Sidecar) -> Result<Input, OnnxError> {
    let refuse = |reason| {
        Err(OnnxError::NotAnImageModel {
            path: path.to_owned(),
            reason,
        })
    };
    let known = names(&facts.inputs);
    let port = match (&sidecar.input, facts.inputs.as_slice()) {
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
        (_, several) => return refuse(format!("it needs {} inputs, {known:?}", several.len())),
    };
    let name = &port.name;
    if let Kind::I32 | Kind::I64 | Kind::Other(_) = port.kind {
        return refuse(format!(
            "its input {name:?} takes {:?}, expected floats",
            port.kind
        ));
    }
    let shape = port.shape.clone().unwrap_or_default();
    let fixed = |axis: usize| shape.get(axis).copied().flatten();
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
        name: name.clone(),
        batch: fixed(0),
        size,
        layout,
    })
}

pub(super) fn names(ports: &[Port]) -> Vec<String> {
    ports.iter().map(|port| port.name.clone()).collect()
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
    let trial_error = |reason| OnnxError::Trial {
        path: path.to_owned(),
        reason,
    };
    let mut bench = encoder.take_bench().map_err(trial_error)?;
    let pictures = encoder.fixed_batch.unwrap_or(1);
    bench
        .tensor
        .resize(pictures * encoder.preprocessing.numbers(), 0.0);
    let output_value = encoder.run(&mut bench).map_err(trial_error)?;
    encoder.locked_benches().push(bench);
    let mismatch = |key, received, reason| OnnxError::Mismatch {
        path: path.to_owned(),
        key,
        received,
        reason,
    };
    let pooled = pooling::pool(output_value, encoder.pool, encoder.preprocessing.layout)
        .map_err(|reason| mismatch("output", format!("{output:?}"), format!("it {reason}")))?;
    match told {
        Some(told) if told != pooled.dimension => {
            let reason = format!("output {output:?} gives {} numbers", pooled.dimension);
            Err(mismatch("dimension", told.to_string(), reason))
        }
        _ => Ok(pooled.dimension),
    }
}
