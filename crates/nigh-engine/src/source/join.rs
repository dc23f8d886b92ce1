//! From a table's cells to picture files.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::cell::{Cell, Fault, Record};
use super::folder::{Listing, PICTURES};
use super::roles::{Id, Roles};
use super::table::Table;

/// The pictures of a folder by every name that a table may call them.
pub(super) struct Index<'l> {
    pub(super) listing: &'l Listing,
    by_key: HashMap<&'l str, u32>,
    by_name: HashMap<&'l str, Named>,
    by_path: HashMap<u128, u32>,
    /// The folders that relative paths start from.
    bases: Vec<PathBuf>,
}

#[derive(Clone, Copy)]
enum Named {
    Once(u32),
    Often,
}

/// One picture of a row.
#[derive(Debug)]
pub(super) struct Found<'c> {
    pub(super) name: String,
    pub(super) place: Place<'c>,
    /// The stem of the file's name, where there is one.
    pub(super) stem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place<'c> {
    Bytes(&'c [u8]),
    Listed(u32),
    File(PathBuf),
}

/// What belongs to one row, and what it names in vain.
#[derive(Debug, Default)]
pub(super) struct Gathered<'c> {
    pub(super) found: Vec<Found<'c>>,
    pub(super) faults: Vec<Fault>,
}

/// Further pictures of an item, such as `1234_front.jpg`, by the item's key.
pub(super) type Extras = HashMap<String, Vec<u32>>;

impl<'l> Index<'l> {
    pub(super) fn new(listing: &'l Listing, table_folder: &Path) -> Self {
        let mut index = Self {
            listing,
            by_key: HashMap::with_capacity(listing.units.len()),
            by_name: HashMap::with_capacity(listing.pictures.len()),
            by_path: HashMap::with_capacity(listing.pictures.len()),
            bases: vec![table_folder.to_owned()],
        };
        index.bases.extend(listing.roots.iter().cloned());
        for (number, unit) in listing.units.iter().enumerate() {
            index.by_key.entry(&unit.key).or_insert(number as u32);
        }
        for (number, picture) in listing.pictures.iter().enumerate() {
            let number = number as u32;
            let name = picture.path.file_name().and_then(|name| name.to_str());
            let named = index.by_name.entry(name.unwrap_or_default());
            named
                .and_modify(|named| *named = Named::Often)
                .or_insert(Named::Once(number));
            index.by_path.insert(path_hash(&picture.path), number);
        }
        index
    }

    /// The unit with this key.
    pub(super) fn key(&self, key: &str) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    /// Whether the text is the path of a file, listed or not.
    pub(super) fn is_file(&self, name: &str) -> bool {
        self.listed(name).is_some() || self.bases.iter().any(|base| base.join(name).is_file())
    }

    /// The pictures of the unit with this key.
    pub(super) fn unit(&self, key: &str) -> Option<&'l [u32]> {
        let unit = self.key(key)?;
        Some(&self.listing.units[unit as usize].pictures)
    }

    /// The listed picture that a cell names, without asking the file system.
    pub(super) fn listed(&self, name: &str) -> Option<u32> {
        if self.by_path.is_empty() {
            return None;
        }
        let by_path = |path: &Path| self.by_path.get(&path_hash(path)).copied();
        let bases = self.bases.iter();
        if let Some(picture) = bases.into_iter().find_map(|base| by_path(&base.join(name))) {
            return Some(picture);
        }
        if !name.contains('/') {
            return match self.by_name.get(name) {
                Some(Named::Once(picture)) => Some(*picture),
                Some(Named::Often) => None,
                None => self.unit(name).and_then(|unit| unit.first().copied()),
            };
        }
        None
    }

    /// The file that a cell names, or the sentence that says why there is none.
    ///
    /// The path may have been written on another machine, so at last its longest tail that is a
    /// listed file is taken.
    fn resolve(&self, name: &str) -> Result<Place<'static>, String> {
        if let Some((scheme, _)) = name.split_once(':')
            && (name.contains("://") || scheme == "data")
        {
            return Err(format!(
                "`{}` is a URL and nigh downloads nothing: fetch the picture and name its file",
                shortened(name)
            ));
        }
        let name = &name.replace('\\', "/");
        if let Some(picture) = self.listed(name) {
            return Ok(Place::Listed(picture));
        }
        let mut candidates = self.bases.iter().map(|base| base.join(name));
        if let Some(path) = candidates.find(|path| path.is_file()) {
            return Ok(Place::File(path));
        }
        if let Some(Named::Often) = self.by_name.get(name.as_str()) {
            return Err(format!(
                "`{name}` is in several folders: name it with its folder"
            ));
        }
        self.tail(name)
            .map(Place::Listed)
            .ok_or_else(|| self.missing(name))
    }

    fn tail(&self, name: &str) -> Option<u32> {
        let starts = name.match_indices('/').map(|(at, _)| at + 1);
        starts.into_iter().find_map(|start| {
            let roots = self.listing.roots.iter();
            let paths = roots.map(|root| path_hash(&root.join(&name[start..])));
            paths
                .filter_map(|hash| self.by_path.get(&hash))
                .next()
                .copied()
        })
    }

    fn missing(&self, name: &str) -> String {
        let mut looked: Vec<String> = Vec::new();
        for base in &self.bases {
            let shown = match base.to_string_lossy().into_owned() {
                empty if empty.is_empty() => ".".to_owned(),
                shown => shown,
            };
            if !looked.contains(&shown) {
                looked.push(shown);
            }
        }
        match Path::new(name).is_absolute() {
            true => format!("there is no file `{}`", shortened(name)),
            false => format!(
                "there is no file `{}` (looked in {})",
                shortened(name),
                looked.join(", ")
            ),
        }
    }

    /// The pictures of one row: those its picture columns name, else those named by its id, and
    /// the extra ones of either.
    pub(super) fn gather<'c>(
        &self,
        record: &'c Record<'_>,
        table: &Table,
        roles: &Roles,
        extras: &Extras,
    ) -> Gathered<'c> {
        let mut gathered = Gathered::default();
        for image in &roles.images {
            if let Some(cell) = record.cells.get(image.column) {
                self.cell(cell, &table.columns[image.column], &mut gathered);
            }
        }
        let id = column_text(record, roles);
        if roles.images.is_empty()
            && let Some(id) = &id
        {
            self.add_unit(id, &mut gathered);
        }
        let stem = gathered.found.first().and_then(|found| found.stem.clone());
        for key in [&id, &stem].into_iter().flatten() {
            self.add_extras(key, extras, &mut gathered);
        }
        unique_names(&mut gathered.found);
        gathered
    }

    fn add_unit(&self, id: &str, gathered: &mut Gathered<'_>) {
        match self.unit(id) {
            Some(pictures) => gathered
                .found
                .extend(pictures.iter().map(|&picture| self.found(picture, None))),
            None => gathered.faults.push(Fault {
                column: None,
                reason: format!(
                    "there is no picture named `{id}` (.{}) in {}",
                    PICTURES.join(", ."),
                    self.roots()
                ),
            }),
        }
    }

    fn add_extras(&self, key: &str, extras: &Extras, gathered: &mut Gathered<'_>) {
        for &picture in extras.get(key).into_iter().flatten() {
            let place = Place::Listed(picture);
            if gathered.found.iter().all(|found| found.place != place) {
                let stem = self.stem(picture);
                let suffix = stem.get(key.len() + 1..).unwrap_or(&stem).to_owned();
                gathered.found.push(self.found(picture, Some(suffix)));
            }
        }
    }

    fn cell<'c>(&self, cell: &'c Cell<'_>, column: &str, gathered: &mut Gathered<'c>) {
        match cell {
            Cell::Bytes(bytes) => gathered.bytes(column, bytes, None),
            Cell::File {
                bytes: Some(bytes),
                path,
            } => gathered.bytes(column, bytes, path.map(stem_of)),
            Cell::List(cells) => {
                for cell in cells {
                    self.cell(cell, column, gathered);
                }
            }
            other => {
                for name in other.text().iter().flat_map(|text| names_in(text)) {
                    self.name(&name, column, gathered);
                }
            }
        }
    }

    fn name(&self, name: &str, column: &str, gathered: &mut Gathered<'_>) {
        match self.resolve(name) {
            Ok(place) => gathered.found.push(Found {
                name: column.to_owned(),
                stem: Some(match &place {
                    Place::Listed(picture) => self.stem(*picture),
                    _ => stem_of(name),
                }),
                place,
            }),
            Err(reason) => gathered.faults.push(Fault {
                column: Some(column.to_owned()),
                reason,
            }),
        }
    }

    fn found(&self, picture: u32, name: Option<String>) -> Found<'static> {
        let stem = self.stem(picture);
        Found {
            name: name.unwrap_or_else(|| stem.clone()),
            place: Place::Listed(picture),
            stem: Some(stem),
        }
    }

    pub(super) fn stem(&self, picture: u32) -> String {
        let path = &self.listing.pictures[picture as usize].path;
        let stem = path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    fn roots(&self) -> String {
        let roots = self.listing.roots.iter();
        let shown: Vec<_> = roots.map(|root| root.to_string_lossy()).collect();
        shown.join(", ")
    }
}

impl<'c> Gathered<'c> {
    fn bytes(&mut self, column: &str, bytes: &'c [u8], stem: Option<String>) {
        self.found.push(Found {
            name: column.to_owned(),
            place: Place::Bytes(bytes),
            stem,
        });
    }
}

/// The id that the row's own column gives, trimmed and not empty.
pub(super) fn column_text(record: &Record<'_>, roles: &Roles) -> Option<String> {
    match roles.id {
        Id::Column(column) => Some(record.cells.get(column)?.text()?.into_owned()),
        Id::StemOf(column) => Some(stem_of(&record.cells.get(column)?.text()?)),
        Id::Stem | Id::RowNumber => None,
    }
}

/// The pictures whose stem is a key of the table, a separator and a suffix, while the whole stem
/// is no key.
pub(super) fn extras(listing: &Listing, keys: &HashSet<u128>) -> Extras {
    let mut extras = Extras::new();
    if listing.item_per_folder {
        return extras;
    }
    for unit in &listing.units {
        if let Some(owner) = owner(&unit.key, keys) {
            let pictures = extras.entry(owner.to_owned()).or_default();
            pictures.extend_from_slice(&unit.pictures);
        }
    }
    extras
}

fn owner<'k>(key: &'k str, keys: &HashSet<u128>) -> Option<&'k str> {
    if keys.contains(&hash(key)) {
        return None;
    }
    let separators = key.rmatch_indices(['_', '-', '.', ' ']);
    let cuts = separators.map(|(at, _)| at).filter(|at| at + 1 < key.len());
    cuts.map(|at| &key[..at])
        .find(|prefix| keys.contains(&hash(prefix)))
}

pub(super) fn hash(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

/// Whether the text ends as the name of a picture does, or as a JSON array of such names.
pub(super) fn looks_like_picture(text: &str) -> bool {
    let text = text.trim_end_matches([']', '"', '\'', ' ']);
    let path = text.split(['?', '#']).next().unwrap_or(text);
    let Some((_, extension)) = path.rsplit_once('.') else {
        return false;
    };
    PICTURES
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The names in a cell: a JSON array of strings, or the one that the text is.
pub(super) fn names_in(text: &str) -> Vec<String> {
    let list = text
        .starts_with('[')
        .then(|| serde_json::from_str::<Vec<String>>(text).ok());
    list.flatten().unwrap_or_else(|| vec![text.to_owned()])
}

pub(super) fn stem_of(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match looks_like_picture(name) {
        true => name.rsplit_once('.').map_or(name, |(stem, _)| stem),
        false => name,
    }
    .to_owned()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `image`, `image`, `image` become `image`, `image_2`, `image_3`.
fn unique_names(found: &mut [Found<'_>]) {
    let mut taken = HashSet::new();
    for found in found {
        let plain = found.name.clone();
        for number in 2.. {
            if taken.insert(found.name.clone()) {
                break;
            }
            found.name = format!("{plain}_{number}");
        }
    }
}

/// The same for all spellings of a path that differ in `.`, `..` and the working folder.
fn path_hash(path: &Path) -> u128 {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut clean = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    xxh3_128(clean.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_stem_belongs_to_the_id_it_begins_with() {
        let keys: HashSet<u128> = ["1234", "1234_front_b", "a b"].map(hash).into();
        let table = [
            ("1234", None),
            ("1234_front", Some("1234")),
            ("1234-2", Some("1234")),
            ("1234_front_a", Some("1234")),
            ("1234_front_b", None),
            ("1234_front_b_2", Some("1234_front_b")),
            ("12345", None),
            ("1234_", None),
            ("a b c", Some("a b")),
            ("9", None),
        ];
        for (stem, expected) in table {
            assert_eq!(owner(stem, &keys), expected, "{stem}");
        }
    }

    #[test]
    fn pictures_are_told_by_their_extension() {
        let table = [
            ("a.jpg", true),
            ("b/c.JPEG", true),
            ("[\"a.png\", \"b.png\"]", true),
            ("https://x.org/a.webp?w=2", true),
            ("a.jpgx", false),
            ("jpg", false),
            ("Blue shirt.", false),
        ];
        for (text, expected) in table {
            assert_eq!(looks_like_picture(text), expected, "{text}");
        }
    }

    #[test]
    fn stems_lose_folder_and_picture_extension_only() {
        let table = [
            ("a/b.jpg", "b"),
            ("a\\b.PNG", "b"),
            ("sku.12", "sku.12"),
            ("x.y.gif", "x.y"),
        ];
        for (path, expected) in table {
            assert_eq!(stem_of(path), expected, "{path}");
        }
    }
}
