//! What a person reads who got a filter wrong.

use crate::filter::Filter;

/// The sentence, without the place.
#[test]
fn sentences() {
    let knows = "cannot be used here: a filter knows =, !=, <, <=, >, >=, IN, BETWEEN, LIKE, ILIKE, \
                 IS NULL, AND, OR, NOT and parentheses";
    let rows = [
        (
            "",
            "the filter is empty: write a condition, for example price < 20",
        ),
        (
            " \n\t ",
            "the filter is empty: write a condition, for example price < 20",
        ),
        (
            "-- nothing",
            "the filter is empty: write a condition, for example price < 20",
        ),
        (
            "price <",
            "expected a column or a value, found the end of the filter (line 1, column 8)",
        ),
        (
            "price < )",
            "expected a column or a value, found `)` (line 1, column 9)",
        ),
        (
            "price =< 5",
            "expected a column or a value, found `<` (line 1, column 8)",
        ),
        (
            "NOT (price < )",
            "expected a column or a value, found `)` (line 1, column 14)",
        ),
        (
            "in_stock OR NOT price <",
            "expected a column or a value, found the end of the filter (line 1, column 24)",
        ),
        (
            "price < 5 AND OR year = 1",
            "expected a column or a value, found `OR` (line 1, column 15)",
        ),
        (
            "AND year = 1",
            "expected a column or a value, found `AND` (line 1, column 1)",
        ),
        (
            "WHERE price < 5",
            "expected a column or a value, found `WHERE` (line 1, column 1)",
        ),
        (
            "(price < 3",
            "expected `)`, found the end of the filter (line 1, column 11)",
        ),
        (
            "price < 3)",
            "expected AND, OR or the end of the filter, found `)` (line 1, column 10)",
        ),
        (
            "price < 3 year = 1",
            "expected AND, OR or the end of the filter, found `year` (line 1, column 11)",
        ),
        (
            "price < 3;",
            "expected AND, OR or the end of the filter, found `;` (line 1, column 10)",
        ),
        (
            "price BETWEEN 1 OR 2",
            "expected AND, found `OR` (line 1, column 17)",
        ),
        ("price IN 5", "expected `(`, found `5` (line 1, column 10)"),
        (
            "price IN ()",
            "expected a column or a value, found `)` (line 1, column 11)",
        ),
        (
            "price IS 5",
            "expected NULL or NOT NULL, found `5` (line 1, column 10)",
        ),
        (
            "maker.name = 'x",
            "expected a closing quote, found the end of the filter (line 1, column 14)",
        ),
        (
            "maker.name = ‘x’",
            "expected a column or a value, found `‘`; quotes must be straight, '…' (line 1, column 14)",
        ),
        (
            "interval = 'x'",
            "expected a column or a value, found `=`; the column's name goes in double quotes, \
             \"interval\" (line 1, column 10)",
        ),
        (
            "price = 5\n  AND (year = 2012\n  OR )",
            "expected a column or a value, found `)` (line 3, column 6)",
        ),
        (
            "prize < 5",
            "there is no column \"prize\": did you mean \"price\"? (line 1, column 1)",
        ),
        (
            "in_stock AND colour = 'x'",
            "there is no column \"colour\": did you mean \"baseColour\"? (line 1, column 14)",
        ),
        (
            "size = 'M'",
            "the column \"size\" could be \"Size\" or \"SIZE\": write it in the case that is meant \
             (line 1, column 1)",
        ),
        (
            "baseColour = 12",
            "the column \"baseColour\" holds values of type string, which 12 is not: write for \
             example baseColour = '12' (line 1, column 14)",
        ),
        (
            "year = '2012'",
            "the column \"year\" holds values of type integer, which '2012' is not: write for \
             example year = 2012 (line 1, column 8)",
        ),
        (
            "price IN (1, 'cheap')",
            "the column \"price\" holds values of type float, which 'cheap' is not: write for \
             example price < 9.99 (line 1, column 14)",
        ),
        (
            "in_stock = 1",
            "the column \"in_stock\" holds values of type boolean, which 1 is not: write for \
             example in_stock = TRUE (line 1, column 12)",
        ),
        (
            "added > '31.01.2024'",
            "the column \"added\" holds values of type date, which '31.01.2024' is not: write for \
             example added >= '2024-01-31' (line 1, column 9)",
        ),
        (
            "added > DATE '2024-02-30'",
            "the column \"added\" holds values of type date, which '2024-02-30' is not: write for \
             example added >= '2024-01-31' (line 1, column 14)",
        ),
        (
            "id = 12",
            "the column \"id\" holds values of type string, which 12 is not: write for example \
             id = '12' (line 1, column 6)",
        ),
        (
            "price LIKE '9%'",
            "the column \"price\" holds values of type float, which a LIKE pattern is not: write \
             for example price < 9.99 (line 1, column 12)",
        ),
        (
            "baseColour = NULL",
            "nothing equals NULL: write baseColour IS NULL or baseColour IS NOT NULL (line 1, \
             column 14)",
        ),
        (
            "year NOT IN (2012, NULL)",
            "nothing equals NULL: write year IS NULL or year IS NOT NULL (line 1, column 20)",
        ),
        (
            "baseColour = \"Red\"",
            "`\"Red\"` is not a value: a text goes in single quotes, 'Red' (line 1, column 14)",
        ),
        (
            "baseColour IN (Red)",
            "`Red` is not a value: a text goes in single quotes, 'Red' (line 1, column 16)",
        ),
        (
            "price",
            "the column \"price\" by itself is not a condition: write for example price < 9.99 \
             (line 1, column 1)",
        ),
        (
            "1 = 1",
            "`1` without a column is not a condition: write for example baseColour = 'text' \
             (line 1, column 1)",
        ),
        (
            "price < 1e400",
            "the number 1e400 is too large (line 1, column 9)",
        ),
        (
            "baseColour LIKE 'a!' ESCAPE '!'",
            "the LIKE pattern ends with its escape character (line 1, column 17)",
        ),
        (
            "baseColour LIKE 'a' ESCAPE ''",
            "ESCAPE takes one character, for example ESCAPE '!' (line 1, column 17)",
        ),
        (
            "lower(baseColour) = 'x'",
            &format!("the function lower {knows} (line 1, column 1)"),
        ),
        (
            "year IN (SELECT 1)",
            &format!("a subquery {knows} (line 1, column 1)"),
        ),
        (
            "price * 2 > 10",
            &format!("arithmetic (`*`) {knows} (line 1, column 1)"),
        ),
        (
            "sleeve-length > 3",
            &format!(
                "arithmetic (`-`) {knows}; the column's name goes in double quotes, \
                 \"sleeve-length\" (line 1, column 1)"
            ),
        ),
        (
            "baseColour = maker.name",
            &format!("the comparison of two columns {knows} (line 1, column 14)"),
        ),
        (
            "baseColour ~ 'x'",
            &format!("the operator `~` {knows} (line 1, column 1)"),
        ),
        (
            "in_stock IS TRUE",
            &format!("IS TRUE or IS FALSE {knows} (line 1, column 1)"),
        ),
    ];
    let mut failed = Vec::new();
    for (text, expected) in rows {
        let found = match Filter::parse(text, &super::schema()) {
            Ok(filter) => format!("parsed as {filter}"),
            Err(error) => error.to_string(),
        };
        let sentence = found.split('\n').next().unwrap();
        if sentence != expected {
            failed.push(format!(
                "{text}\n  found    {sentence}\n  expected {expected}"
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_caret_shows_the_place() {
    let error = Filter::parse("in_stock AND prize < 5", &super::schema()).unwrap_err();
    let expected = "there is no column \"prize\": did you mean \"price\"? (line 1, column 14)\n  \
                    in_stock AND prize < 5\n               ^";
    assert_eq!(error.to_string(), expected);
}
