//! Is a network whole?

mod bytes;
mod erasure;
mod graph;
mod held;
mod ranking;

use std::path::Path;

use nigh_store::NetworkStore;

use super::leftovers::leftovers;
use crate::doctor::{Check, DoctorError, Findings, opened, unreadable};
use held::Held;

/// Looks at the network at `dir`, and for what is left of an erased person's id.
pub(crate) fn examine(dir: &Path, erased: Option<&str>) -> Result<Vec<Check>, DoctorError> {
    let store = match opened(NetworkStore::open_reader(dir))? {
        Ok(store) => store,
        Err(check) => return Ok(vec![check]),
    };
    if let Err(check) = opened(store.verify())? {
        return Ok(vec![check]);
    }
    let held = match store.view().and_then(|view| Held::read(&view)) {
        Ok(held) => held,
        Err(error) => return Ok(vec![unreadable(&error)]),
    };
    let (graph, graph_check) = graph::check(dir, &held);
    let (ranking, ranking_check) = ranking::check(dir, &held);
    let mut checks = vec![
        held.check_store(),
        held.check_people(),
        held.check_edges(),
        held.check_rules(),
        graph_check,
        ranking_check,
        erasure::check(&held, graph.as_ref(), ranking.as_ref()),
        check_files(dir),
    ];
    if let Some(id) = erased {
        checks.push(erasure::check_id(id, &held, graph.as_ref()));
        checks.push(bytes::check(dir, id, &held)?);
    }
    Ok(checks)
}

/// Files that nobody uses.
fn check_files(dir: &Path) -> Check {
    let mut findings = Findings::default();
    for path in leftovers(dir) {
        let name = path.strip_prefix(dir).unwrap_or(&path).display();
        findings.add(|| {
            format!(
                "{name} is left of a write that was cut off; the next command that writes to the network removes it"
            )
        });
    }
    findings.check("files", "none is left of a write that was cut off")
}
