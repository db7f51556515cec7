//! Streams: what rows look like, and whether a row fits.

use std::fmt;

use super::{Cell, LogField, LogType};
use crate::agreed_hash;

/// What Zeek calls the header of a writer: where rows go, and their fields.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LogStream {
    /// The stream's id: `Conn::LOG`.
    pub stream: String,
    /// The writer: `Log::WRITER_ASCII`.
    pub writer: String,
    /// The filter's name: `default`.
    pub filter: String,
    /// The path: `conn`.
    pub path: String,
    /// The fields, in the order of a row's cells.
    pub fields: Vec<LogField>,
}

/// What a stream is known by once its definition was sent: a hash of all of it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamHash(pub u64);

impl fmt::Display for StreamHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl LogStream {
    /// A stream with Zeek's usual filter, `default`, and usual writer, `Log::WRITER_ASCII`.
    pub fn new(
        stream: impl Into<String>,
        path: impl Into<String>,
        fields: impl IntoIterator<Item = LogField>,
    ) -> Self {
        Self {
            stream: stream.into(),
            writer: "Log::WRITER_ASCII".to_owned(),
            filter: "default".to_owned(),
            path: path.into(),
            fields: fields.into_iter().collect(),
        }
    }

    /// The hash of the stream's content, alike on every node and in every release.
    ///
    /// It is [`agreed_hash`] over these bytes: the stream's id, writer, filter and path; the number
    /// of fields; and for each field its name, 1 and the secondary name or 0, the number of its
    /// type, that of its elements' type or 0, and 1 or 0 for optional. A text is its length in
    /// bytes and its bytes. Lengths and the number of fields are 32 bits, little-endian; all other
    /// numbers are one byte.
    #[must_use]
    pub fn hash(&self) -> StreamHash {
        let mut bytes = Vec::new();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let text = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend_from_slice(&count(text.len()));
            bytes.extend_from_slice(text.as_bytes());
        };
        for name in [&self.stream, &self.writer, &self.filter, &self.path] {
            text(&mut bytes, name);
        }
        bytes.extend_from_slice(&count(self.fields.len()));
        for field in &self.fields {
            text(&mut bytes, &field.name);
            bytes.push(u8::from(field.secondary_name.is_some()));
            if let Some(name) = &field.secondary_name {
                text(&mut bytes, name);
            }
            bytes.push(field.kind.number());
            bytes.push(field.element.map_or(0, LogType::number));
            bytes.push(u8::from(field.optional));
        }
        StreamHash(agreed_hash(bytes))
    }

    /// Checks a row: one cell per field, each unset or of the field's type, and so its elements.
    ///
    /// # Errors
    /// [`RowError`] names the first field that is wrong.
    pub fn check(&self, row: &[Cell<'_>]) -> Result<(), RowError> {
        if row.len() != self.fields.len() {
            return Err(RowError::count(self.fields.len(), row.len()));
        }
        for (index, (field, cell)) in self.fields.iter().zip(row).enumerate() {
            let fault = match (cell.kind(), cell.elements(), field.element) {
                (None, ..) => continue,
                (Some(found), ..) if found != field.kind => RowFault::Type {
                    expected: field.kind,
                    found,
                },
                (Some(_), Some(elements), Some(expected)) => {
                    let wrong = |(at, cell): (usize, Cell<'_>)| match cell.kind() {
                        Some(found) if found != expected => Some(RowFault::Element {
                            index: at,
                            expected,
                            found,
                        }),
                        _ => None,
                    };
                    match elements.iter().enumerate().find_map(wrong) {
                        Some(fault) => fault,
                        None => continue,
                    }
                }
                _ => continue,
            };
            return Err(RowError::at(index, &field.name, fault));
        }
        Ok(())
    }
}

/// Why a row does not fit its stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowError {
    field: Option<(usize, String)>,
    fault: RowFault,
}

impl RowError {
    /// The row has another number of cells than the stream has fields.
    #[cold]
    #[must_use]
    pub const fn count(expected: usize, found: usize) -> Self {
        Self::of_row(RowFault::CellCount { expected, found })
    }

    /// The row as a whole is wrong.
    #[cold]
    #[must_use]
    pub const fn of_row(fault: RowFault) -> Self {
        Self { field: None, fault }
    }

    /// The cell of that field is wrong.
    #[cold]
    #[must_use]
    pub fn at(index: usize, name: &str, fault: RowFault) -> Self {
        Self {
            field: Some((index, name.to_owned())),
            fault,
        }
    }

    /// The index and the name of the field that is wrong, if it is one field.
    #[must_use]
    pub fn field(&self) -> Option<(usize, &str)> {
        self.field.as_ref().map(|(index, name)| (*index, &**name))
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> RowFault {
        self.fault
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = &self.field {
            write!(f, "field `{name}`: ")?;
        }
        self.fault.fmt(f)
    }
}

impl std::error::Error for RowError {}

/// What can be wrong with a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RowFault {
    /// The row has another number of cells than the stream has fields.
    CellCount {
        /// Fields of the stream.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A cell is of another type than its field.
    Type {
        /// The field's type.
        expected: LogType,
        /// The cell's type.
        found: LogType,
    },
    /// An element of a set or vector is of another type than the field says.
    Element {
        /// Which element, from 0.
        index: usize,
        /// The type that elements have.
        expected: LogType,
        /// The element's type.
        found: LogType,
    },
    /// The row is larger than any batch may be.
    TooLarge,
    /// The batch has room for no more rows, or not for this one: send it, and try again.
    BatchFull,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CellCount { expected, found } => {
                write!(f, "the stream has {expected} fields, the row {found}")
            }
            Self::Type { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Element {
                index,
                expected,
                found,
            } => write!(f, "element {index}: expected {expected}, found {found}"),
            Self::TooLarge => f.write_str("the row is larger than a batch may be"),
            Self::BatchFull => f.write_str("the batch is full: send it first"),
        }
    }
}
