//! Memory in which one message after another is built.
//!
//! [`Scratch`] lends a message builder its one buffer as first segment, and takes it back when the
//! builder is dropped. The buffer is as large as recent messages were, so almost every message
//! fits one segment; what does not fit goes to further segments from the heap, and the buffer
//! grows before the next message. Only words that a message used are zeroed again.
//!
//! One word is kept free in front of the segment for the segment table, so a finished message of
//! one segment is readable in place, with its table: see [`Scratch::message`].

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use capnp::message::Allocator;

const WORD_BYTES: usize = 8;
/// Smallest buffer. Most events fit, and an idle encoder costs little.
const WORDS_MIN: usize = 64;
/// A buffer that is this many times larger than recent messages is given back.
const SHRINK_FACTOR: usize = 8;
/// How fast the moving maximum falls: by this fraction of itself per message.
const DECAY: usize = 64;

/// A reusable allocator for message builders.
///
/// Build with `Builder::new(&mut scratch)`, drop the builder, then read [`Scratch::message`].
///
/// ```
/// use zeekwire_buffer::scratch::Scratch;
///
/// let mut scratch = Scratch::new();
/// let mut builder = capnp::message::Builder::new(&mut scratch);
/// builder.set_root::<capnp::text::Owned>("hello").unwrap();
/// drop(builder);
/// let message = scratch.message().expect("a short text fits one segment");
/// assert_eq!(message.len(), 8 + 8 + 8);
/// ```
#[derive(Debug)]
pub struct Scratch {
    /// The buffer: one word for the segment table, then the segment.
    start: NonNull<u8>,
    /// Words of the buffer, the table's word included.
    capacity_words: usize,
    /// Words of the segment that the last message used and that are not zeroed yet.
    dirty_words: usize,
    /// Whether a builder holds the buffer.
    lent: bool,
    /// Segments that builders hold.
    outstanding_count: usize,
    /// Segments and words of the message that is being built or was built last.
    segment_count: usize,
    message_words: usize,
    /// Words of all segments handed out for this message. Each further segment is as large as all
    /// before it, so even a large message has few.
    granted_words: usize,
    /// Moving maximum of the size of messages.
    recent_words: usize,
}

impl Scratch {
    /// A scratch of the smallest size.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// A scratch that holds a message of `bytes` bytes in one segment.
    ///
    /// # Panics
    /// When `bytes` is so large that no memory of that size can exist.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        let words = WORDS_MIN.max(bytes.div_ceil(WORD_BYTES) + 1);
        let capacity_words = words.next_power_of_two();
        Self {
            start: allocate_zeroed(capacity_words),
            capacity_words,
            dirty_words: 0,
            lent: false,
            outstanding_count: 0,
            segment_count: 0,
            message_words: 0,
            granted_words: 0,
            recent_words: words - 1,
        }
    }

    /// Bytes of memory that this scratch holds.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.capacity_words * WORD_BYTES
    }

    /// The message built last, with its segment table, 8-byte aligned.
    ///
    /// `None` when it took several segments (ask its builder for them, before dropping it), when
    /// nothing was built yet, or when a builder that was leaked still holds the buffer.
    #[must_use]
    pub fn message(&mut self) -> Option<&[u8]> {
        if self.lent || self.segment_count != 1 || self.message_words != self.dirty_words {
            return None;
        }
        let words = u32::try_from(self.dirty_words).ok()?;
        // The table of one segment: the count of further segments, and the segment's words.
        let table = (u64::from(words) << 32).to_le_bytes();
        // SAFETY: `start` points to `capacity_words` initialized words that this scratch owns, of
        // which `dirty_words` after the first are in use; no builder holds them, and the borrow
        // of `self` keeps builders from getting them while the slice lives.
        unsafe {
            self.start
                .as_ptr()
                .copy_from_nonoverlapping(table.as_ptr(), WORD_BYTES);
            let bytes = (1 + self.dirty_words) * WORD_BYTES;
            Some(std::slice::from_raw_parts(self.start.as_ptr(), bytes))
        }
    }

    /// Makes the buffer ready for a new message: of a fitting size, and zeroed.
    fn prepare(&mut self) {
        let target_words = (self.recent_words + 1).max(WORDS_MIN);
        let too_small = self.capacity_words < target_words;
        let too_large = self.capacity_words / SHRINK_FACTOR > target_words;
        if too_small || too_large {
            let capacity_words = target_words.next_power_of_two();
            let fresh = allocate_zeroed(capacity_words);
            // SAFETY: the buffer came from `allocate_zeroed` with this size, and nobody holds it.
            unsafe { deallocate(self.start, self.capacity_words) };
            self.start = fresh;
            self.capacity_words = capacity_words;
        } else {
            // SAFETY: the segment starts one word into the buffer, and at least `dirty_words`
            // words of it lie inside, because a builder used them.
            unsafe {
                let segment = self.start.as_ptr().add(WORD_BYTES);
                segment.write_bytes(0, self.dirty_words * WORD_BYTES);
            }
        }
        self.dirty_words = 0;
    }

    /// Notes the size of a finished message.
    fn finish(&mut self) {
        let faded = self.recent_words - self.recent_words.div_ceil(DECAY);
        self.recent_words = self.message_words.max(faded);
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the buffer came from `allocate_zeroed` with this size. A builder that still
        // held it would borrow `self` or own it, so at most a leaked builder does, which nobody
        // can use any more.
        unsafe { deallocate(self.start, self.capacity_words) };
    }
}

// SAFETY: the buffer is plain memory that the scratch alone owns.
unsafe impl Send for Scratch {}
// SAFETY: nothing behind a shared reference changes the buffer.
unsafe impl Sync for Scratch {}

// SAFETY: the first segment is the buffer behind its first word, handed out only while no other
// builder has it, and zeroed by `prepare`. Further segments are fresh and zeroed. All are aligned
// to words and valid until they are given back: the buffer is replaced only in `prepare`, which
// runs only while it is not lent.
unsafe impl Allocator for Scratch {
    fn allocate_segment(&mut self, minimum_size: u32) -> (NonNull<u8>, u32) {
        let minimum_words = minimum_size as usize;
        if self.outstanding_count == 0 {
            self.segment_count = 0;
            self.message_words = 0;
            self.granted_words = 0;
            self.recent_words = self.recent_words.max(minimum_words);
            self.prepare();
        }
        self.outstanding_count += 1;
        self.segment_count += 1;
        let free_words = self.capacity_words - 1;
        if !self.lent && self.segment_count == 1 && free_words >= minimum_words {
            self.lent = true;
            self.granted_words = free_words;
            // SAFETY: the buffer has at least `WORDS_MIN` words, so one word in is inside.
            let segment = unsafe { self.start.add(WORD_BYTES) };
            return (segment, u32::try_from(free_words).unwrap_or(u32::MAX));
        }
        let words = minimum_words
            .max(self.granted_words)
            .max(WORDS_MIN)
            .min(u32::MAX as usize);
        self.granted_words = self.granted_words.saturating_add(words);
        (
            allocate_zeroed(words),
            u32::try_from(words).unwrap_or(u32::MAX),
        )
    }

    unsafe fn deallocate_segment(&mut self, ptr: NonNull<u8>, word_size: u32, words_used: u32) {
        self.outstanding_count -= 1;
        self.message_words += words_used as usize;
        // SAFETY: one word in is inside the buffer, which has at least `WORDS_MIN` words.
        if self.lent && ptr == unsafe { self.start.add(WORD_BYTES) } {
            self.dirty_words = words_used as usize;
            self.lent = false;
        } else {
            // SAFETY: the caller passes what `allocate_segment` returned; not being the buffer,
            // it came from `allocate_zeroed` with this size.
            unsafe { deallocate(ptr, word_size as usize) };
        }
        if self.outstanding_count == 0 {
            self.finish();
        }
    }
}

fn allocate_zeroed(words: usize) -> NonNull<u8> {
    let layout = layout(words);
    // SAFETY: no layout made here has size zero: callers ask for `WORDS_MIN` words at least.
    let memory = unsafe { alloc_zeroed(layout) };
    NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
/// `memory` came from [`allocate_zeroed`] with the same `words`, and is not used afterwards.
unsafe fn deallocate(memory: NonNull<u8>, words: usize) {
    // SAFETY: the caller's promise is what `dealloc` asks for.
    unsafe { dealloc(memory.as_ptr(), layout(words)) }
}

fn layout(words: usize) -> Layout {
    Layout::array::<u64>(words).expect("a message is far smaller than the address space")
}

#[cfg(test)]
mod tests {
    use super::*;
    use capnp::message::Builder;

    fn build(scratch: &mut Scratch, bytes: usize) -> usize {
        let mut builder = Builder::new(scratch);
        let data: capnp::data::Builder<'_> = builder.initn_root(u32::try_from(bytes).unwrap());
        assert!(data.iter().all(|byte| *byte == 0), "lent memory is zeroed");
        data.fill(0xff);
        builder.get_segments_for_output().len()
    }

    #[test]
    fn message_of_one_segment_is_read_in_place() {
        let mut scratch = Scratch::new();
        assert_eq!(scratch.message(), None);
        build(&mut scratch, 16);
        let message = scratch.message().unwrap().to_vec();
        assert_eq!(message[..8], [0, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(message.len(), 32);
        let mut slice = &message[..];
        let options = capnp::message::ReaderOptions::new();
        let read = capnp::serialize::read_message(&mut slice, options).unwrap();
        assert_eq!(
            read.get_root::<capnp::data::Reader<'_>>().unwrap(),
            [0xff; 16]
        );
    }

    #[test]
    fn buffer_is_reused_and_zeroed() {
        let mut scratch = Scratch::new();
        build(&mut scratch, 400);
        let first = scratch.start;
        for bytes in [400, 1, 0, 300] {
            assert_eq!(build(&mut scratch, bytes), 1);
        }
        assert_eq!(scratch.start, first);
    }

    #[test]
    fn root_larger_than_the_buffer_overflows_once_and_then_fits() {
        let mut scratch = Scratch::new();
        assert_eq!(build(&mut scratch, 5000), 2);
        assert_eq!(scratch.message(), None);
        assert_eq!(build(&mut scratch, 5000), 1);
        assert!(scratch.message().is_some());
    }

    #[test]
    fn buffer_shrinks_after_a_burst() {
        // Miri takes a hundred times as long, and needs no more than the same path once.
        let (burst_bytes, rounds) = if cfg!(miri) {
            (1 << 14, 400)
        } else {
            (1 << 20, 2000)
        };
        let mut scratch = Scratch::new();
        build(&mut scratch, burst_bytes);
        build(&mut scratch, burst_bytes);
        assert!(scratch.held_bytes() > burst_bytes);
        for _ in 0..rounds {
            build(&mut scratch, 8);
        }
        assert!(scratch.held_bytes() <= WORDS_MIN * SHRINK_FACTOR * WORD_BYTES);
    }

    #[test]
    fn alternating_sizes_keep_one_segment() {
        let large_bytes = if cfg!(miri) { 5000 } else { 100_000 };
        let mut scratch = Scratch::new();
        build(&mut scratch, large_bytes);
        for round in 0..100 {
            let bytes = if round % 10 == 0 { large_bytes } else { 10 };
            assert_eq!(build(&mut scratch, bytes), 1, "round {round}");
        }
    }

    // Miri refuses the leak itself.
    #[cfg(not(miri))]
    #[test]
    fn leaked_builder_costs_the_buffer_but_no_harm() {
        let mut scratch = Scratch::new();
        let mut builder = Builder::new(&mut scratch);
        let _: capnp::data::Builder<'_> = builder.initn_root(8);
        std::mem::forget(builder);
        assert_eq!(build(&mut scratch, 8), 1);
        assert_eq!(scratch.message(), None);
    }

    #[test]
    fn scratch_can_be_owned_by_its_builder() {
        let mut builder = Builder::new(Scratch::with_capacity(1000));
        builder.set_root::<capnp::text::Owned>("abc").unwrap();
        let mut scratch = builder.into_allocator();
        assert_eq!(scratch.message().map(<[u8]>::len), Some(24));
    }
}
