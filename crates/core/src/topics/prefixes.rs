//! The literal prefixes of filters, by length and hash.
//!
//! Each prefix has the filter that is this prefix and a star, and the list of filters that begin
//! with it and have an inner star. A topic asks once for each length that any prefix has, with a
//! hash that goes along the topic and is finished at each length; a bloom filter answers most.
//!
//! This does the work of a trie. Its look-ups do not wait for each other, as the steps down a trie
//! do, and their number grows with the different lengths, not with the number of prefixes: at most
//! one for each byte of a topic, which is also what a trie costs at worst.

use std::ops::ControlFlow;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::arena::NONE;
use super::bloom::Bloom;
use super::hash::TopicHasher;

/// Prefixes and what hangs on them.
#[derive(Debug)]
pub(super) struct PrefixTable {
    /// What hangs on the empty prefix.
    empty: Content,
    /// The contents by the hash of their prefix. The bytes of the prefix are the owner's: it
    /// gives a function that tells them from the content.
    contents: HashTable<Content>,
    bloom: Bloom<2>,
    /// The lengths that prefixes have, ascending.
    lengths: Vec<u16>,
    /// How many prefixes have each of these lengths.
    counts: Vec<u32>,
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
            contents: HashTable::new(),
            bloom: Bloom::new(),
            lengths: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// How many prefixes with content there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.contents.len() + usize::from(!self.empty.is_empty())
    }

    /// Visits the content of every prefix of `topic`, the shortest first, with the prefix's length.
    /// The empty prefix is passed over for topics that start with a dot.
    #[inline]
    pub(super) fn walk<'a>(
        &self,
        topic: &[u8],
        hasher: &TopicHasher,
        bytes_of: impl Fn(Content) -> &'a [u8],
        mut visit: impl FnMut(usize, Content) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if !self.empty.is_empty() && topic.first() != Some(&b'.') {
            visit(0, self.empty)?;
        }
        let mut hashes = hasher.prefixes(topic);
        for &len in &self.lengths {
            let len = usize::from(len);
            if len > topic.len() {
                break;
            }
            let hash = hashes.next(len);
            if self.bloom.may_have(hash) {
                let same = |content: &Content| same_bytes(bytes_of(*content), &topic[..len]);
                if let Some(content) = self.contents.find(hash, same) {
                    visit(len, *content)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The content of a prefix, which is empty if the prefix is not there.
    pub(super) fn content<'a>(
        &self,
        prefix: &[u8],
        hasher: &TopicHasher,
        bytes_of: impl Fn(Content) -> &'a [u8],
    ) -> Content {
        if prefix.is_empty() {
            return self.empty;
        }
        let same = |content: &Content| bytes_of(*content) == prefix;
        let found = self.contents.find(hasher.prefix(prefix), same);
        found.copied().unwrap_or(Content::EMPTY)
    }

    /// Sets the content of a prefix. With empty content the prefix is removed. All that contents
    /// refer to, both the old one and the new one, must still be there.
    pub(super) fn set<'a>(
        &mut self,
        prefix: &[u8],
        content: Content,
        hasher: &TopicHasher,
        bytes_of: impl Fn(Content) -> &'a [u8],
    ) {
        if prefix.is_empty() {
            self.empty = content;
            return;
        }
        let hash = hasher.prefix(prefix);
        let hash_of = |content: &Content| hasher.prefix(bytes_of(*content));
        let same = |other: &Content| bytes_of(*other) == prefix;
        match self.contents.entry(hash, same, hash_of) {
            Entry::Occupied(entry) if content.is_empty() => {
                entry.remove();
                self.discount(prefix.len());
                self.bloom.forget(1);
                if self.bloom.is_worn(self.contents.len()) {
                    self.contents.shrink_to(2 * self.contents.len(), hash_of);
                }
            }
            Entry::Occupied(mut entry) => *entry.get_mut() = content,
            Entry::Vacant(_) if content.is_empty() => {}
            Entry::Vacant(entry) => {
                entry.insert(content);
                self.count(prefix.len());
                self.bloom.add(hash);
            }
        }
        if self.bloom.is_worn(self.contents.len()) {
            self.bloom.reset(self.contents.len());
            self.contents.iter().for_each(|content| self.bloom.add(hash_of(content)));
        }
    }

    /// Gives every content to `change`, which must not empty it.
    pub(super) fn renumber(&mut self, mut change: impl FnMut(&mut Content)) {
        change(&mut self.empty);
        self.contents.iter_mut().for_each(change);
    }

    fn count(&mut self, len: usize) {
        let len = u16::try_from(len).expect("filters are shorter");
        match self.lengths.binary_search(&len) {
            Ok(at) => self.counts[at] += 1,
            Err(at) => {
                self.lengths.insert(at, len);
                self.counts.insert(at, 1);
            }
        }
    }

    fn discount(&mut self, len: usize) {
        let at = self.lengths.binary_search(&u16::try_from(len).expect("filters are shorter"));
        let at = at.expect("it was counted");
        self.counts[at] -= 1;
        if self.counts[at] == 0 {
            self.lengths.remove(at);
            self.counts.remove(at);
        }
    }
}

impl Content {
    pub(super) const EMPTY: Self = Self { prefix: NONE, list: NONE };

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
