//! From SQL syntax to conditions on the schema's columns, typed.

use nigh_store::{AttributeType, Date, Schema, Value};
use sqlparser::ast::{BinaryOperator, Expr, Spanned, UnaryOperator};

use super::display;
use super::error::FilterError;
use super::like::Pattern;
use super::literal::{self, Literal};
use super::names;
use super::place::Place;
use super::tree::{Asked, Comparison, Node, Target, Term};
use super::wanted::Test;

/// The expression as a condition.
pub(super) fn condition(expr: &Expr, text: &str, schema: &Schema) -> Result<Node, FilterError> {
    Binder { text, schema }.condition(expr)
}

struct Binder<'a> {
    text: &'a str,
    schema: &'a Schema,
}

/// One side of a comparison.
enum Side {
    Column(Target),
    /// A name that no column has.
    Unknown(String),
    Literal,
}

type Bound<T> = Result<T, FilterError>;

impl Binder<'_> {
    fn condition(&self, expr: &Expr) -> Bound<Node> {
        match expr {
            Expr::Nested(inner) => self.condition(inner),
            Expr::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => Ok(Node::Not(Box::new(self.condition(expr)?))),
            Expr::BinaryOp {
                op: BinaryOperator::And,
                ..
            } => Ok(Node::All(self.operands(expr, &BinaryOperator::And)?)),
            Expr::BinaryOp {
                op: BinaryOperator::Or,
                ..
            } => Ok(Node::Any(self.operands(expr, &BinaryOperator::Or)?)),
            Expr::BinaryOp { left, op, right } => self.comparison(expr, left, op, right),
            Expr::IsNull(of) => Ok(Node::IsNull(self.column(of)?, false)),
            Expr::IsNotNull(of) => Ok(Node::IsNull(self.column(of)?, true)),
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let target = self.column(expr)?;
                let asked = Asked::Between(self.value(&target, low)?, self.value(&target, high)?);
                Ok(term(target, asked, *negated))
            }
            Expr::InList {
                expr,
                list,
                negated,
            } => {
                let target = self.column(expr)?;
                let values = list.iter().map(|value| self.value(&target, value));
                let asked = Asked::OneOf(values.collect::<Bound<_>>()?);
                Ok(term(target, asked, *negated))
            }
            Expr::Like { any: false, .. } | Expr::ILike { any: false, .. } => self.like(expr),
            _ => self.alone(expr),
        }
    }

    /// All operands of a chain of ANDs, or of ORs, the first one first, whatever its parentheses.
    /// The parser hangs a chain to the left, as deep as it is long, hence the loop.
    fn operands(&self, expr: &Expr, word: &BinaryOperator) -> Bound<Vec<Node>> {
        let mut operands = Vec::new();
        let mut rest = expr;
        while let Expr::BinaryOp { left, op, right } = rest
            && op == word
        {
            operands.push(self.condition(right)?);
            rest = left;
        }
        operands.push(self.condition(rest)?);
        let mut flat = Vec::with_capacity(operands.len());
        for operand in operands.into_iter().rev() {
            match operand {
                Node::All(nodes) if *word == BinaryOperator::And => flat.extend(nodes),
                Node::Any(nodes) if *word == BinaryOperator::Or => flat.extend(nodes),
                node => flat.push(node),
            }
        }
        Ok(flat)
    }

    fn comparison(
        &self,
        expr: &Expr,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Bound<Node> {
        let Some((comparison, negated)) = comparison(op) else {
            return Err(self.unsupported(expr));
        };
        let (target, comparison, value) = match (self.side(left)?, self.side(right)?) {
            (Side::Column(target), Side::Literal) => (target, comparison, right),
            (Side::Literal, Side::Column(target)) => (target, mirrored(comparison), left),
            (Side::Column(_), Side::Column(_)) => return Err(self.two_columns(right)),
            (Side::Column(_), Side::Unknown(name)) => return Err(self.not_a_value(right, name)),
            (Side::Unknown(name), Side::Column(_)) => return Err(self.not_a_value(left, name)),
            (Side::Unknown(name), _) => return Err(self.unknown(&name, left)),
            (_, Side::Unknown(name)) => return Err(self.unknown(&name, right)),
            (Side::Literal, Side::Literal) => return Err(self.no_condition(left)),
        };
        let value = self.value(&target, value)?;
        Ok(term(target, Asked::Compare(comparison, value), negated))
    }

    fn side(&self, expr: &Expr) -> Bound<Side> {
        let at = || self.place(expr);
        if let Some(name) = name_of(expr) {
            return match names::column(&name, self.schema, at()) {
                Ok(target) => Ok(Side::Column(target)),
                Err(FilterError::UnknownColumn { .. }) => Ok(Side::Unknown(name)),
                Err(error) => Err(error),
            };
        }
        match literal::of(expr) {
            Some(_) => Ok(Side::Literal),
            None => Err(self.unsupported(expr)),
        }
    }

    /// The column that must stand here.
    fn column(&self, expr: &Expr) -> Bound<Target> {
        match name_of(expr) {
            Some(name) => names::column(&name, self.schema, self.place(expr)),
            None if literal::of(expr).is_some() => Err(self.no_condition(expr)),
            None => Err(self.unsupported(expr)),
        }
    }

    /// The value that must stand here, as one that the column's type can be compared with.
    fn value(&self, target: &Target, expr: &Expr) -> Bound<Value> {
        let Some(literal) = literal::of(expr) else {
            return Err(match name_of(expr) {
                Some(name) if names::is_known(&name, self.schema) => self.two_columns(expr),
                Some(name) => self.not_a_value(expr, name),
                None => self.unsupported(expr),
            });
        };
        let value = match literal {
            Literal::Value(value) => value,
            Literal::Null => {
                let column = display::name(target.name());
                let at = self.place(expr);
                return Err(FilterError::ComparedWithNull { column, at });
            }
            Literal::TooLarge(found) => {
                let at = self.place(expr);
                return Err(FilterError::NumberTooLarge { found, at });
            }
        };
        suited(target.kind(), &value).ok_or_else(|| FilterError::WrongType {
            column: target.name().to_owned(),
            kind: target.kind(),
            found: display::literal(&value),
            example: example(target, Some(&value)),
            at: self.place(expr),
        })
    }

    fn like(&self, expr: &Expr) -> Bound<Node> {
        let (any_case, (negated, of, pattern, escape)) = match expr {
            Expr::Like {
                negated,
                expr,
                pattern,
                escape_char,
                ..
            } => (false, (*negated, expr, pattern, escape_char)),
            Expr::ILike {
                negated,
                expr,
                pattern,
                escape_char,
                ..
            } => (true, (*negated, expr, pattern, escape_char)),
            _ => return Err(self.unsupported(expr)),
        };
        let target = self.column(of)?;
        let problem = |problem| FilterError::Pattern {
            problem,
            at: self.place(pattern),
        };
        let escape = match escape.as_deref().map(literal::of) {
            None => None,
            Some(Some(Literal::Value(Value::String(text)))) if text.chars().count() == 1 => {
                text.chars().next()
            }
            Some(_) => {
                return Err(problem(
                    "ESCAPE takes one character, for example ESCAPE '!'",
                ));
            }
        };
        if target.kind() != AttributeType::String {
            return Err(self.not_text(&target, pattern));
        }
        let pattern = self.value(&target, pattern)?.to_string();
        let ready = Pattern::new(&pattern, escape, any_case)
            .ok_or_else(|| problem("the LIKE pattern ends with its escape character"))?;
        let asked = Asked::Like {
            pattern,
            escape,
            any_case,
        };
        let test = Test::text(&asked, Some(ready));
        Ok(Node::Term(Term {
            target,
            asked,
            negated,
            test,
        }))
    }

    /// What is a condition without an operator: a boolean column, TRUE, FALSE.
    fn alone(&self, expr: &Expr) -> Bound<Node> {
        if let Some(Literal::Value(Value::Boolean(value))) = literal::of(expr) {
            return Ok(Node::Constant(value));
        }
        let target = self.column(expr)?;
        if target.kind() != AttributeType::Boolean {
            return Err(FilterError::NotACondition {
                found: format!("the column {:?} by itself", target.name()),
                example: example(&target, None),
                at: self.place(expr),
            });
        }
        Ok(term(target, Asked::Holds, false))
    }

    fn place(&self, expr: &Expr) -> Place {
        Place::at(self.text, expr.span().start)
    }

    fn unknown(&self, name: &str, expr: &Expr) -> FilterError {
        match names::column(name, self.schema, self.place(expr)) {
            Err(error) => error,
            Ok(_) => self.no_condition(expr),
        }
    }

    fn unsupported(&self, expr: &Expr) -> FilterError {
        let hint = match literal::hyphenated(expr) {
            Some(name) if names::is_known(&name, self.schema) => {
                format!(
                    "; the column's name goes in double quotes, {}",
                    display::name(&name)
                )
            }
            _ => String::new(),
        };
        FilterError::Unsupported {
            what: literal::described(expr),
            hint,
            at: self.place(expr),
        }
    }

    fn two_columns(&self, expr: &Expr) -> FilterError {
        FilterError::Unsupported {
            what: "the comparison of two columns".to_owned(),
            hint: String::new(),
            at: self.place(expr),
        }
    }

    fn not_a_value(&self, expr: &Expr, name: String) -> FilterError {
        FilterError::NotAValue {
            found: super::parse::shown(&expr.to_string()),
            text: name.replace('\'', "''"),
            at: self.place(expr),
        }
    }

    fn not_text(&self, target: &Target, pattern: &Expr) -> FilterError {
        FilterError::WrongType {
            column: target.name().to_owned(),
            kind: target.kind(),
            found: "a LIKE pattern".to_owned(),
            example: example(target, None),
            at: self.place(pattern),
        }
    }

    fn no_condition(&self, expr: &Expr) -> FilterError {
        let first = self.schema.columns.first();
        let target = first.map_or(Target::Id, |column| Target::Attribute {
            name: column.name.clone(),
            kind: column.kind,
        });
        FilterError::NotACondition {
            found: format!(
                "{} without a column",
                super::parse::shown(&expr.to_string())
            ),
            example: example(&target, None),
            at: self.place(expr),
        }
    }
}

fn term(target: Target, asked: Asked, negated: bool) -> Node {
    let test = match target.kind() {
        AttributeType::String => Test::text(&asked, None),
        AttributeType::Float => Test::real(&asked),
        AttributeType::Integer | AttributeType::Boolean | AttributeType::Date => {
            Test::whole(&asked)
        }
    };
    Node::Term(Term {
        target,
        asked,
        negated,
        test,
    })
}

/// The name that the expression is, with or without parentheses or dots.
fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => {
            let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            Some(parts.join("."))
        }
        Expr::Nested(inner) => name_of(inner),
        _ => None,
    }
}

fn comparison(op: &BinaryOperator) -> Option<(Comparison, bool)> {
    Some(match op {
        BinaryOperator::Eq => (Comparison::Equal, false),
        BinaryOperator::NotEq => (Comparison::Equal, true),
        BinaryOperator::Lt => (Comparison::Less, false),
        BinaryOperator::LtEq => (Comparison::LessOrEqual, false),
        BinaryOperator::Gt => (Comparison::Greater, false),
        BinaryOperator::GtEq => (Comparison::GreaterOrEqual, false),
        _ => return None,
    })
}

/// The comparison with its sides swapped.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::Equal,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// The value where a column of this type can be compared with it; a text that is a date as one.
fn suited(kind: AttributeType, value: &Value) -> Option<Value> {
    match (kind, value) {
        (AttributeType::Integer | AttributeType::Float, Value::Integer(_) | Value::Float(_)) => {
            Some(value.clone())
        }
        (AttributeType::Date, Value::String(text)) => Date::parse(text).map(Value::Date),
        (kind, value) => (value.kind() == kind).then(|| value.clone()),
    }
}

/// A condition on the column that would do, near to what was written.
fn example(target: &Target, written: Option<&Value>) -> String {
    let name = display::name(target.name());
    let cast = written.and_then(|value| value.cast(target.kind()));
    match (target.kind(), cast) {
        (_, Some(value)) => format!("{name} = {}", display::literal(&value)),
        (AttributeType::String, None) => format!("{name} = 'text'"),
        (AttributeType::Integer, None) => format!("{name} >= 10"),
        (AttributeType::Float, None) => format!("{name} < 9.99"),
        (AttributeType::Boolean, None) => format!("{name} = TRUE"),
        (AttributeType::Date, None) => format!("{name} >= '2024-01-31'"),
    }
}
