//! What this node says of itself.

use std::collections::BTreeMap;

use zeekwire_types::NodeId;

use super::tree_number;
use crate::wire::{Item, Update};

/// This node's own record, and how many have a share in each of its items.
#[derive(Debug)]
pub(crate) struct OwnRecord {
    id: NodeId,
    version: u64,
    /// The version since which its filters are as they are.
    filters_version: u64,
    tree: u32,
    tree_attempts: u32,
    items: BTreeMap<Item, usize>,
}

impl OwnRecord {
    /// A record with these items.
    pub(crate) fn new(id: NodeId, items: impl Iterator<Item = Item>) -> Self {
        Self {
            tree: tree_number(&id, 0),
            id,
            version: 1,
            filters_version: 1,
            tree_attempts: 0,
            items: items.map(|item| (item, 1)).collect(),
        }
    }

    /// The version that is flooded now.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// The version since which its filters are as they are: whoever has that one or a later one
    /// knows what is wanted here.
    pub(crate) const fn filters_version(&self) -> u64 {
        self.filters_version
    }

    /// How many items it has.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The number of this node's tree.
    pub(crate) const fn tree(&self) -> u32 {
        self.tree
    }

    /// Adds and takes away shares. Returns what changed by that, if anything did.
    pub(crate) fn change(
        &mut self,
        added: impl IntoIterator<Item = Item>,
        removed: impl IntoIterator<Item = Item>,
    ) -> Option<Update> {
        // An item that comes and goes in one change is told by how it ends.
        let mut before: BTreeMap<Item, bool> = BTreeMap::new();
        for item in added {
            let shares = self.items.entry(item.clone()).or_default();
            before.entry(item).or_insert(*shares > 0);
            *shares += 1;
        }
        for item in removed {
            let Some(shares) = self.items.get_mut(&item) else {
                continue;
            };
            before.entry(item.clone()).or_insert(*shares > 0);
            *shares -= 1;
            if *shares == 0 {
                self.items.remove(&item);
            }
        }
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for (item, was) in before {
            match (was, self.items.contains_key(&item)) {
                (false, true) => added.push(item),
                (true, false) => removed.push(item),
                _ => {}
            }
        }
        if added.is_empty() && removed.is_empty() {
            return None;
        }
        let base = self.version;
        self.version += 1;
        let is_filter = |item: &Item| matches!(item, Item::Filter(_));
        if added.iter().chain(&removed).any(is_filter) {
            self.filters_version = self.version;
        }
        Some(Update {
            origin: self.id.clone(),
            base,
            version: self.version,
            tree: self.tree,
            complete: true,
            confirm: false,
            added,
            removed,
        })
    }

    /// All of it, as a version above `known`: somebody holds another record under this identity.
    pub(crate) fn outrun(&mut self, known: u64) -> Update {
        self.version = self.version.max(known) + 1;
        // What was confirmed before may have been that other record.
        self.filters_version = self.version;
        self.whole()
    }

    /// Takes another tree number: a member that comes first has this one.
    pub(crate) fn renumber(&mut self) -> Update {
        self.tree_attempts += 1;
        self.tree = tree_number(&self.id, self.tree_attempts);
        self.outrun(0)
    }

    fn whole(&self) -> Update {
        Update {
            origin: self.id.clone(),
            base: 0,
            version: self.version,
            tree: self.tree,
            complete: true,
            confirm: false,
            added: self.items.keys().cloned().collect(),
            removed: Vec::new(),
        }
    }

    /// The record as others see it.
    pub(crate) fn snapshot(&self) -> Update {
        self.whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node_id;
    use zeekwire_types::TopicFilter;

    fn filter(text: &str) -> Item {
        Item::Filter(TopicFilter::new(text).expect("a filter"))
    }

    #[test]
    fn an_item_stays_as_long_as_anybody_holds_it() {
        let mut own = OwnRecord::new(node_id("a", 1), std::iter::empty());
        let first = own.change([filter("x")], []).expect("it is new");
        assert_eq!((first.base, first.version, first.added.len()), (1, 2, 1));
        assert_eq!(own.change([filter("x")], []), None);
        assert_eq!(own.change([], [filter("x")]), None);
        let last = own.change([], [filter("x")]).expect("nobody holds it");
        assert_eq!((last.base, last.removed), (2, vec![filter("x")]));
        assert_eq!(own.change([], [filter("x")]), None);
        assert_eq!(own.change([filter("y")], [filter("y")]), None);
    }
}
