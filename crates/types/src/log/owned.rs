//! Owned values, for those who keep rows.

use std::fmt;
use std::net::IpAddr;

use super::{Cell, Elements};
use crate::value::{Port, Subnet};

/// An owned row: one value per field.
pub type LogRow = Vec<LogValue>;

/// The value of one field in one row, owned. Equal as [`Cell`]s are.
#[derive(Clone)]
#[non_exhaustive]
pub enum LogValue {
    /// Nothing.
    Unset,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `count`
    Count(u64),
    /// `double`
    Double(f64),
    /// `time`: seconds since the Unix epoch.
    Time(f64),
    /// `interval`: seconds.
    Interval(f64),
    /// `string`
    String(Vec<u8>),
    /// `enum`: the fully qualified name.
    Enum(Vec<u8>),
    /// `port`
    Port(Port),
    /// `addr`
    Addr(IpAddr),
    /// `subnet`
    Subnet(Subnet),
    /// `set`
    Set(Vec<Self>),
    /// `func`
    Function(Vec<u8>),
    /// `file`
    File(Vec<u8>),
    /// `vector`
    Vector(Vec<Self>),
}

impl LogValue {
    /// The value, borrowed.
    ///
    /// # Panics
    /// When a set or vector has 2³² elements or more.
    #[must_use]
    #[inline]
    pub fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Unset => Cell::Unset,
            Self::Bool(x) => Cell::Bool(*x),
            Self::Int(x) => Cell::Int(*x),
            Self::Count(x) => Cell::Count(*x),
            Self::Double(x) => Cell::Double(*x),
            Self::Time(x) => Cell::Time(*x),
            Self::Interval(x) => Cell::Interval(*x),
            Self::String(x) => Cell::String(x),
            Self::Enum(x) => Cell::Enum(x),
            Self::Port(x) => Cell::Port(*x),
            Self::Addr(x) => Cell::Addr(*x),
            Self::Subnet(x) => Cell::Subnet(*x),
            Self::Set(x) => Cell::Set(Elements::all(x)),
            Self::Function(x) => Cell::Function(x),
            Self::File(x) => Cell::File(x),
            Self::Vector(x) => Cell::Vector(Elements::all(x)),
        }
    }

    /// A row, borrowed.
    pub fn cells(row: &[Self]) -> Vec<Cell<'_>> {
        row.iter().map(Self::as_cell).collect()
    }
}

impl From<Cell<'_>> for LogValue {
    fn from(cell: Cell<'_>) -> Self {
        let all = |elements: Elements<'_>| elements.iter().map(Self::from).collect();
        match cell {
            Cell::Unset => Self::Unset,
            Cell::Bool(x) => Self::Bool(x),
            Cell::Int(x) => Self::Int(x),
            Cell::Count(x) => Self::Count(x),
            Cell::Double(x) => Self::Double(x),
            Cell::Time(x) => Self::Time(x),
            Cell::Interval(x) => Self::Interval(x),
            Cell::String(x) => Self::String(x.to_vec()),
            Cell::Enum(x) => Self::Enum(x.to_vec()),
            Cell::Port(x) => Self::Port(x),
            Cell::Addr(x) => Self::Addr(x),
            Cell::Subnet(x) => Self::Subnet(x),
            Cell::Set(x) => Self::Set(all(x)),
            Cell::Function(x) => Self::Function(x.to_vec()),
            Cell::File(x) => Self::File(x.to_vec()),
            Cell::Vector(x) => Self::Vector(all(x)),
        }
    }
}

impl PartialEq for LogValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_cell() == other.as_cell()
    }
}

impl Eq for LogValue {}

impl fmt::Debug for LogValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_cell().fmt(f)
    }
}
