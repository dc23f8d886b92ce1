//! Which friendships are of late?

use nigh_graph::{Adjacency, Csr, allocation};

use super::LinkScratch;

/// What time it is in a graph, and how fast friendships age.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Clock {
    /// When the newest friendship began, in seconds since 1970.
    newest: i64,
    /// Half of all friendships are younger, in seconds; 0 in a graph without times.
    half_life: f64,
}

const DAY: f64 = 86_400.0;

impl Clock {
    pub(super) fn of(graph: &Csr) -> Clock {
        if !graph.is_timed() {
            return Clock::default();
        }
        let mut times: Vec<i64> = graph.iter_edges().map(|edge| edge.time).collect();
        let Some(&newest) = times.iter().max() else {
            return Clock::default();
        };
        let middle = times.len() / 2;
        let (_, &mut median, _) = times.select_nth_unstable(middle);
        Clock {
            newest,
            half_life: ((newest - median) as f64).max(DAY),
        }
    }

    /// What is left of a friendship of that time; all of one from the future.
    fn left(&self, time: i64) -> f32 {
        let age = (self.newest.saturating_sub(time)).max(0) as f64;
        (-age / self.half_life).exp2() as f32
    }

    /// ln (1 + days) since the last of these times; 0 in a graph without times.
    pub(super) fn since(&self, times: &[i64]) -> f32 {
        let Some(&last) = times.iter().max() else {
            return 0.0;
        };
        let days = (self.newest.saturating_sub(last)).max(0) as f64 / DAY;
        days.ln_1p() as f32
    }
}

/// Adds to each node two steps away its resource allocation by friendships as far as they are of late.
pub(super) fn add_recent(
    graph: &impl Adjacency,
    person: u32,
    clock: Clock,
    scratch: &mut LinkScratch,
) {
    if clock.half_life == 0.0 {
        return;
    }
    let own = graph.times(person, &mut scratch.times).to_vec();
    let LinkScratch {
        near,
        list,
        times,
        read,
        friends,
        ..
    } = scratch;
    for friend in read.iter() {
        // Those whose lists were read are friends.
        let Some(&time) = friends
            .binary_search(friend)
            .ok()
            .and_then(|at| own.get(at))
        else {
            continue;
        };
        let share = allocation(graph.degree(*friend)) * clock.left(time);
        let theirs = graph.times(*friend, times);
        for (&node, &time) in graph.neighbours(*friend, list).iter().zip(theirs) {
            near[node as usize].recent += share * clock.left(time);
        }
    }
}
