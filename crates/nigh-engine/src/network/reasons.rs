//! Why somebody is suggested, in words.

use std::collections::BTreeMap;
use std::fmt;

use nigh_graph::Adjacency;
use nigh_store::Value;
use serde::Serialize;

use super::Network;

/// So many mutual friends are named.
const NAMED: usize = 3;

/// One reason for a suggestion, as far as the rules let it be said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reason {
    /// Friends of both.
    MutualFriends {
        /// How many may be counted.
        count: usize,
        /// Some of them, those with the fewest friends first.
        named: Vec<String>,
    },
    /// An attribute with the same value.
    SameAttribute {
        /// Its name.
        name: String,
        /// The value.
        value: String,
    },
    /// Many friends of friends are friends of theirs.
    CloseInNetwork,
    /// Has many friends, and too little is known of the person who asks to say more. How many is not said.
    WellConnected,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::MutualFriends { count: 1, named } if named.len() == 1 => {
                write!(f, "1 mutual friend, {}", named[0])
            }
            Reason::MutualFriends { count, named } => {
                write!(f, "{count} mutual friends, among them {}", named.join(", "))
            }
            Reason::SameAttribute { name, value } => write!(f, "both in {name} {value}"),
            Reason::CloseInNetwork => f.write_str("close in the network"),
            Reason::WellConnected => f.write_str("well connected"),
        }
    }
}

impl Network {
    /// Why `other` is suggested to `person`; `attributes` are those of the person.
    pub(super) fn reasons(
        &self,
        person: u32,
        other: u32,
        attributes: &BTreeMap<String, Value>,
        others: &BTreeMap<String, Value>,
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mutual = self.mutual_friends(person, other);
        if !mutual.is_empty() {
            let named = mutual.iter().take(NAMED).map(|&friend| self.id(friend));
            let (count, named) = (mutual.len(), named.collect());
            reasons.push(Reason::MutualFriends { count, named });
        }
        let same = attributes
            .iter()
            .filter(|&(name, value)| others.get(name) == Some(value));
        for (name, value) in same {
            let (name, value) = (name.clone(), value.to_string());
            reasons.push(Reason::SameAttribute { name, value });
        }
        reasons
    }

    /// Friends of both who may be named, those with the fewest friends first; none of somebody who hides theirs.
    fn mutual_friends(&self, person: u32, other: u32) -> Vec<u32> {
        if self.rules.hides_friends(other) {
            return Vec::new();
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let near = self.graph.neighbours(person, &mut first);
        let far = self.graph.neighbours(other, &mut second);
        let (short, long) = if near.len() <= far.len() {
            (near, far)
        } else {
            (far, near)
        };
        let both = short
            .iter()
            .filter(|friend| long.binary_search(friend).is_ok());
        let mut mutual: Vec<u32> = both
            .copied()
            .filter(|&friend| self.rules.may_say(person, friend))
            .collect();
        mutual.sort_by_key(|&friend| (self.graph.degree(friend), friend));
        mutual
    }
}
