//! Messages out of received bytes.

use capnp::NotInSchema;
use capnp::message::{Reader, ReaderOptions};
use capnp::serialize::NoAllocBufferSegments;
use zeekwire_schema::log_capnp::{self as schema, log_message};
use zeekwire_types::limits::PAYLOAD_BYTES_MAX;
use zeekwire_types::log::{LogStream, StreamHash};
use zeekwire_types::{Incarnation, NodeId, NodeName};

use super::batch::BatchMessage;
use super::fault::{DecodeError, Fault, fault, malformed};
use super::stream;
use crate::BatchId;

const WORD_BYTES: usize = 8;
/// What even the smallest message may be traversed. Larger ones may be traversed twice.
const TRAVERSAL_WORDS_MIN: usize = 1024;
/// Pointers on the way to the innermost one: message, batch, columns, lists, elements, strings.
const POINTER_DEPTH_MAX: i32 = 16;

/// A payload whose frame was checked: its segments are there, and nothing else is.
pub struct Frame<'a>(Reader<NoAllocBufferSegments<&'a [u8]>>);

impl<'a> Frame<'a> {
    /// Checks the frame of a payload.
    ///
    /// # Errors
    /// [`DecodeError`]; [`Fault::Misaligned`] when `bytes` does not start at a multiple of eight.
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(fault(Fault::TooLarge));
        }
        if !bytes.as_ptr().addr().is_multiple_of(WORD_BYTES) {
            return Err(fault(Fault::Misaligned));
        }
        let traversal = (bytes.len() / WORD_BYTES * 2).max(TRAVERSAL_WORDS_MIN);
        let options = ReaderOptions {
            traversal_limit_in_words: Some(traversal),
            nesting_limit: POINTER_DEPTH_MAX,
        };
        let mut rest = bytes;
        let segments = NoAllocBufferSegments::from_slice(&mut rest, options).map_err(malformed)?;
        if !rest.is_empty() {
            return Err(fault(Fault::TrailingBytes));
        }
        Ok(Self(Reader::new(segments, options)))
    }

    /// The message.
    ///
    /// # Errors
    /// [`DecodeError`] says what is wrong, and where. Of a batch, the columns are not looked at
    /// yet.
    pub fn message(&self) -> Result<Message<'_>, DecodeError> {
        let root: log_message::Reader<'_> = self.0.get_root().map_err(malformed)?;
        let which = root.which().map_err(|NotInSchema(_)| fault(Fault::Newer))?;
        match which {
            log_message::None(()) => Err(fault(Fault::Nothing)),
            log_message::Open(from) => {
                let read = stream::read(from.map_err(malformed)?);
                let (stream, hash) = read.map_err(|e| e.inside("open", None))?;
                Ok(Message::Open { stream, hash })
            }
            log_message::Batch(from) => {
                let read = BatchMessage::read(from.map_err(malformed)?);
                read.map(Message::Batch)
                    .map_err(|e| e.inside("batch", None))
            }
            log_message::Append(from) => {
                append(from.map_err(malformed)?).map_err(|e| e.inside("append", None))
            }
            log_message::Acknowledgement(from) => {
                let read = acknowledgement(from.map_err(malformed)?);
                read.map_err(|e| e.inside("acknowledgement", None))
            }
            log_message::Refusal(from) => {
                refusal(from.map_err(malformed)?).map_err(|e| e.inside("refusal", None))
            }
            log_message::Want(from) => {
                want(from.map_err(malformed)?).map_err(|e| e.inside("want", None))
            }
        }
    }
}

/// One message between a sender and a logger.
#[derive(Debug)]
#[non_exhaustive]
pub enum Message<'a> {
    /// Defines a stream.
    Open {
        /// The stream.
        stream: LogStream,
        /// Its hash, which was verified.
        hash: StreamHash,
    },
    /// Rows of one stream.
    Batch(BatchMessage<'a>),
    /// Bytes for the end of a file.
    Append {
        /// Names the append among the sender's batches.
        id: BatchId,
        /// Names the file.
        path: &'a str,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Batches and appends are safe.
    Acknowledgement {
        /// Whose they are.
        sender: NodeId,
        /// How safe.
        level: Level,
        /// Which ones.
        sequences: Vec<SequenceRange>,
    },
    /// A batch or an append is not taken.
    Refusal {
        /// Which one.
        id: BatchId,
        /// Why.
        reason: Reason,
        /// Whether it would be refused again, by every logger like this one.
        is_permanent: bool,
        /// More, for people.
        text: &'a str,
    },
    /// A stream's definition is missing.
    Want {
        /// The stream's hash.
        stream: StreamHash,
        /// The batch that needed it, and is not kept.
        id: BatchId,
    },
}

/// How safe a batch or an append is.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Level {
    /// It arrived; nothing is promised.
    #[default]
    Received,
    /// The file has it: it survives the logger, not its machine.
    Written,
    /// The disk has it.
    Synced,
}

/// Why a batch or an append is not taken.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Something that this version does not know.
    #[default]
    Unspecified,
    /// The logger has no such stream, or no such writer.
    UnknownStream,
    /// The logger's stream has other fields.
    FieldMismatch,
    /// The bytes are no batch.
    Malformed,
    /// The logger cannot write just now.
    Unwritable,
    /// The logger ends.
    Stopping,
    /// Nobody takes appends for this path.
    UnknownPath,
}

impl Reason {
    pub(super) const fn to_schema(self) -> schema::refusal::Reason {
        use schema::refusal::Reason as To;

        match self {
            Self::Unspecified => To::Unspecified,
            Self::UnknownStream => To::UnknownStream,
            Self::FieldMismatch => To::FieldMismatch,
            Self::Malformed => To::Malformed,
            Self::Unwritable => To::Unwritable,
            Self::Stopping => To::Stopping,
            Self::UnknownPath => To::UnknownPath,
        }
    }

    const fn from_schema(reason: Result<schema::refusal::Reason, NotInSchema>) -> Self {
        use schema::refusal::Reason as From;

        match reason {
            Ok(From::UnknownStream) => Self::UnknownStream,
            Ok(From::FieldMismatch) => Self::FieldMismatch,
            Ok(From::Malformed) => Self::Malformed,
            Ok(From::Unwritable) => Self::Unwritable,
            Ok(From::Stopping) => Self::Stopping,
            Ok(From::UnknownPath) => Self::UnknownPath,
            Ok(From::Unspecified) | Err(_) => Self::Unspecified,
        }
    }
}

/// Batches and appends of one sender, from the first to the last.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SequenceRange {
    /// The first.
    pub first: u64,
    /// The last, which is not before the first.
    pub last: u64,
}

fn append(from: schema::append::Reader<'_>) -> Result<Message<'_>, DecodeError> {
    Ok(Message::Append {
        id: read_id(from.get_id().map_err(malformed)?)?,
        path: text(from.get_path())?,
        bytes: from.get_bytes().map_err(malformed)?,
    })
}

fn acknowledgement(from: schema::acknowledgement::Reader<'_>) -> Result<Message<'_>, DecodeError> {
    let list = from.get_sequences().map_err(malformed)?;
    // Each range in the list takes as many bytes as one here. Shorter structs would take less, and
    // would be no ranges: their last would be 0.
    let mut sequences = Vec::new();
    for range in list {
        let (first, last) = (range.get_first(), range.get_last());
        if first == 0 || first > last {
            return Err(fault(Fault::Sequence));
        }
        sequences.push(SequenceRange { first, last });
    }
    Ok(Message::Acknowledgement {
        sender: read_life(from.get_sender().map_err(malformed)?)?,
        level: match from.get_level() {
            Ok(schema::Level::Received) => Level::Received,
            Ok(schema::Level::Written) => Level::Written,
            Ok(schema::Level::Synced) => Level::Synced,
            Err(NotInSchema(_)) => return Err(fault(Fault::Newer)),
        },
        sequences,
    })
}

fn refusal(from: schema::refusal::Reader<'_>) -> Result<Message<'_>, DecodeError> {
    Ok(Message::Refusal {
        id: read_id(from.get_id().map_err(malformed)?)?,
        reason: Reason::from_schema(from.get_reason()),
        is_permanent: from.get_permanent(),
        text: text(from.get_text())?,
    })
}

fn want(from: schema::want::Reader<'_>) -> Result<Message<'_>, DecodeError> {
    Ok(Message::Want {
        stream: StreamHash(from.get_stream()),
        id: read_id(from.get_id().map_err(malformed)?)?,
    })
}

pub(super) fn read_id(from: schema::batch_id::Reader<'_>) -> Result<BatchId, DecodeError> {
    let sequence = from.get_sequence();
    if sequence == 0 {
        return Err(fault(Fault::Sequence).inside("id", None));
    }
    Ok(BatchId {
        sender: read_life(from.get_sender().map_err(malformed)?)?,
        sequence,
    })
}

fn read_life(from: schema::life::Reader<'_>) -> Result<NodeId, DecodeError> {
    let name = NodeName::new(text(from.get_name())?);
    Ok(NodeId {
        name: name.map_err(|_| fault(Fault::NodeName).inside("sender", None))?,
        incarnation: Incarnation {
            started_us: from.get_started_us(),
            random: from.get_random(),
        },
    })
}

fn text(text: capnp::Result<capnp::text::Reader<'_>>) -> Result<&str, DecodeError> {
    let text = text.map_err(malformed)?.to_str();
    text.map_err(|_| fault(Fault::NotUtf8))
}
