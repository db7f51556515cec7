//! Values from text, as a person types them on a command line.

mod word;

use std::fmt;

use super::{Pattern, Record, Value, first_duplicate};
use crate::limits::VALUE_DEPTH_MAX;

impl Value {
    /// Reads a value as it is written in Zeek's scripts, or with its type in front.
    ///
    /// | text | value |
    /// |---|---|
    /// | `T`, `F` | bool |
    /// | `42`; `-1`, `+1`; `1.5`, `1e9` | count; int; double |
    /// | `5sec`, `1.5 min` | interval (days, hrs, mins, secs, msecs, usecs) |
    /// | `80/tcp`; `10.0.0.1`, `[::1]`; `10.0.0.0/8` | port; addr; subnet |
    /// | `"text"`, with `\"`, `\\`, `\n`, `\r`, `\t`, `\xff` | string |
    /// | `/foo/` | pattern |
    /// | `Notice::Tally` | enum |
    /// | `[1, 2]`; `[a=1, b=2]` | vector; record |
    /// | `{1, 2}`; `{k = v, [k, l] = v}` | set; table, with composite keys in brackets |
    /// | `count:5`, `string:any text`, `list:[1, 2]`, `table:{}`, `unset:` | that type |
    /// | anything else | string |
    ///
    /// # Errors
    /// [`ParseError`] names the place in `text` and what is wrong there.
    ///
    /// ```
    /// use zeekwire_types::{Value, value::Port};
    ///
    /// assert_eq!(Value::parse_text("80/tcp"), Ok(Value::Port(Port::tcp(80))));
    /// assert_eq!(Value::parse_text("hello"), Ok(Value::from("hello")));
    /// assert_eq!(Value::parse_text("int:5"), Ok(Value::Int(5)));
    /// let error = Value::parse_text("[1, port:x]").unwrap_err();
    /// assert_eq!(error.to_string(), "at byte 9: a port needs its protocol: write `80/tcp`");
    /// ```
    pub fn parse_text(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0, b"")?;
        parser.skip_space();
        match parser.peek() {
            None => Ok(value),
            Some(_) => Err(parser.error(Problem::TrailingText)),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Byte at which the next thing starts.
    at: usize,
}

impl<'a> Parser<'a> {
    /// One value, `depth` containers deep. A bare word ends at one of `stops`, or at the end.
    fn value(&mut self, depth: usize, stops: &[u8]) -> Result<Value, ParseError> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.quoted().map(Value::String),
            Some(b'{') => self.braces(depth, None),
            Some(b'[') => self.brackets(depth),
            Some(b'/') if word::is_pattern(self.ahead(stops)) => {
                Ok(word::pattern(self.take_word(stops)))
            }
            _ => match word::type_prefix(self.rest()) {
                Some((name, skip)) => {
                    self.at += skip;
                    self.typed(name, depth, stops)
                }
                None => {
                    let text = self.take_word(stops);
                    word::bare(text).map_err(|problem| ParseError { at: start, problem })
                }
            },
        }
    }

    /// A value behind `name:`.
    fn typed(&mut self, name: &str, depth: usize, stops: &[u8]) -> Result<Value, ParseError> {
        let start = self.at;
        match (name, self.peek()) {
            ("string", Some(b'"')) => self.quoted().map(Value::String),
            ("set", _) => self.braces(depth, Some(false)),
            ("table", _) => self.braces(depth, Some(true)),
            ("vector", _) => self.items(depth).map(Value::Vector),
            ("list", _) => self.items(depth).map(Value::List),
            ("record", _) => self.record(depth),
            ("any", _) => {
                let value = self.value(deeper(self, depth)?, stops)?;
                Ok(Value::Any(Box::new(value)))
            }
            ("addr", Some(b'[')) => self.brackets(depth),
            _ => {
                let text = self.take_word(stops);
                word::of_type(name, text).map_err(|problem| ParseError { at: start, problem })
            }
        }
    }

    /// A bracketed IPv6 address or subnet, a record, or a vector.
    fn brackets(&mut self, depth: usize) -> Result<Value, ParseError> {
        if let Some((value, length)) = word::bracketed_address(self.rest()) {
            self.at += length;
            return value.map_err(|problem| self.error(problem));
        }
        let inside = self.rest()[1..].trim_start();
        let name = inside.find(|c: char| !word::is_name_char(c)).unwrap_or(0);
        let named = name > 0 && inside[name..].trim_start().starts_with('=');
        if named || inside.starts_with('$') {
            self.record(depth)
        } else {
            self.items(depth).map(Value::Vector)
        }
    }

    fn record(&mut self, depth: usize) -> Result<Value, ParseError> {
        let depth = deeper(self, depth)?;
        self.expect(b'[')?;
        let mut record = Record {
            fields: Vec::new(),
            names: Vec::new(),
        };
        while !self.end_of(b']', record.fields.is_empty())? {
            self.skip_space();
            if self.peek() == Some(b'$') {
                self.at += 1;
            }
            let start = self.at;
            let name = self.take_word(b"=,]");
            if name.is_empty() || !name.chars().all(word::is_name_char) {
                return Err(ParseError {
                    at: start,
                    problem: Problem::FieldName,
                });
            }
            record.names.push(name.to_owned());
            self.expect(b'=')?;
            record.fields.push(self.value(depth, b",]")?);
        }
        Ok(Value::Record(record))
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Value>, ParseError> {
        let depth = deeper(self, depth)?;
        self.expect(b'[')?;
        let mut items = Vec::new();
        while !self.end_of(b']', items.is_empty())? {
            items.push(self.value(depth, b",]")?);
        }
        Ok(items)
    }

    /// A set or a table; `is_table` when the type was named, otherwise the first entry tells.
    fn braces(&mut self, depth: usize, mut is_table: Option<bool>) -> Result<Value, ParseError> {
        let start = self.at;
        let depth = deeper(self, depth)?;
        self.expect(b'{')?;
        let mut keys = Vec::new();
        let mut values = Vec::new();
        while !self.end_of(b'}', keys.is_empty())? {
            let mut key = self.value(depth, b",}=")?;
            self.skip_space();
            let table = self.peek() == Some(b'=');
            if *is_table.get_or_insert(table) != table {
                return Err(self.error(Problem::SetOrTable));
            }
            // Brackets around the index: of one part they only quote, of several they compose.
            if let Value::Vector(parts) = key {
                key = match <[Value; 1]>::try_from(parts) {
                    Ok([only]) if table => only,
                    Ok(one) => Value::Vector(one.into()),
                    Err(parts) => Value::List(parts),
                };
            }
            keys.push(key);
            if table {
                self.at += 1;
                values.push(self.value(depth, b",}")?);
            }
        }
        if first_duplicate(&keys).is_some() {
            return Err(ParseError {
                at: start,
                problem: Problem::Duplicate,
            });
        }
        Ok(match is_table {
            Some(true) => Value::Table(keys.into_iter().zip(values).collect()),
            _ => Value::Set(keys),
        })
    }

    /// Whether a container ends here; otherwise steps over the comma between entries.
    fn end_of(&mut self, close: u8, first: bool) -> Result<bool, ParseError> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if first => Ok(false),
            _ => Err(self.error(Problem::Expected(close))),
        }
    }

    /// A string in quotes.
    fn quoted(&mut self) -> Result<Vec<u8>, ParseError> {
        let start = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.next() {
                None => {
                    return Err(ParseError {
                        at: start,
                        problem: Problem::OpenQuote,
                    });
                }
                Some(b'"') => return Ok(bytes),
                Some(b'\\') => bytes.push(self.escape()?),
                Some(byte) => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Result<u8, ParseError> {
        let bad = ParseError {
            at: self.at - 1,
            problem: Problem::Escape,
        };
        Ok(match self.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(byte @ (b'"' | b'\\')) => byte,
            Some(b'x') => {
                let digits = self.text.get(self.at..self.at + 2).ok_or(bad)?;
                let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
                self.at += 2;
                u8::from_str_radix(digits, 16)
                    .ok()
                    .filter(|_| plain)
                    .ok_or(bad)?
            }
            _ => return Err(bad),
        })
    }

    fn expect(&mut self, byte: u8) -> Result<(), ParseError> {
        self.skip_space();
        if self.peek() != Some(byte) {
            return Err(self.error(Problem::Expected(byte)));
        }
        self.at += 1;
        Ok(())
    }

    /// The text up to one of `stops`, without spaces around it.
    fn ahead(&self, stops: &[u8]) -> &'a str {
        let rest = self.rest();
        let end = rest
            .bytes()
            .position(|b| stops.contains(&b))
            .unwrap_or(rest.len());
        rest[..end].trim()
    }

    fn take_word(&mut self, stops: &[u8]) -> &'a str {
        let rest = self.rest();
        let end = rest
            .bytes()
            .position(|b| stops.contains(&b))
            .unwrap_or(rest.len());
        self.at += end;
        rest[..end].trim()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    const fn error(&self, problem: Problem) -> ParseError {
        ParseError {
            at: self.at,
            problem,
        }
    }
}

/// One container deeper, within the limit.
const fn deeper(parser: &Parser<'_>, depth: usize) -> Result<usize, ParseError> {
    if depth == VALUE_DEPTH_MAX {
        Err(parser.error(Problem::TooDeep))
    } else {
        Ok(depth + 1)
    }
}

/// Why a text is not a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseError {
    /// The byte, from 0, at which the problem is.
    pub at: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with the text of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// Something follows the value.
    TrailingText,
    /// This byte should stand here.
    Expected(u8),
    /// A quoted string does not end.
    OpenQuote,
    /// A backslash stands before something that has no meaning there.
    Escape,
    /// A record's field has no proper name.
    FieldName,
    /// Some entries in braces have a value and some do not, or the named type says otherwise.
    SetOrTable,
    /// An element or key is there twice.
    Duplicate,
    /// Containers are nested deeper than [`VALUE_DEPTH_MAX`].
    TooDeep,
    /// The text behind the type is not a value of that type; this says what one looks like.
    NotA(&'static str),
    /// A number does not fit its type.
    OutOfRange(&'static str),
    /// The text is not a port.
    Port(super::PortError),
    /// The text is not a subnet.
    Subnet(super::SubnetError),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrailingText => f.write_str(
                "something follows the value; quote it, or write \
                `string:` in front, to make it all one string",
            ),
            Self::Expected(byte) => write!(f, "expected `{}`", char::from(*byte)),
            Self::OpenQuote => f.write_str("the quoted string does not end"),
            Self::Escape => {
                f.write_str("in quotes, a backslash stands before \", \\, n, r, t or xHH")
            }
            Self::FieldName => f.write_str("a record's field is written `name=value`"),
            Self::SetOrTable => f.write_str(
                "a set's entries are values, a table's are `key = value`; this is a mixture",
            ),
            Self::Duplicate => f.write_str("an element or key is there twice"),
            Self::TooDeep => write!(f, "values are nested at most {VALUE_DEPTH_MAX} deep"),
            Self::NotA(example) => write!(f, "expected {example}"),
            Self::OutOfRange(of) => write!(f, "the number does not fit {of}"),
            Self::Port(error) => error.fmt(f),
            Self::Subnet(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ParseError {}

/// The value of `/text/`.
fn pattern_of(text: &str) -> Pattern {
    match Value::pattern(text) {
        Value::Pattern(pattern) => pattern,
        _ => Pattern {
            exact: Vec::new(),
            anywhere: Vec::new(),
        },
    }
}
