//! Values as they nearly always are: with the words that this version of the schema has for them,
//! and what they point to in the same segment.
//!
//! What [`Struct`](super::reader::Struct) does in general is done here in few steps, each of which
//! gives up on anything unusual or wrong, before anything was paid for.

use zeekwire_buffer::short_ascii;

use super::layout::{VALUE, VALUE_POINTER, WORD};
use super::payload::Payload;
use super::reader::byte_count;

/// Bytes from a value's start to its pointer, which is its last word.
const POINTER: u32 = 8 * VALUE.data as u32;
const BYTES: u32 = POINTER + 8;

const _: () = assert!(POINTER as usize == VALUE_POINTER && BYTES as usize == VALUE.bytes());

/// The words of a value.
pub(super) struct Plain<'m> {
    payload: &'m Payload<'m>,
    at: u32,
    /// Which member of the union there is.
    pub(super) first: u64,
    /// Data.
    pub(super) second: u64,
    pointer: u64,
}

impl<'m> Plain<'m> {
    /// The value at `at`.
    #[inline(always)]
    pub(super) fn at(payload: &'m Payload<'m>, at: u32) -> Option<Self> {
        let words = payload
            .bytes(at, BYTES)
            .first_chunk::<{ BYTES as usize }>()?;
        let (words, _) = words.as_chunks::<WORD>();
        let &[first, second, pointer] = words else {
            return None;
        };
        Some(Self {
            payload,
            at,
            first: u64::from_le_bytes(first),
            second: u64::from_le_bytes(second),
            pointer: u64::from_le_bytes(pointer),
        })
    }

    /// The bytes behind the pointer.
    #[inline(always)]
    pub(super) fn data(&self) -> Option<&'m [u8]> {
        if self.pointer == 0 {
            return Some(&[]);
        }
        let (bytes, words) = self.near()?;
        self.payload.spend(words).ok()?;
        Some(bytes)
    }

    /// Four bytes behind the pointer.
    #[inline(always)]
    pub(super) fn octets(&self) -> Option<[u8; 4]> {
        let (bytes, words) = self.near()?;
        let octets = bytes.try_into().ok()?;
        self.payload.spend(words).ok()?;
        Some(octets)
    }

    /// The text behind the pointer, if it is ASCII and short.
    #[inline(always)]
    pub(super) fn name(&self) -> Option<&'m str> {
        let (bytes, words) = self.near()?;
        let (0, text) = bytes.split_last()? else {
            return None;
        };
        let name = short_ascii(text)?;
        self.payload.spend(words).ok()?;
        Some(name)
    }

    /// The bytes behind the pointer, and the words to pay for them.
    #[inline(always)]
    fn near(&self) -> Option<(&'m [u8], u32)> {
        let count = byte_count(self.pointer)?;
        let target = self.payload.near(self.pointer, self.at + POINTER)?;
        let words = count.div_ceil(8);
        (words <= target.words).then(|| (self.payload.bytes(target.at, count), words))
    }
}
