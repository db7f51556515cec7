//! Types and fields.

use std::fmt;

/// The type of a field. The numbers are Zeek's, as its binary log format has them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
#[non_exhaustive]
pub enum LogType {
    /// `bool`
    Bool = 1,
    /// `int`
    Int = 2,
    /// `count`
    Count = 3,
    /// `double`
    Double = 4,
    /// `time`: seconds since the Unix epoch.
    Time = 5,
    /// `interval`: seconds.
    Interval = 6,
    /// `string`: any bytes.
    String = 7,
    /// `pattern`. Zeek reads it from input files only: no row can hold one.
    Pattern = 8,
    /// `enum`, by its fully qualified name.
    Enum = 9,
    /// `port`
    Port = 10,
    /// `addr`
    Addr = 11,
    /// `subnet`
    Subnet = 12,
    /// `set` of one scalar type. Zeek counts it among its tables.
    Set = 14,
    /// `func`, as Zeek prints it.
    Function = 17,
    /// `file`, by its name.
    File = 18,
    /// `vector` of a scalar type.
    Vector = 19,
}

impl LogType {
    /// All types.
    pub const ALL: [Self; 16] = [
        Self::Bool,
        Self::Int,
        Self::Count,
        Self::Double,
        Self::Time,
        Self::Interval,
        Self::String,
        Self::Pattern,
        Self::Enum,
        Self::Port,
        Self::Addr,
        Self::Subnet,
        Self::Set,
        Self::Function,
        Self::File,
        Self::Vector,
    ];

    /// Zeek's number of the type.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The type with this number, if a log can have it.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The type's name as `#types` lines have it; `set` and `vector` without their element.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Count => "count",
            Self::Double => "double",
            Self::Time => "time",
            Self::Interval => "interval",
            Self::String => "string",
            Self::Pattern => "pattern",
            Self::Enum => "enum",
            Self::Port => "port",
            Self::Addr => "addr",
            Self::Subnet => "subnet",
            Self::Set => "set",
            Self::Function => "func",
            Self::File => "file",
            Self::Vector => "vector",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether values of the type hold others.
    #[must_use]
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Set | Self::Vector)
    }
}

impl fmt::Display for LogType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A field of a stream.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LogField {
    /// The field's name: `id.orig_h`.
    pub name: String,
    /// A second name that some writers use, such as the name of a column in a database.
    pub secondary_name: Option<String>,
    /// Its type.
    pub kind: LogType,
    /// For sets and vectors, the type of their elements; for others, nothing.
    pub element: Option<LogType>,
    /// Whether Zeek declares the field `&optional`. Any field may be unset all the same: one that
    /// lies in an optional record is.
    pub optional: bool,
}

impl LogField {
    /// A field of a scalar type that is not optional.
    pub fn new(name: impl Into<String>, kind: LogType) -> Self {
        Self {
            name: name.into(),
            secondary_name: None,
            kind,
            element: None,
            optional: false,
        }
    }

    /// A set.
    pub fn set(name: impl Into<String>, element: LogType) -> Self {
        Self {
            element: Some(element),
            ..Self::new(name, LogType::Set)
        }
    }

    /// A vector.
    pub fn vector(name: impl Into<String>, element: LogType) -> Self {
        Self {
            element: Some(element),
            ..Self::new(name, LogType::Vector)
        }
    }

    /// The same field, optional.
    #[must_use]
    pub fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    /// The field's type as `#types` lines have it: `set[string]`.
    #[must_use]
    pub fn type_name(&self) -> String {
        match self.element {
            Some(element) => format!("{}[{element}]", self.kind),
            None => self.kind.name().to_owned(),
        }
    }

    /// What a text of a `#types` line says: the type, and the type of elements.
    #[must_use]
    pub fn parse_type_name(text: &str) -> Option<(LogType, Option<LogType>)> {
        let Some((outer, rest)) = text.split_once('[') else {
            let kind = LogType::from_name(text)?;
            return (!kind.is_container()).then_some((kind, None));
        };
        let outer = match outer {
            // Zeek's own name of a set's type.
            "table" => LogType::Set,
            outer => LogType::from_name(outer)?,
        };
        let element = LogType::from_name(rest.strip_suffix(']')?)?;
        (outer.is_container() && !element.is_container()).then_some((outer, Some(element)))
    }

    /// Whether rows can hold the field: a scalar without element type or a container with a scalar
    /// one, and no pattern, which Zeek does not log.
    #[must_use]
    pub fn is_loggable(&self) -> bool {
        let scalar = |kind: LogType| !kind.is_container() && kind != LogType::Pattern;
        match self.element {
            None => scalar(self.kind),
            Some(element) => self.kind.is_container() && scalar(element),
        }
    }
}
