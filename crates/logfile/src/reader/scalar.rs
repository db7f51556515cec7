//! Scalars from their text.

use std::net::IpAddr;

use zeekwire_types::LogType;
use zeekwire_types::value::Port;
use zeekwire_types::value::PortProtocol;
use zeekwire_types::value::Subnet;

use super::row::Slot;

/// The value that a text of TSV is, of a type that is neither text nor container.
pub(super) fn parse(kind: LogType, text: &[u8]) -> Option<Slot> {
    Some(match kind {
        LogType::Bool => Slot::Bool(match text {
            b"T" | b"1" => true,
            b"F" | b"0" => false,
            _ => return None,
        }),
        LogType::Count => Slot::Count(count(text)?),
        LogType::Int => Slot::Int(std::str::from_utf8(text).ok()?.parse().ok()?),
        LogType::Double => Slot::Double(double(text)?),
        LogType::Time => Slot::Time(double(text)?),
        LogType::Interval => Slot::Interval(double(text)?),
        LogType::Port => Slot::Port(port(text)?),
        LogType::Addr => Slot::Addr(address(text)?),
        LogType::Subnet => Slot::Subnet(subnet(text)?),
        _ => return None,
    })
}

/// A number without sign.
pub(super) fn count(text: &[u8]) -> Option<u64> {
    // Up to nineteen digits fit always.
    if text.is_empty() || text.len() > 19 {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut value = 0;
    for &byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    Some(value)
}

/// A number with a fraction, an exponent, or neither; `inf` and `nan` too.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    // Six decimals, as times have them.
    if let [whole @ .., b'.', a, b, c, d, e, f] = text
        && whole.len() <= 10
        && let Some(whole) = count(whole)
        && let Some(fraction) = count(&[*a, *b, *c, *d, *e, *f])
    {
        let micros = whole * 1_000_000 + fraction;
        if micros <= 1 << 53 {
            // Both numbers are exact, so that the division rounds once.
            return Some(micros as f64 / 1e6);
        }
    }
    general(text)
}

fn general(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `80`, or `80/tcp`.
fn port(text: &[u8]) -> Option<Port> {
    match count(text) {
        Some(number) => Some(Port::new(
            u16::try_from(number).ok()?,
            PortProtocol::Unknown,
        )),
        None => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

pub(super) fn subnet(text: &[u8]) -> Option<Subnet> {
    Subnet::from_text_exact(std::str::from_utf8(text).ok()?).ok()
}
