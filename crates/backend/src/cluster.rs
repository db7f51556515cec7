//! The cluster as a node's owner sees it: members, surveys, traces and rules.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeekwire_types::{NodeId, TopicFilter};

use crate::{LinkId, Reach};

/// Another member of the cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Name and incarnation.
    pub node: NodeId,
    /// What its program calls this life of it.
    pub alias: Option<String>,
    /// Labels of the pools that it belongs to.
    pub pools: Vec<String>,
}

/// Something that happened to the cluster.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MemberEvent {
    /// A member is there: what is published from now on reaches it. For each name ups and downs
    /// take turns.
    Up(Member),
    /// A member is gone.
    Down(NodeId),
    /// Another live node has this node's name and the better right to it. All links are closed.
    Yielded {
        /// Who has the name.
        to: NodeId,
    },
}

/// Hears of members. Runs on the IO thread and must not block.
pub type MemberObserver = Arc<dyn Fn(&MemberEvent) + Send + Sync>;

/// Hears that the first subscriber to a filter came, anywhere in the cluster, this node included,
/// or that the last one went: `true` and `false`. Runs on the IO thread and must not block.
pub type TopicObserver = Arc<dyn Fn(&TopicFilter, bool) + Send + Sync>;

/// How to subscribe.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SubscribeOptions {
    /// Where messages come from.
    pub reach: Reach,
    /// Hears questions, and nothing else, instead of everything but questions.
    pub answers: bool,
    /// Shares its filters with the same group at other nodes: one of them gets each message.
    pub group: Option<String>,
}

/// What a survey asks for, beside the question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SurveyLimits {
    /// Ends when so many nodes have answered; `None` takes all who come.
    pub answer_count_max: Option<usize>,
    /// Ends after this time.
    pub timeout: Duration,
}

/// A border's rule: passes what matches on from one link to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForwardRule {
    /// What is passed on.
    pub filter: TopicFilter,
    /// The link that it comes from.
    pub from: LinkId,
    /// The link that it goes to.
    pub to: LinkId,
}

/// How far a trace has come, as one node told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceReport {
    /// The nodes so far, the origin first; the last one told.
    pub hops: Vec<TraceHop>,
    /// Time between the start and the report.
    pub round_trip: Duration,
}

/// One node on the way of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceHop {
    /// Its name.
    pub node: String,
    /// Its wall clock when the trace came, in microseconds since the Unix epoch.
    pub time_us: u64,
    /// Bytes of events that waited for the link by which the trace left; 0 at the last hop.
    pub queued_bytes: u64,
    /// Whether somebody there subscribed to the topic.
    pub subscribed: bool,
}

/// Hears how far a trace has come. Runs on the IO thread and must not block.
pub type TraceObserver = Box<dyn FnMut(TraceReport) + Send>;

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
