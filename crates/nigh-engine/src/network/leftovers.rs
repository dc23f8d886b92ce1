//! Files that a write that was cut off has left beside those in use: they may hold what was erased since.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{files, ranking};

/// A training writes its files without holding the network: one as young as this may be on its way to its name.
const YOUNG: Duration = Duration::from_secs(60);

/// Those in the folders of derived files.
pub(super) fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let used = [Some(files::current(dir)), files::current_file(dir)];
    let unused = |path: &PathBuf| !used.iter().flatten().any(|used| used == path);
    let mut found: Vec<PathBuf> = entries(&dir.join("graph")).filter(unused).collect();
    let is_old = |path: &PathBuf| {
        let changed = fs::metadata(path).and_then(|file| file.modified());
        let age = changed.map(|changed| SystemTime::now().duration_since(changed));
        age.is_ok_and(|age| age.is_ok_and(|age| age > YOUNG))
    };
    let model = dir.join("model");
    let unfinished = entries(&model).filter(|path| is_temporary(path));
    found.extend(unfinished.filter(is_old));
    let used = ranking::current_folder(dir);
    let folders = all_entries(&model).filter(|path| path.is_dir() && Some(path) != used.as_ref());
    found.extend(folders.filter(is_old));
    found.extend(entries(dir).filter(|path| is_temporary(path)));
    found
}

/// Removes them. For the one writer: a reader that writes a graph holds the network meanwhile, and keeps writers out.
pub(super) fn remove_leftovers(dir: &Path) {
    for path in leftovers(dir) {
        // What cannot be removed now, the next writer removes; until then the doctor names it.
        let _ = match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
    }
}

fn is_temporary(path: &Path) -> bool {
    path.extension()
        .is_some_and(|kind| kind == "new" || kind == "tmp")
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    all_entries(folder).filter(|path| path.is_file())
}

fn all_entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}
