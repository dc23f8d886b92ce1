//! Whom may somebody know of whom next to nothing is known? People with many friends.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use nigh_graph::{Adjacency, Scored};
use nigh_store::Value;
use rayon::prelude::*;

use super::{Network, NetworkError, SuggestOptions};

/// The people with most friends as they were when first asked for: they change slowly.
#[derive(Debug, Default)]
pub(super) struct Popular {
    /// Of all.
    anywhere: Vec<u32>,
    /// Of each community that a trained ranking knows.
    within: HashMap<u32, Vec<u32>>,
}

/// So many of all.
const ANYWHERE: usize = 200;
/// So many of a community.
const WITHIN: usize = 50;

impl Network {
    /// Fills up with people who have many friends: first those of the person's community, then those who have most attributes
    /// in common with the person.
    pub(super) fn add_popular(
        &self,
        person: u32,
        options: &SuggestOptions,
        kept: &mut Vec<Scored<f32>>,
    ) -> Result<(), NetworkError> {
        let mut buffer = Vec::new();
        let friends = self.graph.neighbours(person, &mut buffer).to_vec();
        let own = self.person(person)?.attributes;
        let popular = self.popular.get_or_init(|| self.most_connected());
        let community = self.community(person);
        let near = community.and_then(|community| popular.within.get(&community));
        let near = near.map_or(&[][..], Vec::as_slice);
        let mut more = Vec::new();
        for (nodes, is_near) in [(near, true), (&popular.anywhere[..], false)] {
            for &node in nodes {
                let known = friends.binary_search(&node).is_ok()
                    || kept.iter().any(|candidate| candidate.node == node)
                    || more.iter().any(|&(_, _, _, other)| other == node);
                if known || !self.may_suggest(person, node, options)? {
                    continue;
                }
                let same = match own.is_empty() {
                    true => 0,
                    false => shared(&own, &self.person(node)?.attributes),
                };
                more.push((is_near, same, self.graph.degree(node), node));
            }
        }
        more.sort_by_key(|&(is_near, same, degree, node)| (Reverse((is_near, same, degree)), node));
        let score = least(kept);
        let scored = more.into_iter().map(|entry| Scored {
            node: entry.3,
            score,
        });
        kept.extend(scored.take(options.k - kept.len()));
        Ok(())
    }

    fn community(&self, person: u32) -> Option<u32> {
        let ranking = self.ranking().ok().flatten()?;
        ranking.community(&self.graph, person)
    }

    fn most_connected(&self) -> Popular {
        let nodes = (0..self.graph.nodes() as u32).into_par_iter();
        let mut by_degree: Vec<(Reverse<usize>, u32)> = nodes
            .map(|node| (Reverse(self.graph.degree(node)), node))
            .collect();
        let within = self.popular_within(&mut by_degree);
        if by_degree.len() > ANYWHERE {
            by_degree.select_nth_unstable(ANYWHERE);
            by_degree.truncate(ANYWHERE);
        }
        Popular {
            anywhere: by_degree.into_iter().map(|entry| entry.1).collect(),
            within,
        }
    }

    /// The most connected of each community that a trained ranking knows.
    fn popular_within(&self, by_degree: &mut [(Reverse<usize>, u32)]) -> HashMap<u32, Vec<u32>> {
        let mut within: HashMap<u32, Vec<u32>> = HashMap::new();
        let Ok(Some(ranking)) = self.ranking() else {
            return within;
        };
        by_degree.par_sort_unstable();
        for &(_, node) in by_degree.iter() {
            if let Some(community) = ranking.community(&self.graph, node) {
                let members = within.entry(community).or_default();
                if members.len() < WITHIN {
                    members.push(node);
                }
            }
        }
        within
    }
}

/// The lowest score so far: whoever fills up is no better.
pub(super) fn least(kept: &[Scored<f32>]) -> f32 {
    kept.iter().map(|found| found.score).fold(0.0, f32::min)
}

/// How many attributes are the same.
fn shared(own: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> usize {
    let same = |(name, value): &(&String, &Value)| other.get(*name) == Some(value);
    own.iter().filter(same).count()
}
