//! `broker-bin-v1` to events.

use std::net::{IpAddr, Ipv6Addr};

use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_COUNT_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{Port, PortProtocol, Subnet, first_duplicate};
use zeekwire_types::{Event, Metadata, Value};

use super::{EVENT, NAME, VERSION, real, tag};
use crate::{DecodeError, Fault, Step, broker_time};

/// Room made for elements before any of them was seen.
const FORESIGHT_COUNT: usize = 16;

/// The event in `bytes`.
pub(crate) fn event(bytes: &[u8]) -> Result<Event, DecodeError> {
    let mut reader = Reader {
        bytes,
        at: 0,
        values_left: VALUE_COUNT_MAX,
    };
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(reader.fault(Fault::TooLarge));
    }
    let event = reader.event()?;
    if reader.at < bytes.len() {
        return Err(reader.fault(Fault::TrailingBytes));
    }
    Ok(event)
}

/// Where a sequence stands, which decides what it is.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Position {
    /// A set's element or a table's key: a sequence is a composite index.
    Index,
    Elsewhere,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values_left: usize,
}

impl<'a> Reader<'a> {
    fn event(&mut self) -> Result<Event, DecodeError> {
        let parts = self.open(tag::LIST, 3, Fault::NotAMessage)?;
        let version = self.count(Fault::NotAMessage)?;
        if version != VERSION {
            return Err(self.fault(Fault::Version(version)));
        }
        let kind = self.count(Fault::NotAMessage)?;
        if kind != EVENT {
            return Err(self.fault(Fault::MessageType(kind)));
        }
        let content_parts = self.open(tag::LIST, 2, Fault::EventShape)?;
        self.expect(tag::STRING, Fault::EventShape)?;
        let name = self.text()?;
        let arg_count = self.open(tag::LIST, 0, Fault::EventShape)?;
        let mut args = Vec::with_capacity(arg_count.min(FORESIGHT_COUNT));
        for i in 0..arg_count {
            let arg = self.value(VALUE_DEPTH_MAX, Position::Elsewhere);
            args.push(arg.map_err(|e| e.inside(Step::Arg(i)))?);
        }
        let mut metadata = Vec::new();
        if content_parts > 2 {
            let entry_count = self.open(tag::LIST, 0, Fault::EventShape)?;
            for i in 0..entry_count {
                metadata.push(self.metadata().map_err(|e| e.inside(Step::Metadata(i)))?);
            }
        }
        // Whatever newer versions append is passed over.
        self.discard(content_parts.saturating_sub(3))?;
        self.discard(parts - 3)?;
        Ok(Event {
            name,
            args,
            metadata,
        })
    }

    fn metadata(&mut self) -> Result<Metadata, DecodeError> {
        let parts = self.open(tag::LIST, 2, Fault::MetadataShape)?;
        let id = self.count(Fault::MetadataShape)?;
        let start = self.at;
        let value = self.value(VALUE_DEPTH_MAX, Position::Elsewhere)?;
        if id == Metadata::NETWORK_TIMESTAMP && !matches!(value, Value::Time(_)) {
            return Err(error(Fault::TimestampType, start));
        }
        self.discard(parts - 2)?;
        Ok(Metadata { id, value })
    }

    /// One value, in which at most `levels` containers nest.
    fn value(&mut self, levels: usize, position: Position) -> Result<Value, DecodeError> {
        let start = self.at;
        let left = self.values_left.checked_sub(1);
        self.values_left = left.ok_or_else(|| error(Fault::TooManyValues, start))?;
        let [tag] = self.fixed()?;
        Ok(match tag {
            tag::NONE => Value::Unset,
            tag::BOOLEAN => {
                let [flag] = self.fixed()?;
                Value::Bool(flag != 0)
            }
            tag::COUNT => Value::Count(u64::from_be_bytes(self.fixed()?)),
            tag::INTEGER => Value::Int(i64::from_be_bytes(self.fixed()?)),
            tag::REAL => Value::Double(real::from_bits(u64::from_be_bytes(self.fixed()?))),
            tag::TIMESTAMP => broker_time::time(i64::from_be_bytes(self.fixed()?), 1),
            tag::TIMESPAN => broker_time::interval(i64::from_be_bytes(self.fixed()?)),
            tag::STRING => Value::String(self.run()?.to_vec()),
            tag::ENUM => Value::Enum(self.text()?),
            tag::ADDRESS => {
                let v6 = Ipv6Addr::from(self.fixed::<16>()?);
                Value::Addr(IpAddr::V6(v6).to_canonical())
            }
            tag::SUBNET => {
                let address = self.fixed()?;
                let [length] = self.fixed()?;
                let subnet = Subnet::from_raw(address, length);
                Value::Subnet(subnet.map_err(|e| error(Fault::Subnet(e), start))?)
            }
            tag::PORT => {
                let number = u16::from_be_bytes(self.fixed()?);
                let [protocol] = self.fixed()?;
                let known = PortProtocol::from_number(protocol);
                let unknown = || error(Fault::PortProtocol(protocol), start);
                Value::Port(Port {
                    number,
                    protocol: known.ok_or_else(unknown)?,
                })
            }
            tag::SET | tag::TABLE | tag::LIST => {
                let levels = levels
                    .checked_sub(1)
                    .ok_or_else(|| error(Fault::TooDeep, start))?;
                match (tag, position) {
                    (tag::SET, _) => self.set(levels, start)?,
                    (tag::TABLE, _) => self.table(levels, start)?,
                    (_, Position::Index) => Value::List(self.sequence(levels)?),
                    (_, Position::Elsewhere) => Value::Vector(self.sequence(levels)?),
                }
            }
            unknown => return Err(error(Fault::UnknownTag(unknown), start)),
        })
    }

    fn sequence(&mut self, levels: usize) -> Result<Vec<Value>, DecodeError> {
        let count = self.length()?;
        let mut values = Vec::with_capacity(count.min(FORESIGHT_COUNT));
        for i in 0..count {
            let value = self.value(levels, Position::Elsewhere);
            values.push(value.map_err(|e| e.inside(Step::Element(i)))?);
        }
        Ok(values)
    }

    fn set(&mut self, levels: usize, start: usize) -> Result<Value, DecodeError> {
        let count = self.length()?;
        let mut elements = Vec::with_capacity(count.min(FORESIGHT_COUNT));
        for i in 0..count {
            let element = self.value(levels, Position::Index);
            elements.push(element.map_err(|e| e.inside(Step::Element(i)))?);
        }
        match first_duplicate(&elements) {
            Some(i) => Err(error(Fault::DuplicateElement, start).inside(Step::Element(i))),
            None => Ok(Value::Set(elements)),
        }
    }

    fn table(&mut self, levels: usize, start: usize) -> Result<Value, DecodeError> {
        let count = self.length()?;
        let mut entries = Vec::with_capacity(count.min(FORESIGHT_COUNT));
        for i in 0..count {
            let key = self
                .value(levels, Position::Index)
                .map_err(|e| e.inside(Step::Key(i)))?;
            let value = self.value(levels, Position::Elsewhere);
            entries.push((key, value.map_err(|e| e.inside(Step::Value(i)))?));
        }
        match first_duplicate(entries.iter().map(|(key, _)| key)) {
            Some(i) => Err(error(Fault::DuplicateKey, start).inside(Step::Key(i))),
            None => Ok(Value::Table(entries)),
        }
    }

    /// Reads `count` values and forgets them.
    fn discard(&mut self, count: usize) -> Result<(), DecodeError> {
        for _ in 0..count {
            self.value(VALUE_DEPTH_MAX, Position::Elsewhere)?;
        }
        Ok(())
    }

    /// The count of a container that must have this tag and at least `least` elements.
    fn open(&mut self, tag: u8, least: usize, otherwise: Fault) -> Result<usize, DecodeError> {
        let start = self.at;
        self.expect(tag, otherwise)?;
        let count = self.length()?;
        if count < least {
            Err(error(otherwise, start))
        } else {
            Ok(count)
        }
    }

    fn count(&mut self, otherwise: Fault) -> Result<u64, DecodeError> {
        self.expect(tag::COUNT, otherwise)?;
        Ok(u64::from_be_bytes(self.fixed()?))
    }

    fn expect(&mut self, tag: u8, otherwise: Fault) -> Result<(), DecodeError> {
        let start = self.at;
        if self.fixed()? == [tag] {
            Ok(())
        } else {
            Err(error(otherwise, start))
        }
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        let start = self.at;
        let bytes = self.run()?;
        let text = std::str::from_utf8(bytes).map_err(|_| error(Fault::NotUtf8, start))?;
        Ok(text.to_owned())
    }

    /// Bytes behind their length.
    fn run(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        let run = &self.bytes[self.at..self.at + length];
        self.at += length;
        Ok(run)
    }

    /// A length or count. At least as many bytes are left, for each element takes one or more.
    fn length(&mut self) -> Result<usize, DecodeError> {
        let start = self.at;
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let value = u32::try_from(value).map_err(|_| error(Fault::Varbyte, start))?;
                let left = self.bytes.len() - self.at;
                return match usize::try_from(value) {
                    Ok(value) if value <= left => Ok(value),
                    _ => Err(error(Fault::Truncated, start)),
                };
            }
        }
        Err(error(Fault::Varbyte, start))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let next = self.bytes[self.at..].first_chunk::<N>();
        let next = *next.ok_or_else(|| self.fault(Fault::Truncated))?;
        self.at += N;
        Ok(next)
    }

    fn fault(&self, fault: Fault) -> DecodeError {
        error(fault, self.at)
    }
}

fn error(fault: Fault, byte: usize) -> DecodeError {
    DecodeError::new(NAME, fault).at_byte(byte)
}
