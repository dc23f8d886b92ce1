//! The mapped graph of a network: `DIR/graph/current` names it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nigh_graph::{Csr, GraphFile, Ids, write_graph};
use nigh_store::{NetworkChange, NetworkView};

use super::NetworkError;
use crate::publish::write_atomically;

/// The graph that is published, if it is one.
pub(super) fn open_current(dir: &Path) -> Option<GraphFile> {
    GraphFile::open(&current_file(dir)?).ok()
}

/// Where the published graph is said to be.
pub(super) fn current_file(dir: &Path) -> Option<PathBuf> {
    let name = fs::read_to_string(current(dir)).ok()?;
    Some(folder(dir).join(name.trim()))
}

/// Writes a graph, makes it the published one, and removes those before.
pub(super) fn publish(
    dir: &Path,
    graph: &Csr,
    ids: &Ids,
    sequence: u64,
) -> Result<Arc<GraphFile>, NetworkError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| NetworkError::Io { path, source }
    };
    let folder = folder(dir);
    fs::create_dir_all(&folder).map_err(io(&folder))?;
    let name = format!("{sequence}-{}.graph", std::process::id());
    let path = folder.join(&name);
    write_graph(&path, graph, ids, sequence)?;
    let current = current(dir);
    write_atomically(&current, name.as_bytes()).map_err(io(&current))?;
    // Before others are removed: another process may publish too.
    let file = GraphFile::open(&path)?;
    remove_others(&folder, &path);
    Ok(Arc::new(file))
}

/// Writes the graph of the store's last fold; later changes are the reader's to add.
pub(super) fn rebuild(dir: &Path, view: &NetworkView) -> Result<Arc<GraphFile>, NetworkError> {
    let fold = view.fold()?;
    let mut later = 0;
    for change in view.changes(fold + 1)? {
        later += usize::from(matches!(change?.1, NetworkChange::AddPerson(_)));
    }
    let people = view.people()?;
    let mut ids = Ids::Integers(Vec::new());
    for person in &people[..people.len().saturating_sub(later)] {
        ids.push(&person.id);
    }
    let graph = Csr::from_edges(ids.len(), &view.folded_edges()?);
    publish(dir, &graph, &ids, fold)
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("graph")
}

pub(super) fn current(dir: &Path) -> PathBuf {
    folder(dir).join("current")
}

/// Graphs that nobody will open any more; one that is mapped stays readable by whoever has it.
fn remove_others(folder: &Path, keep: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let graphs = paths.filter(|path| path.extension().is_some_and(|kind| kind == "graph"));
    for path in graphs.filter(|path| path != keep) {
        // One that cannot be removed now is removed by the next publication.
        let _ = fs::remove_file(path);
    }
}
