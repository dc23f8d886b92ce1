//! Which columns are the ends, the time and the weight.

use std::path::Path;

use super::cells::{self, CellText, integer, number};
use super::{Column, EdgeOptions, EdgesError, moment};

const FROM: [&str; 12] = [
    "from",
    "source",
    "src",
    "fromid",
    "fromnodeid",
    "user",
    "node1",
    "user1",
    "a",
    "u",
    "id1",
    "sourceid",
];
const TO: [&str; 12] = [
    "to", "target", "dst", "toid", "tonodeid", "friend", "node2", "user2", "b", "v", "id2",
    "targetid",
];
const TIME: [&str; 6] = [
    "time",
    "timestamp",
    "date",
    "unixtime",
    "createdat",
    "since",
];
const WEIGHT: [&str; 4] = ["weight", "strength", "w", "score"];

/// Seconds between these are a time, and milliseconds: 1973 to 2100.
const SECONDS: std::ops::Range<u64> = 100_000_000..4_102_444_800;

/// The columns by their place from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) time: Option<usize>,
    pub(super) weight: Option<usize>,
}

impl Roles {
    pub(super) fn is_left_out(&self, column: usize) -> bool {
        column != self.from
            && column != self.to
            && Some(column) != self.time
            && Some(column) != self.weight
    }
}

/// Whether an option calls a column by name.
pub(super) fn by_name(options: &EdgeOptions) -> bool {
    let named = [&options.from, &options.to, &options.time, &options.weight];
    named
        .iter()
        .any(|column| matches!(column, Some(Column::Name(_))))
}

/// Options first, names second, places and values last.
pub(super) fn choose(
    path: &Path,
    columns: &[String],
    named: bool,
    values: &[Vec<CellText<'_>>],
    options: &EdgeOptions,
) -> Result<Roles, EdgesError> {
    let asked = [
        ("from", &options.from),
        ("to", &options.to),
        ("time", &options.time),
        ("weight", &options.weight),
    ];
    let mut chosen = [None; 4];
    for (role, (name, column)) in asked.into_iter().enumerate() {
        let Some(column) = column else { continue };
        let place = find(path, columns, name, column)?;
        if let Some(other) = chosen.iter().position(|&taken| taken == Some(place)) {
            let column = columns[place].clone();
            return Err(EdgesError::SameColumn {
                path: path.to_owned(),
                column,
                first: asked[other].0,
                second: name,
            });
        }
        chosen[role] = Some(place);
    }
    if named {
        let names: Vec<String> = columns.iter().map(|name| plain(name.as_bytes())).collect();
        for (role, known) in [&FROM[..], &TO, &TIME, &WEIGHT].into_iter().enumerate() {
            let fits =
                |place: &usize| known.contains(&&*names[*place]) && !chosen.contains(&Some(*place));
            chosen[role] = chosen[role].or_else(|| (0..columns.len()).find(fits));
        }
    }
    by_place(path, columns.len(), named, values, chosen)
}

fn by_place(
    path: &Path,
    count: usize,
    named: bool,
    values: &[Vec<CellText<'_>>],
    mut chosen: [Option<usize>; 4],
) -> Result<Roles, EdgesError> {
    for role in 0..2 {
        let free = (0..count).find(|place| !chosen.contains(&Some(*place)));
        chosen[role] = chosen[role].or(free);
    }
    let [Some(from), Some(to), ..] = chosen else {
        return Err(EdgesError::TooFewColumns {
            path: path.to_owned(),
            columns: count,
        });
    };
    // A column whose header says something else is no time, whatever its numbers look like.
    for place in (0..count).filter(|_| !named) {
        if chosen.contains(&Some(place)) {
            continue;
        }
        let cells = || values.iter().filter_map(|row| row.get(place));
        if chosen[2].is_none() && most(cells(), is_time) {
            chosen[2] = Some(place);
        } else if chosen[3].is_none()
            && most(cells(), |cell| number(cell).is_some())
            && !any_negative(cells())
        {
            chosen[3] = Some(place);
        }
    }
    Ok(Roles {
        from,
        to,
        time: chosen[2],
        weight: chosen[3],
    })
}

fn find(
    path: &Path,
    columns: &[String],
    role: &'static str,
    column: &Column,
) -> Result<usize, EdgesError> {
    let place = match column {
        Column::Number(number) => number.checked_sub(1).filter(|&place| place < columns.len()),
        Column::Name(name) => {
            let quoted = format!("`{name}`");
            let exact = columns.iter().position(|known| *known == quoted);
            exact.or_else(|| {
                columns
                    .iter()
                    .position(|known| known.eq_ignore_ascii_case(&quoted))
            })
        }
    };
    place.ok_or_else(|| EdgesError::UnknownColumn {
        path: path.to_owned(),
        role,
        column: match column {
            Column::Name(name) => format!("`{name}`"),
            Column::Number(number) => number.to_string(),
        },
        columns: columns.to_vec(),
    })
}

/// Whether the first row names columns: no number, and a text over numbers or times, or known names over other texts than these.
pub(super) fn is_header(rows: &[Vec<CellText<'_>>], usual: usize) -> bool {
    let Some((first, rest)) = rows.split_first() else {
        return false;
    };
    let column = |place: usize| rest.iter().filter_map(move |row| row.get(place));
    let differs = |place: usize, cell: &[u8]| {
        let value = |cell: &[u8]| number(cell).is_some() || moment::parse(cell).is_some();
        !cell.is_empty() && !value(cell) && most(column(place), value)
    };
    // Nobody calls a column 7.
    let plain_names = !first.iter().any(|cell| number(cell).is_some());
    if first.len() == usual
        && plain_names
        && first
            .iter()
            .enumerate()
            .any(|(place, cell)| differs(place, cell))
    {
        return true;
    }
    let names: Vec<String> = first.iter().map(|cell| plain(cell)).collect();
    let known = |known: &[&str]| names.iter().position(|name| known.contains(&&**name));
    let (Some(from), Some(to)) = (known(&FROM), known(&TO)) else {
        return false;
    };
    let ends = [from, to];
    let again =
        |place: usize| column(place).any(|cell| ends.iter().any(|&end| first[end] == *cell));
    let short = |place: usize| first[place].len() == 1;
    let all_short = ends
        .iter()
        .all(|&place| short(place) && column(place).all(|cell| cell.len() == 1));
    !ends.iter().any(|&place| again(place)) && !all_short
}

fn is_time(cell: &[u8]) -> bool {
    let unix = |number: u64| SECONDS.contains(&number) || SECONDS.contains(&(number / 1000));
    integer(cell).is_some_and(unix) || moment::parse(cell).is_some()
}

fn any_negative<'a>(mut cells: impl Iterator<Item = &'a CellText<'a>>) -> bool {
    cells.any(|cell| cells::number(cell).is_some_and(|number| number < 0.0))
}

/// Whether this is true of nine cells in ten that are not empty, and there is one.
fn most<'a>(cells: impl Iterator<Item = &'a CellText<'a>>, is: impl Fn(&[u8]) -> bool) -> bool {
    let (mut all, mut fitting) = (0, 0);
    for cell in cells.filter(|cell| !cell.is_empty()) {
        all += 1;
        fitting += usize::from(is(cell));
    }
    all > 0 && fitting * 10 >= all * 9
}

/// A name without case and punctuation.
fn plain(name: &[u8]) -> String {
    let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
    letters
        .map(|byte| byte.to_ascii_lowercase() as char)
        .collect()
}
