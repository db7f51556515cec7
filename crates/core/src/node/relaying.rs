//! Messages of the protocol for one member, from hop to hop.
//!
//! Each hop is reliable; a change of route may lose what was on its way, so whoever needs an
//! answer asks again.

use zeekwire_types::NodeId;
use zeekwire_types::limits::HOP_LIMIT_MAX;

use super::{LinkKey, Node};
use crate::wire::{Body, Control, Routed};

impl Node {
    /// Sends a message to one member, or to a peer.
    pub(super) fn send_routed(&mut self, to: NodeId, body: Body) {
        let routed = self.routed(to, body);
        self.relay(routed);
    }

    fn routed(&self, to: NodeId, body: Body) -> Routed {
        Routed {
            to,
            from: self.config.id.clone(),
            hop_limit: HOP_LIMIT_MAX,
            body,
        }
    }

    /// Takes a message that arrived, or passes it on.
    pub(super) fn handle_routed(&mut self, key: LinkKey, routed: Routed) {
        // A trace crosses borders as messages do, and what it found comes back that way.
        let is_report = matches!(routed.body, Body::Traced(_));
        if routed.to == self.config.id {
            self.take_routed(key, routed);
        } else if routed.hop_limit > 1 && (self.forwards() || is_report) {
            self.relay(Routed {
                hop_limit: routed.hop_limit - 1,
                ..routed
            });
        }
    }

    pub(super) fn relay(&mut self, routed: Routed) {
        // What only a newer release can read cannot be written here again.
        if routed.body == Body::Newer {
            return;
        }
        self.settle();
        let towards = self.link_towards(&routed.to);
        if let Some(key) = towards.or_else(|| self.link_back(&routed.body)) {
            self.send_control(key, &Control::Routed(routed));
        }
    }

    /// The link by which a trace came, for a report to its origin: a client is known to nobody but
    /// its own member, and knows nobody else itself.
    fn link_back(&self, body: &Body) -> Option<LinkKey> {
        let Body::Traced(trace) = body else {
            return None;
        };
        let own = &self.config.id.name;
        let here = trace.hops.iter().position(|hop| hop.node == *own)?;
        let before = &trace.hops.get(here.checked_sub(1)?)?.node;
        let mut open = self.open_links();
        let found = open.find(|link| link.peer().is_some_and(|peer| peer.node.name == *before));
        found.map(|link| link.key)
    }

    pub(super) fn link_towards(&self, to: &NodeId) -> Option<LinkKey> {
        let member = self
            .db
            .link_to(to)
            .and_then(|slot| self.links.get(slot as usize));
        let link = member.or_else(|| {
            self.open_links()
                .find(|link| link.peer().is_some_and(|peer| peer.node == *to))
        });
        link.map(|link| link.key)
    }

    fn take_routed(&mut self, key: LinkKey, routed: Routed) {
        let Routed {
            from, hop_limit, ..
        } = routed;
        match routed.body {
            Body::Confirm(version) => {
                // Who is no member is not waited for, and there is no end to invented names.
                if version <= self.own.version() && self.db.confirm(&from, version) {
                    self.finish_confirmed();
                }
            }
            Body::Ask(version) => {
                let known = self.db.find(&from).map(|record| record.version);
                if let Some(known) = known.filter(|known| *known >= version) {
                    self.send_routed(from, Body::Confirm(known));
                }
            }
            Body::Ping(number) => {
                // A node that does not route knows only its peers: the way back is the one by
                // which the question came.
                let pong = self.routed(from, Body::Pong(number));
                match self.link_towards(&pong.to) {
                    Some(_) => self.relay(pong),
                    None => self.send_control(key, &Control::Routed(pong)),
                }
            }
            Body::Pong(number) => self.probe_answered(&from, number),
            Body::Lost(lost) => self.take_loss_report(&from.name, lost, hop_limit),
            Body::Traced(trace) => self.outputs.push_back(super::Output::Traced { trace }),
            Body::Newer => {}
        }
    }
}
