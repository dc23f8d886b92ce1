//! Flags to settings: the one place where they meet.

use nigh_engine::vectors::Family;
use nigh_index::{IvfConfig, SearchParams, Segment, SegmentConfig};

use crate::cli::index::{IndexArgs, Kind, SettingArgs};

/// From this many rows on `--kind auto` divides them into lists.
const AUTO_IVF_ROWS: usize = 10_000;

/// The lists read where no flag says how many.
const DEFAULT_NPROBE: usize = 16;

/// What to build of a base of `rows` rows. The number is kept with the segment, as its sequence.
pub(super) fn segment_config(args: &IndexArgs, rows: usize) -> SegmentConfig {
    let ivf = IvfConfig {
        lists: args.lists.unwrap_or(0) as usize,
        seed: args.seed,
        ..IvfConfig::default()
    };
    let divided = match args.kind {
        Kind::Auto => rows >= AUTO_IVF_ROWS,
        Kind::Ivf => true,
        Kind::Exact => false,
    };
    SegmentConfig {
        sequence: rows as u64,
        ivf: divided.then_some(ivf),
    }
}

/// One setting.
pub(super) fn params(args: &SettingArgs, segment: &Segment, k: usize) -> SearchParams {
    if args.exact || segment.lists() == 1 {
        return SearchParams::exact(k);
    }
    let nprobe = args.nprobe.map_or(DEFAULT_NPROBE, |nprobe| nprobe as usize);
    SearchParams::ivf(k, nprobe.min(segment.lists()))
}

/// All settings worth measuring.
pub(super) fn families(segment: &Segment) -> Vec<Family> {
    match segment.lists() {
        1 => vec![Family::exact()],
        lists => vec![Family::ivf(lists)],
    }
}
