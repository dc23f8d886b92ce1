//! The normal form of a filter, which parses to the same filter again.

use std::fmt::{self, Display, Formatter};

use nigh_store::Value;
use sqlparser::ast::Expr;
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::ALL_KEYWORDS;
use sqlparser::parser::Parser;

use super::Filter;
use super::tree::{Asked, Comparison, Node, Term};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Node::Constant(true) => f.write_str("TRUE"),
            Node::Constant(false) => f.write_str("FALSE"),
            Node::All(nodes) => joined(f, nodes, " AND "),
            Node::Any(nodes) => joined(f, nodes, " OR "),
            Node::Not(node) => write!(f, "NOT ({node})"),
            Node::IsNull(target, negated) => {
                write!(f, "{} IS {}NULL", name(target.name()), not(*negated))
            }
            Node::Term(term) => term.fmt(f),
        }
    }
}

/// Operands that are themselves AND or OR stand in parentheses, whether they need them or not.
fn joined(f: &mut Formatter<'_>, nodes: &[Node], word: &str) -> fmt::Result {
    for (i, node) in nodes.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { word })?;
        match node {
            Node::All(_) | Node::Any(_) => write!(f, "({node})")?,
            _ => node.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (name, not) = (name(self.target.name()), not(self.negated));
        match &self.asked {
            Asked::Holds => f.write_str(&name),
            Asked::Compare(comparison, value) => {
                write!(
                    f,
                    "{name} {} {}",
                    sign(*comparison, self.negated),
                    literal(value)
                )
            }
            Asked::Between(low, high) => {
                write!(
                    f,
                    "{name} {not}BETWEEN {} AND {}",
                    literal(low),
                    literal(high)
                )
            }
            Asked::OneOf(values) => {
                let values: Vec<String> = values.iter().map(literal).collect();
                write!(f, "{name} {not}IN ({})", values.join(", "))
            }
            Asked::Like {
                pattern,
                escape,
                any_case,
            } => {
                let like = if *any_case { "ILIKE" } else { "LIKE" };
                write!(f, "{name} {not}{like} {}", quoted(pattern, '\''))?;
                match escape {
                    Some(escape) => write!(f, " ESCAPE {}", quoted(&escape.to_string(), '\'')),
                    None => Ok(()),
                }
            }
        }
    }
}

pub(super) fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

pub(super) fn sign(comparison: Comparison, negated: bool) -> &'static str {
    match comparison {
        Comparison::Equal if negated => "!=",
        Comparison::Equal => "=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

/// The column's name, in double quotes unless it is a plain word that SQL reads as a name.
pub(super) fn name(name: &str) -> String {
    let letters = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let plain = name.chars().all(letters) && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && reads_as_name(name) {
        name.to_owned()
    } else {
        quoted(name, '"')
    }
}

/// Whether the parser takes the word for a name wherever a filter has one. Most keywords are fine
/// (`year`), some are not (`case`), and which ones the parser does not list: so ask it.
fn reads_as_name(word: &str) -> bool {
    if ALL_KEYWORDS
        .binary_search(&word.to_ascii_uppercase().as_str())
        .is_err()
    {
        return true;
    }
    let text = format!("{word} = 1 AND NOT {word} OR {word} IN (1) AND ({word} OR {word})");
    let parsed = |text: &str| {
        let parser = Parser::new(&GenericDialect {}).try_with_sql(text);
        parser.and_then(|mut parser| parser.parse_expr())
    };
    matches!(parsed(word), Ok(Expr::Identifier(_)))
        && parsed(&text).is_ok_and(|expr| expr.to_string() == text)
}

/// The value as a filter writes it.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text, '\''),
        Value::Integer(value) => value.to_string(),
        // Unlike its Display, a float's Debug tells 2.0 from 2 and is short for 1e300.
        Value::Float(value) => format!("{value:?}"),
        Value::Boolean(value) => value.to_string().to_ascii_uppercase(),
        Value::Date(date) => format!("DATE '{date}'"),
    }
}

fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for char in text.chars() {
        quoted.push(char);
        if char == quote {
            quoted.push(quote);
        }
    }
    quoted.push(quote);
    quoted
}
