//! `nigh people eval`.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use anyhow::Result;
use nigh_engine::network::{
    MethodMetrics, Network, NetworkError, NetworkEval, evaluate, evaluate_newest, read_holdout,
};
use nigh_learn::LinkError;

use super::train::{Narrator, ranking_note};
use crate::cli::people::EvalPeopleArgs;
use crate::interrupt;
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &EvalPeopleArgs, output: Output) -> Result<Exit> {
    let stop = interrupt::flag()?;
    let mut narrator = Narrator::new(output);
    let progress = |part| {
        narrator.tell(part);
        match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let seeds = args.seeds as usize;
    // Read first: a file that is not there should not wait for a network.
    let holdout = match &args.holdout {
        Some(file) => Some(read_holdout(file, args.users.as_deref())?),
        None => None,
    };
    let network = Network::open(&args.dir)?;
    let eval = match (holdout, args.newest) {
        (Some(holdout), _) => {
            ranking_note(&network, output);
            evaluate(&network, &holdout, seeds, progress)
        }
        (None, share) => evaluate_newest(&network, share.unwrap_or(0.1), seeds, progress),
    };
    let eval = match eval {
        Err(NetworkError::Links(LinkError::Stopped)) => return Ok(Exit::Interrupted),
        eval => eval?,
    };
    notes(&eval, output);
    match args.json {
        true => output.json(&eval)?,
        false => print(&eval, output)?,
    }
    Ok(Exit::Done)
}

fn notes(eval: &NetworkEval, output: Output) {
    if eval.leaked > 0 {
        output.note(format!(
            "{} of {} held-out friendships are in the network: they were not held out, and cannot be found",
            eval.leaked, eval.held_out
        ));
    }
    if eval.changes_since_training > 0 {
        output.note(format!(
            "the network changed {} times since the ranking was trained: friendships that were removed since may have been learned from",
            eval.changes_since_training
        ));
    }
    if eval.unknown_users > 0 {
        output.note(format!(
            "{} of {} users are not in the network: each counts as a miss",
            eval.unknown_users, eval.users
        ));
    }
}

type Column = (&'static str, fn(&MethodMetrics) -> f64);

const COLUMNS: [Column; 6] = [
    ("recall@10", |found| found.recall_at_10),
    ("recall@50", |found| found.recall_at_50),
    ("hits@10", |found| found.hits_at_10),
    ("hits@50", |found| found.hits_at_50),
    ("MRR", |found| found.mrr),
    ("AUC", |found| found.auc),
];

fn print(eval: &NetworkEval, output: Output) -> Result<()> {
    let mut head = vec!["method"];
    head.extend(COLUMNS.map(|(name, _)| name));
    let row = |(name, found): (&String, &MethodMetrics)| {
        let deviation = eval.deviations.get(name);
        let cell = |(_, of): Column| match deviation {
            Some(deviation) => format!("{:.4} ± {:.4}", of(found), of(deviation)),
            None => format!("{:.4}", of(found)),
        };
        let mut row = vec![name.clone()];
        row.extend(COLUMNS.map(cell));
        row
    };
    let rows: Vec<Vec<String>> = eval.methods.iter().map(row).collect();
    for line in table::lines(&head, &rows) {
        output.line(line)?;
    }
    output.note(format!(
        "{} users, {} held-out friendships; {:.1} % of a user's are among the candidates",
        eval.users,
        eval.held_out,
        eval.candidate_recall * 100.0
    ));
    Ok(())
}
