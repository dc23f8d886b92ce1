#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! What people say, and where they stand, as numbers.

use nigh_graph::{Adjacency, Csr, Edge, Random};
use nigh_learn::{
    Attribute, AttributeConfig, AttributeEncoder, Matrix, StructureConfig, structural_features,
};

#[test]
fn attributes_have_the_columns_of_training() {
    let dorm = [Some("a"), Some("b"), Some("b"), None, Some("c")];
    let year = [2004.0, 2006.0, f32::NAN, 2004.0, 2006.0];
    let about = ["likes chess", "", "CHESS, likes", "rowing", "likes rowing"];
    let training = [
        Attribute::Categorical(&dorm),
        Attribute::Numeric(&year),
        Attribute::Text(&about),
    ];
    let config = AttributeConfig {
        own_columns: 2,
        least_people: 1,
        shared_columns: 3,
        text_columns: 16,
    };
    let encoder = AttributeEncoder::fit(&training, &config);
    let rows = encoder.encode(&training, 5);
    assert_eq!(
        (rows.rows(), rows.cols(), encoder.width()),
        (5, 2 + 3 + 2 + 16, 23)
    );
    // b is the most frequent, then a; c shares a column; the year has a mean of 2005 and a deviation of 1.
    let known = |row: usize| rows.row(row)[..2].to_vec();
    assert_eq!(
        [0, 1, 2, 3].map(known),
        [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    );
    assert_eq!(rows.row(4)[2..5].iter().sum::<f32>(), 1.0);
    let years = |row: usize| rows.row(row)[5..7].to_vec();
    assert_eq!([0, 1, 2].map(years), [[-1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]);
    assert_eq!(rows.row(0)[7..], rows.row(2)[7..]);
    assert!(rows.row(1)[7..].iter().all(|&value| value == 0.0));
    let length: f32 = rows.row(4)[7..].iter().map(|value| value * value).sum();
    assert!((length - 1.0).abs() < 1e-6);
    // Somebody of a kind never met, and an attribute that has become another.
    let new = [
        Attribute::Categorical(&[Some("z")]),
        Attribute::Text(&["x"]),
        Attribute::Text(&["chess likes"]),
    ];
    let row = encoder.encode(&new, 1);
    assert_eq!(row.row(0)[..2], [0.0, 0.0]);
    assert_eq!(row.row(0)[2..5].iter().sum::<f32>(), 1.0);
    assert_eq!(row.row(0)[5..7], [0.0, 0.0]);
    assert_eq!(row.row(0)[7..], rows.row(0)[7..]);
}

#[test]
fn structure_is_degree_rank_community_and_position() {
    let mut random = Random::new(1);
    let edge = |_| Edge::new(random.below(60) as u32, random.below(59) as u32);
    let graph = Csr::from_edges(60, &(0..200).map(edge).collect::<Vec<_>>());
    let communities: Vec<u32> = (0..60).map(|node| [7, 7, 3, 9][node % 4]).collect();
    let config = StructureConfig {
        position: 16,
        communities: 2,
        ..StructureConfig::default()
    };
    let got = structural_features(&graph, &communities, &config);
    assert_eq!((got.rows(), got.cols()), (60, 2 + 2 + 16));
    for column in 0..2 {
        let values: Vec<f32> = (0..60).map(|row| got.row(row)[column]).collect();
        let mean = values.iter().sum::<f32>() / 60.0;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f32>()
            / 60.0;
        assert!(
            mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4,
            "{mean} {variance}"
        );
    }
    let by_degree = |row: usize| (graph.degree(row as u32), got.row(row)[0]);
    let mut degrees: Vec<_> = (0..60).map(by_degree).collect();
    degrees.sort_by_key(|pair| pair.0);
    assert!(degrees.is_sorted_by(|a, b| a.1 <= b.1));
    // 7 is the largest community; 3 and 9 are as large as each other, the lower number goes first.
    let columns = |row: usize| got.row(row)[2..4].to_vec();
    assert_eq!([0, 2, 3].map(columns), [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
    assert_eq!(structural_features(&graph, &communities, &config), got);
}

#[test]
fn positions_stay_in_one_space_and_bring_neighbours_close() {
    let circle = |first: u32| {
        (0..60)
            .map(move |step| Edge::new(first + step % 20, first + (step * 7 + step / 20 + 1) % 20))
    };
    let mut edges: Vec<Edge> = circle(0).chain(circle(20)).collect();
    let config = StructureConfig {
        position: 64,
        ..StructureConfig::default()
    };
    let of = |edges: &[Edge]| structural_features(&Csr::from_edges(40, edges), &[], &config);
    let before = of(&edges);
    edges.push(Edge::new(0, 30));
    let after = of(&edges);
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(&a[2..], &b[2..]) / (dot(&a[2..], &a[2..]) * dot(&b[2..], &b[2..])).sqrt()
    };
    assert!(cosine(before.row(5), after.row(5)) > 0.9);
    assert!(cosine(before.row(5), before.row(6)) > cosine(before.row(5), before.row(26)) + 0.3);
}

#[test]
fn graphs_with_nobody_or_no_edges_have_finite_features() {
    for nodes in [0, 1, 3] {
        let got = structural_features(
            &Csr::from_edges(nodes, &[]),
            &[],
            &StructureConfig::default(),
        );
        assert_eq!(got.rows(), nodes);
        assert!(got.data().iter().all(|value| value.is_finite()), "{nodes}");
    }
    let left = Matrix::zeros(2, 1);
    assert_eq!(left.beside(&Matrix::zeros(3, 1)), None);
    assert_eq!(left.beside(&Matrix::zeros(2, 2)), Some(Matrix::zeros(2, 3)));
}
