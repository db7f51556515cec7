//! One node whose peer is the input, and a driver that checks what every driver may rely on.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::time::Duration;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{
    Forwarding, Link, LinkConfig, LinkKey, Message, NodeConfig, Output, Received, Scope,
};
use zeekwire_core::session::{OutgoingLimits, SessionConfig, WRITE_SLICE_COUNT_MAX};
use zeekwire_core::wire::{
    Control, ControlWriter, EnvelopeTemplate, FEATURE_ROUTES, Frame, FrameHeader, Hello,
    PREAMBLE_BYTES, Preamble, Reason, split,
};
use zeekwire_types::limits::{MESSAGE_BYTES_MAX, PEER_FILTER_COUNT_MAX, RECORD_ITEM_COUNT_MAX};
use zeekwire_types::{
    DropPolicy, Incarnation, Instant, NodeId, NodeName, Role, TopicFilter, TrafficClass,
};

use crate::oracle;

/// Bytes that each queue towards the peer may hold.
const BUDGET_BYTES: usize = 64 * 1024;
/// Longest message that the node publishes or says.
const SAID_BYTES_MAX: usize = 80 * 1024;
/// What the node wants, and the subscriber that wants it.
const WANTED: &[(&str, u32)] = &[("zeek/*", 1), ("*/all", 2), ("t", 3)];
/// Subscribers that come and go have numbers from here on.
const LATER: u32 = 10;
/// The bit of the flags that makes the peer route.
const FLAG_ROUTES: u8 = 32;

/// A node with one link, and what its driver knows.
pub(crate) struct Peer {
    pub(crate) node: Node,
    pub(crate) key: LinkKey,
    pub(crate) now: Instant,
    /// Whether the accept hook answers by itself.
    pub(crate) decides: bool,
    /// Whether the peer routes, as the node does.
    routes: bool,
    /// Bytes received that do not make a frame yet.
    partial: AlignedBytes,
    paid_bytes: usize,
    /// What the node wrote and was not looked at yet, and whether its preamble was.
    said: Vec<u8>,
    greeted: bool,
    up: bool,
    ended: bool,
    lost: bool,
    tokens: u64,
    completed: BTreeSet<u64>,
    /// Members that are up.
    members: BTreeSet<NodeId>,
    /// Names whose next life may be an earlier one.
    gone: BTreeSet<String>,
    /// What subscribers want.
    wanted: BTreeSet<(u32, TopicFilter)>,
    /// The next sequence that may pass, by publisher and class.
    next: BTreeMap<(String, TrafficClass), (Incarnation, u64)>,
}

impl Peer {
    /// A node with a fresh link. Which side dialled, the drop policy, and whether the peer routes
    /// come from `flags`.
    pub(crate) fn new(flags: u8) -> Self {
        let mut node = Node::new(node_config("node", flags));
        let key = node.open_link(Instant::ZERO, LinkConfig::automatic(flags & 1 != 0));
        let mut peer = Self {
            node,
            key,
            now: Instant::ZERO,
            decides: true,
            routes: flags & FLAG_ROUTES != 0,
            partial: AlignedBytes::new(),
            paid_bytes: 0,
            said: Vec::new(),
            greeted: false,
            up: false,
            ended: false,
            lost: false,
            tokens: 0,
            completed: BTreeSet::new(),
            members: BTreeSet::new(),
            gone: BTreeSet::new(),
            wanted: BTreeSet::new(),
            next: BTreeMap::new(),
        };
        for (filter, subscriber) in WANTED {
            let filter = TopicFilter::new(filter).expect("a good filter");
            peer.wanted.insert((*subscriber, filter.clone()));
            let token = peer.token();
            peer.node
                .subscribe(*subscriber, &[filter], Scope::AllLinks, token);
        }
        peer.drain();
        peer
    }

    /// Goes through the handshake as it should be.
    pub(crate) fn introduce(&mut self) {
        let dialled = self
            .node
            .link(self.key)
            .is_some_and(|link| link.config().dialled);
        self.hear(&Preamble::OURS.encode());
        let features = u64::from(self.routes) * FEATURE_ROUTES;
        self.say(&Control::Hello(Hello {
            features,
            ..hello()
        }));
        if dialled {
            self.say(&Control::Accept);
        }
        self.drain();
        assert!(self.up || !self.decides);
    }

    pub(crate) fn say(&mut self, control: &Control) {
        let mut bytes = Vec::new();
        ControlWriter::write(control, &mut bytes);
        self.hear(&bytes);
    }

    /// The node reads these bytes.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        if self.lost {
            return;
        }
        self.paid_bytes += bytes.len();
        self.partial.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.partial);
        self.node.heard(self.now, self.key);
        let mut start = 0;
        loop {
            match self.node.receive(self.key, &bytes[start..]) {
                Received::Incomplete => break,
                Received::Nothing(taken) => {
                    assert!(taken > 0 && taken.is_multiple_of(8));
                    start += taken;
                }
                Received::Message(message) => {
                    self.check_message(&message, &bytes[start..]);
                    start += message.taken;
                }
                Received::Over => {
                    start = bytes.len();
                    break;
                }
            }
        }
        assert!(bytes.len() - start < MESSAGE_BYTES_MAX);
        self.partial.extend_from_slice(&bytes[start..]);
        self.node.grant(self.key);
        self.check_bounds();
    }

    /// A message is for those who want it, and each passes once, in order.
    fn check_message(&mut self, message: &Message, bytes: &[u8]) {
        // What the driver was told may still wait to be taken.
        assert!(
            !self.ended && self.node.link(self.key).is_some_and(Link::is_up),
            "a message beside the life of the link"
        );
        let whole = message
            .reassembled
            .as_deref()
            .unwrap_or(&bytes[..message.taken]);
        let frame = Frame::whole(whole).expect("a whole message");
        assert_eq!(frame.header.class, message.class);
        let envelope = message.located.envelope(frame.envelope());
        let matching = self
            .wanted
            .iter()
            .filter(|(_, filter)| oracle::matches(filter.as_bytes(), envelope.topic()));
        // Nobody here answers questions.
        let asks = message.located.survey() != 0;
        let matching = matching.filter(|_| !asks);
        let wanted: BTreeSet<u32> = matching.map(|(subscriber, _)| *subscriber).collect();
        assert_eq!(message.forward, None, "there is no other link");
        assert!(wanted.iter().eq(self.node.local_targets()));
        let (life, sequence) = (message.located.incarnation(), message.located.sequence());
        let publisher = (envelope.publisher().to_owned(), message.class);
        if let Some((known, next)) = self.next.get(&publisher) {
            let welcome = life > *known || self.gone.contains(&publisher.0);
            assert!(
                life == *known && sequence >= *next || life != *known && welcome,
                "repeated"
            );
        }
        self.next
            .insert(publisher, (life, sequence.saturating_add(1)));
        if message.reassembled.is_some() {
            self.node.hold(self.key, message.class, whole.len());
            self.node.consume(self.key, message.class, whole.len());
        } else {
            self.node.consume(self.key, message.class, message.taken);
        }
    }

    /// What one link may hold is bounded, whatever the peer does.
    fn check_bounds(&self) {
        let Some(link) = self.node.link(self.key) else {
            return;
        };
        assert!(
            self.node.filter_count(link) <= RECORD_ITEM_COUNT_MAX.max(PEER_FILTER_COUNT_MAX + 1)
        );
        // A run of bytes doubles as it grows, and starts with a few.
        let held_bytes = link.session.incoming.held_bytes();
        assert!(held_bytes <= 2 * self.paid_bytes + 64 * TrafficClass::COUNT);
        for class in TrafficClass::ALL {
            let queued_bytes = link.session.outgoing.queued_bytes(class);
            assert!(
                queued_bytes <= BUDGET_BYTES + SAID_BYTES_MAX,
                "{class}: {queued_bytes}"
            );
        }
    }

    /// Publishes a message and writes what is staged of it, as far as the socket takes it.
    pub(crate) fn publish(&mut self, class: TrafficClass, topic: &[u8], len: usize, room: usize) {
        let source = message(class, &node_id("node"), topic, 0, &vec![1; len]);
        assert!(source.len() <= SAID_BYTES_MAX);
        let whole = 0..source.len();
        let published = self.node.publish(self.now, class, topic, &source, whole);
        assert!(published.links + published.dropped <= 1);
        let Some(link) = self.node.link_mut(self.key) else {
            return;
        };
        let outgoing = &mut link.session.outgoing;
        let staged_bytes = outgoing.staged_bytes();
        if staged_bytes > 0 {
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.staged_slices(&source, &mut slices);
            let before = self.said.len();
            slices[..count]
                .iter()
                .for_each(|slice| self.said.extend_from_slice(slice));
            assert_eq!(self.said.len() - before, staged_bytes);
            let written = staged_bytes.min(room);
            self.said.truncate(before + written);
            outgoing.staged_written(&source, written);
            outgoing.set_writable(written == staged_bytes);
        }
        self.check_bounds();
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, ms: u64) {
        let later = self.now.as_nanos() + ms * 1_000_000;
        self.now = Instant::from_nanos(later);
        self.node.tick(self.now);
        self.check_bounds();
    }

    /// Writes what the node has, at most `room` bytes in each write, and does what it asks for.
    pub(crate) fn write(&mut self, room: usize) {
        let mut links = Vec::new();
        self.node.take_dirty(&mut links);
        assert!(links.iter().all(|key| *key == self.key));
        if let Some(link) = self.node.link_mut(self.key) {
            let outgoing = &mut link.session.outgoing;
            outgoing.set_writable(true);
            loop {
                let planned = outgoing.plan_write();
                if planned == 0 {
                    break;
                }
                let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
                let count = outgoing.plan_slices(&mut slices);
                let before = self.said.len();
                slices[..count]
                    .iter()
                    .for_each(|slice| self.said.extend_from_slice(slice));
                let written = room.min(self.said.len() - before);
                self.said.truncate(before + written);
                outgoing.plan_written(written);
                if written < planned {
                    break;
                }
            }
            link.wrote(self.now);
        }
        self.node.relax(self.now, self.key);
        self.check_said();
        while let Some(output) = self.node.poll_output() {
            self.follow(&output);
        }
        self.check_bounds();
    }

    /// Writes all that the node has.
    pub(crate) fn drain(&mut self) {
        for _ in 0..4 {
            self.write(usize::MAX);
        }
        assert!(self.node.is_quiet(), "the node is never done");
    }

    fn follow(&mut self, output: &Output) {
        match output {
            Output::Decide { link } => {
                assert_eq!(*link, self.key);
                if self.decides {
                    self.node.decide(self.key, Ok(()));
                }
            }
            Output::LinkUp { .. } => {
                assert!(!self.up, "up twice");
                self.up = true;
            }
            Output::CloseLink { end, .. } => {
                assert!(
                    !std::mem::replace(&mut self.ended, true),
                    "over twice: {end}"
                );
            }
            Output::Completed { token } => {
                assert!(self.completed.insert(*token), "completed twice");
            }
            Output::PeerReady { .. } => assert!(self.up),
            Output::NodeUp { node } => assert!(self.members.insert(node.clone()), "up twice"),
            Output::NodeDown { node } => {
                assert!(self.members.remove(node), "never up");
                self.gone.insert(node.name.to_string());
            }
            Output::Relaxed
            | Output::TopicChanged { .. }
            | Output::Traced { .. }
            | Output::Yielded { .. } => {}
        }
    }

    /// The node speaks as the protocol has it. What strangers are answered is not looked at.
    fn check_said(&mut self) {
        let ours = Preamble::OURS.encode();
        if !self.greeted {
            if self.said.len() < PREAMBLE_BYTES || !self.said.starts_with(&ours) {
                return;
            }
            self.said.drain(..PREAMBLE_BYTES);
            self.greeted = true;
        }
        let bytes = AlignedBytes::copied(&self.said);
        let mut rest = &bytes[..];
        while let Some(frame) = split(rest).expect("the node frames well") {
            if frame.header.class == TrafficClass::Control {
                Control::decode(frame.payload()).expect("the node speaks well");
            }
            rest = &rest[frame.bytes.len()..];
        }
        let taken = bytes.len() - rest.len();
        self.said.drain(..taken);
    }

    /// The connection goes away, and the node is left with nothing of the link.
    pub(crate) fn lose(&mut self) {
        self.drain();
        self.node.link_lost(self.key);
        self.lost = true;
        self.drain();
        assert!(self.ended, "the end was told");
        assert!(self.node.link(self.key).is_none() && self.node.links().next().is_none());
        assert!((1..=self.tokens).all(|token| self.completed.contains(&token)));
        self.meet_again();
    }

    /// The next link, which has the slot of the one before, starts without its filters.
    fn meet_again(&mut self) {
        self.key = self.node.open_link(self.now, LinkConfig::automatic(false));
        self.partial.clear();
        self.said.clear();
        (self.greeted, self.up, self.ended, self.lost) = (false, false, false, false);
        (self.decides, self.routes) = (true, false);
        self.introduce();
        let source = message(TrafficClass::Event, &node_id("node"), b"t", 1, b"");
        let whole = 0..source.len();
        let published = self
            .node
            .publish(self.now, TrafficClass::Event, b"t", &source, whole);
        assert_eq!(
            published.links + published.dropped,
            0,
            "a lost link left a filter behind"
        );
    }

    /// A token for a completion.
    pub(crate) fn token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }

    /// Adds filters of a subscriber that comes and goes.
    pub(crate) fn subscribe(&mut self, number: u8, filters: &[TopicFilter], token: u64) {
        let subscriber = LATER + u32::from(number);
        self.wanted
            .extend(filters.iter().map(|filter| (subscriber, filter.clone())));
        self.node
            .subscribe(subscriber, filters, Scope::AllLinks, token);
    }

    /// Removes filters of a subscriber that comes and goes.
    pub(crate) fn unsubscribe(&mut self, number: u8, filters: &[TopicFilter], token: u64) {
        let subscriber = LATER + u32::from(number);
        self.wanted
            .retain(|(other, filter)| *other != subscriber || !filters.contains(filter));
        self.node.unsubscribe(subscriber, filters, token);
    }

    /// Removes a subscriber that comes and goes.
    pub(crate) fn forget(&mut self, number: u8, token: u64) {
        let subscriber = LATER + u32::from(number);
        self.wanted.retain(|(other, _)| *other != subscriber);
        self.node.remove_subscriber(subscriber, token);
    }

    /// Ends the link from this side.
    pub(crate) fn close(&mut self) {
        self.node.close_link(self.key, Reason::Closed, "done");
    }
}

/// A member whose drop policy comes from `flags`.
pub(crate) fn node_config(name: &str, flags: u8) -> NodeConfig {
    let outgoing = OutgoingLimits {
        budget_bytes: [BUDGET_BYTES; TrafficClass::COUNT],
        policy: DropPolicy::NAMES[usize::from(flags >> 1) % 4].1,
    };
    NodeConfig {
        id: node_id(name),
        role: Role::Member,
        program: "fuzz".to_owned(),
        session: SessionConfig {
            outgoing,
            ..Default::default()
        },
        stall_max: Duration::from_millis(500),
        forwarding: Forwarding::Routed,
        lossless: false,
        pools: vec!["pool".to_owned()],
        alias: None,
        watch_topics: true,
        member_down_after: Duration::from_secs(2),
        seed: 7,
    }
}

/// What the peer says of itself when it speaks well.
pub(crate) fn hello() -> Hello {
    Hello {
        node: node_id("peer"),
        role: Role::Member,
        features: 0,
        heartbeat_ms: 1000,
        message_bytes_max: 1 << 20,
        credit_limits: [1 << 16; TrafficClass::COUNT],
        program: "fuzz".to_owned(),
    }
}

pub(crate) fn node_id(name: &str) -> NodeId {
    let name = NodeName::new(name).expect("a good name");
    NodeId {
        name,
        incarnation: Incarnation {
            started_us: 1,
            random: 2,
        },
    }
}

/// A whole message. Its topic must be good.
pub(crate) fn message(
    class: TrafficClass,
    publisher: &NodeId,
    topic: &[u8],
    sequence: u64,
    payload: &[u8],
) -> Vec<u8> {
    let mut envelope = EnvelopeTemplate::new(publisher, topic, "raw")
        .bytes()
        .to_vec();
    EnvelopeTemplate::set_sequence(&mut envelope, sequence);
    frame(class, false, &envelope, payload)
}

/// A frame without any regard for what belongs into it; the envelope is whole words.
pub(crate) fn frame(
    class: TrafficClass,
    fragment: bool,
    envelope: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let header = FrameHeader {
        class,
        fragment,
        hop_limit: 1,
        envelope_bytes: envelope.len(),
        payload_bytes: payload.len(),
        tree: 0,
    };
    let mut bytes = [&header.encode()[..], envelope, payload].concat();
    bytes.resize(header.frame_bytes(), 0);
    bytes
}
