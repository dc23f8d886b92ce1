//! What can be drawn of the network around a person.

use std::collections::{BTreeMap, HashSet};

use nigh_graph::Adjacency;
use nigh_store::Value;
use serde::Serialize;

use super::{Network, NetworkError, SuggestOptions, SuggestScratch};

/// People around a person, and who of them knows whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighborhood {
    /// The person first, then friends, then suggestions.
    pub people: Vec<Around>,
    /// Pairs of places in `people`, each pair once.
    pub edges: Vec<(usize, usize)>,
}

/// Somebody around a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Around {
    /// Who.
    pub id: String,
    /// What they are to the person.
    pub kind: AroundKind,
}

/// What somebody is to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AroundKind {
    /// The person.
    Myself,
    /// A friend.
    Friend,
    /// Somebody whom the person may know.
    Suggested,
}

/// Suggestions that are drawn, if there is room.
const SUGGESTED: usize = 8;
/// Friends whose own friends are looked at.
const LOOKED_AT: usize = 1_000;

impl Network {
    /// The person, some friends and some suggestions, at most `limit` people in all, as far as the rules let it be shown: nobody who is
    /// blocked, and no friendship of somebody who hides theirs.
    ///
    /// # Errors
    /// As [`Network::suggest`].
    pub fn neighborhood(
        &self,
        person: &str,
        limit: usize,
        scratch: &mut SuggestScratch,
    ) -> Result<Neighborhood, NetworkError> {
        let number = self.find(person)?;
        let options = SuggestOptions {
            k: SUGGESTED.min(limit / 3),
            ..SuggestOptions::default()
        };
        let suggested = self.suggest(person, &options, scratch)?.suggestions;
        let suggested: Vec<u32> = suggested
            .iter()
            .filter_map(|suggestion| self.people.find(&suggestion.id))
            .collect();
        let mut buffer = Vec::new();
        let friends = self.graph.neighbours(number, &mut buffer).iter().copied();
        let shown = friends.filter(|&friend| !self.rules.is_blocked(number, friend));
        let mut friends: Vec<u32> = shown.collect();
        if friends.len() > LOOKED_AT {
            // Whoever knows half the world says little.
            friends.sort_by_cached_key(|&friend| (self.graph.degree(friend), friend));
            friends.truncate(LOOKED_AT);
        }
        let wanted: HashSet<u32> = suggested.iter().copied().collect();
        // Those first who lead to a suggestion, then those with the fewest friends.
        friends.sort_by_cached_key(|&friend| {
            let leads = self
                .known_to(friend)
                .iter()
                .any(|other| wanted.contains(other));
            (!leads, self.graph.degree(friend), friend)
        });
        friends.truncate(limit.saturating_sub(1 + suggested.len()));
        let mut numbers = vec![(number, AroundKind::Myself)];
        numbers.extend(friends.into_iter().map(|n| (n, AroundKind::Friend)));
        numbers.extend(suggested.into_iter().map(|n| (n, AroundKind::Suggested)));
        Ok(Neighborhood {
            edges: self.edges_among(number, &numbers),
            people: numbers
                .iter()
                .map(|&(number, kind)| Around {
                    id: self.id(number),
                    kind,
                })
                .collect(),
        })
    }

    /// Friendships that may be shown to `person`.
    fn edges_among(&self, person: u32, numbers: &[(u32, AroundKind)]) -> Vec<(usize, usize)> {
        let may_say = |number: u32| number == person || self.rules.may_say(person, number);
        let mut edges = Vec::new();
        for (i, &(a, _)) in numbers.iter().enumerate() {
            let known: HashSet<u32> = self.known_to(a).into_iter().collect();
            for (j, &(b, _)) in numbers.iter().enumerate().skip(i + 1) {
                let own = a == person;
                if known.contains(&b) && (own || may_say(a) && may_say(b)) {
                    edges.push((i, j));
                }
            }
        }
        edges
    }

    fn known_to(&self, number: u32) -> Vec<u32> {
        let mut buffer = Vec::new();
        self.graph.neighbours(number, &mut buffer).to_vec()
    }

    /// People whose ids begin with `prefix`, in the order in which they came, each with the number of friends if they do not hide them: at most `limit`, after `offset` of them. Looks at all ids
    /// up to the last that is returned.
    #[must_use]
    pub fn people_like(
        &self,
        prefix: &str,
        offset: usize,
        limit: usize,
    ) -> Vec<(String, Option<usize>)> {
        let ids = (0..self.people.len() as u32).map(|number| (number, self.id(number)));
        let like = ids.filter(|(_, id)| !id.is_empty() && id.starts_with(prefix));
        like.skip(offset)
            .take(limit)
            .map(|(number, id)| (id, self.friends_of(number)))
            .collect()
    }

    /// How many friends somebody has, if they do not hide them.
    fn friends_of(&self, number: u32) -> Option<usize> {
        (!self.rules.hides_friends(number)).then(|| self.graph.degree(number))
    }

    /// What is known of a person, and how many friends they have, if they do not hide them.
    ///
    /// # Errors
    /// [`NetworkError::People`] where nobody has this id, and [`NetworkError::Read`].
    pub fn about(
        &self,
        id: &str,
    ) -> Result<(BTreeMap<String, Value>, Option<usize>), NetworkError> {
        let number = self.find(id)?;
        Ok((self.person(number)?.attributes, self.friends_of(number)))
    }
}
