//! The cluster, as this node sees it.

use zeekwire_types::NodeId;

use super::{LinkKey, Node};

/// One member of the cluster, as this node sees it.
#[derive(Clone, Debug)]
pub struct MemberView<'a> {
    /// Who it is.
    pub node: &'a NodeId,
    /// Whether it was announced as up.
    pub up: bool,
    /// Hops from here; `None` while no path leads there.
    pub hops: Option<u16>,
    /// The link by which messages for it leave.
    pub next_link: Option<LinkKey>,
    /// Version of its record; 0 for one that does not route.
    pub version: u64,
    /// Members over whose links it routes.
    pub neighbours: Vec<&'a NodeId>,
    /// What its program calls this life of it.
    pub alias: Option<&'a str>,
    /// Labels under which publishers find it.
    pub pools: Vec<&'a str>,
    /// How many filters it, and what is attached to it, subscribed to.
    pub filter_count: usize,
}

impl Node {
    /// All other members of which there is a record, those that cannot be reached included, and
    /// those attached to a member.
    pub fn members(&self) -> impl Iterator<Item = MemberView<'_>> {
        let own = &self.config.id;
        let records = self.db.records().filter(move |record| record.id != *own);
        let routing = records.map(|record| MemberView {
            node: &record.id,
            up: self.membership.is_up(&record.id),
            hops: record.hops,
            next_link: self.next_link(&record.id),
            version: record.version,
            neighbours: record.neighbours().collect(),
            alias: record.alias(),
            pools: record.pools().collect(),
            filter_count: record.filters().count(),
        });
        let hosts = self.db.records().filter(|host| host.hops.is_some());
        let attached = hosts.flat_map(move |host| {
            let leaves = host.leaves().filter(move |leaf| *leaf != own);
            leaves.map(move |leaf| MemberView {
                node: leaf,
                up: self.membership.is_up(leaf),
                hops: host.hops.map(|hops| hops + 1),
                next_link: self.next_link(leaf),
                version: 0,
                neighbours: vec![&host.id],
                alias: None,
                pools: Vec::new(),
                filter_count: 0,
            })
        });
        routing.chain(attached)
    }

    /// The members that are up, by name.
    pub fn members_up(&self) -> impl Iterator<Item = &NodeId> {
        self.membership.up()
    }

    /// Rises whenever a member comes or goes.
    #[must_use]
    pub const fn member_changes(&self) -> u64 {
        self.membership.changes()
    }

    /// What the record of a member subscribes to; empty for one that is not known.
    pub fn filters_of(&self, node: &NodeId) -> Vec<&zeekwire_types::TopicFilter> {
        let record = self.db.find(node);
        record
            .map(|record| record.filters().collect())
            .unwrap_or_default()
    }

    /// What the program of a member calls this life of it, if it said so.
    pub fn alias_of(&self, node: &NodeId) -> Option<&str> {
        self.db.find(node)?.alias()
    }

    /// Labels of the pools that a member belongs to.
    pub fn pools_of(&self, node: &NodeId) -> Vec<&str> {
        let record = self.db.find(node);
        record
            .map(|record| record.pools().collect())
            .unwrap_or_default()
    }

    /// How many filters the peer of a link subscribed to, for itself and all attached to it.
    #[must_use]
    pub fn filter_count(&self, link: &super::Link) -> usize {
        match link.peer() {
            Some(peer) if link.is_routing() => self.filters_of(&peer.node).len(),
            _ => link.filter_count,
        }
    }

    /// Whether what a link brings may be for others than this node's own subscribers.
    #[must_use]
    pub fn is_transit(&self) -> bool {
        let passes_on = self.config.role == zeekwire_types::Role::Member
            && self.config.forwarding != super::Forwarding::Off;
        passes_on && self.links().filter(|link| link.is_up()).nth(1).is_some()
    }

    /// How often something was heard of a member that there is no room for, or of a version that
    /// cannot be.
    #[must_use]
    pub const fn refused_records(&self) -> u64 {
        self.refused_records
    }

    /// How often paths were found anew.
    #[must_use]
    pub const fn route_changes(&self) -> u64 {
        self.route_changes
    }

    fn next_link(&self, to: &NodeId) -> Option<LinkKey> {
        let slot = self.db.link_to(to)?;
        self.links.get(slot as usize).map(|link| link.key)
    }
}
