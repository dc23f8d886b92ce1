//! How good are suggestions? Measured on friendships that the network has not seen.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use nigh_graph::{Adjacency, LinkScore, ScoreScratch, score_all};
use nigh_learn::{RankingCase, RankingMetrics, TieOrder, evaluate_ranking};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{Network, SuggestOptions, SuggestScratch};

/// Friendships that are kept from the network, and the people whose suggestions are looked at.
#[derive(Clone, Debug, Default)]
pub struct Holdout {
    /// Pairs of ids.
    pub edges: Vec<(String, String)>,
    /// Ids; everybody in `edges` where there are none.
    pub users: Vec<String>,
}

/// Why a file of held-out friendships cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HoldoutError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A row is no pair.
    #[error("{} line {line}: two ids were expected, {found} found", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// How many words there were.
        found: usize,
    },
    /// There is nothing to find.
    #[error("{} holds no friendships", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Reads held-out friendships, two ids by line, and people, one by line; blanks, tabs or commas between.
///
/// # Errors
/// [`HoldoutError`].
pub fn read_holdout(edges: &Path, users: Option<&Path>) -> Result<Holdout, HoldoutError> {
    let mut holdout = Holdout::default();
    for (line, words) in rows(edges)? {
        match &words[..] {
            [a, b, ..] => holdout.edges.push((a.clone(), b.clone())),
            _ => {
                let (path, found) = (edges.to_owned(), words.len());
                return Err(HoldoutError::Row { path, line, found });
            }
        }
    }
    if holdout.edges.is_empty() {
        let path = edges.to_owned();
        return Err(HoldoutError::Empty { path });
    }
    if let Some(users) = users {
        let firsts = rows(users)?
            .into_iter()
            .map(|(_, mut words)| words.remove(0));
        holdout.users = firsts.collect();
    }
    Ok(holdout)
}

/// The words of each line that has any, with its number.
fn rows(path: &Path) -> Result<Vec<(usize, Vec<String>)>, HoldoutError> {
    let text = std::fs::read_to_string(path).map_err(|source| HoldoutError::Read {
        path: path.to_owned(),
        source,
    })?;
    let words = |line: &str| -> Vec<String> {
        let separators = |c: char| c.is_whitespace() || c == ',';
        let words = line.split(separators).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let rows = text
        .lines()
        .enumerate()
        .map(|(place, line)| (place + 1, words(line)));
    Ok(rows.filter(|(_, words)| !words.is_empty()).collect())
}

/// What one method reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MethodMetrics {
    /// Share of users with a right suggestion among the first 10.
    pub hits_at_10: f64,
    /// The same among the first 50.
    pub hits_at_50: f64,
    /// Share of a user's held-out friends among the first 10.
    pub recall_at_10: f64,
    /// The same among the first 50.
    pub recall_at_50: f64,
    /// One over the place of the first right suggestion.
    pub mrr: f64,
}

/// What all methods reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkEval {
    /// Whether `full` ranks by a trained model, and not by resource allocation.
    pub trained: bool,
    /// Users with a held-out friend.
    pub users: usize,
    /// Users whom the network does not know: each is a miss.
    pub unknown_users: usize,
    /// Held-out friendships.
    pub held_out: usize,
    /// Held-out friendships that the network knows: they were not held out, and cannot be found.
    pub leaked: usize,
    /// By method.
    pub methods: BTreeMap<String, MethodMetrics>,
}

/// Ranks everybody who is no friend, for every user and by every method; equal scores in the order of splitmix64 of the id
/// (of its XXH3 where it is no number).
#[must_use]
pub fn evaluate(network: &Network, holdout: &Holdout) -> NetworkEval {
    let cases = Cases::of(network, holdout);
    let order = tie_order(network);
    let borrowed = cases.borrow();
    let mut methods = BTreeMap::new();
    for (name, score) in METHODS {
        let found = evaluate_ranking(&borrowed, &order, |user, scores| {
            score_all(
                &network.graph,
                user,
                score,
                &mut ScoreScratch::default(),
                scores,
            );
        });
        methods.insert(name.to_owned(), cases.with_unknown(found));
    }
    let full = evaluate_ranking(&borrowed, &order, |user, scores| {
        scores.fill(f32::NEG_INFINITY);
        let (options, mut scratch) = (SuggestOptions::default(), SuggestScratch::default());
        // Rows of a model's own features are whole, so that it can score them.
        if let Ok(ranked) = network.rank(user, &options, &mut scratch) {
            for found in ranked.found {
                scores[found.node as usize] = found.score;
            }
        }
    });
    methods.insert("full".to_owned(), cases.with_unknown(full));
    NetworkEval {
        trained: network.is_trained(),
        users: cases.users.len() + cases.unknown,
        unknown_users: cases.unknown,
        held_out: holdout.edges.len(),
        leaked: cases.leaked,
        methods,
    }
}

const METHODS: [(&str, LinkScore); 6] = [
    ("common_neighbors", LinkScore::CommonNeighbours),
    ("jaccard", LinkScore::Jaccard),
    ("adamic_adar", LinkScore::AdamicAdar),
    ("resource_allocation", LinkScore::ResourceAllocation),
    ("preferential_attachment", LinkScore::PreferentialAttachment),
    ("ppr", PPR),
];

/// Restarts at every second step; eight of them leave 0.4 % on its way.
const PPR: LinkScore = LinkScore::WalkWithRestart {
    restart: 0.5,
    steps: 8,
};

struct Cases {
    users: Vec<(u32, Vec<u32>, Vec<u32>)>,
    unknown: usize,
    leaked: usize,
}

impl Cases {
    fn of(network: &Network, holdout: &Holdout) -> Cases {
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
        let mut buffer = Vec::new();
        let friends = network.graph.neighbours(number, &mut buffer).to_vec();
        self.users
            .push((number, relevant.iter().map(found).collect(), friends));
    }

    fn borrow(&self) -> Vec<RankingCase<'_>> {
        self.users
            .iter()
            .map(|(user, relevant, excluded)| RankingCase {
                user: *user,
                relevant,
                excluded,
            })
            .collect()
    }

    /// The means over the unknown users too, who find nobody.
    fn with_unknown(&self, found: RankingMetrics) -> MethodMetrics {
        let share = self.users.len() as f64 / (self.users.len() + self.unknown).max(1) as f64;
        MethodMetrics {
            hits_at_10: found.hits_at_10 * share,
            hits_at_50: found.hits_at_50 * share,
            recall_at_10: found.recall_at_10 * share,
            recall_at_50: found.recall_at_50 * share,
            mrr: found.mrr * share,
        }
    }
}

fn tie_order(network: &Network) -> TieOrder {
    let ids: Vec<u64> = (0..network.graph.nodes() as u32)
        .map(|node| {
            let id = network.id(node);
            nigh_graph::integer(&id).unwrap_or_else(|| xxh3_64(id.as_bytes()))
        })
        .collect();
    TieOrder::of_ids(&ids)
}
