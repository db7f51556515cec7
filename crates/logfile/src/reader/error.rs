//! What can be wrong with a file, and where.

use std::fmt;
use std::io;
use std::sync::Arc;

use zeekwire_types::LogField;
use zeekwire_types::limits::LOG_LINE_BYTES_MAX;

/// Why a row could not be read, with the file and the line.
#[derive(Debug)]
pub struct ReadError {
    file: Arc<str>,
    line: u64,
    fault: ReadFault,
}

impl ReadError {
    #[cold]
    pub(super) fn new(file: &Arc<str>, line: u64, fault: ReadFault) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            fault,
        }
    }

    /// The file, as the reader was told.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1; 0 when the file could not be opened.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> &ReadFault {
        &self.fault
    }

    /// Whether the rows after this one can still be read.
    #[must_use]
    pub const fn is_about_one_row(&self) -> bool {
        !matches!(
            self.fault,
            ReadFault::Io(_) | ReadFault::LineTooLong | ReadFault::NoFields
        )
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.fault),
            line => write!(f, "{}:{line}: {}", self.file, self.fault),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            ReadFault::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadFault {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// A line is longer than any row.
    LineTooLong,
    /// A row comes before a line that names the fields.
    NoFields,
    /// The row has another number of values than the header has fields.
    CellCount {
        /// Fields of the header.
        expected: usize,
        /// Values of the row.
        found: usize,
    },
    /// A value is none of its field's type.
    Value {
        /// The field's name.
        field: String,
        /// The type, as `#types` has it.
        expected: String,
        /// The value's text, cut if it is long.
        found: String,
    },
    /// A header line cannot be used.
    Header(&'static str),
    /// The line is not a JSON object of plain values and lists of them.
    Json {
        /// Which byte of the line, from 1.
        column: usize,
        /// What is missing or wrong.
        problem: &'static str,
    },
    /// A field is not among those that the reader was told.
    UnknownField(String),
    /// A field comes twice in one row.
    DuplicateField(String),
}

impl ReadFault {
    #[cold]
    pub(super) fn value(field: &LogField, found: &[u8]) -> Self {
        /// Bytes of a value that an error shows.
        const SHOWN_BYTES_MAX: usize = 60;
        let shown = &found[..found.len().min(SHOWN_BYTES_MAX)];
        let more = if shown.len() < found.len() { "…" } else { "" };
        Self::Value {
            field: field.name.clone(),
            expected: field.type_name(),
            found: format!("{}{more}", String::from_utf8_lossy(shown)),
        }
    }
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::LineTooLong => {
                write!(
                    f,
                    "the line is longer than {LOG_LINE_BYTES_MAX} bytes: this is no log"
                )
            }
            Self::NoFields => f.write_str("there is a row before any `#fields` line"),
            Self::CellCount { expected, found } => {
                write!(
                    f,
                    "the header has {expected} fields, the row {found} values"
                )
            }
            Self::Value {
                field,
                expected,
                found,
            } => {
                write!(f, "field `{field}`: {found:?} is no {expected}")
            }
            Self::Header(problem) => f.write_str(problem),
            Self::Json { column, problem } => write!(f, "byte {column}: {problem}"),
            Self::UnknownField(name) => write!(f, "there is no field `{name}`"),
            Self::DuplicateField(name) => write!(f, "field `{name}` comes twice"),
        }
    }
}

impl std::error::Error for ReadFault {}
