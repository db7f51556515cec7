//! Values from Rust's own types.
//!
//! Signed integers become `int`, unsigned ones `count`; text and bytes become `string`, sequences
//! become `vector`, and `None` becomes an unset value. An integer literal without a suffix is an
//! `i32` in Rust, hence an `int`: write `5_u64` or [`Value::Count`] for a `count`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Function, Opaque, Pattern, Port, Record, Subnet, Value, first_duplicate};
use crate::limits::VALUE_DEPTH_MAX;

impl Value {
    /// A `string` of any bytes.
    pub fn string(bytes: impl Into<Vec<u8>>) -> Self {
        Self::String(bytes.into())
    }

    /// An `enum` by its fully qualified name.
    pub fn enumeration(name: impl Into<String>) -> Self {
        Self::Enum(name.into())
    }

    /// A `set`.
    ///
    /// # Errors
    /// [`DuplicateError`] when an element is there twice.
    pub fn set<T: Into<Self>>(
        elements: impl IntoIterator<Item = T>,
    ) -> Result<Self, DuplicateError> {
        let elements: Vec<Self> = elements.into_iter().map(Into::into).collect();
        match first_duplicate(&elements) {
            Some(index) => Err(DuplicateError { index }),
            None => Ok(Self::Set(elements)),
        }
    }

    /// A `table`. A composite key is a [`Value::List`].
    ///
    /// # Errors
    /// [`DuplicateError`] when a key is there twice.
    pub fn table<K: Into<Self>, V: Into<Self>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, DuplicateError> {
        let entries: Vec<(Self, Self)> = entries
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        match first_duplicate(entries.iter().map(|(key, _)| key)) {
            Some(index) => Err(DuplicateError { index }),
            None => Ok(Self::Table(entries)),
        }
    }

    /// A `record` with named fields, in the order of its declaration.
    ///
    /// ```
    /// use zeekwire_types::Value;
    ///
    /// let id = Value::record([("host", "a".into()), ("count", Value::Count(3))]);
    /// assert_eq!(id.to_string(), "[host=a, count=3]");
    /// ```
    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let (names, fields) = fields
            .into_iter()
            .map(|(name, field)| (name.into(), field))
            .unzip();
        Self::Record(Record { fields, names })
    }

    /// A `record` without field names.
    pub fn record_unnamed(fields: impl IntoIterator<Item = Self>) -> Self {
        Self::Record(Record {
            fields: fields.into_iter().collect(),
            names: Vec::new(),
        })
    }

    /// A `vector`.
    pub fn vector<T: Into<Self>>(elements: impl IntoIterator<Item = T>) -> Self {
        Self::Vector(elements.into_iter().map(Into::into).collect())
    }

    /// A list of values: a composite index.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A value whose declared type is `any`.
    pub fn any(value: impl Into<Self>) -> Self {
        Self::Any(Box::new(value.into()))
    }

    /// The pattern that Zeek makes of `/text/`.
    #[must_use]
    pub fn pattern(text: &str) -> Self {
        let exact = format!("^?({text})$?").into_bytes();
        Self::Pattern(Pattern {
            exact,
            anywhere: format!("^?(.|\\n)*({text})").into_bytes(),
        })
    }

    /// A `function`, `event` or `hook` by its fully qualified name.
    pub fn function(name: impl Into<String>) -> Self {
        Self::Function(Function {
            name: name.into(),
            captures: None,
        })
    }

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
            Self::Pattern(_) => "pattern",
            Self::Enum(_) => "enum",
            Self::Port(_) => "port",
            Self::Addr(_) => "addr",
            Self::Subnet(_) => "subnet",
            Self::Set(_) => "set",
            Self::Table(_) => "table",
            Self::Record(_) => "record",
            Self::Vector(_) => "vector",
            Self::List(_) => "list",
            Self::Function(_) => "function",
            Self::Opaque(_) => "opaque",
            Self::Any(_) => "any",
        }
    }

    /// Whether values are nested at most [`VALUE_DEPTH_MAX`] deep, which all formats demand.
    ///
    /// A scalar has depth 0. Containers, patterns, functions, opaque values and `any` are one
    /// deeper than the deepest value inside.
    #[must_use]
    pub fn is_depth_allowed(&self) -> bool {
        self.is_within(VALUE_DEPTH_MAX)
    }

    fn is_within(&self, levels: usize) -> bool {
        let all = |inside: &[Self]| match levels.checked_sub(1) {
            Some(levels) => inside.iter().all(|value| value.is_within(levels)),
            None => false,
        };
        match self {
            Self::Set(x) | Self::Vector(x) | Self::List(x) => all(x),
            Self::Table(x) => match levels.checked_sub(1) {
                Some(levels) => x
                    .iter()
                    .all(|(k, v)| k.is_within(levels) && v.is_within(levels)),
                None => false,
            },
            Self::Record(x) => all(&x.fields),
            Self::Pattern(_) => levels > 0,
            Self::Function(x) => all(x.captures.as_deref().unwrap_or_default()),
            Self::Opaque(x) => all(std::slice::from_ref(&x.data)),
            Self::Any(x) => all(std::slice::from_ref(x)),
            _ => true,
        }
    }
}

/// The arguments of an event: each of anything that becomes a [`Value`].
///
/// ```
/// use zeekwire_types::{Event, Value, args};
///
/// let event = Event::new("Scan::found", args!["10.0.0.1", 443_u16, true]);
/// assert_eq!(event.args[1], Value::Count(443));
/// ```
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => { [$($crate::Value::from($arg)),*] };
}

macro_rules! from {
    ($($source:ty => |$x:ident| $value:expr;)*) => {$(
        impl From<$source> for Value {
            fn from($x: $source) -> Self {
                $value
            }
        }
    )*};
}

from! {
    () => |_unset| Self::Unset;
    bool => |x| Self::Bool(x);
    u16 => |x| Self::Count(x.into());
    u32 => |x| Self::Count(x.into());
    u64 => |x| Self::Count(x);
    usize => |x| Self::Count(x as u64);
    i16 => |x| Self::Int(x.into());
    i32 => |x| Self::Int(x.into());
    i64 => |x| Self::Int(x);
    f32 => |x| Self::Double(x.into());
    f64 => |x| Self::Double(x);
    &str => |x| Self::String(x.as_bytes().to_vec());
    String => |x| Self::String(x.into_bytes());
    &String => |x| Self::String(x.as_bytes().to_vec());
    &[u8] => |x| Self::String(x.to_vec());
    Vec<u8> => |x| Self::String(x);
    IpAddr => |x| Self::Addr(x);
    Ipv4Addr => |x| Self::Addr(x.into());
    Ipv6Addr => |x| Self::Addr(x.into());
    Port => |x| Self::Port(x);
    Subnet => |x| Self::Subnet(x);
    Pattern => |x| Self::Pattern(x);
    Record => |x| Self::Record(x);
    Function => |x| Self::Function(x);
    Opaque => |x| Self::Opaque(x);
    Duration => |x| Self::Interval(x.as_secs_f64());
    SystemTime => |x| Self::Time(match x.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    });
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::String(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Self {
        Self::vector(elements)
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Value {
    fn from(elements: [T; N]) -> Self {
        Self::vector(elements)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unset, Into::into)
    }
}

/// A set's element or a table's key is there twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DuplicateError {
    /// The place, from 0, of the second of the two.
    pub index: usize,
}

impl fmt::Display for DuplicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "element or key {} is the same as one before it",
            self.index
        )
    }
}

impl std::error::Error for DuplicateError {}
