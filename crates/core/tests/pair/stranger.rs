//! One node whose peer is the test itself, byte by byte.

use std::io::IoSlice;
use std::time::Duration;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{LinkEnd, LinkKey, Output, Received, Scope};
use zeekwire_core::session::{SessionConfig, WRITE_SLICE_COUNT_MAX};
use zeekwire_core::wire::{
    Control, ControlWriter, EnvelopeTemplate, FrameHeader, Hello, PREAMBLE_BYTES, Preamble, split,
};
use zeekwire_types::limits::FRAME_HEADER_BYTES;
use zeekwire_types::{Instant, NodeId, Role, TrafficClass};

use crate::side::{config, filters, node_id};
use crate::world::LINK;

/// A node, and a peer of which nothing can be assumed.
pub(crate) struct Stranger {
    pub(crate) node: Node,
    pub(crate) key: LinkKey,
    pub(crate) id: NodeId,
    pub(crate) decides_late: bool,
    /// Credit that the stranger grants in its hello.
    pub(crate) window_bytes: u64,
    now: Instant,
    heard: Vec<u8>,
    partial: AlignedBytes,
    end: Option<LinkEnd>,
    up: bool,
    pub(crate) delivered: usize,
    pub(crate) completed: Vec<u64>,
}

impl Stranger {
    /// A node that accepted a connection, or dialled one.
    pub(crate) fn new(node_dialled: bool) -> Self {
        Self::with(node_dialled, SessionConfig::default())
    }

    pub(crate) fn with(node_dialled: bool, session: SessionConfig) -> Self {
        let mut node = Node::new(config("node", session));
        node.subscribe(1, &filters(&["zeek/*"]), Scope::AllLinks, 1);
        let link = zeekwire_core::node::LinkConfig {
            dialled: node_dialled,
            ..LINK
        };
        let key = node.open_link(Instant::ZERO, link);
        let mut stranger = Self {
            node,
            key,
            id: node_id("stranger", 1),
            decides_late: false,
            window_bytes: 1 << 20,
            now: Instant::ZERO,
            heard: Vec::new(),
            partial: AlignedBytes::new(),
            end: None,
            up: false,
            delivered: 0,
            completed: Vec::new(),
        };
        stranger.drain();
        stranger
    }

    /// One that went through the handshake as it should.
    pub(crate) fn introduced(node_dialled: bool) -> Self {
        let mut stranger = Self::new(node_dialled);
        stranger.introduce();
        stranger
    }

    pub(crate) fn introduce(&mut self) {
        let node_dialled = self
            .node
            .link(self.key)
            .is_some_and(|link| link.config().dialled);
        self.say_raw(&Preamble::OURS.encode());
        self.say(&Control::Hello(self.hello()));
        if node_dialled {
            self.say(&Control::Accept);
        }
        assert!(self.up, "{:?}", self.end);
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello {
            node: self.id.clone(),
            role: Role::Member,
            features: 0,
            heartbeat_ms: 1000,
            message_bytes_max: 1 << 20,
            credit_limits: [self.window_bytes; 4],
            program: "stranger".to_owned(),
        }
    }

    pub(crate) fn say(&mut self, control: &Control) {
        self.say_together(std::slice::from_ref(control));
    }

    /// Says several things that arrive in one read.
    pub(crate) fn say_together(&mut self, controls: &[Control]) {
        let mut bytes = Vec::new();
        controls
            .iter()
            .for_each(|control| ControlWriter::write(control, &mut bytes));
        self.say_raw(&bytes);
    }

    /// Says something in a frame that is not as it should be.
    pub(crate) fn say_frame(&mut self, fragment: bool, envelope: &[u8], control: &Control) {
        let mut proper = Vec::new();
        ControlWriter::write(control, &mut proper);
        let payload = &proper[FRAME_HEADER_BYTES..];
        self.say_raw(&frame(TrafficClass::Control, fragment, envelope, payload));
    }

    pub(crate) fn say_raw(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.partial);
        self.node.heard(self.now, self.key);
        let mut start = 0;
        loop {
            match self.node.receive(self.key, &bytes[start..]) {
                Received::Nothing(taken) => start += taken,
                Received::Incomplete | Received::Over => break,
                Received::Message(message) => {
                    start += message.taken;
                    self.delivered += 1;
                    if message.reassembled.is_none() {
                        self.node.consume(self.key, message.class, message.taken);
                    }
                }
            }
        }
        self.partial.extend_from_slice(&bytes[start..]);
        self.node.grant(self.key);
        self.drain();
    }

    /// A whole message of the stranger's.
    pub(crate) fn message(&self, topic: &str, sequence: u64, len: usize) -> Vec<u8> {
        let mut template = EnvelopeTemplate::new(&self.id, topic.as_bytes(), "raw")
            .bytes()
            .to_vec();
        EnvelopeTemplate::set_sequence(&mut template, sequence);
        frame(TrafficClass::Event, false, &template, &vec![1; len])
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now = end.min(self.now + self.node.tick_interval());
            self.node.tick(self.now);
            self.drain();
        }
    }

    pub(crate) fn decide(&mut self, verdict: Result<(), String>) {
        self.node.decide(self.key, verdict);
        self.drain();
    }

    pub(crate) fn end(&self) -> Option<&LinkEnd> {
        self.end.as_ref()
    }

    pub(crate) const fn was_up(&self) -> bool {
        self.up
    }

    pub(crate) fn peer(&self) -> Option<Hello> {
        self.node.link(self.key)?.peer().cloned()
    }

    /// The first bytes that the node said.
    pub(crate) fn heard(&self, most: usize) -> &[u8] {
        &self.heard[..self.heard.len().min(most)]
    }

    /// The control messages that the node said.
    pub(crate) fn heard_controls(&self) -> Vec<Control> {
        let bytes = AlignedBytes::copied(&self.heard);
        let mut rest = &bytes[PREAMBLE_BYTES..];
        let mut controls = Vec::new();
        while let Ok(Some(frame)) = split(rest) {
            if frame.header.class == TrafficClass::Control {
                controls.push(Control::decode(frame.payload()).expect("the node speaks well"));
            }
            rest = &rest[frame.bytes.len()..];
        }
        controls
    }

    /// Writes what the node has, and notes what it asks for.
    pub(crate) fn drain(&mut self) {
        loop {
            let mut links = Vec::new();
            self.node.take_dirty(&mut links);
            if let Some(link) = self.node.link_mut(self.key) {
                while link.session.outgoing.plan_write() > 0 {
                    let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
                    let count = link.session.outgoing.plan_slices(&mut slices);
                    let start = self.heard.len();
                    slices[..count]
                        .iter()
                        .for_each(|slice| self.heard.extend_from_slice(slice));
                    let written = self.heard.len() - start;
                    link.session.outgoing.plan_written(written);
                    link.wrote(self.now);
                }
            }
            self.node.relax(self.now, self.key);
            let Some(output) = self.node.poll_output() else {
                return;
            };
            match output {
                Output::Decide { link } if !self.decides_late => self.node.decide(link, Ok(())),
                Output::LinkUp { .. } => self.up = true,
                Output::CloseLink { end, .. } => self.end = self.end.take().or(Some(end)),
                Output::Completed { token } => self.completed.push(token),
                _ => {}
            }
        }
    }
}

/// A frame without any regard for what belongs into it.
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
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}
