//! The literal prefixes of filters, by length and hash.
//!
//! Each prefix has the filter that is this prefix and a star, and the list of filters that begin
//! with it and have an inner star. A topic asks once for each length that any prefix has, with a
//! hash that goes along the topic and is finished at each length; a bloom filter answers most.
//!
//! This does the work of a trie. Its look-ups do not wait for each other, as the steps down a trie
//! do, and their number grows with the different lengths, not with the number of prefixes: at most
//! one for each byte of a topic, which is also what a trie costs at worst.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::arena::NONE;
use super::bloom::Bloom;
use super::hash::TopicHasher;
use super::rows::byte_mask;
use super::texts::{Text, Texts};

/// Prefixes and what hangs on them.
#[derive(Debug)]
pub(super) struct PrefixTable {
    /// What hangs on the empty prefix.
    empty: Content,
    prefixes: HashTable<Prefix>,
    texts: Texts,
    bloom: Bloom<2>,
    /// The lengths that prefixes have, ascending.
    lengths: Vec<Length>,
    /// How many prefixes have each length and last byte.
    ends: BTreeMap<(u16, u8), u32>,
}

#[derive(Clone, Copy, Debug)]
struct Prefix {
    text: Text,
    content: Content,
    /// How the text starts, so that most are compared without going to where the texts lie.
    start: [u8; START_BYTES],
}

/// A length that some prefix has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Length {
    len: u16,
    /// The last bytes of these prefixes, as [`byte_mask`] folds them. Most prefixes end with a
    /// separator, and most topics have none at most of the lengths.
    ends: u64,
}

/// What hangs on one prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Content {
    /// The record of the filter that is the prefix and one star, or [`NONE`].
    pub(super) prefix: u32,
    /// The list of the filters that have more after the star, or [`NONE`].
    pub(super) list: u32,
}

impl PrefixTable {
    pub(super) fn new() -> Self {
        Self {
            empty: Content::EMPTY,
            prefixes: HashTable::new(),
            texts: Texts::new(),
            bloom: Bloom::new(),
            lengths: Vec::new(),
            ends: BTreeMap::new(),
        }
    }

    /// How many prefixes with content there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.prefixes.len() + usize::from(!self.empty.is_empty())
    }

    /// Visits the content of every prefix of `topic`, the shortest first, with the prefix's length.
    /// The empty prefix is passed over for topics that start with a dot.
    #[inline]
    pub(super) fn walk(
        &self,
        topic: &[u8],
        hasher: &TopicHasher,
        mut visit: impl FnMut(usize, Content) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if !self.empty.is_empty() && topic.first() != Some(&b'.') {
            visit(0, self.empty)?;
        }
        let mut hashes = hasher.prefixes(topic);
        for length in &self.lengths {
            let len = usize::from(length.len);
            let Some(end) = topic.get(len - 1) else { break };
            if length.ends & byte_mask(&[*end]) == 0 {
                continue;
            }
            let hash = hashes.next(len);
            if self.bloom.may_have(hash) {
                let same = |prefix: &Prefix| self.is_text_of(prefix, &topic[..len]);
                if let Some(prefix) = self.prefixes.find(hash, same) {
                    visit(len, prefix.content)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn is_text_of(&self, prefix: &Prefix, text: &[u8]) -> bool {
        if text.len() <= START_BYTES {
            return prefix.text.len() == text.len()
                && same_bytes(&prefix.start[..text.len()], text);
        }
        same_bytes(self.texts.get(prefix.text), text)
    }

    /// The content of a prefix, which is empty if the prefix is not there.
    pub(super) fn content(&self, prefix: &[u8], hasher: &TopicHasher) -> Content {
        if prefix.is_empty() {
            return self.empty;
        }
        let same = |other: &Prefix| self.texts.get(other.text) == prefix;
        let found = self.prefixes.find(hasher.prefix(prefix), same);
        found.map_or(Content::EMPTY, |prefix| prefix.content)
    }

    /// Sets the content of a prefix. With empty content the prefix is removed.
    pub(super) fn set(&mut self, prefix: &[u8], content: Content, hasher: &TopicHasher) {
        if prefix.is_empty() {
            self.empty = content;
            return;
        }
        let hash = hasher.prefix(prefix);
        let same = |other: &Prefix| self.texts.get(other.text) == prefix;
        let hash_of = |other: &Prefix| hasher.prefix(self.texts.get(other.text));
        match self.prefixes.entry(hash, same, hash_of) {
            Entry::Occupied(entry) if content.is_empty() => {
                self.texts.remove(entry.remove().0.text);
                self.discount(prefix);
                self.bloom.forget(1);
                self.compact(hasher);
            }
            Entry::Occupied(mut entry) => entry.get_mut().content = content,
            Entry::Vacant(_) if content.is_empty() => return,
            Entry::Vacant(entry) => {
                entry.insert(Prefix {
                    text: self.texts.add(prefix),
                    content,
                    start: start_of(prefix),
                });
                self.count(prefix);
                self.bloom.add(hash);
            }
        }
        if self.bloom.is_worn(self.prefixes.len()) {
            self.bloom.reset(self.prefixes.len());
            let texts = self
                .prefixes
                .iter()
                .map(|prefix| self.texts.get(prefix.text));
            texts.for_each(|text| self.bloom.add(hasher.prefix(text)));
        }
    }

    /// Gives every content to `change`, which must not empty it.
    pub(super) fn renumber(&mut self, mut change: impl FnMut(&mut Content)) {
        change(&mut self.empty);
        self.prefixes
            .iter_mut()
            .for_each(|prefix| change(&mut prefix.content));
    }

    /// Gives memory back after a removal.
    fn compact(&mut self, hasher: &TopicHasher) {
        self.texts
            .compact(self.prefixes.iter_mut().map(|prefix| &mut prefix.text));
        if self.bloom.is_worn(self.prefixes.len()) {
            let hash_of = |prefix: &Prefix| hasher.prefix(self.texts.get(prefix.text));
            self.prefixes.shrink_to(2 * self.prefixes.len(), hash_of);
        }
    }

    fn count(&mut self, prefix: &[u8]) {
        let end = end_of(prefix);
        let count = self.ends.entry(end).or_insert(0);
        *count += 1;
        if *count == 1 {
            self.list_length(end.0);
        }
    }

    fn discount(&mut self, prefix: &[u8]) {
        let end = end_of(prefix);
        let count = self.ends.get_mut(&end).expect("it was counted");
        *count -= 1;
        if *count == 0 {
            self.ends.remove(&end);
            self.list_length(end.0);
        }
    }

    /// Brings the entry of one length up to date.
    fn list_length(&mut self, len: u16) {
        let ends = self.ends.range((len, 0)..=(len, u8::MAX));
        let ends = ends.fold(0, |mask, (end, _)| mask | byte_mask(&[end.1]));
        match self.lengths.binary_search_by_key(&len, |length| length.len) {
            Ok(at) if ends == 0 => _ = self.lengths.remove(at),
            Ok(at) => self.lengths[at].ends = ends,
            Err(at) => self.lengths.insert(at, Length { len, ends }),
        }
    }
}

/// Most prefixes are no longer than this.
const START_BYTES: usize = 32;

fn start_of(text: &[u8]) -> [u8; START_BYTES] {
    let mut start = [0; START_BYTES];
    let len = text.len().min(START_BYTES);
    start[..len].copy_from_slice(&text[..len]);
    start
}

/// The length and the last byte of a prefix, which is not empty.
fn end_of(prefix: &[u8]) -> (u16, u8) {
    let len = u16::try_from(prefix.len()).expect("filters are shorter");
    (len, prefix[prefix.len() - 1])
}

impl Content {
    pub(super) const EMPTY: Self = Self {
        prefix: NONE,
        list: NONE,
    };

    #[inline]
    const fn is_empty(self) -> bool {
        // Both fields are NONE, which has all bits set.
        self.prefix & self.list == NONE
    }
}

/// Compares short byte strings without a call.
#[inline]
fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if left.len() > 64 {
        return left == right;
    }
    if let (Some(left_end), Some(right_end)) = (left.last_chunk::<8>(), right.last_chunk::<8>()) {
        let (left, right) = (left.as_chunks::<8>().0, right.as_chunks::<8>().0);
        return left_end == right_end && left.iter().zip(right).all(|(left, right)| left == right);
    }
    if let (Some(left_end), Some(right_end)) = (left.last_chunk::<4>(), right.last_chunk::<4>()) {
        return left_end == right_end && left.first_chunk::<4>() == right.first_chunk::<4>();
    }
    left.iter().zip(right).all(|(left, right)| left == right)
}

#[cfg(test)]
mod tests;
