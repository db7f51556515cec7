//! The keyed hash of topics and filters: fast for short byte strings, and not to be predicted by
//! peers who choose those strings, as long as the seed is secret.

/// Hashes byte strings and short words under a seed.
///
/// Not cryptographic: it protects hash tables from strings chosen to collide by somebody who does
/// not know the seed and does not see the hashes.
#[derive(Clone, Debug)]
pub struct TopicHasher {
    start: u64,
    keys: [u64; 3],
}

impl TopicHasher {
    /// A hasher whose secrets follow from `seed`. Equal seeds hash equally.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        let mut state = seed;
        let mut secrets = [0; 4];
        let mut at = 0;
        while at < secrets.len() {
            // SplitMix64: its outputs differ in about half of their bits for neighbouring seeds.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            secrets[at] = word ^ (word >> 31);
            at += 1;
        }
        Self {
            start: secrets[0],
            keys: [secrets[1], secrets[2], secrets[3] | 1],
        }
    }

    /// The hash of a byte string.
    #[inline]
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> u64 {
        let (chunks, rest) = bytes.as_chunks::<16>();
        let mut state = self.start ^ bytes.len() as u64;
        for chunk in chunks {
            let (low, high) = halves(chunk);
            state = fold(state ^ low, high ^ self.keys[0]);
        }
        // The last bytes are read with an overlap: into the chunk before, or into each other. The
        // length is in the state, so this loses nothing.
        let (low, high) = if rest.is_empty() {
            (0, 0)
        } else if let Some(last) = bytes.last_chunk::<16>() {
            halves(last)
        } else if let (Some(first), Some(last)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>())
        {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>())
        {
            (
                u32::from_le_bytes(*first).into(),
                u32::from_le_bytes(*last).into(),
            )
        } else {
            let middle = u64::from(rest[rest.len() / 2]);
            (
                u64::from(rest[0]) | middle << 8,
                rest[rest.len() - 1].into(),
            )
        };
        fold(
            fold(state ^ low, high ^ self.keys[1]) ^ self.keys[0],
            self.keys[2],
        )
    }

    /// A secret odd number, to multiply words with whose hash need not be good.
    #[inline]
    pub(super) const fn factor(&self) -> u64 {
        self.keys[2]
    }

    /// The hash of a prefix, as [`Self::prefixes`] gives it for topics that start with it.
    pub(super) fn prefix(&self, prefix: &[u8]) -> u64 {
        self.prefixes(prefix).next(prefix.len())
    }

    /// The hashes of a topic's prefixes.
    #[inline]
    pub(super) fn prefixes<'a>(&'a self, topic: &'a [u8]) -> PrefixHashes<'a> {
        PrefixHashes {
            hasher: self,
            topic,
            state: self.start,
            at: 0,
            word: word_at(topic, 0),
        }
    }

    /// The hash of a short word of class `class`; the same word hashes apart in each class.
    #[inline]
    pub(super) fn word(&self, class: u8, word: u64) -> u64 {
        fold(word ^ self.keys[0], self.keys[2] ^ (u64::from(class) << 32))
    }
}

/// The hashes of prefixes of a topic, from the shortest to the longest.
#[derive(Debug)]
pub(super) struct PrefixHashes<'a> {
    hasher: &'a TopicHasher,
    topic: &'a [u8],
    /// The hash so far, of whole words of 8 bytes.
    state: u64,
    /// How many bytes these are.
    at: usize,
    /// The word that follows.
    word: u64,
}

impl PrefixHashes<'_> {
    /// The hash of the first `len` bytes, which must not be fewer than the last time.
    #[inline]
    pub(super) fn next(&mut self, len: usize) -> u64 {
        debug_assert!(self.at <= len && len <= self.topic.len());
        while self.at + 8 <= len {
            self.state = fold(self.state ^ self.word, self.hasher.keys[0]);
            self.at += 8;
            self.word = word_at(self.topic, self.at);
        }
        let bits = 8 * (len - self.at);
        let word = self.word & !(u64::MAX << bits);
        // The number of bits tells a prefix from one with zero bytes at the end.
        fold(self.state ^ word, self.hasher.keys[1] ^ bits as u64)
    }
}

/// The 8 bytes at a position, with zeros after the end.
#[inline]
pub(super) fn word_at(bytes: &[u8], at: usize) -> u64 {
    // Near the end the last 8 bytes are read and shifted. All of this is without a branch, since
    // no processor foresees where topics end.
    if let Some(last) = bytes.len().checked_sub(8) {
        let start = at.min(last);
        let beyond = u32::try_from(8 * (at - start)).unwrap_or(u32::MAX);
        let word = bytes[start..]
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        return word.checked_shr(beyond).unwrap_or(0);
    }
    bytes[at..]
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn halves(chunk: &[u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(*chunk);
    (low_half(both), low_half(both >> 64))
}

/// Multiplies to 128 bits and folds the halves, so that every input bit reaches many output bits.
const fn fold(left: u64, right: u64) -> u64 {
    let product = left as u128 * right as u128;
    low_half(product) ^ low_half(product >> 64)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
const fn low_half(both: u128) -> u64 {
    both as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_length_and_every_byte_counts() {
        let hasher = TopicHasher::new(7);
        let text: Vec<u8> = (0..600).map(|at| b"zeek/cluster"[at % 12]).collect();
        let mut seen = BTreeSet::new();
        for len in 0..=512 {
            assert!(seen.insert(hasher.bytes(&text[..len])), "length {len}");
            for at in 0..len {
                let mut changed = text[..len].to_vec();
                changed[at] ^= 1;
                assert_ne!(
                    hasher.bytes(&changed),
                    hasher.bytes(&text[..len]),
                    "byte {at}"
                );
            }
        }
    }

    #[test]
    fn low_and_high_bits_spread() {
        for seed in [0, 1, u64::MAX] {
            let hasher = TopicHasher::new(seed);
            let mut low = BTreeSet::new();
            let mut high = BTreeSet::new();
            for number in 0..4096 {
                let hash = hasher.bytes(format!("zeek/table/{number}/x").as_bytes());
                low.insert(hash & 4095);
                high.insert(hash >> 52);
            }
            // A random function hits about 4096 * (1 - 1/e) = 2589 of 4096 values.
            assert!(
                low.len() > 2450 && high.len() > 2450,
                "{} {}",
                low.len(),
                high.len()
            );
        }
    }

    #[test]
    fn a_prefix_hashes_alike_alone_and_in_a_topic() {
        let hasher = TopicHasher::new(7);
        for size in [1, 5, 7, 8, 9, 15, 16, 40, 512] {
            let topic: Vec<u8> = (0..size).map(|at| b"zeek/\0\xff"[at % 7]).collect();
            let mut hashes = hasher.prefixes(&topic);
            let mut seen = BTreeSet::new();
            for len in (1..=size).filter(|len| len * 7 % 5 != 1) {
                let hash = hashes.next(len);
                assert_eq!(hash, hasher.prefix(&topic[..len]), "{len} of {size}");
                assert!(seen.insert(hash));
            }
        }
        assert_ne!(hasher.prefix(b"a"), hasher.prefix(b"a\0"));
        assert_ne!(hasher.prefix(b"12345678"), hasher.prefix(b"12345678\0"));
    }

    #[test]
    fn seeds_and_classes_differ() {
        let (one, two) = (TopicHasher::new(1), TopicHasher::new(2));
        assert_ne!(one.bytes(b"zeek"), two.bytes(b"zeek"));
        assert_eq!(one.bytes(b"zeek"), TopicHasher::new(1).bytes(b"zeek"));
        assert_ne!(one.word(0, 5), one.word(1, 5));
        assert_ne!(one.word(0, 5), two.word(0, 5));
    }
}
