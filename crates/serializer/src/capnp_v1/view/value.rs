//! Values in a payload, and looking at what they are.

use std::net::{IpAddr, Ipv6Addr};

use zeekwire_types::value::{Port, PortProtocol, Subnet};

use super::super::layout::{BOOL_BIT, MEMBER, ORDERED, PROTOCOL_BIT, member};
use super::super::reader::Struct;
use super::{FieldNames, ValueList, fault};
use crate::{DecodeError, Fault};

/// A value inside a payload, of a type not looked at yet.
#[derive(Clone, Copy)]
pub struct ValueView<'m>(pub(super) Struct<'m>);

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
    names: FieldNames<'m>,
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
        self.names
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
        self.names.get(index)
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
        self.0.first() & ORDERED != 0
    }

    /// Looks at the value's type.
    ///
    /// # Errors
    /// [`DecodeError`] when the value is damaged, or of a type that only newer versions know.
    #[inline]
    pub fn read(&self) -> Result<ValueRef<'m>, DecodeError> {
        let value = &self.0;
        let first = value.first();
        let real = || f64::from_bits(value.word(1));
        Ok(match first & MEMBER {
            member::UNSET => ValueRef::Unset,
            member::BOOL => ValueRef::Bool((first >> BOOL_BIT) & 1 != 0),
            member::COUNT => ValueRef::Count(value.word(1)),
            member::INT => ValueRef::Int(value.word(1).cast_signed()),
            member::DOUBLE => ValueRef::Double(real()),
            member::TIME => ValueRef::Time(real()),
            member::INTERVAL => ValueRef::Interval(real()),
            member::STRING => ValueRef::String(value.data(0)?),
            member::ENUM => ValueRef::Enum(value.text(0)?),
            member::PORT => ValueRef::Port(port(value.word(1)).ok_or_else(newer)?),
            member::ADDR => ValueRef::Addr(address(value.data(0)?)?.to_canonical()),
            member::SET => ValueRef::Set(list(value, 0)?),
            member::VECTOR => ValueRef::Vector(list(value, 0)?),
            member::LIST => ValueRef::List(list(value, 0)?),
            member => rare(value, member)?,
        })
    }

    /// Hands a value to `visitor` if it is of a simple type, and laid out as this version of the
    /// schema has it, and there is nothing wrong with it: most are. `None` is not an answer, but a
    /// case for [`read`](Self::read).
    ///
    /// Once inlined, this calls nothing, and nothing asks for the type again.
    #[inline(always)]
    pub fn visit_plain<V: ValueVisitor<'m>>(&self, visitor: V) -> Option<V::Output> {
        let value = self.0.plain()?;
        let real = f64::from_bits(value.second);
        Some(match value.first & MEMBER {
            member::UNSET => visitor.visit(ValueRef::Unset),
            member::BOOL => visitor.visit(ValueRef::Bool((value.first >> BOOL_BIT) & 1 != 0)),
            member::COUNT => visitor.visit(ValueRef::Count(value.second)),
            member::INT => visitor.visit(ValueRef::Int(value.second.cast_signed())),
            member::DOUBLE => visitor.visit(ValueRef::Double(real)),
            member::TIME => visitor.visit(ValueRef::Time(real)),
            member::INTERVAL => visitor.visit(ValueRef::Interval(real)),
            member::PORT => visitor.visit(ValueRef::Port(port(value.second)?)),
            member::STRING => visitor.visit(ValueRef::String(value.data()?)),
            member::ENUM => visitor.visit(ValueRef::Enum(value.name()?)),
            member::ADDR => visitor.visit(ValueRef::Addr(value.octets()?.into())),
            _ => return None,
        })
    }
}

/// Is given a value by [`ValueView::visit_plain`].
pub trait ValueVisitor<'m> {
    /// What it makes of a value.
    type Output;

    /// Takes the value. Should be inlined where it is called, with a type that is known there.
    fn visit(self, value: ValueRef<'m>) -> Self::Output;
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

/// A value of one of the other types.
#[inline(never)]
fn rare<'m>(value: &Struct<'m>, member: u64) -> Result<ValueRef<'m>, DecodeError> {
    Ok(match member {
        member::SUBNET => {
            let [length, ..] = value.word(1).to_le_bytes();
            ValueRef::Subnet(subnet(address(value.data(0)?)?, length)?)
        }
        member::PATTERN => {
            let pattern = value.structure(0)?;
            ValueRef::Pattern(pattern.data(0)?, pattern.data(1)?)
        }
        member::TABLE => table(value.structure(0)?)?,
        member::RECORD => ValueRef::Record(record(value.structure(0)?)?),
        member::FUNCTION => function(value.structure(0)?)?,
        member::OPAQUE => {
            let opaque = value.structure(0)?;
            let data = ValueView(opaque.structure(1)?);
            ValueRef::Opaque(opaque.text(0)?, data)
        }
        member::ANY => ValueRef::Any(ValueView(value.structure(0)?)),
        _ => return Err(newer()),
    })
}

/// The values behind a pointer.
#[inline(never)]
fn list<'m>(of: &Struct<'m>, pointer: u16) -> Result<ValueList<'m>, DecodeError> {
    Ok(ValueList(of.structs(pointer)?))
}

fn table(table: Struct<'_>) -> Result<ValueRef<'_>, DecodeError> {
    let keys = list(&table, 0)?;
    let values = list(&table, 1)?;
    if keys.len() == values.len() {
        Ok(ValueRef::Table(keys, values))
    } else {
        Err(fault(Fault::TableLengths))
    }
}

fn record(record: Struct<'_>) -> Result<RecordView<'_>, DecodeError> {
    let fields = list(&record, 0)?;
    let names = FieldNames(record.texts(1)?);
    if !names.is_empty() && names.len() != fields.len() {
        return Err(fault(Fault::NameCount));
    }
    Ok(RecordView {
        fields,
        names,
        type_name: record.text(2)?,
    })
}

fn function(function: Struct<'_>) -> Result<ValueRef<'_>, DecodeError> {
    let captures = match function.word(0) & 1 != 0 {
        true => Some(list(&function, 1)?),
        false => None,
    };
    Ok(ValueRef::Function(function.text(0)?, captures))
}

/// A port out of a value's data word; `None` if its protocol is a newer one.
#[inline]
fn port(data: u64) -> Option<Port> {
    let [a, b, ..] = data.to_le_bytes();
    let [protocol, beyond, ..] = (data >> PROTOCOL_BIT).to_le_bytes();
    let protocol = PortProtocol::from_number(protocol).filter(|_| beyond == 0)?;
    Some(Port::new(u16::from_le_bytes([a, b]), protocol))
}

#[inline]
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

#[cold]
fn wrong_type(expected: &'static str, found: &ValueRef<'_>) -> DecodeError {
    fault(Fault::WrongType {
        expected,
        found: found.type_name(),
    })
}

#[cold]
fn newer() -> DecodeError {
    fault(Fault::Newer)
}
