//! What the manager reports to the process that shows it, as JSON lines.

use serde::{Deserialize, Serialize};

use crate::render::histogram::Percentiles;

/// One line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// The manager listens there.
    Listening(String),
    /// What it counted so far.
    Progress(Snapshot),
    /// What it counted; nothing more will come.
    Final(Snapshot),
}

/// What the manager counted up to a moment.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Snapshot {
    /// Seconds since it listened.
    pub(super) elapsed_s: f64,
    /// One entry a worker.
    pub(super) workers: Vec<WorkerCounts>,
    /// Bytes of payload received.
    pub(super) received_bytes: u64,
    /// Messages that the manager's own inbox had no room for.
    pub(super) inbox_dropped: u64,
    /// Messages that were no events of the demo.
    pub(super) strange: u64,
    /// How long events took since the last report.
    pub(super) recent: Percentiles,
    /// How long events took.
    pub(super) latency: Percentiles,
}

/// What became of one worker's events.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct WorkerCounts {
    pub(super) name: String,
    pub(super) state: WorkerState,
    /// Rows that it sent, as far as it said.
    pub(super) sent: u64,
    /// Rows that it had no room for.
    pub(super) dropped: u64,
    pub(super) received: u64,
    /// Rows with a higher number than all before.
    pub(super) in_order: u64,
    /// Whether what was decoded is what was sent; known once it is done and nothing was lost.
    pub(super) content_matches: Option<bool>,
}

/// How far a worker is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WorkerState {
    /// Not heard of yet.
    #[default]
    Starting,
    /// It sends.
    Sending,
    /// It told its counts.
    Done,
    /// Its process ended before that.
    Gone,
}

impl Snapshot {
    /// Rows sent by all workers.
    pub(super) fn sent(&self) -> u64 {
        self.workers.iter().map(|worker| worker.sent).sum()
    }

    /// Rows received from all workers.
    pub(super) fn received(&self) -> u64 {
        self.workers.iter().map(|worker| worker.received).sum()
    }

    /// Rows received in order from all workers.
    pub(super) fn in_order(&self) -> u64 {
        self.workers.iter().map(|worker| worker.in_order).sum()
    }

    /// Whether every worker told its counts; else what it sent, and lost, is not known.
    pub(super) fn is_complete(&self) -> bool {
        let mut workers = self.workers.iter();
        !self.workers.is_empty() && workers.all(|worker| worker.state == WorkerState::Done)
    }

    /// Rows that were sent and did not arrive, as far as is known.
    pub(super) fn lost(&self) -> u64 {
        self.workers
            .iter()
            .map(|worker| worker.sent.saturating_sub(worker.received))
            .sum()
    }

    /// Rows dropped where somebody could count it.
    pub(super) fn dropped(&self) -> u64 {
        self.workers
            .iter()
            .map(|worker| worker.dropped)
            .sum::<u64>()
            + self.inbox_dropped
    }
}
