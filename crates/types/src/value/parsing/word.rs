//! Values that are one word: scalars, bare or behind their type.

use std::net::{IpAddr, Ipv6Addr};

use super::Problem;
use crate::Value;
use crate::value::Subnet;

/// The types that may stand in front of a value, before a colon.
const TYPES: [&str; 20] = [
    "unset", "bool", "count", "int", "double", "time", "interval", "string", "pattern", "enum",
    "port", "addr", "subnet", "set", "table", "record", "vector", "list", "function", "any",
];
/// Zeek's units of time and their seconds. The plural is formed by an `s`.
const UNITS: [(&str, f64); 6] = [
    ("day", 86400.0),
    ("hr", 3600.0),
    ("min", 60.0),
    ("sec", 1.0),
    ("msec", 1e-3),
    ("usec", 1e-6),
];

/// The type in front of the text, and the bytes that it and its colon take.
///
/// Two colons are the middle of a name.
pub(super) fn type_prefix(text: &str) -> Option<(&'static str, usize)> {
    let (name, after) = text.split_once(':')?;
    let name = TYPES.into_iter().find(|known| *known == name)?;
    (!after.starts_with(':')).then_some((name, name.len() + 1))
}

/// A value without its type in front: whatever it looks like, and otherwise a string.
pub(super) fn bare(text: &str) -> Result<Value, Problem> {
    if text == "T" || text == "F" {
        return Ok(Value::Bool(text == "T"));
    }
    if text == "<uninitialized>" {
        return Ok(Value::Unset);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        let kind = if digits.len() == text.len() {
            "count"
        } else {
            "int"
        };
        return of_type(kind, text);
    }
    let started = digits.starts_with(|c: char| c.is_ascii_digit());
    if let Some(x) = started.then(|| text.parse::<f64>().ok()).flatten() {
        return Ok(Value::Double(x));
    }
    if let Some(seconds) = interval(text) {
        return Ok(Value::Interval(seconds));
    }
    if let Ok(port) = text.parse() {
        return Ok(Value::Port(port));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Value::Addr(address.to_canonical()));
    }
    if let Ok(subnet) = text.parse::<Subnet>() {
        return Ok(Value::Subnet(subnet));
    }
    if is_qualified_name(text) {
        return Ok(Value::Enum(text.to_owned()));
    }
    Ok(Value::from(text))
}

/// A value of the type that was named.
pub(super) fn of_type(name: &str, text: &str) -> Result<Value, Problem> {
    let double = |example| text.parse::<f64>().map_err(|_| Problem::NotA(example));
    Ok(match name {
        "unset" if text.is_empty() => Value::Unset,
        "unset" => return Err(Problem::NotA("nothing behind `unset:`")),
        "bool" => match text {
            "T" | "true" => Value::Bool(true),
            "F" | "false" => Value::Bool(false),
            _ => return Err(Problem::NotA("T or F")),
        },
        "count" => Value::Count(integer(text, "a whole number from 0", "count")?),
        "int" => Value::Int(integer(text, "a whole number", "int")?),
        "double" => Value::Double(double("a number such as 1.5")?),
        "time" => Value::Time(double(
            "seconds since the Unix epoch, such as 1768867200.5",
        )?),
        "interval" => Value::Interval(interval(text).or_else(|| text.parse().ok()).ok_or(
            Problem::NotA("seconds, or an amount with a unit: 5sec, 1.5min"),
        )?),
        "pattern" if is_pattern(text) => pattern(text),
        "pattern" => Value::pattern(text),
        "enum" | "function" if text.is_empty() => return Err(Problem::NotA("a name")),
        "enum" => Value::Enum(text.to_owned()),
        "function" => Value::function(text),
        "port" => Value::Port(text.parse().map_err(Problem::Port)?),
        "addr" => {
            let address = text.parse::<IpAddr>();
            let expected = Problem::NotA("an address: 10.0.0.1 or 2001:db8::1");
            Value::Addr(address.map_err(|_| expected)?.to_canonical())
        }
        "subnet" => Value::Subnet(text.parse().map_err(Problem::Subnet)?),
        _ => Value::from(text),
    })
}

fn integer<T: std::str::FromStr>(
    text: &str,
    example: &'static str,
    kind: &'static str,
) -> Result<T, Problem> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::NotA(example));
    }
    text.parse().map_err(|_| Problem::OutOfRange(kind))
}

/// An amount and its unit, with or without a space between them.
fn interval(text: &str) -> Option<f64> {
    let amount = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let word = &text[amount.len()..];
    let word = word.strip_suffix('s').unwrap_or(word);
    let (_, seconds) = UNITS.into_iter().find(|(unit, _)| *unit == word)?;
    let amount = amount.trim_end();
    let numeric = amount
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    amount
        .parse::<f64>()
        .ok()
        .filter(|_| numeric)
        .map(|amount| amount * seconds)
}

/// Whether a text has slashes at both ends.
pub(super) fn is_pattern(text: &str) -> bool {
    text.len() > 2 && text.starts_with('/') && text.ends_with('/')
}

/// The pattern between the slashes.
pub(super) fn pattern(text: &str) -> Value {
    Value::Pattern(super::pattern_of(&text[1..text.len() - 1]))
}

/// An IPv6 address in brackets, with a prefix length or without, and its bytes in the text.
/// `None` when the brackets hold something else.
pub(super) fn bracketed_address(text: &str) -> Option<(Result<Value, Problem>, usize)> {
    let close = text.find(']')?;
    let address: Ipv6Addr = text[1..close].trim().parse().ok()?;
    let after = &text[close + 1..];
    let Some(length) = after.strip_prefix('/') else {
        return Some((
            Ok(Value::Addr(IpAddr::V6(address).to_canonical())),
            close + 1,
        ));
    };
    let digits = length.bytes().take_while(u8::is_ascii_digit).count();
    let subnet = format!("{address}/{}", &length[..digits]).parse();
    Some((
        subnet.map(Value::Subnet).map_err(Problem::Subnet),
        close + 2 + digits,
    ))
}

/// What names of fields, enums and functions are made of.
pub(super) const fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text is a name in a module, such as `Notice::Tally`.
fn is_qualified_name(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(is_name_char)
    };
    text.contains("::") && text.split("::").all(part)
}
