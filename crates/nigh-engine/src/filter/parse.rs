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

/// Parentheses and NOTs in one another.
const MAX_DEPTH: usize = 40;

/// The parser counts more levels: between two parentheses there may be an OR, an AND and a `=`.
const PARSER_DEPTH: usize = 4 * MAX_DEPTH + 10;

/// Words and signs, without the values of IN lists. A chain of operators becomes a tree as deep
/// as it is long; with `stack`, this bounds what recursion over it takes.
const MAX_WORDS: usize = 4096;

/// What the parser gives as the location of the end.
const UNKNOWN: Location = Location { line: 0, column: 0 };

/// The text as one SQL expression.
pub(super) fn expression(text: &str, schema: &Schema) -> Result<Expr, FilterError> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| unreadable(&error, text))?;
    check_size(&tokens, text)?;
    let source = Source {
        text,
        schema,
        tokens: &tokens,
    };
    source.expression(&tokens)
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
        since_comma = if *token == Token::Comma {
            0
        } else {
            since_comma.saturating_add(1)
        };
        if depth.after(token) > MAX_DEPTH {
            let at = Place::at(text, span.start);
            return Err(FilterError::TooDeep {
                limit: MAX_DEPTH,
                at,
            });
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
    /// The tokens, which are the last ones of the filter, as one expression.
    fn expression(&self, tokens: &[TokenWithSpan]) -> Result<Expr, FilterError> {
        let dialect = GenericDialect {};
        let parser = Parser::new(&dialect).with_recursion_limit(PARSER_DEPTH);
        let mut parser = parser.with_tokens_with_locations(tokens.to_vec());
        let expression = parser.parse_expr().map_err(|error| self.rejected(error))?;
        let next = parser.next_token();
        match next.token {
            Token::EOF => Ok(expression),
            _ => Err(self.left_over(tokens, next.span.start)),
        }
    }

    /// The expression ended before the token at the location. Where that follows a keyword, the
    /// parser has taken the keyword for a name because it could make nothing else of it: then the
    /// keyword is the trouble, or, behind a NOT, what follows it.
    fn left_over(&self, tokens: &[TokenWithSpan], location: Location) -> FilterError {
        let place = tokens.iter().position(|token| token.span.start == location);
        let (before, rest) = tokens.split_at(place.unwrap_or(tokens.len()));
        let previous = before.iter().rfind(|token| !is_space(&token.token));
        match previous.and_then(|token| Some((token, keyword(&token.token)?))) {
            Some((_, (Keyword::NOT, _))) => match self.expression(rest) {
                Err(error) => error,
                Ok(_) => self.syntax("AND, OR or the end of the filter", location),
            },
            Some((token, (_, word))) if !names::is_known(word, self.schema) => {
                self.syntax("a column or a value", token.span.start)
            }
            _ => self.syntax("AND, OR or the end of the filter", location),
        }
    }

    fn rejected(&self, error: ParserError) -> FilterError {
        let message = match error {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
            ParserError::RecursionLimitExceeded => {
                let at = Place::at(self.text, UNKNOWN);
                return FilterError::TooDeep {
                    limit: MAX_DEPTH,
                    at,
                };
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
        self.syntax(expected, location(&message).unwrap_or(UNKNOWN))
    }

    /// The token at the location, or else the end, is not what was expected.
    fn syntax(&self, expected: &str, location: Location) -> FilterError {
        let words: Vec<_> = self.tokens.iter().filter(|t| !is_space(&t.token)).collect();
        let index = words.iter().position(|token| token.span.start == location);
        let found = index.and_then(|index| words.get(index));
        let previous = index.and_then(|index| words.get(index.checked_sub(1)?));
        let hint = match (found, previous) {
            (Some(found), previous) => self.hint(&found.token, previous.map(|t| &t.token)),
            (None, _) => None,
        };
        FilterError::Syntax {
            expected: expected.to_owned(),
            found: found.map_or("the end of the filter".to_owned(), |t| {
                shown(&t.token.to_string())
            }),
            hint: hint.unwrap_or_default(),
            at: match found {
                Some(found) => Place::at(self.text, found.span.start),
                None => Place::end(self.text),
            },
        }
    }

    /// What may have been meant, where the parser stumbled over a typographic quote, or behind a
    /// column that is called like a keyword.
    fn hint(&self, found: &Token, previous: Option<&Token>) -> Option<String> {
        if matches!(found, Token::Char('‘' | '’' | '“' | '”')) {
            return Some("; quotes must be straight, '…'".to_owned());
        }
        let (_, word) = keyword(previous?)?;
        let name = display::name(word);
        let unread = name != word && names::is_known(word, self.schema);
        unread.then(|| format!("; the column's name goes in double quotes, {name}"))
    }
}

/// The keyword that the token is, and how it is written.
fn keyword(token: &Token) -> Option<(Keyword, &str)> {
    match token {
        Token::Word(Word {
            value,
            quote_style: None,
            keyword,
        }) => (*keyword != Keyword::NoKeyword).then_some((*keyword, value.as_str())),
        _ => None,
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
