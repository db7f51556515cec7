//! `capnp-v1` read in place: views that borrow the payload and allocate nothing.

use std::net::{IpAddr, Ipv6Addr};

use capnp::message::{Reader, ReaderOptions};
use capnp::serialize::NoAllocBufferSegments;
use capnp::{ErrorKind, NotInSchema, struct_list, text_list};
use zeekwire_schema::event_capnp::{event, metadata};
use zeekwire_schema::value_capnp as schema;
use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{Port, PortProtocol, Subnet};

use super::{NAME, WORD_BYTES};
use crate::{DecodeError, Fault, Step};

/// How many times over its own size a payload may be traversed.
const TRAVERSAL_FACTOR: usize = 8;
/// What even the smallest payload may be traversed.
const TRAVERSAL_WORDS_MIN: usize = 1024;
/// Pointers on the way to the innermost value: three for each table around it, and the event's own.
const POINTER_DEPTH_MAX: i32 = 104;

const _: () = assert!(POINTER_DEPTH_MAX as usize == 3 * VALUE_DEPTH_MAX + 8);

/// A payload whose frame was checked. Keeps the budget for reading it.
pub struct EventMessage<'a> {
    reader: Reader<NoAllocBufferSegments<&'a [u8]>>,
    words: usize,
}

impl<'a> EventMessage<'a> {
    /// Checks the payload's frame: its segments are there, and nothing else is.
    ///
    /// # Errors
    /// [`DecodeError`]; [`Fault::Misaligned`] when `bytes` does not start at a multiple of eight.
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(fault(Fault::TooLarge));
        }
        if !bytes.as_ptr().addr().is_multiple_of(WORD_BYTES) {
            return Err(fault(Fault::Misaligned));
        }
        let words = bytes.len() / WORD_BYTES;
        let traversal = (words * TRAVERSAL_FACTOR).max(TRAVERSAL_WORDS_MIN);
        let options = ReaderOptions {
            traversal_limit_in_words: Some(traversal),
            nesting_limit: POINTER_DEPTH_MAX,
        };
        let mut rest = bytes;
        let segments = NoAllocBufferSegments::from_slice(&mut rest, options).map_err(malformed)?;
        if !rest.is_empty() {
            return Err(fault(Fault::TrailingBytes).at_byte(bytes.len() - rest.len()));
        }
        Ok(Self {
            reader: Reader::new(segments, options),
            words,
        })
    }

    /// The event.
    ///
    /// # Errors
    /// [`DecodeError`] when its name or lists are damaged.
    pub fn event(&self) -> Result<EventView<'_>, DecodeError> {
        let root: event::Reader<'_> = self.reader.get_root().map_err(malformed)?;
        Ok(EventView {
            name: text(root.get_name())?,
            args: ValueList(root.get_args().map_err(malformed)?),
            metadata: root.get_metadata().map_err(malformed)?,
            words: self.words,
        })
    }
}

/// An event inside a payload.
#[derive(Clone, Copy)]
pub struct EventView<'m> {
    name: &'m str,
    args: ValueList<'m>,
    metadata: struct_list::Reader<'m, metadata::Owned>,
    words: usize,
}

impl<'m> EventView<'m> {
    /// The event's fully qualified name.
    #[must_use]
    pub const fn name(&self) -> &'m str {
        self.name
    }

    /// Its arguments.
    #[must_use]
    pub const fn args(&self) -> ValueList<'m> {
        self.args
    }

    /// The argument at `index`.
    ///
    /// # Errors
    /// [`Fault::NoSuchArg`] when there are not as many.
    pub fn arg(&self, index: usize) -> Result<ValueView<'m>, DecodeError> {
        let missing = || fault(Fault::NoSuchArg).inside(Step::Arg(index));
        self.args.get(index).ok_or_else(missing)
    }

    /// Its metadata: ids and values.
    pub fn metadata(
        &self,
    ) -> impl ExactSizeIterator<Item = Result<(u64, ValueView<'m>), DecodeError>> + use<'m> {
        self.metadata.iter().enumerate().map(|(i, entry)| {
            let value = entry.get_value().map_err(malformed);
            Ok((
                entry.get_id(),
                ValueView(value.map_err(|e| e.inside(Step::Metadata(i)))?),
            ))
        })
    }

    /// How many facts the metadata has.
    #[must_use]
    pub fn metadata_len(&self) -> usize {
        self.metadata.len() as usize
    }

    /// The id and the value of the metadata's entry at `index`, if there is one.
    ///
    /// # Errors
    /// [`DecodeError`] when the entry is damaged.
    pub fn metadata_at(&self, index: usize) -> Result<Option<(u64, ValueView<'m>)>, DecodeError> {
        let entry = u32::try_from(index)
            .ok()
            .and_then(|i| self.metadata.try_get(i));
        let Some(entry) = entry else {
            return Ok(None);
        };
        let value = entry.get_value().map_err(malformed);
        let value = value.map_err(|e| e.inside(Step::Metadata(index)))?;
        Ok(Some((entry.get_id(), ValueView(value))))
    }

    /// Words of the whole payload.
    pub(super) const fn words(&self) -> usize {
        self.words
    }
}

/// A run of values inside a payload.
#[derive(Clone, Copy)]
pub struct ValueList<'m>(struct_list::Reader<'m, schema::value::Owned>);

impl<'m> ValueList<'m> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len() as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<ValueView<'m>> {
        self.0.try_get(u32::try_from(index).ok()?).map(ValueView)
    }

    /// One after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ValueView<'m>> + use<'m> {
        self.0.iter().map(ValueView)
    }
}

/// A value inside a payload, of a type not looked at yet.
#[derive(Clone, Copy)]
pub struct ValueView<'m>(schema::value::Reader<'m>);

/// A value inside a payload.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum ValueRef<'m> {
    /// Nothing.
    Unset,
    /// `bool`
    Bool(bool),
    /// `count`
    Count(u64),
    /// `int`
    Int(i64),
    /// `double`
    Double(f64),
    /// `time`: seconds since the Unix epoch.
    Time(f64),
    /// `interval`: seconds.
    Interval(f64),
    /// `string`
    String(&'m [u8]),
    /// `pattern`: the expression for whole strings, and that for parts.
    Pattern(&'m [u8], &'m [u8]),
    /// `enum`
    Enum(&'m str),
    /// `port`
    Port(Port),
    /// `addr`
    Addr(IpAddr),
    /// `subnet`
    Subnet(Subnet),
    /// `set`; whether elements are there twice was not checked.
    Set(ValueList<'m>),
    /// `table`: as many keys as values; whether keys are there twice was not checked.
    Table(ValueList<'m>, ValueList<'m>),
    /// `record`
    Record(RecordView<'m>),
    /// `vector`
    Vector(ValueList<'m>),
    /// A composite index.
    List(ValueList<'m>),
    /// `function`, `event` or `hook`: its name, and what it captured if it is a closure.
    Function(&'m str, Option<ValueList<'m>>),
    /// `opaque`: its type, and its data.
    Opaque(&'m str, ValueView<'m>),
    /// A value whose declared type is `any`.
    Any(ValueView<'m>),
}

/// A record inside a payload.
#[derive(Clone, Copy)]
pub struct RecordView<'m> {
    fields: ValueList<'m>,
    names: text_list::Reader<'m>,
    type_name: &'m str,
}

impl<'m> RecordView<'m> {
    /// The fields' values.
    #[must_use]
    pub const fn fields(&self) -> ValueList<'m> {
        self.fields
    }

    /// The fields' names: as many as fields, or none.
    #[must_use]
    pub const fn names(&self) -> FieldNames<'m> {
        FieldNames(self.names)
    }

    /// The fully qualified name of the record's type; empty when the sender left it out.
    #[must_use]
    pub const fn type_name(&self) -> &'m str {
        self.type_name
    }

    /// Whether the fields' names are there.
    #[must_use]
    pub fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// The name of the field at `index`, if names are there.
    ///
    /// # Errors
    /// [`DecodeError`] when the name is damaged.
    pub fn name(&self, index: usize) -> Result<Option<&'m str>, DecodeError> {
        self.names().get(index)
    }
}

/// The names of a record's fields inside a payload.
#[derive(Clone, Copy)]
pub struct FieldNames<'m>(text_list::Reader<'m>);

impl<'m> FieldNames<'m> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len() as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at `index`, if there are as many.
    ///
    /// # Errors
    /// [`DecodeError`] when the name is damaged.
    pub fn get(&self, index: usize) -> Result<Option<&'m str>, DecodeError> {
        match u32::try_from(index) {
            Ok(index) if index < self.0.len() => text(self.0.get(index)).map(Some),
            _ => Ok(None),
        }
    }
}

impl<'m> ValueView<'m> {
    /// Of a set or table: whether the order of its elements means something. [`Value`] does not
    /// keep that: to it, sets and tables are equal whatever their order, which it leaves as it
    /// came.
    ///
    /// [`Value`]: zeekwire_types::Value
    #[inline]
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.0.get_ordered()
    }

    /// Looks at the value's type.
    ///
    /// # Errors
    /// [`DecodeError`] when the value is damaged, or of a type that only newer versions know.
    #[inline]
    pub fn read(&self) -> Result<ValueRef<'m>, DecodeError> {
        use schema::value::Which;
        Ok(match self.0.which().map_err(newer)? {
            Which::Unset(()) => ValueRef::Unset,
            Which::Bool(x) => ValueRef::Bool(x),
            Which::Count(x) => ValueRef::Count(x),
            Which::Int(x) => ValueRef::Int(x),
            Which::Double(x) => ValueRef::Double(x),
            Which::Time(x) => ValueRef::Time(x),
            Which::Interval(x) => ValueRef::Interval(x),
            Which::String(x) => ValueRef::String(x.map_err(malformed)?),
            Which::Pattern(x) => {
                let x = x.map_err(malformed)?;
                let exact = x.get_exact().map_err(malformed)?;
                ValueRef::Pattern(exact, x.get_anywhere().map_err(malformed)?)
            }
            Which::Enum(x) => ValueRef::Enum(text(x)?),
            Which::Port(x) => {
                let protocol = protocol(x.get_protocol().map_err(newer)?);
                ValueRef::Port(Port {
                    number: x.get_number(),
                    protocol,
                })
            }
            Which::Addr(x) => ValueRef::Addr(address(x.map_err(malformed)?)?.to_canonical()),
            Which::Subnet(x) => {
                let bytes = x.get_address().map_err(malformed)?;
                ValueRef::Subnet(subnet(address(bytes)?, x.get_length())?)
            }
            Which::Set(x) => ValueRef::Set(ValueList(x.map_err(malformed)?)),
            Which::Vector(x) => ValueRef::Vector(ValueList(x.map_err(malformed)?)),
            Which::List(x) => ValueRef::List(ValueList(x.map_err(malformed)?)),
            Which::Table(x) => table(x.map_err(malformed)?)?,
            Which::Record(x) => record(x.map_err(malformed)?)?,
            Which::Function(x) => function(x.map_err(malformed)?)?,
            Which::Opaque(x) => {
                let x = x.map_err(malformed)?;
                let data = x.get_data().map_err(malformed)?;
                ValueRef::Opaque(text(x.get_type_id())?, ValueView(data))
            }
            Which::Any(x) => ValueRef::Any(ValueView(x.map_err(malformed)?)),
        })
    }
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $variant:ident => $target:ty;)*) => {
        impl<'m> ValueView<'m> {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// [`Fault::WrongType`] when it is another, and whatever [`ValueView::read`] finds.
            #[inline]
            pub fn $name(&self) -> Result<$target, DecodeError> {
                match self.read()? {
                    ValueRef::$variant(x) => Ok(x),
                    other => Err(wrong_type($expected, &other)),
                }
            }
        )*}
    };
}

accessors! {
    /// The value as a `bool`.
    as_bool: "bool", Bool => bool;
    /// The value as a `count`.
    as_count: "count", Count => u64;
    /// The value as an `int`.
    as_int: "int", Int => i64;
    /// The value as a `double`.
    as_double: "double", Double => f64;
    /// The value as a `time`: seconds since the Unix epoch.
    as_time: "time", Time => f64;
    /// The value as an `interval`: seconds.
    as_interval: "interval", Interval => f64;
    /// The bytes of a `string`.
    as_string: "string", String => &'m [u8];
    /// The fully qualified name of an `enum`.
    as_enum: "enum", Enum => &'m str;
    /// The value as a `port`.
    as_port: "port", Port => Port;
    /// The value as an `addr`.
    as_addr: "addr", Addr => IpAddr;
    /// The value as a `subnet`.
    as_subnet: "subnet", Subnet => Subnet;
    /// The elements of a `set`.
    as_set: "set", Set => ValueList<'m>;
    /// The elements of a `vector`.
    as_vector: "vector", Vector => ValueList<'m>;
    /// The value as a `record`.
    as_record: "record", Record => RecordView<'m>;
}

impl ValueRef<'_> {
    /// The name of the value's type, as error messages use it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Bool(_) => "bool",
            Self::Count(_) => "count",
            Self::Int(_) => "int",
            Self::Double(_) => "double",
            Self::Time(_) => "time",
            Self::Interval(_) => "interval",
            Self::String(_) => "string",
            Self::Pattern(..) => "pattern",
            Self::Enum(_) => "enum",
            Self::Port(_) => "port",
            Self::Addr(_) => "addr",
            Self::Subnet(_) => "subnet",
            Self::Set(_) => "set",
            Self::Table(..) => "table",
            Self::Record(_) => "record",
            Self::Vector(_) => "vector",
            Self::List(_) => "list",
            Self::Function(..) => "function",
            Self::Opaque(..) => "opaque",
            Self::Any(_) => "any",
        }
    }
}

fn table(table: schema::table::Reader<'_>) -> Result<ValueRef<'_>, DecodeError> {
    let keys = ValueList(table.get_keys().map_err(malformed)?);
    let values = ValueList(table.get_values().map_err(malformed)?);
    if keys.len() == values.len() {
        Ok(ValueRef::Table(keys, values))
    } else {
        Err(fault(Fault::TableLengths))
    }
}

fn record(record: schema::record::Reader<'_>) -> Result<ValueRef<'_>, DecodeError> {
    let fields = ValueList(record.get_fields().map_err(malformed)?);
    let names = record.get_names().map_err(malformed)?;
    if !names.is_empty() && names.len() as usize != fields.len() {
        return Err(fault(Fault::NameCount));
    }
    let type_name = match record.has_type_name() {
        true => text(record.get_type_name())?,
        false => "",
    };
    Ok(ValueRef::Record(RecordView {
        fields,
        names,
        type_name,
    }))
}

fn function(function: schema::function::Reader<'_>) -> Result<ValueRef<'_>, DecodeError> {
    let captures = match function.get_is_closure() {
        true => Some(ValueList(function.get_captures().map_err(malformed)?)),
        false => None,
    };
    Ok(ValueRef::Function(text(function.get_name())?, captures))
}

fn address(bytes: &[u8]) -> Result<IpAddr, DecodeError> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Ok(v4.into());
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(v6) => Ok(v6.into()),
        Err(_) => Err(fault(Fault::AddressLength(bytes.len()))),
    }
}

/// A subnet as it was sent, host bits included.
fn subnet(address: IpAddr, length: u8) -> Result<Subnet, DecodeError> {
    let (bytes, mapped_bits, bits): (Ipv6Addr, u8, u8) = match address {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 96, 32),
        IpAddr::V6(v6) => (v6, 0, 128),
    };
    let too_long = zeekwire_types::value::SubnetError::TooLong(length);
    if length > bits {
        return Err(fault(Fault::Subnet(too_long)));
    }
    Subnet::from_raw(bytes.octets(), length + mapped_bits).map_err(|e| fault(Fault::Subnet(e)))
}

const fn protocol(protocol: schema::PortProtocol) -> PortProtocol {
    match protocol {
        schema::PortProtocol::Unknown => PortProtocol::Unknown,
        schema::PortProtocol::Tcp => PortProtocol::Tcp,
        schema::PortProtocol::Udp => PortProtocol::Udp,
        schema::PortProtocol::Icmp => PortProtocol::Icmp,
    }
}

fn text(text: capnp::Result<capnp::text::Reader<'_>>) -> Result<&str, DecodeError> {
    text.map_err(malformed)?
        .to_str()
        .map_err(|_| fault(Fault::NotUtf8))
}

#[cold]
fn wrong_type(expected: &'static str, found: &ValueRef<'_>) -> DecodeError {
    fault(Fault::WrongType {
        expected,
        found: found.type_name(),
    })
}

#[cold]
fn newer(_unknown: NotInSchema) -> DecodeError {
    fault(Fault::Newer)
}

/// What the library's error means here.
#[cold]
fn malformed(error: capnp::Error) -> DecodeError {
    fault(match error.kind {
        ErrorKind::MessageEndsPrematurely(..)
        | ErrorKind::MessageTooLarge(_)
        | ErrorKind::PrematureEndOfFile
        | ErrorKind::FailedToFillTheWholeBuffer
        | ErrorKind::BufferNotLargeEnough
        | ErrorKind::EmptyBuffer
        | ErrorKind::EmptySlice => Fault::Truncated,
        ErrorKind::InvalidNumberOfSegments(_) => Fault::TooManySegments,
        ErrorKind::InvalidSegmentId(_) | ErrorKind::MessageContainsOutOfBoundsPointer => {
            Fault::OutOfBounds
        }
        ErrorKind::ReadLimitExceeded => Fault::Amplified,
        ErrorKind::NestingLimitExceeded
        | ErrorKind::MessageIsTooDeeplyNested
        | ErrorKind::MessageIsTooDeeplyNestedOrContainsCycles => Fault::TooDeep,
        ErrorKind::EnumValueOrUnionDiscriminantNotPresent(_) => Fault::Newer,
        ErrorKind::TextContainsNonUtf8Data(_) => Fault::NotUtf8,
        ErrorKind::UnalignedSegment | ErrorKind::MessageNotAlignedBy8BytesBoundary => {
            Fault::Misaligned
        }
        _ => Fault::BadPointer,
    })
}

pub(super) fn fault(fault: Fault) -> DecodeError {
    DecodeError::new(NAME, fault)
}
