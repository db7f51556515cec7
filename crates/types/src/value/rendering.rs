//! Values as text, as Zeek's scripts print them, except that sets and tables stay on one line.

use std::fmt::{self, Write};

use super::{Record, Value};

/// Zeek's units of time, largest first: seconds and word.
const INTERVAL_UNITS: [(f64, &str); 6] = [
    (86400.0, "day"),
    (3600.0, "hr"),
    (60.0, "min"),
    (1.0, "sec"),
    (1e-3, "msec"),
    (1e-6, "usec"),
];
/// Doubles beyond this are printed with an exponent.
const PLAIN_DOUBLE_MAX: f64 = i32::MAX as f64;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("<uninitialized>"),
            Self::Bool(x) => f.write_str(if *x { "T" } else { "F" }),
            Self::Count(x) => write!(f, "{x}"),
            Self::Int(x) => write!(f, "{x}"),
            Self::Double(x) => double(f, *x),
            Self::Time(x) => plain(f, *x),
            Self::Interval(x) => interval(f, *x),
            Self::String(x) => bytes(f, x),
            Self::Pattern(x) => {
                f.write_char('/')?;
                bytes(f, &x.exact)?;
                f.write_char('/')
            }
            Self::Enum(x) => f.write_str(x),
            Self::Port(x) => write!(f, "{x}"),
            Self::Addr(x) => write!(f, "{}", x.to_canonical()),
            Self::Subnet(x) => write!(f, "{x}"),
            Self::Set(elements) => list(f, '{', elements, '}'),
            Self::Table(entries) => table(f, entries),
            Self::Record(x) => record(f, x),
            Self::Vector(elements) | Self::List(elements) => list(f, '[', elements, ']'),
            Self::Function(x) => f.write_str(&x.name),
            Self::Opaque(x) => write!(f, "<opaque of {}>", x.type_id),
            Self::Any(x) => fmt::Display::fmt(x, f),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, open: char, items: &[Value], close: char) -> fmt::Result {
    f.write_char(open)?;
    for (i, item) in items.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    f.write_char(close)
}

fn table(f: &mut fmt::Formatter<'_>, entries: &[(Value, Value)]) -> fmt::Result {
    f.write_char('{')?;
    for (i, (key, value)) in entries.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        match key {
            Value::List(_) => write!(f, "{key} = {value}")?,
            _ => write!(f, "[{key}] = {value}")?,
        }
    }
    f.write_char('}')
}

fn record(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    if record.names.len() != record.fields.len() {
        return list(f, '[', &record.fields, ']');
    }
    f.write_char('[')?;
    for (i, (name, field)) in record.names.iter().zip(&record.fields).enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{name}={field}")?;
    }
    f.write_char(']')
}

/// Printable ASCII as it is, everything else as `\xff`.
fn bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    for run in bytes.chunk_by(|a, b| printable(a) == printable(b)) {
        match std::str::from_utf8(run) {
            Ok(text) if printable(&run[0]) => f.write_str(text)?,
            _ => run.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?,
        }
    }
    Ok(())
}

/// Six decimals without trailing zeros; large numbers with an exponent, as C's `%e`.
fn double(f: &mut fmt::Formatter<'_>, x: f64) -> fmt::Result {
    if !x.is_finite() || x.abs() <= PLAIN_DOUBLE_MAX {
        return plain(f, x);
    }
    let text = format!("{x:.6e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => write!(f, "{mantissa}e+{exponent:0>2}"),
        None => f.write_str(&text),
    }
}

/// Six decimals without trailing zeros, but at least one decimal.
fn plain(f: &mut fmt::Formatter<'_>, x: f64) -> fmt::Result {
    if x.is_nan() {
        return f.write_str("nan");
    }
    if x.is_infinite() {
        return f.write_str(if x > 0.0 { "inf" } else { "-inf" });
    }
    let text = format!("{x:.6}");
    let short = text.trim_end_matches('0');
    f.write_str(short)?;
    f.write_str(if short.ends_with('.') { "0" } else { "" })
}

/// A sum over units, largest first; microseconds take the rest.
fn interval(f: &mut fmt::Formatter<'_>, seconds: f64) -> fmt::Result {
    if !seconds.is_finite() {
        plain(f, seconds)?;
        return f.write_str(" secs");
    }
    let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let mut left = seconds;
    let mut first = true;
    for (i, (unit, word)) in INTERVAL_UNITS.into_iter().enumerate() {
        let last = i + 1 == INTERVAL_UNITS.len();
        let amount = if last {
            left / unit
        } else {
            (left / unit).trunc()
        };
        if close(amount, 0.0) {
            continue;
        }
        left -= amount * unit;
        f.write_str(if first { "" } else { " " })?;
        first = false;
        double(f, amount)?;
        let plural = if close(amount.abs(), 1.0) { "" } else { "s" };
        write!(f, " {word}{plural}")?;
    }
    f.write_str(if first { "0 secs" } else { "" })
}
