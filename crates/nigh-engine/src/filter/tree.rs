//! A filter that has been read: conditions bound to columns and their types.

use nigh_store::{AttributeType, Value};

use super::wanted::Test;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Constant(bool),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    IsNull(Target, Negated),
    Term(Term),
}

/// A condition on the value of one column; unknown where that is null.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) target: Target,
    pub(super) asked: Asked,
    /// Whether the condition is that the test fails: `!=`, NOT IN, NOT BETWEEN, NOT LIKE.
    pub(super) negated: Negated,
    pub(super) test: Test,
}

pub(super) type Negated = bool;

/// What a condition is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// The item's id, never null.
    Id,
    Attribute {
        name: String,
        kind: AttributeType,
    },
}

/// The condition in the words of the filter, for people.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// A boolean column by itself.
    Holds,
    Compare(Comparison, Value),
    Between(Value, Value),
    OneOf(Vec<Value>),
    Like {
        pattern: String,
        escape: Option<char>,
        any_case: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Target {
    pub(super) fn name(&self) -> &str {
        match self {
            Target::Id => "id",
            Target::Attribute { name, .. } => name,
        }
    }

    pub(super) fn kind(&self) -> AttributeType {
        match self {
            Target::Id => AttributeType::String,
            Target::Attribute { kind, .. } => *kind,
        }
    }
}
