//! The people who are looked at, and whom they should find.

use std::collections::HashMap;

use nigh_graph::{Adjacency, Csr};
use nigh_learn::{RankingCase, RankingMetrics, TieOrder};
use xxhash_rust::xxh3::xxh3_64;

use super::{Holdout, MethodMetrics};
use crate::network::Network;

pub(super) struct Cases {
    pub(super) users: Vec<Case>,
    /// Users whom the network does not know.
    pub(super) unknown: usize,
    /// Held-out friendships.
    pub(super) held_out: usize,
    /// Those that the network knows.
    pub(super) leaked: usize,
}

pub(super) struct Case {
    pub(super) user: u32,
    pub(super) relevant: Vec<u32>,
    friends: Vec<u32>,
}

impl Cases {
    pub(super) fn of(network: &Network, holdout: &Holdout) -> Cases {
        let mut relevant: HashMap<&str, Vec<&str>> = HashMap::new();
        for (a, b) in &holdout.edges {
            relevant.entry(a).or_default().push(b);
            relevant.entry(b).or_default().push(a);
        }
        let mut users: Vec<&str> = match holdout.users.is_empty() {
            true => relevant.keys().copied().collect(),
            false => holdout.users.iter().map(String::as_str).collect(),
        };
        users.sort_unstable();
        users.dedup();
        let known_pair = |a: &str, b: &str| {
            let (a, b) = (network.people.find(a)?, network.people.find(b)?);
            network.graph.has_edge(a, b).then_some(())
        };
        let leaked = holdout
            .edges
            .iter()
            .filter(|(a, b)| known_pair(a, b).is_some())
            .count();
        let mut cases = Cases {
            users: Vec::new(),
            unknown: 0,
            held_out: holdout.edges.len(),
            leaked,
        };
        for user in users.into_iter().filter(|user| relevant.contains_key(user)) {
            cases.push(network, user, &relevant[user]);
        }
        cases
    }

    fn push(&mut self, network: &Network, user: &str, relevant: &[&str]) {
        let Some(number) = network.people.find(user) else {
            self.unknown += 1;
            return;
        };
        // Somebody unknown is never found: a number that no node has would be one too many, so it is the user's own.
        let found = |id: &&str| network.people.find(id).unwrap_or(number);
        let relevant = relevant.iter().map(found).collect();
        self.users.push(Case::of(&network.graph, number, relevant));
    }

    /// Everybody who has a friendship in `later`, among those who had one in `before`.
    pub(super) fn between(before: &Csr, later: &Csr) -> Cases {
        let (mut users, mut unknown) = (Vec::new(), 0);
        for user in 0..later.nodes() as u32 {
            match (later.degree(user), before.degree(user)) {
                (0, _) => {}
                (_, 0) => unknown += 1,
                _ => users.push(Case::of(before, user, later.list(user).to_vec())),
            }
        }
        Cases {
            users,
            unknown,
            held_out: later.edges(),
            leaked: 0,
        }
    }

    pub(super) fn borrow(&self) -> Vec<RankingCase<'_>> {
        self.users
            .iter()
            .map(|case| RankingCase {
                user: case.user,
                relevant: &case.relevant,
                excluded: &case.friends,
            })
            .collect()
    }

    /// The share of all users whom the network knows: others find nobody.
    pub(super) fn known(&self) -> f64 {
        self.users.len() as f64 / (self.users.len() + self.unknown).max(1) as f64
    }

    /// The means over the unknown users too.
    pub(super) fn with_unknown(&self, found: RankingMetrics) -> MethodMetrics {
        let share = self.known();
        MethodMetrics {
            hits_at_10: found.hits_at_10 * share,
            hits_at_50: found.hits_at_50 * share,
            recall_at_10: found.recall_at_10 * share,
            recall_at_50: found.recall_at_50 * share,
            mrr: found.mrr * share,
            auc: found.auc * share,
        }
    }
}

impl Case {
    fn of(graph: &impl Adjacency, user: u32, relevant: Vec<u32>) -> Case {
        let mut buffer = Vec::new();
        let friends = graph.neighbours(user, &mut buffer).to_vec();
        Case {
            user,
            relevant,
            friends,
        }
    }
}

/// Equal scores in the order of splitmix64 of the id, of its XXH3 where it is no number.
pub(super) fn tie_order(network: &Network) -> TieOrder {
    let ids: Vec<u64> = (0..network.graph.nodes() as u32)
        .map(|node| {
            let id = network.id(node);
            nigh_graph::integer(&id).unwrap_or_else(|| xxh3_64(id.as_bytes()))
        })
        .collect();
    TieOrder::of_ids(&ids)
}
