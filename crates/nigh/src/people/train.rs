//! `nigh people train`.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use nigh_engine::network::{LinkProgress, Network, NetworkError, TrainProgress, Trained};
use nigh_learn::LinkError;

use crate::cli::people::TrainPeopleArgs;
use crate::interrupt;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &TrainPeopleArgs, output: Output) -> Result<Exit> {
    let stop = interrupt::flag()?;
    let mut narrator = Narrator::new(output);
    let trained = Network::train(&args.dir, args.seed, |part| {
        narrator.tell(part);
        match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    let trained = match trained {
        Err(NetworkError::Links(LinkError::Stopped)) => {
            output.note("stopped; the same command again goes on with the embeddings");
            return Ok(Exit::Interrupted);
        }
        trained => trained?,
    };
    match args.json {
        true => output.json(&trained)?,
        false => print(&trained, output)?,
    }
    Ok(Exit::Done)
}

fn print(trained: &Trained, output: Output) -> Result<()> {
    if trained.resumed_at > 0 {
        output.note(format!("went on after step {}", trained.resumed_at));
    }
    if !trained.attributes.is_empty() {
        output.line(format!("attributes: {}", trained.attributes.join(", ")))?;
    }
    let index = &trained.index;
    output.line(format!(
        "{} people embedded in {} dimensions (model {}); by these alone a held-out friend's MRR is {:.3}",
        index.people, index.dim, index.fingerprint, trained.embedding_mrr
    ))?;
    output.line(format!(
        "{} trees from {} friendships, {:.0} s ({:.0} CPU-s)",
        trained.trees, trained.edges, trained.seconds, trained.cpu_seconds
    ))?;
    let features = trained.features.iter();
    let shares = features.map(|(name, share)| format!("{name} {:.0} %", share * 100.0));
    output.line(format!(
        "they look most at {}",
        shares.collect::<Vec<_>>().join(", ")
    ))
}

/// Says where there is a ranking that cannot be used.
pub(super) fn ranking_note(network: &Network, output: Output) {
    if let Some(problem) = network.ranking_problem() {
        output.note(format!(
            "the trained ranking cannot be used ({problem}); run `nigh people train` again"
        ));
    }
}

/// Says what a training does, not too often.
pub(super) struct Narrator {
    output: Output,
    told: Option<Instant>,
}

const BETWEEN_NOTES: Duration = Duration::from_secs(5);

impl Narrator {
    pub(super) fn new(output: Output) -> Narrator {
        let told = None;
        Narrator { output, told }
    }

    pub(super) fn tell(&mut self, part: TrainProgress) {
        use TrainProgress::{Embedding, Waiting};
        let is_look = matches!(part, Embedding { .. } | Waiting);
        let recent = self.told.is_some_and(|told| told.elapsed() < BETWEEN_NOTES);
        if !is_look || !recent {
            self.output.note(describe(part));
            self.told = is_look.then(Instant::now);
        }
    }
}

fn describe(part: TrainProgress) -> String {
    match part {
        TrainProgress::Embedding {
            step,
            validation_mrr,
        } => format!("learning embeddings, step {step}, MRR {validation_mrr:.3}"),
        TrainProgress::Ranking(LinkProgress::HoldOut { number, of }) => {
            format!("holding out friendships, {number} of {of}")
        }
        TrainProgress::Ranking(LinkProgress::Trees { candidates }) => {
            format!("growing trees on {candidates} candidates")
        }
        TrainProgress::Waiting => "waiting for the process that writes the network".to_owned(),
        TrainProgress::Baseline => "learning LightGCN, to compare with".to_owned(),
        TrainProgress::Ranking(LinkProgress::Tables) => "computing tables of everybody".to_owned(),
    }
}
