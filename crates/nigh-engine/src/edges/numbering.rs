//! Numbers from 0 for the people, in the order of their ids.

use nigh_graph::Ids;
use rayon::prelude::*;

use super::rows::Rows;
use super::{EdgesError, Rejects};

/// Up to so many ids may be missing for each one that is there, and a bit for each is still the smallest way to find them.
const SPARSE: u64 = 64;

/// The ids, and every pair by their numbers.
pub(super) struct Numbered {
    pub(super) ids: Ids,
    pub(super) rows: Vec<[u32; 2]>,
}

/// What pairs carry; each shorter than the pairs where the last ones carry nothing.
pub(super) struct Carried {
    pub(super) times: Vec<i64>,
    pub(super) weights: Vec<f32>,
}

pub(super) fn number(rows: Rows) -> Result<(Numbered, Carried, Rejects), EdgesError> {
    let Rows {
        pairs,
        alone,
        texts,
        times,
        weights,
        rejected,
    } = rows;
    let numbered = match texts {
        Some(texts) => {
            limited(texts.len())?;
            let (ids, ranks) = sort_texts(texts.into_iter().collect());
            let rows = pairs
                .par_iter()
                .map(|pair| pair.map(|key| ranks[key as usize]));
            Numbered {
                ids: Ids::Texts(ids),
                rows: rows.collect(),
            }
        }
        None => number_integers(&pairs, &alone)?,
    };
    Ok((numbered, Carried { times, weights }, rejected))
}

fn number_integers(pairs: &[[u64; 2]], alone: &[u64]) -> Result<Numbered, EdgesError> {
    let keys = || pairs.as_flattened().iter().chain(alone).copied();
    let most = keys().max().unwrap_or(0);
    let count = (2 * pairs.len() + alone.len()) as u64;
    if most / SPARSE <= count {
        let ranks = Ranks::of(most, keys());
        limited(ranks.count)?;
        let rows = pairs
            .par_iter()
            .map(|pair| pair.map(|id| ranks.get(id)))
            .collect();
        return Ok(Numbered {
            ids: Ids::Integers(ranks.ids()),
            rows,
        });
    }
    let mut ids: Vec<u64> = keys().collect();
    ids.par_sort_unstable();
    ids.dedup();
    ids.shrink_to_fit();
    limited(ids.len())?;
    // Every id is among them.
    let rank = |id: u64| ids.partition_point(|&known| known < id) as u32;
    let rows = pairs.par_iter().map(|pair| pair.map(rank)).collect();
    Ok(Numbered {
        ids: Ids::Integers(ids),
        rows,
    })
}

/// The texts in the order of their bytes, and the place of each by its key.
fn sort_texts(mut texts: Vec<(Box<str>, u64)>) -> (Vec<String>, Vec<u32>) {
    texts.par_sort_unstable();
    let mut ranks = vec![0; texts.len()];
    for (rank, (_, key)) in texts.iter().enumerate() {
        ranks[*key as usize] = rank as u32;
    }
    (
        texts
            .into_iter()
            .map(|(text, _)| text.into_string())
            .collect(),
        ranks,
    )
}

fn limited(people: usize) -> Result<(), EdgesError> {
    match people <= (u32::MAX / 2) as usize {
        true => Ok(()),
        false => Err(EdgesError::TooManyPeople {
            people: people as u64,
        }),
    }
}

/// A set of numbers, and how many of them lie below each.
struct Ranks {
    bits: Vec<u64>,
    below: Vec<u32>,
    count: usize,
}

impl Ranks {
    fn of(most: u64, ids: impl Iterator<Item = u64>) -> Ranks {
        let mut bits = vec![0u64; (most / 64 + 1) as usize];
        for id in ids {
            bits[(id / 64) as usize] |= 1 << (id % 64);
        }
        let mut count = 0;
        let mut below = Vec::with_capacity(bits.len());
        for word in &bits {
            below.push(count as u32);
            count += word.count_ones() as usize;
        }
        Ranks { bits, below, count }
    }

    fn get(&self, id: u64) -> u32 {
        let word = (id / 64) as usize;
        let lower = self.bits[word] & ((1 << (id % 64)) - 1);
        self.below[word] + lower.count_ones()
    }

    fn ids(&self) -> Vec<u64> {
        let held = |word: u64, at: u64| move |bit: &u64| word & (1 << (bit - at * 64)) != 0;
        let words = self.bits.iter().zip(0u64..);
        words
            .flat_map(|(&word, at)| (at * 64..at * 64 + 64).filter(held(word, at)))
            .collect()
    }
}
