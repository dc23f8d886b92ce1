//! `nigh people eval`.

use anyhow::Result;
use nigh_engine::network::{Network, evaluate, read_holdout};

use crate::cli::people::EvalPeopleArgs;
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &EvalPeopleArgs, output: Output) -> Result<Exit> {
    let holdout = read_holdout(&args.holdout, args.users.as_deref())?;
    let network = Network::open(&args.dir)?;
    let eval = evaluate(&network, &holdout);
    if eval.leaked > 0 {
        output.note(format!(
            "{} of {} held-out friendships are in the network: they were not held out, and cannot be found",
            eval.leaked, eval.held_out
        ));
    }
    if eval.unknown_users > 0 {
        output.note(format!(
            "{} of {} users are not in the network: each counts as a miss",
            eval.unknown_users, eval.users
        ));
    }
    if args.json {
        output.json(&eval)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = eval
        .methods
        .iter()
        .map(|(name, found)| {
            let shares = [
                found.recall_at_10,
                found.recall_at_50,
                found.hits_at_10,
                found.hits_at_50,
                found.mrr,
            ];
            let mut row = vec![name.clone()];
            row.extend(shares.map(|share| format!("{share:.4}")));
            row
        })
        .collect();
    let head = [
        "method",
        "recall@10",
        "recall@50",
        "hits@10",
        "hits@50",
        "MRR",
    ];
    for line in table::lines(&head, &rows) {
        output.line(line)?;
    }
    output.note(format!(
        "{} users, {} held-out friendships",
        eval.users, eval.held_out
    ));
    Ok(Exit::Done)
}
