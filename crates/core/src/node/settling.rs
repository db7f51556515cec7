//! What follows when links or records changed: paths, members, completions.

use std::collections::BTreeSet;
use std::time::Duration;

use zeekwire_types::{NodeId, Role};

use super::{Link, LinkKey, Node, Output};
use crate::membership::Turn;
use crate::routing::Waiter;
use crate::wire::{Body, Control, Item};

/// How often a member that has not confirmed is asked again.
const ASK_EVERY: Duration = Duration::from_millis(400);
/// A record outlives the last path to its member at least for this long.
const RECORD_KEPT_MIN: Duration = Duration::from_secs(60);

impl Node {
    /// Finds paths and members anew, if anything changed since.
    #[inline]
    pub(super) fn settle(&mut self) {
        if self.paths_changed {
            self.settle_paths();
        }
        if self.watch.is_stale() {
            self.tell_topics();
        }
    }

    #[cold]
    fn settle_paths(&mut self) {
        while std::mem::take(&mut self.paths_changed) {
            let in_step = |link: &&Link| link.mesh.as_ref().is_some_and(|mesh| mesh.synced);
            let links = self.links.iter().map(|(_, link)| link);
            let links = links.filter(in_step).filter(|link| !link.ended);
            let links =
                links.filter_map(|link| Some((&link.session.peer()?.node, link.key.slot())));
            self.db.rebuild(self.now, links);
            self.route_changes += 1;
            if self.db.own_number_is_taken() {
                let update = self.own.renumber();
                self.announce(update);
            }
        }
        self.routed.forget();
        self.watch.touch();
        self.activate_links();
        let present = self.present();
        let db = &self.db;
        let is_leaving = |id: &NodeId| db.is_leaving(id);
        let turns = self.membership.observe(self.now, &present, is_leaving);
        self.tell_turns(turns);
        self.forget_yielded();
        self.check_names();
        self.finish_confirmed();
    }

    /// Tells the other members that this node is about to end. They need not wait to see whether it
    /// comes back once its links are gone.
    pub fn leave(&mut self) {
        let own = self.id().clone();
        self.say(vec![Item::Superseded(own)], Vec::new());
    }

    /// A link is ready when both ends have announced it: what is published here reaches the peer.
    fn activate_links(&mut self) {
        let own = self.config.id.clone();
        let mut ready = Vec::new();
        for (_, link) in &mut self.links {
            let Some(peer) = link.session.peer().map(|hello| &hello.node) else {
                continue;
            };
            let Some(mesh) = link
                .mesh
                .as_mut()
                .filter(|mesh| mesh.synced && !mesh.active)
            else {
                continue;
            };
            if self
                .db
                .find(peer)
                .is_some_and(|record| record.has_neighbour(&own))
            {
                mesh.active = true;
                link.ready = true;
                ready.push(link.key);
            }
        }
        if !ready.is_empty() {
            // What was subscribed while they came up may have reached them unasked.
            self.ask_for_confirmations(Duration::ZERO);
        }
        for key in ready {
            self.outputs.push_back(Output::PeerReady { link: key });
        }
    }

    /// Peers that are about to join the component.
    fn joining(&self) -> impl Iterator<Item = &NodeId> {
        let joining = self
            .open_links()
            .filter(|link| link.mesh.as_ref().is_some_and(|mesh| !mesh.active));
        let peers = joining.filter_map(|link| link.peer());
        peers.map(|hello| &hello.node)
    }

    /// All who must have this node's record before it is effective everywhere, members of the
    /// component and peers that are about to join it; and which version each is known to have.
    /// Some may be named twice.
    fn confirming(&self) -> impl Iterator<Item = (&NodeId, u64)> {
        let members = self.db.reachable();
        let members = members.map(|record| (&record.id, record.confirmed));
        let version_at = |id| self.db.find(id).map_or(0, |record| record.confirmed);
        members.chain(self.joining().map(move |id| (id, version_at(id))))
    }

    fn ask_for_confirmations(&mut self, every: Duration) {
        let Some(version) = self.confirmations.take_question(self.now, every) else {
            return;
        };
        let behind = self.confirming().filter(|(_, known)| *known < version);
        let behind: BTreeSet<NodeId> = behind.map(|(id, _)| id.clone()).collect();
        for to in behind {
            self.send_routed(to, Body::Ask(version));
        }
    }

    /// All other members of the component, those attached to a member included, in ascending
    /// order. A member that does not route knows those that it is attached to, and nobody behind
    /// them.
    fn present(&self) -> Vec<NodeId> {
        let reachable = self.db.ordered().filter(|record| record.hops.is_some());
        let mut present: Vec<NodeId> = reachable.map(|record| record.id.clone()).collect();
        let reachable = self.db.ordered().filter(|record| record.hops.is_some());
        present.extend(reachable.flat_map(|record| record.leaves()).cloned());
        let is_member = self.config.role == Role::Member;
        let edges = self
            .links()
            .filter(|link| is_member && link.mesh.is_none() && link.ready);
        let edges = edges.filter_map(|link| link.peer());
        let edges = edges.filter(|peer| peer.role == Role::Member);
        present.extend(edges.map(|peer| peer.node.clone()));
        // An earlier life of its own is not somebody else.
        present.retain(|id| id.name != self.config.id.name);
        // Nearly all of it is in order already, which this kind of sort makes use of.
        present.sort();
        present.dedup();
        present
    }

    fn tell_turns(&mut self, turns: Vec<Turn>) {
        for turn in turns {
            self.outputs.push_back(match turn {
                Turn::Up(node) => Output::NodeUp { node },
                Turn::Down(node) => {
                    // A next life is new to the gate, even if its clock went back.
                    self.gate.forget(node.name.as_str(), node.incarnation);
                    Output::NodeDown { node }
                }
            });
        }
    }

    /// What the passing of time means for members and for who waits to hear from them.
    pub(super) fn tick_members(&mut self) {
        self.paths_changed |= self.db.has_stale_claims(self.now);
        self.settle();
        let turns = self.membership.tick(self.now);
        self.tell_turns(turns);
        let kept = RECORD_KEPT_MIN.max(self.config.member_down_after * 2);
        self.db.forget_lost(self.now, kept);
        self.ask_for_confirmations(ASK_EVERY);
        self.tick_probes();
        self.finish_confirmed();
    }

    /// Tells those who waited for a change to be effective everywhere.
    pub(super) fn finish_confirmed(&mut self) {
        if self.confirmations.is_idle() {
            return;
        }
        let versions = self.confirming().map(|(_, version)| version);
        let everywhere = versions.min().unwrap_or(u64::MAX);
        for waiter in self.confirmations.take_done(everywhere) {
            match waiter {
                Waiter::Driver(token) => self.spread(token),
                Waiter::Peer(key, token) => self.send_control(key, &Control::Done(token)),
            }
        }
    }

    /// Lets `waiter` know once what this node's present record asks for is effective at every
    /// member.
    pub(super) fn await_spread(&mut self, waiter: Waiter<LinkKey>) {
        self.settle();
        self.confirmations
            .wait(self.now, self.own.filters_version(), waiter);
        self.finish_confirmed();
    }
}
