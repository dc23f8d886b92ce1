//! Is a catalog whole?

use std::path::Path;

use nigh_index::{Segment, Verification};
use nigh_store::{CatalogStore, CatalogView, Header, ReadError};

use crate::doctor::{Check, DoctorError, Findings, opened, unreadable};
use crate::encoder::EncoderRecord;
use crate::view::{SEGMENT_FILE, View};

/// Looks at the catalog at `dir`.
pub(crate) fn examine(dir: &Path, header: &Header) -> Result<Vec<Check>, DoctorError> {
    let mut checks = vec![check_encoder(header)];
    let store = match opened(CatalogStore::open_reader(dir))? {
        Ok(store) => store,
        Err(check) => {
            checks.push(check);
            return Ok(checks);
        }
    };
    if let Err(check) = opened(store.ledger().verify())? {
        checks.push(check);
        return Ok(checks);
    }
    let read = store.view().and_then(|view| {
        let items = check_items(&view)?;
        Ok((view, items))
    });
    let (view, items) = match read {
        Ok(read) => read,
        Err(error) => {
            checks.push(unreadable(&error));
            return Ok(checks);
        }
    };
    let sequence = view.sequence();
    checks.push(Check::ok(
        "store",
        format!("every page fits its checksum; change {sequence}"),
    ));
    checks.push(items);
    checks.push(check_index(dir, &view));
    Ok(checks)
}

fn check_encoder(header: &Header) -> Check {
    match EncoderRecord::of(header) {
        Ok(record) => Check::ok("encoder", record.spec),
        Err(error) => Check::wrong("encoder", error),
    }
}

/// Each item is found by its id, and has embeddings that are numbers.
fn check_items(view: &CatalogView) -> Result<Check, ReadError> {
    let mut findings = Findings::default();
    let (mut items, mut embeddings) = (0_u64, view.scan_embeddings()?);
    for stored in view.scan()? {
        let stored = stored?;
        items += 1;
        let (id, number) = (&stored.item.id, stored.number);
        if view.number_of(id)? != Some(number) {
            findings.add(|| format!("item {id:?} is not found by its id"));
        }
        match embeddings.next().transpose()? {
            Some((of, rows)) if of == number => {
                if rows.iter().any(|value| !value.is_finite()) {
                    findings.add(|| format!("item {id:?} has an embedding that is no number"));
                }
            }
            _ => {
                findings.add(|| format!("item {id:?} has no embeddings of its own"));
                break;
            }
        }
    }
    Ok(findings.check("items", format!("{items} items, each with its embeddings")))
}

/// Every byte of the published view, and whether it is of this store.
fn check_index(dir: &Path, stored: &CatalogView) -> Check {
    const NAME: &str = "index";
    let rebuilt = |reason: String| {
        Check::wrong(
            NAME,
            format!("{reason}; it is derived, and the next search builds it again from the store"),
        )
    };
    let view = match View::open(dir) {
        Ok(Some(view)) => view,
        Ok(None) => return Check::ok(NAME, "none is published; the next search builds it"),
        Err(error) => return rebuilt(error.to_string()),
    };
    if let Err(error) = Segment::open_with(&view.folder().join(SEGMENT_FILE), Verification::Full) {
        return rebuilt(error.to_string());
    }
    let (published, last) = (view.sequence(), stored.sequence());
    if published > last {
        return rebuilt(format!(
            "it holds change {published}, and the store ends at {last}"
        ));
    }
    if let Err(error) = view.columns() {
        return rebuilt(error.to_string());
    }
    Check::ok(
        NAME,
        format!(
            "every byte fits its checksum; {} items at change {published}, {} changes are newer",
            view.len(),
            last - published
        ),
    )
}
