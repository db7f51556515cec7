//! `zeekwire ping`: measures round trips to a node.

use std::time::{Duration, Instant};

use clap::Args;
use zeekwire::{Event, Message, MessageExt, NodeName, Peer, Receiver, RecvError, Topic, Value};

use crate::client::{Client, describe};
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds};
use crate::output;
use crate::render::histogram::Latencies;
use crate::render::number::nanoseconds;
use crate::stop::Stop;

/// The event that asks; its arguments are a number, and the time at which it was sent.
pub(crate) const PING: &str = "zeekwire::ping";
/// The event that answers, with the same arguments.
pub(crate) const PONG: &str = "zeekwire::pong";

/// Measure round trips to a node
///
/// Publishes an event to the node's own topic, one after the other, and waits for each to be
/// answered. Every `zeekwire node` answers, however far away in the cluster. Prints percentiles and
/// a histogram.
#[derive(Args, Debug)]
pub(crate) struct PingFlags {
    /// The node to ping [default: the node at the other end of the link]
    #[arg(value_name = "NODE")]
    target: Option<NodeName>,

    /// Ping so many times
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,

    /// Let so many milliseconds pass between an answer and the next ping
    #[arg(short, long, value_name = "MS", default_value_t = 10)]
    interval_ms: u64,

    /// A ping without answer is lost after so many seconds
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(1)))]
    timeout: Seconds,

    /// Print one JSON object, with times in nanoseconds
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    links: LinkFlags,
}

/// Runs the command.
pub(crate) fn run(flags: &PingFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut client = Client::start(&flags.links, "ping")?;
    let own = Topic::of_node(&client.node.id().name);
    let pongs = client.node.subscribe([own.as_bytes()])?.receiver()?;
    client.open_links(&flags.links)?;
    let peers = client.wait_linked(&stop)?;
    let target = choose(flags.target.as_ref(), &peers)?;
    pongs.subscription().wait_effective(flags.links.wait.0);
    let mut latencies = Latencies::new();
    let mut sent = 0;
    while sent < flags.count && !stop.is_set() {
        if sent > 0 {
            std::thread::sleep(Duration::from_millis(flags.interval_ms));
        }
        if let Some(latency) = ping(&client, target, sent, &pongs, flags.timeout.0)? {
            latencies.record(latency);
        }
        sent += 1;
        let answered = latencies.percentiles().count;
        if answered == 0 && sent >= 3 {
            break;
        }
    }
    client.node.shut_down(Duration::from_secs(1));
    report(flags.json, target, sent, &latencies)
}

fn choose<'a>(target: Option<&'a NodeName>, peers: &'a [Peer]) -> Result<&'a NodeName, Failure> {
    match (target, peers) {
        (Some(target), _) => Ok(target),
        (None, [only]) => Ok(&only.node.name),
        (None, _) => Err(Failure::usage(format_args!(
            "name one of the linked nodes: {}",
            peers.iter().map(describe).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// One round trip; `None` when no answer came in time.
fn ping(
    client: &Client,
    target: &NodeName,
    number: u64,
    pongs: &Receiver,
    timeout: Duration,
) -> Result<Option<Duration>, Failure> {
    let topic = Topic::of_node(target);
    let now = Value::from(std::time::SystemTime::now());
    let ping = Event::new(PING, [Value::Count(number), now]);
    let sent = Instant::now();
    client
        .node
        .publish(topic.as_bytes(), &ping)
        .map_err(Failure::job)?;
    loop {
        let left = timeout.saturating_sub(sent.elapsed());
        match pongs.recv_timeout(left) {
            Ok(received) if answers(&received.message(), number) => {
                return Ok(Some(sent.elapsed()));
            }
            // The late answer to a ping that was given up.
            Ok(_) => {}
            Err(RecvError::Timeout) => return Ok(None),
            Err(RecvError::Closed) => return Err(Failure::job("the node was shut down")),
        }
    }
}

fn answers(message: &Message<'_>, number: u64) -> bool {
    let event = message.event();
    event.is_ok_and(|event| event.name == PONG && event.args.first() == Some(&Value::Count(number)))
}

fn report(json: bool, target: &NodeName, sent: u64, latencies: &Latencies) -> Result<(), Failure> {
    let percentiles = latencies.percentiles();
    let lost = sent - percentiles.count;
    if json {
        output::print(serde_json::json!({
            "node": target.as_str(),
            "sent": sent,
            "lost": lost,
            "min_ns": percentiles.min_ns,
            "p50_ns": percentiles.p50_ns,
            "p90_ns": percentiles.p90_ns,
            "p99_ns": percentiles.p99_ns,
            "max_ns": percentiles.max_ns,
        }))?;
    } else {
        output::print(format_args!("{target}: {sent} pings, {lost} lost"))?;
        if percentiles.count > 0 {
            let min = nanoseconds(percentiles.min_ns);
            output::print(format_args!("min {min}  {}", percentiles.line()))?;
            output::print(latencies.bars())?;
        }
    }
    match percentiles.count {
        0 => Err(Failure::job(format_args!(
            "{target} does not answer: is it there, and a `zeekwire node` without --no-echo? \
             `zeekwire trace .node.{target}` shows how far a ping gets"
        ))),
        _ if lost > 0 => Err(Failure::Told),
        _ => Ok(()),
    }
}
