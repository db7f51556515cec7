//! Publications that wait to be routed, as whole messages back to back.

use zeekwire_core::wire::{EnvelopeTemplate, FrameHeader};
use zeekwire_types::TrafficClass;
use zeekwire_types::limits::{FRAME_HEADER_BYTES, HOP_LIMIT_MAX};

#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const HEADER_BYTES: u16 = FRAME_HEADER_BYTES as u16;

/// One message of a [`Ring`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: TrafficClass,
    /// Where the topic lies, from `start`.
    topic: (u16, u16),
}

/// Messages in the order in which they were accepted, ready to be written as they are.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

impl Ring {
    /// Appends one message, which has yet to be numbered. Returns its length.
    #[inline]
    pub(crate) fn push(
        &mut self,
        class: TrafficClass,
        template: &EnvelopeTemplate,
        tree: u32,
        payload: &[u8],
    ) -> usize {
        let envelope = template.bytes();
        let header = FrameHeader {
            class,
            fragment: false,
            hop_limit: HOP_LIMIT_MAX,
            envelope_bytes: envelope.len(),
            payload_bytes: payload.len(),
            tree,
        };
        let start = self.bytes.len();
        let end = start + header.frame_bytes();
        self.bytes.reserve(end - start);
        self.bytes.extend_from_slice(&header.encode());
        self.bytes.extend_from_slice(envelope);
        self.bytes.extend_from_slice(payload);
        self.bytes.resize(end, 0);
        let (topic_start, topic_len) = template.located().topic_place();
        let topic = (topic_start + HEADER_BYTES, topic_len);
        self.records.push(Record {
            start,
            end,
            class,
            topic,
        });
        end - start
    }

    /// Numbers a record's message.
    pub(crate) fn set_sequence(&mut self, at: usize, sequence: u64) {
        let start = self.records[at].start + FRAME_HEADER_BYTES;
        EnvelopeTemplate::set_sequence(&mut self.bytes[start..], sequence);
    }

    /// The topic of a record.
    pub(crate) fn topic(&self, record: &Record) -> &[u8] {
        let start = record.start + usize::from(record.topic.0);
        &self.bytes[start..start + usize::from(record.topic.1)]
    }

    /// Forgets the messages. Keeps the memory, unless a long message made it large.
    pub(crate) fn clear(&mut self, keep_bytes_max: usize) {
        self.records.clear();
        if self.bytes.capacity() > keep_bytes_max {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}
