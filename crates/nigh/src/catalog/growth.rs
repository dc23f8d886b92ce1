//! `nigh catalog growth`.

use anyhow::{Context, Result};
use bytesize::ByteSize;
use nigh_engine::growth::{Curve, Growth, GrowthOptions, growth};

use crate::cli::GrowthArgs;
use crate::index::Bars;
use crate::output::{Exit, Output};
use crate::table;

mod picture;

pub(crate) fn run(args: &GrowthArgs, output: Output) -> Result<Exit> {
    let options = GrowthOptions {
        recall: args.recall,
        images: args.images.map_or(usize::MAX, |images| images as usize),
        queries: args.queries as usize,
        seed: args.seed,
    };
    let measured =
        Bars::new(output)?.run("measuring", 0, |watch| growth(&args.dir, &options, watch))?;
    let path = &args.picture;
    std::fs::write(path, picture::svg(&measured))
        .with_context(|| format!("cannot write {}", path.display()))?;
    match args.json {
        true => output.json(&measured)?,
        false => lines(&measured)
            .iter()
            .try_for_each(|line| output.line(line))?,
    }
    output.note(verdict(&measured));
    output.note(format!("drawn in {}", path.display()));
    Ok(Exit::Done)
}

/// One line a strategy: microseconds at each size, the power they grow by, and what that makes of ten and a hundred times the images.
fn lines(growth: &Growth) -> Vec<String> {
    let sizes = growth.curves.first().map_or(&[][..], |curve| &curve.points);
    let mut header = vec!["strategy".to_owned()];
    header.extend(sizes.iter().map(|point| point.images.to_string()));
    let names = [
        "exponent", "(95 %)", "x10", "x100", "compared", "recall", "index",
    ];
    header.extend(names.map(str::to_owned));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = growth.curves.iter().map(row).collect();
    let mut lines = table::lines(&header, &rows);
    lines.push(String::new());
    lines.push(format!(
        "microseconds of one core for a query, at a recall of {} (* not reached: the most complete setting); compared, recall and index \
         of the whole; {} held-out queries",
        growth.recall, growth.queries
    ));
    lines
}

fn row(curve: &Curve) -> Vec<String> {
    let mut row = vec![curve.strategy.name().to_owned()];
    row.extend(curve.points.iter().map(|point| {
        let missed = if point.reaches { "" } else { "*" };
        format!("{}{missed}", short(point.latency_us))
    }));
    let largest = curve.points.last();
    let law = curve.time.zip(largest);
    row.extend([
        law.map_or("-".into(), |(law, _)| format!("{:.2}", law.exponent)),
        law.map_or("-".into(), |(law, _)| {
            format!("{:.2} to {:.2}", law.low, law.high)
        }),
    ]);
    row.extend([10.0, 100.0].map(|times| {
        law.map_or("-".into(), |(law, largest)| {
            short(law.at(times * largest.images as f64))
        })
    }));
    row.extend([
        largest.map_or("-".into(), |point| short(point.compared)),
        largest.map_or("-".into(), |point| format!("{:.3}", point.recall_at_10)),
        largest.map_or("-".into(), |point| {
            ByteSize::b(point.bytes).display().si().to_string()
        }),
    ]);
    row
}

/// Three digits that mean something.
fn short(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// Which strategy is the fastest now, and which stays so.
fn verdict(growth: &Growth) -> String {
    let fastest = |times: Option<f64>| {
        let time = |curve: &Curve| {
            let largest = curve.points.last().filter(|point| point.reaches)?;
            match times {
                None => Some(largest.latency_us),
                Some(times) => Some(curve.time?.at(times * largest.images as f64)),
            }
        };
        let times = growth
            .curves
            .iter()
            .filter_map(|curve| Some((curve.strategy.name(), time(curve)?)));
        times.min_by(|a, b| a.1.total_cmp(&b.1))
    };
    let said = |what: &str, found: Option<(&str, f64)>| match found {
        Some((name, us)) => format!("{what} {name} ({} µs)", short(us)),
        None => format!("{what} none reaches the recall"),
    };
    [
        said("fastest now:", fastest(None)),
        said(
            "at ten times the images, by these curves:",
            fastest(Some(10.0)),
        ),
        said("at a hundred times:", fastest(Some(100.0))),
    ]
    .join("; ")
}
