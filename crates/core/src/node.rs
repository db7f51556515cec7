//! One node: its links, its subscriptions, and where each message goes.
//!
//! Sans-IO: give it one input through a command or [`Node::receive`], then take
//! [`Node::poll_output`] and [`Node::take_dirty`] until both are empty, and write what the dirty
//! links have waiting. Time must not run backwards; the driver owns the only clock.

mod advertising;
mod congestion;
mod edges;
mod flooding;
mod forwarding;
mod link;
mod link_end;
mod losses;
mod naming;
mod publishing;
mod receiving;
mod relaying;
mod rules;
mod settling;
mod sharing;
mod subscribing;
mod surveying;
mod ticking;
mod tracing;
mod view;
mod watching;

use std::collections::{BTreeMap, VecDeque};

use slab::Slab;
use zeekwire_types::{Instant, NodeId, Role, Topic, TopicFilter};

use crate::drops::DropCounters;
use crate::gate::SequenceGate;
use crate::membership::Membership;
use crate::routing::{Confirmations, Database, OwnRecord};
use crate::session::{QueueTotal, SessionConfig};
use crate::topics::TopicTable;
use crate::wire::{Control, ControlWriter, CreditTemplate, Hello, Item, Trace, is_pool_label};

pub use congestion::PATIENCE;
pub use forwarding::{Forwarded, Forwarding, LOSSLESS_PATIENCE};
pub use link::{Link, LinkConfig, LinkKey};
pub use link_end::LinkEnd;
pub use losses::LossPlace;
pub use naming::PROBE_MAX;
pub use publishing::{Published, Routed};
pub use receiving::{Message, Received};
pub use rules::Rule;
pub use sharing::{is_share_of, shared_prefix_bytes};
pub use subscribing::{Scope, SubscriberKey};
pub use surveying::Answered;
pub use view::MemberView;

/// Who a node is, and how its links behave.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Name and incarnation.
    pub id: NodeId,
    /// Whether it takes part in routing and membership.
    pub role: Role,
    /// For people: what runs here.
    pub program: String,
    /// How links behave unless told otherwise.
    pub session: SessionConfig,
    /// A link that is full and makes no progress for this long no longer makes publishers wait.
    pub stall_max: std::time::Duration,
    /// Whether and how a member passes on what others published.
    pub forwarding: Forwarding,
    /// A forwarder whose next link is behind keeps credit back instead of dropping.
    pub lossless: bool,
    /// Labels under which publishers find this node. Those that
    /// [`is_pool_label`] refuses are left out.
    pub pools: Vec<String>,
    /// What the program calls this life of the node, for other members; left out where it is no
    /// [`is_pool_label`].
    pub alias: Option<String>,
    /// Whether to tell which filters anybody in the cluster subscribes to.
    pub watch_topics: bool,
    /// A member that cannot be reached for shorter than this was never away.
    pub member_down_after: std::time::Duration,
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
    /// Another member is there, and what it subscribed to is effective here. For each name ups and
    /// downs take turns.
    NodeUp {
        /// The member.
        node: NodeId,
    },
    /// A member is gone.
    NodeDown {
        /// The member.
        node: NodeId,
    },
    /// Another live node has this node's name and the better right to it. All links are closing;
    /// the node is of no more use.
    Yielded {
        /// Who has the name.
        to: NodeId,
    },
    /// The first subscriber to this filter anywhere in the cluster came, this node included, or the
    /// last one went. Told if [`NodeConfig::watch_topics`] is set.
    TopicChanged {
        /// The filter.
        filter: TopicFilter,
        /// Whether somebody subscribes to it now.
        subscribed: bool,
    },
    /// How far a trace of this node's has come.
    Traced {
        /// With the hops so far.
        trace: Trace,
    },
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
    subscriptions: BTreeMap<TopicFilter, Vec<subscribing::Holder>>,
    /// Subscribers that listen to one link only.
    scoped: BTreeMap<SubscriberKey, LinkKey>,
    /// What has yet to be confirmed, by token.
    waiting: BTreeMap<u64, subscribing::Waiting>,
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
    /// What waits on all links together.
    queued: QueueTotal,
    /// When the driver last told the time.
    now: Instant,
    own: OwnRecord,
    db: Database,
    /// Records or links changed since paths were found.
    paths_changed: bool,
    route_changes: u64,
    membership: Membership,
    watch: watching::TopicWatch,
    confirmations: Confirmations<LinkKey>,
    probes: Vec<naming::Probe>,
    probe_number: u64,
    gave_way: bool,
    rules: rules::Rules,
    traces: tracing::Seen,
    surveys: surveying::Surveys,
    turns: sharing::Turns,
    /// The topic by which this node is reached.
    own_topic: Topic,
    forward_targets: Vec<u32>,
    /// Lost without a link, or on links that are gone.
    drops: DropCounters,
    inbox_drops: DropCounters,
    own_losses: losses::OwnLosses,
    /// Members beyond the bound.
    refused_records: u64,
}

impl Node {
    /// A node without links.
    #[must_use]
    pub fn new(mut config: NodeConfig) -> Self {
        config.session.incoming = config.session.incoming.with_usable_windows();
        let seed = config.seed;
        let own_topic = Topic::of_node(&config.id.name);
        let own_filter = TopicFilter::exact(own_topic.as_bytes());
        let pools = config
            .pools
            .iter()
            .filter(|label| is_pool_label(label))
            .map(|label| Item::Pool(label.as_str().into()));
        let alias = config.alias.iter().filter(|alias| is_pool_label(alias));
        let alias = alias.map(|alias| Item::Alias(alias.as_str().into()));
        let items = own_filter.ok().map(Item::Filter).into_iter();
        let items = items.chain(alias).chain(pools);
        let own = OwnRecord::new(config.id.clone(), items);
        let db = Database::new(seed.wrapping_add(4), &own.snapshot());
        let membership = Membership::new(config.member_down_after);
        let watch = watching::TopicWatch::new(config.watch_topics);
        let queued = QueueTotal::new(config.session.queued_bytes_max);
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
            queued,
            now: Instant::ZERO,
            own,
            db,
            paths_changed: false,
            route_changes: 0,
            membership,
            watch,
            confirmations: Confirmations::new(),
            probes: Vec::new(),
            probe_number: 0,
            gave_way: false,
            rules: rules::Rules::new(seed.wrapping_add(5)),
            traces: tracing::Seen::default(),
            surveys: surveying::Surveys::default(),
            turns: sharing::Turns::default(),
            own_topic,
            forward_targets: Vec::new(),
            drops: DropCounters::default(),
            inbox_drops: DropCounters::default(),
            own_losses: losses::OwnLosses::default(),
            refused_records: 0,
        }
    }

    /// Bytes that wait in the queues of all links, but for control messages.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.queued.bytes()
    }

    /// The number of this node's shortest-path tree, for the headers of its publications. It may
    /// change while the node joins others.
    #[must_use]
    pub const fn tree(&self) -> u32 {
        self.own.tree()
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
        self.settle();
        self.outputs.pop_front()
    }

    /// Takes the links that have something new to write; each may be named more than once.
    pub fn take_dirty(&mut self, links: &mut Vec<LinkKey>) {
        links.append(&mut self.dirty);
    }

    /// Whether there is neither an output nor a dirty link to take.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.outputs.is_empty()
            && self.dirty.is_empty()
            && !self.paths_changed
            && !self.watch.is_stale()
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

    fn hello(&self, session: &SessionConfig, routes: bool) -> Hello {
        let heartbeat_ms = session.liveness.heartbeat.as_millis();
        Hello {
            node: self.config.id.clone(),
            role: self.config.role,
            features: u64::from(routes) * crate::wire::FEATURE_ROUTES,
            heartbeat_ms: u32::try_from(heartbeat_ms).unwrap_or(u32::MAX).max(1),
            message_bytes_max: session.incoming.message_bytes_max as u64,
            credit_limits: session.incoming.window_bytes,
            program: self.config.program.clone(),
        }
    }
}
