//! `nigh catalog search`.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use nigh_encode::{DecodeLimits, Format};
use nigh_engine::vectors::Setting;
use nigh_engine::{
    Catalog, Hit, Method, Refined, Refinement, SearchError, SearchOptions, SearchReply, Trace,
    WhyNot,
};
use serde_json::json;

use super::pipeline;
use super::query::Query;
use crate::cli::{MethodArgs, SearchArgs};
use crate::index::words;
use crate::output::{Exit, Output};
use crate::sheet::{Sheet, SheetHit, SheetPicture, SheetQuery, SheetRow};
use crate::{table, value};

pub(crate) fn run(args: &SearchArgs, threads: usize, output: Output) -> Result<Exit> {
    let catalog = Catalog::open(&args.dir)?;
    catalog.notes().iter().for_each(|note| output.note(note));
    let ask = Ask::read(&catalog, args, threads)?;
    let query = Query::read(&args.query)?;
    let (rows, found) = query.search(&catalog, &args.encoder, threads, &ask, output)?;
    let Refined { reply, why_not, .. } = found;
    if let Some(path) = &args.sheet {
        let missing = write_sheet(path, &catalog, &[(query, reply.clone())], &ask.options)?;
        if missing > 0 {
            output.note(format!(
                "{missing} pictures are not where they were imported from: --keep-images keeps them"
            ));
        }
        output.note(format!("contact sheet: {}", path.display()));
    }
    print(&reply, why_not.as_ref(), args, output)?;
    if let (Some(id), Some(why_not)) = (&args.why_not, &why_not) {
        output.note(format!("{id}: {why_not}"));
    }
    // What a formula ordered, or a budget cut short, does not tell what the index finds.
    let plain = ask.refinement.ranking.is_none() && reply.coverage == 1.0;
    if plain && is_picked(args.check) {
        check(&catalog, &rows, &ask.options, &reply, output)?;
    }
    Ok(Exit::Done)
}

/// What is asked of a catalog, but for the query itself.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    pub(crate) options: SearchOptions,
    pub(crate) refinement: Refinement,
}

impl Ask {
    /// The flags, and the pipeline of a flag or the collection's own.
    fn read(catalog: &Catalog, args: &SearchArgs, threads: usize) -> Result<Ask> {
        let condition = args.query.condition.as_deref();
        let mut ask = Ask {
            options: SearchOptions {
                k: args.k as usize,
                filter: condition.map(|text| catalog.filter(text)).transpose()?,
                min_score: args.min_score,
                method: method(&args.method),
                budget: args.budget_ms,
                threads,
                exclude: args.query.id.clone(),
                ..SearchOptions::default()
            },
            refinement: Refinement {
                why_not: args.why_not.clone(),
                ..Refinement::default()
            },
        };
        let given = args.pipeline.as_deref().map(pipeline::read).transpose()?;
        if let Some(pipeline) = given.as_ref().or(catalog.pipeline()) {
            let today = pipeline::today();
            let Ask {
                options,
                refinement,
            } = &mut ask;
            pipeline.apply(catalog.schema(), today, options, refinement)?;
        }
        Ok(ask)
    }

    pub(super) fn of(&self, catalog: &Catalog, rows: &[f32]) -> Result<Refined, SearchError> {
        catalog.search_refined(rows, &self.options, &self.refinement)
    }
}

/// One of a share of all searches, at random.
fn is_picked(share: f64) -> bool {
    let random = RandomState::new().hash_one(std::process::id());
    (random as f64) < share * u64::MAX as f64
}

/// Answers again, exactly, and counts what was found.
fn check(
    catalog: &Catalog,
    rows: &[f32],
    options: &SearchOptions,
    reply: &SearchReply,
    output: Output,
) -> Result<()> {
    let Some(checked) = catalog.check(rows, options, reply)? else {
        return Ok(());
    };
    output.note(format!(
        "checked: {} of the {} nearest",
        checked.found, checked.of
    ));
    // Whoever may only read the collection gets the answer all the same.
    if let Err(error) = catalog.count_check(&checked) {
        output.note(error.to_string());
    }
    Ok(())
}

/// Decodes, encodes and searches; all three are in the reply's trace and latency. The embedding comes back with it.
pub(crate) fn search_picture(
    catalog: &Catalog,
    encoder: &nigh_encode::Encoder,
    name: &str,
    bytes: &[u8],
    ask: &Ask,
) -> Result<(Vec<f32>, Refined)> {
    let started = Instant::now();
    let mut trace = Trace::default();
    let picture =
        nigh_encode::decode(bytes, &DecodeLimits::default()).with_context(|| name.to_owned())?;
    trace.push("decode", 1, 1, started);
    let encoding = Instant::now();
    let embedding = encoder
        .encode(&[picture])
        .with_context(|| name.to_owned())?;
    let embedding = catalog.reduce(embedding);
    trace.push("encode", 1, 1, encoding);
    let mut found = ask.of(catalog, &embedding)?;
    trace.stages.append(&mut found.reply.trace.stages);
    found.reply.trace = trace;
    found.reply.latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok((embedding, found))
}

pub(crate) fn method(args: &MethodArgs) -> Method {
    match (args.nprobe, args.recall) {
        _ if args.exact => Method::Exact,
        (Some(nprobe), _) => Method::Nprobe(nprobe as usize),
        (None, Some(recall)) => Method::Recall(recall),
        (None, None) => Method::Auto,
    }
}

fn print(
    reply: &SearchReply,
    why_not: Option<&WhyNot>,
    args: &SearchArgs,
    output: Output,
) -> Result<()> {
    if args.json {
        let mut json = reply_json(reply);
        if let Some(why_not) = why_not {
            json["why_not"] = json!(why_not);
        }
        return output.json(&json);
    }
    hit_lines(&reply.hits)
        .iter()
        .try_for_each(|line| output.line(line))?;
    if reply.hits.is_empty() {
        output.note("no item passes");
    }
    if args.explain {
        output.line("")?;
        trace_lines(&reply.trace)
            .iter()
            .try_for_each(|line| output.line(line))?;
        output.line(how(reply))?;
    }
    if reply.coverage < 1.0 {
        output.note(format!(
            "the budget was enough for {:.0} % of the candidates of a stage: nearer items may be missing",
            100.0 * reply.coverage
        ));
    }
    output.note(format!(
        "{} {} in {:.1} ms",
        reply.hits.len(),
        if reply.hits.len() == 1 { "hit" } else { "hits" },
        reply.latency_us as f64 / 1000.0
    ));
    Ok(())
}

/// How the index was searched and what that finds, in a sentence.
fn how(reply: &SearchReply) -> String {
    let setting = words(&reply.setting);
    match reply.recall_at_10 {
        _ if reply.setting == Setting::Exact && reply.coverage >= 1.0 => {
            "every image was compared".to_owned()
        }
        Some(recall) => format!(
            "{setting}: finds {:.1} % of the ten nearest ({:.1} to {:.1} %)",
            100.0 * recall.mean,
            100.0 * recall.low,
            100.0 * recall.high
        ),
        None => format!("{setting}: `nigh catalog tune` measures what that finds"),
    }
}

pub(crate) fn reply_json(reply: &SearchReply) -> serde_json::Value {
    let hit = |hit: &Hit| {
        let attributes = value::attributes_to_json(&hit.attributes);
        let mut json = json!({"id": hit.id, "score": hit.score, "image": hit.image, "source": hit.source, "attributes": attributes});
        if let Some(ranked) = &hit.ranked {
            json["rank"] = json!(ranked);
        }
        json
    };
    let hits: Vec<_> = reply.hits.iter().map(hit).collect();
    json!({
        "hits": hits,
        "setting": reply.setting,
        "recall_at_10": reply.recall_at_10,
        "total": reply.total,
        "coverage": reply.coverage,
        "latency_us": reply.latency_us,
        "trace": reply.trace,
    })
}

/// One line a hit: rank, id, score, the best image's name where items have
/// several, then the attributes.
pub(crate) fn hit_lines(hits: &[Hit]) -> Vec<String> {
    let images: BTreeSet<&str> = hits.iter().map(|hit| hit.image.as_str()).collect();
    let several = images.len() > 1 && hits.iter().any(|hit| hit.image != hit.id);
    let names: BTreeSet<&str> = hits
        .iter()
        .flat_map(|hit| hit.attributes.keys().map(String::as_str))
        .collect();
    let ranked = hits.iter().any(|hit| hit.ranked.is_some());
    let mut header = vec!["#", "id", "score"];
    header.extend(ranked.then_some("rank"));
    header.extend(several.then_some("image"));
    header.extend(&names);
    let row = |(rank, hit): (usize, &Hit)| {
        let mut row = vec![
            (rank + 1).to_string(),
            hit.id.clone(),
            format!("{:.4}", hit.score),
        ];
        row.extend(ranked.then(|| {
            let ranked = hit.ranked.as_ref();
            ranked.map_or(String::new(), |ranked| format!("{:.4}", ranked.score))
        }));
        row.extend(several.then(|| hit.image.clone()));
        row.extend(names.iter().map(|&name| {
            hit.attributes
                .get(name)
                .map_or(String::new(), ToString::to_string)
        }));
        row
    };
    table::lines(
        &header,
        &hits.iter().enumerate().map(row).collect::<Vec<_>>(),
    )
}

pub(crate) fn trace_lines(trace: &Trace) -> Vec<String> {
    let row = |stage: &nigh_engine::Stage| {
        let input = stage.input.to_string();
        vec![
            stage.stage.to_owned(),
            match stage.wanted {
                Some(wanted) => format!("{input} of {wanted}"),
                None => input,
            },
            stage.output.to_string(),
            stage.us.to_string(),
        ]
    };
    table::lines(
        &["stage", "in", "out", "us"],
        &trace.stages.iter().map(row).collect::<Vec<_>>(),
    )
}

/// The queries left, their hits right, in one HTML file. Returns how many hits
/// have no picture any more.
pub(crate) fn write_sheet(
    path: &Path,
    catalog: &Catalog,
    searches: &[(Query, SearchReply)],
    options: &SearchOptions,
) -> Result<usize> {
    let rows: Vec<SheetRow> = searches
        .iter()
        .map(|(query, reply)| sheet_row(catalog, query, reply, options))
        .collect();
    let subtitle = format!(
        "{} items · {}",
        catalog.len(),
        catalog.encoder().fingerprint
    );
    let title = catalog
        .dir()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let hits = rows.iter().flat_map(|row| &row.hits);
    let missing = hits.filter(|hit| hit.picture.is_none()).count();
    let html = Sheet {
        title,
        subtitle,
        rows,
    }
    .to_html();
    std::fs::write(path, html).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(missing)
}

fn sheet_row(
    catalog: &Catalog,
    query: &Query,
    reply: &SearchReply,
    options: &SearchOptions,
) -> SheetRow {
    let bytes = match query {
        Query::Picture(_, bytes) => Some(bytes.clone()),
        Query::Item(id) => item_picture(catalog, id),
        Query::Mixed(parts) => parts
            .iter()
            .find_map(|part| part.picture().map(<[u8]>::to_vec)),
    };
    let stages: Vec<String> = reply
        .trace
        .stages
        .iter()
        .map(|stage| format!("{} {} µs", stage.stage, stage.us))
        .collect();
    let condition = options
        .filter
        .as_ref()
        .map_or(String::new(), |filter| format!("where {filter} · "));
    SheetRow {
        query: SheetQuery {
            label: query.name(),
            picture: bytes.and_then(sheet_picture),
        },
        note: format!(
            "{condition}{:.1} ms: {}",
            reply.latency_us as f64 / 1000.0,
            stages.join(", ")
        ),
        hits: reply
            .hits
            .iter()
            .map(|hit| sheet_hit(catalog, hit))
            .collect(),
    }
}

fn sheet_hit(catalog: &Catalog, hit: &Hit) -> SheetHit {
    SheetHit {
        id: hit.id.clone(),
        score: hit.score,
        picture: catalog
            .image_bytes(&hit.id, &hit.image)
            .and_then(sheet_picture),
        attributes: sheet_attributes(catalog, hit),
        image_name: (hit.image != hit.id).then(|| hit.image.clone()),
    }
}

/// In the order of the source's columns, where the most telling come first.
fn sheet_attributes(catalog: &Catalog, hit: &Hit) -> Vec<(String, String)> {
    let columns = catalog.schema().columns.iter();
    let value = |name: &String| Some((name.clone(), hit.attributes.get(name)?.to_string()));
    columns.filter_map(|column| value(&column.name)).collect()
}

fn item_picture(catalog: &Catalog, id: &str) -> Option<Vec<u8>> {
    let item = catalog.get(id).ok()?;
    let (name, _) = item.images.first()?;
    catalog.image_bytes(id, name)
}

fn sheet_picture(bytes: Vec<u8>) -> Option<SheetPicture> {
    let mime = Format::of(&bytes)?.media_type();
    Some(SheetPicture { mime, bytes })
}
