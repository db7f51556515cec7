//! One name, one live node.
//!
//! Whoever believes that two lives hold a name asks the earlier one whether it is alive. If it
//! answers, the later one is refused, or yields; if it is silent, the later one declares it over.

use std::time::Duration;

use zeekwire_types::{Incarnation, Instant, NodeId, NodeName, Role};

use super::{LinkKey, Node, Output};
use crate::wire::{Body, Item, Reason};

/// How long the earlier life has to answer.
pub const PROBE_MAX: Duration = Duration::from_millis(500);

/// A question whether a life goes on.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    whom: NodeId,
    number: u64,
    until: Instant,
    /// The link whose peer has its name, or this node itself.
    newcomer: Option<LinkKey>,
}

impl Node {
    /// Whether the peer of a link must wait until the one who has its name was asked.
    pub(super) fn is_probing_for(&mut self, key: LinkKey, newcomer: &NodeId, role: Role) -> bool {
        if role != Role::Member || !self.forwards() {
            return false;
        }
        self.settle();
        let named = |id: &&NodeId| id.name == newcomer.name && *id != newcomer;
        let peers = self
            .open_links()
            .filter_map(|link| link.peer())
            .filter(|peer| peer.role == Role::Member)
            .map(|peer| &peer.node);
        // Who is merely missed has no path, and will not answer.
        let holder = peers.chain(self.membership.up()).find(named).cloned();
        let found = holder.is_some();
        if let Some(holder) = holder {
            self.probe(holder, Some(key));
        }
        found
    }

    /// Looks for another life of this node's own name.
    pub(super) fn check_names(&mut self) {
        let own = self.config.id.clone();
        let over = self.db.superseder_of(&own).cloned();
        let mut lives = self.db.lives_of(&own.name);
        let other = lives.find(|life| life.id != own && life.hops.is_some());
        let other = other.map(|life| life.id.clone());
        drop(lives);
        if let Some(holder) = over {
            self.give_way(holder);
        } else if let Some(holder) = other.filter(|other| other.incarnation < own.incarnation)
            && !self.probes.iter().any(|probe| probe.newcomer.is_none())
        {
            self.probe(holder, None);
        }
    }

    fn probe(&mut self, whom: NodeId, newcomer: Option<LinkKey>) {
        self.probe_number += 1;
        let number = self.probe_number;
        self.probes.push(Probe {
            whom: whom.clone(),
            number,
            until: self.now + PROBE_MAX,
            newcomer,
        });
        self.send_routed(whom, Body::Ping(number));
    }

    /// The one who was asked is alive.
    pub(super) fn probe_answered(&mut self, from: &NodeId, number: u64) {
        let asked = |probe: &Probe| probe.number == number && probe.whom == *from;
        let Some(at) = self.probes.iter().position(asked) else {
            return;
        };
        let probe = self.probes.remove(at);
        match probe.newcomer {
            Some(key) => {
                let text = format!("{} is alive", probe.whom);
                self.refuse(key, Reason::NameInUse, text);
            }
            None => self.give_way(probe.whom),
        }
    }

    /// Believes those who were silent for long enough to be gone.
    pub(super) fn tick_probes(&mut self) {
        let now = self.now;
        let mut probes = std::mem::take(&mut self.probes);
        let count = probes.len();
        // Nobody is silent to whom there is no way. When that is back it is asked again, for as
        // long as the first time; others that hold the name are asked now.
        probes.retain(|probe| probe.newcomer.is_some() || self.link_towards(&probe.whom).is_some());
        self.paths_changed |= probes.len() < count;
        let (over, waiting) = probes.into_iter().partition(|probe| now >= probe.until);
        self.probes = waiting;
        // Routes may have changed since: what was asked or answered may be lost.
        for Probe { whom, number, .. } in self.probes.clone() {
            self.send_routed(whom, Body::Ping(number));
        }
        let over: Vec<Probe> = over;
        for probe in over {
            match probe.newcomer {
                Some(key) => self.admit(key),
                None => self.say(vec![Item::Superseded(probe.whom)], Vec::new()),
            }
        }
    }

    /// Whether another live node has this node's name. Then it takes and makes no more links.
    pub(super) const fn gave_way(&self) -> bool {
        self.gave_way
    }

    /// Whether somebody was asked and may still answer.
    pub(super) fn is_probing(&self) -> bool {
        !self.probes.is_empty()
    }

    pub(super) fn forget_probes(&mut self, key: LinkKey) {
        self.probes.retain(|probe| probe.newcomer != Some(key));
    }

    /// Whether a member that is up was silenced by a later life of its name that was there and is
    /// no longer, having yielded. Forgets that one.
    pub(super) fn outlasts(&mut self, name: &str, incarnation: Incarnation) -> bool {
        let (Ok(name), Some(later)) = (NodeName::new(name), self.gate.life_of(name)) else {
            return false;
        };
        self.settle();
        let [life, later] = [incarnation, later].map(|incarnation| NodeId {
            name: name.clone(),
            incarnation,
        });
        let known = self.db.find(&later);
        let outlasts = known.is_some_and(|record| record.hops.is_none())
            && self
                .db
                .find(&life)
                .is_some_and(|record| record.hops.is_some())
            && self.membership.is_up(&life);
        if outlasts {
            self.gate.forget(name.as_str(), later.incarnation);
        }
        outlasts
    }

    /// Forgets lives that yielded to others of their names, before their records are forgotten.
    pub(super) fn forget_yielded(&mut self) {
        let records = self.db.records().filter(|record| record.hops.is_none());
        let gone: Vec<NodeId> = records.map(|record| record.id.clone()).collect();
        for later in gone {
            let holder = self.membership.holder(&later.name);
            if let Some(life) = holder.filter(|life| life.incarnation < later.incarnation) {
                let (name, life) = (later.name, life.incarnation);
                if self.gate.life_of(name.as_str()) == Some(later.incarnation) {
                    self.outlasts(name.as_str(), life);
                }
            }
        }
    }

    /// Another live node has this name, and the better right to it.
    fn give_way(&mut self, to: NodeId) {
        if std::mem::replace(&mut self.gave_way, true) {
            return;
        }
        // What it said of others no longer counts.
        let claims = self.db.own().superseded().cloned().map(Item::Superseded);
        let claims = claims.collect();
        self.say(Vec::new(), claims);
        let links: Vec<LinkKey> = self.links.iter().map(|(_, link)| link.key).collect();
        let text = format!("{to} has the better right to the name");
        self.outputs.push_back(Output::Yielded { to });
        for key in links {
            self.close_link(key, Reason::NameInUse, &text);
        }
    }
}
