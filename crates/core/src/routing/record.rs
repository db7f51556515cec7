//! What is known of one member.

use std::collections::BTreeSet;

use zeekwire_types::{Instant, NodeId, TopicFilter};

use crate::wire::{Item, Update};

/// Where a member's record lies in the database; used again after the record is gone.
pub(crate) type MemberSlot = u32;

/// What one member said of itself.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: NodeId,
    pub(crate) version: u64,
    /// Names its shortest-path tree in frame headers.
    pub(crate) tree: u32,
    pub(crate) items: BTreeSet<Item>,
    /// How many of the items are leaves or earlier lives.
    pub(crate) beside_count: usize,
    /// Hops from here; `None` while no path leads there.
    pub(crate) hops: Option<u16>,
    /// When the last path to it was lost.
    pub(crate) unreachable_since: Instant,
    /// The version of this node's own record that it is known to have; 0 if nothing is known.
    pub(crate) confirmed: u64,
}

impl Record {
    /// Members over whose links it routes, in ascending order.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = &NodeId> {
        self.items.iter().map_while(|item| match item {
            Item::Neighbour(node) => Some(node),
            _ => None,
        })
    }

    /// Whether it says that it routes over a link to `node`.
    pub(crate) fn has_neighbour(&self, node: &NodeId) -> bool {
        self.items.contains(&Item::Neighbour(node.clone()))
    }

    /// Members that are attached to it and do not route.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &NodeId> {
        self.beside().filter_map(|item| match item {
            Item::Leaf(node) => Some(node),
            _ => None,
        })
    }

    /// Earlier lives of its own name that it declared over. What it says of others counts nothing.
    pub(crate) fn superseded(&self) -> impl Iterator<Item = &NodeId> {
        self.beside().filter_map(|item| match item {
            Item::Superseded(node) if node.name == self.id.name && *node != self.id => Some(node),
            _ => None,
        })
    }

    /// Whether it said that it is about to end: once no path leads to it, none will again.
    pub(crate) fn is_leaving(&self) -> bool {
        self.beside()
            .any(|item| matches!(item, Item::Superseded(node) if *node == self.id))
    }

    /// Its leaves and earlier lives. Most have none, and are not gone through for that.
    fn beside(&self) -> impl Iterator<Item = &Item> {
        let is_beside = |item: &&Item| matches!(item, Item::Leaf(_) | Item::Superseded(_));
        self.items.iter().filter(is_beside).take(self.beside_count)
    }

    /// What it and all that is attached to it subscribed to.
    pub(crate) fn filters(&self) -> impl Iterator<Item = &TopicFilter> {
        self.items.iter().filter_map(|item| match item {
            Item::Filter(filter) => Some(filter),
            _ => None,
        })
    }

    /// Labels under which publishers find it.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &str> {
        self.items.iter().rev().map_while(|item| match item {
            Item::Pool(label) => Some(&**label),
            _ => None,
        })
    }

    /// What its program calls this life of it.
    pub(crate) fn alias(&self) -> Option<&str> {
        let labels = self.items.iter().rev();
        let mut labels = labels.skip_while(|item| matches!(item, Item::Pool(_)));
        match labels.next()? {
            Item::Alias(alias) => Some(alias),
            _ => None,
        }
    }

    /// All of it as one update.
    pub(crate) fn whole(&self) -> Update {
        Update {
            origin: self.id.clone(),
            base: 0,
            version: self.version,
            tree: self.tree,
            complete: true,
            confirm: false,
            added: self.items.iter().cloned().collect(),
            removed: Vec::new(),
        }
    }
}
