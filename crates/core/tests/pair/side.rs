//! One node with what its driver keeps: what it sent, what it was brought, what it still has to do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use zeekwire_core::Node;
use zeekwire_core::node::{Forwarding, LinkEnd, NodeConfig, Published};
use zeekwire_core::session::SessionConfig;
use zeekwire_core::wire::{EnvelopeTemplate, FrameHeader};
use zeekwire_types::{Incarnation, Instant, NodeId, NodeName, Role, TopicFilter, TrafficClass};

/// What the local subscribers of a side do with what they are brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Consumer {
    /// They are done with it at once.
    Prompt,
    /// They are done with it so much later.
    Late(Duration),
    /// They do not take it until told to.
    Stuck,
}

/// A message that a side published.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) class: TrafficClass,
    pub(crate) sequence: u64,
    pub(crate) topic: String,
    pub(crate) len: usize,
    pub(crate) published: Published,
}

/// A message that a side's subscribers were brought.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) wire: usize,
    pub(crate) publisher: String,
    pub(crate) class: TrafficClass,
    pub(crate) sequence: u64,
    pub(crate) topic: String,
    pub(crate) len: usize,
    pub(crate) subscribers: Vec<u32>,
    /// Whether the payload is what was sent.
    pub(crate) intact: bool,
}

/// What the driver was told, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Up(usize),
    Ready(usize),
    Over(usize, LinkEnd),
    Completed(u64),
    Relaxed,
}

/// Bytes that a consumer has not finished with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    pub(crate) until: Option<Instant>,
    pub(crate) wire: usize,
    pub(crate) class: TrafficClass,
    pub(crate) bytes: usize,
}

/// One node and its driver.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) node: Node,
    pub(crate) consumer: Consumer,
    pub(crate) frozen_until: Option<Instant>,
    pub(crate) tick_at: Instant,
    pub(crate) holding: VecDeque<Holding>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) delivered: Vec<Delivery>,
    pub(crate) told: Vec<Told>,
    pub(crate) completed: BTreeSet<u64>,
    /// What the accept hook says.
    pub(crate) verdict: Result<(), String>,
    /// Most bytes ever queued for events on one link, and held for messages that were not whole.
    pub(crate) peak_queued: usize,
    pub(crate) peak_parts: usize,
    next_sequence: [u64; TrafficClass::COUNT],
    templates: BTreeMap<String, EnvelopeTemplate>,
    next_token: u64,
}

pub(crate) fn node_id(name: &str, started_us: u64) -> NodeId {
    let name = NodeName::new(name).expect("a good name");
    NodeId {
        name,
        incarnation: Incarnation {
            started_us,
            random: 0,
        },
    }
}

pub(crate) fn config(name: &str, session: SessionConfig) -> NodeConfig {
    NodeConfig {
        id: node_id(name, 1),
        role: Role::Member,
        program: "pair".to_owned(),
        session,
        stall_max: Duration::from_millis(500),
        forwarding: Forwarding::Routed,
        lossless: false,
        pools: Vec::new(),
        alias: None,
        watch_topics: false,
        member_down_after: Duration::from_secs(2),
        seed: 7,
    }
}

impl Side {
    pub(crate) fn new(config: NodeConfig) -> Self {
        Self {
            node: Node::new(config),
            consumer: Consumer::Prompt,
            frozen_until: None,
            tick_at: Instant::ZERO,
            holding: VecDeque::new(),
            sent: Vec::new(),
            delivered: Vec::new(),
            told: Vec::new(),
            completed: BTreeSet::new(),
            verdict: Ok(()),
            peak_queued: 0,
            peak_parts: 0,
            next_sequence: [0; TrafficClass::COUNT],
            templates: BTreeMap::new(),
            next_token: 1,
        }
    }

    /// A token for a completion.
    pub(crate) fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// Appends a whole message to `out`. Returns its sequence.
    pub(crate) fn encode(
        &mut self,
        class: TrafficClass,
        topic: &str,
        len: usize,
        out: &mut Vec<u8>,
    ) -> u64 {
        let sequence = self.next_sequence[class.index()];
        self.next_sequence[class.index()] += 1;
        let id = self.node.id().clone();
        let template = self
            .templates
            .entry(topic.to_owned())
            .or_insert_with(|| EnvelopeTemplate::new(&id, topic.as_bytes(), "raw"));
        let header = FrameHeader {
            class,
            fragment: false,
            hop_limit: 1,
            envelope_bytes: template.bytes().len(),
            payload_bytes: len,
            tree: 0,
        };
        out.extend(header.encode());
        let start = out.len();
        out.extend(template.bytes());
        EnvelopeTemplate::set_sequence(&mut out[start..], sequence);
        out.extend(payload(class, sequence, len));
        out.resize(out.len().next_multiple_of(8), 0);
        sequence
    }

    /// Messages of a class that were delivered, by sequence.
    pub(crate) fn sequences(&self, class: TrafficClass) -> Vec<u64> {
        let of_class = self
            .delivered
            .iter()
            .filter(|delivery| delivery.class == class);
        of_class.map(|delivery| delivery.sequence).collect()
    }

    /// Why a wire ended, as this side's driver was told.
    pub(crate) fn end_of(&self, wire: usize) -> Option<&LinkEnd> {
        self.told.iter().find_map(|told| match told {
            Told::Over(over, end) if *over == wire => Some(end),
            _ => None,
        })
    }
}

/// The payload of a message: told from its sequence, and different at each of its places.
pub(crate) fn payload(class: TrafficClass, sequence: u64, len: usize) -> Vec<u8> {
    let fill = u8::try_from(sequence % 251).expect("a byte");
    let mut bytes = vec![fill; len];
    for (place, start) in (0..len).step_by(1021).enumerate() {
        let mark = [sequence, place as u64, class as u64, len as u64]
            .iter()
            .fold(0_u64, |mark, part| {
                (mark ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            });
        let end = len.min(start + 8);
        bytes[start..end].copy_from_slice(&mark.to_be_bytes()[..end - start]);
    }
    bytes
}

pub(crate) fn filters(patterns: &[&str]) -> Vec<TopicFilter> {
    patterns
        .iter()
        .map(|pattern| TopicFilter::new(pattern).expect("a good filter"))
        .collect()
}
