//! A message that arrived, as borrowed bytes.

use zeekwire_types::{Incarnation, TrafficClass};

/// Where the parts of a message lie in its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parts {
    /// Which class of traffic it is.
    pub class: TrafficClass,
    /// Offset and length of the topic, in bytes.
    pub topic: (u16, u16),
    /// Offset and length of the publisher's name, which is UTF-8.
    pub publisher: (u16, u16),
    /// Offset and length of the format's name, which is ASCII.
    pub format: (u16, u16),
    /// Offset and length of the payload.
    pub payload: (u32, u32),
    /// Which life of the publisher sent it.
    pub incarnation: Incarnation,
    /// Its number, rising for each publisher and class.
    pub sequence: u64,
    /// Number of the question that it is or answers; 0 for most messages.
    pub survey: u64,
}

/// A message that arrived. The payload starts at a multiple of eight.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    parts: Parts,
}

impl<'a> Message<'a> {
    /// A message over its bytes.
    ///
    /// # Panics
    /// When a part lies outside of them.
    #[must_use]
    pub fn new(bytes: &'a [u8], parts: &Parts) -> Self {
        let message = Self {
            bytes,
            parts: *parts,
        };
        assert!(
            message.end() <= bytes.len(),
            "the parts of a message lie in its bytes"
        );
        message
    }

    fn end(&self) -> usize {
        let short = [self.parts.topic, self.parts.publisher, self.parts.format];
        let ends = short.map(|(start, len)| u32::from(start) + u32::from(len));
        let payload = self.parts.payload.0.saturating_add(self.parts.payload.1);
        ends.into_iter().fold(payload, u32::max) as usize
    }

    fn part(&self, (start, len): (u16, u16)) -> &'a [u8] {
        &self.bytes[usize::from(start)..usize::from(start) + usize::from(len)]
    }

    /// What it is about.
    #[must_use]
    pub fn topic(&self) -> &'a [u8] {
        self.part(self.parts.topic)
    }

    /// Name of the node that published it.
    #[must_use]
    pub fn publisher(&self) -> &'a str {
        std::str::from_utf8(self.part(self.parts.publisher)).unwrap_or_default()
    }

    /// Which life of that node.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.parts.incarnation
    }

    /// Its number, rising for each publisher and class. A gap is not by itself a loss.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.parts.sequence
    }

    /// Number of the question that it is or answers; 0 for most messages.
    #[must_use]
    pub const fn survey(&self) -> u64 {
        self.parts.survey
    }

    /// Which class of traffic it is.
    #[must_use]
    pub const fn class(&self) -> TrafficClass {
        self.parts.class
    }

    /// Name of the payload's serializer.
    #[must_use]
    pub fn format(&self) -> &'a str {
        std::str::from_utf8(self.part(self.parts.format)).unwrap_or_default()
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        let (start, len) = self.parts.payload;
        &self.bytes[start as usize..start as usize + len as usize]
    }

    /// All of its bytes, as they arrived.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where its parts lie.
    #[must_use]
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }
}
