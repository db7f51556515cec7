//! Fields of a row: text as Zeek's writer prints it, read by the type in the header.

use std::net::IpAddr;

use zeekwire::Value;
use zeekwire::value::{Port, PortProtocol, Record, Subnet};

use super::fault::Problem;

/// How rows are cut, and what stands for nothing.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    pub(super) separator: Vec<u8>,
    pub(super) set_separator: Vec<u8>,
    pub(super) empty: Vec<u8>,
    pub(super) unset: Vec<u8>,
}

/// All columns of a log.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) marks: Marks,
    pub(super) columns: Vec<Column>,
    /// The column that says to which protocol the ports of a row belong.
    pub(super) protocol_at: Option<usize>,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    name: String,
    kind: Kind,
    /// The type as the header has it.
    kind_text: String,
}

/// A column's type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    One(Scalar),
    Set(Scalar),
    Vector(Scalar),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scalar {
    Bool,
    Count,
    Int,
    Double,
    Time,
    Interval,
    String,
    Enum,
    Port,
    Addr,
    Subnet,
}

impl Column {
    pub(super) fn new(name: &str, kind_text: &str) -> Self {
        let inside = |name: &str| kind_text.strip_prefix(name)?.strip_suffix(']');
        let kind = match (inside("set["), inside("vector[")) {
            (Some(element), _) => Kind::Set(Scalar::named(element)),
            (None, Some(element)) => Kind::Vector(Scalar::named(element)),
            (None, None) => Kind::One(Scalar::named(kind_text)),
        };
        Self {
            name: name.to_owned(),
            kind,
            kind_text: kind_text.to_owned(),
        }
    }
}

impl Scalar {
    /// Types that are only text in a log, such as `pattern` and `func`, are read as text.
    fn named(name: &str) -> Self {
        match name {
            "bool" => Self::Bool,
            "count" => Self::Count,
            "int" => Self::Int,
            "double" => Self::Double,
            "time" => Self::Time,
            "interval" => Self::Interval,
            "enum" => Self::Enum,
            "port" => Self::Port,
            "addr" => Self::Addr,
            "subnet" => Self::Subnet,
            _ => Self::String,
        }
    }

    /// A value; `None` when the text is not one of this type.
    fn value(self, bytes: &[u8], protocol: PortProtocol) -> Option<Value> {
        let bytes = unescape(bytes);
        if self == Self::String {
            return Some(Value::String(bytes));
        }
        let text = std::str::from_utf8(&bytes).ok()?;
        Some(match self {
            Self::Bool => match text {
                "T" => Value::Bool(true),
                "F" => Value::Bool(false),
                _ => return None,
            },
            Self::Count => Value::Count(text.parse().ok()?),
            Self::Int => Value::Int(text.parse().ok()?),
            Self::Double => Value::Double(text.parse().ok()?),
            Self::Time => Value::Time(text.parse().ok()?),
            Self::Interval => Value::Interval(text.parse().ok()?),
            Self::Enum => Value::Enum(text.to_owned()),
            Self::Port => Value::Port(Port::new(text.parse().ok()?, protocol)),
            Self::Addr => Value::Addr(text.parse::<IpAddr>().ok()?.to_canonical()),
            Self::Subnet => Value::Subnet(text.parse::<Subnet>().ok()?),
            Self::String => return None,
        })
    }
}

impl Columns {
    /// A row as a record.
    pub(super) fn row(&self, line: &[u8]) -> Result<Value, Problem> {
        let parts: Vec<&[u8]> = split(line, &self.marks.separator).collect();
        if parts.len() != self.columns.len() {
            return Err(Problem::FieldCount {
                expected: self.columns.len(),
                found: parts.len(),
            });
        }
        let protocol = match self.protocol_at.map(|at| parts[at]) {
            Some(b"tcp") => PortProtocol::Tcp,
            Some(b"udp") => PortProtocol::Udp,
            Some(b"icmp") => PortProtocol::Icmp,
            _ => PortProtocol::Unknown,
        };
        let mut record = Record {
            fields: Vec::new(),
            names: Vec::new(),
        };
        for (column, part) in self.columns.iter().zip(parts) {
            let value = self
                .field(column.kind, part, protocol)
                .ok_or_else(|| Problem::Value {
                    field: column.name.clone(),
                    text: String::from_utf8_lossy(part).into_owned(),
                    kind: column.kind_text.clone(),
                })?;
            record.fields.push(value);
            record.names.push(column.name.clone());
        }
        Ok(Value::Record(record))
    }

    fn field(&self, kind: Kind, part: &[u8], protocol: PortProtocol) -> Option<Value> {
        let marks = &self.marks;
        let unset = |part: &[u8]| part == marks.unset;
        let elements = |scalar: Scalar| {
            let parts = split(part, &marks.set_separator).filter(|_| part != marks.empty);
            parts
                .map(|part| match unset(part) {
                    true => Some(Value::Unset),
                    false => scalar.value(part, protocol),
                })
                .collect::<Option<Vec<Value>>>()
        };
        match kind {
            _ if unset(part) => Some(Value::Unset),
            Kind::One(Scalar::String) if part == marks.empty => Some(Value::string("")),
            Kind::One(scalar) => scalar.value(part, protocol),
            Kind::Vector(scalar) => elements(scalar).map(Value::Vector),
            Kind::Set(scalar) => Value::set(elements(scalar)?).ok(),
        }
    }
}

/// The parts of a line between separators, which may be several bytes long.
pub(super) fn split<'a>(line: &'a [u8], separator: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = line
            .windows(separator.len().max(1))
            .position(|window| window == separator);
        let Some(end) = end else { return rest.take() };
        rest = Some(&line[end + separator.len()..]);
        Some(&line[..end])
    })
}

/// Bytes behind Zeek's escapes: `\x09`, and `\\` for the backslash.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = match (first, after) {
            (b'\\', [b'\\', ..]) => Some((b'\\', 1)),
            (b'\\', [b'x', high, low, ..]) => hex(*high, *low).map(|byte| (byte, 3)),
            _ => None,
        };
        match escaped {
            Some((byte, taken)) => {
                bytes.push(byte);
                rest = &after[taken..];
            }
            None => bytes.push(*first),
        }
    }
    bytes
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}
