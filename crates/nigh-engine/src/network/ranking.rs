//! The trained ranking of a network: `DIR/model/links.model` and the tables of one state of its graph.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cpu_time::ProcessTime;
use nigh_graph::{Adjacency, Csr, Graph, Scored};
use nigh_learn::{
    LinkError, LinkModel, LinkProgress, LinkScratch, LinkTables, LinkTraining, link_candidates,
};
use serde::Serialize;

use super::{Network, NetworkError};
use crate::publish::write_atomically;

/// A model and what it needs to know of everybody.
#[derive(Debug)]
pub(super) struct Ranking {
    model: LinkModel,
    tables: LinkTables,
}

/// What a search for candidates found.
pub(super) struct Ranked {
    /// Best first.
    pub(super) found: Vec<Scored<f32>>,
    pub(super) paths: usize,
    pub(super) skipped: usize,
}

/// What a training did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trained {
    /// Friendships that were there to learn from.
    pub edges: usize,
    /// Trees that score a candidate.
    pub trees: usize,
    /// The ten features that brought most in training, with their shares.
    pub features: Vec<(String, f32)>,
    /// Seconds by the clock.
    pub seconds: f64,
    /// Seconds of all cores.
    pub cpu_seconds: f64,
}

impl Ranking {
    /// The ranking of a network, if there is one that this program can use.
    pub(super) fn open(dir: &Path) -> Option<Ranking> {
        let model = LinkModel::decode(&fs::read(model_file(dir)).ok()?).ok()?;
        let tables = LinkTables::decode(&fs::read(tables_file(dir)).ok()?).ok()?;
        Some(Ranking { model, tables })
    }

    /// A person's candidates, ranked.
    pub(super) fn rank(
        &self,
        graph: &Graph,
        person: u32,
        scratch: &mut LinkScratch,
    ) -> Result<Ranked, LinkError> {
        let config = self.model.config();
        let candidates = link_candidates(graph, &self.tables, person, &[], config, scratch);
        let mut scores = Vec::new();
        self.model.score(&candidates, &mut scores)?;
        let scored = candidates.nodes.iter().zip(scores);
        let mut found: Vec<Scored<f32>> = scored
            .map(|(&node, score)| Scored { node, score })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.node.cmp(&b.node)));
        Ok(Ranked {
            found,
            paths: candidates.paths,
            skipped: candidates.skipped,
        })
    }
}

impl Network {
    /// Trains the ranking of the network at `dir` and writes it; the next answer uses it. The network is not held open
    /// meanwhile, so that it can be written to.
    ///
    /// # Errors
    /// [`NetworkError`]; an earlier ranking stays then.
    pub fn train(
        dir: &Path,
        seed: u64,
        progress: impl FnMut(LinkProgress) -> ControlFlow<()>,
    ) -> Result<Trained, NetworkError> {
        let (started, cpu) = (Instant::now(), ProcessTime::now());
        let graph = Network::open(dir)?.graph.to_csr();
        let training = LinkTraining {
            seed,
            ..LinkTraining::for_graph(&graph)
        };
        let (model, _) = LinkModel::train(&graph, &training, progress)?;
        // Of the graph as it is by now: whoever was erased meanwhile is in no table.
        let now = Network::open(dir)?.graph.to_csr();
        write_tables(dir, &model, &now)?;
        write(dir, &model_file(dir), &model.encode()?)?;
        let features = model.importance().into_iter().take(10);
        Ok(Trained {
            edges: graph.edges(),
            trees: model.trees(),
            features: features
                .map(|(name, share)| (name.to_owned(), share))
                .collect(),
            seconds: started.elapsed().as_secs_f64(),
            cpu_seconds: cpu.elapsed().as_secs_f64(),
        })
    }

    /// Whether a trained ranking is used.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.ranking.is_some()
    }

    /// Computes the tables of a trained ranking anew, where there is one.
    pub(super) fn refresh_ranking(&mut self) -> Result<(), NetworkError> {
        if let Some(ranking) = &self.ranking {
            write_tables(&self.dir, &ranking.model, &self.graph.to_csr())?;
            self.ranking = Ranking::open(&self.dir);
        }
        Ok(())
    }
}

fn write_tables(dir: &Path, model: &LinkModel, graph: &Csr) -> Result<(), NetworkError> {
    let tables = match graph.nodes() {
        0 => return Ok(()),
        _ => LinkTables::of(graph, model.config()),
    };
    write(dir, &tables_file(dir), &tables.encode()?)
}

fn write(dir: &Path, path: &Path, bytes: &[u8]) -> Result<(), NetworkError> {
    let folder = folder(dir);
    let io = |source| NetworkError::Io {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(&folder).map_err(io)?;
    write_atomically(path, bytes).map_err(io)
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("model")
}

fn model_file(dir: &Path) -> PathBuf {
    folder(dir).join("links.model")
}

fn tables_file(dir: &Path) -> PathBuf {
    folder(dir).join("links.tables")
}
