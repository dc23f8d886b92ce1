//! How a table fits the folder of pictures that it describes.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::PlanError;
use super::folder::Listing;
use super::join::{self, Extras, Index, Place};
use super::profile::Profiles;
use super::roles::{Id, Roles};
use super::table::{Table, TableError, file_name};

/// How a table and a folder fit together.
pub(super) struct Survey {
    pub(super) extras: Extras,
    /// Rows with a picture.
    pub(super) matched: u64,
    /// Pictures, or folders of them, without a row.
    pub(super) without_row: u64,
}

pub(super) fn survey(
    table: &Table,
    roles: &Roles,
    index: &Index<'_>,
) -> Result<Survey, TableError> {
    let wanted = key_columns(roles);
    let mut keys = HashSet::new();
    let mut used = vec![false; index.listing.pictures.len()];
    let mut matched = 0;
    let none = Extras::new();
    table.scan(&wanted, &mut |record| {
        let gathered = index.gather(&record, table, roles, &none);
        keys.extend(join::column_text(&record, roles).map(|id| join::hash(&id)));
        matched += u64::from(!gathered.found.is_empty() && record.fault.is_none());
        for found in gathered.found {
            keys.extend(found.stem.map(|stem| join::hash(&stem)));
            if let Place::Listed(picture) = found.place {
                used[picture as usize] = true;
            }
        }
        ControlFlow::Continue(())
    })?;
    let extras = join::extras(index.listing, &keys);
    for &picture in extras.values().flatten() {
        used[picture as usize] = true;
    }
    let units = index.listing.units.iter();
    let unused = units.filter(|unit| unit.pictures.iter().all(|&p| !used[p as usize]));
    Ok(Survey {
        without_row: unused.count() as u64,
        extras,
        matched,
    })
}

/// The columns that tell a row's id and pictures, ascending.
pub(super) fn key_columns(roles: &Roles) -> Vec<usize> {
    let id = match roles.id {
        Id::Column(column) | Id::StemOf(column) => Some(column),
        Id::Stem | Id::RowNumber => None,
    };
    let images = roles.images.iter().map(|image| image.column);
    let mut columns: Vec<usize> = images.chain(id).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

pub(super) fn nothing_matches(
    table: &Table,
    listing: &Listing,
    profiles: &Profiles,
    roles: &Roles,
) -> PlanError {
    let column = key_columns(roles).first().copied();
    let profile = column.map(|column| &profiles.columns[column]);
    let value = profile.and_then(|profile| profile.example.clone());
    let picture = listing
        .pictures
        .first()
        .map(|picture| file_name(&picture.path));
    let picture = picture.unwrap_or_default();
    PlanError::NothingMatches {
        table: table.path.clone(),
        folder: listing.roots.first().cloned().unwrap_or_default(),
        why: match (profile, value) {
            (Some(profile), Some(value)) => format!(
                "its column `{}` begins with `{value}`, the pictures with `{picture}`",
                profile.name
            ),
            _ => format!("no column has a value like `{picture}`"),
        },
    }
}
