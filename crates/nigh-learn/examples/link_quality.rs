//! Ranking figures of link models on the fixed splits: `link_quality DIR/splits SEEDS GRAPH…`, with settings behind a graph:
//! `lastfm,val,hold_outs=8` (val: trained on `fit`, measured on `val`, to choose settings by).
//!
//! Models are trained on `train` = `fit` + `val` and see nothing else; `test` is measured. Candidates come first, by score;
//! then everybody else, in the order of ties. Times are of the CPU, on one thread.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures"
)]

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use cpu_time::{ProcessTime, ThreadTime};
use nigh_graph::{Csr, Edge};
use nigh_learn::{
    LinkAsking, LinkModel, LinkScratch, LinkTables, LinkTraining, Profiles, RankingCase,
    RankingMetrics, TieOrder, evaluate_ranking, link_candidates, nearest_embeddings,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, seeds, graphs @ ..] = &arguments[..] else {
        println!("usage: link_quality DIR/splits SEEDS GRAPH…");
        return;
    };
    for name in graphs {
        let mut words = name.split(',');
        let folder = Path::new(root).join(words.next().unwrap());
        let split = match name.contains(",val") {
            true => Split::to_choose_by(&folder),
            false => Split::read(&folder),
        };
        for seed in 0..seeds.parse().unwrap() {
            let config = settings(words.clone(), &split.train, seed);
            let before = ProcessTime::now();
            let progress = |_| ControlFlow::Continue(());
            let (graph, people) = (&split.train, Profiles::default());
            let embedder = config.embedder(graph, &people, None, |_, state| {
                println!("  step {} mrr {:.4}", state.step, state.validation_mrr);
                ControlFlow::Continue(())
            });
            let embedder = embedder.unwrap();
            let embedder_s = before.elapsed().as_secs_f64();
            let (model, tables) =
                LinkModel::train(graph, &people, embedder, &config, progress).unwrap();
            let cpu_s = before.elapsed().as_secs_f64();
            let trees = model.trees();
            println!(
                "{name} seed {seed}: train_cpu_s {cpu_s:.1} embedder_cpu_s {embedder_s:.1} trees {trees}"
            );
            split.report(&model, &tables);
        }
    }
}

fn settings<'a>(words: impl Iterator<Item = &'a str>, train: &Csr, seed: u64) -> LinkTraining {
    let mut config = LinkTraining {
        seed,
        ..LinkTraining::for_graph(train)
    };
    for (name, value) in words.filter_map(|word| word.split_once('=')) {
        match name {
            "hold_outs" => config.hold_outs = value.parse().unwrap(),
            "people" => config.people = value.parse().unwrap(),
            "validation_people" => config.validation_people = value.parse().unwrap(),
            "kept" => config.kept = value.parse().unwrap(),
            "models" => config.ranker.models = value.parse().unwrap(),
            "rounds" => config.ranker.rounds = value.parse().unwrap(),
            "learning_rate" => config.ranker.learning_rate = value.parse().unwrap(),
            "by_embedding" => config.candidates.by_embedding = value.parse().unwrap(),
            "links" => config.embedder.network.links = value.parse().unwrap(),
            "tolerance" => config.candidates.tolerance = value.parse().unwrap(),
            "fan" => config.embedder.network.fan_outs = vec![value.parse().unwrap(); 2],
            "look" => config.embedder.network.steps_per_look = value.parse().unwrap(),
            "slope" => config.embedder.network.slope = value.parse().unwrap(),
            "patience" => config.embedder.network.patience = value.parse().unwrap(),
            "steps" => config.embedder.network.steps = value.parse().unwrap(),
            "spectral" => config.candidates.spectral = value.parse().unwrap(),
            _ => println!("no setting {name}"),
        }
    }
    config
}

struct Split {
    nodes: usize,
    train: Csr,
    test: Csr,
    users: Vec<u32>,
}

impl Split {
    fn read(folder: &Path) -> Split {
        let nodes = text(folder, "n.txt").trim().parse().unwrap();
        let users = text(folder, "users.txt");
        let users = users.lines().map(|line| line.trim().parse().unwrap());
        Split {
            nodes,
            train: Csr::from_edges(
                nodes,
                &[edges(folder, "fit.txt"), edges(folder, "val.txt")].concat(),
            ),
            test: Csr::from_edges(nodes, &edges(folder, "test.txt")),
            users: users.collect(),
        }
    }

    fn to_choose_by(folder: &Path) -> Split {
        let nodes = text(folder, "n.txt").trim().parse().unwrap();
        let test = Csr::from_edges(nodes, &edges(folder, "val.txt"));
        let is_user = |&user: &u32| !test.list(user).is_empty();
        Split {
            nodes,
            train: Csr::from_edges(nodes, &edges(folder, "fit.txt")),
            users: (0..nodes as u32).filter(is_user).collect(),
            test,
        }
    }

    fn report(&self, model: &LinkModel, tables: &LinkTables) {
        let (mut scratch, mut scores) = (LinkScratch::default(), Vec::new());
        let (mut ranked, mut times_us, mut found) = (HashMap::new(), Vec::new(), 0.0);
        let mut rows = 0;
        for &user in &self.users {
            let start = ThreadTime::now();
            let config = model.config();
            let own = tables.embeddings().row(user).unwrap_or(&[]);
            let count = config.by_embedding;
            let elsewhere = nearest_embeddings(&self.train, tables, user, own, count);
            let asking = LinkAsking {
                elsewhere: &elsewhere,
                ..LinkAsking::new(user)
            };
            let candidates = link_candidates(&self.train, tables, &asking, config, &mut scratch);
            model.score(&candidates, &mut scores).unwrap();
            times_us.push(start.elapsed().as_secs_f64() * 1e6);
            let relevant = self.test.list(user);
            let is_found = |&&node: &&u32| candidates.nodes.binary_search(&node).is_ok();
            found += relevant.iter().filter(is_found).count() as f64 / relevant.len() as f64;
            rows += candidates.nodes.len();
            ranked.insert(user, (candidates.nodes, scores.clone()));
        }
        let users = self.users.len() as f64;
        let mean_us = times_us.iter().sum::<f64>() / users;
        times_us.sort_by(f64::total_cmp);
        let p99_us = times_us[times_us.len() * 99 / 100];
        let got = self.measured(&ranked);
        println!(
            "  recall_at_10 {:.4} mrr {:.4} recall_at_50 {:.4} hits_at_10 {:.4} hits_at_50 {:.4} candidate_recall {:.4}",
            got.recall_at_10,
            got.mrr,
            got.recall_at_50,
            got.hits_at_10,
            got.hits_at_50,
            found / users
        );
        let candidates = rows as f64 / users;
        println!("  candidates {candidates:.0} mean_us {mean_us:.0} p99_us {p99_us:.0}");
        let first: Vec<String> = model.importance()[..12]
            .iter()
            .map(|(name, share)| format!("{name} {:.1} %", share * 100.0))
            .collect();
        println!("  {}", first.join(", "));
    }

    fn measured(&self, ranked: &HashMap<u32, (Vec<u32>, Vec<f32>)>) -> RankingMetrics {
        let case = |&user: &u32| RankingCase {
            user,
            relevant: self.test.list(user),
            excluded: self.train.list(user),
        };
        let cases: Vec<RankingCase<'_>> = self.users.iter().map(case).collect();
        evaluate_ranking(&cases, &TieOrder::of_numbers(self.nodes), |user, all| {
            all.fill(f32::NEG_INFINITY);
            let (nodes, scores) = &ranked[&user];
            for (&node, &score) in nodes.iter().zip(scores) {
                all[node as usize] = score;
            }
        })
    }
}

fn edges(folder: &Path, name: &str) -> Vec<Edge> {
    let edge = |line: &str| {
        let (a, b) = line.split_once(' ').unwrap();
        Edge::new(a.parse().unwrap(), b.trim().parse().unwrap())
    };
    text(folder, name).lines().map(edge).collect()
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}
