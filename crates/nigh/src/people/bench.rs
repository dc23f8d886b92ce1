//! `nigh people bench`.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use nigh_engine::network::{EdgeRow, Network, SuggestOptions, SuggestScratch};
use nigh_graph::{Adjacency, Edge, Graph, TwoHopConfig, TwoHopScratch, common_neighbours};
use serde_json::{Value, json};

use crate::cli::people::BenchPeopleArgs;
use crate::output::{Exit, Output};

/// So many friendships are added in memory.
const ADDITIONS: usize = 1_000_000;
/// So many questions are asked before the clock runs.
const WARM_UP: usize = 100;

pub(crate) fn run(args: &BenchPeopleArgs, output: Output) -> Result<Exit> {
    let network = Network::open(&args.dir)?;
    let graph = network.graph();
    if graph.edges() == 0 {
        bail!("{} has no friendships to ask about", args.dir.display());
    }
    let people = asked(graph, args);
    let mut scratch = TwoHopScratch::default();
    let config = TwoHopConfig::default();
    let mut paths = 0;
    let two_hop = timed(&people, |person| {
        paths += common_neighbours(graph, person, &config, &mut scratch).paths;
        Ok(())
    })?;
    let (options, mut scratch) = (SuggestOptions::default(), SuggestScratch::default());
    let suggest = timed(&people, |person| {
        network.suggest(&network.id(person), &options, &mut scratch)?;
        Ok(())
    })?;
    let additions = additions_per_second(graph, args.seed);
    let durable = Durable::measure(&args.dir, args.seed)?;
    let info = network.info();
    let bytes_per_edge = info.file_bytes as f64 / info.edges as f64;
    if args.json {
        output.json(&json!({
            "people": info.people,
            "edges": info.edges,
            "bytes_per_edge": bytes_per_edge,
            "mean_paths": paths / (people.len() + people.len().min(WARM_UP)),
            "two_hop": two_hop.json(),
            "suggest": suggest.json(),
            "edge_additions_per_second": additions,
            "durable_additions_per_second": durable.per_second,
            "add_and_suggest": durable.one.json(),
            "visible": durable.visible.json(),
        }))?;
        return Ok(Exit::Done);
    }
    output.line(format!(
        "{} people, {} friendships, {bytes_per_edge:.2} bytes each",
        info.people, info.edges
    ))?;
    output.line(format!("two-hop top 100  {}", two_hop.line()))?;
    output.line(format!("suggestion       {}", suggest.line()))?;
    output.line(format!(
        "additions        {additions:.0} a second in memory, {:.0} on the disk in batches of {BATCH}",
        durable.per_second
    ))?;
    output.line(format!("one, on the disk  {}", durable.one.line()))?;
    output.line(format!("the answer after  {}", durable.visible.line()))?;
    Ok(Exit::Done)
}

struct Latencies {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Latencies {
    /// Of at least one time, in microseconds.
    fn of(mut times_us: Vec<f64>) -> Latencies {
        let total: f64 = times_us.iter().sum();
        times_us.sort_by(f64::total_cmp);
        let at = |share: f64| times_us[(share * (times_us.len() - 1) as f64) as usize];
        Latencies {
            per_second: times_us.len() as f64 / total * 1e6,
            p50_us: at(0.5),
            p99_us: at(0.99),
        }
    }

    fn json(&self) -> Value {
        json!({"qps": self.per_second, "p50_us": self.p50_us, "p99_us": self.p99_us})
    }

    fn line(&self) -> String {
        let Latencies {
            per_second,
            p50_us,
            p99_us,
        } = self;
        format!("{per_second:.0} a second, p50 {p50_us:.0} us, p99 {p99_us:.0} us")
    }
}

/// People with friends, by chance.
fn asked(graph: &Graph, args: &BenchPeopleArgs) -> Vec<u32> {
    let mut state = args.seed;
    let mut people = Vec::with_capacity(args.questions as usize);
    while people.len() < args.questions as usize {
        state = nigh_learn::splitmix64(state);
        let person = (state % graph.nodes() as u64) as u32;
        if graph.degree(person) > 0 {
            people.push(person);
        }
    }
    people
}

fn timed(people: &[u32], mut ask: impl FnMut(u32) -> Result<()>) -> Result<Latencies> {
    for &person in people.iter().take(WARM_UP) {
        ask(person)?;
    }
    let mut times_us = Vec::with_capacity(people.len());
    for &person in people {
        let started = Instant::now();
        ask(person)?;
        times_us.push(micros(started));
    }
    Ok(Latencies::of(times_us))
}

/// So many friendships are written, in batches and one by one, between so many people.
const WRITTEN: usize = 200_000;
const BATCH: usize = 1_000;
const ONE_BY_ONE: usize = 200;
const PEOPLE: u64 = 20_000;

/// Additions to a network of their own, beside the one that is measured.
struct Durable {
    per_second: f64,
    /// One addition, until it is on the disk.
    one: Latencies,
    /// From there until an answer that knows it.
    visible: Latencies,
}

impl Durable {
    fn measure(beside: &Path, seed: u64) -> Result<Durable> {
        let beside = beside.canonicalize()?;
        let parent = beside.parent();
        let mut folder = tempfile::Builder::new();
        folder.prefix(".nigh-bench-");
        // The same disk, where it can be written to.
        let folder = match parent.map(|parent| folder.tempdir_in(parent)) {
            Some(Ok(made)) => made,
            _ => folder.tempdir()?,
        };
        let mut network = Network::open_or_create(folder.path())?;
        let mut state = seed;
        let mut row = || {
            let mut end = || {
                state = nigh_learn::splitmix64(state);
                state % PEOPLE
            };
            let (a, b) = (end(), end());
            let b = if a == b { PEOPLE } else { b };
            EdgeRow {
                a: a.to_string(),
                b: b.to_string(),
                time: 0,
                weight: 1.0,
            }
        };
        let started = Instant::now();
        for _ in 0..WRITTEN / BATCH {
            let batch: Vec<EdgeRow> = (0..BATCH).map(|_| row()).collect();
            network.add_edges(&batch)?;
            network.fold_if_large()?;
        }
        let per_second = WRITTEN as f64 / started.elapsed().as_secs_f64();
        let (mut one, mut visible) = (Vec::new(), Vec::new());
        let (options, mut scratch) = (SuggestOptions::default(), SuggestScratch::default());
        for _ in 0..ONE_BY_ONE {
            let row = row();
            let started = Instant::now();
            network.add_edges(std::slice::from_ref(&row))?;
            one.push(micros(started));
            let started = Instant::now();
            let reply = network.suggest(&row.a, &options, &mut scratch)?;
            visible.push(micros(started));
            if reply.suggestions.iter().any(|found| found.id == row.b) {
                bail!("{} was suggested to {}, a friend", row.b, row.a);
            }
        }
        Ok(Durable {
            per_second,
            one: Latencies::of(one),
            visible: Latencies::of(visible),
        })
    }
}

fn micros(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6
}

/// Additions to a copy in memory of the graph, between people by chance.
fn additions_per_second(graph: &Graph, seed: u64) -> f64 {
    let mut copy = Graph::new(graph.base().cloned());
    copy.grow(graph.nodes());
    let nodes = copy.nodes() as u64;
    let mut state = seed;
    let mut end = || {
        state = nigh_learn::splitmix64(state);
        (state % nodes) as u32
    };
    let edges: Vec<Edge> = (0..ADDITIONS).map(|_| Edge::new(end(), end())).collect();
    let started = Instant::now();
    for edge in edges {
        copy.add(edge);
    }
    ADDITIONS as f64 / started.elapsed().as_secs_f64()
}
