//! `zeekwire pub`: publishes an event, and says what became of it.

mod pool;

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use zeekwire::status::NodeStatus;
use zeekwire::{Event, NodeName, Topic, Value};

use crate::client::{Client, interrupted};
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds, argument, event_name, format_name, topic};
use crate::output;
use crate::render::number::count;
use crate::stop::Stop;

use pool::{LivePool, PoolFlag};

/// Publish an event
///
/// Waits until it is linked, publishes, waits until the event has left, and tells when nobody in
/// the cluster subscribed.
/// Arguments are written as in Zeek's scripts; quote them for the shell:
///
///     42 -1 1.5 T 5sec 80/tcp 10.0.0.1 10.0.0.0/8 '"text"' Notice::Tally
///     '[1, 2]' '[a=1, b=2]' '{1, 2}' '{k = v}' count:5 string:5 unset:
///
/// Anything else is a string.
///
/// With --pool there is no TOPIC: each event goes to one member of the pool, on its own topic
/// .node.NAME. Who is up is asked for once, at the start.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    override_usage = "\
    zeekwire pub [OPTIONS] <TOPIC> <EVENT> [ARGS]...\n       \
    zeekwire pub [OPTIONS] --pool <POOL> <EVENT> [ARGS]..."
)]
pub(crate) struct PublishFlags {
    /// What the event is about, such as zeek/alerts. Not with --pool
    #[arg(value_name = "TOPIC")]
    first: Option<String>,

    /// The event's name, such as Demo::hello
    #[arg(value_name = "EVENT", allow_negative_numbers = true)]
    second: Option<String>,

    /// The event's arguments
    #[arg(value_name = "ARGS", allow_negative_numbers = true)]
    rest: Vec<String>,

    /// Publish to members of this pool: a label, as of `zeekwire node --pool`; a pattern of names
    /// in which `*` stands for any run of characters; or names, with commas between them
    #[arg(long, value_name = "POOL")]
    pool: Option<PoolFlag>,

    /// Publish to the member of the pool to which this key belongs, by rendezvous hashing: the same
    /// for all publishers, and for as long as it is up
    #[arg(
        short,
        long,
        value_name = "KEY",
        requires = "pool",
        conflicts_with = "round_robin"
    )]
    key: Option<String>,

    /// Publish to one member of the pool after the other. This is the default without --key
    #[arg(long, requires = "pool")]
    round_robin: bool,

    /// Publish it so many times
    #[arg(short, long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..))]
    repeat: u64,

    /// Publish at most so many a second; 0 is as fast as possible
    #[arg(long, value_name = "PER_SECOND", default_value_t = 0)]
    rate: u64,

    /// Encode it in this format: capnp-v1, broker-bin-v1 or broker-json-v1
    #[arg(long, value_name = "NAME", default_value = "capnp-v1", value_parser = format_name)]
    format: String,

    /// Give up when the event has not left within this time, in seconds
    #[arg(long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(5)))]
    flush: Seconds,

    /// Succeed also when nobody subscribed
    #[arg(long)]
    allow_unheard: bool,

    #[command(flatten)]
    links: LinkFlags,
}

/// What is published, and to whom.
#[derive(Debug)]
struct Job {
    target: Target,
    event: Event,
}

/// To whom events go.
#[derive(Debug)]
enum Target {
    /// To all who subscribed to a topic.
    Topic(String),
    /// To one member of a pool each.
    Pool(LivePool),
}

impl PublishFlags {
    /// The topic, if there is one, and the event.
    fn words(&self) -> Result<(Option<String>, Event), Failure> {
        let typed = [&self.first, &self.second];
        let mut words = typed.into_iter().flatten().chain(&self.rest);
        let mut read = |name: &str, parse: fn(&str) -> Result<String, String>| match words.next() {
            Some(word) => parse(word).map_err(|error| invalid(word, name, &error)),
            None => Err(Failure::usage(format_args!(
                "{name} is missing: write {}",
                if self.pool.is_some() {
                    "--pool <POOL> <EVENT> [ARGS]..."
                } else {
                    "<TOPIC> <EVENT> [ARGS]..."
                }
            ))),
        };
        let topic = match self.pool {
            Some(_) => None,
            None => Some(read("<TOPIC>", topic)?),
        };
        let name = read("<EVENT>", event_name)?;
        let args = words.map(|word| argument(word).map_err(|e| invalid(word, "[ARGS]...", &e)));
        let args: Vec<Value> = args.collect::<Result<_, _>>()?;
        Ok((topic, Event::new(&name, args)))
    }
}

fn invalid(word: &str, name: &str, error: &str) -> Failure {
    Failure::usage(format_args!("invalid value '{word}' for '{name}': {error}"))
}

/// Runs the command.
pub(crate) fn run(flags: &PublishFlags) -> Result<(), Failure> {
    let (topic, event) = flags.words()?;
    let stop = Stop::on_signals()?;
    let mut client = Client::start_with(&flags.links, "pub", |node| node.format(&flags.format))?;
    client.open_links(&flags.links)?;
    client.wait_linked(&stop)?;
    let target = match (topic, &flags.pool) {
        (Some(topic), _) => Target::Topic(topic),
        (None, Some(pool)) => {
            let pool = LivePool::ask(&client, pool, flags.links.wait.0)?;
            Target::Pool(match &flags.key {
                Some(key) => pool.owner_of(key),
                None => pool,
            })
        }
        (None, None) => return Err(Failure::usage("<TOPIC> is missing")),
    };
    let job = Job { target, event };
    let ears = Ears::look(&client, &job.target)?;
    publish_all(flags, &client, &job, &stop)?;
    let status = wait_sent(&client, &stop, flags.flush.0)?;
    let heard = flags.allow_unheard || ears.are_there(&stop);
    client.node.shut_down(flags.flush.0);
    verdict(flags, &job.target, &status, heard)
}

/// Whether anybody behind the linked members subscribes: they take everything, so only a trace
/// can tell.
struct Ears(mpsc::Receiver<()>);

impl Ears {
    /// Nobody knows how many nodes will tell.
    const PATIENCE: Duration = Duration::from_secs(2);

    fn look(client: &Client, target: &Target) -> Result<Self, Failure> {
        let (heard, ears) = mpsc::channel();
        match target {
            Target::Topic(topic) => {
                let told = client.node.trace(topic, Self::PATIENCE, move |report| {
                    if report.hops.last().is_some_and(|hop| hop.subscribed) {
                        // One is enough; whoever asked may be gone.
                        let _known = heard.send(());
                    }
                });
                told.map_err(|error| Failure::job(format_args!("{error}")))?;
            }
            // A node is always subscribed to its own topic.
            Target::Pool(_) => _ = heard.send(()),
        }
        Ok(Self(ears))
    }

    fn are_there(&self, stop: &Stop) -> bool {
        let until = Instant::now() + Self::PATIENCE;
        while !stop.is_set() && Instant::now() < until {
            if self.0.recv_timeout(Stop::LOOK_EVERY).is_ok() {
                return true;
            }
        }
        false
    }
}

fn publish_all(
    flags: &PublishFlags,
    client: &Client,
    job: &Job,
    stop: &Stop,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut given: BTreeMap<String, u64> = BTreeMap::new();
    for n in 0..flags.repeat {
        if let Some(due) = n.saturating_mul(1_000_000_000).checked_div(flags.rate) {
            let due = started + Duration::from_nanos(due);
            while let Some(left) = due.checked_duration_since(Instant::now())
                && !stop.is_set()
            {
                thread::sleep(left.min(Stop::LOOK_EVERY));
            }
        }
        if stop.is_set() {
            output::note(format_args!(
                "published {} of {} events",
                count(n),
                count(flags.repeat)
            ));
            return Err(interrupted(stop));
        }
        let sent = match &job.target {
            Target::Topic(topic) => client.node.publish(topic, &job.event),
            Target::Pool(pool) => {
                let member = pool.next(n);
                *given.entry(member.to_string()).or_default() += 1;
                client
                    .node
                    .publish(Topic::of_node(member).as_bytes(), &job.event)
            }
        };
        sent.map_err(|error| {
            Failure::job(format_args!(
                "event {} of {} not published: {error}",
                n + 1,
                flags.repeat
            ))
        })?;
    }
    for (member, n) in given {
        output::print(format_args!("{member}: {}", count(n)))?;
    }
    Ok(())
}

/// Waits until nothing waits for a link any more.
fn wait_sent(client: &Client, stop: &Stop, flush_max: Duration) -> Result<NodeStatus, Failure> {
    let deadline = Instant::now() + flush_max;
    let mut pause = Duration::from_millis(1);
    loop {
        let status = client.node.status();
        let classes = status.links.iter().flat_map(|link| &link.classes);
        let waiting: usize = classes.map(|class| class.queued_messages).sum();
        if status.published.queued_bytes == 0 && waiting == 0 {
            return Ok(status);
        }
        if stop.is_set() {
            return Err(interrupted(stop));
        }
        if Instant::now() >= deadline {
            return Err(Failure::job(format_args!(
                "{} events have not left within {} s: the subscriber is slow or stopped; --flush \
                 gives more time",
                count(waiting as u64),
                flush_max.as_secs_f64()
            )));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Stop::LOOK_EVERY);
    }
}

fn verdict(
    flags: &PublishFlags,
    target: &Target,
    status: &NodeStatus,
    heard: bool,
) -> Result<(), Failure> {
    let classes = status.links.iter().flat_map(|link| &link.classes);
    let dropped: u64 = classes.map(|class| class.dropped_messages).sum();
    if dropped > 0 {
        return Err(Failure::job(format_args!(
            "{} of {} events were dropped: the subscriber is too slow; --rate makes it easier",
            count(dropped),
            count(flags.repeat)
        )));
    }
    let unheard = if heard {
        status.published.unrouted
    } else {
        flags.repeat
    };
    match unheard {
        0 => Ok(()),
        _ if flags.allow_unheard => Ok(()),
        unheard => Err(Failure::job(format_args!(
            "nobody who can be reached subscribes to {}: {} of {} events went nowhere. \
             --connect to a member of a cluster, or to the subscriber itself",
            match target {
                Target::Topic(topic) => format!("{topic:?}"),
                Target::Pool(pool) => format!(
                    "the topics of {}",
                    pool.names()
                        .iter()
                        .map(NodeName::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            },
            count(unheard),
            count(flags.repeat)
        ))),
    }
}
