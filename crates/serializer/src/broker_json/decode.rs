//! `broker-json-v1` to events.

use std::borrow::Cow;

use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{Port, PortError, Subnet, first_duplicate};
use zeekwire_types::{Event, Metadata, Value};

use super::text::{Text, is_number};
use super::{NAME, time};
use crate::{DecodeError, Fault, Step, broker_time};

/// What a timestamp keeps at least.
const NS_PER_MS: i64 = 1_000_000;
/// The version of messages, and the type of those that are events.
const VERSION: u64 = 1;
const EVENT: u64 = 1;

/// The event in `bytes`.
pub(crate) fn event(bytes: &[u8]) -> Result<Event, DecodeError> {
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(DecodeError::new(NAME, Fault::TooLarge));
    }
    let mut text = Text::new(bytes);
    let event = message(&mut text)?;
    match text.peek() {
        None => Ok(event),
        Some(_) => Err(text.fault(Fault::TrailingBytes)),
    }
}

/// Broker's types, by their names in JSON.
#[derive(Clone, Copy, Eq, PartialEq)]
enum DataType {
    None,
    Boolean,
    Count,
    Integer,
    Real,
    String,
    Enum,
    Address,
    Subnet,
    Port,
    Timestamp,
    Timespan,
    Set,
    Table,
    Vector,
}

impl DataType {
    fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"none" => Self::None,
            b"boolean" => Self::Boolean,
            b"count" => Self::Count,
            b"integer" => Self::Integer,
            b"real" => Self::Real,
            b"string" => Self::String,
            b"enum-value" => Self::Enum,
            b"address" => Self::Address,
            b"subnet" => Self::Subnet,
            b"port" => Self::Port,
            b"timestamp" => Self::Timestamp,
            b"timespan" => Self::Timespan,
            b"set" => Self::Set,
            b"table" => Self::Table,
            b"vector" => Self::Vector,
            _ => return None,
        })
    }
}

/// Where a sequence stands, which decides what it is.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Position {
    /// A set's element or a table's key: a sequence is a composite index.
    Index,
    Elsewhere,
}

fn message(text: &mut Text<'_>) -> Result<Event, DecodeError> {
    let start = *text;
    let mut event = None;
    let count = vector(text, Fault::NotAMessage, |i, text| {
        let start = *text;
        match i {
            0 => match count(text, Fault::NotAMessage)? {
                VERSION => Ok(()),
                other => Err(start.fault(Fault::Version(other))),
            },
            1 => match count(text, Fault::NotAMessage)? {
                EVENT => Ok(()),
                other => Err(start.fault(Fault::MessageType(other))),
            },
            2 => {
                event = Some(content(text)?);
                Ok(())
            }
            // Whatever newer versions append is passed over.
            _ => discard(text),
        }
    })?;
    event
        .filter(|_| count > 2)
        .ok_or_else(|| start.fault(Fault::NotAMessage))
}

/// An event's name, arguments and metadata.
fn content(text: &mut Text<'_>) -> Result<Event, DecodeError> {
    let start = *text;
    let mut event = Event {
        name: String::new(),
        args: Vec::new(),
        metadata: Vec::new(),
    };
    let count = vector(text, Fault::EventShape, |i, text| match i {
        0 => {
            let start = *text;
            match value(text, 0, Position::Elsewhere)? {
                Value::String(bytes) => {
                    event.name = utf8(&start, Cow::Owned(bytes))?;
                    Ok(())
                }
                _ => Err(start.fault(Fault::EventShape)),
            }
        }
        1 => {
            let all = vector(text, Fault::EventShape, |i, text| {
                let arg = value(text, VALUE_DEPTH_MAX, Position::Elsewhere);
                event.args.push(arg.map_err(|e| e.inside(Step::Arg(i)))?);
                Ok(())
            });
            all.map(|_| ())
        }
        2 => {
            let all = vector(text, Fault::EventShape, |i, text| {
                event
                    .metadata
                    .push(metadata(text).map_err(|e| e.inside(Step::Metadata(i)))?);
                Ok(())
            });
            all.map(|_| ())
        }
        _ => discard(text),
    })?;
    if count < 2 {
        Err(start.fault(Fault::EventShape))
    } else {
        Ok(event)
    }
}

fn metadata(text: &mut Text<'_>) -> Result<Metadata, DecodeError> {
    let start = *text;
    let mut id = None;
    let mut found = None;
    vector(text, Fault::MetadataShape, |i, text| {
        match i {
            0 => id = Some(count(text, Fault::MetadataShape)?),
            1 => found = Some(value(text, VALUE_DEPTH_MAX, Position::Elsewhere)?),
            _ => discard(text)?,
        }
        Ok(())
    })?;
    let (Some(id), Some(value)) = (id, found) else {
        return Err(start.fault(Fault::MetadataShape));
    };
    if id == Metadata::NETWORK_TIMESTAMP && !matches!(value, Value::Time(_)) {
        return Err(start.fault(Fault::TimestampType));
    }
    Ok(Metadata { id, value })
}

/// One value, in which at most `levels` containers nest.
fn value(text: &mut Text<'_>, levels: usize, position: Position) -> Result<Value, DecodeError> {
    typed(text, |data_type, text| match data_type {
        DataType::Set | DataType::Table | DataType::Vector => {
            let levels = levels
                .checked_sub(1)
                .ok_or_else(|| text.fault(Fault::TooDeep))?;
            match data_type {
                DataType::Set => set(text, levels),
                DataType::Table => table(text, levels),
                _ if position == Position::Index => elements(text, levels).map(Value::List),
                _ => elements(text, levels).map(Value::Vector),
            }
        }
        _ => scalar(text, data_type),
    })
}

fn scalar(text: &mut Text<'_>, data_type: DataType) -> Result<Value, DecodeError> {
    text.peek();
    let start = *text;
    let otherwise = |fault| move || start.fault(fault);
    Ok(match data_type {
        DataType::None => {
            text.skip()?;
            Value::Unset
        }
        DataType::Boolean => match text.word() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(start.fault(Fault::Expected("true or false"))),
        },
        DataType::Count => {
            let word = whole_number(text)?;
            Value::Count(
                word.parse()
                    .map_err(|_| start.fault(Fault::OutOfRange("count")))?,
            )
        }
        DataType::Integer => {
            let word = whole_number(text)?;
            Value::Int(
                word.parse()
                    .map_err(|_| start.fault(Fault::OutOfRange("integer")))?,
            )
        }
        DataType::Real => Value::Double(real(text)?),
        DataType::String => Value::String(text.string()?.into_owned()),
        DataType::Enum => Value::Enum(utf8(&start, text.string()?)?),
        DataType::Address => {
            let address = plain(text)?
                .parse()
                .map_err(|_| start.fault(Fault::Address))?;
            Value::Addr(std::net::IpAddr::to_canonical(&address))
        }
        DataType::Subnet => {
            let subnet = Subnet::from_text_exact(&plain(text)?);
            Value::Subnet(subnet.map_err(|e| start.fault(Fault::Subnet(e)))?)
        }
        DataType::Port => {
            Value::Port(port(&plain(text)?).map_err(|e| start.fault(Fault::Port(e)))?)
        }
        DataType::Timestamp => {
            let ns = time::parse_timestamp(&plain(text)?);
            broker_time::time(ns.ok_or_else(otherwise(Fault::Timestamp))?, NS_PER_MS)
        }
        DataType::Timespan => {
            let ns = time::parse_timespan(&plain(text)?);
            broker_time::interval(ns.ok_or_else(otherwise(Fault::Timespan))?)
        }
        DataType::Set | DataType::Table | DataType::Vector => {
            return Err(start.fault(Fault::DataType));
        }
    })
}

fn set(text: &mut Text<'_>, levels: usize) -> Result<Value, DecodeError> {
    let start = *text;
    let mut elements = Vec::new();
    array(text, |i, text| {
        let element = value(text, levels, Position::Index);
        elements.push(element.map_err(|e| e.inside(Step::Element(i)))?);
        Ok(())
    })?;
    match first_duplicate(&elements) {
        Some(i) => Err(start
            .fault(Fault::DuplicateElement)
            .inside(Step::Element(i))),
        None => Ok(Value::Set(elements)),
    }
}

fn table(text: &mut Text<'_>, levels: usize) -> Result<Value, DecodeError> {
    let start = *text;
    let mut entries = Vec::new();
    array(text, |i, text| {
        entries.push(entry(text, i, levels)?);
        Ok(())
    })?;
    match first_duplicate(entries.iter().map(|(key, _)| key)) {
        Some(i) => Err(start.fault(Fault::DuplicateKey).inside(Step::Key(i))),
        None => Ok(Value::Table(entries)),
    }
}

/// One `{"key":…,"value":…}`.
fn entry(text: &mut Text<'_>, i: usize, levels: usize) -> Result<(Value, Value), DecodeError> {
    let (mut key, mut found) = (None, None);
    members(text, |name, text| {
        match name {
            b"key" if key.is_none() => {
                let read = value(text, levels, Position::Index);
                key = Some(read.map_err(|e| e.inside(Step::Key(i)))?);
            }
            b"value" if found.is_none() => {
                let read = value(text, levels, Position::Elsewhere);
                found = Some(read.map_err(|e| e.inside(Step::Value(i)))?);
            }
            b"key" => return Err(text.fault(Fault::DuplicateMember("key"))),
            b"value" => return Err(text.fault(Fault::DuplicateMember("value"))),
            _ => text.skip()?,
        }
        Ok(())
    })?;
    let key = key.ok_or_else(|| text.fault(Fault::MissingMember("key")))?;
    Ok((
        key,
        found.ok_or_else(|| text.fault(Fault::MissingMember("value")))?,
    ))
}

fn elements(text: &mut Text<'_>, levels: usize) -> Result<Vec<Value>, DecodeError> {
    let mut elements = Vec::new();
    array(text, |i, text| {
        let element = value(text, levels, Position::Elsewhere);
        elements.push(element.map_err(|e| e.inside(Step::Element(i)))?);
        Ok(())
    })?;
    Ok(elements)
}

/// A count, or else `otherwise`.
fn count(text: &mut Text<'_>, otherwise: Fault) -> Result<u64, DecodeError> {
    let start = *text;
    match value(text, 0, Position::Elsewhere)? {
        Value::Count(x) => Ok(x),
        _ => Err(start.fault(otherwise)),
    }
}

/// Reads a value and forgets it.
fn discard(text: &mut Text<'_>) -> Result<(), DecodeError> {
    value(text, VALUE_DEPTH_MAX, Position::Elsewhere).map(|_| ())
}

/// A vector, or else `otherwise`. Calls `each` for each element, and tells how many there were.
fn vector<'a>(
    text: &mut Text<'a>,
    otherwise: Fault,
    mut each: impl FnMut(usize, &mut Text<'a>) -> Result<(), DecodeError>,
) -> Result<usize, DecodeError> {
    typed(text, |data_type, text| match data_type {
        DataType::Vector => array(text, &mut each),
        _ => Err(text.fault(otherwise)),
    })
}

/// An object with `@data-type` and `data`, in any order. Calls `read` once, at the data.
fn typed<'a, T>(
    text: &mut Text<'a>,
    mut read: impl FnMut(DataType, &mut Text<'a>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    text.peek();
    let start = *text;
    let mut data_type = None;
    let mut early_data = None;
    let mut result = None;
    members(text, |name, text| {
        match name {
            b"@data-type" if data_type.is_none() => {
                let start = *text;
                let known = DataType::of(&text.string()?);
                data_type = Some(known.ok_or_else(|| start.fault(Fault::DataType))?);
            }
            b"@data-type" => return Err(text.fault(Fault::DuplicateMember("@data-type"))),
            b"data" if result.is_some() || early_data.is_some() => {
                return Err(text.fault(Fault::DuplicateMember("data")));
            }
            b"data" => match data_type {
                Some(data_type) => result = Some(read(data_type, text)?),
                None => {
                    early_data = Some(*text);
                    text.skip()?;
                }
            },
            _ => text.skip()?,
        }
        Ok(())
    })?;
    match (data_type, result, early_data) {
        (Some(_), Some(result), _) => Ok(result),
        (Some(data_type), None, Some(mut data)) => read(data_type, &mut data),
        (None, ..) => Err(start.fault(Fault::MissingMember("@data-type"))),
        (_, None, None) => Err(start.fault(Fault::MissingMember("data"))),
    }
}

/// An object. Calls `each` with each member's name, at its value.
fn members<'a>(
    text: &mut Text<'a>,
    mut each: impl FnMut(&[u8], &mut Text<'a>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    text.expect(b'{', "an object")?;
    let mut first = true;
    while text.goes_on(b'}', first)? {
        first = false;
        let name = text.string()?;
        text.expect(b':', "a colon")?;
        each(&name, text)?;
    }
    Ok(())
}

/// An array. Calls `each` at each element, and tells how many there were.
fn array<'a>(
    text: &mut Text<'a>,
    mut each: impl FnMut(usize, &mut Text<'a>) -> Result<(), DecodeError>,
) -> Result<usize, DecodeError> {
    text.expect(b'[', "an array")?;
    let mut count = 0;
    while text.goes_on(b']', count == 0)? {
        each(count, text)?;
        count += 1;
    }
    Ok(count)
}

fn whole_number<'a>(text: &mut Text<'a>) -> Result<&'a str, DecodeError> {
    text.peek();
    let start = *text;
    let word = text.word();
    let digits = word.strip_prefix('-').unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(start.fault(Fault::Expected("a whole number")));
    }
    Ok(word)
}

fn real(text: &mut Text<'_>) -> Result<f64, DecodeError> {
    text.peek();
    let start = *text;
    let word = text.word();
    if !is_number(word) {
        return Err(start.fault(Fault::Expected("a number")));
    }
    if !word.contains(['.', 'e', 'E']) {
        return Err(start.fault(Fault::RealWithoutPoint));
    }
    let value = word.parse::<f64>().ok().filter(|x| x.is_finite());
    value.ok_or_else(|| start.fault(Fault::OutOfRange("real")))
}

/// A string that must be text.
fn plain(text: &mut Text<'_>) -> Result<String, DecodeError> {
    let start = *text;
    utf8(&start, text.string()?)
}

fn utf8(start: &Text<'_>, bytes: Cow<'_, [u8]>) -> Result<String, DecodeError> {
    String::from_utf8(bytes.into_owned()).map_err(|_| start.fault(Fault::NotUtf8))
}

/// A port; without a protocol it is TCP's, as Broker has it.
fn port(text: &str) -> Result<Port, PortError> {
    match text.parse() {
        Err(PortError::NoProtocol) => format!("{text}/tcp").parse(),
        parsed => parsed,
    }
}
