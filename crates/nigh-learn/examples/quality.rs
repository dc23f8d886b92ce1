//! Ranking figures of graph embeddings on the fixed splits: `quality DIR/splits METHOD SEEDS GRAPH…`, the method `lightgcn`
//! or `sage`, with settings behind it: `sage,bare,slope=0.2` (bare: without structural features; give it a table=128).
//!
//! Models see `fit` only, stop by `val`, then embed `train` = `fit` + `val`; `test` is measured.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures"
)]

use std::path::Path;

use cpu_time::ProcessTime;
use nigh_graph::{Csr, Edge};
use nigh_learn::{
    EmbedderConfig, GnnConfig, LayerKind, LightGcnConfig, Matrix, RankingMetrics, TieOrder,
    Validation, measure_embeddings, structural_features, train_gnn, train_lightgcn,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, method, seeds, graphs @ ..] = &arguments[..] else {
        println!("usage: quality DIR/splits lightgcn|sage SEEDS GRAPH…");
        return;
    };
    for graph in graphs {
        let split = Split::read(&Path::new(root).join(graph));
        for seed in 0..seeds.parse().unwrap() {
            let before = ProcessTime::now();
            let (embeddings, note) = trained(method, &split, seed);
            let cpu_s = before.elapsed().as_secs_f64();
            let got = split.test(&embeddings);
            println!(
                "{graph} {method} seed {seed}: recall_at_10 {:.4} mrr {:.4} cpu_s {cpu_s:.1} {note}",
                got.recall_at_10, got.mrr
            );
        }
    }
}

fn trained(method: &str, split: &Split, seed: u64) -> (Matrix, String) {
    let order = TieOrder::of_numbers(split.nodes);
    let validation = Validation::sample(&split.val, 500, order, seed);
    let fit = Csr::from_edges(split.nodes, &split.fit);
    if method.starts_with("lightgcn") {
        let default = LightGcnConfig::default();
        let links = match method.split_once(",links=") {
            Some((_, links)) => links.parse().unwrap(),
            None => default.links,
        };
        let config = LightGcnConfig {
            seed,
            links,
            ..default
        };
        let model = train_lightgcn(&fit, &config, &validation, |_| ()).unwrap();
        let note = note(model.best_step, model.validation_mrr);
        return (model.embed(&split.train), note);
    }
    let config = settings(method, seed);
    let structure = |graph: &Csr| match method.contains("bare") {
        true => Matrix::zeros(split.nodes, 0),
        false => structural_features(graph, &[], &EmbedderConfig::default().structure),
    };
    let features = structure(&fit);
    let model = train_gnn(&fit, &features, &config, &validation, |_| ()).unwrap();
    let note = note(model.best_step, model.validation_mrr);
    (
        model.embed(&split.train, &structure(&split.train)).unwrap(),
        note,
    )
}

fn note(best_step: usize, validation_mrr: f64) -> String {
    format!("best_step {best_step} val_mrr {validation_mrr:.4}")
}

fn settings(method: &str, seed: u64) -> GnnConfig {
    let mut config = GnnConfig {
        seed,
        ..EmbedderConfig::default().network
    };
    for part in method.split(',').skip(1).filter(|&part| part != "bare") {
        let (name, value) = part.split_once('=').unwrap();
        let number: f64 = value.parse().unwrap();
        match name {
            "slope" => config.slope = number as f32,
            "mean" => config.mean_of_layers = number > 0.0,
            "smooth" => config.smooth_start = number as f32,
            "lr" => config.learning_rate = number as f32,
            "layer_rate" => config.layer_rate = number as f32,
            "look" => config.steps_per_look = number as usize,
            "patience" => config.patience = number as usize,
            "degree" => config.degree_power = number as f32,
            "dev" => config.table_deviation = number as f32,
            "scale" => config.scale = number as f32,
            "table" => config.table = number as usize,
            "norm" => config.normalize = number > 0.0,
            "uniform" => config.negatives.uniform = number as usize,
            "batch" => config.negatives.in_batch = number as usize,
            "hard" => config.negatives.hard = number as usize,
            "links" => config.links = number as usize,
            "heldout" => config.held_out = number,
            "fan" => config.fan_outs = vec![number as usize; 2],
            "layer" => {
                config.layer = [
                    LayerKind::SageMean,
                    LayerKind::SagePool,
                    LayerKind::Gcn,
                    LayerKind::Gat { heads: 4 },
                ][number as usize]
            }
            _ => println!("unknown setting {name}"),
        }
    }
    config
}

struct Split {
    nodes: usize,
    fit: Vec<Edge>,
    val: Vec<Edge>,
    train: Csr,
    users: Vec<(u32, Vec<u32>)>,
}

impl Split {
    fn read(folder: &Path) -> Split {
        let nodes = numbers(&folder.join("n.txt"))[0] as usize;
        let [fit, val, test] =
            ["fit", "val", "test"].map(|part| edges(&folder.join(format!("{part}.txt"))));
        let known: Vec<Edge> = fit.iter().chain(&val).copied().collect();
        let relevant = Csr::from_edges(nodes, &test);
        let user = |&user: &u32| (user, relevant.list(user).to_vec());
        let users = numbers(&folder.join("users.txt"))
            .iter()
            .map(user)
            .collect();
        Split {
            nodes,
            fit,
            val,
            train: Csr::from_edges(nodes, &known),
            users,
        }
    }

    fn test(&self, embeddings: &Matrix) -> RankingMetrics {
        let order = TieOrder::of_numbers(self.nodes);
        measure_embeddings(&self.users, &self.train, &order, embeddings)
    }
}

fn edges(path: &Path) -> Vec<Edge> {
    numbers(path)
        .chunks_exact(2)
        .map(|pair| Edge::new(pair[0], pair[1]))
        .collect()
}

fn numbers(path: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace()
        .map(|word| word.parse().unwrap())
        .collect()
}
