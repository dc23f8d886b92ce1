//! Ranking figures of graph embeddings on the fixed splits: `quality DIR/splits METHOD SEEDS GRAPH…`.
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
    LightGcnConfig, Matrix, RankingMetrics, TieOrder, Validation, measure_embeddings,
    train_lightgcn,
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
    let _ = method;
    let config = LightGcnConfig {
        seed,
        ..LightGcnConfig::default()
    };
    let model = train_lightgcn(&fit, &config, &validation, |_| ()).unwrap();
    let note = format!(
        "best_step {} val_mrr {:.4}",
        model.best_step, model.validation_mrr
    );
    (model.embed(&split.train), note)
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
