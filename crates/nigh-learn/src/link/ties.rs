//! How close are the friends over whom a path leads?

use nigh_graph::{Adjacency, allocation};

use super::LinkScratch;

/// Adds to each node two steps away how much of the person's circle each friend in between shares.
///
/// The person and the friend count as members of each other's circle, so that a friend without friends in common is a weak
/// tie rather than none.
pub(super) fn add_ties(graph: &impl Adjacency, scratch: &mut LinkScratch) {
    let own = scratch.friends.len();
    let LinkScratch {
        near, list, read, ..
    } = scratch;
    for &friend in read.iter() {
        let degree = graph.degree(friend);
        let shared = near[friend as usize];
        let both = (own + degree) as f32;
        let overlap = (shared.common + 1.0) / (both - shared.common);
        let walk = (shared.allocation + allocation(own)) * allocation(degree);
        for &node in graph.neighbours(friend, list) {
            let near = &mut near[node as usize];
            near.tie_overlap += overlap;
            near.tie_walk += walk;
        }
    }
}
