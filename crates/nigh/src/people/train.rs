//! `nigh people train`.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use anyhow::Result;
use nigh_engine::network::{LinkProgress, Network, NetworkError};
use nigh_learn::LinkError;

use crate::cli::people::TrainPeopleArgs;
use crate::interrupt;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &TrainPeopleArgs, output: Output) -> Result<Exit> {
    let stop = interrupt::flag()?;
    let trained = Network::train(&args.dir, args.seed, |part| {
        output.note(describe(part));
        match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    let trained = match trained {
        Err(NetworkError::Links(LinkError::Stopped)) => return Ok(Exit::Interrupted),
        trained => trained?,
    };
    if args.json {
        output.json(&trained)?;
        return Ok(Exit::Done);
    }
    output.line(format!(
        "{} trees from {} friendships, {:.0} s ({:.0} CPU-s)",
        trained.trees, trained.edges, trained.seconds, trained.cpu_seconds
    ))?;
    let features = trained.features.iter();
    let shares = features.map(|(name, share)| format!("{name} {:.0} %", share * 100.0));
    output.line(format!(
        "they look most at {}",
        shares.collect::<Vec<_>>().join(", ")
    ))?;
    Ok(Exit::Done)
}

fn describe(part: LinkProgress) -> String {
    match part {
        LinkProgress::HoldOut { number, of } => {
            format!("holding out friendships, {number} of {of}")
        }
        LinkProgress::Trees { candidates } => format!("growing trees on {candidates} candidates"),
        LinkProgress::Tables => "computing tables of everybody".to_owned(),
    }
}
