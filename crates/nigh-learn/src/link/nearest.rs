//! Whose embeddings are nearest? Compared with everybody: an index answers sooner where there are many.

use nigh_graph::Adjacency;

use super::LinkTables;

/// The strangers whose embeddings have the greatest inner products with the person's own, best first.
#[must_use]
pub fn nearest_embeddings(
    graph: &impl Adjacency,
    tables: &LinkTables,
    person: u32,
    own: &[f32],
    count: usize,
) -> Vec<u32> {
    if own.is_empty() || own.len() != tables.embeddings().rows().cols() {
        return Vec::new();
    }
    let rows = tables.embeddings().rows();
    let mut scores = vec![0.0; rows.rows()];
    nigh_simd::dot_rows(own, rows.data(), &mut scores);
    let mut buffer = Vec::new();
    for &known in graph
        .neighbours(person, &mut buffer)
        .iter()
        .chain([&person])
    {
        // Whoever came later has no embedding.
        if let Some(score) = scores.get_mut(known as usize) {
            *score = f32::NEG_INFINITY;
        }
    }
    let mut nodes: Vec<u32> = (0..scores.len() as u32).collect();
    let best_first = |a: &u32, b: &u32| {
        let of = |node: u32| scores[node as usize];
        of(*b).total_cmp(&of(*a)).then(a.cmp(b))
    };
    if count < nodes.len() {
        nodes.select_nth_unstable_by(count, best_first);
        nodes.truncate(count);
    }
    nodes.retain(|&node| scores[node as usize] > f32::NEG_INFINITY);
    nodes.sort_unstable_by(best_first);
    nodes
}
