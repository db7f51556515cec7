//! The manager of the demo: receives every row, checks it, and reports.

use std::sync::mpsc::{Receiver as Inbound, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use zeekwire::{Event, Message, MessageExt, Node, NodeName, Receiver, RecvError, Topic};

use super::children::watch_parent;
use super::report::{Report, Snapshot, WorkerState};
use super::tally::Tally;
use super::wire::{COUNTED, FILTER, Heard, understand, worker_name};
use crate::admin::AdminServer;
use crate::client::program;
use crate::failure::Failure;
use crate::output;
use crate::render::histogram::Latencies;

/// How often it reports.
const REPORT_EVERY: Duration = Duration::from_millis(200);
/// When a worker is gone and nothing arrived for so long, nothing more will.
const QUIET: Duration = Duration::from_millis(500);

/// The manager of `zeekwire demo`
#[derive(Args, Debug)]
pub(crate) struct ManagerFlags {
    /// How many workers will come
    #[arg(long)]
    workers: u32,
}

/// Runs the manager.
pub(crate) fn run(flags: &ManagerFlags) -> Result<(), Failure> {
    let (gone_in, gone) = channel();
    watch_parent(move |line| {
        if let Some(index) = line
            .strip_prefix("gone ")
            .and_then(|text| text.parse().ok())
        {
            // The receiver lives as long as the process.
            let _ending = gone_in.send(index);
        }
    });
    let node = Node::builder("manager").program(&program("demo")).start()?;
    let receiver = node.subscribe([FILTER])?.receiver()?;
    let endpoint = node.listen("tcp://127.0.0.1:0")?;
    let _admin = AdminServer::start(&node);
    print(&Report::Listening(endpoint))?;
    let mut desk = Desk::new(node.clone(), gone, flags.workers);
    desk.work(&receiver)?;
    print(&Report::Final(desk.snapshot()))?;
    // The workers' confirmations leave before the links close.
    node.shut_down(Duration::from_secs(1));
    Ok(())
}

fn print(report: &Report) -> Result<(), Failure> {
    output::print(serde_json::to_string(report).map_err(Failure::job)?)
}

/// What the manager knows.
struct Desk {
    node: Node,
    tallies: Vec<Tally>,
    /// When each worker was heard of last.
    heard_at: Vec<Instant>,
    /// Workers whose processes have ended, as they are told.
    gone_in: Inbound<usize>,
    gone: Vec<usize>,
    started: Instant,
    received_bytes: u64,
    strange: u64,
    recent: Latencies,
    latency: Latencies,
}

impl Desk {
    fn new(node: Node, gone_in: Inbound<usize>, workers: u32) -> Self {
        let tallies: Vec<Tally> = (0..workers).map(worker_name).map(Tally::new).collect();
        Self {
            node,
            heard_at: vec![Instant::now(); tallies.len()],
            tallies,
            gone_in,
            gone: Vec::new(),
            started: Instant::now(),
            received_bytes: 0,
            strange: 0,
            recent: Latencies::new(),
            latency: Latencies::new(),
        }
    }

    /// Receives until every worker is done or gone.
    fn work(&mut self, receiver: &Receiver) -> Result<(), Failure> {
        let mut report_at = Instant::now() + REPORT_EVERY;
        loop {
            match receiver.recv_timeout(REPORT_EVERY / 4) {
                Ok(received) => self.take(&received.message()),
                Err(RecvError::Timeout) => {}
                Err(RecvError::Closed) => return Err(Failure::job("the manager's node ended")),
            }
            let now = Instant::now();
            if now >= report_at {
                report_at = now + REPORT_EVERY;
                print(&Report::Progress(self.snapshot()))?;
                self.recent.clear();
                self.note_gone(now);
            }
            if self.tallies.iter().all(Tally::is_over) {
                return Ok(());
            }
        }
    }

    /// Gives up workers that are gone, once all that they sent has arrived.
    fn note_gone(&mut self, now: Instant) {
        self.gone.extend(self.gone_in.try_iter());
        for &index in &self.gone {
            let heard_at = self.heard_at.get(index).copied();
            if heard_at.is_some_and(|heard_at| now.duration_since(heard_at) >= QUIET) {
                self.tallies[index].gone();
            }
        }
    }

    fn take(&mut self, message: &Message<'_>) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let publisher = message.publisher();
        let heard = message.event().ok().and_then(|event| understand(&event));
        let index = self
            .tallies
            .iter()
            .position(|tally| tally.counts().name == publisher);
        let (Some(heard), Some(index)) = (heard, index) else {
            self.strange += 1;
            return;
        };
        self.heard_at[index] = Instant::now();
        let tally = &mut self.tallies[index];
        match heard {
            Heard::Row {
                number,
                sent_at,
                fingerprint,
            } => {
                self.received_bytes += message.payload().len() as u64;
                tally.row(number, fingerprint);
                let latency = Duration::try_from_secs_f64(now - sent_at).unwrap_or_default();
                self.recent.record(latency);
                self.latency.record(latency);
            }
            Heard::Told(told) => {
                tally.told(told);
                if tally.counts().state == WorkerState::Done {
                    self.let_go(publisher);
                }
            }
        }
    }

    /// Tells a worker that its counts arrived.
    fn let_go(&self, worker: &str) {
        if let Ok(name) = NodeName::new(worker) {
            let topic = Topic::of_node(&name);
            // A worker that never hears of it says so itself.
            let _unheard = self
                .node
                .publish(topic.as_bytes(), &Event::new(COUNTED, []));
        }
    }

    fn snapshot(&self) -> Snapshot {
        let status = self.node.status();
        Snapshot {
            elapsed_s: self.started.elapsed().as_secs_f64(),
            workers: self
                .tallies
                .iter()
                .map(|tally| tally.counts().clone())
                .collect(),
            received_bytes: self.received_bytes,
            inbox_dropped: status
                .subscriptions
                .iter()
                .map(|s| s.dropped_messages)
                .sum(),
            strange: self.strange,
            recent: self.recent.percentiles(),
            latency: self.latency.percentiles(),
        }
    }
}
