//! Can the trained ranking be used?

use std::path::Path;

use super::held::Held;
use crate::doctor::Check;
use crate::network::ranking::Ranking;

const NAME: &str = "ranking";

/// The ranking, where there is one that can be read, and the check of it.
pub(super) fn check(dir: &Path, held: &Held) -> (Option<Ranking>, Check) {
    let ranking = match Ranking::open(dir) {
        Ok(None) => return (None, Check::ok(NAME, "none was trained")),
        Ok(Some(ranking)) => ranking,
        Err(reason) => return (None, Check::wrong(NAME, unused(&reason))),
    };
    let (known, people) = (ranking.people(), held.people.len());
    let check = match known <= people {
        true => Check::ok(
            NAME,
            format!(
                "{} trees, tables of {known} people, an index of {}",
                ranking.trees(),
                ranking.indexed()
            ),
        ),
        false => {
            let reason = format!("the tables are of {known} people, and there are {people}");
            Check::wrong(NAME, unused(&reason))
        }
    };
    (Some(ranking), check)
}

fn unused(reason: &str) -> String {
    format!("{reason}; `nigh people train` makes it again")
}
