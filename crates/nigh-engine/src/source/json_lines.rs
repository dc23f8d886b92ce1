//! JSON Lines: one object per line.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::cell::{Cell, Fault, Record};
use super::table::{TableError, Visit};

#[derive(Debug)]
pub(super) struct JsonLines {
    /// Every key of every object, with its column.
    keys: HashMap<String, usize>,
}

impl JsonLines {
    /// Reads the file once to learn the keys, which may differ from line to line.
    pub(super) fn open(path: &Path) -> Result<(Vec<String>, Self), TableError> {
        let mut columns: Vec<String> = Vec::new();
        let mut keys = HashMap::new();
        each_line(path, &mut |number, line| {
            if number == 1 && line.trim_ascii_start().starts_with(b"[") {
                return Err(TableError(ARRAY.to_owned()));
            }
            for key in parse(line)
                .unwrap_or_default()
                .into_iter()
                .map(|(key, _)| key)
            {
                if !keys.contains_key(&key) {
                    keys.insert(key.clone(), columns.len());
                    columns.push(key);
                }
            }
            Ok(true)
        })?;
        if columns.is_empty() {
            let reason = "has no line with a JSON object in it";
            return Err(TableError(reason.to_owned()));
        }
        Ok((columns, Self { keys }))
    }

    pub(super) fn scan(&self, path: &Path, visit: &mut Visit<'_>) -> Result<(), TableError> {
        each_line(path, &mut |number, line| {
            let object = parse(line);
            let record = match &object {
                Ok(object) => self.record(number, object),
                Err(reason) => Record {
                    number,
                    cells: Vec::new(),
                    fault: Some(Fault {
                        column: None,
                        reason: reason.clone(),
                    }),
                },
            };
            Ok(visit(record).is_continue())
        })
    }

    fn record<'o>(&self, number: u64, object: &'o Map<String, Value>) -> Record<'o> {
        let mut cells = vec![Cell::Null; self.keys.len()];
        for (key, value) in object {
            if let Some(&column) = self.keys.get(key) {
                cells[column] = cell(value);
            }
        }
        Record {
            number,
            cells,
            fault: None,
        }
    }
}

const ARRAY: &str = "is one JSON array, expected one object per line (JSON Lines): \
    `jq -c '.[]' FILE > FILE.jsonl` turns it into that";

type VisitLine<'v> = dyn FnMut(u64, &[u8]) -> Result<bool, TableError> + 'v;

/// Calls `visit` with the number and bytes of each line that is not blank, until it says false.
fn each_line(path: &Path, visit: &mut VisitLine<'_>) -> Result<(), TableError> {
    let mut file = BufReader::with_capacity(128 * 1024, File::open(path)?);
    if file.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
        file.consume(3);
    }
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.trim_ascii().is_empty() && !visit(number, &line)? {
            break;
        }
    }
    Ok(())
}

fn parse(line: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("is not UTF-8 at its byte {}", error.valid_up_to() + 1))?;
    serde_json::from_str(text.trim_end()).map_err(|error| {
        let whole = error.to_string();
        let what = whole.split(" at line ").next().unwrap_or(&whole);
        format!("is not a JSON object: {what} at column {}", error.column())
    })
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(truth) => Cell::Boolean(*truth),
        Value::String(text) => Cell::Text(text.as_str().into()),
        Value::Array(values) => Cell::List(values.iter().map(cell).collect()),
        Value::Object(_) => Cell::Text(value.to_string().into()),
        Value::Number(number) => match (number.as_i64(), number.is_u64()) {
            (Some(number), _) => Cell::Integer(number),
            // Beyond 64 bits with sign: the digits are kept as text.
            (None, true) => Cell::Text(number.to_string().into()),
            (None, false) => number.as_f64().map_or(Cell::Null, Cell::Float),
        },
    }
}
