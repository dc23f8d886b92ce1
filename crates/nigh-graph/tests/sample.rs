#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! What mini-batches see, on graphs drawn at random.

use std::collections::BTreeMap;

use nigh_graph::{
    Adjacency, Csr, Draw, Edge, LeftOut, Random, Sample, SampleConfig, SampleError, Seed, TimeRule,
    sample,
};

fn graph(nodes: usize, edges: usize, seed: u64) -> Csr {
    let mut random = Random::new(seed);
    let edge = |_| {
        let (a, b) = (random.below(nodes) as u32, random.below(nodes) as u32);
        let (time, weight) = (random.below(1000) as i64, random.unit() as f32);
        Edge { a, b, time, weight }
    };
    Csr::from_edges(nodes, &(0..edges).map(edge).collect::<Vec<_>>())
}

fn seeds(count: u32, time: i64) -> Vec<Seed> {
    (0..count).map(|node| Seed { node, time }).collect()
}

/// Everything that must hold of any sample.
fn faults(
    graph: &Csr,
    given: &[Seed],
    config: &SampleConfig,
    left_out: &[(u32, u32)],
    got: &Sample,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut people: Vec<_> = got.nodes.iter().zip(&got.times).collect();
    people.sort_unstable();
    people.dedup();
    if people.len() != got.nodes.len() {
        faults.push("somebody has two places".into());
    }
    let mut targets = got
        .seeds
        .iter()
        .max()
        .map_or(0, |&place| place as usize + 1);
    if given
        .iter()
        .zip(&got.seeds)
        .any(|(seed, &place)| got.nodes[place as usize] != seed.node)
    {
        faults.push("a seed is not at its place".into());
    }
    for (block, &fan_out) in got.blocks.iter().zip(&config.fan_outs) {
        if block.targets() != targets {
            faults.push(format!("{} receive, not {targets}", block.targets()));
        }
        for target in 0..block.targets() {
            let (node, time) = (got.nodes[target], got.times[target]);
            let list: Vec<u32> = block
                .list(target)
                .iter()
                .map(|&place| got.nodes[place as usize])
                .collect();
            let allowed = allowed(graph, config, left_out, node, time);
            let expected = allowed.len().min(fan_out);
            if list.len() != expected || !list.is_sorted_by(|a, b| a < b) {
                faults.push(format!(
                    "{node} at {time} got {list:?}, {expected} were to come"
                ));
            }
            if list.iter().any(|other| !allowed.contains(other)) {
                faults.push(format!("{node} at {time} got {list:?} of {allowed:?}"));
            }
            if block
                .list(target)
                .iter()
                .any(|&place| got.times[place as usize] != time)
            {
                faults.push(format!(
                    "a neighbour of {node} has another moment than {time}"
                ));
            }
        }
        targets = block.sources();
    }
    faults
}

fn allowed(
    graph: &Csr,
    config: &SampleConfig,
    left_out: &[(u32, u32)],
    node: u32,
    time: i64,
) -> Vec<u32> {
    let fits = |place: &usize| {
        let other = graph.list(node)[*place];
        let since = graph.times(node).get(*place).copied().unwrap_or(0);
        let in_time = match config.time {
            TimeRule::Any => true,
            TimeRule::UpTo => since <= time,
            TimeRule::Before => since < time,
        };
        let weight = graph.weights(node).get(*place).copied().unwrap_or(1.0);
        let drawable = config.draw == Draw::Uniform || weight > 0.0;
        in_time
            && drawable
            && !left_out.contains(&(node, other))
            && !left_out.contains(&(other, node))
    };
    let places = (0..graph.degree(node)).filter(fits);
    places.map(|place| graph.list(node)[place]).collect()
}

#[test]
fn samples_keep_to_fan_outs_times_and_what_is_left_out() {
    let graph = graph(300, 3000, 1);
    let out: Vec<(u32, u32)> = graph
        .iter_edges()
        .take(200)
        .map(|edge| (edge.b, edge.a))
        .collect();
    let mut failures = Vec::new();
    for draw in [Draw::Uniform, Draw::ByWeight] {
        for time in [TimeRule::Any, TimeRule::UpTo, TimeRule::Before] {
            for fan_outs in [vec![], vec![0], vec![3, 5], vec![100, 2, 2], vec![10, 10]] {
                for left_out in [&[][..], &out] {
                    let mut given = seeds(20, 400);
                    given.extend(seeds(5, 700));
                    let config = SampleConfig {
                        fan_outs: fan_outs.clone(),
                        draw,
                        time,
                        seed: 9,
                    };
                    let got = sample(&graph, &given, &config, &LeftOut::of(left_out)).unwrap();
                    let faults = faults(&graph, &given, &config, left_out, &got);
                    if !faults.is_empty() {
                        failures.push(format!(
                            "{config:?}: {} faults, first {}",
                            faults.len(),
                            faults[0]
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn two_hops_of_ten_from_256_touch_at_most_28416() {
    let graph = graph(200_000, 4_000_000, 3);
    let got = sample(
        &graph,
        &seeds(256, 0),
        &SampleConfig::default(),
        &LeftOut::default(),
    )
    .unwrap();
    assert!(got.nodes.len() <= 28_416, "{}", got.nodes.len());
    assert!(
        got.nodes.len() > 20_000,
        "hardly anybody was met twice, yet {}",
        got.nodes.len()
    );
}

#[test]
fn threads_and_companions_change_nothing() {
    let graph = graph(500, 8000, 4);
    let config = SampleConfig {
        draw: Draw::ByWeight,
        ..SampleConfig::default()
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| sample(&graph, &seeds(100, 0), &config, &LeftOut::default()).unwrap())
    };
    assert_eq!(on(1), on(4));
    let alone = sample(&graph, &seeds(1, 0), &config, &LeftOut::default()).unwrap();
    let names = |sample: &Sample, target: usize| {
        let list = sample.blocks[0].list(target).iter();
        list.map(|&place| sample.nodes[place as usize])
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&alone, 0), names(&on(1), 0));
    let other = SampleConfig {
        seed: 1,
        ..config.clone()
    };
    assert_ne!(
        sample(&graph, &seeds(100, 0), &other, &LeftOut::default()).unwrap(),
        on(1)
    );
}

#[test]
fn draws_are_as_frequent_as_they_should_be() {
    // Node 0 beside 1 to 8, the last four with three times the weight.
    let edge = |b: u32| Edge {
        weight: if b > 4 { 3.0 } else { 1.0 },
        ..Edge::new(0, b)
    };
    let graph = Csr::from_edges(9, &(1..9).map(edge).collect::<Vec<_>>());
    let rounds = 20_000;
    // One draw: 1/8 each; by weight 1/16 and 3/16. Three uniform draws: 3/8 each.
    let rows = [
        (Draw::Uniform, 1, 0.125, 0.125),
        (Draw::Uniform, 3, 0.375, 0.375),
        (Draw::ByWeight, 1, 0.0625, 0.1875),
    ];
    let mut failures = Vec::new();
    for (draw, count, light, heavy) in rows {
        let mut met: BTreeMap<u32, usize> = BTreeMap::new();
        for seed in 0..rounds {
            let config = SampleConfig {
                fan_outs: vec![count],
                draw,
                time: TimeRule::Any,
                seed,
            };
            let got = sample(&graph, &seeds(1, 0), &config, &LeftOut::default()).unwrap();
            got.nodes[1..]
                .iter()
                .for_each(|&node| *met.entry(node).or_default() += 1);
        }
        for node in 1..9 {
            let expected = if node > 4 { heavy } else { light };
            let share = met[&node] as f64 / rounds as f64;
            if (share - expected).abs() > 0.015 {
                failures.push(format!(
                    "{draw:?} {count}: node {node} {share}, expected {expected}"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn odd_input_gets_an_answer() {
    let none = Csr::from_edges(0, &[]);
    let alone = Csr::from_edges(1, &[]);
    let config = SampleConfig::default();
    let left_out = LeftOut::of(&[(0, 7)]);
    assert_eq!(sample(&none, &[], &config, &left_out).unwrap().nodes, []);
    assert_eq!(
        sample(&alone, &seeds(1, 0), &config, &left_out)
            .unwrap()
            .nodes,
        [0]
    );
    let error = sample(&alone, &[Seed::new(3)], &config, &left_out);
    assert_eq!(error, Err(SampleError::UnknownSeed { seed: 3, nodes: 1 }));
    let bad = [f32::NAN, -1.0, 0.0, f32::INFINITY].into_iter().zip(1..);
    let bad: Vec<Edge> = bad
        .map(|(weight, b)| Edge {
            weight,
            ..Edge::new(0, b)
        })
        .collect();
    let config = SampleConfig {
        draw: Draw::ByWeight,
        ..config
    };
    let got = sample(&Csr::from_edges(5, &bad), &seeds(1, 0), &config, &left_out).unwrap();
    assert_eq!(got.nodes, [0, 4]);
}

#[test]
fn a_block_reversed_twice_is_itself() {
    let graph = graph(50, 200, 5);
    let got = sample(
        &graph,
        &seeds(10, 0),
        &SampleConfig::default(),
        &LeftOut::default(),
    )
    .unwrap();
    for block in &got.blocks {
        let there = block.reversed();
        let back = there.reversed();
        let lists = |target: usize| {
            let mut list = block.list(target).to_vec();
            list.sort_unstable();
            list == back.list(target)
        };
        assert!((0..block.targets()).all(lists));
        assert_eq!(there.edges(), block.edges());
    }
}
