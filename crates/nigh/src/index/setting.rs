//! Flags to settings: the one place where they meet.

use nigh_engine::vectors::{GridSetting, Setting};
use nigh_index::{
    Codec, GridConfig, GridHash, IvfConfig, IvfSearch, Mode, RaBitQConfig, Rotation, SearchParams,
    SegmentConfig,
};

use crate::cli::index::{
    CodecName, GridArgs, HashName, IndexArgs, Kind, RotationName, SettingArgs,
};

/// From this many rows on `--kind auto` divides them into lists.
const AUTO_IVF_ROWS: usize = 10_000;

/// The lists read where no flag says how many.
const DEFAULT_NPROBE: usize = 16;

/// What to build of a base of `rows` rows. The number is kept with the segment, as its sequence.
pub(super) fn segment_config(args: &IndexArgs, kind: Kind, rows: usize) -> SegmentConfig {
    let ivf = IvfConfig {
        lists: args.lists.unwrap_or(0) as usize,
        sample: args.rows_per_centroid as usize,
        seed: args.seed,
        codec: codec(args),
        ..IvfConfig::default()
    };
    let divided = match kind {
        Kind::Auto => rows >= AUTO_IVF_ROWS,
        Kind::Ivf => true,
        Kind::Exact => false,
    };
    SegmentConfig {
        sequence: rows as u64,
        ivf: divided.then_some(ivf),
    }
}

/// What grid to build.
pub(super) fn grid_config(args: &GridArgs, seed: u64) -> GridConfig {
    let default = GridConfig::default();
    GridConfig {
        hash: args.hash.map_or(default.hash, |hash| match hash {
            HashName::Hyperplane => GridHash::Hyperplane,
            HashName::CrossPolytope => GridHash::CrossPolytope,
        }),
        tables: args.tables.map_or(default.tables, |tables| tables as usize),
        seed,
        ..default
    }
}

fn codec(args: &IndexArgs) -> Codec {
    let default = RaBitQConfig::default();
    let dims = |flag: Option<u32>| flag.map_or(0, |dims| dims as usize);
    match args.codec {
        CodecName::F32 => Codec::F32,
        CodecName::F16 => Codec::F16,
        CodecName::Int8 => Codec::Int8,
        CodecName::Rabitq => Codec::RaBitQ(RaBitQConfig {
            scan_dims: dims(args.scan_dims),
            refine_dims: dims(args.refine_dims),
            refine_bits: args.refine_bits,
            rotation: match args.rotation {
                RotationName::Auto => Rotation::Auto,
                RotationName::Principal => Rotation::Principal,
                RotationName::Hadamard => Rotation::Hadamard,
            },
            ..default
        }),
    }
}

/// One setting, for an index of so many lists.
pub(super) fn params(args: &SettingArgs, lists: usize, k: usize) -> SearchParams {
    if args.exact || lists == 1 {
        return SearchParams::exact(k);
    }
    let default = SearchParams::ivf(k, DEFAULT_NPROBE.min(lists));
    let Mode::Ivf(ivf) = default.mode else {
        return default;
    };
    let mode = Mode::Ivf(IvfSearch {
        nprobe: args
            .nprobe
            .map_or(ivf.nprobe, |nprobe| (nprobe as usize).min(lists)),
        margin: args.margin.unwrap_or(ivf.margin),
        rescore: args.rescore.map_or(ivf.rescore, |rescore| rescore as usize),
        ..ivf
    });
    SearchParams { mode, ..default }
}

/// A setting as people read it.
pub(crate) fn words(setting: &Setting) -> String {
    setting.to_string()
}

/// A grid's setting as people read it.
pub(super) fn grid_words(setting: &GridSetting) -> String {
    let GridSetting { tables, probes, .. } = setting;
    format!("{tables} tables, {probes} probes")
}
