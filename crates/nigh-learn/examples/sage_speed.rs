//! GraphSAGE steps per CPU-second: `sage_speed DIR/splits/GRAPH BATCHES-FILE`.
//!
//! 86 links and 84 uniform negatives a step, 256 people in all, fan-outs 10 and 10, two layers of 128, Adam. The batches are
//! written to the file, which `bench/people/sage_speed.py` trains PyG on.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures"
)]

use std::io::Write;
use std::path::Path;

use cpu_time::ProcessTime;
use nigh_graph::{Adjacency, Csr, Edge, Random};
use nigh_learn::{GnnConfig, GnnTraining, LinkLoss, Matrix, Negatives, TrainingBatch};

const BATCHES: usize = 100;
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, file] = &arguments[..] else {
        println!("usage: sage_speed DIR/splits/GRAPH BATCHES-FILE");
        return;
    };
    let graph = read(Path::new(folder));
    let features = Matrix::normal(graph.nodes(), 128, 1.0, &mut Random::new(0));
    let config = config();
    let before = ProcessTime::now();
    let draw = |step| TrainingBatch::draw(&graph, &config, step).unwrap();
    let batches: Vec<TrainingBatch> = (1..=BATCHES).map(draw).collect();
    let drawn_s = before.elapsed().as_secs_f64();
    write(file, graph.nodes(), &batches);
    let mut training = GnnTraining::new(&config, graph.nodes(), 128).unwrap();
    batches
        .iter()
        .for_each(|batch| drop(training.learn(batch, &features)));
    // Twice the same, so that a reader sees the noise.
    for run in ["first", "again"] {
        let before = ProcessTime::now();
        let mut loss = 0.0;
        for _ in 0..ROUNDS {
            loss = batches
                .iter()
                .map(|batch| training.learn(batch, &features).unwrap())
                .sum::<f32>();
        }
        let learned_s = before.elapsed().as_secs_f64() / (ROUNDS * BATCHES) as f64;
        let step_s = learned_s + drawn_s / BATCHES as f64;
        println!(
            "{run}: learn {:.2} ms, sample {:.2} ms, {:.0} steps per CPU-second in all, {:.0} without sampling, loss {:.3}",
            learned_s * 1e3,
            drawn_s / BATCHES as f64 * 1e3,
            1.0 / step_s,
            1.0 / learned_s,
            loss / BATCHES as f32
        );
    }
}

fn config() -> GnnConfig {
    GnnConfig {
        table: 0,
        slope: 0.0,
        mean_of_layers: false,
        smooth_start: 0.0,
        degree_power: 0.0,
        loss: LinkLoss::Logistic,
        negatives: Negatives {
            uniform: 84,
            in_batch: 0,
            hard: 0,
        },
        links: 86,
        fan_outs: vec![10, 10],
        ..GnnConfig::default()
    }
}

fn read(folder: &Path) -> Csr {
    let numbers = |name: &str| -> Vec<u32> {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect()
    };
    let pairs = [numbers("fit.txt"), numbers("val.txt")].concat();
    let edges: Vec<Edge> = pairs
        .chunks_exact(2)
        .map(|pair| Edge::new(pair[0], pair[1]))
        .collect();
    Csr::from_edges(numbers("n.txt")[0] as usize, &edges)
}

/// People in the graph and batches, then each batch: rows of each block (targets, sources, edges) and their edges (sources,
/// then targets), people, links, negatives; all as little-endian u32, each list after its length.
fn write(file: &str, nodes: usize, batches: &[TrainingBatch]) {
    let mut numbers = vec![nodes as u32, batches.len() as u32];
    let mut put = |list: Vec<u32>| {
        numbers.push(list.len() as u32);
        numbers.extend(list);
    };
    for batch in batches {
        put(batch.nodes().unwrap_or_default().to_vec());
        for block in batch.blocks() {
            put(vec![block.targets() as u32, block.sources() as u32]);
            put((0..block.targets())
                .flat_map(|target| block.list(target).to_vec())
                .collect());
            put((0..block.targets())
                .flat_map(|target| vec![target as u32; block.list(target).len()])
                .collect());
        }
        put(batch
            .links()
            .links
            .iter()
            .flat_map(|&(a, b)| [a, b])
            .collect());
        put(batch.links().shared.to_vec());
    }
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    std::fs::File::create(file)
        .unwrap()
        .write_all(&bytes)
        .unwrap();
}
