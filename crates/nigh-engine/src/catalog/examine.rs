//! Is a catalog whole?

use std::path::Path;

use nigh_index::{Segment, Verification};
use nigh_store::{CatalogStore, CatalogView, Header, ItemNumber, OtherState, ReadError};

use crate::doctor::{Check, DoctorError, Findings, opened, unreadable};
use crate::encoder::EncoderRecord;
use crate::reduction::Reducer;
use crate::view::{SEGMENT_FILE, View};

/// Looks at the catalog at `dir`.
pub(crate) fn examine(dir: &Path, header: &Header) -> Result<Vec<Check>, DoctorError> {
    let mut checks = vec![check_encoder(dir, header)];
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
        let items = [
            Some(check_items(&view, header.generation)?),
            check_other(dir, header, &view)?,
        ];
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
    checks.extend(items.into_iter().flatten());
    checks.push(check_index(dir, header.generation, &view));
    Ok(checks)
}

fn check_encoder(dir: &Path, header: &Header) -> Check {
    let record = match EncoderRecord::of(header) {
        Ok(record) => record,
        Err(error) => return Check::wrong("encoder", error),
    };
    match (Reducer::of(dir, &record), &record.reduction) {
        (Err(error), _) => Check::wrong("encoder", error),
        (Ok(_), None) => Check::ok("encoder", record.spec),
        (Ok(_), Some(reduction)) => Check::ok(
            "encoder",
            format!("{}, reduced from {reduction}", record.spec),
        ),
    }
}

/// Each item is found by its id, and has embeddings that are numbers; only where they were made anew may pictures have been missing.
fn check_items(view: &CatalogView, generation: u64) -> Result<Check, ReadError> {
    let mut findings = Findings::default();
    let (mut items, mut lacking, mut embeddings) =
        (0_u64, 0_u64, view.scan_embeddings()?.peekable());
    for stored in view.scan()? {
        let stored = stored?;
        items += 1;
        let (id, number) = (&stored.item.id, stored.number);
        if view.number_of(id)? != Some(number) {
            findings.add(|| format!("item {id:?} is not found by its id"));
        }
        let own = |next: &Result<(ItemNumber, Vec<f32>), ReadError>| {
            next.as_ref().map_or(true, |(of, _)| *of == number)
        };
        match embeddings.next_if(own).transpose()? {
            Some((_, rows)) => {
                if rows.iter().any(|value| !value.is_finite()) {
                    findings.add(|| format!("item {id:?} has an embedding that is no number"));
                }
            }
            None if generation > 0 => lacking += 1,
            None => findings.add(|| format!("item {id:?} has no embeddings of its own")),
        }
    }
    if let Some((number, _)) = embeddings.next().transpose()? {
        findings
            .add(|| format!("there are embeddings of item number {number}, which is not there"));
    }
    let fine = match lacking {
        0 => format!("{items} items, each with its embeddings"),
        _ => format!(
            "{items} items; {lacking} of them are not found, as their pictures could not be read when the embeddings \
             were made anew: import them again"
        ),
    };
    Ok(findings.check("items", fine))
}

/// The generation of embeddings that is not searched.
fn check_other(
    dir: &Path,
    header: &Header,
    view: &CatalogView,
) -> Result<Option<Check>, ReadError> {
    const NAME: &str = "besides";
    let Some(other) = &header.other else {
        return Ok(None);
    };
    let usable = EncoderRecord::of_value(&other.generation.fingerprint)
        .map_err(|error| error.to_string())
        .and_then(|record| {
            let reducer = Reducer::of(dir, &record).map_err(|error| error.to_string());
            reducer.map(|_| record)
        });
    let record = match usable {
        Ok(record) => record,
        Err(error) => return Ok(Some(Check::wrong(NAME, error))),
    };
    let (mut images, mut broken) = (0_u64, 0_u64);
    for rows in view.scan_other_embeddings()?.into_iter().flatten() {
        images += 1;
        broken += u64::from(rows?.1.iter().any(|value| !value.is_finite()));
    }
    let items = view.len()?;
    let state = match other.state {
        OtherState::Preparing => {
            "being prepared: `nigh catalog reencode` goes on, or gives it up with --abandon"
        }
        OtherState::Kept => "kept to go back to: --drop-old frees it",
    };
    let words = format!(
        "generation {} by {}, of {images} of {items} items, {state}",
        other.generation.number, record.spec
    );
    Ok(Some(match broken {
        0 => Check::ok(NAME, words),
        _ => Check::wrong(
            NAME,
            format!("{words}; {broken} items have an embedding that is no number"),
        ),
    }))
}

/// Every byte of the published view, and whether it is of this store.
fn check_index(dir: &Path, generation: u64, stored: &CatalogView) -> Check {
    const NAME: &str = "index";
    let rebuilt = |reason: String| {
        Check::wrong(
            NAME,
            format!("{reason}; it is derived, and the next search builds it again from the store"),
        )
    };
    let view = match View::open(dir, generation) {
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
