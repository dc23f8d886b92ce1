//! Who is somebody whom the last training did not know?

use std::collections::HashMap;

use nigh_graph::{Adjacency, Csr, Edge, Random};

use super::{Embedder, Embeddings};
use crate::gnn::GnnBatch;
use crate::matrix::add_scaled;
use crate::{LearnError, Matrix};

/// Of so many friends, and so many friends of each, a newcomer's embedding is made: drawn by the person's number.
const FRIENDS: usize = 16;
const THEIRS: usize = 8;

impl Embedder {
    /// The embedding of one person in a graph that has gone on since [`Embedder::embed`]: from the friends they have now and a
    /// profile, of which `known` need not have them.
    ///
    /// Their position is the mean of their friends', and their other structure that of the friend with the nearest degree: a
    /// few hundred rows are read, and a few dozen multiplied, whatever the graph's size.
    ///
    /// # Errors
    /// Where the profile is of another width than in training.
    ///
    /// # Panics
    /// Where the graph has no such person.
    pub fn embed_newcomer(
        &self,
        graph: &impl Adjacency,
        known: &Embeddings,
        person: u32,
        profile: &[f32],
    ) -> Result<Vec<f32>, LearnError> {
        let around = Around::of(graph, known, person);
        let mut inputs = Matrix::zeros(around.nodes.len(), self.network.features());
        for (place, &node) in around.nodes.iter().enumerate().skip(1) {
            inputs
                .row_mut(place)
                .copy_from_slice(known.inputs.row(node as usize));
        }
        self.put_newcomer(graph, &around, known, profile, inputs.row_mut(0));
        self.network.check_features(inputs.rows(), &inputs)?;
        let block = nigh_graph::Block::whole(&around.graph, |_, _| true);
        let mut batch = GnnBatch::whole(&around.graph, block);
        batch.degrees[0] = graph.degree(person) as f32;
        let rows = self.network.forward(&batch, &inputs).into_embeddings();
        Ok(rows.row(0).to_vec())
    }

    fn put_newcomer(
        &self,
        graph: &impl Adjacency,
        around: &Around,
        known: &Embeddings,
        profile: &[f32],
        row: &mut [f32],
    ) {
        let own = row.len().saturating_sub(profile.len());
        row[own..].copy_from_slice(profile);
        let structure = &mut row[..own];
        let count = around.friends.len().max(1) as f32;
        for &friend in &around.friends {
            let of_friend = &known.inputs.row(friend as usize)[..own];
            add_scaled(structure, of_friend, 1.0 / count);
        }
        let degree = graph.degree(around.nodes[0]);
        let nearest = around
            .friends
            .iter()
            .min_by_key(|&&friend| graph.degree(friend).abs_diff(degree));
        if let Some(&friend) = nearest {
            let alike = own - self.structure.position.min(own);
            structure[..alike].copy_from_slice(&known.inputs.row(friend as usize)[..alike]);
        }
    }
}

/// A person, some friends and some of theirs, as a graph of their own.
struct Around {
    /// The person, then everybody else.
    nodes: Vec<u32>,
    friends: Vec<u32>,
    graph: Csr,
}

impl Around {
    fn of(graph: &impl Adjacency, known: &Embeddings, person: u32) -> Around {
        let is_known = |node: &u32| known.row(*node).is_some() && *node != person;
        let mut random = Random::stream(&[0x4e3c, u64::from(person)]);
        let mut some = |node: u32, most: usize| {
            let mut buffer = Vec::new();
            let list = graph.neighbours(node, &mut buffer).iter().copied();
            let mut list: Vec<u32> = list.filter(is_known).collect();
            for place in 0..most.min(list.len()) {
                let other = place + random.below(list.len() - place);
                list.swap(place, other);
            }
            list.truncate(most);
            list
        };
        let friends = some(person, FRIENDS);
        let mut places = HashMap::from([(person, 0)]);
        let mut nodes = vec![person];
        let mut edges = Vec::new();
        let mut place = |node: u32| {
            *places.entry(node).or_insert_with(|| {
                nodes.push(node);
                nodes.len() as u32 - 1
            })
        };
        for &friend in &friends {
            let at = place(friend);
            edges.push(Edge::new(0, at));
            for node in some(friend, THEIRS) {
                edges.push(Edge::new(at, place(node)));
            }
        }
        let graph = Csr::from_edges(nodes.len(), &edges);
        Around {
            nodes,
            friends,
            graph,
        }
    }
}
