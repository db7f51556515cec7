//! `zeekwire pub`: publishes an event, and says what became of it.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use zeekwire::status::NodeStatus;
use zeekwire::{Event, Value};

use crate::client::{Client, interrupted};
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds, format_name, topic};
use crate::output;
use crate::render::number::count;
use crate::stop::Stop;

/// Publish an event
///
/// Waits until it is linked, publishes, waits until the event has left, and tells when nobody
/// subscribed. Arguments are written as in Zeek's scripts; quote them for the shell:
///
///     42 -1 1.5 T 5sec 80/tcp 10.0.0.1 10.0.0.0/8 '"text"' Notice::Tally
///     '[1, 2]' '[a=1, b=2]' '{1, 2}' '{k = v}' count:5 string:5 unset:
///
/// Anything else is a string. Nodes do not forward yet: the event reaches the nodes that this one
/// is linked to, and no further.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct PublishFlags {
    /// What the event is about, such as zeek/alerts
    #[arg(value_name = "TOPIC", value_parser = topic)]
    topic: String,

    /// The event's name, such as Demo::hello
    #[arg(value_name = "EVENT", value_parser = event_name)]
    event: String,

    /// The event's arguments
    #[arg(value_name = "ARGS", value_parser = argument, allow_negative_numbers = true)]
    args: Vec<Value>,

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

fn argument(text: &str) -> Result<Value, String> {
    Value::parse_text(text).map_err(|error| error.to_string())
}

fn event_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("an event's name has no spaces: write Module::name".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs the command.
pub(crate) fn run(flags: &PublishFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let event = Event::new(&flags.event, flags.args.iter().cloned());
    let mut client = Client::start_with(&flags.links, "pub", |node| node.format(&flags.format))?;
    client.open_links(&flags.links)?;
    client.wait_linked(&stop)?;
    publish_all(flags, &client, &event, &stop)?;
    let status = wait_sent(&client, &stop, flags.flush.0)?;
    client.node.shut_down(flags.flush.0);
    verdict(flags, &status)
}

fn publish_all(
    flags: &PublishFlags,
    client: &Client,
    event: &Event,
    stop: &Stop,
) -> Result<(), Failure> {
    let started = Instant::now();
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
        client.node.publish(&flags.topic, event).map_err(|error| {
            Failure::job(format_args!(
                "event {} of {} not published: {error}",
                n + 1,
                flags.repeat
            ))
        })?;
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

fn verdict(flags: &PublishFlags, status: &NodeStatus) -> Result<(), Failure> {
    let classes = status.links.iter().flat_map(|link| &link.classes);
    let dropped: u64 = classes.map(|class| class.dropped_messages).sum();
    if dropped > 0 {
        return Err(Failure::job(format_args!(
            "{} of {} events were dropped: the subscriber is too slow; --rate makes it easier",
            count(dropped),
            count(flags.repeat)
        )));
    }
    match status.published.unrouted {
        0 => Ok(()),
        _ if flags.allow_unheard => Ok(()),
        unheard => Err(Failure::job(format_args!(
            "nobody who is linked subscribes to {:?}: {} of {} events went nowhere. \
             Nodes do not forward yet, so --connect to the subscriber itself",
            flags.topic,
            count(unheard),
            count(flags.repeat)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_names_have_no_spaces() {
        assert!(event_name("Demo::hello").is_ok());
        for name in ["", "a b", "a\n"] {
            assert!(event_name(name).is_err(), "of {name:?}");
        }
    }
}
