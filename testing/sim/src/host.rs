//! One host: a node and what its driver keeps, over all its lives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zeekwire_core::Node;
use zeekwire_core::node::LinkKey;
use zeekwire_core::wire::EnvelopeTemplate;
use zeekwire_transport::{Backoff, BackoffPolicy};
use zeekwire_types::{Instant, NodeId, TrafficClass};

use crate::plan::HostPlan;
use crate::schedule::Event;
use crate::step::Consumer;

/// A message that waits to be published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) class: TrafficClass,
    pub(crate) topic: &'static str,
    pub(crate) len: usize,
}

/// One link that is to be there: whom to connect to, and how it stands.
#[derive(Debug)]
pub(crate) struct Dial {
    pub(crate) targets: Vec<usize>,
    pub(crate) at: usize,
    pub(crate) backoff: Backoff,
    pub(crate) wire: Option<usize>,
}

/// Bytes that local subscribers have not finished with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unfinished {
    pub(crate) key: LinkKey,
    pub(crate) class: TrafficClass,
    pub(crate) bytes: usize,
    /// Whether the peer's credit is kept back for them.
    pub(crate) held: bool,
}

/// What is waiting at local subscribers.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) consumer: Consumer,
    pub(crate) unfinished: VecDeque<Unfinished>,
    pub(crate) bytes: usize,
    pub(crate) is_consuming: bool,
}

/// A host in one of its lives, or between two.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) node: Option<Node>,
    /// Counts lives.
    pub(crate) life: u32,
    /// Wall clock, in microseconds, at the time zero.
    pub(crate) wall_us: i64,
    pub(crate) is_frozen: bool,
    /// When it last woke up.
    pub(crate) thawed_at: Instant,
    /// Without power: nobody says so.
    pub(crate) is_dark: bool,
    /// Another live host has its name: it keeps no link, and makes none.
    pub(crate) has_yielded: bool,
    /// When its life began.
    pub(crate) started_at: Instant,
    pub(crate) put_off: Vec<Event>,
    pub(crate) dials: Vec<Dial>,
    pub(crate) wires: BTreeMap<LinkKey, usize>,
    pub(crate) subscriptions: BTreeMap<u32, BTreeSet<String>>,
    /// By token: filters that wait to become effective.
    pub(crate) pending: BTreeMap<u64, (Instant, Vec<usize>)>,
    pub(crate) held: BTreeSet<(TrafficClass, &'static str)>,
    pub(crate) backlog: VecDeque<Waiting>,
    pub(crate) inbox: Inbox,
    /// Credit kept back from peers because a link further on is behind.
    pub(crate) kept_back: Vec<(LinkKey, TrafficClass, usize)>,
    /// Whom to answer, and which question.
    pub(crate) asked: Vec<(String, u64)>,
    /// Messages counted as lost by topic and link, where each host has a topic of its own.
    pub(crate) topic_drops: BTreeMap<(Option<LinkKey>, Vec<u8>), u64>,
    /// Messages counted as lost in this life, as far as that was seen.
    pub(crate) drops: [u64; TrafficClass::COUNT],
    /// Whoever waits to publish should ask again, at once or later.
    pub(crate) is_relaxed: bool,
    pub(crate) is_asking: bool,
    /// Incarnations by life.
    pub(crate) lives: Vec<NodeId>,
    next_token: u64,
    next_sequence: [u64; TrafficClass::COUNT],
    templates: BTreeMap<&'static str, EnvelopeTemplate>,
}

impl Host {
    pub(crate) fn new(plan: &HostPlan, seed: u64) -> Self {
        let dials = plan.dials.iter().zip(0..).map(|(targets, n)| Dial {
            targets: targets.clone(),
            at: 0,
            backoff: BackoffPolicy::default().start(seed.wrapping_add(n)),
            wire: None,
        });
        Self {
            node: None,
            life: 0,
            wall_us: 1_700_000_000_000_000,
            is_frozen: false,
            thawed_at: Instant::ZERO,
            is_dark: false,
            has_yielded: false,
            started_at: Instant::ZERO,
            put_off: Vec::new(),
            dials: dials.collect(),
            wires: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            pending: BTreeMap::new(),
            held: BTreeSet::new(),
            backlog: VecDeque::new(),
            inbox: Inbox {
                consumer: Consumer::Prompt,
                unfinished: VecDeque::new(),
                bytes: 0,
                is_consuming: false,
            },
            kept_back: Vec::new(),
            asked: Vec::new(),
            topic_drops: BTreeMap::new(),
            drops: [0; TrafficClass::COUNT],
            is_relaxed: false,
            is_asking: false,
            lives: Vec::new(),
            next_token: 1,
            next_sequence: [0; TrafficClass::COUNT],
            templates: BTreeMap::new(),
        }
    }

    /// The process is gone, with all that it had in memory.
    pub(crate) fn end_life(&mut self) {
        self.node = None;
        self.is_frozen = false;
        self.put_off.clear();
        for dial in &mut self.dials {
            dial.wire = None;
            dial.backoff.reset();
        }
        self.wires.clear();
        self.pending.clear();
        self.held.clear();
        self.backlog.clear();
        self.is_relaxed = false;
        self.kept_back.clear();
        self.asked.clear();
        self.topic_drops.clear();
        self.drops = [0; TrafficClass::COUNT];
        self.is_asking = false;
        self.inbox.unfinished.clear();
        self.inbox.bytes = 0;
        self.inbox.is_consuming = false;
        self.inbox.consumer = Consumer::Prompt;
        self.next_sequence = [0; TrafficClass::COUNT];
        self.templates.clear();
    }

    /// The wall clock.
    pub(crate) fn wall(&self, now: Instant) -> u64 {
        let passed = i64::try_from(now.as_nanos() / 1000).unwrap_or(0);
        u64::try_from(self.wall_us + passed).unwrap_or(0)
    }

    /// A token for a completion.
    pub(crate) const fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    /// The next sequence of a class.
    pub(crate) const fn sequence(&mut self, class: TrafficClass) -> u64 {
        let next = &mut self.next_sequence[class.index()];
        *next += 1;
        *next - 1
    }

    /// The envelope for a topic, but for the sequence.
    pub(crate) fn envelope(&mut self, topic: &'static str) -> Option<&EnvelopeTemplate> {
        let id = self.node.as_ref()?.id();
        let template = self
            .templates
            .entry(topic)
            .or_insert_with(|| EnvelopeTemplate::new(id, topic.as_bytes(), "raw"));
        Some(template)
    }
}
