//! A worker of the demo: publishes rows at a steady rate, then tells what it sent.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use zeekwire::{Error, Event, MessageExt, Node, PublishError, Topic, Value};

use super::children::watch_parent;
use super::rows;
use super::wire::{COUNTED, Told, digest, fingerprint, report_topic, row_event, row_topic};
use super::wire::{stamp, worker_name};
use crate::admin::AdminServer;
use crate::client::program;
use crate::failure::Failure;
use crate::flags::Seconds;

/// How long linking may take, and the manager's last word.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// A peer that makes no progress for so long no longer makes a worker wait: longer than any pause
/// of a busy machine, because the demo is about losing nothing.
const STALL_MAX: Duration = Duration::from_secs(10);
/// How often it tells its counts.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// How often it looks what is due.
const PACE: Duration = Duration::from_millis(1);

/// A worker of `zeekwire demo`
#[derive(Args, Debug)]
pub(crate) struct WorkerFlags {
    /// Which worker, from 0
    #[arg(long)]
    index: u32,
    /// How many there are
    #[arg(long)]
    workers: u32,
    /// Where the manager listens
    #[arg(long)]
    connect: String,
    /// For how long to publish
    #[arg(long)]
    seconds: Seconds,
    /// Events a second
    #[arg(long)]
    rate: u32,
    /// The logs to publish
    #[arg(long)]
    logs: Option<PathBuf>,
}

/// One row, ready to be published.
struct Row {
    topic: String,
    event: Event,
    fingerprint: u64,
}

/// Runs the worker.
pub(crate) fn run(flags: &WorkerFlags) -> Result<(), Failure> {
    watch_parent(|_line| {});
    let name = worker_name(flags.index);
    let mut rows = load(flags, &name)?;
    let node = Node::builder(&name)
        .client()
        .program(&program("demo"))
        .configure(|config| config.stall_max = STALL_MAX)
        .start()?;
    let (counted_in, counted) = channel();
    let own = Topic::of_node(&node.id().name);
    let _counted = node.subscribe([own.as_bytes()])?.handler(move |message| {
        if message.event().is_ok_and(|event| event.name == COUNTED) {
            // Only the first is waited for.
            let _again = counted_in.send(());
        }
    })?;
    let link = node.connect(&flags.connect)?;
    link.wait_ready(ANSWER_MAX)
        .map_err(|error| Failure::job(format_args!("{name}: no link to the manager: {error}")))?;
    let _admin = AdminServer::start(&node);
    publish_all(flags, &node, &name, &mut rows)?;
    counted.recv_timeout(ANSWER_MAX).map_err(|_| {
        Failure::job(format_args!(
            "{name}: the manager did not confirm the counts within 10 s"
        ))
    })?;
    node.shut_down(Duration::from_secs(1));
    Ok(())
}

/// This worker's share of the rows.
fn load(flags: &WorkerFlags, name: &str) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let all = rows::load(flags.logs.as_deref())?;
    let shares = (0..flags.workers).cycle();
    let numbered = all.logs.into_iter().flat_map(|log| {
        let path = log.path;
        log.rows.into_iter().map(move |row| (path.clone(), row))
    });
    for ((log, row), share) in numbered.zip(shares) {
        if share == flags.index {
            let event = row_event(&log, row);
            let (topic, fingerprint) = (row_topic(name, &log), fingerprint(&event));
            rows.push(Row {
                topic,
                event,
                fingerprint,
            });
        }
    }
    if rows.is_empty() {
        return Err(Failure::job(format_args!(
            "{name}: the logs have fewer rows than there are workers; --workers makes it fewer"
        )));
    }
    Ok(rows)
}

fn publish_all(
    flags: &WorkerFlags,
    node: &Node,
    name: &str,
    rows: &mut [Row],
) -> Result<(), Failure> {
    let topic = report_topic(name);
    let (mut told, mut so_far) = (Told::default(), 0);
    let started = Instant::now();
    let mut tell_at = started;
    let mut at = 0;
    loop {
        let elapsed = started.elapsed();
        if elapsed >= flags.seconds.0 {
            break;
        }
        let due = elapsed.as_nanos() * u128::from(flags.rate) / 1_000_000_000;
        // No more at a time than a moment's worth, so that the clock is looked at.
        let burst = (due.saturating_sub(told.sent.into())).min(1_000);
        for _ in 0..burst {
            let row = &mut rows[at];
            if publish(node, row, told.sent)? {
                told.sent += 1;
                so_far = digest(so_far, row.fingerprint);
            }
            at = (at + 1) % rows.len();
        }
        if Instant::now() >= tell_at {
            tell_at += TELL_EVERY;
            told.dropped = dropped(node);
            node.publish(&topic, &told.event()).map_err(Failure::job)?;
        }
        if burst < 1_000 {
            thread::sleep(PACE);
        }
    }
    told.dropped = dropped(node);
    told.digest = Some(so_far);
    node.publish(&topic, &told.event()).map_err(Failure::job)
}

/// Publishes a row. False when there was no room, and it was counted as dropped.
fn publish(node: &Node, row: &mut Row, number: u64) -> Result<bool, Failure> {
    let now = Value::from(SystemTime::now()).extract().unwrap_or_default();
    stamp(&mut row.event, number, now);
    match node.publish(&row.topic, &row.event) {
        Ok(()) => Ok(true),
        Err(Error::Publish(PublishError::Overloaded)) => Ok(false),
        Err(error) => Err(Failure::job(error)),
    }
}

/// Rows that this node gave up.
fn dropped(node: &Node) -> u64 {
    let status = node.status();
    let classes = status.links.iter().flat_map(|link| &link.classes);
    classes.map(|class| class.dropped_messages).sum::<u64>() + status.published.refused
}
