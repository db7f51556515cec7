//! Telling publishers what was lost of theirs, wherever that was.

use std::collections::BTreeMap;

use zeekwire_types::limits::HOP_LIMIT_MAX;
use zeekwire_types::{Incarnation, NodeId, NodeName, Role, TrafficClass};

use super::{Link, LinkKey, Node};
use crate::drops::{DropCounters, DropTotal, Loser};
use crate::wire::{Body, Hello, LossCause, Lost, Routed};

/// Kinds of losses of this node's publications that are told apart.
const REPORT_COUNT_MAX: usize = 1024;

/// Where and why messages of this node were lost.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LossPlace {
    /// The node that lost them.
    pub node: NodeName,
    /// The node for which they were meant next; `None` for local subscribers.
    pub peer: Option<NodeName>,
    /// Their class.
    pub class: TrafficClass,
    /// Why.
    pub cause: LossCause,
}

/// What was lost of this node's own publications, by place.
#[derive(Debug, Default)]
pub(super) struct OwnLosses {
    places: BTreeMap<LossPlace, DropTotal>,
    /// Losses of places beyond the bound.
    elsewhere: DropTotal,
}

impl OwnLosses {
    fn add(&mut self, place: LossPlace, total: DropTotal) {
        if self.places.len() >= REPORT_COUNT_MAX && !self.places.contains_key(&place) {
            self.elsewhere.add(total);
            return;
        }
        self.places.entry(place).or_default().add(total);
    }
}

impl Node {
    /// What was lost of this node's own publications, as far as those who lost it could say.
    pub fn own_losses(&self) -> impl Iterator<Item = (&LossPlace, DropTotal)> {
        self.own_losses
            .places
            .iter()
            .map(|(place, total)| (place, *total))
    }

    /// What was lost of this node's own publications in more places than are told apart.
    #[must_use]
    pub const fn own_losses_elsewhere(&self) -> DropTotal {
        self.own_losses.elsewhere
    }

    /// What this node lost without having a link for it, and on links that are gone.
    #[must_use]
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// Counts a message that a local inbox had no room for.
    pub fn count_inbox_drop(&mut self, message: &[u8]) {
        self.inbox_drops.count(message, LossCause::InboxFull);
    }

    /// What local inboxes had no room for.
    #[must_use]
    pub const fn inbox_drops(&self) -> &DropCounters {
        &self.inbox_drops
    }

    /// Reports what a link lost since the last tick.
    pub(super) fn report_link_losses(&mut self, key: LinkKey) {
        let Some(link) = self.link_mut(key) else {
            return;
        };
        let losses = link.session.outgoing.take_unreported_drops();
        if losses.is_empty() {
            return;
        }
        let peer = self.peer_id(key).map(|peer| peer.name);
        self.report(losses, peer);
    }

    /// Reports what this node lost since the last tick, but for what its links lost.
    pub(super) fn report_own_losses(&mut self) {
        let mut losses = self.drops.take_unreported();
        losses.extend(self.inbox_drops.take_unreported());
        self.report(losses, None);
    }

    fn report(&mut self, losses: Vec<(Loser, DropTotal)>, peer: Option<NodeName>) {
        let reporter = self.config.id.name.clone();
        for (loser, total) in losses {
            let lost = Lost {
                publisher: loser.publisher,
                class: loser.class,
                cause: loser.cause,
                messages: total.messages,
                bytes: total.bytes,
                peer: peer.clone(),
                tree: loser.tree,
            };
            self.pass_loss_on(&reporter, lost, HOP_LIMIT_MAX);
        }
    }

    /// `reporter` lost messages that were published here, or entered the cluster here, or it is
    /// attached to this node and knows no better. `hop_limit` is what was left on arrival.
    pub(super) fn take_loss_report(&mut self, reporter: &NodeName, lost: Lost, hop_limit: u8) {
        if lost.publisher != self.config.id.name {
            return self.pass_loss_on(reporter, lost, hop_limit.saturating_sub(1));
        }
        let place = LossPlace {
            node: reporter.clone(),
            peer: lost.peer,
            class: lost.class,
            cause: lost.cause,
        };
        let total = DropTotal {
            messages: lost.messages,
            bytes: lost.bytes,
        };
        self.own_losses.add(place, total);
    }

    /// Sends a report on: to this node itself, to the member whose tree the messages followed, to
    /// the publisher if it is attached to this node, or to a member that this node is attached to.
    fn pass_loss_on(&mut self, reporter: &NodeName, lost: Lost, hop_limit: u8) {
        if lost.publisher == self.config.id.name {
            return self.take_loss_report(reporter, lost, hop_limit);
        }
        // Nodes that each believe the other knows better would pass it back and forth.
        if hop_limit == 0 {
            return;
        }
        let own_tree = lost.tree == self.own.tree();
        let member = self.db.of_tree(lost.tree).filter(|_| !own_tree);
        if let Some(to) = member.map(|record| record.id.clone()) {
            return self.send_loss(to, reporter, lost, hop_limit);
        }
        let forwards = self.forwards();
        let wanted = |hello: &Hello| {
            hello.node.name == lost.publisher || !forwards && hello.role == Role::Member
        };
        let mut edges = self.up_edges().filter_map(Link::peer);
        let edge = edges
            .find(|hello| wanted(hello))
            .map(|hello| hello.node.clone());
        drop(edges);
        if let Some(to) = edge {
            self.send_loss(to, reporter, lost, hop_limit);
        }
    }

    fn send_loss(&mut self, to: NodeId, reporter: &NodeName, lost: Lost, hop_limit: u8) {
        // Whom it is about is told by name; of its life nothing needs to be known.
        let incarnation = Incarnation::default();
        let name = reporter.clone();
        self.relay(Routed {
            to,
            from: NodeId { name, incarnation },
            hop_limit,
            body: Body::Lost(lost),
        });
    }
}
