//! Events to `capnp-v1` from calls in order, for hosts that have values of their own.
//!
//! The words go straight to where they will be read: no builder, no tree of values, and no
//! allocation once the buffer has the size of recent events. A container says how many values
//! follow it, so its room is taken before they come. The bytes are those of `EventEncoder`, but
//! that keys and names come to lie between the values which they belong to, and that a record whose
//! type has no name is a word shorter.

mod open;
mod values;
mod words;

use std::fmt;

use zeekwire_buffer::AlignedBytes;
use zeekwire_types::limits::VALUE_DEPTH_MAX;

use super::NAME;
use super::layout::{EVENT, METADATA, VALUE, WORD, struct_pointer, structs_pointer, structs_tag};
use crate::{EncodeError, EncodeFault};
use open::{Kind, Open};

/// Smallest buffer. Most events fit, and an idle encoder costs little.
const BUFFER_BYTES_MIN: usize = 1024;
/// A buffer that is this many times larger than recent events is given back.
const SHRINK_FACTOR: usize = 8;
/// How fast the moving maximum falls: by this fraction of itself per event.
const DECAY: usize = 64;
/// The event's own struct: behind the segment table and the root pointer.
const EVENT_AT: usize = 2 * WORD;

/// Writes one event after another, each from calls in order.
///
/// [`StreamEncoder::begin`], then as many values as it announced: each is one call of a `put_`
/// function, and after a container's call the values in it follow. Then the metadata:
/// [`StreamEncoder::put_metadata`] and one value, each. [`StreamEncoder::finish`] gives the
/// payload.
///
/// The first fault sticks: calls after it do nothing, and `finish` reports it with its place. So
/// nothing else needs to be checked.
///
/// ```
/// use zeekwire_serializer::{EventMessage, StreamEncoder};
///
/// let mut encoder = StreamEncoder::new();
/// encoder.begin("Test::hello", 2, 0);
/// encoder.put_count(5);
/// encoder.put_vector(1);
/// encoder.put_string(b"in the vector");
/// let message = EventMessage::new(encoder.finish()?)?;
/// assert_eq!(message.event()?.arg(0)?.as_count()?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamEncoder {
    /// The message, and behind it what earlier messages left there.
    buffer: AlignedBytes,
    used_bytes: usize,
    /// The innermost run of values that is not complete, and those around it.
    open: Open,
    outer: [Open; VALUE_DEPTH_MAX],
    depth: usize,
    metadata_count: usize,
    fault: Option<EncodeError>,
    /// Moving maximum of the size of events.
    recent_bytes: usize,
}

impl StreamEncoder {
    /// An encoder with little memory, which grows with its events.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: AlignedBytes::zeroed(BUFFER_BYTES_MIN),
            used_bytes: 0,
            open: Open::closed(Kind::Idle),
            outer: [Open::closed(Kind::Idle); VALUE_DEPTH_MAX],
            depth: 0,
            metadata_count: 0,
            fault: None,
            recent_bytes: 0,
        }
    }

    /// Bytes of memory that this encoder holds.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    /// Begins an event, whatever became of the one before.
    pub fn begin(&mut self, name: &str, arg_count: usize, metadata_count: usize) {
        self.forget();
        self.metadata_count = metadata_count;
        self.set(WORD, struct_pointer(WORD, EVENT_AT, EVENT));
        self.used_bytes = EVENT_AT + EVENT.bytes();
        let at = |index| EVENT_AT + EVENT.pointer(index);
        let Some(name) = self.text(at(0), name) else {
            return;
        };
        let Some((args, first)) = self.values(at(1), arg_count) else {
            return;
        };
        self.set(at(0), name);
        self.set(at(1), args);
        self.set(at(2), 0);
        self.open = Open::run(Kind::Args, first, arg_count);
        if arg_count == 0 {
            self.settle();
        }
    }

    /// An entry of the metadata; its value follows.
    pub fn put_metadata(&mut self, id: u64) {
        if !self.open.awaits(Kind::Metadata) {
            return self.refuse(EncodeFault::StrayMetadata);
        }
        let entry = self.open.beside;
        let at = entry + METADATA.pointer(0);
        let Some(value) = self.take(VALUE.bytes()) else {
            return;
        };
        self.set(entry, id);
        self.set(at, struct_pointer(at, value, VALUE));
        self.open.slot = value;
        self.open.unlock(METADATA.bytes());
    }

    /// The payload: one segment, aligned to eight bytes, until the next event begins.
    ///
    /// # Errors
    /// The first fault since the event began, which may be that values are missing.
    pub fn finish(&mut self) -> Result<&[u8], EncodeError> {
        if self.fault.is_none() && self.open.kind() != Kind::Done {
            self.refuse(match self.open.kind() {
                Kind::Idle => EncodeFault::NoEvent,
                _ => EncodeFault::MissingValues,
            });
        }
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        // The table of one segment: the count of further segments, and the segment's words.
        let words = (self.used_bytes / WORD - 1) as u64;
        self.set(0, words << 32);
        Ok(&self.buffer[..self.used_bytes])
    }

    /// The fault that `finish` will report, if there is one already.
    #[must_use]
    pub const fn fault(&self) -> Option<&EncodeError> {
        self.fault.as_ref()
    }

    /// Ends the event with a fault in the value that would come next, unless one came before:
    /// for hosts whose value has no counterpart here.
    #[cold]
    pub fn refuse(&mut self, fault: EncodeFault) {
        if self.fault.is_some() {
            return;
        }
        let mut error = EncodeError::new(NAME, fault);
        if let Some(step) = self.open.path(false) {
            error = error.inside(step);
        }
        for open in self.outer[..self.depth].iter().rev() {
            if let Some(step) = open.path(true) {
                error = error.inside(step);
            }
        }
        self.fault = Some(error);
        self.open = Open::closed(Kind::Done);
        self.depth = 0;
    }

    /// Drops the event before, and memory that events have not needed for long.
    fn forget(&mut self) {
        let faded = self.recent_bytes - self.recent_bytes.div_ceil(DECAY);
        self.recent_bytes = self.used_bytes.max(faded);
        let fitting_bytes = self.recent_bytes.max(BUFFER_BYTES_MIN).next_power_of_two();
        if self.buffer.len() / SHRINK_FACTOR > fitting_bytes {
            self.buffer = AlignedBytes::zeroed(fitting_bytes);
        }
        self.depth = 0;
        self.open = Open::closed(Kind::Idle);
        self.fault = None;
    }

    /// Takes back what is complete.
    fn settle(&mut self) {
        while self.open.ready == 0 && self.open.later == 0 {
            if self.depth == 0 {
                return self.end_run();
            }
            self.depth -= 1;
            self.open = self.outer[self.depth];
        }
    }

    /// Goes on from the arguments to the metadata, and from there to the end.
    fn end_run(&mut self) {
        let count = self.metadata_count;
        if self.open.kind() != Kind::Args || count == 0 {
            self.open = Open::closed(Kind::Done);
            return;
        }
        let bytes = count.saturating_mul(METADATA.bytes());
        let Some(tag) = self.take(bytes.saturating_add(WORD)) else {
            return;
        };
        let at = EVENT_AT + EVENT.pointer(2);
        self.set(at, structs_pointer(at, tag, bytes));
        self.set(tag, structs_tag(count, METADATA));
        self.open = Open::announced(Kind::Metadata, 0, count, tag + WORD);
    }

    /// A value came where none fits.
    #[cold]
    fn misplaced(&mut self) {
        self.refuse(match self.open.kind() {
            Kind::Idle => EncodeFault::NoEvent,
            Kind::Metadata => EncodeFault::MissingMetadataId,
            Kind::Fields => EncodeFault::MissingFieldName,
            _ => EncodeFault::ExtraValue,
        });
    }
}

impl Default for StreamEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StreamEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamEncoder")
            .field("used_bytes", &self.used_bytes)
            .field("open", &self.open)
            .field("depth", &self.depth)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
