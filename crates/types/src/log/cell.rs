//! Borrowed values.

use std::fmt;
use std::net::IpAddr;

use super::{LogType, LogValue};
use crate::value::{Port, Subnet};

/// The value of one field in one row, borrowed. Small and `Copy`.
///
/// Two cells are equal when their types and bits are: a NaN equals the same NaN, and `0.0` is not
/// `-0.0`. The elements of sets and vectors count in their order.
// The numbers are those of `LogType`, so that telling a cell's type is reading a byte.
#[derive(Clone, Copy)]
#[non_exhaustive]
#[repr(u8)]
pub enum Cell<'a> {
    /// Nothing: the field has no value, or the vector has a hole here.
    Unset = 0,
    /// `bool`
    Bool(bool) = 1,
    /// `int`
    Int(i64) = 2,
    /// `count`
    Count(u64) = 3,
    /// `double`
    Double(f64) = 4,
    /// `time`: seconds since the Unix epoch.
    Time(f64) = 5,
    /// `interval`: seconds.
    Interval(f64) = 6,
    /// `string`: any bytes.
    String(&'a [u8]) = 7,
    /// `enum`: the fully qualified name. Bytes, because nothing that carries rows looks into it.
    Enum(&'a [u8]) = 9,
    /// `port`
    Port(Port) = 10,
    /// `addr`. An IPv4-mapped IPv6 address counts as the IPv4 address.
    Addr(IpAddr) = 11,
    /// `subnet`
    Subnet(Subnet) = 12,
    /// `set`
    Set(Elements<'a>) = 14,
    /// `func`: as Zeek prints it.
    Function(&'a [u8]) = 17,
    /// `file`: its name.
    File(&'a [u8]) = 18,
    /// `vector`; holes are [`Cell::Unset`].
    Vector(Elements<'a>) = 19,
}

impl<'a> Cell<'a> {
    /// The cell's type; `None` for [`Cell::Unset`].
    #[must_use]
    #[inline]
    pub const fn kind(&self) -> Option<LogType> {
        Some(match self {
            Self::Unset => return None,
            Self::Bool(_) => LogType::Bool,
            Self::Int(_) => LogType::Int,
            Self::Count(_) => LogType::Count,
            Self::Double(_) => LogType::Double,
            Self::Time(_) => LogType::Time,
            Self::Interval(_) => LogType::Interval,
            Self::String(_) => LogType::String,
            Self::Enum(_) => LogType::Enum,
            Self::Port(_) => LogType::Port,
            Self::Addr(_) => LogType::Addr,
            Self::Subnet(_) => LogType::Subnet,
            Self::Set(_) => LogType::Set,
            Self::Function(_) => LogType::Function,
            Self::File(_) => LogType::File,
            Self::Vector(_) => LogType::Vector,
        })
    }

    /// The number of the cell's type; 0 for [`Cell::Unset`].
    #[must_use]
    #[inline]
    pub const fn type_number(&self) -> u8 {
        match self {
            Self::Unset => 0,
            Self::Bool(_) => LogType::Bool as u8,
            Self::Int(_) => LogType::Int as u8,
            Self::Count(_) => LogType::Count as u8,
            Self::Double(_) => LogType::Double as u8,
            Self::Time(_) => LogType::Time as u8,
            Self::Interval(_) => LogType::Interval as u8,
            Self::String(_) => LogType::String as u8,
            Self::Enum(_) => LogType::Enum as u8,
            Self::Port(_) => LogType::Port as u8,
            Self::Addr(_) => LogType::Addr as u8,
            Self::Subnet(_) => LogType::Subnet as u8,
            Self::Set(_) => LogType::Set as u8,
            Self::Function(_) => LogType::Function as u8,
            Self::File(_) => LogType::File as u8,
            Self::Vector(_) => LogType::Vector as u8,
        }
    }

    /// The eight bytes of an `int`, `count`, `double`, `time` or `interval`; 0 for other types.
    #[must_use]
    #[inline]
    pub const fn word(&self) -> u64 {
        match self {
            Self::Int(x) => x.cast_unsigned(),
            Self::Count(x) => *x,
            Self::Double(x) | Self::Time(x) | Self::Interval(x) => x.to_bits(),
            _ => 0,
        }
    }

    /// Whether there is no value.
    #[must_use]
    #[inline]
    pub const fn is_unset(&self) -> bool {
        matches!(self, Self::Unset)
    }

    /// The elements of a set or vector.
    #[must_use]
    #[inline]
    pub const fn elements(&self) -> Option<Elements<'a>> {
        match self {
            Self::Set(elements) | Self::Vector(elements) => Some(*elements),
            _ => None,
        }
    }

    /// The bytes of a string, enum, function or file.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::String(bytes) | Self::Enum(bytes) | Self::Function(bytes) | Self::File(bytes) => {
                Some(bytes)
            }
            _ => None,
        }
    }

    /// The value, copied.
    #[must_use]
    pub fn to_value(&self) -> LogValue {
        LogValue::from(*self)
    }
}

impl PartialEq for Cell<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unset, Self::Unset) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Count(a), Self::Count(b)) => a == b,
            (Self::Double(a), Self::Double(b))
            | (Self::Time(a), Self::Time(b))
            | (Self::Interval(a), Self::Interval(b)) => a.to_bits() == b.to_bits(),
            (Self::String(a), Self::String(b))
            | (Self::Enum(a), Self::Enum(b))
            | (Self::Function(a), Self::Function(b))
            | (Self::File(a), Self::File(b)) => a == b,
            (Self::Port(a), Self::Port(b)) => a == b,
            (Self::Addr(a), Self::Addr(b)) => a.to_canonical() == b.to_canonical(),
            (Self::Subnet(a), Self::Subnet(b)) => a == b,
            (Self::Set(a), Self::Set(b)) | (Self::Vector(a), Self::Vector(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Cell<'_> {}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |f: &mut fmt::Formatter<'_>, name, bytes: &[u8]| {
            write!(f, "{name}(\"{}\")", bytes.escape_ascii())
        };
        match self {
            Self::Unset => f.write_str("Unset"),
            Self::Bool(x) => write!(f, "Bool({x})"),
            Self::Int(x) => write!(f, "Int({x})"),
            Self::Count(x) => write!(f, "Count({x})"),
            Self::Double(x) => write!(f, "Double({x:?})"),
            Self::Time(x) => write!(f, "Time({x:?})"),
            Self::Interval(x) => write!(f, "Interval({x:?})"),
            Self::String(x) => text(f, "String", x),
            Self::Enum(x) => text(f, "Enum", x),
            Self::Port(x) => write!(f, "Port({x})"),
            Self::Addr(x) => write!(f, "Addr({x})"),
            Self::Subnet(x) => write!(f, "Subnet({x})"),
            Self::Set(x) => write!(f, "Set({x:?})"),
            Self::Function(x) => text(f, "Function", x),
            Self::File(x) => text(f, "File", x),
            Self::Vector(x) => write!(f, "Vector({x:?})"),
        }
    }
}

/// Where the elements of a set or vector lie.
///
/// A cursor is whatever the source makes of it: an index, or a place in bytes.
pub trait ElementSource {
    /// The element at `cursor`, which moves on to the next one. Past the last element, any cell.
    fn element<'a>(&'a self, cursor: &mut u32) -> Cell<'a>;
}

/// The elements of a set or vector, borrowed: of one scalar type, or unset.
#[derive(Clone, Copy)]
pub struct Elements<'a> {
    source: &'a (dyn ElementSource + 'a),
    first: u32,
    count: u32,
}

impl<'a> Elements<'a> {
    /// No elements.
    pub const EMPTY: Self = Self::of(&NoElements, 0, 0);

    /// `count` elements of `source`, from the one at cursor `first`.
    #[must_use]
    #[inline]
    pub const fn of(source: &'a (dyn ElementSource + 'a), first: u32, count: u32) -> Self {
        Self {
            source,
            first,
            count,
        }
    }

    /// All of a vector, or of an array of cells.
    ///
    /// # Panics
    /// When there are 2³² elements or more.
    #[must_use]
    pub fn all<T: ElementSource + AsRef<[E]>, E>(source: &'a T) -> Self {
        let count = u32::try_from(source.as_ref().len()).expect("a row is far smaller");
        Self::of(source, 0, count)
    }

    /// How many elements there are.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The elements, in their order.
    #[must_use]
    #[inline]
    pub const fn iter(&self) -> ElementsIter<'a> {
        ElementsIter { rest: *self }
    }
}

impl<'a> IntoIterator for Elements<'a> {
    type Item = Cell<'a>;
    type IntoIter = ElementsIter<'a>;

    #[inline]
    fn into_iter(self) -> ElementsIter<'a> {
        self.iter()
    }
}

impl PartialEq for Elements<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.iter().eq(other.iter())
    }
}

impl Eq for Elements<'_> {}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The elements that are left.
#[derive(Clone, Copy, Debug)]
pub struct ElementsIter<'a> {
    rest: Elements<'a>,
}

impl<'a> Iterator for ElementsIter<'a> {
    type Item = Cell<'a>;

    #[inline]
    fn next(&mut self) -> Option<Cell<'a>> {
        self.rest.count = self.rest.count.checked_sub(1)?;
        Some(self.rest.source.element(&mut self.rest.first))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest.len(), Some(self.rest.len()))
    }
}

impl ExactSizeIterator for ElementsIter<'_> {}

/// The source of nothing.
struct NoElements;

impl ElementSource for NoElements {
    fn element<'a>(&'a self, _: &mut u32) -> Cell<'a> {
        Cell::Unset
    }
}

impl ElementSource for Vec<Cell<'_>> {
    fn element<'a>(&'a self, cursor: &mut u32) -> Cell<'a> {
        indexed(self, cursor).copied().unwrap_or(Cell::Unset)
    }
}

impl<const N: usize> ElementSource for [Cell<'_>; N] {
    fn element<'a>(&'a self, cursor: &mut u32) -> Cell<'a> {
        indexed(self, cursor).copied().unwrap_or(Cell::Unset)
    }
}

impl ElementSource for &[Cell<'_>] {
    fn element<'a>(&'a self, cursor: &mut u32) -> Cell<'a> {
        indexed(self, cursor).copied().unwrap_or(Cell::Unset)
    }
}

impl ElementSource for Vec<LogValue> {
    fn element<'a>(&'a self, cursor: &mut u32) -> Cell<'a> {
        indexed(self, cursor).map_or(Cell::Unset, LogValue::as_cell)
    }
}

#[inline]
fn indexed<'a, T>(items: &'a [T], cursor: &mut u32) -> Option<&'a T> {
    let item = items.get(*cursor as usize);
    *cursor = cursor.wrapping_add(1);
    item
}
