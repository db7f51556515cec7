//! Control messages of routing: records of members, and messages for one member.

use zeekwire_types::limits::{CONTROL_BYTES_MAX, HOP_LIMIT_MAX};
use zeekwire_types::{NodeId, NodeName, TopicFilter, TrafficClass};

mod read;
mod write;

pub(super) use read::{read_digest, read_node, read_routed, read_trace, read_update};
pub(super) use write::{digest_parts, update_parts};
pub(super) use write::{write_digest, write_node, write_routed, write_trace, write_update};

/// Bytes of names, topic and hops that a trace may hold, so that a report of it to the farthest
/// node with the longest name is still one control message.
const TRACE_BYTES_MAX: usize = CONTROL_BYTES_MAX - 1024;
/// Bytes of a node or hop in a list, beside its name.
const NODE_BYTES: usize = 24;
const HOP_BYTES: usize = 32;

/// Bytes that text takes: its NUL is part of it, and words are whole.
const fn text_bytes(text: &str) -> usize {
    (text.len() + 1).next_multiple_of(8)
}

/// One thing that a member says of itself.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Item {
    /// It routes over a link to this member.
    Neighbour(NodeId),
    /// This member, which does not route, is attached to it.
    Leaf(NodeId),
    /// This life has ended, although some member may still believe in it. Of itself a member says
    /// so when it is about to end: nobody need wait to see whether it comes back.
    Superseded(NodeId),
    /// It, or something attached to it, subscribed to this.
    Filter(TopicFilter),
    /// What its program calls this life of it.
    Alias(Box<str>),
    /// Publishers find it under this label.
    Pool(Box<str>),
}

/// Longest label of a pool, in bytes.
const POOL_BYTES_MAX: usize = 255;

/// Whether publishers can find a member under this label, or its program may call it so: 1 to 255
/// bytes without control characters.
#[must_use]
pub fn is_pool_label(label: &str) -> bool {
    (1..=POOL_BYTES_MAX).contains(&label.len()) && !label.contains(char::is_control)
}

/// Brings the record of one member from one version to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Update {
    /// Whose record.
    pub origin: NodeId,
    /// The version that the changes start from; 0 for a whole record.
    pub base: u64,
    /// The version that they lead to.
    pub version: u64,
    /// Names the origin's shortest-path tree in frame headers.
    pub tree: u32,
    /// No more parts follow.
    pub complete: bool,
    /// The origin wants to hear from every member that has this version.
    pub confirm: bool,
    /// What is new.
    pub added: Vec<Item>,
    /// What is no longer true.
    pub removed: Vec<Item>,
}

/// Which records a node knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digest {
    /// Members and the versions of their records.
    pub records: Vec<(NodeId, u64)>,
    /// No more parts follow.
    pub complete: bool,
}

/// A message for one member, passed on from hop to hop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Routed {
    /// Whom it is for.
    pub to: NodeId,
    /// Who sent it.
    pub from: NodeId,
    /// Hops that it may still travel.
    pub hop_limit: u8,
    /// What it says.
    pub body: Body,
}

/// What a message for one member says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// This version of the receiver's record is effective at the sender.
    Confirm(u64),
    /// Confirm this version of the sender's record, or a later one.
    Ask(u64),
    /// Are you alive?
    Ping(u64),
    /// The answer to the ping with this number.
    Pong(u64),
    /// Messages that entered the cluster at the receiver were lost at the sender.
    Lost(Lost),
    /// How far a trace of the receiver's has come.
    Traced(Trace),
    /// Something that a newer release says. Ignored.
    Newer,
}

/// Messages of one publisher that were lost in one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lost {
    /// Who published them.
    pub publisher: NodeName,
    /// Their class.
    pub class: TrafficClass,
    /// Why they were lost.
    pub cause: LossCause,
    /// How many since the last report of the same kind.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The node for which they were meant next; `None` for local subscribers.
    pub peer: Option<NodeName>,
    /// The tree that they followed.
    pub tree: u32,
}

/// Why a message was lost.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum LossCause {
    /// Not said, or said by a newer release.
    #[default]
    Unspecified,
    /// The queue of a link was full.
    QueueFull,
    /// The inbox of a subscriber was full.
    InboxFull,
    /// Longer than the next node takes.
    TooLong,
    /// It waited for a link that broke.
    LinkLost,
    /// It travelled too far.
    HopLimit,
    /// The member whose tree it follows is not known.
    NoRoute,
}

impl LossCause {
    /// Every cause.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::QueueFull,
        Self::InboxFull,
        Self::TooLong,
        Self::LinkLost,
        Self::HopLimit,
        Self::NoRoute,
    ];

    /// The cause as a word, for people and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::QueueFull => "queue_full",
            Self::InboxFull => "inbox_full",
            Self::TooLong => "too_long",
            Self::LinkLost => "link_lost",
            Self::HopLimit => "hop_limit",
            Self::NoRoute => "no_route",
        }
    }
}

/// Goes where a publication would go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trace {
    /// Chosen by the origin.
    pub number: u64,
    /// Who wants to know.
    pub origin: NodeId,
    /// Whose tree it follows.
    pub tree: u32,
    /// What the publication would be about.
    pub topic: Vec<u8>,
    /// Where it was so far, the origin first.
    pub hops: Vec<Hop>,
}

impl Trace {
    /// Notes that it came by one more node. If that would make it too long, or the node is farther
    /// away than any should be, it stays as it is and the answer is no: it ends here.
    #[must_use]
    pub fn add(&mut self, hop: Hop) -> bool {
        let fits = self.hops.len() <= usize::from(HOP_LIMIT_MAX)
            && self.bytes() + hop.bytes() <= TRACE_BYTES_MAX;
        if fits {
            self.hops.push(hop);
        }
        fits
    }

    fn bytes(&self) -> usize {
        let origin = NODE_BYTES + text_bytes(self.origin.name.as_str());
        let hops: usize = self.hops.iter().map(Hop::bytes).sum();
        origin + self.topic.len().next_multiple_of(8) + hops
    }
}

/// One node that a trace came by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hop {
    /// The node.
    pub node: NodeName,
    /// Its wall clock when the trace came, in microseconds since the Unix epoch.
    pub time_us: u64,
    /// Bytes of events that waited for the link by which the trace left; 0 at the last hop.
    pub queued_bytes: u64,
    /// Whether somebody at this node, or attached to it, subscribed to the topic.
    pub subscribed: bool,
}

impl Hop {
    fn bytes(&self) -> usize {
        HOP_BYTES + text_bytes(self.node.as_str())
    }
}

#[cfg(test)]
mod tests;
