//! Messages into memory that is used again.

use std::fmt;

use capnp::message::Builder;
use zeekwire_buffer::AlignedBytes;
use zeekwire_buffer::scratch::Scratch;
use zeekwire_schema::log_capnp::{self as schema, log_message};
use zeekwire_types::NodeId;
use zeekwire_types::limits::PAYLOAD_BYTES_MAX;
use zeekwire_types::log::{LogStream, StreamHash};

use super::message::{Level, Reason, SequenceRange};
use super::{batch, stream};
use crate::{BatchBuilder, BatchId};

/// Writes messages, one after the other, reusing its memory. Each is a payload of its own, aligned
/// to eight bytes, and stays until the next call.
#[derive(Debug, Default)]
pub struct Encoder {
    scratch: Scratch,
    /// Batches lie here: they are written without builders.
    batch: AlignedBytes,
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EncodeError {
    /// It would be larger than a payload may be.
    TooLarge,
    /// A batch needs a row.
    NoRows,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(
                f,
                "log message: a payload has at most {PAYLOAD_BYTES_MAX} bytes"
            ),
            Self::NoRows => f.write_str("log message: a batch needs at least one row"),
        }
    }
}

impl std::error::Error for EncodeError {}

impl Encoder {
    /// An encoder with little memory, which grows with its messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of memory that this encoder holds.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.scratch.held_bytes() + self.batch.capacity()
    }

    /// The definition of a stream, whose hash is computed anew: keep the bytes.
    ///
    /// # Errors
    /// [`EncodeError`] when the message would be too large.
    pub fn open(&mut self, stream: &LogStream) -> Result<&[u8], EncodeError> {
        let hash = stream.hash();
        self.build(|message| stream::write(message.init_open(), stream, hash))
    }

    /// The rows of a builder as the batch of that id.
    ///
    /// # Errors
    /// [`EncodeError`] when there is no row. That the message is too large, the builder prevents.
    pub fn batch(&mut self, id: &BatchId, rows: &BatchBuilder) -> Result<&[u8], EncodeError> {
        if rows.is_empty() {
            return Err(EncodeError::NoRows);
        }
        let bytes = batch::write(&mut self.batch, id, rows);
        match self.batch.get(..bytes) {
            Some(message) if bytes <= PAYLOAD_BYTES_MAX => Ok(message),
            _ => Err(EncodeError::TooLarge),
        }
    }

    /// Bytes for the end of the file that the receiver knows by that path.
    ///
    /// # Errors
    /// [`EncodeError`] when the message would be too large.
    pub fn append(&mut self, id: &BatchId, path: &str, bytes: &[u8]) -> Result<&[u8], EncodeError> {
        if bytes.len().saturating_add(path.len()) > PAYLOAD_BYTES_MAX / 2 {
            return Err(EncodeError::TooLarge);
        }
        self.build(|message| {
            let mut to = message.init_append();
            write_id(to.reborrow().init_id(), id);
            to.set_path(path);
            to.set_bytes(bytes);
        })
    }

    /// That batches and appends of a sender are safe.
    ///
    /// # Errors
    /// [`EncodeError`] when the message would be too large.
    pub fn acknowledgement(
        &mut self,
        sender: &NodeId,
        level: Level,
        sequences: &[SequenceRange],
    ) -> Result<&[u8], EncodeError> {
        let count = u32::try_from(sequences.len()).map_err(|_| EncodeError::TooLarge)?;
        self.build(|message| {
            let mut to = message.init_acknowledgement();
            write_life(to.reborrow().init_sender(), sender);
            to.set_level(match level {
                Level::Received => schema::Level::Received,
                Level::Written => schema::Level::Written,
                Level::Synced => schema::Level::Synced,
            });
            let mut list = to.init_sequences(count);
            for (index, range) in (0..).zip(sequences) {
                let mut slot = list.reborrow().get(index);
                slot.set_first(range.first);
                slot.set_last(range.last);
            }
        })
    }

    /// That this logger does not take a batch or an append.
    ///
    /// # Errors
    /// [`EncodeError`] when the message would be too large.
    pub fn refusal(
        &mut self,
        id: &BatchId,
        reason: Reason,
        is_permanent: bool,
        text: &str,
    ) -> Result<&[u8], EncodeError> {
        self.build(|message| {
            let mut to = message.init_refusal();
            write_id(to.reborrow().init_id(), id);
            to.set_reason(reason.to_schema());
            to.set_permanent(is_permanent);
            to.set_text(text);
        })
    }

    /// That a stream's definition is missing, and that the batch which needed it is not kept.
    ///
    /// # Errors
    /// [`EncodeError`] when the message would be too large.
    pub fn want(&mut self, stream: StreamHash, id: &BatchId) -> Result<&[u8], EncodeError> {
        self.build(|message| {
            let mut to = message.init_want();
            to.set_stream(stream.0);
            write_id(to.reborrow().init_id(), id);
        })
    }

    fn build(&mut self, write: impl Fn(log_message::Builder<'_>)) -> Result<&[u8], EncodeError> {
        // What does not fit one segment has taught the scratch its size: the second time it fits.
        for _ in 0..2 {
            let mut builder = Builder::new(&mut self.scratch);
            write(builder.init_root());
            if builder.get_segments_for_output().len() == 1 {
                break;
            }
        }
        let message = self.scratch.message().ok_or(EncodeError::TooLarge)?;
        if message.len() > PAYLOAD_BYTES_MAX {
            return Err(EncodeError::TooLarge);
        }
        Ok(message)
    }
}

fn write_id(mut to: schema::batch_id::Builder<'_>, id: &BatchId) {
    to.set_sequence(id.sequence);
    write_life(to.init_sender(), &id.sender);
}

fn write_life(mut to: schema::life::Builder<'_>, node: &NodeId) {
    to.set_name(node.name.as_str());
    to.set_started_us(node.incarnation.started_us);
    to.set_random(node.incarnation.random);
}
