//! What can be wrong with a log, and where.

use std::fmt;

/// Why a log was not read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogError {
    /// The file, as it was called.
    pub(super) file: String,
    /// The line, from 1.
    pub(super) line: u64,
    pub(super) problem: Problem,
}

impl LogError {
    /// Whether the file is no tab-separated log of Zeek's at all, rather than a damaged one.
    pub(crate) const fn is_other_format(&self) -> bool {
        matches!(self.problem, Problem::NoHeader(_) | Problem::LineTooLong)
    }
}

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    /// It cannot be read, for this reason.
    Read(String),
    /// It has no end within the limit.
    LineTooLong,
    /// The separator has no bytes.
    NoSeparator,
    /// This line of the header is missing.
    NoHeader(&'static str),
    /// There are so many names and so many types.
    HeaderCounts(usize, usize),
    /// A row does not have as many fields as the header.
    FieldCount { expected: usize, found: usize },
    /// A field's text is not of its type.
    Value {
        field: String,
        text: String,
        kind: String,
    },
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        match &self.problem {
            Problem::Read(error) => write!(f, "cannot be read: {error}"),
            Problem::LineTooLong => f.write_str("this line does not end: not a Zeek log"),
            Problem::NoSeparator => f.write_str("the separator has no bytes"),
            Problem::NoHeader(line) => write!(
                f,
                "no `#{line}` before this: not a tab-separated Zeek log (JSON logs are not read)"
            ),
            Problem::HeaderCounts(fields, types) => {
                write!(f, "the header names {fields} fields and {types} types")
            }
            Problem::FieldCount { expected, found } => {
                write!(f, "the row has {found} fields, the header {expected}")
            }
            Problem::Value { field, text, kind } => {
                write!(f, "field {field}: {text:?} is not a {kind}")
            }
        }
    }
}

impl std::error::Error for LogError {}
