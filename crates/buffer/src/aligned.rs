//! Bytes that start at a multiple of eight.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::padded;

/// A growable run of bytes whose first byte is aligned to eight.
#[derive(Clone, Default)]
pub struct AlignedBytes {
    words: Vec<u64>,
    len_bytes: usize,
}

impl AlignedBytes {
    /// An empty run that allocates nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            words: Vec::new(),
            len_bytes: 0,
        }
    }

    /// An empty run with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            words: Vec::with_capacity(bytes.div_ceil(8)),
            len_bytes: 0,
        }
    }

    /// `bytes` zeros.
    #[must_use]
    pub fn zeroed(bytes: usize) -> Self {
        Self {
            words: vec![0; bytes.div_ceil(8)],
            len_bytes: bytes,
        }
    }

    /// A copy of `bytes`.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        let mut copy = Self::with_capacity(bytes.len());
        copy.extend_from_slice(bytes);
        copy
    }

    /// Bytes in use.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len_bytes
    }

    /// Whether no byte is in use.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len_bytes == 0
    }

    /// Bytes of memory held.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.words.capacity() * 8
    }

    /// Forgets the contents and keeps the memory.
    pub fn clear(&mut self) {
        self.words.clear();
        self.len_bytes = 0;
    }

    /// Shortens to `bytes`, or does nothing if it is not longer.
    pub fn truncate(&mut self, bytes: usize) {
        if bytes < self.len_bytes {
            self.words.truncate(bytes.div_ceil(8));
            self.len_bytes = bytes;
        }
    }

    /// Makes room for `bytes` more.
    pub fn reserve(&mut self, bytes: usize) {
        self.words
            .reserve((self.len_bytes + bytes).div_ceil(8) - self.words.len());
    }

    /// Appends `bytes`.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let start = self.len_bytes;
        self.grow(bytes.len());
        self[start..].copy_from_slice(bytes);
    }

    /// Appends zeros up to the next multiple of eight.
    pub fn pad(&mut self) {
        self.grow(padded(self.len_bytes) - self.len_bytes);
    }

    /// Appends `bytes` zeros.
    pub fn grow(&mut self, bytes: usize) {
        // Bytes behind `len_bytes` in the last word may be left over from a truncation.
        let old = self.len_bytes;
        self.len_bytes += bytes;
        self.words.resize(self.len_bytes.div_ceil(8), 0);
        let stale = padded(old).min(self.len_bytes);
        self[old..stale].fill(0);
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        debug_assert!(self.len_bytes <= self.words.len() * 8);
        // SAFETY: the words are initialised, `len_bytes` never exceeds them, and any byte is a
        // `u8`.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast::<u8>(), self.len_bytes) }
    }
}

impl DerefMut for AlignedBytes {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        debug_assert!(self.len_bytes <= self.words.len() * 8);
        // SAFETY: as in `deref`; any eight bytes are a valid `u64`, and the borrow is exclusive.
        unsafe {
            std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast::<u8>(), self.len_bytes)
        }
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for AlignedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBytes({} bytes)", self.len_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_start_aligned_and_survive_growth() {
        let mut bytes = AlignedBytes::new();
        for round in 0..100_u8 {
            bytes.extend_from_slice(&[round; 3]);
            assert_eq!(bytes.as_ptr() as usize % 8, 0);
        }
        assert_eq!(bytes.len(), 300);
        assert!(
            bytes
                .chunks(3)
                .enumerate()
                .all(|(i, c)| c.iter().all(|b| usize::from(*b) == i))
        );
    }

    #[test]
    fn padding_after_truncation_is_zero() {
        let mut bytes = AlignedBytes::copied(&[0xff; 16]);
        bytes.truncate(9);
        bytes.pad();
        assert_eq!(&bytes[..], [[0xff; 9].as_slice(), &[0; 7]].concat());
    }
}
