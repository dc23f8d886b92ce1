//! Commands that change a network: durable when they end, known to the next answer.

use anyhow::{Result, bail};
use nigh_engine::network::{Added, EdgeRow, Network};
use serde_json::json;

use super::stream;
use crate::cli::people::{AddEdgeArgs, OneArgs, TwoArgs};
use crate::output::{Exit, Output};

pub(crate) fn add_edge(args: &AddEdgeArgs, output: Output) -> Result<Exit> {
    if let Some(file) = &args.from {
        return stream::add_edges(args, file, output);
    }
    let (Some(a), Some(b)) = (args.a.clone(), args.b.clone()) else {
        bail!("two people are needed, or --from");
    };
    let (time, weight) = (args.time, 1.0);
    let mut network = Network::open_writer(&args.dir)?;
    let added = network.add_edges(&[EdgeRow { a, b, time, weight }])?;
    report(&added, args.json, output)?;
    tidy(&mut network, output);
    Ok(Exit::Done)
}

/// Writes everything anew once the log is long. The change itself is on the disk already, whatever comes of this.
pub(super) fn tidy(network: &mut Network, output: Output) {
    if let Err(error) = network.fold_if_large() {
        output.note(format!(
            "the change is on the disk; writing everything anew, which makes openings quicker, failed: {error}"
        ));
    }
}

pub(super) fn report(added: &Added, json: bool, output: Output) -> Result<()> {
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
    let mut network = Network::open_writer(&args.dir)?;
    if !network.remove_edge(&args.a, &args.b)? {
        output.note(format!("{} and {} were no friends", args.a, args.b));
        return Ok(Exit::NotFound);
    }
    output.line(format!("{} and {} are friends no more", args.a, args.b))?;
    tidy(&mut network, output);
    Ok(Exit::Done)
}

pub(crate) fn dismiss(args: &TwoArgs, output: Output) -> Result<Exit> {
    let mut network = Network::open_writer(&args.dir)?;
    network.dismiss(&args.a, &args.b)?;
    output.line(format!(
        "{} will not be suggested to {} again",
        args.b, args.a
    ))?;
    tidy(&mut network, output);
    Ok(Exit::Done)
}

pub(crate) fn block(args: &TwoArgs, output: Output) -> Result<Exit> {
    let mut network = Network::open_writer(&args.dir)?;
    network.block(&args.a, &args.b)?;
    output.line(format!("{} and {} will not see each other", args.a, args.b))?;
    tidy(&mut network, output);
    Ok(Exit::Done)
}

pub(crate) fn hide_list(args: &OneArgs, output: Output) -> Result<Exit> {
    let mut network = Network::open_writer(&args.dir)?;
    network.hide_list(&args.person)?;
    output.line(format!(
        "the friends of {} are not told any more",
        args.person
    ))?;
    tidy(&mut network, output);
    Ok(Exit::Done)
}

pub(crate) fn opt_out(args: &OneArgs, output: Output) -> Result<Exit> {
    let mut network = Network::open_writer(&args.dir)?;
    network.opt_out(&args.person)?;
    output.line(format!("{} will be suggested to nobody", args.person))?;
    tidy(&mut network, output);
    Ok(Exit::Done)
}

pub(crate) fn erase(args: &OneArgs, output: Output) -> Result<Exit> {
    Network::open_writer(&args.dir)?.erase(&args.person)?;
    output.line(format!("{} is erased", args.person))?;
    Ok(Exit::Done)
}
