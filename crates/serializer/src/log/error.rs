//! What can be wrong with batches of rows, and where.

use std::fmt;

use zeekwire_types::limits::{LOG_FIELD_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::{LogType, RowError};

/// Why bytes are not a batch, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogDecodeError {
    format: &'static str,
    fault: LogFault,
    byte: usize,
    row: Option<usize>,
    field: Option<usize>,
}

impl LogDecodeError {
    #[cold]
    pub(crate) const fn new(format: &'static str, fault: LogFault, byte: usize) -> Self {
        Self {
            format,
            fault,
            byte,
            row: None,
            field: None,
        }
    }

    #[cold]
    pub(crate) const fn in_field(mut self, field: usize) -> Self {
        self.field = Some(field);
        self
    }

    #[cold]
    pub(crate) const fn in_row(mut self, row: usize) -> Self {
        self.row = Some(row);
        self
    }

    /// The format of the bytes.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.format
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> LogFault {
        self.fault
    }

    /// The byte, from 0, at which it is wrong.
    #[must_use]
    pub const fn byte(&self) -> usize {
        self.byte
    }

    /// The row, from 0, in which it is wrong; `None` in front of the rows.
    #[must_use]
    pub const fn row(&self) -> Option<usize> {
        self.row
    }

    /// The index of the field that is wrong, if it is one field.
    #[must_use]
    pub const fn field(&self) -> Option<usize> {
        self.field
    }
}

impl fmt::Display for LogDecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: byte {}: ", self.format, self.byte)?;
        if let Some(row) = self.row {
            write!(f, "rows[{row}]")?;
        }
        if let Some(field) = self.field {
            write!(f, ".fields[{field}]")?;
        }
        f.write_str(match (self.row, self.field) {
            (None, None) => "",
            _ => ": ",
        })?;
        self.fault.fmt(f)
    }
}

impl std::error::Error for LogDecodeError {}

/// What can be wrong with bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFault {
    /// The bytes end before the batch does.
    Truncated,
    /// Bytes follow the batch.
    TrailingBytes,
    /// There are more bytes than a payload may have.
    TooLarge,
    /// A name is not UTF-8.
    NotUtf8,
    /// There are no fields, or more than a stream may have.
    FieldCount(u32),
    /// A field's type, which has this number, cannot be logged.
    FieldType(u32),
    /// The elements of a field have a type, of this number, that cannot be logged.
    ElementType(u32),
    /// A value is of another type than its field.
    ValueType {
        /// The type that it should be.
        expected: LogType,
        /// The number of the type that it is.
        found: u32,
    },
    /// A byte that says yes or no is neither 1 nor 0.
    Bool(u8),
    /// A `bool` is neither 1 nor 0.
    BoolValue(u64),
    /// A port's number is above 65535.
    PortNumber(u64),
    /// A port's protocol has this number.
    PortProtocol(u32),
    /// An address is of this family instead of 4 or 6.
    AddressFamily(u8),
    /// A subnet has this length, of 128 bits, which its family does not have.
    SubnetLength(u8),
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the bytes end before the batch does",
            Self::TrailingBytes => "bytes follow the batch",
            Self::TooLarge => return write!(f, "a payload has at most {PAYLOAD_BYTES_MAX} bytes"),
            Self::NotUtf8 => "a name is not UTF-8",
            Self::FieldCount(count) => {
                return write!(
                    f,
                    "a log stream has 1 to {LOG_FIELD_COUNT_MAX} fields, not {count}"
                );
            }
            Self::FieldType(number) => return write!(f, "type {number} cannot be logged"),
            Self::ElementType(number) => {
                return write!(f, "elements of type {number} cannot be logged");
            }
            Self::ValueType { expected, found } => {
                return write!(
                    f,
                    "expected {expected}, which is type {}, found type {found}",
                    expected.number()
                );
            }
            Self::Bool(byte) => return write!(f, "expected 1 or 0, found {byte}"),
            Self::BoolValue(number) => return write!(f, "a bool is 1 or 0, not {number}"),
            Self::PortNumber(number) => return write!(f, "a port is 0 to 65535, not {number}"),
            Self::PortProtocol(number) => {
                return write!(f, "a port's protocol is 0 to 3, not {number}");
            }
            Self::AddressFamily(family) => {
                return write!(f, "an address is of family 4 or 6, not {family}");
            }
            Self::SubnetLength(length) => {
                return write!(f, "no subnet of its family has {length} of 128 bits");
            }
        })
    }
}

/// Why rows cannot be encoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogEncodeError {
    format: &'static str,
    fault: LogEncodeFault,
}

impl LogEncodeError {
    #[cold]
    pub(crate) const fn new(format: &'static str, fault: LogEncodeFault) -> Self {
        Self { format, fault }
    }

    /// The format that was asked for.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.format
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> &LogEncodeFault {
        &self.fault
    }
}

impl fmt::Display for LogEncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.format)?;
        match &self.fault {
            LogEncodeFault::Row(row, error) => write!(f, "rows[{row}]: {error}"),
            LogEncodeFault::NotLoggable(field, kind) => {
                write!(f, "field `{field}`: `{kind}` cannot be logged")
            }
            LogEncodeFault::FieldCount(count) => write!(
                f,
                "a log stream has 1 to {LOG_FIELD_COUNT_MAX} fields, not {count}"
            ),
            LogEncodeFault::TooLarge => {
                write!(f, "a payload has at most {PAYLOAD_BYTES_MAX} bytes")
            }
        }
    }
}

impl std::error::Error for LogEncodeError {}

/// What cannot be encoded.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogEncodeFault {
    /// A row, with this index, does not fit the stream.
    Row(usize, RowError),
    /// A field, of this name and type, cannot be in a row.
    NotLoggable(String, String),
    /// The stream has no fields, or too many: so many.
    FieldCount(usize),
    /// The stream's names alone are larger than a payload.
    TooLarge,
}
