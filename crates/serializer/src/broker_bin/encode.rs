//! Events to `broker-bin-v1`.

use std::net::IpAddr;

use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_COUNT_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::{Event, Metadata, Value};

use super::{EVENT, NAME, VERSION, real, tag};
use crate::broker_time::to_ns;
use crate::duplicates::first_repeated;
use crate::{EncodeError, EncodeFault, Step};

/// Appends an event, or leaves `out` as it was.
pub(crate) fn event(event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    let mut writer = Writer {
        out,
        start,
        values_left: VALUE_COUNT_MAX,
    };
    let written = writer.event(event);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    values_left: usize,
}

impl Writer<'_> {
    fn event(&mut self, event: &Event) -> Result<(), EncodeError> {
        self.open(tag::LIST, 3)?;
        self.count(VERSION);
        self.count(EVENT);
        self.open(tag::LIST, if event.metadata.is_empty() { 2 } else { 3 })?;
        self.bytes(tag::STRING, event.name.as_bytes())?;
        self.open(tag::LIST, event.args.len())?;
        for (i, arg) in event.args.iter().enumerate() {
            self.value(arg, VALUE_DEPTH_MAX)
                .map_err(|e| e.inside(Step::Arg(i)))?;
        }
        if !event.metadata.is_empty() {
            self.open(tag::LIST, event.metadata.len())?;
            for (i, entry) in event.metadata.iter().enumerate() {
                self.metadata(entry)
                    .map_err(|e| e.inside(Step::Metadata(i)))?;
            }
        }
        self.check_size()
    }

    fn metadata(&mut self, entry: &Metadata) -> Result<(), EncodeError> {
        let is_time = matches!(entry.value, Value::Time(_));
        if entry.id == Metadata::NETWORK_TIMESTAMP && !is_time {
            return Err(fault(EncodeFault::TimestampType));
        }
        self.open(tag::LIST, 2)?;
        self.count(entry.id);
        self.value(&entry.value, VALUE_DEPTH_MAX)
    }

    /// One value, in which at most `levels` containers nest.
    fn value(&mut self, value: &Value, levels: usize) -> Result<(), EncodeError> {
        let left = self.values_left.checked_sub(1);
        self.values_left = left.ok_or_else(|| fault(EncodeFault::TooManyValues))?;
        match value {
            Value::Unset => self.out.push(tag::NONE),
            Value::Bool(x) => self.out.extend([tag::BOOLEAN, u8::from(*x)]),
            Value::Count(x) => self.count(*x),
            Value::Int(x) => self.fixed(tag::INTEGER, x.to_be_bytes()),
            Value::Double(x) => self.fixed(tag::REAL, real::to_bits(*x).to_be_bytes()),
            Value::Time(x) => self.fixed(tag::TIMESTAMP, ns(*x)?),
            Value::Interval(x) => self.fixed(tag::TIMESPAN, ns(*x)?),
            Value::String(x) => self.bytes(tag::STRING, x)?,
            Value::Enum(x) => self.bytes(tag::ENUM, x.as_bytes())?,
            Value::Port(x) => {
                let [high, low] = x.number.to_be_bytes();
                self.out.extend([tag::PORT, high, low, x.protocol as u8]);
            }
            Value::Addr(x) => {
                let v6 = match x {
                    IpAddr::V4(v4) => v4.to_ipv6_mapped(),
                    IpAddr::V6(v6) => *v6,
                };
                self.fixed(tag::ADDRESS, v6.octets());
            }
            Value::Subnet(x) => {
                self.fixed(tag::SUBNET, x.address_raw());
                self.out.push(x.length_raw());
            }
            _ => return self.container(value, levels),
        }
        Ok(())
    }

    fn container(&mut self, value: &Value, levels: usize) -> Result<(), EncodeError> {
        if let Value::Any(inside) = value {
            let levels = deeper(levels)?;
            return self.value(inside, levels).map_err(|e| e.inside(Step::Any));
        }
        let levels = deeper(levels)?;
        match value {
            Value::Set(x) => self.set(x, levels),
            Value::Table(x) => self.table(x, levels),
            Value::Vector(x) | Value::List(x) => self.sequence(x, levels, Step::Element),
            Value::Record(x) => self.sequence(&x.fields, levels, Step::Field),
            Value::Pattern(x) => {
                self.open(tag::LIST, 2)?;
                self.bytes(tag::STRING, &x.exact)?;
                self.bytes(tag::STRING, &x.anywhere)
            }
            Value::Function(x) => {
                self.open(tag::LIST, if x.captures.is_some() { 2 } else { 1 })?;
                self.bytes(tag::STRING, x.name.as_bytes())?;
                match &x.captures {
                    Some(captures) => self.sequence(captures, levels, Step::Capture),
                    None => Ok(()),
                }
            }
            Value::Opaque(x) => {
                self.open(tag::LIST, 2)?;
                self.bytes(tag::STRING, x.type_id.as_bytes())?;
                self.value(&x.data, levels)
                    .map_err(|e| e.inside(Step::Data))
            }
            _ => Err(fault(EncodeFault::UnknownType)),
        }
    }

    fn sequence(
        &mut self,
        values: &[Value],
        levels: usize,
        step: fn(usize) -> Step,
    ) -> Result<(), EncodeError> {
        self.open(tag::LIST, values.len())?;
        for (i, value) in values.iter().enumerate() {
            self.value(value, levels).map_err(|e| e.inside(step(i)))?;
        }
        Ok(())
    }

    fn set(&mut self, elements: &[Value], levels: usize) -> Result<(), EncodeError> {
        self.open(tag::SET, elements.len())?;
        let mut ranges = Vec::with_capacity(elements.len());
        for (i, element) in elements.iter().enumerate() {
            let start = self.out.len();
            self.value(element, levels)
                .map_err(|e| e.inside(Step::Element(i)))?;
            ranges.push(start..self.out.len());
        }
        match first_repeated(self.out, &ranges) {
            Some(i) => Err(fault(EncodeFault::Duplicate).inside(Step::Element(i))),
            None => Ok(()),
        }
    }

    fn table(&mut self, entries: &[(Value, Value)], levels: usize) -> Result<(), EncodeError> {
        self.open(tag::TABLE, entries.len())?;
        let mut ranges = Vec::with_capacity(entries.len());
        for (i, (key, value)) in entries.iter().enumerate() {
            let start = self.out.len();
            self.value(key, levels)
                .map_err(|e| e.inside(Step::Key(i)))?;
            ranges.push(start..self.out.len());
            self.value(value, levels)
                .map_err(|e| e.inside(Step::Value(i)))?;
        }
        match first_repeated(self.out, &ranges) {
            Some(i) => Err(fault(EncodeFault::Duplicate).inside(Step::Key(i))),
            None => Ok(()),
        }
    }

    fn count(&mut self, x: u64) {
        self.fixed(tag::COUNT, x.to_be_bytes());
    }

    fn fixed<const N: usize>(&mut self, tag: u8, body: [u8; N]) {
        self.out.push(tag);
        self.out.extend(body);
    }

    fn bytes(&mut self, tag: u8, bytes: &[u8]) -> Result<(), EncodeError> {
        self.open(tag, bytes.len())?;
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(fault(EncodeFault::TooLarge));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// A tag and a length or count, LEB128.
    fn open(&mut self, tag: u8, length: usize) -> Result<(), EncodeError> {
        self.check_size()?;
        let mut left = u32::try_from(length).map_err(|_| fault(EncodeFault::TooLarge))?;
        self.out.push(tag);
        while left > 0x7f {
            self.out.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        self.out.push((left & 0x7f) as u8);
        Ok(())
    }

    fn check_size(&self) -> Result<(), EncodeError> {
        if self.out.len() - self.start > PAYLOAD_BYTES_MAX {
            return Err(fault(EncodeFault::TooLarge));
        }
        Ok(())
    }
}

fn ns(seconds: f64) -> Result<[u8; 8], EncodeError> {
    to_ns(seconds).map(i64::to_be_bytes).map_err(fault)
}

fn deeper(levels: usize) -> Result<usize, EncodeError> {
    levels
        .checked_sub(1)
        .ok_or_else(|| fault(EncodeFault::TooDeep))
}

const fn fault(fault: EncodeFault) -> EncodeError {
    EncodeError::new(NAME, fault)
}
