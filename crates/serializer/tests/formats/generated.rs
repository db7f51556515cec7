//! `capnp-v1` read with the generated code and the `capnp` crate, beside our views: both write
//! down what they see, fault by fault, and must have seen the same.

use std::net::IpAddr;

use capnp::message::{Reader, ReaderOptions};
use capnp::serialize::NoAllocBufferSegments;
use capnp::{Error, ErrorKind, NotInSchema};
use zeekwire_schema::event_capnp::event;
use zeekwire_schema::value_capnp::value;
use zeekwire_serializer::{
    DecodeError, EventMessage, Fault, ValueList, ValueRef, ValueView, ValueVisitor,
};
use zeekwire_types::value::{Subnet, SubnetError};

/// Something that a reader met.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen<'a> {
    /// A value of this type starts; whether it is marked as ordered.
    Value(&'static str, bool),
    /// A number, bits of a double, a count of what follows.
    Number(u64),
    /// Bytes or a text.
    Bytes(&'a [u8]),
    /// An address, and bits of a prefix.
    Net(IpAddr, u8),
    /// Something that is wrong.
    Fault(Fault),
}

impl Seen<'_> {
    /// A fault. A pointer may be wrong in several ways at once, and the readers differ in which
    /// they find first where a far pointer leads out of its segment.
    fn fault(fault: Fault) -> Self {
        Self::Fault(match fault {
            Fault::OutOfBounds => Fault::BadPointer,
            other => other,
        })
    }
}

/// Fails unless all readers see the same in these bytes, which start at a multiple of eight: the
/// generated code, our views, and our views where plain values take the short way. Returns how
/// much that was, and whether nothing was wrong.
pub(crate) fn compare(bytes: &[u8]) -> (usize, bool) {
    compare_rounds(bytes, 1)
}

/// As [`compare`], reading each message over and over, until its budget is spent or as many
/// rounds are over.
pub(crate) fn compare_rounds(bytes: &[u8], rounds: usize) -> (usize, bool) {
    let amplified = [Seen::Fault(Fault::Amplified)];
    let message = message(bytes);
    let mut generated = Vec::new();
    for _ in 0..rounds {
        let seen = message.as_ref().map_err(|fault| *fault);
        if let Err(fault) = seen.and_then(|message| read_generated(message, &mut generated)) {
            generated.push(Seen::fault(fault));
        }
        if generated.ends_with(&amplified) {
            break;
        }
    }
    for shortly in [false, true] {
        let message = EventMessage::new(bytes);
        let mut ours = Ours {
            shortly,
            seen: Vec::new(),
        };
        for _ in 0..rounds {
            let seen = message.as_ref().map_err(Clone::clone);
            if let Err(error) = seen.and_then(|message| ours.read(message)) {
                ours.seen.push(Seen::fault(error.fault()));
            }
            if ours.seen.ends_with(&amplified) {
                break;
            }
        }
        assert_eq!(ours.seen, generated, "shortly: {shortly}");
    }
    let is_fault = |seen: &Seen<'_>| matches!(seen, Seen::Fault(_));
    (generated.len(), !generated.iter().any(is_fault))
}

/// Our views.
struct Ours<'m> {
    /// Whether the short way is tried first.
    shortly: bool,
    seen: Vec<Seen<'m>>,
}

impl<'m> Ours<'m> {
    fn read(&mut self, message: &'m EventMessage<'_>) -> Result<(), DecodeError> {
        let event = message.event()?;
        self.seen.push(Seen::Bytes(event.name().as_bytes()));
        self.list(event.args());
        self.seen.push(number(event.metadata_len()));
        for entry in event.metadata() {
            match entry {
                Ok((id, value)) => {
                    self.seen.push(Seen::Number(id));
                    self.value(value);
                }
                Err(error) => self.seen.push(Seen::fault(error.fault())),
            }
        }
        Ok(())
    }

    fn list(&mut self, list: ValueList<'m>) {
        self.seen.push(number(list.len()));
        for value in list.iter() {
            self.value(value);
        }
    }

    fn value(&mut self, value: ValueView<'m>) {
        let plain = match self.shortly {
            true => value.visit_plain(Itself),
            false => None,
        };
        match plain.map_or_else(|| value.read(), Ok) {
            Ok(read) => {
                let is_ordered = value.is_ordered();
                self.seen.push(Seen::Value(read.type_name(), is_ordered));
                self.member(read);
            }
            Err(error) => self.seen.push(Seen::fault(error.fault())),
        }
    }

    fn member(&mut self, value: ValueRef<'m>) {
        let seen = &mut self.seen;
        match value {
            ValueRef::Unset => seen.push(Seen::Number(0)),
            ValueRef::Bool(x) => seen.push(Seen::Number(x.into())),
            ValueRef::Count(x) => seen.push(Seen::Number(x)),
            ValueRef::Int(x) => seen.push(Seen::Number(x.cast_unsigned())),
            ValueRef::Double(x) | ValueRef::Time(x) | ValueRef::Interval(x) => {
                seen.push(Seen::Number(x.to_bits()));
            }
            ValueRef::String(x) => seen.push(Seen::Bytes(x)),
            ValueRef::Pattern(exact, anywhere) => {
                seen.extend([Seen::Bytes(exact), Seen::Bytes(anywhere)]);
            }
            ValueRef::Enum(x) => seen.push(Seen::Bytes(x.as_bytes())),
            ValueRef::Port(x) => seen.push(Seen::Number(
                u64::from(x.number) | u64::from(x.protocol as u8) << 16,
            )),
            ValueRef::Addr(x) => seen.push(Seen::Net(x, 0)),
            ValueRef::Subnet(x) => seen.push(Seen::Net(x.address(), x.length())),
            container => self.container(container),
        }
    }

    fn container(&mut self, value: ValueRef<'m>) {
        match value {
            ValueRef::Set(x) | ValueRef::Vector(x) | ValueRef::List(x) => self.list(x),
            ValueRef::Table(keys, values) => {
                self.list(keys);
                self.list(values);
            }
            ValueRef::Record(x) => {
                self.seen.push(Seen::Bytes(x.type_name().as_bytes()));
                for index in 0..x.names().len() {
                    self.seen.push(match x.name(index) {
                        Ok(name) => Seen::Bytes(name.map_or(b"none", str::as_bytes)),
                        Err(error) => Seen::fault(error.fault()),
                    });
                }
                self.list(x.fields());
            }
            ValueRef::Function(name, captures) => {
                self.seen.push(Seen::Bytes(name.as_bytes()));
                captures.into_iter().for_each(|x| self.list(x));
            }
            ValueRef::Opaque(type_id, data) => {
                self.seen.push(Seen::Bytes(type_id.as_bytes()));
                self.value(data);
            }
            ValueRef::Any(x) => self.value(x),
            _ => self.seen.push(Seen::Fault(Fault::Newer)),
        }
    }
}

/// Gives back what it visits.
struct Itself;

impl<'m> ValueVisitor<'m> for Itself {
    type Output = ValueRef<'m>;

    fn visit(self, value: ValueRef<'m>) -> ValueRef<'m> {
        value
    }
}

type Segments<'a> = NoAllocBufferSegments<&'a [u8]>;
type Values<'m> = capnp::struct_list::Reader<'m, value::Owned>;

fn message(bytes: &[u8]) -> Result<Reader<Segments<'_>>, Fault> {
    let options = ReaderOptions {
        traversal_limit_in_words: Some((bytes.len() / 8 * 8).max(1024)),
        nesting_limit: 104,
    };
    let mut rest = bytes;
    let segments = NoAllocBufferSegments::from_slice(&mut rest, options).map_err(fault)?;
    match rest {
        [] => Ok(Reader::new(segments, options)),
        _ => Err(Fault::TrailingBytes),
    }
}

fn read_generated<'m>(
    message: &'m Reader<Segments<'_>>,
    seen: &mut Vec<Seen<'m>>,
) -> Result<(), Fault> {
    let event: event::Reader<'m> = message.get_root().map_err(fault)?;
    let name = text(event.get_name())?;
    let args = event.get_args().map_err(fault)?;
    let metadata = event.get_metadata().map_err(fault)?;
    seen.push(Seen::Bytes(name));
    generated_list(args, seen);
    seen.push(number(metadata.len() as usize));
    for entry in metadata {
        match entry.get_value() {
            Ok(value) => {
                seen.push(Seen::Number(entry.get_id()));
                generated_value(value, seen);
            }
            Err(error) => seen.push(Seen::fault(fault(error))),
        }
    }
    Ok(())
}

fn generated_list<'m>(list: Values<'m>, seen: &mut Vec<Seen<'m>>) {
    seen.push(number(list.len() as usize));
    for value in list {
        generated_value(value, seen);
    }
}

fn generated_value<'m>(value: value::Reader<'m>, seen: &mut Vec<Seen<'m>>) {
    let start = seen.len();
    if let Err(fault) = generated_member(value, seen) {
        // Ours looks at a value before it shows any of it.
        seen.truncate(start);
        seen.push(Seen::fault(fault));
    }
}

fn generated_member<'m>(value: value::Reader<'m>, seen: &mut Vec<Seen<'m>>) -> Result<(), Fault> {
    let ordered = value.get_ordered();
    let which = value.which().map_err(newer)?;
    let (name, member) = match which {
        value::Unset(()) => ("unset", Seen::Number(0)),
        value::Bool(x) => ("bool", Seen::Number(x.into())),
        value::Count(x) => ("count", Seen::Number(x)),
        value::Int(x) => ("int", Seen::Number(x.cast_unsigned())),
        value::Double(x) => ("double", Seen::Number(x.to_bits())),
        value::Time(x) => ("time", Seen::Number(x.to_bits())),
        value::Interval(x) => ("interval", Seen::Number(x.to_bits())),
        value::String(x) => ("string", Seen::Bytes(x.map_err(fault)?)),
        value::Pattern(x) => {
            let x = x.map_err(fault)?;
            let exact = Seen::Bytes(x.get_exact().map_err(fault)?);
            let anywhere = Seen::Bytes(x.get_anywhere().map_err(fault)?);
            seen.extend([Seen::Value("pattern", ordered), exact, anywhere]);
            return Ok(());
        }
        value::Enum(x) => ("enum", Seen::Bytes(text(x)?)),
        value::Port(x) => {
            let protocol = x.get_protocol().map_err(newer)? as u16;
            let number = u64::from(x.get_number()) | u64::from(protocol) << 16;
            ("port", Seen::Number(number))
        }
        value::Addr(x) => {
            let address = address(x.map_err(fault)?)?;
            ("addr", Seen::Net(address.to_canonical(), 0))
        }
        value::Subnet(x) => {
            let address = address(x.get_address().map_err(fault)?)?;
            ("subnet", subnet(address, x.get_length())?)
        }
        container => return generated_container(container, ordered, seen),
    };
    seen.extend([Seen::Value(name, ordered), member]);
    Ok(())
}

fn generated_container<'m>(
    container: value::WhichReader<'m>,
    ordered: bool,
    seen: &mut Vec<Seen<'m>>,
) -> Result<(), Fault> {
    let mut starts = |name| seen.push(Seen::Value(name, ordered));
    match container {
        value::Set(x) => {
            starts("set");
            generated_list(x.map_err(fault)?, seen);
        }
        value::Vector(x) => {
            starts("vector");
            generated_list(x.map_err(fault)?, seen);
        }
        value::List(x) => {
            starts("list");
            generated_list(x.map_err(fault)?, seen);
        }
        value::Table(x) => {
            starts("table");
            let x = x.map_err(fault)?;
            let (keys, values) = (x.get_keys().map_err(fault)?, x.get_values().map_err(fault)?);
            if keys.len() != values.len() {
                return Err(Fault::TableLengths);
            }
            generated_list(keys, seen);
            generated_list(values, seen);
        }
        value::Record(x) => {
            starts("record");
            let x = x.map_err(fault)?;
            let fields = x.get_fields().map_err(fault)?;
            let names = x.get_names().map_err(fault)?;
            if !names.is_empty() && names.len() != fields.len() {
                return Err(Fault::NameCount);
            }
            seen.push(Seen::Bytes(text(x.get_type_name())?));
            for name in names {
                seen.push(text(name).map_or_else(Seen::fault, Seen::Bytes));
            }
            generated_list(fields, seen);
        }
        value::Function(x) => {
            starts("function");
            let x = x.map_err(fault)?;
            let captures = x.get_is_closure().then(|| x.get_captures());
            let captures = captures.transpose().map_err(fault)?;
            seen.push(Seen::Bytes(text(x.get_name())?));
            captures.into_iter().for_each(|x| generated_list(x, seen));
        }
        value::Opaque(x) => {
            starts("opaque");
            let x = x.map_err(fault)?;
            let data = x.get_data().map_err(fault)?;
            seen.push(Seen::Bytes(text(x.get_type_id())?));
            generated_value(data, seen);
        }
        value::Any(x) => {
            starts("any");
            generated_value(x.map_err(fault)?, seen);
        }
        _scalar => {}
    }
    Ok(())
}

fn number(count: usize) -> Seen<'static> {
    Seen::Number(count as u64)
}

fn address(bytes: &[u8]) -> Result<IpAddr, Fault> {
    match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(v4), _) => Ok(v4.into()),
        (_, Ok(v6)) => Ok(v6.into()),
        _ => Err(Fault::AddressLength(bytes.len())),
    }
}

fn subnet(address: IpAddr, length: u8) -> Result<Seen<'static>, Fault> {
    let (v6, mapped_bits) = match address {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 96),
        IpAddr::V6(v6) => (v6, 0),
    };
    if length > 128 - mapped_bits {
        return Err(Fault::Subnet(SubnetError::TooLong(length)));
    }
    let subnet = Subnet::from_raw(v6.octets(), length + mapped_bits).map_err(Fault::Subnet)?;
    Ok(Seen::Net(subnet.address(), subnet.length()))
}

fn text(text: capnp::Result<capnp::text::Reader<'_>>) -> Result<&[u8], Fault> {
    let text = text.map_err(fault)?.to_str();
    text.map(str::as_bytes).map_err(|_| Fault::NotUtf8)
}

fn newer(_unknown: NotInSchema) -> Fault {
    Fault::Newer
}

/// What the crate's error means here.
fn fault(error: Error) -> Fault {
    match error.kind {
        ErrorKind::MessageEndsPrematurely(..) | ErrorKind::MessageTooLarge(_) => Fault::Truncated,
        ErrorKind::InvalidNumberOfSegments(_) => Fault::TooManySegments,
        ErrorKind::InvalidSegmentId(_) | ErrorKind::MessageContainsOutOfBoundsPointer => {
            Fault::OutOfBounds
        }
        ErrorKind::ReadLimitExceeded => Fault::Amplified,
        ErrorKind::NestingLimitExceeded | ErrorKind::MessageIsTooDeeplyNestedOrContainsCycles => {
            Fault::TooDeep
        }
        _ => Fault::BadPointer,
    }
}
