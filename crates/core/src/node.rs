//! One node: its links, its subscriptions, and where each message goes.
//!
//! Sans-IO: give it one input through a command or [`Node::receive`], then take
//! [`Node::poll_output`] and [`Node::take_dirty`] until both are empty, and write what the dirty
//! links have waiting. Time must not run backwards; the driver owns the only clock.

mod advertising;
mod congestion;
mod link;
mod link_end;
mod publishing;
mod receiving;
mod subscribing;
mod ticking;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use slab::Slab;
use zeekwire_types::{NodeId, Role, TopicFilter};

use crate::gate::SequenceGate;
use crate::session::SessionConfig;
use crate::topics::TopicTable;
use crate::wire::{Control, ControlWriter, CreditTemplate, Hello};

pub use congestion::PATIENCE;
pub use link::{Link, LinkConfig, LinkKey};
pub use link_end::LinkEnd;
pub use publishing::{Published, Routed};
pub use receiving::{Message, Received};
pub use subscribing::{Scope, SubscriberKey};

/// Who a node is, and how its links behave.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Name and incarnation.
    pub id: NodeId,
    /// Whether it forwards.
    pub role: Role,
    /// For people: what runs here.
    pub program: String,
    /// How links behave unless told otherwise.
    pub session: SessionConfig,
    /// A link that is full and makes no progress for this long no longer makes publishers wait.
    pub stall_max: std::time::Duration,
    /// Makes hashing hard to foresee. Equal seeds and inputs give equal outputs.
    pub seed: u64,
}

/// What the driver must do next.
#[derive(Debug)]
pub enum Output {
    /// Ask the accept hook about the peer, then call [`Node::decide`].
    Decide {
        /// The link.
        link: LinkKey,
    },
    /// The link is up: both sides agreed to talk.
    LinkUp {
        /// The link.
        link: LinkKey,
    },
    /// The peer's subscriptions as of link start are effective here.
    PeerReady {
        /// The link.
        link: LinkKey,
    },
    /// Write what waits, for a bounded time, then close the socket and call [`Node::link_lost`].
    CloseLink {
        /// The link.
        link: LinkKey,
        /// Why.
        end: LinkEnd,
    },
    /// What was asked for under this token is effective on every link it concerns.
    Completed {
        /// The token that the driver chose.
        token: u64,
    },
    /// A link that was full takes messages again, or gave up: waiting publishers may go on.
    Relaxed,
}

/// One member or client of a cluster, without sockets or clocks.
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    links: Slab<Link>,
    generation: u32,
    /// Which links asked for which topics.
    remote: TopicTable<u32>,
    /// Which local subscribers want what arrives.
    local: TopicTable<u32>,
    /// Which local subscribers want what this node itself publishes.
    loopback: TopicTable<u32>,
    subscriptions: BTreeMap<TopicFilter, Vec<(SubscriberKey, Scope)>>,
    /// Subscribers that listen to one link only.
    scoped: BTreeMap<SubscriberKey, LinkKey>,
    /// Links that have yet to confirm, by token.
    waiting: BTreeMap<u64, BTreeSet<usize>>,
    advertised: advertising::Advertisements,
    gate: SequenceGate,
    credit_template: CreditTemplate,
    /// The frame of a heartbeat.
    heartbeat: Vec<u8>,
    targets: Vec<u32>,
    loopback_targets: Vec<u32>,
    local_targets: Vec<u32>,
    routed: publishing::LastRoute,
    /// How many links that are up lead to each peer.
    peers: BTreeMap<NodeId, usize>,
    /// Peers to which more than one link leads.
    twins: usize,
    dirty: Vec<LinkKey>,
    outputs: VecDeque<Output>,
    /// Messages refused because they were repeated or came too late.
    pub(crate) repeated: u64,
}

impl Node {
    /// A node without links.
    #[must_use]
    pub fn new(mut config: NodeConfig) -> Self {
        config.session.incoming = config.session.incoming.with_usable_windows();
        let seed = config.seed;
        let mut heartbeat = Vec::new();
        ControlWriter::write(&Control::Heartbeat, &mut heartbeat);
        Self {
            config,
            links: Slab::new(),
            generation: 0,
            remote: TopicTable::new(seed),
            local: TopicTable::new(seed.wrapping_add(1)),
            loopback: TopicTable::new(seed.wrapping_add(2)),
            subscriptions: BTreeMap::new(),
            scoped: BTreeMap::new(),
            waiting: BTreeMap::new(),
            advertised: advertising::Advertisements::new(seed.wrapping_add(3)),
            gate: SequenceGate::new(),
            credit_template: CreditTemplate::new(),
            heartbeat,
            targets: Vec::new(),
            loopback_targets: Vec::new(),
            local_targets: Vec::new(),
            routed: publishing::LastRoute::default(),
            peers: BTreeMap::new(),
            twins: 0,
            dirty: Vec::new(),
            outputs: VecDeque::new(),
            repeated: 0,
        }
    }

    /// Name and incarnation.
    #[must_use]
    pub const fn id(&self) -> &NodeId {
        &self.config.id
    }

    /// The configuration it was made with.
    #[must_use]
    pub const fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// The next thing that the driver must do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes the links that have something new to write; each may be named more than once.
    pub fn take_dirty(&mut self, links: &mut Vec<LinkKey>) {
        links.append(&mut self.dirty);
    }

    /// Whether there is neither an output nor a dirty link to take.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.outputs.is_empty() && self.dirty.is_empty()
    }

    /// A link, unless it is gone.
    #[must_use]
    pub fn link(&self, key: LinkKey) -> Option<&Link> {
        self.links.get(key.index()).filter(|link| link.key == key)
    }

    /// A link, unless it is gone.
    pub fn link_mut(&mut self, key: LinkKey) -> Option<&mut Link> {
        self.links
            .get_mut(key.index())
            .filter(|link| link.key == key)
    }

    /// All links, in no particular but a stable order.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().map(|(_, link)| link)
    }

    /// Messages that arrived again, or after a later one of their publisher.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    fn hello(&self, session: &SessionConfig) -> Hello {
        let heartbeat_ms = session.liveness.heartbeat.as_millis();
        Hello {
            node: self.config.id.clone(),
            role: self.config.role,
            features: 0,
            heartbeat_ms: u32::try_from(heartbeat_ms).unwrap_or(u32::MAX).max(1),
            message_bytes_max: session.incoming.message_bytes_max as u64,
            credit_limits: session.incoming.window_bytes,
            program: self.config.program.clone(),
        }
    }
}
