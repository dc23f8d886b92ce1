//! `nigh people stats`.

use anyhow::Result;
use nigh_engine::network::Network;
use nigh_graph::{
    Clustering, ClusteringConfig, Communities, CommunityConfig, Components, DegreeStats,
    clustering, connected_components, core_numbers, degree_assortativity, degree_stats, leiden,
};
use serde_json::json;

use crate::cli::people::StatsArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &StatsArgs, output: Output) -> Result<Exit> {
    let network = Network::open(&args.dir)?;
    let info = network.info();
    let graph = network.living().graph;
    let degrees = degree_stats(&graph);
    let components = connected_components(&graph);
    let clusters = clustering(&graph, &ClusteringConfig::default());
    let communities = leiden(&graph, &CommunityConfig::default())?;
    let core = core_numbers(&graph).into_iter().max().unwrap_or(0);
    let assortativity = degree_assortativity(&graph);
    if args.json {
        output.json(&json!({
            "people": info.people,
            "edges": info.edges,
            "timed": info.timed,
            "degrees": {"mean": degrees.mean, "median": degrees.median, "p99": degrees.p99, "max": degrees.max, "histogram": degrees.histogram},
            "components": {"count": components.sizes.len(), "largest": components.sizes.iter().max()},
            "communities": {"count": communities.count, "modularity": communities.modularity},
            "clustering": {"global": clusters.global.value, "global_margin": clusters.global.margin, "local": clusters.local.value, "local_margin": clusters.local.margin, "triangles": clusters.triangles},
            "core": core,
            "assortativity": assortativity,
        }))?;
        return Ok(Exit::Done);
    }
    output.line(format!(
        "{} people, {} friendships",
        info.people, info.edges
    ))?;
    for line in lines(&degrees, &components, &clusters, &communities) {
        output.line(line)?;
    }
    output.line(format!("greatest core        {core}"))?;
    output.line("")?;
    for line in plot(&degrees) {
        output.line(line)?;
    }
    Ok(Exit::Done)
}

fn lines(
    degrees: &DegreeStats,
    components: &Components,
    clusters: &Clustering,
    communities: &Communities,
) -> Vec<String> {
    let largest = components.sizes.iter().max().copied().unwrap_or(0);
    let margin = |margin: f64| {
        if margin > 0.0 {
            format!(" ± {margin:.3}")
        } else {
            String::new()
        }
    };
    vec![
        format!(
            "friends              mean {:.1}, median {}, p99 {}, most {}",
            degrees.mean, degrees.median, degrees.p99, degrees.max
        ),
        format!(
            "components           {}, the largest of {largest} people",
            components.sizes.len()
        ),
        format!(
            "communities          {}, modularity {:.3}",
            communities.count, communities.modularity
        ),
        format!(
            "clustering           global {:.3}{}, local {:.3}{}",
            clusters.global.value,
            margin(clusters.global.margin),
            clusters.local.value,
            margin(clusters.local.margin)
        ),
    ]
}

const BAR: usize = 50;

/// How many people have 0, 1, 2, 3–4, 5–8 … friends.
fn plot(degrees: &DegreeStats) -> Vec<String> {
    let mut bins: Vec<(u32, u32, u64)> = vec![(0, 0, 0), (1, 1, 0)];
    while bins.last().is_some_and(|bin| bin.1 < degrees.max) {
        let before = bins[bins.len() - 1].1;
        bins.push((before + 1, before.saturating_mul(2), 0));
    }
    for &(degree, people) in &degrees.histogram {
        if let Some(bin) = bins.iter_mut().find(|bin| degree <= bin.1) {
            bin.2 += people;
        }
    }
    let most = bins.iter().map(|bin| bin.2).max().unwrap_or(0).max(1);
    let bar = |people: u64| "█".repeat((people as f64 / most as f64 * BAR as f64).round() as usize);
    let range = |low: u32, high: u32| {
        if low == high {
            low.to_string()
        } else {
            format!("{low}–{high}")
        }
    };
    let mut lines = vec!["     friends  people".to_owned()];
    lines.extend(
        bins.iter().map(|&(low, high, people)| {
            format!("{:>12}  {} {people}", range(low, high), bar(people))
        }),
    );
    lines
}
