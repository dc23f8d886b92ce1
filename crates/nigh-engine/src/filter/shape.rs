//! What a filter asks, whatever the values: searches of one shape are counted together.

use super::Filter;
use super::display::{name, not, sign};
use super::tree::{Asked, Node, Term};

impl Filter {
    /// The condition with a `?` for every value: `gender = ? AND year >= ?`.
    pub fn shape(&self) -> String {
        node(&self.root)
    }
}

fn node(of: &Node) -> String {
    match of {
        Node::All(nodes) => joined(nodes, " AND "),
        Node::Any(nodes) => joined(nodes, " OR "),
        Node::Not(of) => format!("NOT ({})", node(of)),
        Node::Term(term) => self::term(term),
        Node::Constant(_) | Node::IsNull(..) => of.to_string(),
    }
}

fn joined(nodes: &[Node], word: &str) -> String {
    let operand = |of: &Node| match of {
        Node::All(_) | Node::Any(_) => format!("({})", node(of)),
        _ => node(of),
    };
    nodes.iter().map(operand).collect::<Vec<_>>().join(word)
}

fn term(term: &Term) -> String {
    let (name, not) = (name(term.target.name()), not(term.negated));
    match &term.asked {
        Asked::Holds => name,
        Asked::Compare(comparison, _) => format!("{name} {} ?", sign(*comparison, term.negated)),
        Asked::Between(..) => format!("{name} {not}BETWEEN ? AND ?"),
        Asked::OneOf(_) => format!("{name} {not}IN (?)"),
        Asked::Like { any_case, .. } => {
            let like = if *any_case { "ILIKE" } else { "LIKE" };
            format!("{name} {not}{like} ?")
        }
    }
}
