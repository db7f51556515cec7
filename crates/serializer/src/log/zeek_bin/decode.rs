//! Bytes to rows, in place.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zeekwire_types::limits::{LOG_FIELD_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::{Cell, ElementSource, Elements, LogField, LogStream, LogType};
use zeekwire_types::value::{Port, PortProtocol, Subnet};

use super::{HEAD_BYTES, MAPPED_BITS, NAME, head};
use crate::log::{LogDecodeError, LogFault};

/// Bytes of the shortest field: a name without bytes.
const FIELD_BYTES_MIN: usize = 14;

/// A batch whose header was read. The rows are read as they are visited.
#[derive(Debug)]
pub struct ZeekBinBatch<'a> {
    bytes: &'a [u8],
    stream: LogStream,
    rows_start: usize,
    row_count: usize,
}

impl<'a> ZeekBinBatch<'a> {
    /// Reads what stands in front of the rows.
    ///
    /// # Errors
    /// [`LogDecodeError`] names the place and what is wrong there.
    pub fn new(bytes: &'a [u8]) -> Result<Self, LogDecodeError> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(error(LogFault::TooLarge, 0));
        }
        let mut from = Bytes { bytes, at: 0 };
        let mut stream = LogStream {
            stream: from.text()?,
            writer: from.text()?,
            filter: from.text()?,
            path: from.text()?,
            fields: Vec::new(),
        };
        let at = from.at;
        let count = from.u32()?;
        let room = (bytes.len() - from.at) / FIELD_BYTES_MIN;
        match count as usize {
            0 => return Err(error(LogFault::FieldCount(count), at)),
            n if n > LOG_FIELD_COUNT_MAX => return Err(error(LogFault::FieldCount(count), at)),
            n if n > room => return Err(error(LogFault::Truncated, bytes.len())),
            n => stream.fields.reserve(n),
        }
        for index in 0..count as usize {
            stream
                .fields
                .push(from.field().map_err(|e| e.in_field(index))?);
        }
        let row_count = from.u32()? as usize;
        Ok(Self {
            bytes,
            stream,
            rows_start: from.at,
            row_count,
        })
    }

    /// What the rows look like.
    #[must_use]
    pub const fn stream(&self) -> &LogStream {
        &self.stream
    }

    /// What the rows look like, owned.
    #[must_use]
    pub fn into_stream(self) -> LogStream {
        self.stream
    }

    /// How many rows the header announces.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.row_count
    }

    /// Calls `each` for every cell, row by row.
    ///
    /// # Errors
    /// [`LogDecodeError`] at the first thing that is wrong; cells in front of it were visited.
    #[inline]
    pub fn for_each<'v>(&'v self, mut each: impl FnMut(Cell<'v>)) -> Result<(), LogDecodeError> {
        let mut rest = self.bytes.get(self.rows_start..).unwrap_or_default();
        for row in 0..self.row_count {
            for (index, field) in self.stream.fields.iter().enumerate() {
                match self.visit(rest, field, &mut each) {
                    Some(after) => rest = after,
                    None => {
                        let error = self.explain(self.bytes.len() - rest.len(), field);
                        return Err(error.in_field(index).in_row(row));
                    }
                }
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let at = self.bytes.len() - rest.len();
        Err(error(LogFault::TrailingBytes, at))
    }

    /// Hands the value at the start of `bytes` to `each`, and gives what follows it. `None` when
    /// something is wrong: what it is gets found out elsewhere, so that here nothing else is done
    /// but reading.
    #[inline(always)]
    fn visit<'v>(
        &'v self,
        bytes: &'a [u8],
        field: &LogField,
        each: &mut impl FnMut(Cell<'v>),
    ) -> Option<&'a [u8]> {
        let (numbers, rest) = bytes.split_first_chunk::<8>()?;
        let (is_set, rest) = rest.split_first()?;
        // One comparison of a word where everything is as Zeek writes it.
        let expected = u64::from(field.kind.number()) << 24;
        if u64::from_le_bytes(*numbers) != expected || *is_set > 1 {
            return self.visit_unusual(bytes, field, each);
        }
        if *is_set == 0 {
            each(Cell::Unset);
            return Some(rest);
        }
        match field.kind {
            LogType::Set | LogType::Vector | LogType::Subnet => {
                self.visit_unusual(bytes, field, each)
            }
            kind => visit_scalar(rest, kind, each),
        }
    }

    /// As [`visit`](Self::visit), for containers and subnets, and for values that have the type of
    /// elements in front of them, which Zeek's reader ignores.
    #[inline(never)]
    fn visit_unusual<'v>(
        &'v self,
        bytes: &'a [u8],
        field: &LogField,
        each: &mut impl FnMut(Cell<'v>),
    ) -> Option<&'a [u8]> {
        let mut from = Bytes {
            bytes: self.bytes,
            at: self.bytes.len() - bytes.len(),
        };
        each(self.cell(&mut from, field).ok()?);
        self.bytes.get(from.at..)
    }

    /// What is wrong with the value at byte `at`.
    #[cold]
    fn explain(&self, at: usize, field: &LogField) -> LogDecodeError {
        let mut from = Bytes {
            bytes: self.bytes,
            at,
        };
        match self.cell(&mut from, field) {
            Err(error) => error,
            Ok(_) => error(LogFault::Truncated, at),
        }
    }

    fn cell<'v>(
        &'v self,
        from: &mut Bytes<'a>,
        field: &LogField,
    ) -> Result<Cell<'v>, LogDecodeError> {
        if !from.head(field.kind)? {
            return Ok(Cell::Unset);
        }
        if field.kind.is_container() {
            return self.elements(from, field);
        }
        from.scalar(field.kind)
    }

    /// Walks over the elements, so that later walks cannot fail.
    #[inline(never)]
    fn elements<'v>(
        &'v self,
        from: &mut Bytes<'a>,
        field: &LogField,
    ) -> Result<Cell<'v>, LogDecodeError> {
        let count = u64::from_be_bytes(*from.take()?);
        let first = from.at;
        let kind = field.element.unwrap_or(LogType::String);
        for _ in 0..count {
            if from.head(kind)? {
                from.scalar(kind)?;
            }
        }
        // Both are below the size of a payload: each element took nine bytes.
        let small = |n: u64| u32::try_from(n).map_err(|_| error(LogFault::TooLarge, first));
        let elements = Elements::of(self, small(first as u64)?, small(count)?);
        Ok(match field.kind {
            LogType::Set => Cell::Set(elements),
            _ => Cell::Vector(elements),
        })
    }
}

/// Hands the value behind a head to `each`, and gives what follows it.
#[inline(always)]
fn visit_scalar<'a: 'v, 'v>(
    bytes: &'a [u8],
    kind: LogType,
    each: &mut impl FnMut(Cell<'v>),
) -> Option<&'a [u8]> {
    macro_rules! visit {
        (|$word:ident| $cell:expr) => {{
            let ($word, rest) = bytes.split_first_chunk()?;
            each($cell);
            Some(rest)
        }};
    }
    match kind {
        LogType::Count => visit!(|x| Cell::Count(u64::from_be_bytes(*x))),
        LogType::Int => visit!(|x| Cell::Int(i64::from_be_bytes(*x))),
        LogType::Time => visit!(|x| Cell::Time(f64::from_be_bytes(*x))),
        LogType::Interval => visit!(|x| Cell::Interval(f64::from_be_bytes(*x))),
        LogType::Double => visit!(|x| Cell::Double(f64::from_be_bytes(*x))),
        LogType::Bool => visit!(|x| Cell::Bool(match u64::from_be_bytes(*x) {
            0 => false,
            1 => true,
            _ => return None,
        })),
        LogType::String => visit_text(bytes, |text| each(Cell::String(text))),
        LogType::Enum => visit_text(bytes, |text| each(Cell::Enum(text))),
        LogType::Function => visit_text(bytes, |text| each(Cell::Function(text))),
        LogType::File => visit_text(bytes, |text| each(Cell::File(text))),
        LogType::Port => {
            let (number, rest) = bytes.split_first_chunk()?;
            let (protocol, rest) = rest.split_first_chunk()?;
            let number = u16::try_from(u64::from_be_bytes(*number)).ok()?;
            let protocol = u8::try_from(u32::from_be_bytes(*protocol)).ok()?;
            each(Cell::Port(Port::new(
                number,
                PortProtocol::from_number(protocol)?,
            )));
            Some(rest)
        }
        LogType::Addr => {
            let (family, rest) = bytes.split_first()?;
            if *family == 4 {
                let (octets, rest) = rest.split_first_chunk::<4>()?;
                each(Cell::Addr(IpAddr::V4(Ipv4Addr::from(*octets))));
                return Some(rest);
            }
            let (octets, rest) = rest.split_first_chunk::<16>().filter(|_| *family == 6)?;
            each(Cell::Addr(IpAddr::V6(Ipv6Addr::from(*octets))));
            Some(rest)
        }
        // The others are read elsewhere.
        _ => None,
    }
}

#[inline(always)]
fn visit_text<'a>(bytes: &'a [u8], each: impl FnOnce(&'a [u8])) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    each(text);
    Some(rest)
}

impl ElementSource for ZeekBinBatch<'_> {
    /// The element at byte `cursor`.
    fn element<'v>(&'v self, cursor: &mut u32) -> Cell<'v> {
        let mut from = Bytes {
            bytes: self.bytes,
            at: *cursor as usize,
        };
        let kind = from.bytes.get(from.at + 3);
        let Some(kind) = kind.copied().and_then(LogType::from_number) else {
            return Cell::Unset;
        };
        let cell = match from.head(kind) {
            Ok(true) => from.scalar(kind).unwrap_or(Cell::Unset),
            Ok(false) | Err(_) => Cell::Unset,
        };
        *cursor = u32::try_from(from.at).unwrap_or(u32::MAX);
        cell
    }
}

/// What is left of a batch.
struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    /// The next `N` bytes.
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], LogDecodeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.first_chunk::<N>() else {
            return Err(self.truncated());
        };
        self.at += N;
        Ok(taken)
    }

    #[cold]
    fn truncated(&self) -> LogDecodeError {
        error(LogFault::Truncated, self.bytes.len())
    }

    fn u32(&mut self) -> Result<u32, LogDecodeError> {
        Ok(u32::from_be_bytes(*self.take()?))
    }

    fn string(&mut self) -> Result<&'a [u8], LogDecodeError> {
        let length = u32::from_be_bytes(*self.take()?) as usize;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..length) else {
            return Err(self.truncated());
        };
        self.at += length;
        Ok(taken)
    }

    fn text(&mut self) -> Result<String, LogDecodeError> {
        let at = self.at;
        let text = std::str::from_utf8(self.string()?);
        Ok(text.map_err(|_| error(LogFault::NotUtf8, at))?.to_owned())
    }

    fn bool(&mut self) -> Result<bool, LogDecodeError> {
        let at = self.at;
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(error(LogFault::Bool(*other), at)),
        }
    }

    fn field(&mut self) -> Result<LogField, LogDecodeError> {
        let secondary_name = match self.bool()? {
            true => Some(self.text()?),
            false => None,
        };
        let name = self.text()?;
        let at = self.at;
        let (kind, element) = (self.u32()?, self.u32()?);
        let known = |number: u32| u8::try_from(number).ok().and_then(LogType::from_number);
        let kind_known = known(kind).ok_or_else(|| error(LogFault::FieldType(kind), at))?;
        let mut field = LogField {
            name,
            secondary_name,
            kind: kind_known,
            element: None,
            optional: self.bool()?,
        };
        if kind_known.is_container() {
            field.element = known(element);
            if !field.is_loggable() {
                return Err(error(LogFault::ElementType(element), at + 4));
            }
        } else if !field.is_loggable() {
            return Err(error(LogFault::FieldType(kind), at));
        }
        Ok(field)
    }

    /// The head of a value that should be of that type: whether it is set.
    fn head(&mut self, kind: LogType) -> Result<bool, LogDecodeError> {
        let found = *self.take::<HEAD_BYTES>()?;
        let expected = head(kind);
        // One comparison of a word where everything is as Zeek writes it.
        if found[..8] == expected[..8] && found[8] <= 1 {
            return Ok(found[8] == 1);
        }
        self.unusual_head(&found, kind)
    }

    /// A head of another type, or with an element type, which Zeek's reader ignores.
    #[cold]
    fn unusual_head(
        &self,
        found: &[u8; HEAD_BYTES],
        expected: LogType,
    ) -> Result<bool, LogDecodeError> {
        let at = self.at - HEAD_BYTES;
        let [a, b, c, d, _, _, _, _, is_set] = *found;
        let number = u32::from_be_bytes([a, b, c, d]);
        if number != u32::from(expected.number()) {
            let fault = LogFault::ValueType {
                expected,
                found: number,
            };
            return Err(error(fault, at));
        }
        match is_set {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(error(LogFault::Bool(other), at + HEAD_BYTES - 1)),
        }
    }

    /// The value behind a head, of a type without elements.
    fn scalar<'v>(&mut self, kind: LogType) -> Result<Cell<'v>, LogDecodeError>
    where
        'a: 'v,
    {
        Ok(match kind {
            LogType::Count => Cell::Count(u64::from_be_bytes(*self.take()?)),
            LogType::Int => Cell::Int(i64::from_be_bytes(*self.take()?)),
            LogType::Time => Cell::Time(f64::from_be_bytes(*self.take()?)),
            LogType::Interval => Cell::Interval(f64::from_be_bytes(*self.take()?)),
            LogType::Double => Cell::Double(f64::from_be_bytes(*self.take()?)),
            LogType::String => Cell::String(self.string()?),
            LogType::Enum => Cell::Enum(self.string()?),
            LogType::Function => Cell::Function(self.string()?),
            LogType::File => Cell::File(self.string()?),
            LogType::Bool => match u64::from_be_bytes(*self.take()?) {
                bit @ (0 | 1) => Cell::Bool(bit == 1),
                other => return Err(error(LogFault::BoolValue(other), self.at - 8)),
            },
            LogType::Port => {
                let number = u64::from_be_bytes(*self.take()?);
                let protocol = u32::from_be_bytes(*self.take()?);
                Cell::Port(self.port(number, protocol)?)
            }
            LogType::Addr => {
                let [family] = *self.take()?;
                Cell::Addr(self.address(family)?)
            }
            LogType::Subnet => self.subnet()?,
            // No field has these types, nor an element.
            _ => return Err(error(LogFault::FieldType(kind.number().into()), self.at)),
        })
    }

    fn port(&self, number: u64, protocol: u32) -> Result<Port, LogDecodeError> {
        let Ok(small) = u16::try_from(number) else {
            return Err(error(LogFault::PortNumber(number), self.at - 12));
        };
        let protocol = match protocol {
            0 => PortProtocol::Unknown,
            1 => PortProtocol::Tcp,
            2 => PortProtocol::Udp,
            3 => PortProtocol::Icmp,
            other => return Err(error(LogFault::PortProtocol(other), self.at - 4)),
        };
        Ok(Port::new(small, protocol))
    }

    fn address(&mut self, family: u8) -> Result<IpAddr, LogDecodeError> {
        match family {
            4 => Ok(IpAddr::V4(Ipv4Addr::from(*self.take::<4>()?))),
            6 => Ok(IpAddr::V6(Ipv6Addr::from(*self.take::<16>()?))),
            other => Err(error(LogFault::AddressFamily(other), self.at - 1)),
        }
    }

    fn subnet<'v>(&mut self) -> Result<Cell<'v>, LogDecodeError> {
        let at = self.at;
        let [length, family] = *self.take()?;
        let address = match self.address(family)? {
            IpAddr::V4(_) if length < MAPPED_BITS => {
                return Err(error(LogFault::SubnetLength(length), at));
            }
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        match Subnet::from_raw(address.octets(), length) {
            Ok(subnet) => Ok(Cell::Subnet(subnet)),
            Err(_) => Err(error(LogFault::SubnetLength(length), at)),
        }
    }
}

#[cold]
fn error(fault: LogFault, byte: usize) -> LogDecodeError {
    LogDecodeError::new(NAME, fault, byte)
}
