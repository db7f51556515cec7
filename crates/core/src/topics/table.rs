//! What a node asks where a topic goes: the index behind its cache.

use zeekwire_types::TopicFilter;

use super::cache::{Slot, TargetCache};
use super::index::FilterIndex;

/// Filters of many keys, and for each topic the keys that it reaches.
///
/// ```
/// use zeekwire_core::topics::TopicTable;
/// use zeekwire_types::TopicFilter;
///
/// let mut table = TopicTable::new(42);
/// table.insert(&TopicFilter::new("zeek/cluster/*").unwrap(), 7);
/// table.insert(&TopicFilter::new("*/worker-1").unwrap(), 3);
/// assert_eq!(table.targets(b"zeek/cluster/worker-1"), [3, 7]);
/// ```
#[derive(Debug)]
pub struct TopicTable<K> {
    index: FilterIndex<K>,
    cache: TargetCache<K>,
    last: Slot,
    found: Vec<K>,
    generation: u64,
}

impl<K: Copy + Ord> TopicTable<K> {
    /// An empty table. Seed as for [`FilterIndex::new`].
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            index: FilterIndex::new(seed),
            cache: TargetCache::new(),
            last: Slot::default(),
            found: Vec::new(),
            generation: 0,
        }
    }

    /// Adds a filter for a key. Returns whether the key did not hold it yet.
    pub fn insert(&mut self, filter: &TopicFilter, key: K) -> bool {
        let new = self.index.insert(filter, key);
        self.changed(new)
    }

    /// Removes a filter of a key. Returns whether the key held it.
    pub fn remove(&mut self, filter: &TopicFilter, key: K) -> bool {
        let held = self.index.remove(filter, key);
        self.changed(held)
    }

    /// Removes all filters of a key. Returns how many there were.
    pub fn remove_key(&mut self, key: K) -> usize {
        let count = self.index.remove_key(key);
        self.changed(count > 0);
        count
    }

    /// The keys that a topic reaches, each once, in ascending order.
    pub fn targets(&mut self, topic: &[u8]) -> &[K] {
        // Publishers repeat themselves: comparing is cheaper than hashing.
        if self.cache.holds(self.last, topic) {
            return self.cache.targets(self.last);
        }
        let hash = self.index.hasher().bytes(topic);
        let cached = self.cache.find(hash, topic).or_else(|| {
            self.index.matches_hashed(hash, topic, &mut self.found);
            self.cache.insert(hash, topic, &self.found)
        });
        let Some(slot) = cached else {
            return &self.found;
        };
        self.last = slot;
        self.cache.targets(slot)
    }

    /// Changes with each change of the filters: an answer kept elsewhere holds as long as this.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The filters behind the answers.
    #[must_use]
    pub const fn index(&self) -> &FilterIndex<K> {
        &self.index
    }

    fn changed(&mut self, changed: bool) -> bool {
        if changed {
            self.cache.invalidate();
            self.generation += 1;
        }
        changed
    }
}

#[cfg(test)]
mod tests;
