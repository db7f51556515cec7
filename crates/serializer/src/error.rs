//! What can be wrong with bytes and with values, and where.

use std::fmt;

use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_COUNT_MAX, VALUE_DEPTH_MAX};

/// A step from an event to a value inside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// An argument of the event.
    Arg(usize),
    /// An entry of the event's metadata.
    Metadata(usize),
    /// An element of a set, vector or list.
    Element(usize),
    /// The key of a table's entry.
    Key(usize),
    /// The value of a table's entry.
    Value(usize),
    /// A field of a record.
    Field(usize),
    /// What a closure captured.
    Capture(usize),
    /// The data of an opaque value.
    Data,
    /// The value in an `any`.
    Any,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arg(i) => write!(f, "args[{i}]"),
            Self::Metadata(i) => write!(f, "metadata[{i}]"),
            Self::Element(i) => write!(f, "[{i}]"),
            Self::Key(i) => write!(f, ".table[{i}].key"),
            Self::Value(i) => write!(f, ".table[{i}].value"),
            Self::Field(i) => write!(f, ".fields[{i}]"),
            Self::Capture(i) => write!(f, ".captures[{i}]"),
            Self::Data => f.write_str(".data"),
            Self::Any => f.write_str(".any"),
        }
    }
}

/// Why bytes are not an event, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecodeError(Box<Place>);

/// Kept apart, so that results stay small where nothing is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    format: &'static str,
    fault: Fault,
    byte: Option<usize>,
    line: Option<usize>,
    /// Innermost step first.
    steps: Vec<Step>,
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(format: &'static str, fault: Fault) -> Self {
        Self(Box::new(Place {
            format,
            fault,
            byte: None,
            line: None,
            steps: Vec::new(),
        }))
    }

    pub(crate) fn at_byte(mut self, byte: usize) -> Self {
        self.0.byte = Some(byte);
        self
    }

    pub(crate) fn at_line(mut self, line: usize) -> Self {
        self.0.line = Some(line);
        self
    }

    #[cold]
    pub(crate) fn inside(mut self, step: Step) -> Self {
        self.0.steps.push(step);
        self
    }

    /// The format of the bytes.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.0.format
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.fault
    }

    /// The byte, from 0, at which it is wrong, where the format tells.
    #[must_use]
    pub fn byte(&self) -> Option<usize> {
        self.0.byte
    }

    /// The line, from 1, at which it is wrong, for formats that are text.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The way from the event to the value that is wrong, outermost step first.
    pub fn path(&self) -> impl Iterator<Item = Step> + '_ {
        self.0.steps.iter().rev().copied()
    }

    /// Whether the peer merely speaks a newer version of the format.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        matches!(self.0.fault, Fault::Newer)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.format)?;
        match (self.0.line, self.0.byte) {
            (Some(line), Some(byte)) => write!(f, "line {line}, byte {byte}: ")?,
            (None, Some(byte)) => write!(f, "byte {byte}: ")?,
            (_, None) => {}
        }
        self.path().try_for_each(|step| write!(f, "{step}"))?;
        f.write_str(if self.0.steps.is_empty() { "" } else { ": " })?;
        self.0.fault.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

/// What can be wrong with bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no format of that name.
    UnknownFormat,
    /// The bytes end before the event does.
    Truncated,
    /// Bytes follow the event.
    TrailingBytes,
    /// There are more bytes than a payload may have.
    TooLarge,
    /// Values are nested too deep.
    TooDeep,
    /// There are more values than an event may have.
    TooManyValues,
    /// The sender speaks a newer version of the format.
    Newer,
    /// A name is not UTF-8.
    NotUtf8,
    /// A set's element is there twice.
    DuplicateElement,
    /// A table's key is there twice.
    DuplicateKey,
    /// A value is not of the type that was asked for.
    WrongType {
        /// The type that was asked for.
        expected: &'static str,
        /// The type that is there.
        found: &'static str,
    },
    /// An event has no argument of that number.
    NoSuchArg,
    /// A port has a protocol of this number.
    PortProtocol(u8),
    /// A port's text is wrong.
    Port(zeekwire_types::value::PortError),
    /// A subnet's length or text is wrong.
    Subnet(zeekwire_types::value::SubnetError),
    /// An address has this many bytes instead of 4 or 16.
    AddressLength(usize),

    /// Cap'n Proto: the bytes do not start at a multiple of eight.
    Misaligned,
    /// Cap'n Proto: there are more segments than readers take.
    TooManySegments,
    /// Cap'n Proto: a pointer leads out of the message.
    OutOfBounds,
    /// Cap'n Proto: a pointer is of the wrong kind, or makes no sense.
    BadPointer,
    /// Cap'n Proto: pointers lead to the same bytes again and again.
    Amplified,
    /// Cap'n Proto: a table does not have as many values as keys.
    TableLengths,
    /// Cap'n Proto: a record has names, but not as many as fields.
    NameCount,

    /// Broker: a value starts with this byte, which is no type's.
    UnknownTag(u8),
    /// Broker: a length does not fit 32 bits, or takes more than 5 bytes.
    Varbyte,
    /// Broker: the message is not a list of version, type and content.
    NotAMessage,
    /// Broker: the message has this version instead of 1.
    Version(u64),
    /// Broker: the message has this type instead of 1, an event.
    MessageType(u64),
    /// Broker: the content is not a name, arguments and metadata.
    EventShape,
    /// Broker: an entry of the metadata is not a key and a value.
    MetadataShape,
    /// Broker: the network timestamp in the metadata is not a time.
    TimestampType,

    /// JSON: something else should stand here.
    Expected(&'static str),
    /// JSON: a backslash stands before something that has no meaning there.
    Escape,
    /// JSON: a `@data-type` is not one of Broker's.
    DataType,
    /// JSON: a member is there twice.
    DuplicateMember(&'static str),
    /// JSON: a member is missing.
    MissingMember(&'static str),
    /// JSON: a number does not fit the type.
    OutOfRange(&'static str),
    /// JSON: a `real` has neither a point nor an exponent.
    RealWithoutPoint,
    /// JSON: not an address.
    Address,
    /// JSON: not a timestamp.
    Timestamp,
    /// JSON: not a timespan.
    Timespan,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownFormat => "there is no format of that name",
            Self::Truncated => "the bytes end before the event does",
            Self::TrailingBytes => "bytes follow the event",
            Self::TooLarge => return write!(f, "a payload has at most {PAYLOAD_BYTES_MAX} bytes"),
            Self::TooDeep => return write!(f, "values nest deeper than {VALUE_DEPTH_MAX}"),
            Self::TooManyValues => {
                return write!(f, "an event has at most {VALUE_COUNT_MAX} values");
            }
            Self::Newer => "sent by a newer version, with something this version does not know",
            Self::NotUtf8 => "a name is not UTF-8",
            Self::DuplicateElement => "this element is in the set twice",
            Self::DuplicateKey => "this key is in the table twice",
            Self::WrongType { expected, found } => {
                return write!(f, "expected {expected}, found {found}");
            }
            Self::NoSuchArg => "the event has no such argument",
            Self::PortProtocol(number) => {
                return write!(f, "a port's protocol is 0 to 3, not {number}");
            }
            Self::Port(error) => return error.fmt(f),
            Self::Subnet(error) => return error.fmt(f),
            Self::AddressLength(bytes) => {
                return write!(f, "an address has 4 or 16 bytes, not {bytes}");
            }
            Self::Misaligned => "the message does not start at a multiple of eight bytes",
            Self::TooManySegments => "the message has too many segments",
            Self::OutOfBounds => "a pointer leads out of the message",
            Self::BadPointer => "a pointer is of the wrong kind",
            Self::Amplified => "pointers lead to the same bytes too often",
            Self::TableLengths => "a table needs as many values as keys",
            Self::NameCount => "a record needs as many names as fields, or none",
            Self::UnknownTag(tag) => return write!(f, "no type has the number {tag}"),
            Self::Varbyte => "a length does not fit 32 bits",
            Self::NotAMessage => "the message is not a list of version, type and content",
            Self::Version(found) => return write!(f, "the message has version {found}, not 1"),
            Self::MessageType(found) => {
                return write!(
                    f,
                    "the message is of type {found}; only events, type 1, are read"
                );
            }
            Self::EventShape => "the content is not a name, a list of arguments and metadata",
            Self::MetadataShape => "an entry of the metadata is not a count and a value",
            Self::TimestampType => "the network timestamp is not a timestamp",
            Self::Expected(what) => return write!(f, "expected {what}"),
            Self::Escape => "a backslash stands before something that cannot be escaped",
            Self::DataType => "the @data-type is unknown",
            Self::DuplicateMember(name) => return write!(f, "the object has \"{name}\" twice"),
            Self::MissingMember(name) => return write!(f, "the object has no \"{name}\""),
            Self::OutOfRange(of) => return write!(f, "the number does not fit {of}"),
            Self::RealWithoutPoint => "a real needs a point or an exponent: write 1.0",
            Self::Address => "not an address",
            Self::Timestamp => "not a timestamp such as 2026-01-20T00:00:00.123",
            Self::Timespan => "not a timespan such as 90s",
        })
    }
}

/// Why a format cannot carry an event, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncodeError {
    format: &'static str,
    fault: EncodeFault,
    /// Innermost step first.
    steps: Vec<Step>,
}

impl EncodeError {
    pub(crate) const fn new(format: &'static str, fault: EncodeFault) -> Self {
        Self {
            format,
            fault,
            steps: Vec::new(),
        }
    }

    pub(crate) fn inside(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The format that was asked for.
    #[must_use]
    pub const fn format(&self) -> &'static str {
        self.format
    }

    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> EncodeFault {
        self.fault
    }

    /// The way from the event to the value that is wrong, outermost step first.
    pub fn path(&self) -> impl Iterator<Item = Step> + '_ {
        self.steps.iter().rev().copied()
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.format)?;
        self.path().try_for_each(|step| write!(f, "{step}"))?;
        f.write_str(if self.steps.is_empty() { "" } else { ": " })?;
        self.fault.fmt(f)
    }
}

impl std::error::Error for EncodeError {}

/// What a format cannot carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EncodeFault {
    /// The event takes more bytes than a payload may have.
    TooLarge,
    /// Values are nested too deep.
    TooDeep,
    /// There are more values than an event may have.
    TooManyValues,
    /// A record has names, but not as many as fields.
    NameCount,
    /// A time or interval is not a number of nanoseconds in 64 bits.
    TimeOutOfRange,
    /// A double is infinite or not a number, which JSON cannot say.
    NotFinite,
    /// Two elements of a set, or two keys of a table, are the same in this format.
    Duplicate,
    /// The network timestamp in the metadata is not a time.
    TimestampType,
    /// A value is of a type that this version of the format cannot carry.
    UnknownType,
    /// A length came without bytes.
    NoBytes,
    /// A name is not UTF-8.
    NotUtf8,
    /// A port's protocol has this number.
    PortProtocol(u8),
    /// An address has this many bytes instead of 4 or 16.
    AddressLength(usize),
    /// A subnet's length is wrong.
    Subnet(zeekwire_types::value::SubnetError),
    /// A function that is no closure has captured values.
    CapturesWithoutClosure,

    /// Order of calls: no event was begun.
    NoEvent,
    /// Order of calls: fewer values came than were announced.
    MissingValues,
    /// Order of calls: more values came than were announced.
    ExtraValue,
    /// Order of calls: the field's name did not come before its value.
    MissingFieldName,
    /// Order of calls: a field's name came where none is due.
    StrayFieldName,
    /// Order of calls: the metadata's id did not come before its value.
    MissingMetadataId,
    /// Order of calls: a metadata's id came where none is due.
    StrayMetadata,
}

impl fmt::Display for EncodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => return write!(f, "a payload has at most {PAYLOAD_BYTES_MAX} bytes"),
            Self::TooDeep => return write!(f, "values nest deeper than {VALUE_DEPTH_MAX}"),
            Self::TooManyValues => {
                return write!(f, "an event has at most {VALUE_COUNT_MAX} values");
            }
            Self::NameCount => "a record needs as many names as fields, or none",
            Self::TimeOutOfRange => "the time does not fit 64 bits of nanoseconds",
            Self::NotFinite => "JSON has no infinity and no NaN",
            Self::Duplicate => "this element or key is the same as one before it",
            Self::TimestampType => "the network timestamp is not a time",
            Self::UnknownType => "the format cannot carry this type",
            Self::NoBytes => "a length comes without bytes: the pointer is null",
            Self::NotUtf8 => "a name is not UTF-8",
            Self::PortProtocol(number) => {
                return write!(f, "a port's protocol is 0 to 3, not {number}");
            }
            Self::AddressLength(bytes) => {
                return write!(f, "an address has 4 or 16 bytes, not {bytes}");
            }
            Self::Subnet(error) => return error.fmt(f),
            Self::CapturesWithoutClosure => "only a closure captures values",
            Self::NoEvent => "begin an event before its values",
            Self::MissingValues => "fewer values were put than announced; this one is missing",
            Self::ExtraValue => "more values were put than announced",
            Self::MissingFieldName => "put the field's name before its value, or announce no names",
            Self::StrayFieldName => "no field's name is due here",
            Self::MissingMetadataId => "put the metadata's id before its value",
            Self::StrayMetadata => "no metadata's id is due here",
        })
    }
}
