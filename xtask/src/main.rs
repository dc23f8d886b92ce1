//! Tasks for the people who work on nigh: `cargo xtask arrows` checks that no
//! crate depends on one above it.
#![forbid(unsafe_code)]

mod arrows;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("arrows") => arrows::check_workspace(),
        other => bail!("no task {other:?}: the tasks are `arrows`"),
    }
}
