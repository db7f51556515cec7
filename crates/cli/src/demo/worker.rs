//! A worker of the demo: publishes rows at a steady rate, and hands work about some of them to the
//! proxy that it belongs to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use zeekwire::{Error, Event, MemberEvent, Node, Pool, PoolMembers, PublishError, Topic, Value};

use super::children::Parent;
use super::member::{self, MemberFlags, REPORT_EVERY};
use super::report::{Books, Counters, Sent};
use super::wire::{numbered, row_topic, stamp};
use super::{rows, stars};
use crate::admin::AdminServer;
use crate::failure::Failure;

/// How often it looks what is due.
const PACE: Duration = Duration::from_millis(1);
/// One event in so many is work for a proxy.
const WORK_EVERY: u64 = 4;

/// A worker of `zeekwire demo`
#[derive(Args, Debug)]
pub(crate) struct WorkerFlags {
    #[command(flatten)]
    member: MemberFlags,
    /// Which worker, from 0
    #[arg(long)]
    index: u32,
    /// How many there are
    #[arg(long)]
    workers: u32,
    /// Events a second
    #[arg(long)]
    rate: u32,
    /// The logs to publish
    #[arg(long)]
    logs: Option<PathBuf>,
}

/// One row, and the work that it makes.
struct Row {
    topic: String,
    event: Event,
    /// The host that it is about.
    key: String,
    work: Event,
}

/// Runs the worker: it publishes from the line `go` until the line `stop`.
pub(crate) fn run(flags: &WorkerFlags) -> Result<(), Failure> {
    let parent = Parent::listen();
    let rows = load(flags)?;
    let (up_in, up) = channel();
    let node = member::start(&flags.member, move |event| {
        if let MemberEvent::Up(member) = event {
            // The receiver lives as long as the process.
            let _ending = up_in.send((
                member.node.name.to_string(),
                member.node.incarnation.to_string(),
            ));
        }
    })?;
    member::link(&node, &flags.member)?;
    let _admin = AdminServer::start(&node);
    let mut worker = Worker::new(node.clone(), rows, up);
    let (mut started, mut report_at) = (None, Instant::now());
    while let Ok(said) = parent.said() {
        match said.as_deref() {
            Some("go") => started = Some(Instant::now()),
            Some("stop") => worker.stopped = true,
            _ => {}
        }
        worker.note_ups();
        let mut busy = false;
        if let Some(started) = started.filter(|_| !worker.stopped) {
            busy = worker.publish_due(started.elapsed(), flags.rate)?;
        }
        if Instant::now() >= report_at {
            report_at = Instant::now() + REPORT_EVERY;
            member::report(worker.books())?;
        }
        if !busy {
            thread::sleep(PACE);
        }
    }
    node.shut_down(Duration::from_secs(1));
    Ok(())
}

/// This worker's share of the rows.
fn load(flags: &WorkerFlags) -> Result<Vec<Row>, Failure> {
    let name = &flags.member.name;
    let mut rows = Vec::new();
    let all = rows::load(flags.logs.as_deref())?;
    let shares = (0..flags.workers).cycle();
    let numbered_rows = all.logs.into_iter().flat_map(|log| {
        let path = log.path;
        log.rows.into_iter().map(move |row| (path.clone(), row))
    });
    for ((log, row), share) in numbered_rows.zip(shares) {
        if share == flags.index {
            let key = key_of(&row);
            let args = [Value::string(key.clone()), Value::string(log.clone())];
            rows.push(Row {
                topic: row_topic(name, &log),
                work: numbered("Demo::seen".to_owned(), args),
                event: numbered(format!("Demo::{log}"), [row]),
                key,
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

/// The first address of a row, or else its first field.
fn key_of(row: &Value) -> String {
    let Value::Record(record) = row else {
        return row.to_string();
    };
    let address = record
        .fields
        .iter()
        .find(|field| matches!(field, Value::Addr(_)));
    address
        .or_else(|| record.fields.first())
        .map_or_else(String::new, ToString::to_string)
}

/// What a worker does, and what it knows of it.
struct Worker {
    node: Node,
    proxies: Pool,
    rows: Vec<Row>,
    /// Events published, of both kinds; and rows.
    events: u64,
    row_count: usize,
    sent: BTreeMap<String, Sent>,
    /// Members that were announced: name, and which life.
    up: Receiver<(String, String)>,
    stopped: bool,
}

impl Worker {
    fn new(node: Node, rows: Vec<Row>, up: Receiver<(String, String)>) -> Self {
        let proxies = node.pool(PoolMembers::Label(stars::POOL.to_owned()));
        Self {
            node,
            proxies,
            rows,
            events: 0,
            row_count: 0,
            sent: BTreeMap::new(),
            up,
            stopped: false,
        }
    }

    /// Takes note from which event on a receiver is sure to get all.
    fn note_ups(&mut self) {
        while let Ok((name, incarnation)) = self.up.try_recv() {
            if !stars::is_worker(&name) {
                let sent = self.sent_to(&name);
                let next = sent.count;
                sent.up_at.insert(incarnation, next);
            }
        }
    }

    fn sent_to(&mut self, target: &str) -> &mut Sent {
        self.sent.entry(target.to_owned()).or_insert_with(|| Sent {
            target: target.to_owned(),
            ..Sent::default()
        })
    }

    /// Publishes what is due after so long. Returns whether it is behind.
    fn publish_due(&mut self, elapsed: Duration, rate: u32) -> Result<bool, Failure> {
        let due = elapsed.as_nanos() * u128::from(rate) / 1_000_000_000;
        let missing = due.saturating_sub(self.events.into());
        // No more at a time than a moment's worth, so that parent and clock are looked at.
        for _ in 0..missing.min(200) {
            if !self.publish_next()? {
                return Ok(false);
            }
        }
        Ok(missing > 200)
    }

    /// Publishes one event. False when there was no room: it is tried again.
    fn publish_next(&mut self) -> Result<bool, Failure> {
        let last = self.row_count.wrapping_sub(1) % self.rows.len();
        let is_work = self.events % WORK_EVERY == WORK_EVERY - 1;
        let published = if is_work {
            let proxy = self.proxies.member_of(&self.rows[last].key);
            match proxy {
                None => true,
                // What `Pool::publish_hashed` does, with a number that counts for this proxy.
                Some(proxy) => {
                    let topic = Topic::of_node(&proxy);
                    let number = self.sent_to(proxy.as_str()).count;
                    let event = &mut self.rows[last].work;
                    let published = publish(&self.node, topic.as_bytes(), event, number)?;
                    self.sent_to(proxy.as_str()).count += u64::from(published);
                    published
                }
            }
        } else {
            let number = self.sent_to(stars::MANAGER).count;
            let at = self.row_count % self.rows.len();
            let row = &mut self.rows[at];
            let published = publish(&self.node, row.topic.as_bytes(), &mut row.event, number)?;
            self.sent_to(stars::MANAGER).count += u64::from(published);
            self.row_count += usize::from(published);
            published
        };
        self.events += u64::from(published);
        Ok(published)
    }

    fn books(&self) -> Books {
        Books {
            incarnation: self.node.id().incarnation.to_string(),
            members: self.node.members().len(),
            counters: Counters::of(&self.node.status()),
            sent: self.sent.values().cloned().collect(),
            stopped: self.stopped,
            ..Books::default()
        }
    }
}

fn publish(node: &Node, topic: &[u8], event: &mut Event, number: u64) -> Result<bool, Failure> {
    let now = Value::from(SystemTime::now()).extract().unwrap_or_default();
    stamp(event, number, now);
    match node.publish(topic, event) {
        Ok(()) => Ok(true),
        Err(Error::Publish(PublishError::Overloaded)) => Ok(false),
        Err(error) => Err(Failure::job(error)),
    }
}
