//! The fixed header of a frame, and cutting a stream of bytes into frames.
//!
//! ```text
//! byte  0      class
//!       1      flags: 1 = fragment
//!       2      hop limit
//!       3      0
//!       4..6   envelope, in words of eight bytes
//!       6..8   check over the other fourteen bytes
//!       8..12  payload, in bytes; padded with zeros to whole words on the wire
//!       12..16 tree: whose shortest-path tree the message follows; 0 before it reached a member
//! ```
//! Integers are little-endian. Envelope and payload follow, each starting at a multiple of eight.

use zeekwire_buffer::padded;
use zeekwire_types::TrafficClass;
use zeekwire_types::limits::{
    ENVELOPE_BYTES_MAX, FRAGMENT_BYTES_MAX, FRAME_HEADER_BYTES, HOP_LIMIT_MAX, MESSAGE_BYTES_MAX,
};

use crate::Fault;

const FLAG_FRAGMENT: u8 = 1;

/// What the header of a frame says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameHeader {
    /// Class of the traffic.
    pub class: TrafficClass,
    /// Whether the payload is a piece of a longer message; then there is no envelope.
    pub fragment: bool,
    /// Hops that the message may still travel.
    pub hop_limit: u8,
    /// Bytes of the envelope, a multiple of eight.
    pub envelope_bytes: usize,
    /// Bytes of the payload without padding.
    pub payload_bytes: usize,
    /// Number of the member whose shortest-path tree the message follows; 0 before it reached one.
    pub tree: u32,
}

impl FrameHeader {
    /// Bytes of the whole frame: header, envelope, payload and padding.
    #[must_use]
    pub const fn frame_bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.envelope_bytes + padded(self.payload_bytes)
    }

    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; FRAME_HEADER_BYTES] {
        assert!(
            self.envelope_bytes.is_multiple_of(8),
            "an envelope is whole words"
        );
        assert!(
            self.envelope_bytes <= ENVELOPE_BYTES_MAX,
            "an envelope has a bound"
        );
        let words = u16::try_from(self.envelope_bytes / 8).expect("bounded above");
        let payload = u32::try_from(self.payload_bytes).expect("payloads are under 4 GiB");
        let mut first = u64::from(self.class as u8)
            | u64::from(u8::from(self.fragment) * FLAG_FRAGMENT) << 8
            | u64::from(self.hop_limit) << 16
            | u64::from(words) << 32;
        let second = u64::from(payload) | u64::from(self.tree) << 32;
        first |= u64::from(check(first, second)) << 48;
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[..8].copy_from_slice(&first.to_le_bytes());
        bytes[8..].copy_from_slice(&second.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`Fault`] when the check or a field is wrong: the two ends no longer agree where frames
    /// begin.
    #[inline]
    pub fn decode(bytes: &[u8; FRAME_HEADER_BYTES]) -> Result<Self, Fault> {
        let (first, second) = bytes.split_at(8);
        let first = u64::from_le_bytes(first.try_into().expect("eight of sixteen bytes"));
        let second = u64::from_le_bytes(second.try_into().expect("eight of sixteen bytes"));
        let fields = first & 0x0000_ffff_ffff_ffff;
        if u64::from(check(fields, second)) != first >> 48 {
            return Err(Fault::FrameCheck);
        }
        let [class, flags, hop_limit, zero, words_low, words_high, ..] = first.to_le_bytes();
        let class = TrafficClass::from_number(class).ok_or(Fault::FrameClass(class))?;
        if flags & !FLAG_FRAGMENT != 0 || zero != 0 {
            return Err(Fault::FrameReserved);
        }
        if hop_limit > HOP_LIMIT_MAX {
            return Err(Fault::FrameHopLimit);
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the halves are taken apart"
        )]
        let (payload_bytes, tree) = (second as u32 as usize, (second >> 32) as u32);
        if payload_bytes > MESSAGE_BYTES_MAX {
            return Err(Fault::FrameTooLong);
        }
        let header = Self {
            class,
            fragment: flags & FLAG_FRAGMENT != 0,
            hop_limit,
            envelope_bytes: usize::from(u16::from_le_bytes([words_low, words_high])) * 8,
            payload_bytes,
            tree,
        };
        if header.fragment && header.envelope_bytes != 0 {
            return Err(Fault::FragmentEnvelope);
        }
        if header.envelope_bytes > ENVELOPE_BYTES_MAX || header.frame_bytes() > MESSAGE_BYTES_MAX {
            return Err(Fault::FrameTooLong);
        }
        Ok(header)
    }
}

/// One whole frame in a run of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its header.
    pub header: FrameHeader,
    /// All of it, header and padding included.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The envelope's bytes.
    #[must_use]
    pub fn envelope(&self) -> &'a [u8] {
        &self.bytes[FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + self.header.envelope_bytes]
    }

    /// The payload's bytes, without padding.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        let start = FRAME_HEADER_BYTES + self.header.envelope_bytes;
        &self.bytes[start..start + self.header.payload_bytes]
    }

    /// Takes a whole message, reassembled or not, apart.
    ///
    /// # Errors
    /// [`Fault`] when the header is wrong or does not agree with the length.
    pub fn whole(bytes: &'a [u8]) -> Result<Self, Fault> {
        let header = bytes.first_chunk().ok_or(Fault::FrameTooLong)?;
        let header = FrameHeader::decode(header)?;
        if header.frame_bytes() != bytes.len() {
            return Err(Fault::FragmentLength);
        }
        Ok(Self { header, bytes })
    }
}

/// The first frame in `bytes`, or `None` when more bytes must arrive first.
///
/// # Errors
/// [`Fault`] when no frame can start here, or it would be longer than a link carries in one piece.
#[inline]
pub fn split(bytes: &[u8]) -> Result<Option<Frame<'_>>, Fault> {
    let Some(header) = bytes.first_chunk() else {
        return Ok(None);
    };
    let header = FrameHeader::decode(header)?;
    let frame_bytes = header.frame_bytes();
    if frame_bytes > FRAGMENT_BYTES_MAX {
        return Err(Fault::FrameTooLong);
    }
    Ok(bytes
        .get(..frame_bytes)
        .map(|bytes| Frame { header, bytes }))
}

/// Sixteen bits over the other fields: enough to notice at once that two ends lost step.
const fn check(first: u64, second: u64) -> u16 {
    let mixed = (first ^ second.rotate_left(29) ^ 0x7a65_656b_7769_7265)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [.., low, high] = mixed.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: FrameHeader = FrameHeader {
        class: TrafficClass::Event,
        fragment: false,
        hop_limit: 7,
        envelope_bytes: 16,
        payload_bytes: 13,
        tree: 0x1234_5678,
    };

    #[test]
    fn header_survives_the_wire() {
        assert_eq!(FrameHeader::decode(&HEADER.encode()), Ok(HEADER));
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        for index in 0..FRAME_HEADER_BYTES {
            for flip in 1..=255 {
                let mut bytes = HEADER.encode();
                bytes[index] ^= flip;
                assert!(
                    FrameHeader::decode(&bytes).is_err(),
                    "byte {index} ^ {flip}"
                );
            }
        }
    }

    #[test]
    fn a_frame_is_cut_once_it_is_whole() {
        let mut bytes = HEADER.encode().to_vec();
        bytes.extend([1; 16]);
        bytes.extend([2; 13]);
        bytes.extend([0; 3]);
        for short in 0..bytes.len() {
            assert!(split(&bytes[..short]).expect("no fault").is_none());
        }
        bytes.extend(HEADER.encode());
        let frame = split(&bytes).expect("no fault").expect("whole");
        assert_eq!(
            (frame.bytes.len(), frame.envelope(), frame.payload()),
            (48, &[1; 16][..], &[2; 13][..])
        );
    }

    #[test]
    fn a_frame_longer_than_a_fragment_is_refused_from_its_header() {
        let long = FrameHeader {
            payload_bytes: FRAGMENT_BYTES_MAX,
            ..HEADER
        };
        assert_eq!(
            split(&long.encode()).expect_err("too long"),
            Fault::FrameTooLong
        );
    }
}
