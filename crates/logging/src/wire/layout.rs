//! Words of a message, written without builders, into memory that need not be zero.
//!
//! Batches are large, and builders want zeroed memory and know nothing of the rows' number. The
//! numbers here repeat what the generated code knows; tests compare them with it, and every batch
//! that is read goes through it.

use zeekwire_buffer::{AlignedBytes, padded};

pub(super) const WORD: usize = 8;
/// Long runs are copied in pieces of this size. The library copies what is much longer with an
/// instruction that takes a while to start.
pub(super) const PIECE_BYTES: usize = 1024;

/// The sections of a struct: words of data, then pointers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shape {
    pub(super) data: usize,
    pub(super) pointers: usize,
}

impl Shape {
    const fn new(data: usize, pointers: usize) -> Self {
        Self { data, pointers }
    }

    /// Bytes of one struct.
    pub(super) const fn bytes(self) -> usize {
        (self.data + self.pointers) * WORD
    }

    /// Bytes from the start of a struct to its pointer of that number.
    pub(super) const fn pointer(self, index: usize) -> usize {
        (self.data + index) * WORD
    }

    /// The upper half of a pointer to such a struct.
    const fn sections(self) -> u64 {
        (self.data as u64) << 32 | (self.pointers as u64) << 48
    }
}

/// `LogMessage`: the member of the union; a pointer to it.
pub(super) const MESSAGE: Shape = Shape::new(1, 1);
/// `Batch`: the stream's hash, the number of rows; pointers are the id and the columns.
pub(super) const BATCH: Shape = Shape::new(2, 2);
/// `BatchId`: the sequence; a pointer to the sender.
pub(super) const BATCH_ID: Shape = Shape::new(1, 1);
/// `Life`: two words of incarnation; a pointer to the name.
pub(super) const LIFE: Shape = Shape::new(2, 1);
/// `Column`: the member of the union; pointers are the validity and the member's.
pub(super) const COLUMN: Shape = Shape::new(1, 2);
/// `Addresses`: pointers are the words, which of them are wide, and the wide ones.
pub(super) const ADDRESSES: Shape = Shape::new(0, 3);
/// `Subnets`: pointers are prefixes and lengths.
pub(super) const SUBNETS: Shape = Shape::new(0, 2);
/// `Strings`: pointers are ends and bytes.
pub(super) const STRINGS: Shape = Shape::new(0, 2);
/// `Dictionary`: pointers are codes, ends and bytes.
pub(super) const DICTIONARY: Shape = Shape::new(0, 3);
/// `Lists`: pointers are ends and elements.
pub(super) const LISTS: Shape = Shape::new(0, 2);

/// The member of `LogMessage` that is a batch.
pub(super) const MEMBER_BATCH: u64 = 2;

/// Members of the union in `Column`.
pub(super) mod member {
    pub(in crate::wire) const NONE: u64 = 0;
    pub(in crate::wire) const BITS: u64 = 1;
    pub(in crate::wire) const BYTES1: u64 = 2;
    pub(in crate::wire) const BYTES2: u64 = 3;
    pub(in crate::wire) const BYTES4: u64 = 4;
    pub(in crate::wire) const BYTES8: u64 = 5;
    pub(in crate::wire) const DOUBLES: u64 = 6;
    pub(in crate::wire) const PORTS: u64 = 7;
    pub(in crate::wire) const ADDRESSES: u64 = 8;
    pub(in crate::wire) const SUBNETS: u64 = 9;
    pub(in crate::wire) const STRINGS: u64 = 10;
    pub(in crate::wire) const DICTIONARY: u64 = 11;
    pub(in crate::wire) const LISTS: u64 = 12;
}

/// A message of one segment that grows, with its segment table in front.
pub(super) struct Words<'a> {
    buffer: &'a mut AlignedBytes,
    used: usize,
}

impl<'a> Words<'a> {
    /// A message with a root of that shape, whose first byte is [`Words::ROOT`].
    pub(super) fn new(buffer: &'a mut AlignedBytes, root: Shape) -> Self {
        let mut words = Self { buffer, used: 0 };
        words.take(WORD);
        words.take(WORD);
        let at = words.structs(WORD, root);
        debug_assert_eq!(at, Self::ROOT);
        words
    }

    pub(super) const ROOT: usize = 2 * WORD;

    /// Writes the segment table, and gives the length of the message.
    pub(super) fn finish(mut self) -> usize {
        let words = (self.used / WORD - 1) as u64;
        self.set(0, words << 32);
        self.used
    }

    pub(super) fn set(&mut self, at: usize, word: u64) {
        self.buffer[at..at + WORD].copy_from_slice(&word.to_le_bytes());
    }

    /// A struct for the pointer at byte `at`: all zero. Gives its first byte.
    pub(super) fn structs(&mut self, at: usize, shape: Shape) -> usize {
        let target = self.take(shape.bytes());
        self.buffer[target..target + shape.bytes()].fill(0);
        self.set(at, offset(at, target) | shape.sections());
        target
    }

    /// A list of structs for the pointer at byte `at`: all zero. Gives the first byte of the first.
    pub(super) fn list(&mut self, at: usize, shape: Shape, count: usize) -> usize {
        let bytes = shape.bytes() * count;
        let tag = self.take(WORD + bytes);
        self.buffer[tag..tag + WORD + bytes].fill(0);
        self.set(tag, (count as u64) << 2 | shape.sections());
        self.set(at, list_pointer(at, tag, 7, bytes / WORD));
        tag + WORD
    }

    /// Room for bytes behind the pointer at byte `at`, which hold anything.
    pub(super) fn data(&mut self, at: usize, count: usize) -> &mut [u8] {
        if count == 0 {
            // A null pointer is no bytes as well.
            return &mut [];
        }
        let target = self.take(padded(count));
        let last = target + padded(count) - WORD;
        self.set(last, 0);
        self.set(at, list_pointer(at, target, 2, count));
        &mut self.buffer[target..target + count]
    }

    /// Bytes behind the pointer at byte `at`.
    pub(super) fn bytes(&mut self, at: usize, bytes: &[u8]) {
        let to = self.data(at, bytes.len()).chunks_mut(PIECE_BYTES);
        for (to, from) in to.zip(bytes.chunks(PIECE_BYTES)) {
            to.copy_from_slice(from);
        }
    }

    /// Text behind the pointer at byte `at`.
    pub(super) fn text(&mut self, at: usize, text: &str) {
        let to = self.data(at, text.len() + 1);
        to[..text.len()].copy_from_slice(text.as_bytes());
        to[text.len()] = 0;
    }

    /// Takes bytes at the end, which are whole words. Gives the first one.
    fn take(&mut self, bytes: usize) -> usize {
        let start = self.used;
        self.used += bytes;
        if self.used > self.buffer.len() {
            let grown = self.used.next_power_of_two().max(4096);
            self.buffer.grow(grown - self.buffer.len());
        }
        start
    }
}

const fn list_pointer(at: usize, target: usize, element: u64, count: usize) -> u64 {
    1 | offset(at, target) | element << 32 | (count as u64) << 35
}

/// The words between a pointer and its target, where pointers keep them.
const fn offset(at: usize, target: usize) -> u64 {
    assert!(at < target);
    // Words times four is bytes over two.
    ((target - at - WORD) >> 1) as u64
}

#[cfg(test)]
mod tests {
    use capnp::traits::HasStructSize;
    use zeekwire_schema::log_capnp as schema;

    use super::*;

    #[test]
    fn shapes_are_those_of_the_generated_code() {
        fn of<T: HasStructSize>() -> Shape {
            Shape::new(T::STRUCT_SIZE.data.into(), T::STRUCT_SIZE.pointers.into())
        }
        assert_eq!(MESSAGE, of::<schema::log_message::Builder<'_>>());
        assert_eq!(BATCH, of::<schema::batch::Builder<'_>>());
        assert_eq!(BATCH_ID, of::<schema::batch_id::Builder<'_>>());
        assert_eq!(LIFE, of::<schema::life::Builder<'_>>());
        assert_eq!(COLUMN, of::<schema::column::Builder<'_>>());
        assert_eq!(ADDRESSES, of::<schema::addresses::Builder<'_>>());
        assert_eq!(SUBNETS, of::<schema::subnets::Builder<'_>>());
        assert_eq!(STRINGS, of::<schema::strings::Builder<'_>>());
        assert_eq!(DICTIONARY, of::<schema::dictionary::Builder<'_>>());
        assert_eq!(LISTS, of::<schema::lists::Builder<'_>>());
    }
}
