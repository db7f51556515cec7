//! What can be wrong with a message, and where.

use std::fmt;

use capnp::ErrorKind;
use zeekwire_types::limits::{LOG_BATCH_ROW_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::log::StreamHash;

use crate::columns::{Damage, StreamError};

/// Why bytes are not a message, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecodeError(Box<Place>);

/// Kept apart, so that results stay small where nothing is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    fault: Fault,
    part: &'static str,
    index: Option<usize>,
    in_elements: bool,
}

impl DecodeError {
    #[cold]
    pub(super) fn new(fault: Fault) -> Self {
        Self(Box::new(Place {
            fault,
            part: "",
            index: None,
            in_elements: false,
        }))
    }

    /// The same, in that part of the message, unless a part is known already.
    #[cold]
    pub(super) fn inside(mut self, part: &'static str, index: Option<usize>) -> Self {
        if self.0.part.is_empty() {
            self.0.part = part;
            self.0.index = index;
        }
        self
    }

    #[cold]
    pub(super) fn among_elements(mut self, in_elements: bool) -> Self {
        self.0.in_elements = in_elements;
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// The index of the column that is wrong, if it is one column.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.0.index.filter(|_| self.0.part == "columns")
    }

    /// Whether the peer merely speaks a newer version of the format.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.0.fault == Fault::Newer
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &*self.0;
        write!(f, "log message: {}", place.part)?;
        if let Some(index) = place.index {
            write!(f, "[{index}]")?;
        }
        f.write_str(if place.in_elements { ".elements" } else { "" })?;
        f.write_str(if place.part.is_empty() { "" } else { ": " })?;
        place.fault.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

/// What can be wrong with a message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// There are more bytes than a payload may have.
    TooLarge,
    /// The bytes end before the message does.
    Truncated,
    /// Bytes follow the message.
    TrailingBytes,
    /// The bytes do not start at a multiple of eight.
    Misaligned,
    /// There are more segments than readers take.
    TooManySegments,
    /// A pointer leads out of the message.
    OutOfBounds,
    /// A pointer is of the wrong kind, or makes no sense.
    BadPointer,
    /// Pointers lead to the same bytes again and again.
    Amplified,
    /// Pointers nest too deep.
    TooDeep,
    /// The sender speaks a newer version of the format.
    Newer,
    /// The message is the one that is never sent.
    Nothing,
    /// A name is not UTF-8.
    NotUtf8,
    /// A node's name is none.
    NodeName,
    /// Batches are counted from 1.
    Sequence,
    /// A stream's hash is not that of its definition, which is this.
    Hash(StreamHash),
    /// A stream has fields that cannot be logged.
    Stream(StreamError),
    /// A field's type is none that a log can have.
    FieldType(u16),
    /// The batch is of the stream with this hash, not of the one that was given.
    OtherStream(StreamHash),
    /// The batch has no rows, or more than batches have.
    RowCount(usize),
    /// The batch has another number of columns than its stream has fields.
    ColumnCount {
        /// Fields of the stream.
        expected: usize,
        /// Columns of the batch.
        found: usize,
    },
    /// A column is wrong.
    Column(Damage),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => return write!(f, "a payload has at most {PAYLOAD_BYTES_MAX} bytes"),
            Self::Truncated => "the bytes end before the message does",
            Self::TrailingBytes => "bytes follow the message",
            Self::Misaligned => "the bytes do not start at a multiple of eight",
            Self::TooManySegments => "there are more segments than readers take",
            Self::OutOfBounds => "a pointer leads out of the message",
            Self::BadPointer => "a pointer makes no sense here",
            Self::Amplified => "pointers lead to the same bytes again and again",
            Self::TooDeep => "pointers nest too deep",
            Self::Newer => "sent by a newer version, with something this version does not know",
            Self::Nothing => "the message says nothing",
            Self::NotUtf8 => "a name is not UTF-8",
            Self::NodeName => "this is no node's name",
            Self::Sequence => "batches are counted from 1",
            Self::Hash(hash) => return write!(f, "the definition's hash is {hash}"),
            Self::Stream(error) => return error.fmt(f),
            Self::FieldType(number) => return write!(f, "no log has the type {number}"),
            Self::OtherStream(hash) => return write!(f, "the batch is of stream {hash}"),
            Self::RowCount(count) => {
                return write!(
                    f,
                    "a batch has 1 to {LOG_BATCH_ROW_COUNT_MAX} rows, not {count}"
                );
            }
            Self::ColumnCount { expected, found } => {
                return write!(
                    f,
                    "the stream has {expected} fields, the batch {found} columns"
                );
            }
            Self::Column(damage) => return damage.fmt(f),
        })
    }
}

pub(super) fn fault(fault: Fault) -> DecodeError {
    DecodeError::new(fault)
}

/// What the library's error means here.
#[cold]
pub(super) fn malformed(error: capnp::Error) -> DecodeError {
    fault(match error.kind {
        ErrorKind::MessageEndsPrematurely(..)
        | ErrorKind::MessageTooLarge(_)
        | ErrorKind::PrematureEndOfFile
        | ErrorKind::FailedToFillTheWholeBuffer
        | ErrorKind::BufferNotLargeEnough
        | ErrorKind::EmptyBuffer
        | ErrorKind::EmptySlice => Fault::Truncated,
        ErrorKind::InvalidNumberOfSegments(_) => Fault::TooManySegments,
        ErrorKind::InvalidSegmentId(_) | ErrorKind::MessageContainsOutOfBoundsPointer => {
            Fault::OutOfBounds
        }
        ErrorKind::ReadLimitExceeded => Fault::Amplified,
        ErrorKind::NestingLimitExceeded
        | ErrorKind::MessageIsTooDeeplyNested
        | ErrorKind::MessageIsTooDeeplyNestedOrContainsCycles => Fault::TooDeep,
        ErrorKind::EnumValueOrUnionDiscriminantNotPresent(_) => Fault::Newer,
        ErrorKind::TextContainsNonUtf8Data(_) => Fault::NotUtf8,
        ErrorKind::UnalignedSegment | ErrorKind::MessageNotAlignedBy8BytesBoundary => {
            Fault::Misaligned
        }
        _ => Fault::BadPointer,
    })
}
