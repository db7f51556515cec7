//! A bloom filter: says for most hashes that were not added, at a few instructions, that they were
//! not.

/// One or two bits for each hash: one is faster to ask, two need less memory.
#[derive(Debug)]
pub(super) struct Bloom<const BITS: usize> {
    /// A power of two of words.
    words: Vec<u64>,
    /// Hashes that were removed by their owner since the filter was made, and are still in it.
    stale_count: usize,
}

impl<const BITS: usize> Bloom<BITS> {
    /// Bits for each hash, whether set or not. At the fullest, of the hashes that were not added
    /// one in 128 passes with one bit, and one in 30 with two.
    const SPACE_BITS_MIN: usize = if BITS == 1 { 128 } else { 12 };

    pub(super) fn new() -> Self {
        Self {
            words: vec![0; WORD_COUNT_MIN],
            stale_count: 0,
        }
    }

    #[inline]
    pub(super) fn may_have(&self, hash: u64) -> bool {
        let (word, bits) = self.place(hash);
        self.words[word] & bits == bits
    }

    /// As [`Self::may_have`], as a number that is 0 or 1.
    #[inline]
    pub(super) fn bit(&self, hash: u64) -> u64 {
        const { assert!(BITS == 1) };
        self.words[self.word(hash)] >> (hash >> 58) & 1
    }

    pub(super) fn add(&mut self, hash: u64) {
        let (word, bits) = self.place(hash);
        self.words[word] |= bits;
    }

    /// Notes that hashes were removed.
    pub(super) fn forget(&mut self, hashes: usize) {
        self.stale_count += hashes;
    }

    /// Whether it should be emptied by [`Self::reset`] and filled again, now that it is for `len`
    /// hashes. That is so after as many changes as there are hashes, at the earliest.
    pub(super) fn is_worn(&self, len: usize) -> bool {
        len * Self::SPACE_BITS_MIN > self.words.len() * 64
            || self.stale_count > len + WORD_COUNT_MIN
    }

    /// Empties the filter and gives it the size for `len` hashes and some more.
    pub(super) fn reset(&mut self, len: usize) {
        let words = (len * Self::SPACE_BITS_MIN * 5 / 4).div_ceil(64);
        self.words = vec![0; words.next_power_of_two().max(WORD_COUNT_MIN)];
        self.stale_count = 0;
    }

    #[inline]
    fn place(&self, hash: u64) -> (usize, u64) {
        let second = if BITS == 1 { 0 } else { 1 << (hash >> 52 & 63) };
        (self.word(hash), 1 << (hash >> 58) | second)
    }

    /// The upper bits choose, as those are the good ones in a product.
    #[inline]
    const fn word(&self, hash: u64) -> usize {
        (hash >> 24) as usize & (self.words.len() - 1)
    }
}

const WORD_COUNT_MIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::TopicHasher;

    #[test]
    fn all_that_was_added_passes_and_little_else() {
        check::<1>();
        check::<2>();
    }

    fn check<const BITS: usize>() {
        let hasher = TopicHasher::new(4);
        let mut bloom = Bloom::<BITS>::new();
        for len in 1..5000 {
            bloom.add(hasher.word(0, len));
            if bloom.is_worn(usize::try_from(len).unwrap()) {
                bloom.reset(usize::try_from(len).unwrap());
                (1..=len).for_each(|word| bloom.add(hasher.word(0, word)));
            }
        }
        assert!((1..5000).all(|word| bloom.may_have(hasher.word(0, word))));
        let others = (5000..15_000)
            .filter(|word| bloom.may_have(hasher.word(0, *word)))
            .count();
        assert!(others < 400, "{others} of 10,000 others pass");
    }
}
