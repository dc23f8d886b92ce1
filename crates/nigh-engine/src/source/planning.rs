//! From the sources as given to the parts that are read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use nigh_store::Schema;

use super::describe;
use super::error::PlanError;
use super::folder::{Listing, PICTURES};
use super::join::{Extras, Index};
use super::profile::profile;
use super::roles::{self, Id, Roles};
use super::survey::{nothing_matches, survey};
use super::table::{self, Format, Table, extension, file_name};
use super::{IdRole, ImageRole, Plan, Reject, SourceOptions, TableRoles};

/// What is read in one go.
#[derive(Debug)]
pub(super) enum Part {
    /// Pictures in folders, or given one by one, with the table that describes them.
    Pictures {
        listing: Listing,
        joined: Option<Box<Joined>>,
    },
    /// A table that holds its pictures or names them.
    Table { table: Table, roles: Roles },
}

/// The table of a folder of pictures.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) table: Table,
    pub(super) roles: Roles,
    pub(super) extras: Extras,
}

pub(super) fn plan(sources: &[PathBuf], options: &SourceOptions) -> Result<Plan, PlanError> {
    let found = Found::among(sources, options)?;
    let mut planner = Planner {
        options,
        plan: Plan {
            parts: Vec::new(),
            schema: Schema::default(),
            tables: Vec::new(),
            rejects: Vec::new(),
            notes: Vec::new(),
            estimated_items: 0,
        },
    };
    planner.add(found)?;
    planner.check_options()?;
    let mut plan = planner.plan;
    unify(&mut plan);
    tell_apart(&mut plan.parts);
    Ok(plan)
}

/// The sources by kind.
#[derive(Default)]
struct Found {
    folders: Vec<Listing>,
    tables: Vec<PathBuf>,
}

impl Found {
    fn among(sources: &[PathBuf], options: &SourceOptions) -> Result<Self, PlanError> {
        let mut found = Self::default();
        let mut loose = Listing::default();
        if sources.is_empty() {
            return Err(PlanError::NoSource);
        }
        for source in sources {
            let metadata = std::fs::metadata(source).map_err(|error| PlanError::NotFound {
                path: source.clone(),
                reason: match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
                    _ => error.to_string(),
                },
            })?;
            if metadata.is_dir() {
                found.add_folder(source, options)?;
            } else {
                found.add_file(source, &mut loose)?;
            }
        }
        if !loose.pictures.is_empty() || !loose.rejects.is_empty() {
            found.folders.push(loose);
        }
        Ok(found)
    }

    fn add_file(&mut self, path: &Path, loose: &mut Listing) -> Result<(), PlanError> {
        let extension = extension(path);
        if PICTURES.contains(&extension.as_str()) {
            loose.add_picture(path.to_owned(), None);
        } else if table::is_table(&extension) || extension == "json" {
            self.tables.push(path.to_owned());
        } else {
            let hint = match extension.as_str() {
                "gz" | "zst" | "zip" | "bz2" | "xz" | "tar" => ": unpack it first",
                "xls" | "xlsx" | "ods" => ": save it as CSV first",
                _ => "",
            };
            let path = path.to_owned();
            return Err(PlanError::UnknownKind { path, hint });
        }
        Ok(())
    }

    /// A folder without pictures stands for its tables.
    fn add_folder(&mut self, folder: &Path, options: &SourceOptions) -> Result<(), PlanError> {
        let mut listing = Listing::default();
        listing.add_folder(folder, options.item_per_folder);
        if !listing.pictures.is_empty() {
            self.folders.push(listing);
            return Ok(());
        }
        let is_parquet = |path: &PathBuf| table::is_parquet(&extension(path));
        let tables = match listing.root_tables {
            none if none.is_empty() => listing.deep_parquet,
            some => some,
        };
        if tables.is_empty() && listing.rejects.is_empty() {
            return Err(PlanError::NothingInside {
                folder: folder.to_owned(),
                found: describe::found_instead(&listing.others),
            });
        }
        if tables.len() > 1 && !tables.iter().all(is_parquet) {
            return Err(PlanError::WhichTable {
                folder: folder.to_owned(),
                tables: tables.iter().map(|table| file_name(table)).collect(),
            });
        }
        self.tables.extend(tables);
        if !listing.rejects.is_empty() {
            listing.root_tables = Vec::new();
            listing.deep_parquet = Vec::new();
            self.folders.push(listing);
        }
        Ok(())
    }
}

struct Planner<'o> {
    options: &'o SourceOptions,
    plan: Plan,
}

impl Planner<'_> {
    fn add(&mut self, found: Found) -> Result<(), PlanError> {
        let pictures = found
            .folders
            .iter()
            .map(|f| f.pictures.len())
            .sum::<usize>();
        if let Some(path) = &self.options.attributes {
            if pictures == 0 {
                let option = "--attributes";
                return Err(PlanError::NoPictures { option });
            }
            let table = open(path)?;
            self.add_pictures(merge(found.folders), Some(table))?;
            return self.add_tables(found.tables);
        }
        let (describing, standing) = match pictures {
            0 => (Vec::new(), found.tables),
            _ => split(found.tables)?,
        };
        match describing.len() {
            0 => self.add_folders(found.folders)?,
            1 => {
                let table = open(&describing[0])?;
                self.add_pictures(merge(found.folders), Some(table))?;
            }
            _ => {
                return Err(PlanError::SeveralTables {
                    folder: PathBuf::from("the list of sources"),
                    tables: describing.iter().map(|table| file_name(table)).collect(),
                });
            }
        }
        self.add_tables(standing)
    }

    /// Each folder with the lone table in its root.
    fn add_folders(&mut self, folders: Vec<Listing>) -> Result<(), PlanError> {
        for listing in folders {
            let table = match &listing.root_tables[..] {
                [] => None,
                [table] => Some(open(table)?),
                several => {
                    return Err(PlanError::SeveralTables {
                        folder: listing.roots.first().cloned().unwrap_or_default(),
                        tables: several.iter().map(|table| file_name(table)).collect(),
                    });
                }
            };
            self.add_pictures(listing, table)?;
        }
        Ok(())
    }

    fn add_pictures(
        &mut self,
        mut listing: Listing,
        table: Option<Table>,
    ) -> Result<(), PlanError> {
        self.plan.rejects.append(&mut listing.rejects);
        let others = describe::left_aside(&listing, table.as_ref().map(|table| &table.path));
        self.plan.notes.extend(others);
        let joined = match table {
            None => {
                self.plan.estimated_items += listing.units.len() as u64;
                None
            }
            Some(table) => Some(Box::new(self.join(&listing, table)?)),
        };
        self.plan.parts.push(Part::Pictures { listing, joined });
        Ok(())
    }

    fn join(&mut self, listing: &Listing, table: Table) -> Result<Joined, PlanError> {
        let index = Index::new(listing, table.folder());
        let profiles = profile(&table, &index, true).map_err(|e| unreadable(&table.path, e))?;
        let roles = roles::of_joined(&table, &profiles, self.options)?;
        let survey = survey(&table, &roles, &index).map_err(|e| unreadable(&table.path, e))?;
        if survey.matched == 0 && profiles.rows > 0 {
            return Err(nothing_matches(&table, listing, &profiles, &roles));
        }
        let rows = profiles.rows;
        self.plan.estimated_items += survey.matched + survey.without_row;
        self.plan.notes.extend(describe::unmatched(
            &table.label,
            rows - survey.matched,
            survey.without_row,
        ));
        let shown = shown(&table, &roles, rows, Some(survey.matched));
        self.plan.tables.push(shown);
        Ok(Joined {
            table,
            roles,
            extras: survey.extras,
        })
    }

    /// A broken table among several is a reject; alone, an error.
    fn add_tables(&mut self, tables: Vec<PathBuf>) -> Result<(), PlanError> {
        let mut failed = Vec::new();
        let count = tables.len();
        for path in tables {
            match self.add_table(&path) {
                Err(PlanError::Unreadable { path, reason }) => failed.push((path, reason)),
                other => other?,
            }
        }
        if failed.len() == count
            && let Some((path, reason)) = failed.pop()
        {
            return Err(PlanError::Unreadable { path, reason });
        }
        self.plan.rejects.extend(failed.into_iter().map(broken));
        Ok(())
    }

    fn add_table(&mut self, path: &Path) -> Result<(), PlanError> {
        let table = open(path)?;
        let nothing = Listing::default();
        let index = Index::new(&nothing, table.folder());
        let profiles = profile(&table, &index, false).map_err(|e| unreadable(path, e))?;
        let roles = roles::of_table(&table, &profiles, self.options)?;
        self.plan.estimated_items += profiles.rows;
        let shown = shown(&table, &roles, profiles.rows, None);
        self.plan.tables.push(shown);
        self.plan.parts.push(Part::Table { table, roles });
        Ok(())
    }

    fn check_options(&self) -> Result<(), PlanError> {
        let options = self.options;
        let speaks = [
            ("--id", options.id.is_some()),
            ("--image", !options.image.is_empty()),
            ("--columns", options.columns.is_some()),
        ];
        let given = speaks.iter().find(|(_, given)| *given);
        if let (true, Some(&(option, _))) = (self.plan.tables.is_empty(), given) {
            return Err(PlanError::NoTable { option });
        }
        let is_pictures = |part: &Part| matches!(part, Part::Pictures { .. });
        if options.item_per_folder && !self.plan.parts.iter().any(is_pictures) {
            let option = "--item-per-folder";
            return Err(PlanError::NoPictures { option });
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<Table, PlanError> {
    Table::open(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, error: table::TableError) -> PlanError {
    PlanError::Unreadable {
        path: path.to_owned(),
        reason: error.0,
    }
}

fn broken((path, reason): (PathBuf, String)) -> Reject {
    Reject {
        origin: path.to_string_lossy().into_owned(),
        column: None,
        reason,
    }
}

/// Tables beside a folder of pictures: those that describe pictures, and those that hold them.
fn split(tables: Vec<PathBuf>) -> Result<(Vec<PathBuf>, Vec<PathBuf>), PlanError> {
    let mut describing = Vec::new();
    let mut standing = Vec::new();
    for path in tables {
        let table = open(&path)?;
        let holds = |parquet: &super::parquet_table::ParquetTable| {
            parquet
                .declared
                .contains(&super::parquet_table::Declared::Bytes)
        };
        match &table.format {
            Format::Parquet(parquet) if holds(parquet) => standing.push(path),
            _ => describing.push(path),
        }
    }
    Ok((describing, standing))
}

fn merge(listings: Vec<Listing>) -> Listing {
    let mut whole = Listing::default();
    for listing in listings {
        let pictures = whole.pictures.len() as u32;
        let units = whole.units.len() as u32;
        whole.item_per_folder |= listing.item_per_folder;
        whole.roots.extend(listing.roots);
        whole.loops += listing.loops;
        whole.rejects.extend(listing.rejects);
        whole.root_tables.extend(listing.root_tables);
        whole.deep_parquet.extend(listing.deep_parquet);
        for (kind, count) in listing.others {
            *whole.others.entry(kind).or_default() += count;
        }
        for mut picture in listing.pictures {
            picture.unit += units;
            whole.pictures.push(picture);
        }
        for mut unit in listing.units {
            unit.pictures
                .iter_mut()
                .for_each(|picture| *picture += pictures);
            whole.units.push(unit);
        }
    }
    whole
}

fn shown(table: &Table, roles: &Roles, rows: u64, joined: Option<u64>) -> TableRoles {
    let name = |column: usize| table.columns[column].clone();
    let images = roles.images.iter().map(|image| ImageRole {
        column: name(image.column),
        holds: image.holds,
    });
    let attributes = roles.attributes.iter();
    let left_out = roles.left_out.iter();
    TableRoles {
        table: table.path.clone(),
        rows,
        id: match roles.id {
            Id::Column(column) => IdRole::Column(name(column)),
            Id::StemOf(column) => IdRole::StemOf(name(column)),
            Id::Stem => IdRole::Stem,
            Id::RowNumber => IdRole::RowNumber,
        },
        images: images.collect(),
        attributes: attributes
            .map(|&(column, kind)| (name(column), kind))
            .collect(),
        left_out: left_out
            .map(|(column, why)| (name(*column), why.clone()))
            .collect(),
        joined,
    }
}

/// One type for each attribute, whichever table it comes from.
fn unify(plan: &mut Plan) {
    for (name, kind) in plan.tables.iter().flat_map(|table| &table.attributes) {
        plan.schema.include(name, *kind);
    }
    for part in &mut plan.parts {
        let (table, roles) = match part {
            Part::Table { table, roles } => (table, roles),
            Part::Pictures { joined: None, .. } => continue,
            Part::Pictures {
                joined: Some(joined),
                ..
            } => (&mut joined.table, &mut joined.roles),
        };
        for (column, kind) in &mut roles.attributes {
            let unified = plan.schema.column(&table.columns[*column]);
            *kind = unified.map_or(*kind, |column| column.kind);
        }
    }
}

/// Tables of the same file name are called by their paths.
fn tell_apart(parts: &mut [Part]) {
    let mut tables: Vec<&mut Table> = parts
        .iter_mut()
        .filter_map(|part| match part {
            Part::Table { table, .. } => Some(table),
            Part::Pictures { joined, .. } => joined.as_mut().map(|joined| &mut joined.table),
        })
        .collect();
    let mut seen = HashSet::new();
    let labels = tables.iter().map(|table| table.label.clone());
    let twice: HashSet<String> = labels.filter(|label| !seen.insert(label.clone())).collect();
    for table in &mut tables {
        if twice.contains(&table.label) {
            table.label = table.path.to_string_lossy().into_owned();
        }
    }
}
