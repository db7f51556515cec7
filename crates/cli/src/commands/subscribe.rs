//! `zeekwire sub`: prints the events that match filters.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use zeekwire::{Message, MessageExt, Receiver, RecvError};

use crate::admin::AdminServer;
use crate::client::Client;
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds, filter};
use crate::output::{self, Output};
use crate::render::event::{json, line};
use crate::render::printable;
use crate::stop::Stop;

/// Print events whose topic matches a filter
///
/// One line for each event: time of arrival, topic, publisher, and the event as a call. Runs until
/// SIGINT, --count or --timeout.
///
/// Linked to a member of a cluster, it hears what anybody in the cluster publishes. Without one,
/// --listen and let `zeekwire pub` connect.
#[derive(Args, Debug)]
pub(crate) struct SubscribeFlags {
    /// What topics must match. `*` stands for any run of bytes, `\*` for the star itself; a filter
    /// without a star is one topic
    #[arg(required = true, value_name = "FILTER", value_parser = filter)]
    filters: Vec<String>,

    /// Share the subscription with all who name the same group: each event goes to one of them, in
    /// turns. Only members of a cluster share out events, so link to one
    #[arg(short, long, value_name = "NAME")]
    group: Option<String>,

    /// Print JSON lines with the members time, topic, publisher, sequence, format, event, args and,
    /// where there is any, metadata
    #[arg(long)]
    json: bool,

    /// End after so many events
    #[arg(short = 'n', long, value_name = "N")]
    count: Option<u64>,

    /// End after so many seconds; with --count, exit status 1 when fewer events arrived
    #[arg(short, long, value_name = "SECS")]
    timeout: Option<Seconds>,

    #[command(flatten)]
    links: LinkFlags,
}

/// Runs the command.
pub(crate) fn run(flags: &SubscribeFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?.on_closed_output();
    let mut client = Client::start(&flags.links, "sub")?;
    let mut subscription = client.node.subscribe(&flags.filters)?;
    if let Some(group) = &flags.group {
        subscription = subscription.in_group(group);
    }
    let receiver = subscription.receiver()?;
    let _admin = AdminServer::start(&client.node);
    client.open_links(&flags.links)?;
    if client.dials() {
        client.wait_linked(&stop)?;
        receiver.subscription().wait_effective(flags.links.wait.0);
    }
    let printed = print_all(flags, &client, &receiver, &stop)?;
    client.node.shut_down(Duration::from_secs(1));
    match flags.count {
        Some(wanted) if printed < wanted && !stop.is_set() => Err(Failure::job(format_args!(
            "only {printed} of {wanted} events arrived in time"
        ))),
        _ => Ok(()),
    }
}

fn print_all(
    flags: &SubscribeFlags,
    client: &Client,
    receiver: &Receiver,
    stop: &Stop,
) -> Result<u64, Failure> {
    let deadline = flags
        .timeout
        .map(|Seconds(timeout)| Instant::now() + timeout);
    let mut printer = Printer::new(flags.json);
    let mut printed = 0;
    let mut wait = Duration::ZERO;
    while flags.count.is_none_or(|count| printed < count) && !stop.is_set() {
        client.tell_news();
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            break;
        }
        match receiver.recv_timeout(wait) {
            Ok(received) => {
                printed += u64::from(printer.print(&received.message())?);
                // What waits already is printed before anything is handed over.
                wait = Duration::ZERO;
            }
            Err(RecvError::Timeout) => {
                printer.flush()?;
                wait = Stop::LOOK_EVERY;
            }
            Err(RecvError::Closed) => break,
        }
    }
    printer.flush()?;
    Ok(printed)
}

/// Prints messages as they arrive.
#[derive(Debug)]
pub(crate) struct Printer {
    output: Output,
    json: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            output: Output::new(),
            json,
        }
    }

    /// Prints a message. Returns whether there was an event in it; where not, that is told on
    /// standard error.
    pub(crate) fn print(&mut self, message: &Message<'_>) -> Result<bool, Failure> {
        let event = match message.event() {
            Ok(event) => event,
            Err(error) => {
                self.flush()?;
                output::note(format_args!(
                    "a message of {} holds no event that can be read: {error}",
                    printable(message.publisher())
                ));
                return Ok(false);
            }
        };
        let now = Timestamp::now();
        if self.json {
            let mut text = json(now, message, &event);
            text.push(b'\n');
            self.output.bytes(&text)?;
        } else {
            self.output.line(line(now, message, &event))?;
        }
        Ok(true)
    }

    /// Hands over what was printed so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }
}
