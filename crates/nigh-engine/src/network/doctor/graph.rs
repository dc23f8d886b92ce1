//! Does the mapped graph hold what the store holds?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nigh_graph::{Edge, Graph, GraphFile};

use super::held::Held;
use crate::doctor::{Check, Findings};
use crate::network::files;

const NAME: &str = "graph";

/// The published graph, where it can be read, and its check.
pub(super) fn check(dir: &Path, held: &Held) -> (Option<Arc<GraphFile>>, Check) {
    let file = match open(dir) {
        Ok(file) => Arc::new(file),
        Err(reason) => return (None, Check::wrong(NAME, rebuilt(&reason))),
    };
    if file.sequence() != held.fold {
        let reason = format!(
            "it was written at change {}, and the store has written all edges anew at change {}",
            file.sequence(),
            held.fold
        );
        return (Some(file), Check::wrong(NAME, rebuilt(&reason)));
    }
    let check = compare(&file, held);
    (Some(file), check)
}

fn rebuilt(reason: &str) -> String {
    format!(
        "{reason}; it is derived, and the next command that opens the network writes it again from the store"
    )
}

fn open(dir: &Path) -> Result<GraphFile, String> {
    let path: PathBuf = match files::current_file(dir) {
        Some(path) => path,
        None => return Err("no graph is published".to_owned()),
    };
    let file = GraphFile::open(&path).map_err(|error| error.to_string())?;
    file.verify().map_err(|error| error.to_string())?;
    Ok(file)
}

/// Each edge and each id, one beside the other.
fn compare(file: &Arc<GraphFile>, held: &Held) -> Check {
    let mut findings = Findings::default();
    let people = held.folded_people();
    if file.ids().len() != people {
        let found = file.ids().len();
        findings.add(|| format!("it has {found} people, and the store {people}"));
    }
    for (number, person) in held.people[..people.min(file.ids().len())]
        .iter()
        .enumerate()
    {
        let id = file.ids().get(number as u32);
        if id != person.id.as_str() {
            findings.add(|| {
                format!(
                    "it calls person number {number} {id:?}, and the store {:?}",
                    person.id
                )
            });
        }
    }
    compare_edges(file, held, &mut findings);
    let fine = format!(
        "every byte fits its checksum; {} edges and {people} ids, those of the store",
        file.edges()
    );
    findings.check(NAME, fine)
}

fn compare_edges(file: &Arc<GraphFile>, held: &Held, findings: &mut Findings) {
    let csr = Graph::new(Some(Arc::clone(file))).to_csr();
    let (mut mapped, mut stored) = (csr.iter_edges(), held.edges.iter().copied());
    loop {
        let (one, other) = (mapped.next(), stored.next());
        if one == other && one.is_none() {
            return;
        }
        if one != other {
            // What follows is out of step.
            return findings.add(|| {
                format!(
                    "it goes on with {}, and the store with {}",
                    said(one),
                    said(other)
                )
            });
        }
    }
}

fn said(edge: Option<Edge>) -> String {
    match edge {
        Some(Edge { a, b, time, weight }) => {
            format!("the edge of {a} and {b} (time {time}, weight {weight})")
        }
        None => "no edge".to_owned(),
    }
}
