//! How a node runs.

use std::fmt;
use std::time::Duration;

use zeekwire_backend::{LinkObserver, MemberObserver, TopicObserver};
use zeekwire_core::node::Forwarding;
use zeekwire_core::session::SessionConfig;
use zeekwire_transport::{Inproc, SocketOptions};
use zeekwire_types::{DropPolicy, NodeName, Role, TrafficClass};

/// How a node runs. [`RuntimeConfig::new`] has sensible values for everything but the name.
#[derive(Clone)]
pub struct RuntimeConfig {
    /// The node's name.
    pub name: NodeName,
    /// Whether it takes part in routing and membership.
    pub role: Role,
    /// For people: what runs here.
    pub program: String,
    /// Queues, windows and heartbeats of its links.
    pub session: SessionConfig,
    /// A full link that makes no progress for this long no longer makes publishers wait.
    pub stall_max: Duration,
    /// Whether and how a member passes on what others published.
    pub forwarding: Forwarding,
    /// A forwarder whose next link is behind keeps credit back instead of dropping. That slows all
    /// who publish through it, for as long as any taker is slow.
    pub lossless: bool,
    /// Labels under which publishers find this node.
    pub pools: Vec<String>,
    /// What the program calls this life of the node, for the other members: 1 to 255 bytes without
    /// control characters.
    pub alias: Option<String>,
    /// Whether [`Backend::publish`](zeekwire_backend::Backend::publish) may wait where the queues
    /// are full and the policy says so. If not, it fails at once.
    pub publish_waits: bool,
    /// A member that cannot be reached for shorter than this was never away.
    pub member_down_after: Duration,
    /// Bytes of publications that may wait to be routed. Less where the queues of links are small
    /// and make publishers wait.
    pub ring_bytes_max: usize,
    /// Bytes of one receive buffer; at least 64 KiB are used.
    pub block_bytes: usize,
    /// Receive buffers that inboxes may pin; at least one is used.
    pub block_count_max: usize,
    /// Publications closer together than this are sent by the loop, in batches, and not by the
    /// publisher's own thread. Zero never sends on the publisher's thread.
    pub inline_interval: Duration,
    /// How long the loop looks for work before it sleeps. Costs a core.
    pub spin: Duration,
    /// Options of sockets.
    pub sockets: SocketOptions,
    /// Where `inproc://` endpoints meet.
    pub inproc: Inproc,
    /// Hears of links.
    pub observer: Option<LinkObserver>,
    /// Hears of members.
    pub member_observer: Option<MemberObserver>,
    /// Hears of filters that anybody in the cluster subscribes to.
    pub topic_observer: Option<TopicObserver>,
}

impl RuntimeConfig {
    /// The defaults, for a node of this name.
    #[must_use]
    pub fn new(name: NodeName) -> Self {
        Self {
            name,
            role: Role::default(),
            program: format!("zeekwire {}", env!("CARGO_PKG_VERSION")),
            session: SessionConfig::default(),
            stall_max: Duration::from_millis(500),
            forwarding: Forwarding::default(),
            lossless: false,
            pools: Vec::new(),
            alias: None,
            publish_waits: true,
            member_down_after: Duration::from_secs(2),
            ring_bytes_max: 512 * 1024,
            block_bytes: 256 * 1024,
            block_count_max: 64,
            inline_interval: Duration::from_micros(20),
            spin: Duration::ZERO,
            sockets: SocketOptions::default(),
            inproc: Inproc::new(),
            observer: None,
            member_observer: None,
            topic_observer: None,
        }
    }

    /// Bounds the events that may wait for each link, and says what happens beyond.
    pub fn set_event_queue(&mut self, bytes_max: usize, policy: DropPolicy) {
        let outgoing = &mut self.session.outgoing;
        outgoing.budget_bytes[TrafficClass::Event.index()] = bytes_max;
        outgoing.policy = policy;
    }
}

impl fmt::Debug for RuntimeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeConfig")
            .field("name", &self.name)
            .field("role", &self.role)
            .field("session", &self.session)
            .field("stall_max", &self.stall_max)
            .field("ring_bytes_max", &self.ring_bytes_max)
            .finish_non_exhaustive()
    }
}
