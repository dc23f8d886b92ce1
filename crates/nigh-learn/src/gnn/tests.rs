//! Gradients beside finite differences, for every kind of layer, ends and middles.

mod golden;

use nigh_graph::{Block, Csr, Edge, LeftOut, Random, SampleConfig, Seed, sample};

use super::batch::GnnBatch;
use super::{Gnn, GnnConfig, LayerKind};
use crate::Matrix;

const PEOPLE: usize = 14;
const FEATURES: usize = 3;
const WIDTH: usize = 4;
const KINDS: [LayerKind; 5] = [
    LayerKind::SageMean,
    LayerKind::SagePool,
    LayerKind::Gcn,
    LayerKind::Gat { heads: 1 },
    LayerKind::Gat { heads: 2 },
];

fn graph() -> Csr {
    let mut random = Random::new(3);
    // The last person has no friends.
    let edge = |_| {
        Edge::new(
            random.below(PEOPLE - 1) as u32,
            random.below(PEOPLE - 1) as u32,
        )
    };
    Csr::from_edges(PEOPLE, &(0..24).map(edge).collect::<Vec<_>>())
}

fn batches(graph: &Csr) -> [(&'static str, GnnBatch); 2] {
    let whole = GnnBatch::whole(graph, Block::whole(graph, |a, b| (a + b) % 7 != 0));
    let config = SampleConfig {
        fan_outs: vec![2, 3],
        ..SampleConfig::default()
    };
    let seeds = [0, 5, 13, 7].map(Seed::new);
    let sampled = sample(graph, &seeds, &config, &LeftOut::of(&[(0, 5)])).unwrap();
    [
        ("whole", whole),
        ("sampled", GnnBatch::sampled(graph, sampled)),
    ]
}

fn configs() -> Vec<GnnConfig> {
    let mut configs = Vec::new();
    for layer in KINDS {
        for (table, mean_of_layers, normalize) in [
            (0, false, false),
            (WIDTH, false, true),
            (WIDTH, true, false),
        ] {
            configs.push(GnnConfig {
                layer,
                widths: vec![WIDTH, WIDTH],
                table,
                table_deviation: 0.7,
                slope: 0.3,
                mean_of_layers,
                smooth_start: if mean_of_layers { 0.3 } else { 0.0 },
                degree_power: if normalize { 0.5 } else { 0.0 },
                normalize,
                ..GnnConfig::default()
            });
        }
    }
    configs
}

/// A weighted sum of all numbers of the embeddings, in f64.
fn loss(network: &Gnn, batch: &GnnBatch, features: &Matrix, by_embeddings: &Matrix) -> f64 {
    let pass = network.forward(batch, features);
    let pairs = pass.embeddings().data().iter().zip(by_embeddings.data());
    pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[test]
fn every_slope_is_that_of_finite_differences() {
    let graph = graph();
    let mut random = Random::new(11);
    let features = Matrix::normal(PEOPLE, FEATURES, 1.0, &mut random);
    let mut failures = Vec::new();
    for config in configs() {
        for (name, batch) in batches(&graph) {
            let mut network = Gnn::new(&config, PEOPLE, FEATURES);
            // Biases begin at 0, where ReLU has its kink.
            for matrix in &mut network.weights {
                matrix.add_scaled(
                    &Matrix::normal(matrix.rows(), matrix.cols(), 0.2, &mut random),
                    1.0,
                );
            }
            let pass = network.forward(&batch, &features);
            let rows = pass.embeddings().rows();
            let by_embeddings = Matrix::normal(rows, WIDTH, 1.0, &mut random);
            let gradient = network.backward(&batch, &pass, &by_embeddings);
            let nodes = batch.nodes.clone().unwrap_or((0..PEOPLE as u32).collect());
            let mut off = Vec::new();
            for (place, slopes) in gradient.weights.iter().enumerate() {
                let number = |network: &mut Gnn, at: usize, to: f32| {
                    network.weights[place].data_mut()[at] += to
                };
                off.extend(differences(
                    &mut network,
                    slopes.data(),
                    &batch,
                    &features,
                    &by_embeddings,
                    number,
                ));
            }
            if config.table > 0 {
                let at = |at: usize| nodes[at / WIDTH] as usize * WIDTH + at % WIDTH;
                let number = |network: &mut Gnn, place: usize, to: f32| {
                    network.table.data_mut()[at(place)] += to
                };
                off.extend(differences(
                    &mut network,
                    gradient.table.data(),
                    &batch,
                    &features,
                    &by_embeddings,
                    number,
                ));
            }
            if !off.is_empty() {
                let (layer, table) = (config.layer, config.table);
                failures.push(format!(
                    "{layer:?} table {table} {name}: {} off, first {}",
                    off.len(),
                    off[0]
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn differences(
    network: &mut Gnn,
    slopes: &[f32],
    batch: &GnnBatch,
    features: &Matrix,
    by_embeddings: &Matrix,
    change: impl Fn(&mut Gnn, usize, f32),
) -> Vec<String> {
    const STEP: f32 = 1.0 / 512.0;
    let mut off = Vec::new();
    for (place, &slope) in slopes.iter().enumerate() {
        let at = |shift: f32| {
            let mut moved = network.clone();
            change(&mut moved, place, shift);
            loss(&moved, batch, features, by_embeddings)
        };
        let (up, here, down) = (at(STEP), at(0.0), at(-STEP));
        let step = f64::from(STEP);
        // Where a kink lies between, the two sides differ and neither need be the slope.
        let sides = [(up - here) / step, (here - down) / step];
        let measured = (up - down) / (2.0 * step);
        let tolerance = 0.01 + 0.01 * measured.abs() + (sides[0] - sides[1]).abs();
        if (measured - f64::from(slope)).abs() > tolerance {
            off.push(format!("place {place}: {slope}, measured {measured}"));
        }
    }
    off
}
