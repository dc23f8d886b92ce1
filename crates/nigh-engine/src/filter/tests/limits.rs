//! Filters of absurd size: an error or an answer, never an overflow of the stack, never slow.

use std::time::{Duration, Instant};

use crate::filter::{Filter, FilterError};

fn parse(text: &str) -> Result<Filter, FilterError> {
    Filter::parse(text, &super::schema())
}

/// Runs on a stack an eighth as large as Rust gives a thread.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(test);
    thread.unwrap().join().unwrap();
}

#[test]
fn deep_nesting_is_refused_at_the_first_level_too_deep() {
    on_a_small_stack(|| {
        for (open, close) in [("(", ")"), ("NOT ", ""), ("NOT (", ")")] {
            let text = format!("{}in_stock{}", open.repeat(10_000), close.repeat(10_000));
            let error = parse(&text).unwrap_err();
            assert!(
                matches!(error, FilterError::TooDeep { limit: 40, .. }),
                "{open}: {error}"
            );
        }
        let error = parse(&"(".repeat(10_000)).unwrap_err().to_string();
        let expected = "the filter is nested more than 40 levels deep (line 1, column 41)";
        assert!(error.starts_with(expected), "{error}");
    });
}

#[test]
fn forty_levels_are_read() {
    on_a_small_stack(|| {
        let nested = |levels: usize| {
            let text = format!("{}in_stock{}", "(".repeat(levels), ")".repeat(levels));
            parse(&text)
        };
        assert_eq!(nested(40).unwrap(), parse("in_stock").unwrap());
        assert!(nested(41).is_err());
        let mut text = "in_stock".to_owned();
        for _ in 0..20 {
            text = format!("(in_stock OR in_stock AND NOT {text})");
        }
        assert!(parse(&text).is_ok());
        let nots = |count: usize| parse(&format!("{}in_stock", "NOT ".repeat(count)));
        assert!(nots(40).is_ok() && nots(41).is_err());
    });
}

#[test]
fn long_lists_are_read_and_long_chains_are_pointed_to_them() {
    on_a_small_stack(|| {
        let values = |value: &dyn Fn(usize) -> String| {
            let values: Vec<String> = (0..10_000).map(value).collect();
            values.join(", ")
        };
        for (column, value) in [
            ("year", &(|i| format!("-{i}")) as &dyn Fn(usize) -> String),
            ("price", &|i| format!("{i}.5")),
            ("id", &|i| format!("'p{i}'")),
            ("added", &|i| format!("DATE '{:04}-01-01'", i)),
        ] {
            let text = format!("{column} IN ({})", values(value));
            let filter = parse(&text).unwrap();
            assert_eq!(parse(&filter.to_string()).unwrap(), filter, "{column}");
        }
        let chain = |terms: usize| vec!["year = 1"; terms].join(" OR ");
        assert!(parse(&chain(1000)).is_ok());
        let error = parse(&chain(10_000)).unwrap_err().to_string();
        let expected = "the filter has more than 4096 words: a list of values goes in one IN (…), \
                        of any length";
        assert_eq!(error, expected);
    });
}

/// What makes the parser recurse, and chains that it makes into trees as deep as they are long.
#[test]
fn other_constructs_fit_the_stack() {
    on_a_small_stack(|| {
        for deep in [
            "CASE WHEN ",
            "f(",
            "(SELECT ",
            "CAST(",
            "year = (",
            "[",
            "EXISTS (SELECT ",
        ] {
            for count in [30, 160, 1000] {
                assert!(parse(&deep.repeat(count)).is_err(), "{deep} {count}");
            }
        }
        let chains = [
            " + 1", " IS NULL", "::int", " - a", "[1]", ".b", " = 1", " || 'x'", " < 2",
        ];
        for link in chains {
            let words = link.split_inclusive(' ').count().max(2);
            for count in [100, 4000 / words, 100_000] {
                assert!(
                    parse(&format!("year{}", link.repeat(count))).is_err(),
                    "{link} {count}"
                );
            }
        }
    });
}

/// Random words: whatever they are, an answer or an error, soon.
#[test]
fn word_salad_is_answered_soon() {
    let words = [
        "year",
        "in_stock",
        "'x'",
        "5",
        "-",
        "(",
        "(",
        ")",
        ",",
        "NOT",
        "AND",
        "OR",
        "IN",
        "LIKE",
        "BETWEEN",
        "IS",
        "NULL",
        "=",
        "<",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "CAST",
        "AS",
        "DATE",
        "INTERVAL",
        "EXISTS",
        "SELECT",
        "FROM",
        "ESCAPE",
        "\"",
        "'",
        "{",
        "[",
        "]",
        "::",
        ".",
        "*",
        "ARRAY",
        "STRUCT",
        "<",
        ">",
        "MAP",
        "->",
        "é",
        "\n",
        "--",
        "/*",
        "$1",
        "?",
        "@",
        ";",
        "\\",
        "EXTRACT",
        "TRIM",
        "POSITION",
        "SUBSTRING",
        "f(",
        "ANY",
        "ALL",
        "TRUE",
        "1e999",
        "0x",
        "N'",
    ];
    on_a_small_stack(move || {
        let mut rng = fastrand::Rng::with_seed(7);
        let started = Instant::now();
        for _ in 0..20_000 {
            let count = rng.usize(1..60);
            let salad: Vec<&str> = (0..count)
                .map(|_| words[rng.usize(..words.len())])
                .collect();
            let text = salad.join(" ");
            if let Ok(filter) = parse(&text) {
                assert_eq!(parse(&filter.to_string()).as_ref(), Ok(&filter), "{text}");
            }
        }
        let took = started.elapsed();
        assert!(took < Duration::from_secs(60), "{took:?}");
    });
}
