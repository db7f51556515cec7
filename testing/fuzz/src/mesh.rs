//! Three honest members in a row, `a`, `x` and `b`, and a stranger whose link to `x` routes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IoSlice;
use std::time::Duration;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{LinkConfig, LinkKey, Message, Output, Received, Scope};
use zeekwire_core::session::WRITE_SLICE_COUNT_MAX;
use zeekwire_core::wire::{
    Control, ControlWriter, FEATURE_ROUTES, Frame, Hello, PREAMBLE_BYTES, Preamble, split,
};
use zeekwire_types::limits::{FRAME_HEADER_BYTES, MEMBER_COUNT_MAX};
use zeekwire_types::{Incarnation, Instant, NodeId, NodeName, TopicFilter, TrafficClass};

use crate::peer::{hello, message, node_config};

/// The honest members, by their place in the row.
pub(crate) const NAMES: [&str; 3] = ["a", "x", "b"];
const MIDDLE: usize = 1;
/// Turns in which the members have something to say, after one thing that the stranger said. What
/// goes in circles is told by this.
const TURN_COUNT_MAX: usize = 300;
/// The subscriber of each honest member, and what it wants.
const SUBSCRIBER: u32 = 1;
const WANTED: &str = "t/*";

/// One end of a link: a member's place, and its key there.
type End = (usize, LinkKey);

/// The members and what their drivers know.
pub(crate) struct Mesh {
    nodes: Vec<Node>,
    now: Instant,
    /// Whether the stranger speaks in its own names only; then the others must not suffer.
    pub(crate) fair: bool,
    /// Where the bytes of each honest end go.
    wires: BTreeMap<End, End>,
    /// Bytes that wait to be read at each end.
    arriving: BTreeMap<End, AlignedBytes>,
    unread: BTreeSet<End>,
    stranger: Option<LinkKey>,
    /// What was said to the stranger and not looked at yet, and whether its preamble was.
    said: Vec<u8>,
    greeted: bool,
    up: Vec<BTreeMap<NodeName, NodeId>>,
    sequence: u64,
    tokens: u64,
    completed: BTreeSet<(usize, u64)>,
    /// Highest sequence delivered, by member, publisher and class.
    delivered: BTreeMap<(usize, String, TrafficClass), (Incarnation, u64)>,
}

impl Mesh {
    /// Members that know each other, without the stranger.
    pub(crate) fn new(flags: u8, fair: bool) -> Self {
        let nodes = NAMES.map(|name| Node::new(node_config(name, flags)));
        let mut mesh = Self {
            nodes: nodes.into(),
            now: Instant::ZERO,
            fair,
            wires: BTreeMap::new(),
            arriving: BTreeMap::new(),
            unread: BTreeSet::new(),
            stranger: None,
            said: Vec::new(),
            greeted: false,
            up: vec![BTreeMap::new(); NAMES.len()],
            sequence: 0,
            tokens: 0,
            completed: BTreeSet::new(),
            delivered: BTreeMap::new(),
        };
        for outer in [0, 2] {
            let dialled = mesh.nodes[outer].open_link(mesh.now, LinkConfig::automatic(true));
            let accepted = mesh.nodes[MIDDLE].open_link(mesh.now, LinkConfig::automatic(false));
            mesh.wires.insert((outer, dialled), (MIDDLE, accepted));
            mesh.wires.insert((MIDDLE, accepted), (outer, dialled));
        }
        for at in 0..NAMES.len() {
            mesh.subscribe(at, WANTED);
        }
        mesh.settle();
        assert!(
            mesh.up.iter().all(|up| up.len() == 2),
            "all know each other"
        );
        mesh
    }

    /// The number of an honest member's tree.
    pub(crate) fn tree(&self, at: usize) -> u32 {
        self.nodes[at].tree()
    }

    /// Subscribes an honest member to one filter more.
    pub(crate) fn subscribe(&mut self, at: usize, filter: &str) {
        let filter = TopicFilter::new(filter).expect("a good filter");
        self.tokens += 1;
        let token = self.tokens;
        self.nodes[at].subscribe(SUBSCRIBER, &[filter], Scope::AllLinks, token);
        self.settle();
    }

    /// The stranger dials, unless its link is there, and introduces itself as this node.
    pub(crate) fn meet(&mut self, node: NodeId) {
        if self.stranger.is_some() {
            return;
        }
        let key = self.nodes[MIDDLE].open_link(self.now, LinkConfig::automatic(false));
        self.stranger = Some(key);
        self.said.clear();
        self.greeted = false;
        self.hear(&Preamble::OURS.encode());
        self.say(&Control::Hello(Hello {
            node,
            features: FEATURE_ROUTES,
            heartbeat_ms: 60_000,
            ..hello()
        }));
    }

    pub(crate) fn say(&mut self, control: &Control) {
        let mut bytes = Vec::new();
        ControlWriter::write(control, &mut bytes);
        self.hear(&bytes);
    }

    /// The middle reads these bytes of the stranger's, and all that follows from them happens.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        let Some(key) = self.stranger else {
            return;
        };
        let end = (MIDDLE, key);
        self.arriving
            .entry(end)
            .or_default()
            .extend_from_slice(bytes);
        self.unread.insert(end);
        self.settle();
    }

    /// The stranger's connection goes away.
    pub(crate) fn part(&mut self) {
        if let Some(key) = self.stranger.take() {
            self.drop_end((MIDDLE, key));
        }
        self.settle();
    }

    /// Time passes, in steps that keep the honest links alive.
    pub(crate) fn wait(&mut self, ms: u64) {
        const STEP_MS: u64 = 500;
        let mut left = ms;
        while left > 0 {
            let step = left.min(STEP_MS);
            left -= step;
            self.now = self.now + Duration::from_millis(step);
            for node in &mut self.nodes {
                node.tick(self.now);
            }
            self.settle();
        }
    }

    /// What either end of the row publishes reaches the other, while the stranger is fair.
    pub(crate) fn check_traffic(&mut self) {
        for (from, to) in [(0, 2), (2, 0)] {
            let before = self.delivered_to(to, from);
            self.sequence += 1;
            self.publish(from, "t/check");
            self.settle();
            let after = self.delivered_to(to, from);
            assert!(
                !self.fair || before < Some(self.sequence) && after == Some(self.sequence),
                "from {} to {}: {before:?} became {after:?}",
                NAMES[from],
                NAMES[to]
            );
        }
    }

    /// What was asked for while the stranger was there is done once it is gone.
    pub(crate) fn check_completions(&self) {
        for token in 1..=self.tokens {
            let done = (0..NAMES.len()).any(|at| self.completed.contains(&(at, token)));
            assert!(!self.fair || done, "token {token} waits for ever");
        }
    }

    fn delivered_to(&self, to: usize, from: usize) -> Option<u64> {
        let key = (to, NAMES[from].to_owned(), TrafficClass::Event);
        self.delivered.get(&key).map(|(_, sequence)| *sequence)
    }

    fn publish(&mut self, from: usize, topic: &str) {
        let node = &mut self.nodes[from];
        let class = TrafficClass::Event;
        let mut source = message(class, node.id(), topic.as_bytes(), self.sequence, b"x");
        let header = source.first_chunk().expect("a whole message");
        let header = zeekwire_core::wire::FrameHeader::decode(header).expect("it is ours");
        let header = zeekwire_core::wire::FrameHeader {
            hop_limit: zeekwire_types::limits::HOP_LIMIT_MAX,
            tree: node.tree(),
            ..header
        };
        source[..FRAME_HEADER_BYTES].copy_from_slice(&header.encode());
        let whole = 0..source.len();
        node.publish(self.now, class, topic.as_bytes(), &source, whole);
        self.write_all(from, &source);
    }

    /// Lets everything happen that follows from what happened.
    fn settle(&mut self) {
        for _ in 0..TURN_COUNT_MAX {
            let mut idle = true;
            for at in 0..NAMES.len() {
                while let Some(output) = self.nodes[at].poll_output() {
                    idle = false;
                    self.follow(at, &output);
                }
                idle &= !self.write_all(at, &[]);
            }
            let unread = std::mem::take(&mut self.unread);
            idle &= unread.is_empty();
            unread.into_iter().for_each(|end| self.read(end));
            if idle {
                return self.check();
            }
        }
        panic!("the members are never done");
    }

    fn check(&mut self) {
        for node in &self.nodes {
            let routing = node.members().filter(|member| member.version > 0);
            assert!(routing.count() < MEMBER_COUNT_MAX);
        }
        self.check_said();
    }

    fn follow(&mut self, at: usize, output: &Output) {
        match output {
            Output::Decide { link } => self.nodes[at].decide(*link, Ok(())),
            Output::CloseLink { link, end } => {
                let here = (at, *link);
                self.write_all(at, &[]);
                if let Some(there) = self.wires.get(&here).copied() {
                    assert!(!self.fair, "{} lost a link: {end}", NAMES[at]);
                    // What was said last may still be read.
                    self.read(there);
                    self.drop_end(there);
                }
                self.stranger = self.stranger.filter(|key| at != MIDDLE || key != link);
                self.drop_end(here);
            }
            Output::Completed { token } => {
                assert!(self.completed.insert((at, *token)), "completed twice");
            }
            Output::NodeUp { node } => {
                let before = self.up[at].insert(node.name.clone(), node.clone());
                assert_eq!(before, None, "up twice");
            }
            Output::NodeDown { node } => {
                let honest = self.nodes.iter().any(|honest| honest.id() == node);
                assert!(!self.fair || !honest, "{} lost {node}", NAMES[at]);
                let before = self.up[at].remove(&node.name);
                assert_eq!(before.as_ref(), Some(node), "it was not up");
            }
            Output::Yielded { to } => assert!(!self.fair, "{} yielded to {to}", NAMES[at]),
            Output::LinkUp { .. }
            | Output::PeerReady { .. }
            | Output::Relaxed
            | Output::TopicChanged { .. }
            | Output::Traced { .. } => {}
        }
    }

    fn drop_end(&mut self, end: End) {
        self.wires.remove(&end);
        self.arriving.remove(&end);
        self.unread.remove(&end);
        self.nodes[end.0].link_lost(end.1);
    }

    /// Writes what is staged of `source`, and all that waits. Returns whether that was anything.
    fn write_all(&mut self, at: usize, source: &[u8]) -> bool {
        let mut dirty = Vec::new();
        self.nodes[at].take_dirty(&mut dirty);
        let wrote = !dirty.is_empty();
        for key in dirty {
            let Some(link) = self.nodes[at].link_mut(key) else {
                continue;
            };
            let mut bytes = Vec::new();
            let outgoing = &mut link.session.outgoing;
            let staged = outgoing.staged_bytes();
            if staged > 0 {
                let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
                let count = outgoing.staged_slices(source, &mut slices);
                slices[..count]
                    .iter()
                    .for_each(|slice| bytes.extend_from_slice(slice));
                outgoing.staged_written(source, staged);
            }
            while outgoing.plan_write() > 0 {
                let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
                let count = outgoing.plan_slices(&mut slices);
                let before = bytes.len();
                slices[..count]
                    .iter()
                    .for_each(|slice| bytes.extend_from_slice(slice));
                let written = bytes.len() - before;
                outgoing.plan_written(written);
            }
            link.wrote(self.now);
            self.nodes[at].relax(self.now, key);
            self.carry((at, key), &bytes);
        }
        wrote
    }

    fn carry(&mut self, from: End, bytes: &[u8]) {
        if let Some(to) = self.wires.get(&from) {
            let arriving = self.arriving.entry(*to).or_default();
            arriving.extend_from_slice(bytes);
            self.unread.insert(*to);
        } else if from.0 == MIDDLE && self.stranger == Some(from.1) {
            self.said.extend_from_slice(bytes);
        }
    }

    fn read(&mut self, end: End) {
        let (at, key) = end;
        let mut bytes = self.arriving.remove(&end).unwrap_or_default();
        self.nodes[at].heard(self.now, key);
        let mut start = 0;
        loop {
            match self.nodes[at].receive(key, &bytes[start..]) {
                Received::Incomplete => break,
                Received::Nothing(taken) => start += taken,
                Received::Message(message) => {
                    let taken = message.taken;
                    self.take_message(end, message, &mut bytes[start..start + taken]);
                    start += taken;
                }
                Received::Over => {
                    start = bytes.len();
                    break;
                }
            }
        }
        self.arriving
            .insert(end, AlignedBytes::copied(&bytes[start..]));
        self.nodes[at].grant(key);
    }

    fn take_message(&mut self, (at, key): End, message: Message, bytes: &mut [u8]) {
        let mut reassembled = message.reassembled;
        let charged = if reassembled.is_some() {
            0
        } else {
            bytes.len()
        };
        let whole: &mut [u8] = reassembled.as_deref_mut().unwrap_or(bytes);
        if !self.nodes[at].local_targets().is_empty() {
            let frame = Frame::whole(whole).expect("a whole message");
            let envelope = message.located.envelope(frame.envelope());
            let place = (at, envelope.publisher().to_owned(), message.class);
            let (life, sequence) = (message.located.incarnation(), message.located.sequence());
            if let Some((known, last)) = self.delivered.get(&place) {
                assert!(life != *known || sequence > *last, "repeated");
            }
            self.delivered.insert(place, (life, sequence));
        }
        if let Some(header) = message.forward {
            whole[..FRAME_HEADER_BYTES].copy_from_slice(&header);
            let range = 0..whole.len();
            self.nodes[at].forward(self.now, message.class, whole, range);
            self.write_all(at, whole);
        }
        self.nodes[at].consume(key, message.class, charged);
    }

    /// The middle speaks as the protocol has it, to the stranger too.
    fn check_said(&mut self) {
        if !self.greeted && self.said.len() >= PREAMBLE_BYTES {
            let rest = self.said.split_off(PREAMBLE_BYTES);
            assert_eq!(
                std::mem::replace(&mut self.said, rest),
                Preamble::OURS.encode()
            );
            self.greeted = true;
        }
        if !self.greeted {
            return;
        }
        let bytes = AlignedBytes::copied(&self.said);
        let mut rest = &bytes[..];
        while let Some(frame) = split(rest).expect("the member frames well") {
            if frame.header.class == TrafficClass::Control {
                Control::decode(frame.payload()).expect("the member speaks well");
            }
            rest = &rest[frame.bytes.len()..];
        }
        let taken = bytes.len() - rest.len();
        self.said.drain(..taken);
    }
}
