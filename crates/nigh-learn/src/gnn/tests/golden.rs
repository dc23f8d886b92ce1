//! Networks beside those of torch and torch_geometric (`tests/golden/make.py`).

use nigh_graph::{Block, Csr, Edge};

use crate::adam::Adam;
use crate::gnn::batch::GnnBatch;
use crate::gnn::{Gnn, GnnConfig, LayerKind};
use crate::{LinkBatch, LinkLoss, Matrix, link_loss};

#[derive(serde::Deserialize)]
struct Golden {
    people: usize,
    edges: Vec<(u32, u32)>,
    features: Vec<f32>,
    links: Vec<(u32, u32)>,
    shared: Vec<u32>,
    own: Vec<u32>,
    networks: Vec<Network>,
}

#[derive(serde::Deserialize)]
struct Network {
    kind: String,
    loss_kind: String,
    weights: Vec<Vec<f32>>,
    embeddings: Vec<f32>,
    loss: f32,
    slopes: Vec<Vec<f32>>,
    weights_after_3_steps: Vec<Vec<f32>>,
}

const SCALE: f32 = 1.5;
const RATE: f32 = 0.01;

#[test]
fn networks_are_those_of_torch() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/networks.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let failures: Vec<String> = golden
        .networks
        .iter()
        .flat_map(|network| check(&golden, network))
        .collect();
    assert_eq!(golden.networks.len(), 4);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(golden: &Golden, expected: &Network) -> Vec<String> {
    let edges: Vec<Edge> = golden.edges.iter().map(|&(a, b)| Edge::new(a, b)).collect();
    let graph = Csr::from_edges(golden.people, &edges);
    let width = golden.features.len() / golden.people;
    let features = Matrix::from_rows(golden.people, width, golden.features.clone()).unwrap();
    let batch = GnnBatch::whole(&graph, Block::whole(&graph, |_, _| true));
    let mut network = Gnn::new(&config(&expected.kind), golden.people, width);
    for (matrix, numbers) in network.weights.iter_mut().zip(&expected.weights) {
        matrix.data_mut().copy_from_slice(numbers);
    }
    let mut adams: Vec<Adam> = network
        .weights
        .iter()
        .map(|matrix| Adam::new(matrix.data().len()))
        .collect();
    let links = LinkBatch {
        links: &golden.links,
        shared: &golden.shared,
        own: &golden.own,
        not_negative: &[],
    };
    let mut off = Vec::new();
    let mut compare = |what: String, got: &[f32], expected: &[f32]| {
        let apart = got
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        let largest = expected.iter().fold(0.1f32, |a, b| a.max(b.abs()));
        if got.len() != expected.len() || apart.is_nan() || apart > 2e-5 * largest {
            off.push(format!("{what}: {apart} apart, numbers up to {largest}"));
        }
    };
    for step in 0..3 {
        let pass = network.forward(&batch, &features);
        let by_links = link_loss(
            pass.embeddings(),
            &links,
            loss_kind(&expected.loss_kind),
            SCALE,
        );
        let gradient = network.backward(&batch, &pass, &by_links.embeddings);
        if step == 0 {
            let name = &expected.kind;
            compare(
                format!("{name} embeddings"),
                pass.embeddings().data(),
                &expected.embeddings,
            );
            compare(format!("{name} loss"), &[by_links.loss], &[expected.loss]);
            for (place, (got, expected)) in
                gradient.weights.iter().zip(&expected.slopes).enumerate()
            {
                compare(format!("{name} slopes {place}"), got.data(), expected);
            }
        }
        for ((matrix, slopes), adam) in network
            .weights
            .iter_mut()
            .zip(&gradient.weights)
            .zip(&mut adams)
        {
            adam.step(matrix.data_mut(), slopes.data(), RATE);
        }
    }
    let after = network.weights.iter().zip(&expected.weights_after_3_steps);
    for (place, ((got, numbers), slopes)) in after.zip(&expected.slopes).enumerate() {
        // Adam makes a whole step of a slope that is nothing but rounding.
        let clear = |pair: &(&f32, &f32)| pair.1.abs() > 1e-4;
        let kept = |values: &[f32]| {
            values
                .iter()
                .zip(slopes)
                .filter(clear)
                .map(|pair| *pair.0)
                .collect::<Vec<_>>()
        };
        compare(
            format!("{} weights {place} after 3 steps", expected.kind),
            &kept(got.data()),
            &kept(numbers),
        );
    }
    off
}

fn config(kind: &str) -> GnnConfig {
    let layer = match kind {
        "SageMean" => LayerKind::SageMean,
        "SagePool" => LayerKind::SagePool,
        "Gcn" => LayerKind::Gcn,
        _ => LayerKind::Gat { heads: 2 },
    };
    GnnConfig {
        layer,
        widths: vec![8, 4],
        table: 0,
        slope: 0.0,
        mean_of_layers: false,
        smooth_start: 0.0,
        degree_power: 0.0,
        ..GnnConfig::default()
    }
}

fn loss_kind(name: &str) -> LinkLoss {
    match name {
        "Softmax" => LinkLoss::Softmax,
        "Bpr" => LinkLoss::Bpr,
        _ => LinkLoss::Logistic,
    }
}
