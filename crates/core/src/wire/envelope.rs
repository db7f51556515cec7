//! The envelope of a message: its topic, who published it, and in which format.

use std::ops::Range;

use capnp::message::{Builder, HeapAllocator, Reader, ReaderOptions, SegmentArray};
use zeekwire_buffer::AlignedBytes;
use zeekwire_schema::link_capnp::envelope;
use zeekwire_types::limits::{ENVELOPE_BYTES_MAX, FORMAT_NAME_BYTES_MAX};
use zeekwire_types::{Incarnation, NodeId, NodeName, Topic};

use crate::Fault;

/// The root pointer that every builder writes: the struct follows at once, with four words of
/// data and three pointers. With it the sequence's place is known.
const ROOT: u64 = 4 << 32 | 3 << 48;
const SEQUENCE: Range<usize> = 24..32;
/// Where the pointers to topic, publisher and format are, behind which their bytes follow.
const POINTERS: Range<usize> = 40..64;

/// An envelope that was verified, and where its parts lie in its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Located {
    topic: (u16, u16),
    publisher: (u16, u16),
    format: (u16, u16),
    incarnation: Incarnation,
    sequence: u64,
    survey: u64,
    /// Whether nothing but the sequence is read from the sequence's place.
    ordinary: bool,
}

impl Located {
    /// Verifies an envelope.
    ///
    /// # Errors
    /// [`Fault`] names the field that is missing, too long or not text.
    pub fn verify(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(Fault::EnvelopeTooLong);
        }
        let segments = [bytes];
        let options = ReaderOptions {
            traversal_limit_in_words: Some(bytes.len().max(64)),
            nesting_limit: 4,
        };
        let message = Reader::new(SegmentArray::new(&segments), options);
        let root = message
            .get_root::<envelope::Reader<'_>>()
            .map_err(|_| Fault::Envelope)?;
        let topic = root.get_topic().map_err(|_| Fault::Envelope)?;
        Topic::check(topic).map_err(|_| Fault::EnvelopeTopic)?;
        let publisher = root.get_publisher().map_err(|_| Fault::Envelope)?;
        let name = publisher.to_str().map_err(|_| Fault::EnvelopePublisher)?;
        NodeName::check(name).map_err(|_| Fault::EnvelopePublisher)?;
        let format = root.get_format().map_err(|_| Fault::Envelope)?;
        let printable = |b: &u8| b.is_ascii_graphic();
        let format = format.as_bytes();
        if !(1..=FORMAT_NAME_BYTES_MAX).contains(&format.len()) || !format.iter().all(printable) {
            return Err(Fault::EnvelopeFormat);
        }
        let parts = [topic, publisher.as_bytes(), format];
        let [topic, publisher, format] = parts.map(|part| place(bytes, part));
        let (topic, publisher, format) = (topic?, publisher?, format?);
        Ok(Self {
            topic,
            publisher,
            format,
            ordinary: is_ordinary(bytes, [topic, publisher, format]),
            incarnation: Incarnation {
                started_us: root.get_started_us(),
                random: root.get_random(),
            },
            sequence: root.get_sequence(),
            survey: root.get_survey(),
        })
    }

    /// What [`Located::verify`] would say, if `bytes` differ from `known`, of which `self` was
    /// verified, at most in the sequence.
    ///
    /// Messages of one publisher about one topic differ in nothing else, and comparing is ten
    /// times faster than reading.
    #[must_use]
    #[inline]
    pub fn resembling(&self, known: &[u8], bytes: &[u8]) -> Option<Self> {
        let same = self.ordinary
            && known.len() == bytes.len()
            && bytes.len() > SEQUENCE.end
            && known[..SEQUENCE.start] == bytes[..SEQUENCE.start]
            && known[SEQUENCE.end..] == bytes[SEQUENCE.end..];
        let sequence = u64::from_le_bytes(bytes.get(SEQUENCE)?.try_into().ok()?);
        same.then_some(Self { sequence, ..*self })
    }

    /// The envelope's parts.
    #[must_use]
    pub fn envelope<'a>(&self, bytes: &'a [u8]) -> Envelope<'a> {
        Envelope {
            located: *self,
            bytes,
        }
    }

    /// Number of the message, rising for each publisher and class.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Number of the question that this message asks or answers; 0 for most messages.
    #[must_use]
    pub const fn survey(&self) -> u64 {
        self.survey
    }

    /// Which life of the publisher sent it.
    #[must_use]
    pub const fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Where the topic lies in the envelope: offset and length in bytes.
    #[must_use]
    pub const fn topic_place(&self) -> (u16, u16) {
        self.topic
    }

    /// Where the publisher's name lies in the envelope: offset and length in bytes.
    #[must_use]
    pub const fn publisher_place(&self) -> (u16, u16) {
        self.publisher
    }

    /// Where the format's name lies in the envelope: offset and length in bytes.
    #[must_use]
    pub const fn format_place(&self) -> (u16, u16) {
        self.format
    }
}

/// A verified envelope over its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    located: Located,
    bytes: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn part(&self, (start, len): (u16, u16)) -> &'a [u8] {
        &self.bytes[usize::from(start)..usize::from(start) + usize::from(len)]
    }

    /// What the message is about.
    #[must_use]
    pub fn topic(&self) -> &'a [u8] {
        self.part(self.located.topic)
    }

    /// Name of the node that published it.
    #[must_use]
    pub fn publisher(&self) -> &'a str {
        std::str::from_utf8(self.part(self.located.publisher)).unwrap_or_default()
    }

    /// Name of the payload's serializer.
    #[must_use]
    pub fn format(&self) -> &'a str {
        std::str::from_utf8(self.part(self.located.format)).unwrap_or_default()
    }

    /// Where its parts lie, and its numbers.
    #[must_use]
    pub const fn located(&self) -> &Located {
        &self.located
    }
}

/// Whether an envelope is laid out as builders do it. A stranger's may be correct and still have
/// its topic, or a pointer on the way to it, where the sequence is.
fn is_ordinary(bytes: &[u8], parts: [(u16, u16); 3]) -> bool {
    const KIND: u8 = 3;
    const LIST: u8 = 1;
    let Some(pointers) = bytes.get(POINTERS) else {
        return false;
    };
    bytes[..8] == ROOT.to_le_bytes()
        && pointers.chunks(8).all(|pointer| pointer[0] & KIND == LIST)
        && parts
            .iter()
            .all(|(start, _)| usize::from(*start) >= POINTERS.end)
}

fn place(outer: &[u8], inner: &[u8]) -> Result<(u16, u16), Fault> {
    let start = (inner.as_ptr() as usize).wrapping_sub(outer.as_ptr() as usize);
    debug_assert!(
        start + inner.len() <= outer.len(),
        "a part lies inside the whole"
    );
    let start = u16::try_from(start).map_err(|_| Fault::Envelope)?;
    Ok((
        start,
        u16::try_from(inner.len()).map_err(|_| Fault::Envelope)?,
    ))
}

/// The envelope of one publisher's messages about one topic, but for the sequence.
#[derive(Clone, Debug)]
pub struct EnvelopeTemplate {
    bytes: AlignedBytes,
    located: Located,
}

impl EnvelopeTemplate {
    /// Builds the envelope with sequence 0.
    ///
    /// # Panics
    /// When `topic` or `format` is empty or longer than its limit; callers check theirs before.
    #[must_use]
    pub fn new(publisher: &NodeId, topic: &[u8], format: &str) -> Self {
        Self::with_survey(publisher, topic, format, 0)
    }

    /// As [`EnvelopeTemplate::new`], for a question or answer with this number.
    ///
    /// # Panics
    /// As [`EnvelopeTemplate::new`].
    #[must_use]
    pub fn with_survey(publisher: &NodeId, topic: &[u8], format: &str, survey: u64) -> Self {
        let mut message = Builder::new(HeapAllocator::new().first_segment_words(128));
        let mut root = message.init_root::<envelope::Builder<'_>>();
        root.set_started_us(publisher.incarnation.started_us);
        root.set_random(publisher.incarnation.random);
        root.set_survey(survey);
        root.set_topic(topic);
        root.set_publisher(publisher.name.as_str());
        root.set_format(format);
        let segments = message.get_segments_for_output();
        assert_eq!(segments.len(), 1, "the first segment holds any envelope");
        let bytes = AlignedBytes::copied(segments[0]);
        assert_eq!(bytes[..8], ROOT.to_le_bytes(), "the sequence has its place");
        let located = Located::verify(&bytes).expect("topic and format were checked");
        Self { bytes, located }
    }

    /// Bytes of the envelope, a multiple of eight.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the parts lie.
    #[must_use]
    pub const fn located(&self) -> &Located {
        &self.located
    }

    /// Writes `sequence` into a copy of these bytes.
    pub fn set_sequence(envelope: &mut [u8], sequence: u64) {
        envelope[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publisher() -> NodeId {
        NodeId {
            name: NodeName::new("worker-1").expect("a good name"),
            incarnation: Incarnation {
                started_us: 1,
                random: 2,
            },
        }
    }

    #[test]
    fn a_template_reads_back() {
        let template = EnvelopeTemplate::new(&publisher(), b"zeek/test", "capnp-v1");
        let mut bytes = AlignedBytes::copied(template.bytes());
        EnvelopeTemplate::set_sequence(&mut bytes, 77);
        let located = Located::verify(&bytes).expect("well formed");
        let envelope = located.envelope(&bytes);
        assert_eq!(envelope.topic(), b"zeek/test");
        assert_eq!(
            (envelope.publisher(), envelope.format()),
            ("worker-1", "capnp-v1")
        );
        assert_eq!(
            (located.sequence(), located.incarnation()),
            (77, publisher().incarnation)
        );
        assert_eq!(
            template.located().resembling(template.bytes(), &bytes),
            Some(located)
        );
    }

    #[test]
    fn another_topic_does_not_resemble() {
        let one = EnvelopeTemplate::new(&publisher(), b"zeek/one", "capnp-v1");
        let two = EnvelopeTemplate::new(&publisher(), b"zeek/two", "capnp-v1");
        assert_eq!(one.located().resembling(one.bytes(), two.bytes()), None);
        assert_eq!(
            one.located().resembling(one.bytes(), &two.bytes()[..16]),
            None
        );
    }

    #[test]
    fn an_envelope_whose_topic_is_its_sequence_resembles_nothing() {
        let template = EnvelopeTemplate::new(&publisher(), b"zeek/one", "capnp-v1");
        // A list of eight bytes, three words before the pointer's end; or a far pointer to there.
        let list = (-3_i64 << 2 | 1) & 0xffff_ffff | 8 << 35 | 2 << 32;
        let far = 3 << 3 | 2;
        let landing = 5_u64 << 2 | 1 | 8 << 35 | 2 << 32;
        for (pointer, sequence) in [(list, 7), (far, landing)] {
            let mut bytes = AlignedBytes::copied(template.bytes());
            bytes[POINTERS.start..POINTERS.start + 8].copy_from_slice(&pointer.to_le_bytes());
            EnvelopeTemplate::set_sequence(&mut bytes, sequence);
            let located = Located::verify(&bytes).expect("strange, but well formed");
            assert_eq!(located.topic_place().1, 8);
            assert_eq!(located.resembling(&bytes, &bytes), None);
        }
    }

    #[test]
    fn the_longest_parts_fit() {
        let name = NodeName::new(&"n".repeat(255)).expect("the longest name");
        let publisher = NodeId {
            name,
            ..publisher()
        };
        let template = EnvelopeTemplate::new(&publisher, &[0xff; 512], &"f".repeat(64));
        assert!(template.bytes().len() <= ENVELOPE_BYTES_MAX);
    }

    #[test]
    fn every_truncation_and_flip_is_refused_or_read_in_bounds() {
        let template = EnvelopeTemplate::new(&publisher(), b"zeek/test", "capnp-v1");
        let whole = template.bytes();
        for words in 0..whole.len() / 8 {
            let short = AlignedBytes::copied(&whole[..words * 8]);
            assert!(Located::verify(&short).is_err(), "{words} words");
        }
        for index in 0..whole.len() {
            let mut bytes = AlignedBytes::copied(whole);
            for flip in 1..=255 {
                bytes[index] = whole[index] ^ flip;
                if let Ok(located) = Located::verify(&bytes) {
                    let envelope = located.envelope(&bytes);
                    assert!(!envelope.topic().is_empty() && !envelope.publisher().is_empty());
                }
            }
        }
    }
}
