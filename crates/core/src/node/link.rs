//! Opening, deciding about, closing and losing links.

use std::time::Duration;

use zeekwire_types::{Instant, TrafficClass};

use super::congestion::{Congestion, Taker};
use super::flooding::Mesh;
use super::forwarding::Onward;
use super::{LinkEnd, Node, Output};
use crate::session::{OutgoingLimits, Session, SessionConfig};
use crate::wire::{Control, FEATURE_ROUTES, Goodbye, Hello, Located, Reason};

/// Names one link of one node, for as long as the node lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkKey {
    index: u32,
    generation: u32,
}

impl LinkKey {
    /// Slot in tables by link; used again after the link is gone.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// As [`LinkKey::index`], for tables of links by number.
    pub(super) const fn slot(self) -> u32 {
        self.index
    }

    /// The key as one number.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    /// The key that [`LinkKey::to_bits`] made.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are taken apart"
    )]
    pub const fn from_bits(bits: u64) -> Self {
        Self {
            index: bits as u32,
            generation: (bits >> 32) as u32,
        }
    }
}

/// How one link behaves.
#[derive(Clone, Copy, Debug)]
pub struct LinkConfig {
    /// Whether this side dialled.
    pub dialled: bool,
    /// Whether every topic may leave over it, or only those advertised.
    pub auto_advertise: bool,
    /// Whether the peer is asked for everything that this node subscribes to, or only for what is
    /// subscribed on this link.
    pub auto_subscribe: bool,
    /// Bounds of its queues, instead of the node's.
    pub outgoing: Option<OutgoingLimits>,
    /// Names it in [`Rule`](super::Rule)s; several links may share one.
    pub label: u64,
}

impl LinkConfig {
    /// A link on which nothing has to be asked for.
    #[must_use]
    pub const fn automatic(dialled: bool) -> Self {
        Self {
            dialled,
            auto_advertise: true,
            auto_subscribe: true,
            outgoing: None,
            label: 0,
        }
    }
}

/// One link of a node.
#[derive(Debug)]
pub struct Link {
    pub(super) key: LinkKey,
    pub(super) config: LinkConfig,
    /// Handshake, flow control, queues.
    pub session: Session,
    pub(super) filter_count: usize,
    pub(super) ready: bool,
    /// The envelope read last, and what followed from it: most messages come in runs.
    pub(super) known: Option<Known>,
    /// What routing needs to know; `None` on a link that does not route.
    pub(super) mesh: Option<Mesh>,
    pub(super) congestion: [Congestion; TrafficClass::COUNT],
    pub(super) ended: bool,
    /// Whether this side is willing to route over it.
    routes: bool,
    /// Whether it is one of its peer's links in `Node::peers`.
    counted: bool,
    /// When it was opened.
    pub opened_at: Instant,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) envelope: Vec<u8>,
    pub(super) located: Located,
    pub(super) gate_slot: usize,
    pub(super) targets: Vec<u32>,
    pub(super) generation: u64,
    pub(super) gate_epoch: u64,
    /// Whether it answers a question of this node's.
    pub(super) answers: bool,
    /// The tree number with which it came.
    pub(super) came_with: u32,
    pub(super) onward: Onward,
}

impl Link {
    /// Its key.
    #[must_use]
    pub const fn key(&self) -> LinkKey {
        self.key
    }

    /// How the peer introduced itself, once it did.
    #[must_use]
    pub const fn peer(&self) -> Option<&Hello> {
        self.session.peer()
    }

    /// Whether messages pass.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.session.is_up()
    }

    /// Whether the peer's subscriptions as of link start are effective here.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether both ends route over it.
    #[must_use]
    pub const fn is_routing(&self) -> bool {
        self.mesh.is_some()
    }

    /// Whether the queue of any class is so full that its origins may have to wait.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.congestion.iter().any(Congestion::is_full)
    }

    /// How it was configured.
    #[must_use]
    pub const fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Takes note that the socket took bytes.
    pub fn wrote(&mut self, now: Instant) {
        self.session.liveness.sent(now);
    }

    /// Looks at the queues. Returns whether one that was full has room again.
    pub(super) fn look(&mut self, now: Instant) -> bool {
        let mut relaxed = false;
        for class in TrafficClass::ALL {
            relaxed |= self.congestion[class.index()].look(now, &self.session.outgoing, class);
        }
        relaxed
    }

    /// What this link is to publishers of a class.
    pub(super) fn taker(
        &mut self,
        now: Instant,
        class: TrafficClass,
        stall_max: Duration,
    ) -> Taker {
        let congestion = &mut self.congestion[class.index()];
        // Only writing moves a queue that was not full, and that is looked at then.
        if congestion.is_full() {
            congestion.look(now, &self.session.outgoing, class);
        }
        let policy = self.session.outgoing.limits().policy;
        congestion.taker(now, class, policy, stall_max)
    }
}

impl Node {
    /// Opens a link over a connection that the driver made or accepted.
    pub fn open_link(&mut self, now: Instant, config: LinkConfig) -> LinkKey {
        self.generation = self.generation.wrapping_add(1);
        let session = SessionConfig {
            outgoing: config.outgoing.unwrap_or(self.config.session.outgoing),
            ..self.config.session
        };
        let routes = self.forwards() && config.auto_advertise && config.auto_subscribe;
        let hello = self.hello(&session, routes);
        self.now = now;
        let entry = self.links.vacant_entry();
        let index = u32::try_from(entry.key()).expect("links are bounded far below 2^32");
        let key = LinkKey {
            index,
            generation: self.generation,
        };
        entry.insert(Link {
            key,
            config,
            session: Session::new(now, &session, self.queued.clone(), hello, config.dialled),
            filter_count: 0,
            ready: false,
            known: None,
            mesh: None,
            routes,
            congestion: [Congestion::new(now); TrafficClass::COUNT],
            ended: false,
            counted: false,
            opened_at: now,
        });
        self.dirty.push(key);
        key
    }

    /// The accept hook's word about a peer.
    ///
    /// `Err` carries the text that a refused peer is told. A peer that no longer waits is left
    /// alone.
    pub fn decide(&mut self, key: LinkKey, verdict: Result<(), String>) {
        let own = self.config.id.clone();
        let Some(link) = self.link_mut(key) else {
            return;
        };
        // The peer may have gone, or its time may be over, while the hook thought.
        if link.ended || !link.session.awaits_verdict() {
            return;
        }
        let Some(hello) = link.peer() else {
            return;
        };
        let (peer, role) = (hello.node.clone(), hello.role);
        let refusal = match verdict {
            _ if peer == own => Some((Reason::SelfConnection, "this is the same node".to_owned())),
            _ if peer.name == own.name => Some((
                Reason::NameInUse,
                format!("this node is called {} already", own.name),
            )),
            _ if self.gave_way() => Some((
                Reason::NameInUse,
                format!("another live node is called {}", own.name),
            )),
            Err(text) => Some((Reason::RefusedByPolicy, text)),
            Ok(()) => None,
        };
        match refusal {
            None if self.is_probing_for(key, &peer, role) => {}
            None => self.admit(key),
            Some((reason, text)) => self.refuse(key, reason, text),
        }
    }

    /// Lets a peer in that waits for the verdict.
    pub(super) fn admit(&mut self, key: LinkKey) {
        let Some(link) = self.link_mut(key) else {
            return;
        };
        if link.ended || !link.session.awaits_verdict() {
            return;
        }
        link.session.accept();
        self.dirty.push(key);
        self.link_up(key);
    }

    /// Turns a peer away that waits for the verdict.
    pub(super) fn refuse(&mut self, key: LinkKey, reason: Reason, text: String) {
        let Some(link) = self.link_mut(key) else {
            return;
        };
        if link.ended || !link.session.awaits_verdict() {
            return;
        }
        let goodbye = Goodbye { reason, text };
        link.session.refuse(goodbye.clone());
        self.dirty.push(key);
        self.end_link(key, LinkEnd::RefusedPeer(goodbye));
    }

    /// Ends a link from this side. What waits still goes out before the goodbye; until
    /// [`Node::link_lost`] it is worth reading on, since the peer may have to grant credit for it.
    pub fn close_link(&mut self, key: LinkKey, reason: Reason, text: &str) {
        let Some(link) = self.link_mut(key).filter(|link| !link.ended) else {
            return;
        };
        link.session.finish(reason, text);
        self.dirty.push(key);
        self.end_link(key, LinkEnd::ClosedHere(reason));
    }

    /// Takes note that the connection is gone.
    pub fn link_lost(&mut self, key: LinkKey) {
        self.end_link(key, LinkEnd::ConnectionLost);
        if self.link(key).is_none() {
            return;
        }
        // A link that was closing may have had more to send.
        self.links[key.index()].session.outgoing.discard();
        self.report_link_losses(key);
        let link = self.links.remove(key.index());
        // What was lost with it stays counted.
        self.drops.absorb(link.session.outgoing.drops());
    }

    /// Links that are up and on which nobody said goodbye.
    pub(super) fn open_links(&self) -> impl Iterator<Item = &Link> {
        self.links().filter(|link| link.is_up() && !link.ended)
    }

    /// Takes note that one more link leads to its peer.
    fn count_peer(&mut self, key: LinkKey) {
        let Some(link) = self.links.get_mut(key.index()) else {
            return;
        };
        let Some(peer) = link.session.peer() else {
            return;
        };
        link.counted = true;
        let count = self.peers.entry(peer.node.clone()).or_default();
        *count += 1;
        self.twins += usize::from(*count == 2);
        self.routed.forget();
    }

    /// Takes note that one link fewer leads to its peer.
    fn discount_peer(&mut self, key: LinkKey) {
        let Some(link) = self.links.get_mut(key.index()) else {
            return;
        };
        if !std::mem::take(&mut link.counted) {
            return;
        }
        let Some(peer) = link.session.peer() else {
            return;
        };
        let Some(count) = self.peers.get_mut(&peer.node) else {
            return;
        };
        *count -= 1;
        self.twins -= usize::from(*count == 1);
        if *count == 0 {
            self.peers.remove(&peer.node);
        }
    }

    pub(super) fn link_up(&mut self, key: LinkKey) {
        if self.gave_way() {
            return self.close_link(key, Reason::NameInUse, "another live node has the name");
        }
        self.count_peer(key);
        self.outputs.push_back(Output::LinkUp { link: key });
        let routes = self.link(key).is_some_and(|link| {
            let theirs = link.peer().map_or(0, |hello| hello.features);
            link.routes && theirs & FEATURE_ROUTES != 0
        });
        if routes {
            return self.begin_sync(key);
        }
        let filters = self.wanted_on(key);
        let snapshot = Control::Subscribe {
            token: 0,
            filters,
            snapshot_end: true,
        };
        self.send_control(key, &snapshot);
    }

    /// Asks the driver to close the socket, once.
    pub(super) fn end_link(&mut self, key: LinkKey, end: LinkEnd) {
        let Some(link) = self.link_mut(key) else {
            return;
        };
        if link.ended {
            return;
        }
        link.ended = true;
        link.congestion = [Congestion::new(link.opened_at); TrafficClass::COUNT];
        if !link.session.is_closing() {
            // The peer reads nothing more, so nobody should wait for it to go out.
            link.session.outgoing.discard();
        }
        let index = key.index;
        self.discount_peer(key);
        self.forget_probes(key);
        self.forget_edge(key);
        self.leave_mesh(key);
        // Who reads its counters later finds them, but nobody reports them any more.
        self.report_link_losses(key);
        self.advertised.remove_link(index);
        self.routed.forget();
        self.confirmations.forget_link(key);
        self.confirm_all(key);
        self.outputs.push_back(Output::Relaxed);
        self.outputs.push_back(Output::CloseLink { link: key, end });
    }

    pub(super) fn send_control(&mut self, key: LinkKey, control: &Control) {
        self.send_with(key, |session| session.send(control));
    }

    pub(super) fn send_with(&mut self, key: LinkKey, send: impl FnOnce(&mut Session) -> bool) {
        let Some(link) = self.link_mut(key) else {
            return;
        };
        let fits = send(&mut link.session);
        self.dirty.push(key);
        if !fits {
            self.overflow(key);
        }
    }

    /// Closes a link whose peer takes too little.
    pub(super) fn overflow(&mut self, key: LinkKey) {
        let Some(link) = self.link_mut(key) else {
            return;
        };
        link.session
            .close(Reason::Overloaded, "the queue for this peer is full");
        self.end_link(key, LinkEnd::Overflow);
    }
}
