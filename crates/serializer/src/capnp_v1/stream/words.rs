//! Room for values and what they point to, word by word.

use zeekwire_buffer::padded;
use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX};

use super::super::layout::{
    Shape, VALUE, VALUE_POINTER, WORD, bytes_pointer, struct_pointer, structs_pointer, structs_tag,
};
use super::StreamEncoder;
use super::open::{Kind, Open};
use crate::EncodeFault;

impl StreamEncoder {
    #[inline]
    pub(super) fn scalar(&mut self, member: u64, data: u64) {
        if self.open.ready == 0 {
            return self.misplaced();
        }
        self.fill(member, data, 0);
    }

    #[inline]
    pub(super) fn data(&mut self, member: u64, data: u64, bytes: &[u8]) {
        if self.open.ready == 0 {
            return self.misplaced();
        }
        if let Some(pointer) = self.bytes(self.open.pointer(), bytes, padded(bytes.len())) {
            self.fill(member, data, pointer);
        }
    }

    #[inline]
    pub(super) fn list(&mut self, member: u64, count: usize) {
        if !self.may_nest() {
            return;
        }
        if let Some((pointer, first)) = self.values(self.open.pointer(), count) {
            self.enter(member, pointer, Open::run(Kind::Elements, first, count));
        }
    }

    /// Takes the room of a struct for the next value. Gives the pointer to it, and its byte.
    #[inline]
    pub(super) fn begin_struct(&mut self, shape: Shape) -> Option<(u64, usize)> {
        if !self.may_nest() {
            return None;
        }
        let start = self.take(shape.bytes())?;
        Some((struct_pointer(self.open.pointer(), start, shape), start))
    }

    /// Whether a container fits here.
    #[inline]
    pub(super) fn may_nest(&mut self) -> bool {
        if self.open.ready == 0 {
            self.misplaced();
            return false;
        }
        if self.depth == VALUE_DEPTH_MAX {
            self.refuse(EncodeFault::TooDeep);
            return false;
        }
        true
    }

    /// Writes the next value, which holds others, and opens what it holds.
    #[inline]
    pub(super) fn enter(&mut self, member: u64, pointer: u64, inner: Open) {
        self.write(member, 0, pointer);
        self.outer[self.depth] = self.open;
        self.depth += 1;
        self.open = inner;
        if inner.ready == 0 {
            self.settle();
        }
    }

    /// Writes the next value, which holds no others.
    #[inline]
    pub(super) fn fill(&mut self, member: u64, data: u64, pointer: u64) {
        self.write(member, data, pointer);
        if self.open.ready == 0 {
            self.settle();
        }
    }

    #[inline]
    fn write(&mut self, member: u64, data: u64, pointer: u64) {
        let at = self.open.slot;
        let slot = &mut self.buffer[at..at + VALUE.bytes()];
        slot[..WORD].copy_from_slice(&member.to_le_bytes());
        slot[WORD..VALUE_POINTER].copy_from_slice(&data.to_le_bytes());
        slot[VALUE_POINTER..].copy_from_slice(&pointer.to_le_bytes());
        self.open.step();
    }

    /// Takes the room of `count` values. Gives the pointer for byte `at`, and the first one's
    /// byte. What is there from before is never seen: `finish` asks for every value.
    #[inline]
    pub(super) fn values(&mut self, at: usize, count: usize) -> Option<(u64, usize)> {
        let bytes = count.saturating_mul(VALUE.bytes());
        let tag = self.take(bytes.saturating_add(WORD))?;
        self.set(tag, structs_tag(count, VALUE));
        Some((structs_pointer(at, tag, bytes), tag + WORD))
    }

    /// Appends text and the NUL behind it. Gives the pointer for byte `at`.
    #[inline]
    pub(super) fn text(&mut self, at: usize, text: &str) -> Option<u64> {
        // The NUL is the first of the bytes that pad the last word.
        let pointer = self.bytes(at, text.as_bytes(), padded(text.len() + 1))?;
        Some(pointer + (1 << 35))
    }

    /// Appends bytes, with zeros up to `room_bytes`. Gives the pointer for byte `at`.
    #[inline]
    pub(super) fn bytes(&mut self, at: usize, bytes: &[u8], room_bytes: usize) -> Option<u64> {
        let target = self.take(room_bytes)?;
        let room = &mut self.buffer[target..target + room_bytes];
        if let Some(last) = room.last_chunk_mut::<WORD>() {
            *last = [0; WORD];
        }
        room[..bytes.len()].copy_from_slice(bytes);
        Some(bytes_pointer(at, target, bytes.len()))
    }

    /// Takes room at the end of the message. Gives its first byte.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Option<usize> {
        let at = self.used_bytes;
        if bytes > self.buffer.len() - at && !self.grow(bytes) {
            return None;
        }
        self.used_bytes = at + bytes;
        Some(at)
    }

    /// Makes room for `bytes` more, as far as a payload may grow.
    #[cold]
    fn grow(&mut self, bytes: usize) -> bool {
        let needed_bytes = self.used_bytes.saturating_add(bytes);
        if needed_bytes > PAYLOAD_BYTES_MAX {
            self.refuse(EncodeFault::TooLarge);
            return false;
        }
        let target_bytes = needed_bytes.next_power_of_two();
        self.buffer.grow(target_bytes - self.buffer.len());
        true
    }

    #[inline]
    pub(super) fn set(&mut self, at: usize, word: u64) {
        self.buffer[at..at + WORD].copy_from_slice(&word.to_le_bytes());
    }
}

// The buffer doubles, and must not pass the limit on the way to it.
const _: () = assert!(PAYLOAD_BYTES_MAX.is_power_of_two());
