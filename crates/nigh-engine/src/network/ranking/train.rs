//! Training the ranking of a network.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use nigh_graph::{Adjacency, Csr};
use nigh_learn::{
    Embedder, GnnTraining, LinkError, LinkModel, LinkProgress, LinkTables, LinkTraining, Profiles,
};
use nigh_store::OpenError;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::files::{About, Checkpoint, Files, lock_training, remove_all, remove_checkpoint};
use super::{Ranking, profiles};
use crate::network::{Network, NetworkError};

/// What a training does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrainProgress {
    /// Learns embeddings.
    Embedding {
        /// Steps taken.
        step: usize,
        /// How well held-out friendships are ranked by embeddings alone.
        validation_mrr: f64,
    },
    /// Learns to rank.
    Ranking(LinkProgress),
    /// Waits for another process that writes.
    Waiting,
    /// Learns the embeddings of LightGCN, to compare with.
    Baseline,
}

/// What a training did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trained {
    /// Friendships that were there to learn from.
    pub edges: usize,
    /// Attributes of people that were learned from.
    pub attributes: Vec<String>,
    /// Trees that score a candidate.
    pub trees: usize,
    /// The ten features that brought most in training, with their shares.
    pub features: Vec<(String, f32)>,
    /// How well held-out friendships were ranked by embeddings alone.
    pub embedding_mrr: f64,
    /// The step from which on an earlier training was gone on with; 0 for a new one.
    pub resumed_at: usize,
    /// What was written.
    pub index: About,
    /// Seconds by the clock.
    pub seconds: f64,
    /// Seconds of all cores.
    pub cpu_seconds: f64,
}

/// Checkpoints are written no more often.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(5);

impl Network {
    /// Trains the ranking of the network at `dir` and writes it; the next answer uses it. The network is not held open
    /// meanwhile, so that it can be written to.
    ///
    /// A training that was stopped or killed while it learned embeddings is gone on with by the next of the same seed, where
    /// neither friendships nor attributes changed since; the result is the same.
    ///
    /// # Errors
    /// [`NetworkError`]; an earlier ranking stays then.
    pub fn train(
        dir: &Path,
        seed: u64,
        mut progress: impl FnMut(TrainProgress) -> ControlFlow<()>,
    ) -> Result<Trained, NetworkError> {
        let (started, cpu) = (Instant::now(), ProcessTime::now());
        let network = Network::open(dir)?;
        let Some(_lock) = lock_training(dir)? else {
            let path = dir.to_owned();
            return Err(NetworkError::Training { path });
        };
        let data = Data::of(&network)?;
        drop(network);
        let checkpoint = Checkpoint::new(dir, data.key(seed));
        let training = data.training(seed);
        let (embedder, resumed_at) = data.embedder(&training, &checkpoint, &mut progress)?;
        let embedding_mrr = embedder.validation_mrr();
        let ranking = |part| progress(TrainProgress::Ranking(part));
        let (model, _) = data.model(embedder, &training, ranking)?;
        // Of the graph as it is by now. While it is open nobody writes: nobody is erased before the tables are in use.
        let network = open_patiently(dir, &mut progress)?;
        if data.lost_somebody(&network)? {
            return Err(NetworkError::ErasedMeanwhile);
        }
        let index = network.publish_ranking(&model)?;
        drop(network);
        checkpoint.remove();
        let features = model.importance().into_iter().take(10);
        Ok(Trained {
            edges: data.graph.edges(),
            attributes: data
                .encoder
                .attributes()
                .iter()
                .map(|a| a.0.clone())
                .collect(),
            trees: model.trees(),
            features: features
                .map(|(name, share)| (name.to_owned(), share))
                .collect(),
            embedding_mrr,
            resumed_at,
            index,
            seconds: started.elapsed().as_secs_f64(),
            cpu_seconds: cpu.elapsed().as_secs_f64(),
        })
    }

    /// Computes the tables and the index of a trained ranking anew, where there is one; what cannot be read is removed.
    pub(in crate::network) fn refresh_ranking(&mut self) -> Result<(), NetworkError> {
        remove_checkpoint(&self.dir);
        let (people, edges) = (self.graph.nodes(), self.graph.edges() as usize);
        let fits = check_memory(people, edges, 0).is_ok();
        match self.ranking() {
            Ok(Some(ranking)) if fits => {
                self.publish_ranking(&ranking.model)?;
            }
            // A ranking that cannot be made anew would keep what was erased.
            _ => remove_all(&self.dir)?,
        }
        self.popular = std::sync::OnceLock::new();
        self.ranking = std::sync::OnceLock::new();
        Ok(())
    }

    fn publish_ranking(&self, model: &LinkModel) -> Result<About, NetworkError> {
        let graph = self.graph.to_csr();
        let profiles = profiles::of(&model.profiles, &self.view.people()?);
        let tables = LinkTables::of(&graph, &profiles, Some(model.embedder()), model.config())?;
        let gone = |person| self.people.is_erased(person);
        Files::publish(&self.dir, model, &tables, self.view.sequence(), gone)
    }
}

/// The network, once no other process writes it any more: what was learned is not thrown away.
fn open_patiently(
    dir: &Path,
    progress: &mut impl FnMut(TrainProgress) -> ControlFlow<()>,
) -> Result<Network, NetworkError> {
    loop {
        match Network::open(dir) {
            Err(NetworkError::Open(OpenError::HeldByWriter { .. })) => {
                if progress(TrainProgress::Waiting).is_break() {
                    return Err(LinkError::Stopped.into());
                }
                std::thread::sleep(BETWEEN_OPENINGS);
            }
            opened => return opened,
        }
    }
}

const BETWEEN_OPENINGS: Duration = Duration::from_millis(500);

/// Refuses what would not fit, where the system says how much is free.
fn check_memory(people: usize, edges: usize, attributes: usize) -> Result<(), NetworkError> {
    const GIB: f64 = (1_u64 << 30) as f64;
    let needed = LinkTraining::memory_bytes(people, edges, attributes);
    match available_memory() {
        Some(available) if available < needed => Err(NetworkError::Memory {
            people,
            needed_gib: needed as f64 / GIB,
            available_gib: available as f64 / GIB,
        }),
        _ => Ok(()),
    }
}

/// In bytes, within the limits of a container; `None` where the system is not Linux.
fn available_memory() -> Option<u64> {
    let number = |file: &str| -> Option<u64> {
        let text = std::fs::read_to_string(Path::new("/sys/fs/cgroup").join(file)).ok()?;
        text.trim().parse().ok()
    };
    let within = number("memory.max").zip(number("memory.current"));
    let within = within.map(|(limit, used)| limit.saturating_sub(used));
    free_memory().map(|free| free.min(within.unwrap_or(u64::MAX)))
}

fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// What there is to learn from.
pub(in crate::network) struct Data {
    pub(in crate::network) graph: Csr,
    encoder: nigh_learn::ProfileEncoder,
    profiles: Profiles,
    /// How many people had been erased.
    erased: usize,
}

impl Data {
    pub(in crate::network) fn of(network: &Network) -> Result<Data, NetworkError> {
        let people = network.view.people()?;
        let names: HashSet<&String> = people.iter().flat_map(|p| p.attributes.keys()).collect();
        let edges = network.graph.edges() as usize;
        check_memory(network.graph.nodes(), edges, names.len())?;
        let graph = network.checked_csr()?;
        let (encoder, profiles) = profiles::fit(&people);
        let erased = people.iter().filter(|person| person.id.is_empty()).count();
        Ok(Data {
            graph,
            encoder,
            profiles,
            erased,
        })
    }

    /// Whether somebody of whom it was learned was erased since.
    fn lost_somebody(&self, now: &Network) -> Result<bool, NetworkError> {
        let people = now.view.people()?;
        let erased = people.iter().filter(|person| person.id.is_empty()).count();
        Ok(erased != self.erased)
    }

    /// The same people, other friendships.
    pub(in crate::network) fn with_graph(self, graph: Csr) -> Data {
        Data { graph, ..self }
    }

    pub(in crate::network) fn training(&self, seed: u64) -> LinkTraining {
        LinkTraining {
            seed,
            ..LinkTraining::for_graph(&self.graph)
        }
    }

    /// A number that other data or another seed does not have.
    fn key(&self, seed: u64) -> u64 {
        let mut hash = Xxh3::with_seed(seed);
        hash.update(format!("{:?}", self.training(seed)).as_bytes());
        for offset in self.graph.offsets() {
            hash.update(&offset.to_le_bytes());
        }
        for target in self.graph.targets() {
            hash.update(&target.to_le_bytes());
        }
        for edge in self.graph.iter_edges() {
            hash.update(&edge.time.to_le_bytes());
        }
        for value in self.profiles.values() {
            hash.update(&value.to_le_bytes());
        }
        hash.digest()
    }

    fn model(
        &self,
        embedder: Embedder,
        training: &LinkTraining,
        progress: impl FnMut(LinkProgress) -> ControlFlow<()>,
    ) -> Result<(LinkModel, LinkTables), LinkError> {
        let (graph, profiles) = (&self.graph, &self.profiles);
        let trained = LinkModel::train(graph, profiles, embedder, training, progress);
        let (mut model, tables) = trained?;
        model.profiles = self.encoder.clone();
        Ok((model, tables))
    }

    /// What embeds people, and the step from which on it was gone on with; where it is, is written now and then.
    fn embedder(
        &self,
        training: &LinkTraining,
        checkpoint: &Checkpoint,
        progress: &mut impl FnMut(TrainProgress) -> ControlFlow<()>,
    ) -> Result<(Embedder, usize), NetworkError> {
        let resumed = checkpoint.read();
        let resumed_at = resumed.as_ref().map_or(0, GnnTraining::step);
        let (mut written, mut last) = (Ok(()), Instant::now());
        let embedder = training.embedder(&self.graph, &self.profiles, resumed, |at, look| {
            let told = progress(TrainProgress::Embedding {
                step: look.step,
                validation_mrr: look.validation_mrr,
            });
            if told.is_break() || last.elapsed() > BETWEEN_CHECKPOINTS {
                written = checkpoint.write(at);
                last = Instant::now();
            }
            match written {
                Ok(()) => told,
                Err(_) => ControlFlow::Break(()),
            }
        });
        written?;
        Ok((embedder?, resumed_at))
    }

    /// A ranking that is written nowhere.
    pub(in crate::network) fn ranking(
        &self,
        seed: u64,
        mut progress: impl FnMut(TrainProgress) -> ControlFlow<()>,
    ) -> Result<Ranking, NetworkError> {
        let training = self.training(seed);
        let embedder = training.embedder(&self.graph, &self.profiles, None, |_, look| {
            progress(TrainProgress::Embedding {
                step: look.step,
                validation_mrr: look.validation_mrr,
            })
        })?;
        let progress = |part| progress(TrainProgress::Ranking(part));
        let (model, tables) = self.model(embedder, &training, progress)?;
        Ok(Ranking {
            model,
            tables,
            index: None,
            sequence: 0,
        })
    }
}
