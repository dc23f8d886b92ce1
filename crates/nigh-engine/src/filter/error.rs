//! Why a text is no filter, in sentences.

use nigh_store::AttributeType;

use super::place::Place;

/// The constructs that a filter may use, for the sentences below.
const KNOWN: &str = "a filter knows =, !=, <, <=, >, >=, IN, BETWEEN, LIKE, ILIKE, IS NULL, AND, OR, \
                     NOT and parentheses";

/// Why a text is no filter of this collection. Where the place is known, the sentence is followed
/// by the line and a caret below the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// Nothing but white space and comments.
    #[error("the filter is empty: write a condition, for example price < 20")]
    Empty,
    /// Not SQL.
    #[error("expected {expected}, found {found}{hint}{at}")]
    Syntax {
        /// What would have been right.
        expected: String,
        /// The word, sign or text that is there instead.
        found: String,
        /// Empty, or what to do about it.
        hint: String,
        /// Where.
        at: Place,
    },
    /// More parentheses or NOTs in one another than the parser follows.
    #[error("the filter is nested more than {limit} levels deep{at}")]
    TooDeep {
        /// The deepest nesting that is read.
        limit: usize,
        /// The first place that is too deep.
        at: Place,
    },
    /// More words than the parser follows.
    #[error(
        "the filter has more than {limit} words: a list of values goes in one IN (…), of any length"
    )]
    TooLong {
        /// The most words that are read, values after a comma not counted.
        limit: usize,
    },
    /// Neither an attribute nor `id`.
    #[error("there is no column {name:?}: did you mean {nearest}?{at}")]
    UnknownColumn {
        /// The name in the filter.
        name: String,
        /// The known names that resemble it most.
        nearest: String,
        /// Where it stands.
        at: Place,
    },
    /// Several columns differ from the name in case alone.
    #[error("the column {name:?} could be {candidates}: write it in the case that is meant{at}")]
    AmbiguousColumn {
        /// The name in the filter.
        name: String,
        /// The columns that it may mean.
        candidates: String,
        /// Where it stands.
        at: Place,
    },
    /// A value of one type for a column of another.
    #[error(
        "the column {column:?} holds values of type {kind}, which {found} is not: write for \
         example {example}{at}"
    )]
    WrongType {
        /// The column's name.
        column: String,
        /// The column's type.
        kind: AttributeType,
        /// The value in the filter, as it is written.
        found: String,
        /// A condition that would do.
        example: String,
        /// Where the value stands.
        at: Place,
    },
    /// `= NULL` and its like, which SQL lets pass but which no item ever satisfies.
    #[error("nothing equals NULL: write {column} IS NULL or {column} IS NOT NULL{at}")]
    ComparedWithNull {
        /// The column's name.
        column: String,
        /// Where the NULL stands.
        at: Place,
    },
    /// A name where a value should be, mostly a text without its quotes.
    #[error("{found} is not a value: a text goes in single quotes, '{text}'{at}")]
    NotAValue {
        /// What stands there.
        found: String,
        /// The same without quotes.
        text: String,
        /// Where.
        at: Place,
    },
    /// A value, or a column that is not boolean, where a condition should be.
    #[error("{found} is not a condition: write for example {example}{at}")]
    NotACondition {
        /// What stands there.
        found: String,
        /// A condition that would do.
        example: String,
        /// Where.
        at: Place,
    },
    /// A number that not even a float holds.
    #[error("the number {found} is too large{at}")]
    NumberTooLarge {
        /// The number as it is written.
        found: String,
        /// Where.
        at: Place,
    },
    /// LIKE with an escape that is not one character, or a pattern that ends with it.
    #[error("{problem}{at}")]
    Pattern {
        /// What is wrong.
        problem: &'static str,
        /// Where the pattern stands.
        at: Place,
    },
    /// SQL that is not a filter's business.
    #[error("{what} cannot be used here: {KNOWN}{hint}{at}")]
    Unsupported {
        /// The construct.
        what: String,
        /// Empty, or what may have been meant.
        hint: String,
        /// Where.
        at: Place,
    },
    /// The system is out of threads, or of memory for one.
    #[error("the filter could not be read: no thread to do it on: {reason}")]
    NoThread {
        /// What the system said.
        reason: String,
    },
}
