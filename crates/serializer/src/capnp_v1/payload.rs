//! A payload's words: its frame, where its pointers lead, and how much of it may still be read.
//!
//! Whoever reads a struct or a list pays for its words here, so that pointers which share targets
//! cannot cost more than the payload's size allows. Places are bytes from the start of what is
//! kept, which is the segment where there is one, and else the payload with its segment table.

use std::cell::Cell;

use zeekwire_types::limits::PAYLOAD_BYTES_MAX;

use super::layout::WORD;
use super::view::fault;
use crate::{DecodeError, Fault};

/// How many times over its own size a payload may be traversed.
const TRAVERSAL_FACTOR: u32 = 8;
/// What even the smallest payload may be traversed.
const TRAVERSAL_WORDS_MIN: u32 = 1024;
/// A message has no more segments, as everywhere.
const SEGMENT_COUNT_MAX: u32 = 511;

/// The bits of a pointer with its kind.
pub(super) const KIND: u64 = 3;
pub(super) const STRUCT: u64 = 0;
pub(super) const LIST: u64 = 1;
const FAR: u64 = 2;

/// What can be wrong with words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Damage {
    OutOfBounds,
    BadPointer,
    Amplified,
    TooDeep,
    NotUtf8,
}

impl From<Damage> for DecodeError {
    #[cold]
    fn from(damage: Damage) -> Self {
        fault(match damage {
            Damage::OutOfBounds => Fault::OutOfBounds,
            Damage::BadPointer => Fault::BadPointer,
            Damage::Amplified => Fault::Amplified,
            Damage::TooDeep => Fault::TooDeep,
            Damage::NotUtf8 => Fault::NotUtf8,
        })
    }
}

/// A payload whose frame was checked, and what may still be read of it.
pub(super) struct Payload<'a> {
    bytes: &'a [u8],
    words_left: Cell<u32>,
    /// Pointers may lead to places below this, the end of the segment among them, if there is one
    /// segment. 0 if there are more, with a table in front of them.
    limit: u32,
}

/// What a pointer leads to.
pub(super) struct Target {
    /// The pointer that describes it: not a far one, unless that is what is wrong.
    pub(super) pointer: u64,
    /// Where it starts.
    pub(super) at: u32,
    /// Words from there to the end of its segment.
    pub(super) words: u32,
}

impl<'a> Payload<'a> {
    /// Checks the frame: the segments are there, and nothing else is.
    #[inline]
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(fault(Fault::TooLarge));
        }
        if !bytes.as_ptr().addr().is_multiple_of(WORD) {
            return Err(fault(Fault::Misaligned));
        }
        let words = narrow(bytes.len() / WORD);
        let words_left = Cell::new((words * TRAVERSAL_FACTOR).max(TRAVERSAL_WORDS_MIN));
        if let Some((table, segment)) = bytes.split_first_chunk::<WORD>() {
            // Half a word with the number of segments less one, half a word with words.
            let (last, words) = halves(u64::from_le_bytes(*table));
            if last == 0 && u64::from(words) * 8 == segment.len() as u64 {
                return Ok(Self {
                    bytes: segment,
                    words_left,
                    limit: narrow(segment.len()) + 1,
                });
            }
        }
        check_frame(bytes)?;
        Ok(Self {
            bytes,
            words_left,
            limit: 0,
        })
    }

    /// Words of the whole payload.
    pub(super) const fn words(&self) -> usize {
        // The table of one segment is a word.
        (self.bytes.len() / WORD).saturating_add(!self.is_split() as usize)
    }

    /// Where the root pointer is. It is paid for.
    #[inline]
    pub(super) fn root(&self) -> Result<u32, Damage> {
        if self.is_split() {
            let (at, end) = self.segment(0).ok_or(Damage::OutOfBounds)?;
            self.pay((end - at) / 8, 1)?;
            return Ok(at);
        }
        self.pay(self.limit / 8, 1)?;
        Ok(0)
    }

    /// The word at `at`; all of it is there, or it is zero.
    #[inline]
    pub(super) fn word(&self, at: u32) -> u64 {
        let word = self.bytes(at, 8).first_chunk();
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// As many bytes from `at` on; all of them are there, or there are none.
    #[inline]
    pub(super) fn bytes(&self, at: u32, count: u32) -> &'a [u8] {
        let at = at as usize;
        let range = at..at.saturating_add(count as usize);
        self.bytes.get(range).unwrap_or_default()
    }

    /// What the pointer at `at` leads to, which is not null.
    #[inline]
    pub(super) fn follow(&self, pointer: u64, at: u32) -> Result<Target, Damage> {
        match self.near(pointer, at) {
            Some(target) if pointer & KIND != FAR => Ok(target),
            _ => self.follow_anywhere(pointer, at),
        }
    }

    /// As [`follow`](Self::follow), for a pointer that is not far, where there is one segment.
    #[inline]
    pub(super) fn near(&self, pointer: u64, at: u32) -> Option<Target> {
        target(pointer, at, 0, self.limit)
    }

    /// Pays for `words` of those that are there.
    #[inline]
    pub(super) fn pay(&self, there: u32, words: u32) -> Result<(), Damage> {
        match words <= there {
            true => self.spend(words),
            false => Err(Damage::OutOfBounds),
        }
    }

    /// Pays for `words`, which nobody need have sent.
    #[inline]
    pub(super) fn spend(&self, words: u32) -> Result<(), Damage> {
        let left = self.words_left.get().checked_sub(words);
        self.words_left.set(left.ok_or(Damage::Amplified)?);
        Ok(())
    }

    const fn is_split(&self) -> bool {
        self.limit == 0
    }

    /// As [`follow`](Self::follow), from and to any segment.
    #[cold]
    fn follow_anywhere(&self, pointer: u64, at: u32) -> Result<Target, Damage> {
        if pointer & KIND != FAR {
            let segment = self.segment_around(at);
            let found = segment.and_then(|(start, end)| target(pointer, at, start, end + 1));
            return found.ok_or(Damage::OutOfBounds);
        }
        // A far pointer names a landing pad: a pointer there, or another far pointer to the very
        // start of the target, and behind it a pointer without an offset that describes that.
        let (start, end, pad) = self.far_target(pointer)?;
        let is_double = pointer & 4 != 0;
        self.pay(words_between(pad, end)?, 1 + u32::from(is_double))?;
        let landing = self.word(pad);
        if !is_double {
            return target(landing, pad, start, end + 1).ok_or(Damage::OutOfBounds);
        }
        let pointer = self.word(pad + 8);
        let (_, end, at) = self.far_target(landing)?;
        let words = words_between(at, end)?;
        Ok(Target { pointer, at, words })
    }

    /// Start and end of the segment that a far pointer names, and the place in it, which may be
    /// outside.
    fn far_target(&self, pointer: u64) -> Result<(u32, u32, u32), Damage> {
        let (low, segment) = halves(pointer);
        let (start, end) = self.segment(segment).ok_or(Damage::OutOfBounds)?;
        // Words in the upper 29 bits; far out of bounds is out of bounds.
        let at = start.saturating_add((low >> 3).saturating_mul(8));
        Ok((start, end, at))
    }

    /// Start and end of the segment of that number.
    fn segment(&self, number: u32) -> Option<(u32, u32)> {
        if !self.is_split() {
            return (number == 0).then(|| (0, self.limit - 1));
        }
        self.segments().nth(number as usize)
    }

    /// Start and end of the segment that `at` is in.
    fn segment_around(&self, at: u32) -> Option<(u32, u32)> {
        if !self.is_split() {
            return Some((0, self.limit - 1));
        }
        self.segments()
            .find(|(start, end)| (*start..*end).contains(&at))
    }

    /// Starts and ends of all segments, where there are more than one. Together they are as long
    /// as the payload.
    fn segments(&self) -> impl Iterator<Item = (u32, u32)> {
        let count = half(self.bytes, 0).map_or(0, |last| last + 1);
        let mut start = narrow(data_start(count));
        (0..count as usize).map_while(move |number| {
            let end = start + half(self.bytes, 1 + number)? * 8;
            Some((std::mem::replace(&mut start, end), end))
        })
    }
}

/// What a pointer at `at` leads to, if that is a place from `start` on and below `limit`, which is
/// behind the end of the segment.
#[inline]
fn target(pointer: u64, at: u32, start: u32, limit: u32) -> Option<Target> {
    // Above the kind's bits are words from behind the pointer, which may be negative.
    let words = halves(pointer).0.cast_signed() >> 2;
    let at = i64::from(at) + 8 + i64::from(words) * 8;
    if at < i64::from(start) || at >= i64::from(limit) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is between two of the type"
    )]
    let at = at.cast_unsigned() as u32;
    let words = (limit - at) / 8;
    Some(Target { pointer, at, words })
}

fn words_between(at: u32, end: u32) -> Result<u32, Damage> {
    let bytes = end.checked_sub(at).ok_or(Damage::OutOfBounds)?;
    Ok(bytes / 8)
}

/// Checks a frame of several segments, or one that is wrong.
#[cold]
fn check_frame(bytes: &[u8]) -> Result<(), DecodeError> {
    let truncated = || fault(Fault::Truncated);
    let last = half(bytes, 0).ok_or_else(truncated)?;
    if last >= SEGMENT_COUNT_MAX {
        return Err(fault(Fault::TooManySegments));
    }
    let mut end = data_start(last + 1) as u64;
    for number in 0..=last as usize {
        let words = half(bytes, 1 + number).ok_or_else(truncated)?;
        end += u64::from(words) * 8;
    }
    match usize::try_from(end) {
        Ok(end) if end == bytes.len() => Ok(()),
        Ok(end) if end < bytes.len() => Err(fault(Fault::TrailingBytes).at_byte(end)),
        _ => Err(truncated()),
    }
}

/// The half word of that number.
fn half(bytes: &[u8], number: usize) -> Option<u32> {
    let half = bytes.get(number * 4..)?.first_chunk()?;
    Some(u32::from_le_bytes(*half))
}

/// Where the segments start behind a table for `count` of them.
const fn data_start(count: u32) -> usize {
    ((1 + count as usize) * 4).next_multiple_of(WORD)
}

/// The lower and the upper half of a word.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(super) const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

/// A count of bytes or words of a payload.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the limit is far below")]
const fn narrow(count: usize) -> u32 {
    count as u32
}

const _: () = assert!(PAYLOAD_BYTES_MAX < u32::MAX as usize / 2);
