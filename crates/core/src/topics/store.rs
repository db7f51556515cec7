//! The filters of an index, packed so that a search touches little memory.

use super::arena::Arena;
use super::glob::{Form, Glob};
use super::globlist::{GlobList, Inner};
use super::hash::TopicHasher;
use super::keys::Keys;
use super::texts::{Text, Texts};

/// Filters by record id, and what they are made of.
#[derive(Debug)]
pub(super) struct FilterStore<K> {
    pub(super) hasher: TopicHasher,
    pub(super) records: Arena<Record<K>>,
    /// The exact topics and the prefixes of those filters that are no more than this.
    texts: Texts,
    /// The filters with inner stars, one by one and by the prefix that they share.
    pub(super) inners: Arena<Inner>,
    pub(super) lists: Arena<GlobList>,
}

/// One filter and who holds it. Half a cache line, as there may be many.
#[derive(Debug)]
pub(super) struct Record<K> {
    pub(super) pattern: Pattern,
    pub(super) keys: Keys<K>,
}

/// What a filter matches.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pattern {
    /// Exactly this topic.
    Exact(Text),
    /// All topics that start with this text.
    Prefix(Text),
    /// What the inner filter with this id matches.
    Inner(u32),
}

/// How ids changed when gaps were closed, by old id.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) records: Option<Vec<u32>>,
    pub(super) lists: Option<Vec<u32>>,
}

impl<K> FilterStore<K> {
    pub(super) const fn new(hasher: TopicHasher) -> Self {
        Self {
            hasher,
            records: Arena::new(),
            texts: Texts::new(),
            inners: Arena::new(),
            lists: Arena::new(),
        }
    }

    /// Adds a filter and returns its record's id. It is in no list yet.
    pub(super) fn add(&mut self, glob: Glob, keys: Keys<K>) -> u32 {
        let pattern = match glob.form() {
            Form::Exact => Pattern::Exact(self.texts.add(glob.prefix())),
            Form::Prefix => Pattern::Prefix(self.texts.add(glob.prefix())),
            Form::Inner => Pattern::Inner(self.inners.insert(Inner::new(glob))),
        };
        let id = self.records.insert(Record { pattern, keys });
        if let Pattern::Inner(inner) = pattern {
            self.inners[inner].record = id;
        }
        id
    }

    /// Removes a filter, which is in no list any more.
    pub(super) fn remove(&mut self, id: u32) {
        match self.records.remove(id).pattern {
            Pattern::Exact(text) | Pattern::Prefix(text) => self.texts.remove(text),
            Pattern::Inner(inner) => _ = self.inners.remove(inner),
        }
    }

    /// Whether a record is that of this filter.
    pub(super) fn is(&self, id: u32, glob: &Glob) -> bool {
        match self.records[id].pattern {
            Pattern::Exact(text) => {
                glob.form() == Form::Exact && self.texts.get(text) == glob.prefix()
            }
            Pattern::Prefix(text) => {
                glob.form() == Form::Prefix && self.texts.get(text) == glob.prefix()
            }
            Pattern::Inner(inner) => self.inners[inner].glob == *glob,
        }
    }

    /// Whether a record is that of a filter which is just this topic.
    pub(super) fn is_literally(&self, id: u32, topic: &[u8]) -> bool {
        match self.records[id].pattern {
            Pattern::Exact(text) => self.texts.get(text) == topic,
            _ => false,
        }
    }

    /// The literal that a filter begins with.
    #[inline]
    pub(super) fn prefix(&self, id: u32) -> &[u8] {
        match self.records[id].pattern {
            Pattern::Exact(text) | Pattern::Prefix(text) => self.texts.get(text),
            Pattern::Inner(inner) => self.inners[inner].glob.prefix(),
        }
    }

    /// The hash that a filter is found by: for exact ones, that of their topic.
    pub(super) fn hash(&self, id: u32) -> u64 {
        match self.records[id].pattern {
            Pattern::Exact(text) | Pattern::Prefix(text) => self.hasher.bytes(self.texts.get(text)),
            Pattern::Inner(inner) => self.hasher.bytes(self.inners[inner].glob.hashed_bytes()),
        }
    }

    /// Gives memory back after removals. The caller must replace the ids it holds.
    pub(super) fn compact(&mut self) -> Moved {
        let records = self.records.compact();
        if let Some(moved) = &records {
            self.inners
                .iter_mut()
                .for_each(|inner| inner.record = moved[inner.record as usize]);
        }
        if let Some(moved) = self.inners.compact() {
            self.lists.iter_mut().for_each(|list| list.renumber(&moved));
            for record in self.records.iter_mut() {
                if let Pattern::Inner(inner) = &mut record.pattern {
                    *inner = moved[*inner as usize];
                }
            }
        }
        let texts = self
            .records
            .iter_mut()
            .filter_map(|record| match &mut record.pattern {
                Pattern::Exact(text) | Pattern::Prefix(text) => Some(text),
                Pattern::Inner(_) => None,
            });
        self.texts.compact(texts);
        Moved {
            records,
            lists: self.lists.compact(),
        }
    }

    /// The text of an exact filter or a prefix.
    pub(super) fn text(&self, text: Text) -> &[u8] {
        self.texts.get(text)
    }
}

/// Two records in a line of the processor's cache, with keys of 4 bytes.
const _: () = assert!(size_of::<Option<Record<u32>>>() == 32);
