//! The node's state and its sockets, behind one lock.
//!
//! Whoever holds the lock may run a turn: take what publishers left, route it, write it. The loop
//! does so when it wakes; a publisher does so itself when the loop sleeps and there is little to
//! do. Only the loop reads from sockets.

mod cluster;
mod commands;
mod delivery;
mod outputs;
mod reading;
mod report;
mod sockets;
mod surveys;
mod writing;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use zeekwire_backend::{
    AcceptHook, Completer, LinkEvent, LinkId, LinkObserver, MemberObserver, TopicObserver,
};
use zeekwire_buffer::{Block, BlockPool, CopyPool};
use zeekwire_core::Node;
use zeekwire_core::node::{LinkKey, NodeConfig, PATIENCE, Routed};
use zeekwire_transport::{Network, Ready, Timers};
use zeekwire_types::limits::FRAGMENT_BYTES_MAX;
use zeekwire_types::{Instant, NodeId, Role, TrafficClass};

use crate::clock::{Clock, random};
use crate::config::RuntimeConfig;
use crate::ids::Ids;
use crate::outbox::Outbox;
use crate::ring::Ring;

pub(crate) use cluster::MemberList;
use cluster::Traces;
pub(crate) use commands::{Command, subscription};
use delivery::Subscriber;
pub(crate) use delivery::shared_filter;
use sockets::Socket;
pub(crate) use sockets::{LinkRecord, key_of};
pub use surveys::STATUS_TOPIC;
use surveys::Surveys;

/// What a timer was set for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum TimerKey {
    /// Heartbeats, silent peers, stalled links.
    Tick,
    /// Publishers that wait.
    Held,
    /// Another attempt to connect.
    Redial(LinkId),
    /// An address that does not answer.
    DialTimeout(LinkId),
    /// A listener that found no descriptor.
    Accept(u64),
    /// A connection that should have closed by now.
    Linger(u64),
    /// A survey whose time is over.
    Survey(u64),
    /// A trace whose time is over.
    Trace(u64),
    /// The node should have ended by now.
    Stop,
}

/// Everything of a node but its thread.
pub(crate) struct Engine {
    pub(crate) node: Node,
    /// The number of this node's tree as publishers know it.
    tree: u32,
    clock: Clock,
    network: Network,
    outbox: Arc<Outbox>,
    observer: Option<LinkObserver>,
    sockets: HashMap<u64, Socket>,
    /// Socket of each link, by the link's index.
    socket_of: Vec<u64>,
    links: BTreeMap<LinkId, LinkRecord>,
    subscribers: Vec<Option<Subscriber>>,
    timers: Timers<TimerKey>,
    pool: BlockPool,
    block: Block,
    /// Stands in for the block while that is being read.
    no_block: Block,
    copies: CopyPool,
    ring: Ring,
    ring_keep_bytes: usize,
    completers: HashMap<u64, Completer>,
    /// Hooks that have yet to decide about a peer.
    accept_hooks: HashMap<LinkKey, AcceptHook>,
    next_token: u64,
    ids: Arc<Ids>,
    /// Bytes of peers' credit kept back because the only inbox is behind.
    withheld: Vec<(LinkKey, TrafficClass, usize)>,
    /// Sockets that still had bytes when their share of a turn was used up.
    unread: Vec<u64>,
    /// Links that still had something to write when their share of a turn was used up.
    unwritten: Vec<LinkKey>,
    dirty: Vec<LinkKey>,
    targets: Vec<u32>,
    touched: Vec<u32>,
    /// Numbers of the next publications, by class.
    next_sequence: [u64; TrafficClass::COUNT],
    surveys: Surveys,
    traces: Traces,
    members: Arc<MemberList>,
    /// [`Node::member_changes`] when the list was made.
    listed_changes: u64,
    member_observer: Option<MemberObserver>,
    topic_observer: Option<TopicObserver>,
    stopping: bool,
    pub(crate) stopped: bool,
    counts: Counts,
}

/// What the engine did, in numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    inline: u64,
    unrouted: u64,
}

/// What the core wants to know.
fn node_config(config: &RuntimeConfig, id: NodeId) -> NodeConfig {
    NodeConfig {
        id,
        role: config.role,
        program: config.program.clone(),
        session: config.session,
        stall_max: config.stall_max,
        forwarding: config.forwarding,
        lossless: config.lossless,
        pools: config.pools.clone(),
        alias: config.alias.clone(),
        watch_topics: config.topic_observer.is_some(),
        member_down_after: config.member_down_after,
        seed: random(),
    }
}

impl Engine {
    pub(crate) fn new(
        config: &RuntimeConfig,
        id: NodeId,
        clock: Clock,
        network: Network,
        outbox: Arc<Outbox>,
        ids: Arc<Ids>,
        members: Arc<MemberList>,
    ) -> Self {
        // A block holds the longest frame, and more to read behind the start of one.
        let block_bytes = config.block_bytes.max(2 * FRAGMENT_BYTES_MAX);
        let mut pool = BlockPool::new(block_bytes, config.block_count_max.max(1));
        let block = pool.take().expect("a new pool has a free block");
        let node = Node::new(node_config(config, id));
        let tree = node.tree();
        outbox.set_tree(tree);
        let mut engine = Self {
            node,
            tree,
            clock,
            network,
            outbox,
            observer: config.observer.clone(),
            sockets: HashMap::new(),
            socket_of: Vec::new(),
            links: BTreeMap::new(),
            subscribers: Vec::new(),
            timers: Timers::new(),
            pool,
            block,
            no_block: Block::default(),
            copies: CopyPool::default(),
            ring: Ring::default(),
            ring_keep_bytes: 2 * config.ring_bytes_max,
            completers: HashMap::new(),
            accept_hooks: HashMap::new(),
            next_token: 1,
            ids,
            withheld: Vec::new(),
            unread: Vec::new(),
            unwritten: Vec::new(),
            dirty: Vec::new(),
            targets: Vec::new(),
            touched: Vec::new(),
            next_sequence: [0; TrafficClass::COUNT],
            surveys: Surveys::default(),
            traces: Traces::default(),
            members,
            listed_changes: 0,
            member_observer: config.member_observer.clone(),
            topic_observer: config.topic_observer.clone(),
            stopping: false,
            stopped: false,
            counts: Counts::default(),
        };
        if config.role == Role::Member {
            engine.answer_for_status();
        }
        engine
    }

    /// One turn of the loop. Returns how long the loop may sleep after it; zero when there is more
    /// to do at once.
    pub(crate) fn turn(&mut self, ready: &[Ready], woken: bool) -> Option<Duration> {
        let now = self.clock.now();
        self.handle_ready(now, ready, woken);
        self.handle_timers(now);
        self.dirty.append(&mut self.unwritten);
        self.settle(now);
        self.route_ring(now);
        self.settle(now);
        let more = !self.unread.is_empty() || !self.unwritten.is_empty();
        if more || !self.outbox.is_empty() {
            return Some(Duration::ZERO);
        }
        self.timers.next().map(|at| at.since(self.clock.now()))
    }

    /// A turn on a publisher's own thread, if the message it just left is all there is to do and
    /// has one taker that can take it at once. Returns whether it was done.
    pub(crate) fn turn_inline(&mut self, topic: &[u8]) -> bool {
        let sleeps = self.unread.is_empty() && !self.stopping;
        if !sleeps || !matches!(self.node.route(topic), Routed::OneIdleLink(_)) {
            return false;
        }
        // Other messages may have other takers, such as handlers, which belong on the loop's
        // thread.
        let mut ring = std::mem::take(&mut self.ring);
        let taken = self.outbox.take_lone(topic, &mut ring);
        if taken {
            self.counts.inline += 1;
            let now = self.clock.now();
            self.route(now, &mut ring);
        }
        self.ring = ring;
        // Anything else that came of it, such as a lost link or a timer, is for the loop.
        let timer = self.timers.due(TimerKey::Held).is_some();
        taken && self.node.is_quiet() && self.unwritten.is_empty() && !timer
    }

    /// Sends what publishers left in the ring.
    fn route_ring(&mut self, now: Instant) {
        let mut ring = std::mem::take(&mut self.ring);
        if self.outbox.take(&mut ring) {
            self.route(now, &mut ring);
        }
        self.ring = ring;
    }

    /// Sends the messages of a ring, and empties it.
    fn route(&mut self, now: Instant, ring: &mut Ring) {
        for at in 0..ring.records.len() {
            let record = ring.records[at];
            let sequence = &mut self.next_sequence[record.class.index()];
            ring.set_sequence(at, *sequence);
            *sequence += 1;
            let topic = ring.topic(&record);
            let range = record.start..record.end;
            let published = self
                .node
                .publish(now, record.class, topic, &ring.bytes, range.clone());
            if published.hold && self.outbox.hold(record.class, topic) {
                // Whether it should still be held is looked at when the patience with takers that
                // stutter is over, unless one of them relaxes before.
                self.timers.set(TimerKey::Held, now + PATIENCE);
            }
            let local = !self.node.loopback_targets().is_empty();
            if local {
                self.deliver_own(&ring.bytes[range.clone()]);
            }
            let shared = self.node.has_shares() && {
                // Copies have memory of their own.
                self.flush_dirty(now, &ring.bytes);
                self.share(now, true, &ring.bytes[range])
            };
            let unrouted = !local && !shared && published.links + published.dropped == 0;
            self.counts.unrouted += u64::from(unrouted);
            if published.crowded {
                self.flush_dirty(now, &ring.bytes);
            }
        }
        self.flush_dirty(now, &ring.bytes);
        ring.clear(self.ring_keep_bytes);
    }

    /// Writes what is waiting and does what the node asks for, until it asks for nothing more.
    fn settle(&mut self, now: Instant) {
        loop {
            self.flush_dirty(now, &[]);
            let mut done = true;
            while let Some(output) = self.node.poll_output() {
                self.handle_output(now, output);
                done = false;
            }
            if done && self.node.is_quiet() {
                self.follow_tree();
                return;
            }
        }
    }

    /// Tells publishers when the number of this node's tree has changed.
    fn follow_tree(&mut self) {
        if self.tree != self.node.tree() {
            self.tree = self.node.tree();
            self.outbox.set_tree(self.tree);
        }
    }

    fn handle_timers(&mut self, now: Instant) {
        let mut due = Vec::new();
        self.timers.expired(now, &mut due);
        for key in due {
            match key {
                TimerKey::Tick => {
                    self.node.tick(now);
                    self.set_tick(now);
                }
                TimerKey::Held => self.release_held(now),
                TimerKey::Redial(link) => self.dial(now, link),
                TimerKey::DialTimeout(link) => self.dial_timed_out(now, link),
                TimerKey::Accept(socket) => self.accept_from(now, socket),
                TimerKey::Linger(socket) => self.drop_socket(socket),
                TimerKey::Survey(number) => self.end_survey(number),
                TimerKey::Trace(number) => self.end_trace(number),
                TimerKey::Stop => self.drop_everything(),
            }
        }
    }

    /// Ticks while there are links. A tick that is due already stays: connections that keep coming
    /// must not put it off.
    fn set_tick(&mut self, now: Instant) {
        let is_set = self.timers.due(TimerKey::Tick).is_some();
        if !is_set && self.node.needs_ticks() {
            self.timers
                .set(TimerKey::Tick, now + self.node.tick_interval());
        }
    }

    fn token(&mut self, completer: Completer) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        self.completers.insert(token, completer);
        token
    }

    fn observe(&self, event: &LinkEvent) {
        let node = &self.node.id().name;
        match event {
            LinkEvent::Up { link, peer } => {
                tracing::info!(%node, link = link.0, peer = %peer.node, "link up");
            }
            LinkEvent::Down { link, reason, .. } => {
                tracing::info!(%node, link = link.0, %reason, "link down");
            }
            LinkEvent::ConnectFailed { link, reason, .. } => {
                tracing::info!(%node, link = link.0, %reason, "not connected");
            }
            _ => {}
        }
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }
}
