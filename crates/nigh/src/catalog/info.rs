//! `nigh catalog info`.

use anyhow::Result;
use bytesize::ByteSize;
use nigh_engine::{Catalog, CatalogInfo, OtherInfo, ShapeRecall};
use nigh_store::OtherState;

use crate::cli::InfoArgs;
use crate::index::words;
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &InfoArgs, output: Output) -> Result<Exit> {
    let catalog = Catalog::open(&args.dir)?;
    catalog.notes().iter().for_each(|note| output.note(note));
    let info = catalog.info()?;
    if args.json {
        output.json(&info)?;
    } else {
        lines(&info).iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

/// A count that only a published view has.
fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "?".to_owned(), |count| count.to_string())
}

fn lines(info: &CatalogInfo) -> Vec<String> {
    let mut lines = vec![
        format!("items       {}", info.items),
        format!("images      {}", info.images),
        format!("encoder     {}", info.encoder),
        format!(
            "dimension   {} numbers of {}",
            info.dimension, info.precision
        ),
        format!(
            "published   {} images in {} lists",
            info.published_images, info.lists
        ),
        format!("searches    {}", searches(info)),
        format!("newer       {} items, searched exactly", info.newer_items),
        format!("on disk     {:.1} MB", info.bytes_on_disk as f64 / 1e6),
        format!("created     {}", info.created),
        String::new(),
    ];
    if let Some(other) = &info.other {
        lines.insert(4, format!("besides     {}", besides(other, info.items)));
    }
    if !info.running_recall.is_empty() {
        lines.extend(recall_lines(info));
        lines.push(String::new());
    }
    let row = |column: &nigh_engine::ColumnInfo| {
        let most: Vec<String> = column
            .most_common
            .iter()
            .map(|(value, count)| format!("{value} ({count})"))
            .collect();
        vec![
            column.name.clone(),
            column.kind.clone(),
            count(column.nulls),
            count(column.distinct),
            most.join(", "),
        ]
    };
    let rows: Vec<_> = info.columns.iter().map(row).collect();
    lines.extend(table::lines(
        &["attribute", "type", "nulls", "distinct", "most common"],
        &rows,
    ));
    lines
}

/// The embeddings that are not searched.
fn besides(other: &OtherInfo, items: usize) -> String {
    let of = other
        .items
        .map_or_else(|| "?".to_owned(), |of| of.to_string());
    let state = match other.state {
        OtherState::Preparing => format!("being prepared, {of} of {items} items so far"),
        OtherState::Kept => "kept to go back to (--rollback; --drop-old frees them)".to_owned(),
    };
    format!(
        "{} numbers of {} by {}: {state}",
        other.dimension, other.precision, other.encoder
    )
}

/// What searches of the published view do.
fn searches(info: &CatalogInfo) -> String {
    match &info.operating_point {
        Some(point) => {
            let recall = point.recall_at_10;
            format!(
                "{}: {:.0} µs, {:.1} % of the ten nearest ({:.1} to {:.1} %), {} of memory",
                words(&point.setting),
                point.latency_us,
                100.0 * recall.mean,
                100.0 * recall.low,
                100.0 * recall.high,
                ByteSize::b(point.resident_bytes).display().si(),
            )
        }
        None if info.goal.is_some() => "tuned for a goal that no setting reaches".to_owned(),
        None => "not tuned: `nigh catalog tune` measures and chooses".to_owned(),
    }
}

/// The recall of the searches that were checked.
fn recall_lines(info: &CatalogInfo) -> Vec<String> {
    let row = |of: &ShapeRecall| {
        vec![
            of.shape.clone(),
            words(&of.setting),
            of.searches.to_string(),
            format!("{:.4}", of.recall.mean),
            format!("{:.4} to {:.4}", of.recall.low, of.recall.high),
        ]
    };
    let rows: Vec<_> = info.running_recall.iter().map(row).collect();
    let header = [
        "checked searches",
        "setting",
        "number",
        "recall",
        "with 95 % confidence",
    ];
    table::lines(&header, &rows)
}
