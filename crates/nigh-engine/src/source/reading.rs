//! The stream of items and rejects.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use nigh_store::Value;

use super::cell::{Fault, Record};
use super::folder::Listing;
use super::ids::{At, Ids, Standing};
use super::join::{Extras, Found, Gathered, Index, Place, column_text};
use super::planning::{Joined, Part};
use super::roles::{Id, Roles};
use super::table::Table;
use super::{ImageContent, Plan, RawImage, RawItem, ReadReport, Reject, Row};

pub(super) fn read(plan: &Plan, sink: &mut dyn FnMut(Row) -> ControlFlow<()>) -> ReadReport {
    let mut reading = Reading {
        plan,
        sink,
        ids: Ids::default(),
        report: ReadReport::default(),
    };
    let flow = reading.all();
    reading.report.stopped = flow.is_break();
    reading.report
}

struct Reading<'p, 's> {
    plan: &'p Plan,
    sink: &'s mut dyn FnMut(Row) -> ControlFlow<()>,
    ids: Ids,
    report: ReadReport,
}

impl Reading<'_, '_> {
    fn all(&mut self) -> ControlFlow<()> {
        let plan = self.plan;
        for reject in &plan.rejects {
            self.reject(reject.clone())?;
        }
        for (number, part) in plan.parts.iter().enumerate() {
            let number = number as u32;
            match part {
                Part::Table { table, roles } => self.table(number, table, roles)?,
                Part::Pictures {
                    listing,
                    joined: Some(joined),
                } => self.joined(number, listing, joined)?,
                Part::Pictures {
                    listing,
                    joined: None,
                } => self.pictures(number, listing, &[])?,
            }
        }
        ControlFlow::Continue(())
    }

    fn table(&mut self, part: u32, table: &Table, roles: &Roles) -> ControlFlow<()> {
        let nothing = Listing::default();
        let index = Index::new(&nothing, table.folder());
        let rows = Rows::new(part, table, roles, &index, &NO_EXTRAS);
        self.rows(&rows, &mut [])
    }

    fn joined(&mut self, part: u32, listing: &Listing, joined: &Joined) -> ControlFlow<()> {
        let (table, roles) = (&joined.table, &joined.roles);
        let index = Index::new(listing, table.folder());
        let mut used = vec![false; listing.pictures.len()];
        let rows = Rows::new(part, table, roles, &index, &joined.extras);
        self.rows(&rows, &mut used)?;
        let before = self.report.items;
        self.pictures(part, listing, &used)?;
        self.report.without_row += self.report.items - before;
        ControlFlow::Continue(())
    }

    /// Marks the pictures that belong to a row, also to a rejected one, as `used`.
    fn rows(&mut self, rows: &Rows<'_>, used: &mut [bool]) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        let scanned = rows.table.scan(&rows.wanted, &mut |record| {
            flow = self.row(rows, &record, used);
            flow
        });
        flow?;
        match scanned {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => self.reject(Reject {
                origin: rows.table.path.to_string_lossy().into_owned(),
                column: None,
                reason: error.0,
            }),
        }
    }

    fn row(&mut self, rows: &Rows<'_>, record: &Record<'_>, used: &mut [bool]) -> ControlFlow<()> {
        let gathered = rows
            .index
            .gather(record, rows.table, rows.roles, rows.extras);
        for found in &gathered.found {
            if let Place::Listed(picture) = found.place {
                used[picture as usize] = true;
            }
        }
        match rows.item(record, gathered) {
            Ok((item, faults)) => {
                for fault in faults {
                    self.reject(rows.reject(record, fault))?;
                }
                let at = At::Row(record.number);
                let part = rows.part;
                self.item(item, Standing { part, at })
            }
            Err(fault) => self.reject(rows.reject(record, fault)),
        }
    }

    /// The units of which no picture is used.
    fn pictures(&mut self, part: u32, listing: &Listing, used: &[bool]) -> ControlFlow<()> {
        let is_used = |picture: u32| used.get(picture as usize).copied().unwrap_or(false);
        for unit in &listing.units {
            let Some(&first) = unit.pictures.first() else {
                continue;
            };
            if unit.pictures.iter().any(|&picture| is_used(picture)) {
                continue;
            }
            let pictures = unit.pictures.iter();
            let item = RawItem {
                id: unit.key.to_string(),
                origin: path_of(listing, first),
                attributes: BTreeMap::new(),
                images: pictures.map(|&picture| unnamed(listing, picture)).collect(),
            };
            let at = At::Picture(first);
            self.item(item, Standing { part, at })?;
        }
        ControlFlow::Continue(())
    }

    fn item(&mut self, item: RawItem, standing: Standing) -> ControlFlow<()> {
        if let Some(first) = self.ids.take(&item.id, standing) {
            let first = self.origin(first);
            return self.reject(Reject {
                origin: item.origin,
                column: None,
                reason: format!("the id `{}` was already used by {first}", item.id),
            });
        }
        self.report.items += 1;
        (self.sink)(Row::Item(item))
    }

    fn reject(&mut self, reject: Reject) -> ControlFlow<()> {
        self.report.rejected += 1;
        (self.sink)(Row::Rejected(reject))
    }

    fn origin(&self, standing: Standing) -> String {
        match (&self.plan.parts[standing.part as usize], standing.at) {
            (Part::Table { table, .. }, At::Row(number)) => table.origin(number),
            (Part::Pictures { joined, .. }, At::Row(number)) => joined
                .as_ref()
                .map_or_else(String::new, |joined| joined.table.origin(number)),
            (Part::Pictures { listing, .. }, At::Picture(picture)) => path_of(listing, picture),
            (Part::Table { table, .. }, At::Picture(_)) => table.label.clone(),
        }
    }
}

static NO_EXTRAS: std::sync::LazyLock<Extras> = std::sync::LazyLock::new(Extras::new);

/// A table and all that its rows are read with.
struct Rows<'r> {
    part: u32,
    table: &'r Table,
    roles: &'r Roles,
    index: &'r Index<'r>,
    extras: &'r Extras,
    wanted: Vec<usize>,
}

impl<'r> Rows<'r> {
    fn new(
        part: u32,
        table: &'r Table,
        roles: &'r Roles,
        index: &'r Index<'r>,
        extras: &'r Extras,
    ) -> Self {
        let attributes = roles.attributes.iter().map(|(column, _)| *column);
        let mut wanted = super::survey::key_columns(roles);
        wanted.extend(attributes);
        wanted.sort_unstable();
        wanted.dedup();
        Self {
            part,
            table,
            roles,
            index,
            extras,
            wanted,
        }
    }

    /// The item with the faults of single pictures, or why there is none.
    fn item(
        &self,
        record: &Record<'_>,
        gathered: Gathered<'_>,
    ) -> Result<(RawItem, Vec<Fault>), Fault> {
        if let Some(fault) = &record.fault {
            return Err(fault.clone());
        }
        let Gathered { found, faults } = gathered;
        if found.is_empty() {
            return Err(faults
                .into_iter()
                .next()
                .unwrap_or_else(|| self.no_picture(record)));
        }
        let item = RawItem {
            id: self.id(record, &found)?,
            origin: self.table.origin(record.number),
            attributes: self.attributes(record)?,
            images: found
                .into_iter()
                .map(|found| self.image(record.number, found))
                .collect(),
        };
        Ok((item, faults))
    }

    fn no_picture(&self, record: &Record<'_>) -> Fault {
        if self.roles.images.is_empty()
            && let Err(fault) = self.id(record, &[])
        {
            return fault;
        }
        let names = self.roles.images.iter();
        let names: Vec<&str> = names
            .map(|i| self.table.columns[i.column].as_str())
            .collect();
        Fault {
            column: names.first().map(|&name| name.to_owned()),
            reason: match names[..] {
                [one] => format!("has no picture: its `{one}` is empty"),
                _ => format!("has no picture: its `{}` are empty", names.join("`, `")),
            },
        }
    }

    fn id(&self, record: &Record<'_>, found: &[Found<'_>]) -> Result<String, Fault> {
        let numbered = || format!("{}-{}", self.table.stem(), record.number);
        match self.roles.id {
            Id::Column(column) | Id::StemOf(column) => {
                column_text(record, self.roles).ok_or_else(|| {
                    let column = self.table.columns[column].clone();
                    Fault {
                        reason: format!("has no id: its `{column}` is empty"),
                        column: Some(column),
                    }
                })
            }
            Id::Stem => {
                let stem = found.first().and_then(|found| found.stem.clone());
                Ok(stem
                    .filter(|stem| !stem.is_empty())
                    .unwrap_or_else(numbered))
            }
            Id::RowNumber => Ok(numbered()),
        }
    }

    fn attributes(&self, record: &Record<'_>) -> Result<BTreeMap<String, Value>, Fault> {
        let mut attributes = BTreeMap::new();
        for &(column, kind) in &self.roles.attributes {
            let name = &self.table.columns[column];
            match record.cells[column].value(kind) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    attributes.insert(name.clone(), value);
                }
                Err(reason) => {
                    return Err(Fault {
                        column: Some(name.clone()),
                        reason: format!("has in `{name}` a value that cannot be kept: {reason}"),
                    });
                }
            }
        }
        Ok(attributes)
    }

    fn image(&self, row: u64, found: Found<'_>) -> RawImage {
        let (source, content) = match found.place {
            Place::Bytes(bytes) => (
                format!("{}#{row}", absolute(&self.table.path)),
                ImageContent::Bytes(bytes.to_vec()),
            ),
            Place::Listed(picture) => {
                let path = &self.index.listing.pictures[picture as usize].path;
                (absolute(path), ImageContent::Path(path.clone()))
            }
            Place::File(path) => (absolute(&path), ImageContent::Path(path)),
        };
        RawImage {
            name: found.name,
            source,
            content,
        }
    }

    fn reject(&self, record: &Record<'_>, fault: Fault) -> Reject {
        Reject {
            origin: self.table.origin(record.number),
            column: fault.column,
            reason: fault.reason,
        }
    }
}

fn path_of(listing: &Listing, picture: u32) -> String {
    let path = &listing.pictures[picture as usize].path;
    path.to_string_lossy().into_owned()
}

/// A picture is looked at later, from any folder.
fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    absolute
        .as_deref()
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

fn unnamed(listing: &Listing, picture: u32) -> RawImage {
    let path = &listing.pictures[picture as usize].path;
    RawImage {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        source: absolute(path),
        content: ImageContent::Path(path.clone()),
    }
}
