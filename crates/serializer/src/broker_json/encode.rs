//! Events to `broker-json-v1`.

use std::io::Write;

use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{Port, PortProtocol};
use zeekwire_types::{Event, Metadata, Value};

use super::{NAME, time};
use crate::broker_time::to_ns;
use crate::duplicates::first_repeated;
use crate::{EncodeError, EncodeFault, Step};

/// What stands before an event's content: version 1, type 1.
const MESSAGE_HEAD: &str = concat!(
    r#"{"@data-type":"vector","data":[{"@data-type":"count","data":1},"#,
    r#"{"@data-type":"count","data":1},{"@data-type":"vector","data":["#,
);

/// Appends an event, or leaves `out` as it was.
pub(crate) fn event(event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    let mut writer = Writer { out, start };
    let written = writer.event(event);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl Writer<'_> {
    fn event(&mut self, event: &Event) -> Result<(), EncodeError> {
        self.raw(MESSAGE_HEAD);
        self.string("string", event.name.as_bytes());
        self.raw(",");
        self.sequence(&event.args, VALUE_DEPTH_MAX, Step::Arg)?;
        if !event.metadata.is_empty() {
            self.raw(",");
            self.open("vector");
            for (i, entry) in event.metadata.iter().enumerate() {
                self.comma(i);
                self.metadata(entry)
                    .map_err(|e| e.inside(Step::Metadata(i)))?;
            }
            self.raw("]}");
        }
        self.raw("]}]}");
        self.check_size()
    }

    fn metadata(&mut self, entry: &Metadata) -> Result<(), EncodeError> {
        let is_time = matches!(entry.value, Value::Time(_));
        if entry.id == Metadata::NETWORK_TIMESTAMP && !is_time {
            return Err(fault(EncodeFault::TimestampType));
        }
        self.open("vector");
        self.plain("count", entry.id);
        self.raw(",");
        self.value(&entry.value, VALUE_DEPTH_MAX)?;
        self.raw("]}");
        Ok(())
    }

    /// One value, in which at most `levels` containers nest.
    fn value(&mut self, value: &Value, levels: usize) -> Result<(), EncodeError> {
        self.check_size()?;
        match value {
            Value::Unset => self.plain("none", "{}"),
            Value::Bool(x) => self.plain("boolean", x),
            Value::Count(x) => self.plain("count", x),
            Value::Int(x) => self.plain("integer", x),
            Value::Double(x) if x.is_finite() => self.plain("real", format_args!("{x:.6}")),
            Value::Double(_) => return Err(fault(EncodeFault::NotFinite)),
            Value::Time(x) => {
                let text = time::timestamp(to_ns(*x).map_err(fault)?);
                self.string("timestamp", text.as_bytes());
            }
            Value::Interval(x) => {
                let text = time::timespan(to_ns(*x).map_err(fault)?);
                self.string("timespan", text.as_bytes());
            }
            Value::String(x) => self.string("string", x),
            Value::Enum(x) => self.string("enum-value", x.as_bytes()),
            Value::Port(x) => self.plain("port", format_args!("\"{}\"", port(*x))),
            Value::Addr(x) => self.plain("address", format_args!("\"{}\"", x.to_canonical())),
            Value::Subnet(x) => self.plain("subnet", format_args!("\"{x}\"")),
            _ => return self.container(value, levels),
        }
        Ok(())
    }

    fn container(&mut self, value: &Value, levels: usize) -> Result<(), EncodeError> {
        let levels = levels
            .checked_sub(1)
            .ok_or_else(|| fault(EncodeFault::TooDeep))?;
        match value {
            Value::Any(x) => return self.value(x, levels).map_err(|e| e.inside(Step::Any)),
            Value::Set(x) => return self.set(x, levels),
            Value::Table(x) => return self.table(x, levels),
            Value::Vector(x) | Value::List(x) => return self.sequence(x, levels, Step::Element),
            Value::Record(x) => return self.sequence(&x.fields, levels, Step::Field),
            _ => self.open("vector"),
        }
        match value {
            Value::Pattern(x) => {
                self.string("string", &x.exact);
                self.raw(",");
                self.string("string", &x.anywhere);
            }
            Value::Function(x) => {
                self.string("string", x.name.as_bytes());
                if let Some(captures) = &x.captures {
                    self.raw(",");
                    self.sequence(captures, levels, Step::Capture)?;
                }
            }
            Value::Opaque(x) => {
                self.string("string", x.type_id.as_bytes());
                self.raw(",");
                self.value(&x.data, levels)
                    .map_err(|e| e.inside(Step::Data))?;
            }
            _ => return Err(fault(EncodeFault::UnknownType)),
        }
        self.raw("]}");
        Ok(())
    }

    fn sequence(
        &mut self,
        values: &[Value],
        levels: usize,
        step: fn(usize) -> Step,
    ) -> Result<(), EncodeError> {
        self.open("vector");
        for (i, value) in values.iter().enumerate() {
            self.comma(i);
            self.value(value, levels).map_err(|e| e.inside(step(i)))?;
        }
        self.raw("]}");
        Ok(())
    }

    fn set(&mut self, elements: &[Value], levels: usize) -> Result<(), EncodeError> {
        self.open("set");
        let mut ranges = Vec::with_capacity(elements.len());
        for (i, element) in elements.iter().enumerate() {
            self.comma(i);
            let start = self.out.len();
            self.value(element, levels)
                .map_err(|e| e.inside(Step::Element(i)))?;
            ranges.push(start..self.out.len());
        }
        self.raw("]}");
        match first_repeated(self.out, &ranges) {
            Some(i) => Err(fault(EncodeFault::Duplicate).inside(Step::Element(i))),
            None => Ok(()),
        }
    }

    fn table(&mut self, entries: &[(Value, Value)], levels: usize) -> Result<(), EncodeError> {
        self.open("table");
        let mut ranges = Vec::with_capacity(entries.len());
        for (i, (key, value)) in entries.iter().enumerate() {
            self.comma(i);
            self.raw("{\"key\":");
            let start = self.out.len();
            self.value(key, levels)
                .map_err(|e| e.inside(Step::Key(i)))?;
            ranges.push(start..self.out.len());
            self.raw(",\"value\":");
            self.value(value, levels)
                .map_err(|e| e.inside(Step::Value(i)))?;
            self.raw("}");
        }
        self.raw("]}");
        match first_repeated(self.out, &ranges) {
            Some(i) => Err(fault(EncodeFault::Duplicate).inside(Step::Key(i))),
            None => Ok(()),
        }
    }

    /// A value whose text needs no escapes.
    fn plain(&mut self, data_type: &str, data: impl std::fmt::Display) {
        write!(
            self.out,
            "{{\"@data-type\":\"{data_type}\",\"data\":{data}}}"
        )
        .expect("a vector takes every byte");
    }

    fn string(&mut self, data_type: &str, bytes: &[u8]) {
        self.raw("{\"@data-type\":\"");
        self.raw(data_type);
        self.raw("\",\"data\":\"");
        for &byte in bytes {
            let escaped = match byte {
                b'\\' | b'"' => byte,
                0x08 => b'b',
                0x0c => b'f',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                0x0b => b'v',
                _ => {
                    self.out.push(byte);
                    continue;
                }
            };
            self.out.extend([b'\\', escaped]);
        }
        self.raw("\"}");
    }

    /// The start of a container, up to its first element.
    fn open(&mut self, data_type: &str) {
        self.raw("{\"@data-type\":\"");
        self.raw(data_type);
        self.raw("\",\"data\":[");
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.raw(",");
        }
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn check_size(&self) -> Result<(), EncodeError> {
        if self.out.len() - self.start > PAYLOAD_BYTES_MAX {
            return Err(fault(EncodeFault::TooLarge));
        }
        Ok(())
    }
}

fn port(port: Port) -> String {
    match port.protocol {
        PortProtocol::Unknown => format!("{}/?", port.number),
        _ => port.to_string(),
    }
}

const fn fault(fault: EncodeFault) -> EncodeError {
    EncodeError::new(NAME, fault)
}
