//! `nigh people import`.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use nigh_engine::edges::{EdgeList, EdgeOptions, EdgesError, read_edges};
use nigh_engine::network::{ImportedPeople, Network, import_people};
use nigh_engine::people_table::{PeopleTable, read_people};
use serde_json::json;

use crate::cli::people::ImportPeopleArgs;
use crate::interrupt;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &ImportPeopleArgs, output: Output) -> Result<Exit> {
    let started = Instant::now();
    let stop = interrupt::flag()?;
    // One that cannot be written is refused before the reading; one that is new is made after it, if there is anything to import.
    let existing = match Network::exists(&args.into) {
        true => Some(Network::open_writer(&args.into)?),
        false => None,
    };
    let table = match &args.people {
        Some(path) => Some(read_people(path, args.id.as_deref(), &args.null)?),
        None => None,
    };
    let bar = bar(output);
    let progress = |read: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(read);
    };
    let list = read_edges(&args.edges, &options(args), &progress, &stop);
    bar.finish_and_clear();
    let list = match list {
        Err(EdgesError::Stopped) => return Ok(Exit::Interrupted),
        list => list?,
    };
    let mut network = match existing {
        Some(network) => network,
        None => Network::open_or_create(&args.into)?,
    };
    let imported = import_people(&mut network, &list, table.as_ref())?;
    let rejected = list.report.rejected.count as usize
        + table.as_ref().map_or(0, |table| table.rejected.len());
    report(
        args,
        &network,
        &list,
        table.as_ref(),
        &imported,
        started,
        output,
    )?;
    Ok(if args.strict && rejected > 0 {
        Exit::Rejects
    } else {
        Exit::Done
    })
}

fn options(args: &ImportPeopleArgs) -> EdgeOptions {
    // Infallible: digits are a place, anything else is a name.
    let column = |flag: &Option<String>| flag.as_ref().and_then(|text| text.parse().ok());
    EdgeOptions {
        from: column(&args.columns.from),
        to: column(&args.columns.to),
        time: column(&args.columns.time),
        weight: column(&args.columns.weight),
        ..EdgeOptions::default()
    }
}

fn bar(output: Output) -> ProgressBar {
    use std::io::IsTerminal;
    if output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:32} {percent}% · {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn report(
    args: &ImportPeopleArgs,
    network: &Network,
    list: &EdgeList,
    table: Option<&PeopleTable>,
    imported: &ImportedPeople,
    started: Instant,
    output: Output,
) -> Result<()> {
    let (info, seconds) = (network.info(), started.elapsed().as_secs_f64());
    let rejected = table.map_or(&[][..], |table| &table.rejected);
    if args.json {
        let report = &list.report;
        let files = report.files.iter().map(
            |file| json!({"path": file.path.display().to_string(), "format": file.format, "rows": file.rows}),
        );
        let people_rejected = rejected.iter().map(sentence);
        return output.json(&json!({
            "files": files.collect::<Vec<_>>(),
            "rows": report.rows,
            "self_loops": report.self_loops,
            "duplicates": report.duplicates,
            "one_way": report.one_way,
            "both_ways": report.both_ways,
            "timed": report.timed,
            "weighted": report.weighted,
            "rejected": {"count": report.rejected.count, "sentences": report.rejected.first},
            "people_rejected": people_rejected.collect::<Vec<_>>(),
            "added": imported,
            "network": info,
            "bytes_per_edge": info.file_bytes as f64 / (info.edges as f64).max(1.0),
            "seconds": seconds,
        }));
    }
    for line in list.report.lines() {
        output.note(line);
    }
    for reject in rejected {
        output.note(sentence(reject));
    }
    if let Some(table) = table {
        output.note(format!(
            "attributes of {} people, by the column {}",
            table.rows.len(),
            table.id_column
        ));
    }
    output.line(format!(
        "{}: {} people (+{}), {} friendships (+{}), {:.1} s",
        args.into.display(),
        info.people,
        imported.people,
        info.edges,
        imported.edges,
        seconds
    ))
}

fn sentence(reject: &nigh_engine::source::Reject) -> String {
    let column = reject
        .column
        .as_ref()
        .map_or(String::new(), |name| format!(", column {name}"));
    format!("{}{column}: {}", reject.origin, reject.reason)
}
