//! One question: whom may this person know?

use std::collections::BTreeMap;
use std::time::Instant;

use nigh_graph::{Adjacency, Scored, TwoHopConfig, TwoHopScratch, allocation, weighted_neighbours};
use nigh_learn::LinkScratch;
use nigh_store::{Person, Value};
use serde::Serialize;

use super::popular::least;
use super::ranking::Ranked;
use super::{Network, NetworkError, Reason};
use crate::filter::Filter;
use crate::trace::{Trace, microseconds};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct SuggestOptions {
    /// How many suggestions.
    pub k: usize,
    /// What the attributes of the suggested must satisfy.
    pub filter: Option<Filter>,
    /// How many candidates are ranked.
    pub candidates: usize,
    /// Most paths of two steps to follow.
    pub max_paths: usize,
}

impl Default for SuggestOptions {
    fn default() -> SuggestOptions {
        SuggestOptions {
            k: 10,
            filter: None,
            candidates: 500,
            max_paths: TwoHopConfig::default().max_paths,
        }
    }
}

/// Somebody whom the person may know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// Who.
    pub id: String,
    /// How sure; comparable within one answer.
    pub score: f32,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What is known of them.
    pub attributes: BTreeMap<String, Value>,
}

/// Suggestions, best first, and how they came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuggestReply {
    /// The person.
    pub person: String,
    /// At most as many as were asked for.
    pub suggestions: Vec<Suggestion>,
    /// How they were ranked.
    pub ranking: &'static str,
    /// Friends whose own friends were not looked at, because there were too many paths.
    pub skipped_friends: usize,
    /// The stages.
    pub trace: Trace,
    /// Microseconds in all.
    pub latency_us: u64,
}

/// Memory for questions, made once and used again.
#[derive(Debug, Default)]
pub struct SuggestScratch {
    two_hop: TwoHopScratch,
    links: LinkScratch,
}

impl Network {
    /// The people whom `person` may know: neither themselves, nor friends, nor anybody whom the rules keep away.
    ///
    /// # Errors
    /// [`NetworkError::People`] where nobody has this id, and [`NetworkError::Read`].
    pub fn suggest(
        &self,
        person: &str,
        options: &SuggestOptions,
        scratch: &mut SuggestScratch,
    ) -> Result<SuggestReply, NetworkError> {
        let begun = Instant::now();
        let number = self.find(person)?;
        let mut trace = Trace::default();

        let near = self.rank(number, options, scratch, &mut trace)?;

        let started = Instant::now();
        let mut kept = self.allowed(number, &near.found, options)?;
        trace.push("rules", near.found.len(), kept.len(), started);
        if kept.len() < options.k && options.filter.is_some() {
            let started = Instant::now();
            let before = kept.len();
            self.add_farther(number, options, scratch, &mut kept)?;
            trace.push("all_two_hop", before, kept.len(), started);
        }
        let known = kept.len();
        if kept.len() < options.k {
            let started = Instant::now();
            let before = kept.len();
            self.add_popular(number, options, &mut kept)?;
            trace.push("popular", before, kept.len(), started);
        }

        let started = Instant::now();
        let ranked = kept.len();
        kept.truncate(options.k);
        let suggestions = self.explain(number, kept, known)?;
        trace.push("explain", ranked, suggestions.len(), started);
        Ok(SuggestReply {
            person: person.to_owned(),
            suggestions,
            ranking: match self.is_trained() {
                true => "trained",
                false => "resource_allocation",
            },
            skipped_friends: near.skipped,
            trace,
            latency_us: microseconds(begun),
        })
    }

    /// Candidates, best first: by the trained ranking, or by resource allocation.
    pub(super) fn rank(
        &self,
        person: u32,
        options: &SuggestOptions,
        scratch: &mut SuggestScratch,
        trace: &mut Trace,
    ) -> Result<Ranked, NetworkError> {
        if let Ok(Some(ranking)) = self.ranking() {
            let about = || self.person(person);
            return ranking.rank(&self.graph, person, about, &mut scratch.links, trace);
        }
        let started = Instant::now();
        let config = TwoHopConfig {
            k: options.candidates.max(options.k),
            max_paths: options.max_paths,
        };
        let scratch = &mut scratch.two_hop;
        let near = weighted_neighbours(&self.graph, person, allocation, &config, scratch);
        trace.push("two_hop", near.paths, near.found.len(), started);
        Ok(Ranked {
            found: near.found,
            skipped: near.skipped,
        })
    }

    /// The candidates that rules and filter leave.
    fn allowed(
        &self,
        person: u32,
        candidates: &[Scored<f32>],
        options: &SuggestOptions,
    ) -> Result<Vec<Scored<f32>>, NetworkError> {
        let mut kept = Vec::with_capacity(candidates.len());
        for &candidate in candidates {
            if self.may_suggest(person, candidate.node, options)? {
                kept.push(candidate);
            }
        }
        Ok(kept)
    }

    pub(super) fn may_suggest(
        &self,
        person: u32,
        other: u32,
        options: &SuggestOptions,
    ) -> Result<bool, NetworkError> {
        if person == other || !self.rules.allow(person, other) || self.people.is_erased(other) {
            return Ok(false);
        }
        let Some(filter) = &options.filter else {
            return Ok(true);
        };
        let other = self.person(other)?;
        Ok(filter.matches(&other.attributes, &other.id))
    }

    /// Adds everybody two steps away whom the filter leaves, where it left too few of the best.
    fn add_farther(
        &self,
        person: u32,
        options: &SuggestOptions,
        scratch: &mut SuggestScratch,
        kept: &mut Vec<Scored<f32>>,
    ) -> Result<(), NetworkError> {
        let config = TwoHopConfig {
            k: self.graph.nodes(),
            max_paths: options.max_paths,
        };
        let scratch = &mut scratch.two_hop;
        let near = weighted_neighbours(&self.graph, person, allocation, &config, scratch);
        for found in near.found {
            if kept.len() >= options.k {
                break;
            }
            let new = kept.iter().all(|candidate| candidate.node != found.node);
            if new && self.may_suggest(person, found.node, options)? {
                let score = least(kept);
                kept.push(Scored { score, ..found });
            }
        }
        Ok(())
    }

    fn explain(
        &self,
        person: u32,
        found: Vec<Scored<f32>>,
        known: usize,
    ) -> Result<Vec<Suggestion>, NetworkError> {
        let own = self.person(person)?.attributes;
        let mut suggestions = Vec::with_capacity(found.len());
        for (place, Scored { node, score }) in found.into_iter().enumerate() {
            let other = self.person(node)?;
            let mut reasons = self.reasons(person, node, &own, &other.attributes);
            if reasons.is_empty() && self.graph.degree(node) == 0 {
                // Nothing speaks for somebody without friends.
                continue;
            }
            if reasons.is_empty() {
                reasons.push(match place < known {
                    true => Reason::CloseInNetwork,
                    false => Reason::WellConnected,
                });
            }
            suggestions.push(Suggestion {
                id: self.id(node),
                score,
                reasons,
                attributes: other.attributes,
            });
        }
        Ok(suggestions)
    }

    pub(super) fn person(&self, number: u32) -> Result<Person, NetworkError> {
        Ok(self.view.person(number)?.unwrap_or_default())
    }
}
