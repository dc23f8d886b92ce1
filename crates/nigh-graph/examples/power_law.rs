//! A made-up network as an edge list, `a b` by line on standard output: `power_law PEOPLE EDGES [SEED]`.
//!
//! Degrees follow a power law of exponent 2.5 up to some thousands (Chung and Lu, "The Average Distances in Random Graphs with
//! Given Expected Degrees", PNAS 2002); seven friendships of ten stay in a community of some 200 people. An edge may come
//! twice, and names are not in order.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a generator says what is wrong"
)]

use std::io::{BufWriter, Write};

use nigh_graph::Random;

const COMMUNITY: usize = 200;
/// The most connected have the degree of a place this far down the list, as a share of all people.
const SHIFT: f64 = 1.0 / 20_000.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|word| word.parse().ok());
    let (Some(people), Some(edges)) = (number(0), number(1)) else {
        eprintln!("usage: power_law PEOPLE EDGES [SEED]");
        return;
    };
    let mut random = Random::new(number(2).unwrap_or(0) as u64);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    for _ in 0..edges {
        let a = anybody(people, &mut random);
        let b = match random.below(10) < 7 {
            true => neighbour(a, people, &mut random),
            false => anybody(people, &mut random),
        };
        // Whoever reads no more, as `head` does, has enough.
        if a != b && writeln!(out, "{} {}", name(a, people), name(b, people)).is_err() {
            return;
        }
    }
}

/// A person by the weight (place + shift)^(-2/3): the inverse of its cumulated share.
fn anybody(people: usize, random: &mut Random) -> usize {
    let shift = SHIFT.cbrt();
    let root = shift + random.unit() * ((1.0 + SHIFT).cbrt() - shift);
    let place = (root.powi(3) - SHIFT) * people as f64;
    (place as usize).min(people - 1)
}

/// Somebody of the same community: those whose places have the same remainder, by weight too.
fn neighbour(of: usize, people: usize, random: &mut Random) -> usize {
    let communities = (people / COMMUNITY).max(1);
    let within = anybody(people / communities, random);
    (within * communities + of % communities).min(people - 1)
}

/// Numbers that tell nothing of the place: a multiplication by a number that has no divisor in common.
fn name(place: usize, people: usize) -> u64 {
    const PRIME: u64 = 2_654_435_761;
    (place as u64 * PRIME) % people as u64
}
