//! What a node sees of itself. Read back leniently: what an older node does not tell is zero or
//! empty.

use serde::{Deserialize, Serialize};

/// A node at one moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Its incarnation, as text.
    pub incarnation: String,
    /// `member` or `client`.
    pub role: String,
    /// Pools that it belongs to.
    pub pools: Vec<String>,
    /// What runs here.
    pub program: String,
    /// Process id.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_s: f64,
    /// Endpoints that it listens at.
    pub listeners: Vec<String>,
    /// Its links, up or not.
    pub links: Vec<LinkStatus>,
    /// Its subscriptions.
    pub subscriptions: Vec<SubscriptionStatus>,
    /// What was published here.
    pub published: PublishStatus,
    /// Messages refused because they were repeated or overtaken.
    pub repeated_messages: u64,
    /// The members of the cluster that it knows of, but for itself.
    pub members: Vec<MemberStatus>,
    /// Members of which it heard and that it has no room for.
    pub refused_members: u64,
    /// How often its routes were found anew.
    pub route_changes: u64,
    /// Messages that it lost, its own and others', by cause.
    pub losses: Vec<LossStatus>,
    /// Messages that it published and that were lost, here or elsewhere, as far as reported.
    pub own_losses: Vec<LossStatus>,
    /// The same for places beyond those that are told apart, in messages.
    pub own_losses_elsewhere: u64,
    /// Bytes that wait in the queues of all its links, but for control messages.
    pub queued_bytes: usize,
    /// Most bytes that may wait there.
    pub queued_bytes_max: usize,
    /// Whether it slows its senders: a link that it must lose nothing on is behind, or its only
    /// inbox is.
    pub holds_back: bool,
}

impl NodeStatus {
    /// Reads what a node told of itself as JSON; `None` where that is something else.
    #[must_use]
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// A member of the cluster at one moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct MemberStatus {
    /// Its name.
    pub name: String,
    /// Its incarnation, as text.
    pub incarnation: String,
    /// Whether it was announced as up.
    pub up: bool,
    /// Links between here and there; none while no path leads there.
    pub hops: Option<u16>,
    /// Name of the peer through whom messages for it leave.
    pub via: Option<String>,
    /// Version of its record.
    pub version: u64,
    /// Members over whose links it routes.
    pub neighbours: Vec<String>,
    /// What its program calls this life of it.
    pub alias: Option<String>,
    /// Pools that it belongs to.
    pub pools: Vec<String>,
    /// How many filters it, and what is attached to it, subscribed to.
    pub filters: usize,
}

/// Messages that were lost in one place for one cause.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct LossStatus {
    /// The node that lost them.
    pub node: String,
    /// The node for which they were meant next; none for local subscribers.
    pub peer: Option<String>,
    /// Their class.
    pub class: String,
    /// `queue_full`, `inbox_full`, `too_long`, `link_lost`, `hop_limit` or `no_route`.
    pub cause: String,
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What became of a node's own publications.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct PublishStatus {
    /// Accepted from the program.
    pub messages: u64,
    /// Refused because the queues were full.
    pub refused: u64,
    /// Times that `publish` had to wait.
    pub waits: u64,
    /// Sent on the publisher's own thread.
    pub inline: u64,
    /// Accepted, but nobody wanted them.
    pub unrouted: u64,
    /// Bytes that wait to be routed.
    pub queued_bytes: usize,
}

/// One link at one moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct LinkStatus {
    /// Its id.
    pub id: u64,
    /// Where the other end is.
    pub endpoint: String,
    /// Whether this side dialled.
    pub dialled: bool,
    /// `connecting`, `waiting`, `handshake`, `up` or `closing`.
    pub state: String,
    /// Name of the peer, once known.
    pub peer: Option<String>,
    /// The peer's incarnation.
    pub peer_incarnation: Option<String>,
    /// The peer's role.
    pub peer_role: Option<String>,
    /// What runs there.
    pub peer_program: Option<String>,
    /// Seconds since it came up, or since the last change.
    pub age_s: f64,
    /// Seconds since bytes last arrived.
    pub silent_s: f64,
    /// Filters that the peer subscribed to.
    pub filters: usize,
    /// Messages sent and received.
    pub messages_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// One entry for each class of traffic.
    pub classes: Vec<ClassStatus>,
    /// Topics that lost most on this link.
    pub dropped_topics: Vec<TopicDrops>,
    /// Whether origins wait for this link.
    pub congested: bool,
    /// Connections made so far.
    pub connects: u64,
    /// Why the last connection ended, or the last attempt failed.
    pub last_error: Option<String>,
}

/// One class of one link.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ClassStatus {
    /// Its name.
    pub class: String,
    /// Bytes sent since the link started.
    pub sent_bytes: u64,
    /// Bytes received since the link started.
    pub received_bytes: u64,
    /// Bytes that wait.
    pub queued_bytes: usize,
    /// Messages that wait.
    pub queued_messages: usize,
    /// Most bytes that may wait.
    pub queue_bytes_max: usize,
    /// Bytes that the peer still takes.
    pub credit_bytes: u64,
    /// Messages dropped before they were sent.
    pub dropped_messages: u64,
    /// Their bytes.
    pub dropped_bytes: u64,
    /// Messages that the peer said it dropped after they arrived.
    pub dropped_there_messages: u64,
}

/// Drops of one topic.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TopicDrops {
    /// The topic.
    pub topic: String,
    /// Messages dropped.
    pub messages: u64,
}

/// One subscription at one moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SubscriptionStatus {
    /// Its id.
    pub id: u32,
    /// Its filters.
    pub filters: Vec<String>,
    /// Messages delivered into it.
    pub delivered_messages: u64,
    /// Messages that wait to be taken.
    pub queued_messages: usize,
    /// Bytes held for them.
    pub queued_bytes: usize,
    /// Most bytes that may be held.
    pub queue_bytes_max: usize,
    /// Messages dropped because it was full.
    pub dropped_messages: u64,
}
