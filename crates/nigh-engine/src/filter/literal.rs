//! The values that a filter may contain, and the names of what it may not.

use nigh_store::{Date, Value};
use sqlparser::ast::{self, BinaryOperator, DataType, Expr, TypedString, UnaryOperator};

/// A value as the filter writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Value(Value),
    Null,
    /// A number beyond the floats.
    TooLarge(String),
}

/// The literal that the expression is; `None` for anything else.
pub(super) fn of(expr: &Expr) -> Option<Literal> {
    match expr {
        Expr::Nested(inner) => of(inner),
        Expr::Value(value) => match &value.value {
            ast::Value::Number(digits, _) => number(digits),
            ast::Value::SingleQuotedString(text) => {
                Some(Literal::Value(Value::String(text.clone())))
            }
            ast::Value::Boolean(value) => Some(Literal::Value(Value::Boolean(*value))),
            ast::Value::Null => Some(Literal::Null),
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => number(&format!("-{}", digits(expr)?)),
        Expr::UnaryOp {
            op: UnaryOperator::Plus,
            expr,
        } => number(digits(expr)?),
        Expr::TypedString(TypedString {
            data_type: DataType::Date,
            value,
            ..
        }) => {
            let text = value.value.clone().into_string()?;
            // What is no date stays a text, and is then told as one that is no date.
            let value = Date::parse(&text).map_or(Value::String(text), Value::Date);
            Some(Literal::Value(value))
        }
        _ => None,
    }
}

fn digits(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ast::ValueWithSpan {
            value: ast::Value::Number(digits, _),
            ..
        }) => Some(digits),
        _ => None,
    }
}

/// A whole number where 64 bits hold it, else a float.
fn number(digits: &str) -> Option<Literal> {
    if let Ok(value) = digits.parse() {
        return Some(Literal::Value(Value::Integer(value)));
    }
    let value: f64 = digits.parse().ok()?;
    Some(if value.is_finite() {
        Literal::Value(Value::Float(value))
    } else {
        Literal::TooLarge(digits.to_owned())
    })
}

/// The name that a subtraction of names may have been meant as: `base-colour`.
pub(super) fn hyphenated(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Minus,
            right,
        } => {
            // The right side first: it is never deep, so a long chain ends here if it is no name.
            let right = match right.as_ref() {
                Expr::Identifier(name) => name.value.clone(),
                _ => return None,
            };
            Some(format!("{}-{right}", hyphenated(left)?))
        }
        _ => None,
    }
}

/// What an expression that no filter may contain is called.
pub(super) fn described(expr: &Expr) -> String {
    match expr {
        Expr::Function(function) => format!("the function {}", function.name),
        Expr::BinaryOp { op, .. } if arithmetic(op) => format!("arithmetic (`{op}`)"),
        Expr::BinaryOp { op, .. } => format!("the operator `{op}`"),
        Expr::UnaryOp { op, .. } => format!("the operator `{op}`"),
        Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
            "a subquery".to_owned()
        }
        Expr::Case { .. } => "CASE".to_owned(),
        Expr::Cast { .. } | Expr::Convert { .. } => "a cast".to_owned(),
        Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => {
            "IS TRUE or IS FALSE".to_owned()
        }
        Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => "IS UNKNOWN".to_owned(),
        Expr::SimilarTo { .. } | Expr::RLike { .. } => "a regular expression".to_owned(),
        Expr::AnyOp { .. } | Expr::AllOp { .. } | Expr::Like { .. } | Expr::ILike { .. } => {
            "ANY or ALL".to_owned()
        }
        Expr::Value(value) => format!("the value {}", super::parse::shown(&value.to_string())),
        Expr::TypedString(typed) => format!("a {} value", typed.data_type),
        Expr::Tuple(_) | Expr::Array(_) => "a list of columns or values".to_owned(),
        _ => "this expression".to_owned(),
    }
}

fn arithmetic(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo
    )
}
