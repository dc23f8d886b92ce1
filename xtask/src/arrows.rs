//! The dependency arrows between the crates, held against `cargo metadata`.
//!
//! A crate may depend on any crate of a lower tier, and on the neighbours of
//! its own tier that [`NEIGHBOURS`] declares. Build and test dependencies count
//! too: a test that needs a crate from above belongs above.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Every crate and its tier: 0 kernels, 1 algorithms, 2 engine, 3 edges.
const TIERS: &[(&str, u8)] = &[
    ("nigh-simd", 0),
    ("nigh-mmap", 0),
    ("nigh-index", 1),
    ("nigh-encode", 1),
    ("nigh-graph", 1),
    ("nigh-learn", 1),
    ("nigh-models", 1),
    ("nigh-store", 2),
    ("nigh-engine", 2),
    ("nigh-server", 3),
    ("nigh", 3),
    ("xtask", 3),
];

/// The arrows inside one tier that the design allows: (from, to).
const NEIGHBOURS: &[(&str, &str)] = &[
    ("nigh-engine", "nigh-store"),
    ("nigh-learn", "nigh-graph"),
    ("nigh-learn", "nigh-encode"),
    ("nigh-models", "nigh-encode"),
    ("nigh", "nigh-server"),
];

/// Fails with one line for every arrow that points upwards or sideways.
pub(crate) fn check_workspace() -> Result<()> {
    let wrong = violations(&workspace_arrows()?);
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Workspace crate → the workspace crates it depends on, for whatever purpose.
type Arrows = BTreeMap<String, Vec<String>>;

fn workspace_arrows() -> Result<Arrows> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .context("running cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    parse(&serde_json::from_slice(&output.stdout).context("reading cargo metadata")?)
}

fn parse(metadata: &Value) -> Result<Arrows> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let members: Vec<String> = packages.iter().filter_map(name).collect();
    let arrows = packages.iter().filter_map(|package| {
        let dependencies = package["dependencies"].as_array()?;
        let inside = dependencies
            .iter()
            .filter_map(name)
            .filter(|dependency| members.contains(dependency));
        Some((name(package)?, inside.collect()))
    });
    Ok(arrows.collect())
}

fn violations(arrows: &Arrows) -> Vec<String> {
    let pairs = arrows
        .iter()
        .flat_map(|(from, tos)| tos.iter().map(move |to| (from.as_str(), to.as_str())));
    let wrong = pairs.filter_map(|(from, to)| violation(from, to));
    let unknown = arrows.keys().filter(|name| tier(name).is_none());
    wrong
        .chain(unknown.map(|name| format!("{name} has no tier: add it to xtask/src/arrows.rs")))
        .collect()
}

fn violation(from: &str, to: &str) -> Option<String> {
    let (from_tier, to_tier) = (tier(from)?, tier(to)?);
    let allowed = to_tier < from_tier || NEIGHBOURS.contains(&(from, to));
    (!allowed)
        .then(|| format!("{from} (tier {from_tier}) must not depend on {to} (tier {to_tier})"))
}

fn tier(name: &str) -> Option<u8> {
    TIERS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, tier)| *tier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_arrow_points_upwards() {
        check_workspace().unwrap();
    }

    #[test]
    fn wrong_arrows_are_named() {
        let table = [
            ("nigh-engine", "nigh-store", None),
            ("nigh-index", "nigh-simd", None),
            (
                "nigh-store",
                "nigh-engine",
                Some("nigh-store (tier 2) must not depend on nigh-engine (tier 2)"),
            ),
            (
                "nigh-simd",
                "nigh",
                Some("nigh-simd (tier 0) must not depend on nigh (tier 3)"),
            ),
            (
                "nigh-new",
                "nigh-simd",
                Some("nigh-new has no tier: add it to xtask/src/arrows.rs"),
            ),
        ];
        let failures: Vec<_> = table
            .iter()
            .filter_map(|(from, to, expected)| {
                let got = violations(&Arrows::from([((*from).into(), vec![(*to).into()])]));
                let want: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
                (got != want).then(|| format!("{from} -> {to}: {got:?}"))
            })
            .collect();
        assert!(failures.is_empty(), "{failures:#?}");
    }
}
