//! Commands that change a network: durable when they end, known to the next answer.

use std::io::BufRead;
use std::path::Path;

use anyhow::{Context, Result, bail};
use nigh_engine::network::{Added, EdgeRow, Network};
use serde_json::json;

use crate::cli::people::{AddEdgeArgs, OneArgs, TwoArgs};
use crate::interrupt;
use crate::output::{Exit, Output};

pub(crate) fn add_edge(args: &AddEdgeArgs, output: Output) -> Result<Exit> {
    if let Some(file) = &args.from {
        return add_edges(args, file, output);
    }
    let (Some(a), Some(b)) = (args.a.clone(), args.b.clone()) else {
        bail!("two people are needed, or --from");
    };
    let (time, weight) = (args.time, 1.0);
    let mut network = Network::open_writer(&args.dir)?;
    let added = network.add_edges(&[EdgeRow { a, b, time, weight }])?;
    report(&added, args.json, output)?;
    Ok(Exit::Done)
}

/// Adds the friendships of a file or of standard input, batch by batch. Ctrl-C ends behind a batch.
fn add_edges(args: &AddEdgeArgs, file: &Path, output: Output) -> Result<Exit> {
    let stop = interrupt::flag()?;
    let reader: Box<dyn BufRead> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => {
            let opened = std::fs::File::open(file);
            let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
            Box::new(std::io::BufReader::new(opened))
        }
    };
    let mut network = Network::open_writer(&args.dir)?;
    let mut writer = Writer::default();
    let mut rejected = 0;
    for (place, line) in reader.lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {}", file.display()))?;
        match row(&line) {
            Ok(Some(row)) => writer.batch.push(row),
            Ok(None) => continue,
            Err(reason) => {
                rejected += 1;
                output.note(format!("{} line {}: {reason}", file.display(), place + 1));
            }
        }
        if writer.batch.len() >= args.batch as usize {
            writer.write(&mut network, args.json, output)?;
            network.fold_if_large()?;
        }
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            break;
        }
    }
    writer.write(&mut network, args.json, output)?;
    report(&writer.total, args.json, output)?;
    if rejected > 0 {
        output.note(format!("{rejected} rows were rejected"));
    }
    let stopped = stop.load(std::sync::atomic::Ordering::Relaxed);
    Ok(if stopped {
        Exit::Interrupted
    } else {
        Exit::Done
    })
}

#[derive(Default)]
struct Writer {
    batch: Vec<EdgeRow>,
    acknowledged: usize,
    total: Added,
}

impl Writer {
    fn write(&mut self, network: &mut Network, json: bool, output: Output) -> Result<()> {
        let rows = std::mem::take(&mut self.batch);
        if rows.is_empty() {
            return Ok(());
        }
        self.count(network.add_edges(&rows)?);
        self.acknowledged += rows.len();
        if json {
            output.json(&json!({"acknowledged": self.acknowledged}))?;
        }
        Ok(())
    }

    fn count(&mut self, added: Added) {
        self.total.edges += added.edges;
        self.total.updated += added.updated;
        self.total.people += added.people;
    }
}

/// The friendship of a line; none in an empty one or a comment.
fn row(line: &str) -> Result<Option<EdgeRow>, String> {
    let separators = |c: char| c.is_whitespace() || c == ',';
    let words: Vec<&str> = line
        .split(separators)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (a, b, rest) = match words[..] {
        [a, b, ref rest @ ..] if rest.len() <= 2 => (a.to_owned(), b.to_owned(), rest),
        _ => {
            return Err(format!(
                "two to four words were expected, {} found",
                words.len()
            ));
        }
    };
    let no_number = |name: &str, word: &str| format!("the {name} {word:?} is no number");
    let time = match rest.first() {
        Some(word) => word.parse().map_err(|_| no_number("time", word))?,
        None => 0,
    };
    let weight = match rest.get(1) {
        Some(word) => word.parse().map_err(|_| no_number("weight", word))?,
        None => 1.0,
    };
    let row = EdgeRow { a, b, time, weight };
    match row.check() {
        Ok(()) => Ok(Some(row)),
        Err(error) => Err(error.to_string()),
    }
}

fn report(added: &Added, json: bool, output: Output) -> Result<()> {
    if json {
        return output.json(&json!({"added": added}));
    }
    let Added {
        edges,
        updated,
        people,
    } = added;
    output.line(format!(
        "{edges} friendships added, {updated} updated, {people} people came"
    ))
}

pub(crate) fn remove_edge(args: &TwoArgs, output: Output) -> Result<Exit> {
    let found = Network::open_writer(&args.dir)?.remove_edge(&args.a, &args.b)?;
    if !found {
        output.note(format!("{} and {} were no friends", args.a, args.b));
        return Ok(Exit::NotFound);
    }
    output.line(format!("{} and {} are friends no more", args.a, args.b))?;
    Ok(Exit::Done)
}

pub(crate) fn dismiss(args: &TwoArgs, output: Output) -> Result<Exit> {
    Network::open_writer(&args.dir)?.dismiss(&args.a, &args.b)?;
    output.line(format!(
        "{} will not be suggested to {} again",
        args.b, args.a
    ))?;
    Ok(Exit::Done)
}

pub(crate) fn block(args: &TwoArgs, output: Output) -> Result<Exit> {
    Network::open_writer(&args.dir)?.block(&args.a, &args.b)?;
    output.line(format!("{} and {} will not see each other", args.a, args.b))?;
    Ok(Exit::Done)
}

pub(crate) fn hide_list(args: &OneArgs, output: Output) -> Result<Exit> {
    Network::open_writer(&args.dir)?.hide_list(&args.person)?;
    output.line(format!(
        "the friends of {} are not told any more",
        args.person
    ))?;
    Ok(Exit::Done)
}

pub(crate) fn opt_out(args: &OneArgs, output: Output) -> Result<Exit> {
    Network::open_writer(&args.dir)?.opt_out(&args.person)?;
    output.line(format!("{} will be suggested to nobody", args.person))?;
    Ok(Exit::Done)
}

pub(crate) fn erase(args: &OneArgs, output: Output) -> Result<Exit> {
    Network::open_writer(&args.dir)?.erase(&args.person)?;
    output.line(format!("{} is erased", args.person))?;
    Ok(Exit::Done)
}
