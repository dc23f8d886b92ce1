//! Where does a walk from a person get to in two, three and four steps?

use nigh_graph::{Adjacency, adamic_adar, allocation};

use super::ties::add_ties;
use super::{LinkConfig, LinkScratch};

/// What a walk could afford.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Afforded {
    /// Paths of two steps that were followed.
    pub(super) paths: usize,
    /// Friends whose lists were not read.
    pub(super) skipped: usize,
}

/// Two steps from a person, the strength of ties along them, and a third step. The sums stay in `scratch`.
pub(super) fn walk_three(
    graph: &impl Adjacency,
    person: u32,
    config: &LinkConfig,
    scratch: &mut LinkScratch,
) -> Afforded {
    scratch.begin(graph.nodes());
    let friends = graph.neighbours(person, &mut scratch.list);
    scratch.friends.extend_from_slice(friends);
    for &friend in &scratch.friends {
        scratch.is_friend[friend as usize] = true;
    }
    let paths = afford(graph, config.max_paths, scratch);
    two_steps(graph, scratch);
    add_ties(graph, scratch);
    third_step(graph, config.tolerance, scratch);
    let skipped = scratch.friends.len() - scratch.read.len();
    Afforded { paths, skipped }
}

/// The fourth step, after [`walk_three`].
pub(super) fn walk_fourth(graph: &impl Adjacency, tolerance: f32, scratch: &mut LinkScratch) {
    let LinkScratch {
        far,
        third,
        fourth,
        list,
        ..
    } = scratch;
    for &middle in third.iter() {
        let each = far[middle as usize].three * allocation(graph.degree(middle));
        if each < tolerance {
            continue;
        }
        for &node in graph.neighbours(middle, list) {
            let far = &mut far[node as usize];
            if far.four == 0.0 && far.three == 0.0 {
                fourth.push(node);
            }
            far.four += each;
        }
    }
}

/// Chooses the friends whose lists are read; how many paths lead over them.
fn afford(graph: &impl Adjacency, max_paths: usize, scratch: &mut LinkScratch) -> usize {
    let LinkScratch { friends, read, .. } = scratch;
    read.extend_from_slice(friends);
    let mut paths = friends.iter().map(|&friend| graph.degree(friend)).sum();
    if paths > max_paths {
        read.sort_by_cached_key(|&friend| graph.degree(friend));
        while paths > max_paths {
            paths -= read.pop().map_or(paths, |friend| graph.degree(friend));
        }
    }
    paths
}

fn two_steps(graph: &impl Adjacency, scratch: &mut LinkScratch) {
    let LinkScratch {
        near,
        second,
        list,
        read,
        ..
    } = scratch;
    for &friend in read.iter() {
        let degree = graph.degree(friend);
        let (adamic, share) = (adamic_adar(degree), allocation(degree));
        let root = share.sqrt();
        for &node in graph.neighbours(friend, list) {
            let near = &mut near[node as usize];
            if near.common == 0.0 {
                second.push(node);
            }
            near.common += 1.0;
            near.adamic += adamic;
            near.allocation += share;
            near.root += root;
            near.greatest = near.greatest.max(share);
        }
    }
}

fn third_step(graph: &impl Adjacency, tolerance: f32, scratch: &mut LinkScratch) {
    let own = allocation(scratch.friends.len());
    let LinkScratch {
        near,
        far,
        second,
        third,
        list,
        ..
    } = scratch;
    for &middle in second.iter() {
        let sums = near[middle as usize];
        let share = allocation(graph.degree(middle));
        let each = sums.allocation * own * share;
        if each < tolerance {
            continue;
        }
        let path = sums.root * share.sqrt();
        for &node in graph.neighbours(middle, list) {
            let far = &mut far[node as usize];
            if far.three == 0.0 {
                third.push(node);
            }
            far.three += each;
            far.paths += path;
        }
    }
}
