//! From text to SQL syntax, with sqlparser; its complaints in our words.

use nigh_store::Schema;
use sqlparser::ast::Expr;
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, TokenizerError, Word};

use super::display;
use super::error::FilterError;
use super::names;
use super::place::Place;

/// Parentheses and NOTs in one another. The parser follows 50 levels, some of which it spends
/// between two parentheses.
const MAX_DEPTH: usize = 40;
const PARSER_DEPTH: usize = 50;

/// Words and signs, without the values of IN lists. A chain of operators becomes a tree as deep
/// as it is long, which is dropped recursively: this bounds the stack that takes.
const MAX_WORDS: usize = 4096;

/// The text as one SQL expression.
pub(super) fn expression(text: &str, schema: &Schema) -> Result<Expr, FilterError> {
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| unreadable(&error, text))?;
    check_size(&tokens, text)?;
    let source = Source { text, schema, tokens: &tokens };
    let parser = Parser::new(&dialect).with_recursion_limit(PARSER_DEPTH);
    let mut parser = parser.with_tokens_with_locations(tokens.clone());
    let expression = parser.parse_expr().map_err(|error| source.rejected(error))?;
    let next = parser.next_token();
    match next.token {
        Token::EOF => Ok(expression),
        _ => Err(source.syntax("AND, OR or the end of the filter", next.span.start)),
    }
}

fn unreadable(error: &TokenizerError, text: &str) -> FilterError {
    let at = Place::at(text, error.location);
    let (expected, found) = if error.message.starts_with("Unterminated") {
        ("a closing quote", "the end of the filter".to_owned())
    } else {
        ("a column or a value", "an unreadable character".to_owned())
    };
    FilterError::Syntax {
        expected: expected.to_owned(),
        found,
        hint: String::new(),
        at,
    }
}

/// Refuses what would take the parser or the dropping of its result too deep.
fn check_size(tokens: &[TokenWithSpan], text: &str) -> Result<(), FilterError> {
    let (mut words, mut since_comma) = (0, usize::MAX);
    let mut depth = Depth::default();
    for TokenWithSpan { token, span } in tokens.iter().filter(|t| !is_space(&t.token)) {
        let in_list = since_comma < 2 && is_value(token) || *token == Token::Comma;
        words += usize::from(!in_list);
        since_comma = if *token == Token::Comma { 0 } else { since_comma.saturating_add(1) };
        if depth.after(token) > MAX_DEPTH {
            let at = Place::at(text, span.start);
            return Err(FilterError::TooDeep { limit: MAX_DEPTH, at });
        }
    }
    match words {
        0 => Err(FilterError::Empty),
        1..=MAX_WORDS => Ok(()),
        _ => Err(FilterError::TooLong { limit: MAX_WORDS }),
    }
}

/// How deep a token lies in parentheses, NOTs and signs.
#[derive(Default)]
struct Depth {
    /// Per open parenthesis, the levels that it adds: itself and the NOTs just before it.
    open: Vec<usize>,
    below: usize,
    prefixes: usize,
}

impl Depth {
    fn after(&mut self, token: &Token) -> usize {
        match token {
            Token::LParen => {
                self.open.push(self.prefixes + 1);
                self.below += self.prefixes + 1;
                self.prefixes = 0;
            }
            Token::RParen => {
                self.below -= self.open.pop().unwrap_or(0);
                self.prefixes = 0;
            }
            Token::Minus | Token::Plus => self.prefixes += 1,
            Token::Word(word) if word.keyword == Keyword::NOT => self.prefixes += 1,
            _ => self.prefixes = 0,
        }
        self.below + self.prefixes
    }
}

fn is_space(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_) | Token::EOF)
}

fn is_value(token: &Token) -> bool {
    match token {
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Minus | Token::Plus => true,
        Token::Word(word) => word.keyword == Keyword::DATE,
        _ => false,
    }
}

/// The filter as the parser saw it.
struct Source<'a> {
    text: &'a str,
    schema: &'a Schema,
    tokens: &'a [TokenWithSpan],
}

impl Source<'_> {
    fn rejected(&self, error: ParserError) -> FilterError {
        let message = match error {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
            ParserError::RecursionLimitExceeded => {
                let at = Place::at(self.text, Location { line: 0, column: 0 });
                return FilterError::TooDeep { limit: MAX_DEPTH, at };
            }
        };
        let expected = message.strip_prefix("Expected: ").unwrap_or("");
        let expected = match expected {
            _ if expected.starts_with("), ") => "`)`",
            _ if expected.starts_with("(, ") => "`(`",
            _ if expected.starts_with("AND, ") => "AND",
            _ if expected.starts_with("[NOT] NULL") => "NULL or NOT NULL",
            _ => "a column or a value",
        };
        self.syntax(expected, location(&message).unwrap_or_default())
    }

    /// The token at the location, or else the end, is not what was expected.
    fn syntax(&self, expected: &str, location: Location) -> FilterError {
        let words = || self.tokens.iter().filter(|token| !is_space(&token.token));
        let index = words().position(|token| token.span.start == location);
        let found = index.and_then(|index| words().nth(index));
        let previous = index.and_then(|i| i.checked_sub(1)).and_then(|i| words().nth(i));
        let hint = found.map(|t| self.hint(t)).filter(|hint| !hint.is_empty());
        let hint = hint.or_else(|| previous.map(|t| self.hint(t))).unwrap_or_default();
        FilterError::Syntax {
            expected: expected.to_owned(),
            found: found.map_or("the end of the filter".to_owned(), |t| shown(&t.token.to_string())),
            hint,
            at: match found {
                Some(found) => Place::at(self.text, found.span.start),
                None => Place::end(self.text),
            },
        }
    }

    /// What may have been meant by a token that the parser stumbled over.
    fn hint(&self, token: &TokenWithSpan) -> String {
        match &token.token {
            Token::Word(Word { value, quote_style: None, keyword }) => {
                if *keyword != Keyword::NoKeyword && names::is_known(value, self.schema) {
                    let name = display::name(value);
                    return format!("; the column's name goes in double quotes, {name}");
                }
                String::new()
            }
            Token::Char('‘' | '’' | '“' | '”') => "; quotes must be straight, '…'".to_owned(),
            _ => String::new(),
        }
    }
}

/// The location that ends one of the parser's messages, where it has one.
fn location(message: &str) -> Option<Location> {
    let (_, place) = message.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location {
        line: line.parse().ok()?,
        column: column.parse().ok()?,
    })
}

/// A piece of the filter, cut where it is long.
pub(super) fn shown(piece: &str) -> String {
    let mut chars = piece.chars();
    let start: String = chars.by_ref().take(40).collect();
    let rest = if chars.next().is_some() { "…" } else { "" };
    format!("`{start}{rest}`")
}
