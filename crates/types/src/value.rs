//! Values of every type that Zeek scripts know.

mod construction;
mod equality;
mod extraction;
mod net;
mod parsing;
mod rendering;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub use construction::DuplicateError;
pub use equality::first_duplicate;
pub use extraction::{Extract, ExtractAll, ExtractError, Part};
pub use net::{Port, PortError, PortProtocol, Subnet, SubnetError};
pub use parsing::{ParseError, Problem};

/// A value of a Zeek type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: an unset record field, or a hole in a vector.
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
    /// `string`: any bytes.
    String(Vec<u8>),
    /// `pattern`
    Pattern(Pattern),
    /// `enum`: the fully qualified name, `Notice::Tally`.
    Enum(String),
    /// `port`
    Port(Port),
    /// `addr`. An IPv4-mapped IPv6 address is the IPv4 address.
    Addr(IpAddr),
    /// `subnet`
    Subnet(Subnet),
    /// `set`: elements in the order of arrival, none twice. A composite element is a
    /// [`Value::List`].
    Set(Vec<Self>),
    /// `table`: entries in the order of arrival, no key twice. A composite key is a
    /// [`Value::List`].
    Table(Vec<(Self, Self)>),
    /// `record`
    Record(Record),
    /// `vector`; holes are [`Value::Unset`].
    Vector(Vec<Self>),
    /// A list of values: composite indices.
    List(Vec<Self>),
    /// `function`, `event` or `hook`, by name.
    Function(Function),
    /// `opaque`
    Opaque(Opaque),
    /// A value whose declared type is `any`.
    Any(Box<Self>),
}

/// A pattern as Zeek sends it: the two regular expressions that it compiles.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Pattern {
    /// Matches a whole string.
    pub exact: Vec<u8>,
    /// Matches anywhere in a string.
    pub anywhere: Vec<u8>,
}

/// A record: one value per field, in the order of its declaration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The fields' values; [`Value::Unset`] where a field has none.
    pub fields: Vec<Value>,
    /// The fields' names: as many as fields, or none when the sender left them out.
    pub names: Vec<String>,
}

/// A function by name, with the values that a lambda captured.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    /// The fully qualified name.
    pub name: String,
    /// Captured values; `None` for a function that is not a closure.
    pub captures: Option<Vec<Value>>,
}

/// A value of an opaque type, in the form in which its own code wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opaque {
    /// Names the type, such as `CardinalityVal`.
    pub type_id: String,
    /// What the type's own serialization made of the value.
    pub data: Box<Value>,
}
