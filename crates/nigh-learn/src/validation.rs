//! When has a model learned enough?

use nigh_graph::{Csr, Edge, Random};

use crate::{Matrix, RankingCase, RankingMetrics, TieOrder, evaluate_ranking};

/// Held-out links that a model is measured on while it learns.
#[derive(Clone, Debug)]
pub struct Validation {
    users: Vec<(u32, Vec<u32>)>,
    order: TieOrder,
}

impl Validation {
    /// At most `users` of the people with a held-out link, drawn by seed, and all of their held-out links.
    #[must_use]
    pub fn sample(held_out: &[Edge], users: usize, order: TieOrder, seed: u64) -> Validation {
        let graph = Csr::from_edges(order.nodes(), held_out);
        let mut people: Vec<u32> = (0..order.nodes() as u32)
            .filter(|&node| !graph.list(node).is_empty())
            .collect();
        let mut random = Random::stream(&[seed, 0x7a11]);
        let count = users.min(people.len());
        for place in 0..count {
            let other = place + random.below(people.len() - place);
            people.swap(place, other);
        }
        people.truncate(count);
        people.sort_unstable();
        let users = people
            .iter()
            .map(|&user| (user, graph.list(user).to_vec()))
            .collect();
        Validation { users, order }
    }

    /// Whether there is nothing to measure on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// How the inner products of embeddings rank the held-out links among all who are no neighbours in `graph`.
    ///
    /// # Panics
    /// Where graph or embeddings have fewer nodes than the order of ties.
    #[must_use]
    pub fn measure(&self, graph: &Csr, embeddings: &Matrix) -> RankingMetrics {
        measure_embeddings(&self.users, graph, &self.order, embeddings)
    }
}

/// How the inner products of embeddings rank each user's relevant people among all who are no neighbours in `graph`.
///
/// # Panics
/// Where graph or embeddings have fewer nodes than the order of ties.
#[must_use]
pub fn measure_embeddings(
    users: &[(u32, Vec<u32>)],
    graph: &Csr,
    order: &TieOrder,
    embeddings: &Matrix,
) -> RankingMetrics {
    let rows = &embeddings.data()[..order.nodes() * embeddings.cols()];
    let cases: Vec<RankingCase<'_>> = users
        .iter()
        .map(|(user, relevant)| RankingCase {
            user: *user,
            relevant,
            excluded: graph.list(*user),
        })
        .collect();
    evaluate_ranking(&cases, order, |user, scores| {
        nigh_simd::dot_rows(embeddings.row(user as usize), rows, scores);
    })
}
