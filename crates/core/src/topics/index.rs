//! All filters of all subscribers, and the search for those that match a topic.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};

use hashbrown::HashTable;
use zeekwire_types::TopicFilter;

use super::arena::NONE;
use super::glob::Glob;
use super::globlist::GlobList;
use super::hash::TopicHasher;
use super::keys::Keys;
use super::prefixes::{Content, PrefixTable};
use super::rows::Probe;
use super::store::{FilterStore, Moved, Pattern, Record};

/// Filters, and the keys of those who hold them; a key is a small number, such as a link's.
///
/// Filters without star are found by hash, and so are those whose only star is at their end: by
/// one hash that goes along the topic, for each length that any prefix has. Filters with other
/// stars hang on their literal prefix, which may be empty, and are told apart there by what their
/// other literals need.
///
/// Memory follows what is held: removing filters gives it back.
#[derive(Debug)]
pub struct FilterIndex<K> {
    store: FilterStore<K>,
    /// Record ids by the hash of their filter.
    by_filter: HashTable<u32>,
    /// Who holds what: key and record id.
    by_key: BTreeSet<(K, u32)>,
    /// What hangs on prefixes.
    prefixes: PrefixTable,
    exact_count: usize,
}

impl<K: Copy + Ord> FilterIndex<K> {
    /// An empty index. The seed keeps peers from choosing filters that collide in hash tables; it
    /// changes the cost of answers, never the answers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            store: FilterStore::new(TopicHasher::new(seed)),
            by_filter: HashTable::new(),
            by_key: BTreeSet::new(),
            prefixes: PrefixTable::new(),
            exact_count: 0,
        }
    }

    /// Adds a filter for a key. Returns whether the key did not hold it yet.
    pub fn insert(&mut self, filter: &TopicFilter, key: K) -> bool {
        let glob = Glob::new(filter.clone());
        let id = if let Some(id) = self.find(&glob) {
            if !self.store.records[id].keys.insert(key) {
                return false;
            }
            id
        } else {
            self.add(glob, key)
        };
        let new = self.by_key.insert((key, id));
        debug_assert!(new, "the record did not know the key");
        true
    }

    /// Removes a filter of a key. Returns whether the key held it.
    pub fn remove(&mut self, filter: &TopicFilter, key: K) -> bool {
        let Some(id) = self.find(&Glob::new(filter.clone())) else {
            return false;
        };
        if !self.by_key.remove(&(key, id)) {
            return false;
        }
        self.release(id, key);
        self.compact();
        true
    }

    /// Removes all filters of a key. Returns how many there were.
    pub fn remove_key(&mut self, key: K) -> usize {
        let ids: Vec<u32> = self.by_key.range(ids_of(key)).map(|pair| pair.1).collect();
        for &id in &ids {
            self.by_key.remove(&(key, id));
            self.release(id, key);
        }
        self.compact();
        ids.len()
    }

    /// Replaces what `keys` holds by the keys with a matching filter, each once, in ascending
    /// order.
    pub fn matches(&self, topic: &[u8], keys: &mut Vec<K>) {
        // Without exact filters nobody asks for the hash.
        let hash = if self.exact_count > 0 {
            self.store.hasher.bytes(topic)
        } else {
            0
        };
        self.matches_hashed(hash, topic, keys);
    }

    /// As [`Self::matches`], for a topic whose hash by [`Self::hasher`] is known.
    pub fn matches_hashed(&self, hash: u64, topic: &[u8], keys: &mut Vec<K>) {
        keys.clear();
        let mut records = 0;
        let mut duplicates_max = KEY_COUNT_UNSORTED_MAX;
        let _ = self.visit(hash, topic, |record| {
            records += 1;
            match &record.keys {
                Keys::One([key]) => keys.push(*key),
                Keys::Many(more) => keys.extend_from_slice(more),
            }
            if keys.len() > duplicates_max {
                // Many overlapping filters of the same keys must not make a long list.
                sort_once(keys);
                duplicates_max = KEY_COUNT_UNSORTED_MAX + 2 * keys.len();
            }
            ControlFlow::Continue(())
        });
        if records > 1 {
            sort_once(keys);
        }
    }

    /// Whether any filter matches a topic.
    #[must_use]
    pub fn any_match(&self, topic: &[u8]) -> bool {
        let hash = if self.exact_count > 0 {
            self.store.hasher.bytes(topic)
        } else {
            0
        };
        self.visit(hash, topic, |_| ControlFlow::Break(()))
            .is_break()
    }

    /// Whether a key holds a filter.
    #[must_use]
    pub fn contains(&self, filter: &TopicFilter, key: K) -> bool {
        self.keys_of(filter).binary_search(&key).is_ok()
    }

    /// The keys that hold exactly this filter, in ascending order.
    #[must_use]
    pub fn keys_of(&self, filter: &TopicFilter) -> &[K] {
        let id = self.find(&Glob::new(filter.clone()));
        id.map_or(&[], |id| self.store.records[id].keys.as_slice())
    }

    /// The filters of a key, each once, in no particular order.
    ///
    /// The order follows from the history of insertions and removals alone.
    pub fn filters_of(&self, key: K) -> impl Iterator<Item = TopicFilter> {
        self.by_key
            .range(ids_of(key))
            .map(|pair| match self.store.records[pair.1].pattern {
                Pattern::Exact(text) => {
                    TopicFilter::exact(self.store.text(text)).expect(WAS_FILTER)
                }
                Pattern::Prefix(text) => {
                    TopicFilter::prefix(self.store.text(text)).expect(WAS_FILTER)
                }
                Pattern::Inner(inner) => self.store.inners[inner].glob.filter().clone(),
            })
    }

    /// How many pairs of filter and key there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether nobody holds any filter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// How many different filters there are.
    #[must_use]
    pub fn filter_count(&self) -> usize {
        self.store.records.len()
    }

    /// The hasher of topics, for callers that need the hash as well.
    #[must_use]
    pub const fn hasher(&self) -> &TopicHasher {
        &self.store.hasher
    }

    /// Visits the record of each matching filter, once.
    #[inline]
    fn visit(
        &self,
        hash: u64,
        topic: &[u8],
        mut visit: impl FnMut(&Record<K>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let store = &self.store;
        if self.exact_count > 0
            && let Some(&id) = self
                .by_filter
                .find(hash, |id| store.is_literally(*id, topic))
        {
            visit(&store.records[id])?;
        }
        let mut probe = Probe::new(topic);
        self.prefixes.walk(topic, &store.hasher, |len, content| {
            if content.prefix != NONE {
                visit(&store.records[content.prefix])?;
            }
            if content.list == NONE {
                return ControlFlow::Continue(());
            }
            store.lists[content.list].visit(&mut probe, len, &store.hasher, &mut |id| {
                let inner = &store.inners[id];
                if inner.glob.matches_rest(topic) {
                    return visit(&store.records[inner.record]);
                }
                ControlFlow::Continue(())
            })
        })
    }

    /// The record of a filter.
    fn find(&self, glob: &Glob) -> Option<u32> {
        let hash = self.store.hasher.bytes(glob.hashed_bytes());
        self.by_filter
            .find(hash, |id| self.store.is(*id, glob))
            .copied()
    }

    /// Makes the record of a filter that is new and puts it where topics find it.
    fn add(&mut self, glob: Glob, key: K) -> u32 {
        let id = self.store.add(glob, Keys::One([key]));
        let store = &self.store;
        self.by_filter
            .insert_unique(store.hash(id), id, |id| store.hash(*id));
        match store.records[id].pattern {
            Pattern::Exact(_) => self.exact_count += 1,
            Pattern::Prefix(_) => {
                let content = self.content_beside(id);
                self.set_content(
                    id,
                    Content {
                        prefix: id,
                        ..content
                    },
                );
            }
            Pattern::Inner(inner) => {
                let mut content = self.content_beside(id);
                if content.list == NONE {
                    content.list = self.store.lists.insert(GlobList::new());
                    self.set_content(id, content);
                }
                let FilterStore {
                    lists,
                    inners,
                    hasher,
                    ..
                } = &mut self.store;
                lists[content.list].insert(inner, inners, hasher);
            }
        }
        id
    }

    /// Takes a key from a record, and removes the record if that was its last.
    fn release(&mut self, id: u32, key: K) {
        if self.store.records[id].keys.remove(key) {
            return;
        }
        match self.store.records[id].pattern {
            Pattern::Exact(_) => self.exact_count -= 1,
            Pattern::Prefix(_) => {
                let content = self.content_beside(id);
                self.set_content(
                    id,
                    Content {
                        prefix: NONE,
                        ..content
                    },
                );
            }
            Pattern::Inner(inner) => {
                let content = self.content_beside(id);
                let FilterStore {
                    lists,
                    inners,
                    hasher,
                    ..
                } = &mut self.store;
                lists[content.list].remove(inner, inners, hasher);
                if lists[content.list].len() == 0 {
                    self.set_content(
                        id,
                        Content {
                            list: NONE,
                            ..content
                        },
                    );
                    self.store.lists.remove(content.list);
                }
            }
        }
        let entry = self
            .by_filter
            .find_entry(self.store.hash(id), |other| *other == id);
        entry.expect("every record is found by its filter").remove();
        self.store.remove(id);
    }

    /// What hangs on the prefix of a record's filter.
    fn content_beside(&self, id: u32) -> Content {
        self.prefixes
            .content(self.store.prefix(id), &self.store.hasher)
    }

    fn set_content(&mut self, id: u32, content: Content) {
        self.prefixes
            .set(self.store.prefix(id), content, &self.store.hasher);
    }

    /// Gives memory back after removals.
    fn compact(&mut self) {
        let Moved { records, lists } = self.store.compact();
        if records.is_none() && lists.is_none() {
            return;
        }
        self.prefixes.renumber(|content| {
            for (id, moved) in [(&mut content.prefix, &records), (&mut content.list, &lists)] {
                if let (Some(moved), true) = (moved, *id != NONE) {
                    *id = moved[*id as usize];
                }
            }
        });
        if let Some(moved) = records {
            self.by_filter
                .iter_mut()
                .for_each(|id| *id = moved[*id as usize]);
            self.by_filter
                .shrink_to(2 * self.by_filter.len(), |id| self.store.hash(*id));
            let by_key = std::mem::take(&mut self.by_key);
            self.by_key = by_key
                .into_iter()
                .map(|(key, id)| (key, moved[id as usize]))
                .collect();
        }
    }
}

fn ids_of<K: Copy>(key: K) -> RangeInclusive<(K, u32)> {
    (key, 0)..=(key, NONE)
}

fn sort_once<K: Ord>(keys: &mut Vec<K>) {
    keys.sort_unstable();
    keys.dedup();
}

const WAS_FILTER: &str = "it was made from a filter";

/// Below this many keys, duplicates wait for the end of the search.
const KEY_COUNT_UNSORTED_MAX: usize = 1024;

#[cfg(test)]
mod tests;
