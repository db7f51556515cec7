//! The admin socket: how `zeekwire status` looks into a running node.
//!
//! A node that runs here has a Unix socket in a directory that only its user can enter, named after
//! the node and its process. It takes one request a connection, a JSON line such as
//! `{"request":"status"}`, and answers with one: `{"status":{…}}` or `{"error":"…"}`. A request may
//! be about the whole cluster; the node then asks the others. A socket whose process has died is
//! removed by whoever notices.

mod directory;
mod search;
mod server;

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeekwire::status::NodeStatus;
use zeekwire::{Node, SetupError, TraceReport};

pub(crate) use directory::Directory;
pub(crate) use search::{Found, ask_cluster, ask_trace, search};
pub(crate) use server::AdminServer;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 4 * 1024;
/// Longest answer, in bytes: room for the status of a node with thousands of links.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest time for which a node waits for others on behalf of whoever asks.
const OTHERS_MAX: Duration = Duration::from_secs(60);

/// What a node is asked.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Request {
    /// What does the node see of itself?
    Status,
    /// What do all members see of themselves, as far as they answer in time?
    Cluster { timeout_ms: u64 },
    /// Which way would what the node publishes on a topic take?
    Trace { topic: String, timeout_ms: u64 },
}

/// What it answers.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Status(Box<NodeStatus>),
    /// The node's own status first.
    Cluster(Vec<NodeStatus>),
    Trace(Vec<Report>),
    Error(String),
}

/// How far a trace has come, as one node told.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Report {
    /// The nodes so far, the origin first; the last one told.
    pub(crate) hops: Vec<Hop>,
    /// Time between the start and the report, in microseconds.
    pub(crate) round_trip_us: u64,
}

/// One node on the way of a trace.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Hop {
    pub(crate) node: String,
    /// Its wall clock when the trace came, in microseconds since the Unix epoch.
    pub(crate) time_us: u64,
    /// Bytes of events that waited for the link by which the trace left; 0 at the last hop.
    pub(crate) queued_bytes: u64,
    /// Whether somebody there subscribed to the topic.
    pub(crate) subscribed: bool,
}

impl From<TraceReport> for Report {
    fn from(report: TraceReport) -> Self {
        let hops = report.hops.into_iter().map(|hop| Hop {
            node: hop.node,
            time_us: hop.time_us,
            queued_bytes: hop.queued_bytes,
            subscribed: hop.subscribed,
        });
        Self {
            hops: hops.collect(),
            round_trip_us: u64::try_from(report.round_trip.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

/// Follows the way of what a node would publish on a topic, for `timeout`. A trace does not say
/// when it is over, so all of it is waited for.
///
/// # Errors
/// When the topic breaks a rule, or the node has been shut down.
pub(crate) fn trace(
    node: &Node,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<Report>, SetupError> {
    let (report_in, reports) = channel();
    node.trace(topic, timeout, move |report| {
        // Whoever asked has got what came in time.
        let _late = report_in.send(Report::from(report));
    })?;
    let deadline = Instant::now() + timeout;
    let next = || {
        let left = deadline.saturating_duration_since(Instant::now());
        reports.recv_timeout(left).ok()
    };
    Ok(std::iter::from_fn(next).collect())
}

#[cfg(test)]
mod tests;
