//! `nigh people bench`.

use std::time::Instant;

use anyhow::{Result, bail};
use nigh_engine::network::{Network, SuggestOptions, SuggestScratch};
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
        "additions        {additions:.0} a second in memory"
    ))?;
    Ok(Exit::Done)
}

struct Latencies {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Latencies {
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
    let mut micros = Vec::with_capacity(people.len());
    for &person in people {
        let started = Instant::now();
        ask(person)?;
        micros.push(started.elapsed().as_secs_f64() * 1e6);
    }
    let total: f64 = micros.iter().sum();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[(share * (micros.len() - 1) as f64) as usize];
    Ok(Latencies {
        per_second: micros.len() as f64 / total * 1e6,
        p50_us: at(0.5),
        p99_us: at(0.99),
    })
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
