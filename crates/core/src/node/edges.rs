//! Peers that do not route: what they ask for becomes part of what this node asks for.

use zeekwire_types::limits::{
    LINK_COUNT_MAX, PEER_FILTER_COUNT_MAX, RECORD_ITEM_COUNT_MAX, REQUEST_COUNT_MAX,
};
use zeekwire_types::{Role, TopicFilter};

use super::{LinkKey, Node, Output};
use crate::Fault;
use crate::routing::Waiter;
use crate::wire::{Control, Item};

/// What peers that do not route may fill of this node's record: whoever says more of itself than
/// any may is cut off. The rest is for its links.
const SHARED_ITEM_COUNT_MAX: usize = RECORD_ITEM_COUNT_MAX - 2 * LINK_COUNT_MAX;

impl Node {
    pub(super) fn add_edge_filters(
        &mut self,
        key: LinkKey,
        filters: &[TopicFilter],
        token: u64,
    ) -> Result<(), Fault> {
        let mut added = Vec::new();
        for filter in filters {
            if self.remote.insert(filter, key.slot()) {
                added.push(Item::Filter(filter.clone()));
            }
        }
        let count = self.links[key.index()].filter_count + added.len();
        let crowds_out = self.forwards() && self.own.len() + added.len() > SHARED_ITEM_COUNT_MAX;
        if count > PEER_FILTER_COUNT_MAX || crowds_out {
            // What is never said for the peer must not be taken back for it either.
            for filter in &added {
                if let Item::Filter(filter) = filter {
                    self.remote.remove(filter, key.slot());
                }
            }
            return Err(Fault::TooManyFilters);
        }
        self.links[key.index()].filter_count = count;
        self.change_edge(key, added, Vec::new(), token);
        Ok(())
    }

    pub(super) fn remove_edge_filters(
        &mut self,
        key: LinkKey,
        filters: &[TopicFilter],
        token: u64,
    ) {
        let mut removed = Vec::new();
        for filter in filters {
            if self.remote.remove(filter, key.slot()) {
                removed.push(Item::Filter(filter.clone()));
            }
        }
        self.links[key.index()].filter_count -= removed.len();
        self.change_edge(key, Vec::new(), removed, token);
    }

    /// Over a link that routes, wishes are part of the peer's record.
    pub(super) fn must_be_edge(&self, key: LinkKey) -> Result<(), Fault> {
        match self.link(key) {
            Some(link) if link.mesh.is_some() => Err(Fault::OutOfOrder),
            _ => Ok(()),
        }
    }

    /// Floods a change, and answers the peer once it is effective everywhere.
    fn change_edge(&mut self, key: LinkKey, added: Vec<Item>, removed: Vec<Item>, token: u64) {
        if self.forwards()
            && let Some(mut update) = self.own.change(added, removed)
        {
            update.confirm = token != 0;
            self.announce(update);
        }
        if token == 0 {
            return;
        }
        if self.forwards() && self.confirmations.len() >= REQUEST_COUNT_MAX {
            // Somebody asks faster than the slowest member confirms.
            self.overflow(key);
        } else if self.forwards() {
            self.await_spread(Waiter::Peer(key, token));
        } else {
            self.send_control(key, &Control::Done(token));
        }
    }

    /// What the peer asked for when the link came up is effective here.
    pub(super) fn edge_ready(&mut self, key: LinkKey) {
        self.outputs.push_back(Output::PeerReady { link: key });
        self.paths_changed = true;
        if let Some(leaf) = self.leaf_of(key) {
            self.say(vec![leaf], Vec::new());
        }
    }

    /// The peer asks for nothing any more.
    pub(super) fn forget_edge(&mut self, key: LinkKey) {
        let mut removed: Vec<Item> = Vec::new();
        if self.forwards() {
            let filters = self.remote.index().filters_of(key.slot());
            removed.extend(filters.map(Item::Filter));
            if self.link(key).is_some_and(|link| link.ready) {
                removed.extend(self.leaf_of(key));
            }
        }
        self.remote.remove_key(key.slot());
        if let Some(link) = self.link_mut(key) {
            link.ready = false;
        }
        self.paths_changed = true;
        self.say(Vec::new(), removed);
    }

    /// What this node says of a member that is attached to it by this link and does not route.
    fn leaf_of(&self, key: LinkKey) -> Option<Item> {
        let link = self.link(key).filter(|link| link.mesh.is_none())?;
        let peer = link.peer().filter(|peer| peer.role == Role::Member)?;
        self.forwards().then(|| Item::Leaf(peer.node.clone()))
    }
}
