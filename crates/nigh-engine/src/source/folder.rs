//! What lies in a folder: pictures, tables in its root, and the rest by kind.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::Reject;
use super::table::{self, extension};

/// The extensions of pictures, in lower case.
pub(super) const PICTURES: [&str; 6] = ["jpg", "jpeg", "png", "webp", "gif", "bmp"];

/// Files found, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) item_per_folder: bool,
    pub(super) roots: Vec<PathBuf>,
    pub(super) pictures: Vec<Picture>,
    /// What becomes one item each: a picture, or the pictures of a folder.
    pub(super) units: Vec<Unit>,
    pub(super) root_tables: Vec<PathBuf>,
    pub(super) deep_parquet: Vec<PathBuf>,
    /// How many other files there are of each extension.
    pub(super) others: BTreeMap<String, u64>,
    pub(super) loops: u64,
    pub(super) rejects: Vec<Reject>,
}

#[derive(Debug)]
pub(super) struct Picture {
    pub(super) path: PathBuf,
    pub(super) unit: u32,
}

#[derive(Debug)]
pub(super) struct Unit {
    /// The file's stem or the folder's name.
    pub(super) key: Box<str>,
    pub(super) pictures: Vec<u32>,
}

impl Listing {
    /// Adds what is in the folder, each folder an item if so wished.
    pub(super) fn add_folder(&mut self, root: &Path, item_per_folder: bool) {
        self.item_per_folder = item_per_folder;
        self.roots.push(root.to_owned());
        let mut folders = HashMap::new();
        let walk = WalkDir::new(root).follow_links(true).sort_by_file_name();
        let shown = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry);
        for entry in walk.into_iter().filter_entry(shown) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    self.add_entry(&entry, item_per_folder.then_some(&mut folders));
                }
                Ok(_) => {}
                Err(error) => self.add_error(&error),
            }
        }
    }

    /// Adds one picture; `folders` holds the unit of each folder where a folder is an item.
    pub(super) fn add_picture(
        &mut self,
        path: PathBuf,
        folders: Option<&mut HashMap<PathBuf, u32>>,
    ) {
        let Some(stem) = utf8(path.file_stem().map(Path::new)) else {
            return self.rejects.push(not_utf8(&path));
        };
        let next = self.units.len() as u32;
        let (unit, key) = match folders {
            None => (next, stem.into()),
            Some(folders) => {
                let folder = path.parent().unwrap_or(Path::new(""));
                let unit = *folders.entry(folder.to_owned()).or_insert(next);
                (unit, folder_name(folder))
            }
        };
        if unit == next {
            let pictures = Vec::with_capacity(1);
            self.units.push(Unit { key, pictures });
        }
        let picture = self.pictures.len() as u32;
        self.units[unit as usize].pictures.push(picture);
        self.pictures.push(Picture { path, unit });
    }

    fn add_entry(&mut self, entry: &DirEntry, folders: Option<&mut HashMap<PathBuf, u32>>) {
        let extension = extension(entry.path());
        if PICTURES.contains(&extension.as_str()) {
            let root = self.roots.last().map_or(Path::new(""), PathBuf::as_path);
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            match utf8(Some(relative)) {
                Some(_) => self.add_picture(entry.path().to_owned(), folders),
                None => self.rejects.push(not_utf8(entry.path())),
            }
        } else if entry.depth() == 1 && table::is_table(&extension) {
            self.root_tables.push(entry.path().to_owned());
        } else if table::is_parquet(&extension) {
            self.deep_parquet.push(entry.path().to_owned());
        } else if !is_litter(&entry.file_name().to_string_lossy()) {
            *self.others.entry(extension).or_default() += 1;
        }
    }

    fn add_error(&mut self, error: &walkdir::Error) {
        if error.loop_ancestor().is_some() {
            self.loops += 1;
            return;
        }
        let reason = match error.io_error() {
            Some(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "is a link to nothing".to_owned()
            }
            Some(error) => format!("cannot be read: {error}"),
            None => format!("cannot be read: {error}"),
        };
        let path = error.path().unwrap_or(Path::new(""));
        self.rejects.push(Reject {
            origin: path.to_string_lossy().into_owned(),
            column: None,
            reason,
        });
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || name == "__MACOSX"
}

fn is_litter(name: &str) -> bool {
    name.eq_ignore_ascii_case("thumbs.db") || name.eq_ignore_ascii_case("desktop.ini")
}

fn utf8(path: Option<&Path>) -> Option<&str> {
    path.and_then(Path::to_str)
}

fn not_utf8(path: &Path) -> Reject {
    Reject {
        origin: path.to_string_lossy().into_owned(),
        column: None,
        reason: "has a name that is not UTF-8, so no id can be made of it: rename it".to_owned(),
    }
}

/// The last component, also of `.` and `..`.
fn folder_name(folder: &Path) -> Box<str> {
    let absolute = std::path::absolute(folder).unwrap_or_default();
    let named = folder.file_name().or(absolute.file_name());
    named
        .map_or_else(|| "/".into(), |name| name.to_string_lossy())
        .into()
}
