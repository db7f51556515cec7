//! Rust's own types out of values, with errors that say where and why.

use std::fmt;
use std::net::IpAddr;

use super::{Port, Subnet, Value};
use crate::Event;

/// A type that can be taken out of a [`Value`].
///
/// A value declared as `any` is looked through.
pub trait Extract<'a>: Sized {
    /// Takes `Self` out of `value`.
    ///
    /// # Errors
    /// [`ExtractError`] when the value has another type.
    fn extract(value: &'a Value) -> Result<Self, ExtractError>;
}

impl Value {
    /// Takes a Rust value out: `bool`, `u64` (count), `i64` (int), `f64` (double, time or
    /// interval), `&str` and `String` (string in UTF-8, or an enum's name), `&[u8]` (string),
    /// `IpAddr`, [`Port`], [`Subnet`], `Option` (unset is `None`), `Vec` (vector, list, set or
    /// record), tuples (vector, list or record of that length), `&Value`.
    ///
    /// # Errors
    /// [`ExtractError`] names the place inside this value, the type expected and the one found.
    ///
    /// ```
    /// use zeekwire_types::Value;
    ///
    /// let value = Value::from([1_u64, 2]);
    /// assert_eq!(value.extract::<Vec<u64>>(), Ok(vec![1, 2]));
    /// let error = value.extract::<Vec<bool>>().unwrap_err();
    /// assert_eq!(error.to_string(), "[0]: expected bool, found count");
    /// ```
    pub fn extract<'a, T: Extract<'a>>(&'a self) -> Result<T, ExtractError> {
        T::extract(self)
    }
}

impl Event {
    /// Takes the arguments out as a tuple of as many parts.
    ///
    /// # Errors
    /// [`ExtractError`] names the argument: `args[2].fields[0]: expected count, found string`.
    ///
    /// ```
    /// use zeekwire_types::{Event, args};
    ///
    /// let event = Event::new("Login::failed", args!["root", 3_u64]);
    /// let (user, tries): (&str, u64) = event.extract()?;
    /// assert_eq!((user, tries), ("root", 3));
    /// # Ok::<(), zeekwire_types::value::ExtractError>(())
    /// ```
    pub fn extract<'a, T: ExtractAll<'a>>(&'a self) -> Result<T, ExtractError> {
        T::extract_all(&self.args, Part::Arg)
    }
}

/// A tuple that can be taken out of a run of values of the same length.
pub trait ExtractAll<'a>: Sized {
    /// Takes one part out of each value; `part` names the place of a value in errors.
    ///
    /// # Errors
    /// [`ExtractError`] when a value has another type, or their number differs.
    fn extract_all(values: &'a [Value], part: fn(usize) -> Part) -> Result<Self, ExtractError>;
}

/// A step from a value to one inside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// An argument of an event.
    Arg(usize),
    /// A field of a record.
    Field(usize),
    /// An element of a vector, list or set.
    Element(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arg(i) => write!(f, "args[{i}]"),
            Self::Field(i) => write!(f, ".fields[{i}]"),
            Self::Element(i) => write!(f, "[{i}]"),
        }
    }
}

/// Why a Rust value could not be taken out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExtractError {
    /// The way to the value that does not fit, innermost step first.
    steps: Vec<Part>,
    expected: &'static str,
    found: Found,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Found {
    Type(&'static str),
    NotUtf8,
    Count { expected: usize, found: usize },
}

impl ExtractError {
    fn new(expected: &'static str, value: &Value) -> Self {
        Self {
            steps: Vec::new(),
            expected,
            found: Found::Type(value.type_name()),
        }
    }

    fn inside(mut self, part: Part) -> Self {
        self.steps.push(part);
        self
    }

    /// The way to the value that does not fit, outermost step first.
    pub fn path(&self) -> impl Iterator<Item = Part> + '_ {
        self.steps.iter().rev().copied()
    }

    /// The type that was asked for.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().try_for_each(|part| write!(f, "{part}"))?;
        f.write_str(if self.steps.is_empty() { "" } else { ": " })?;
        let expected = self.expected;
        match self.found {
            Found::Type(found) => write!(f, "expected {expected}, found {found}"),
            Found::NotUtf8 => write!(f, "expected {expected}, found bytes that are not UTF-8"),
            Found::Count {
                expected: wanted,
                found,
            } => {
                write!(f, "expected {wanted} values, found {found}")
            }
        }
    }
}

impl std::error::Error for ExtractError {}

macro_rules! extract {
    ($($target:ty, $name:literal, $($from:pat => $to:expr),+;)*) => {$(
        impl Extract<'_> for $target {
            fn extract(value: &Value) -> Result<Self, ExtractError> {
                match inner(value) {
                    $($from => Ok($to),)+
                    other => Err(ExtractError::new($name, other)),
                }
            }
        }
    )*};
}

extract! {
    bool, "bool", Value::Bool(x) => *x;
    u64, "count", Value::Count(x) => *x;
    i64, "int", Value::Int(x) => *x;
    f64, "double", Value::Double(x) | Value::Time(x) | Value::Interval(x) => *x;
    IpAddr, "addr", Value::Addr(x) => x.to_canonical();
    Port, "port", Value::Port(x) => *x;
    Subnet, "subnet", Value::Subnet(x) => *x;
}

impl<'a> Extract<'a> for &'a Value {
    fn extract(value: &'a Value) -> Result<Self, ExtractError> {
        Ok(value)
    }
}

impl Extract<'_> for Value {
    fn extract(value: &Value) -> Result<Self, ExtractError> {
        Ok(value.clone())
    }
}

impl<'a> Extract<'a> for &'a [u8] {
    fn extract(value: &'a Value) -> Result<Self, ExtractError> {
        match inner(value) {
            Value::String(bytes) => Ok(bytes),
            other => Err(ExtractError::new("string", other)),
        }
    }
}

impl<'a> Extract<'a> for &'a str {
    fn extract(value: &'a Value) -> Result<Self, ExtractError> {
        let expected = "string";
        match inner(value) {
            Value::String(bytes) => std::str::from_utf8(bytes).map_err(|_| ExtractError {
                steps: Vec::new(),
                expected,
                found: Found::NotUtf8,
            }),
            Value::Enum(name) => Ok(name),
            other => Err(ExtractError::new(expected, other)),
        }
    }
}

impl Extract<'_> for String {
    fn extract(value: &Value) -> Result<Self, ExtractError> {
        value.extract::<&str>().map(str::to_owned)
    }
}

impl<'a, T: Extract<'a>> Extract<'a> for Option<T> {
    fn extract(value: &'a Value) -> Result<Self, ExtractError> {
        match inner(value) {
            Value::Unset => Ok(None),
            other => T::extract(other).map(Some),
        }
    }
}

impl<'a, T: Extract<'a>> Extract<'a> for Vec<T> {
    fn extract(value: &'a Value) -> Result<Self, ExtractError> {
        let (values, part) = match inner(value) {
            Value::Set(elements) => (&elements[..], Part::Element as fn(usize) -> Part),
            other => sequence(other, "vector")?,
        };
        let one = |(i, value)| T::extract(value).map_err(|e| e.inside(part(i)));
        values.iter().enumerate().map(one).collect()
    }
}

macro_rules! extract_tuple {
    ($count:literal: $($part:ident $index:tt)+) => {
        impl<'a, $($part: Extract<'a>),+> ExtractAll<'a> for ($($part,)+) {
            fn extract_all(
                values: &'a [Value],
                part: fn(usize) -> Part,
            ) -> Result<Self, ExtractError> {
                if values.len() != $count {
                    let found = Found::Count { expected: $count, found: values.len() };
                    return Err(ExtractError { steps: Vec::new(), expected: "tuple", found });
                }
                Ok(($($part::extract(&values[$index]).map_err(|e| e.inside(part($index)))?,)+))
            }
        }

        impl<'a, $($part: Extract<'a>),+> Extract<'a> for ($($part,)+) {
            fn extract(value: &'a Value) -> Result<Self, ExtractError> {
                let (values, part) = sequence(inner(value), "list")?;
                Self::extract_all(values, part)
            }
        }
    };
}

extract_tuple! { 1: A 0 }
extract_tuple! { 2: A 0 B 1 }
extract_tuple! { 3: A 0 B 1 C 2 }
extract_tuple! { 4: A 0 B 1 C 2 D 3 }
extract_tuple! { 5: A 0 B 1 C 2 D 3 E 4 }
extract_tuple! { 6: A 0 B 1 C 2 D 3 E 4 F 5 }
extract_tuple! { 7: A 0 B 1 C 2 D 3 E 4 F 5 G 6 }
extract_tuple! { 8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 }

type Sequence<'a> = (&'a [Value], fn(usize) -> Part);

/// The values in a vector, list or record.
fn sequence<'a>(value: &'a Value, expected: &'static str) -> Result<Sequence<'a>, ExtractError> {
    match value {
        Value::Vector(values) | Value::List(values) => Ok((values, Part::Element)),
        Value::Record(record) => Ok((&record.fields, Part::Field)),
        other => Err(ExtractError::new(expected, other)),
    }
}

/// The value behind any number of `any`.
fn inner(mut value: &Value) -> &Value {
    while let Value::Any(inside) = value {
        value = inside;
    }
    value
}
