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
const TRAVERSAL_FACTOR: usize = 8;
/// What even the smallest payload may be traversed.
const TRAVERSAL_WORDS_MIN: usize = 1024;
/// A message has fewer segments than this, as everywhere.
const SEGMENT_COUNT_END: u32 = 512;

/// Kinds of pointers: their lowest two bits.
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
    words_left: Cell<usize>,
    /// Whether there are more segments than one, and so a segment table in front of them.
    is_split: bool,
}

/// What a pointer leads to.
pub(super) struct Target {
    /// The pointer that describes it: not a far one, unless that is what is wrong.
    pub(super) pointer: u64,
    /// Where it starts.
    pub(super) at: usize,
    /// Where its segment ends.
    end: usize,
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
        let traversal = (bytes.len() / WORD * TRAVERSAL_FACTOR).max(TRAVERSAL_WORDS_MIN);
        let words_left = Cell::new(traversal);
        if let Some((table, segment)) = bytes.split_first_chunk::<WORD>() {
            // Half a word with the number of segments less one, half a word with words.
            let table = u64::from_le_bytes(*table);
            if table << 32 == 0 && (table >> 32) * 8 == segment.len() as u64 {
                return Ok(Self {
                    bytes: segment,
                    words_left,
                    is_split: false,
                });
            }
        }
        check_frame(bytes)?;
        Ok(Self {
            bytes,
            words_left,
            is_split: true,
        })
    }

    /// Words of the whole payload.
    pub(super) const fn words(&self) -> usize {
        // Where there is one segment, its table is a word.
        (self.bytes.len() / WORD).saturating_add(!self.is_split as usize)
    }

    /// Where the root pointer is. It is paid for.
    #[inline]
    pub(super) fn root(&self) -> Result<usize, Damage> {
        let (at, end) = match self.is_split {
            false => (0, self.bytes.len()),
            true => self.segment(0).ok_or(Damage::OutOfBounds)?,
        };
        self.claim(at, end, 1)?;
        Ok(at)
    }

    /// The word at byte `at`; all of them are there, or it is zero.
    #[inline]
    pub(super) fn word(&self, at: usize) -> u64 {
        let word = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// As many bytes from `at` on; all of them are there, or there are none.
    #[inline]
    pub(super) fn bytes(&self, at: usize, count: usize) -> &'a [u8] {
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.get(..count).unwrap_or_default()
    }

    /// What the pointer at `at` leads to, which is not null.
    #[inline]
    pub(super) fn follow(&self, pointer: u64, at: usize) -> Result<Target, Damage> {
        if self.is_split || pointer & 3 == FAR {
            return self.follow_anywhere(pointer, at);
        }
        target(pointer, at, 0, self.bytes.len())
    }

    /// Pays for `words` of the target, which must be there.
    #[inline]
    pub(super) fn pay(&self, target: &Target, words: usize) -> Result<(), Damage> {
        self.claim(target.at, target.end, words)
    }

    /// Pays for `words` that nobody sent.
    #[inline]
    pub(super) fn spend(&self, words: usize) -> Result<(), Damage> {
        let left = self.words_left.get().checked_sub(words);
        self.words_left.set(left.ok_or(Damage::Amplified)?);
        Ok(())
    }

    #[inline]
    fn claim(&self, at: usize, end: usize, words: usize) -> Result<(), Damage> {
        match end.checked_sub(at) {
            Some(room) if words <= room / WORD => self.spend(words),
            _ => Err(Damage::OutOfBounds),
        }
    }

    /// As [`follow`](Self::follow), from and to any segment.
    #[cold]
    fn follow_anywhere(&self, pointer: u64, at: usize) -> Result<Target, Damage> {
        if pointer & 3 != FAR {
            let (start, end) = self.segment_around(at).ok_or(Damage::OutOfBounds)?;
            return target(pointer, at, start, end);
        }
        // A far pointer names a landing pad: a pointer there, or another far pointer to the very
        // start of the target, and behind it a pointer without an offset that describes that.
        let (start, end, pad) = self.far_target(pointer)?;
        let is_double = pointer & 4 != 0;
        self.claim(pad, end, 1 + usize::from(is_double))?;
        let landing = self.word(pad);
        if !is_double {
            return target(landing, pad, start, end);
        }
        let pointer = self.word(pad + WORD);
        let (_, end, at) = self.far_target(landing)?;
        Ok(Target { pointer, at, end })
    }

    /// Start and end of the segment that a far pointer names, and the place in it, which may be
    /// outside.
    fn far_target(&self, pointer: u64) -> Result<(usize, usize, usize), Damage> {
        let [_, _, _, _, a, b, c, d] = pointer.to_le_bytes();
        let found = self.segment(u32::from_le_bytes([a, b, c, d]));
        let (start, end) = found.ok_or(Damage::OutOfBounds)?;
        let words = usize::try_from((pointer >> 3) & 0x1fff_ffff).unwrap_or(usize::MAX);
        let at = start.saturating_add(words.saturating_mul(WORD));
        Ok((start, end, at))
    }

    /// Start and end of the segment of that number.
    fn segment(&self, number: u32) -> Option<(usize, usize)> {
        if !self.is_split {
            return (number == 0).then_some((0, self.bytes.len()));
        }
        self.segments().nth(usize::try_from(number).ok()?)
    }

    /// Start and end of the segment that `at` is in.
    fn segment_around(&self, at: usize) -> Option<(usize, usize)> {
        self.segments()
            .find(|(start, end)| (*start..*end).contains(&at))
    }

    /// Starts and ends of all segments, where there are more than one.
    fn segments(&self) -> impl Iterator<Item = (usize, usize)> {
        let count = half(self.bytes, 0).map_or(0, |last| last + 1);
        let mut start = data_start(count);
        (0..count).map_while(move |number| {
            let words = half(self.bytes, 1 + number)?;
            let end = start + words * WORD;
            Some((std::mem::replace(&mut start, end), end))
        })
    }
}

/// What a pointer at `at`, in a segment from `start` to `end`, leads to.
#[inline]
fn target(pointer: u64, at: usize, start: usize, end: usize) -> Result<Target, Damage> {
    // The offset counts words from behind the pointer, above the two bits of the kind.
    #[expect(clippy::cast_possible_truncation, reason = "the lower half of it")]
    let offset = i64::from(pointer as u32 as i32 >> 2) * 8;
    let at = at as i64 + 8 + offset;
    match usize::try_from(at) {
        Ok(at) if start <= at && at <= end => Ok(Target { pointer, at, end }),
        _ => Err(Damage::OutOfBounds),
    }
}

/// Checks a frame of several segments, or one that is wrong.
#[cold]
fn check_frame(bytes: &[u8]) -> Result<(), DecodeError> {
    let truncated = || fault(Fault::Truncated);
    let last = half(bytes, 0).ok_or_else(truncated)?;
    if last + 1 >= SEGMENT_COUNT_END as usize {
        return Err(fault(Fault::TooManySegments));
    }
    let count = last + 1;
    let mut end = data_start(count);
    for number in 0..count {
        let words = half(bytes, 1 + number).ok_or_else(truncated)?;
        end = end.saturating_add(words.saturating_mul(WORD));
    }
    match bytes.len() {
        len if len < end => Err(truncated()),
        len if len > end => Err(fault(Fault::TrailingBytes).at_byte(end)),
        _ => Ok(()),
    }
}

/// The half word of that number.
fn half(bytes: &[u8], number: usize) -> Option<usize> {
    let half = bytes.get(number * 4..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*half)).ok()
}

/// Where the segments start behind a table for `count` of them.
const fn data_start(count: usize) -> usize {
    ((1 + count) * 4).next_multiple_of(WORD)
}
