//! `nigh catalog info`.

use anyhow::Result;
use nigh_engine::{Catalog, CatalogInfo};

use crate::cli::InfoArgs;
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
        format!("dimension   {}", info.dimension),
        format!(
            "published   {} images in {} lists",
            info.published_images, info.lists
        ),
        format!("newer       {} items, searched exactly", info.newer_items),
        format!("on disk     {:.1} MB", info.bytes_on_disk as f64 / 1e6),
        format!("created     {}", info.created),
        String::new(),
    ];
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
