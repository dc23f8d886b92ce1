//! `nigh demo`: a shop that is drawn on the spot, imported, and searched with
//! pictures that are not in it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use nigh_engine::eval::{EvalOptions, evaluate, sample};
use nigh_engine::source::{self, SourceOptions};
use nigh_engine::{Catalog, EncoderRequest, ImportOptions, Method, SearchOptions, SearchReply};
use rayon::prelude::*;
use serde_json::json;

use self::render::{COLUMNS, Product, SIDE};
use crate::catalog::import::{import, summary};
use crate::catalog::query::Query;
use crate::catalog::search::{Ask, hit_lines, reply_json, search_picture, write_sheet};
use crate::cli::{DemoArgs, ProgressStyle};
use crate::interrupt;
use crate::output::{Exit, Output};
use crate::progress::Progress;

pub(crate) mod render;

/// Pictures to search with.
const QUERIES: usize = 8;
/// Queries come in another size than the shop's pictures, as photos do.
const QUERY_SIDE: u32 = 2 * SIDE;
/// Hits for each on the contact sheet.
const K: usize = 10;
/// Hits for each in the terminal.
const SHOWN: usize = 3;

pub(crate) fn run(args: &DemoArgs, threads: usize, output: Output) -> Result<Exit> {
    let place = Place::make(&args.into)?;
    let stop = interrupt::flag()?;
    let seconds = draw(&place, args, &stop)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Exit::Interrupted);
    }
    output.note(format!(
        "{} product pictures drawn in {seconds:.1} s: {}",
        args.items,
        place.shop.display()
    ));
    let report = import_shop(&place, threads, &stop, output)?;
    if report.interrupted {
        return Ok(Exit::Interrupted);
    }
    summary(&report, &place.catalog)
        .iter()
        .for_each(|line| output.note(line));
    let catalog = Catalog::open(&place.catalog)?;
    let searches = search_all(&catalog, &place, threads)?;
    write_sheet(&place.sheet, &catalog, &searches, &SearchOptions::default())?;
    let quality = evaluate(&catalog, &sample(&catalog, 0.1, 0)?, &eval_options(threads))?;
    if args.json {
        let replies: Vec<_> = searches
            .iter()
            .map(|(_, reply)| reply_json(reply))
            .collect();
        output.json(
            &json!({"import": report, "searches": replies, "eval": quality, "sheet": place.sheet}),
        )?;
        return Ok(Exit::Done);
    }
    searches
        .iter()
        .try_for_each(|(query, reply)| print_search(query, reply, output))?;
    let precision = |name: &str| {
        quality
            .precision_at_k
            .get(name)
            .copied()
            .flatten()
            .unwrap_or(0.0)
    };
    output.line(format!(
        "Of the ten items nearest to an item, {:.0} % are of its category and {:.0} % of its colour.",
        precision("category") * 100.0,
        precision("colour") * 100.0
    ))?;
    next_steps(&place)
        .iter()
        .try_for_each(|line| output.line(line))?;
    Ok(Exit::Done)
}

/// Where the demo's parts lie.
struct Place {
    shop: PathBuf,
    queries: PathBuf,
    catalog: PathBuf,
    sheet: PathBuf,
}

/// Says that a folder was made by a demo, which may be drawn again from nothing.
const MARKER: &str = ".nigh-demo";

impl Place {
    /// An empty place at `root`: a new folder, or one of an earlier demo, which
    /// goes. Anybody else's is left alone.
    fn make(root: &Path) -> Result<Self> {
        let place = Self {
            shop: root.join("shop"),
            queries: root.join("queries"),
            catalog: root.join("catalog"),
            sheet: root.join("hits.html"),
        };
        let cannot = || format!("cannot use {} for the demo", root.display());
        std::fs::create_dir_all(root).with_context(cannot)?;
        let used = std::fs::read_dir(root)
            .with_context(cannot)?
            .next()
            .is_some();
        if used && !root.join(MARKER).exists() {
            bail!(
                "{} is not empty and not of an earlier demo: give --into another folder",
                root.display()
            );
        }
        for folder in [&place.shop, &place.queries, &place.catalog] {
            if folder.exists() {
                std::fs::remove_dir_all(folder).with_context(cannot)?;
            }
        }
        std::fs::write(root.join(MARKER), "").with_context(cannot)?;
        Ok(place)
    }
}

/// Draws the shop and the queries as a person would have them: JPEG files and a
/// CSV. Returns the seconds it took.
fn draw(place: &Place, args: &DemoArgs, stop: &AtomicBool) -> Result<f64> {
    let started = Instant::now();
    let products = render::products(args.items as usize, args.seed);
    draw_pictures(&place.shop.join("images"), &products, SIDE, stop)?;
    draw_pictures(
        &place.queries,
        &render::queries(QUERIES, args.seed),
        QUERY_SIDE,
        stop,
    )?;
    write_table(&place.shop.join("products.csv"), &products)?;
    Ok(started.elapsed().as_secs_f64())
}

fn draw_pictures(dir: &Path, products: &[Product], side: u32, stop: &AtomicBool) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    products
        .par_iter()
        .filter(|_| !stop.load(Ordering::Relaxed))
        .try_for_each(|product| {
            let path = picture_path(dir, product);
            let bytes = render::encode_jpeg(&render::render(product, side), side)?;
            std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
        })
}

fn picture_path(dir: &Path, product: &Product) -> PathBuf {
    dir.join(format!("{}.jpg", product.id))
}

fn write_table(path: &Path, products: &[Product]) -> Result<()> {
    let mut table =
        csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    table.write_record(COLUMNS)?;
    products
        .iter()
        .try_for_each(|product| table.write_record(product.row()))?;
    table
        .flush()
        .with_context(|| format!("cannot write {}", path.display()))
}

fn import_shop(
    place: &Place,
    threads: usize,
    stop: &AtomicBool,
    output: Output,
) -> Result<nigh_engine::ImportReport> {
    let plan = source::plan(std::slice::from_ref(&place.shop), &SourceOptions::default())?;
    plan.describe().iter().for_each(|line| output.note(line));
    let progress = Progress::new(ProgressStyle::Auto, output.quiet, plan.estimated_items());
    let options = ImportOptions {
        threads,
        ..ImportOptions::default()
    };
    import(
        &place.catalog,
        &plan,
        (&EncoderRequest::default(), None),
        &options,
        stop,
        progress,
        output,
    )
}

fn search_all(
    catalog: &Catalog,
    place: &Place,
    threads: usize,
) -> Result<Vec<(Query, SearchReply)>> {
    let encoder = catalog.encoder().open(&EncoderRequest {
        threads_per_run: threads,
        ..EncoderRequest::default()
    })?;
    let mut ask = Ask::default();
    (ask.options.k, ask.options.threads) = (K, threads);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&place.queries)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.sort();
    let search = |path: &PathBuf| {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (_, found) = search_picture(catalog, &encoder, &name, &bytes, &ask)?;
        Ok((Query::Picture(name, bytes), found.reply))
    };
    paths.iter().map(search).collect()
}

fn eval_options(threads: usize) -> EvalOptions {
    let relevant = vec!["category".to_owned(), "colour".to_owned()];
    EvalOptions {
        k: 10,
        relevant,
        method: Method::Auto,
        threads,
    }
}

fn print_search(query: &Query, reply: &SearchReply, output: Output) -> Result<()> {
    let shown: Vec<_> = reply
        .hits
        .iter()
        .take(SHOWN)
        .map(|hit| {
            let mut hit = hit.clone();
            hit.attributes
                .retain(|name, _| matches!(name.as_str(), "name" | "price" | "brand"));
            hit
        })
        .collect();
    output.line(format!(
        "{} · {:.1} ms",
        query.name(),
        reply.latency_us as f64 / 1000.0
    ))?;
    hit_lines(&shown)
        .iter()
        .try_for_each(|line| output.line(format!("  {line}")))?;
    output.line("")
}

fn next_steps(place: &Place) -> Vec<String> {
    let catalog = place.catalog.display();
    vec![
        format!(
            "Look at {}: every query with its hits.",
            place.sheet.display()
        ),
        "Next, for example:".to_owned(),
        format!(
            "  nigh catalog search {catalog} --id sneaker-0001 --where \"price < 60 AND colour != 'red'\""
        ),
        "  nigh catalog import YOUR-PICTURES --into my-shop".to_owned(),
    ]
}
