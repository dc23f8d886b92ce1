//! The pictures that models are measured on.

use std::path::PathBuf;

use anyhow::Result;
use nigh_encode::DecodeLimits;
use nigh_engine::models::{Sample, SampleOptions};
use nigh_engine::source::SourceOptions;
use nigh_engine::{Catalog, source};

use crate::demo::render;
use crate::output::Output;

/// What to draw from where.
pub(crate) struct Wanted<'a> {
    pub(crate) sources: &'a [PathBuf],
    pub(crate) columns: SourceOptions,
    pub(crate) count: usize,
    pub(crate) seed: u64,
    pub(crate) label: Option<String>,
}

/// Pictures of a collection, of sources, or drawn ones where there are neither.
pub(crate) fn sample(wanted: Wanted<'_>, output: Output) -> Result<Sample> {
    let options = SampleOptions {
        count: wanted.count,
        seed: wanted.seed,
        label: wanted.label,
        limits: DecodeLimits::default(),
    };
    let sample = match wanted.sources {
        [] => return Ok(drawn(wanted.count.min(DRAWN), wanted.seed)),
        [dir] if dir.join("nigh.json").is_file() => {
            Sample::of_catalog(&Catalog::open(dir)?, &options)?
        }
        sources => {
            let plan = source::plan(sources, &wanted.columns)?;
            plan.describe().iter().for_each(|line| output.note(line));
            Sample::of_source(&plan, &options)?
        }
    };
    let told = sample.rejected.iter();
    told.for_each(|reason| output.note(format!("not measured: {reason}")));
    Ok(sample)
}

/// Drawing takes about as long as encoding.
const DRAWN: usize = 64;

fn drawn(count: usize, seed: u64) -> Sample {
    let products = render::products(count, seed);
    let picture = |product| nigh_encode::Picture {
        width: render::SIDE,
        height: render::SIDE,
        rgb: render::render(product, render::SIDE),
    };
    Sample {
        pictures: products.iter().map(picture).collect(),
        labels: vec![None; products.len()],
        rejected: Vec::new(),
    }
}
