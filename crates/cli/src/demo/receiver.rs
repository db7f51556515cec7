//! The manager and the proxies of the demo: they receive, check and count.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use zeekwire::{Message, MessageExt, Node, RecvError, Topic};

use super::children::Parent;
use super::member::{self, MemberFlags, REPORT_EVERY};
use super::report::{Books, Counters, Received};
use super::stars;
use super::wire::{ROWS, understand};
use crate::admin::AdminServer;
use crate::failure::Failure;
use crate::render::histogram::Latencies;

/// The manager or a proxy of `zeekwire demo`
#[derive(Args, Debug)]
pub(crate) struct ReceiverFlags {
    #[command(flatten)]
    member: MemberFlags,
}

/// Runs the node.
pub(crate) fn run(flags: &ReceiverFlags) -> Result<(), Failure> {
    let parent = Parent::listen();
    let node = member::start(&flags.member, |_event| {})?;
    // Rows go to a topic that the manager subscribed to, work to the proxy that it belongs to.
    let own = Topic::of_node(&node.id().name);
    let filter = if stars::is_proxy(&flags.member.name) {
        own.as_bytes()
    } else {
        ROWS.as_bytes()
    };
    let receiver = node.subscribe([filter])?.receiver()?;
    member::link(&node, &flags.member)?;
    let _admin = AdminServer::start(&node);
    let mut desk = Desk::new(node.clone());
    let mut report_at = Instant::now();
    // The parent says nothing to receivers; it only goes.
    while parent.said().is_ok() {
        match receiver.recv_timeout(REPORT_EVERY) {
            Ok(received) => desk.take(&received.message()),
            Err(RecvError::Timeout) => {}
            Err(RecvError::Closed) => {
                let name = &flags.member.name;
                return Err(Failure::job(format_args!("the node of {name} ended")));
            }
        }
        if Instant::now() >= report_at {
            report_at = Instant::now() + REPORT_EVERY;
            member::report(desk.books())?;
        }
    }
    node.shut_down(Duration::from_secs(1));
    Ok(())
}

/// What arrived.
struct Desk {
    node: Node,
    received: Vec<Received>,
    received_bytes: u64,
    strange: u64,
    recent: Latencies,
    latency: Latencies,
}

impl Desk {
    fn new(node: Node) -> Self {
        Self {
            node,
            received: Vec::new(),
            received_bytes: 0,
            strange: 0,
            recent: Latencies::new(),
            latency: Latencies::new(),
        }
    }

    fn take(&mut self, message: &Message<'_>) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let Some(heard) = message.event().ok().and_then(|event| understand(&event)) else {
            self.strange += 1;
            return;
        };
        self.received_bytes += message.payload().len() as u64;
        let life = life_of(&mut self.received, message);
        life.take(heard.number, message.sequence(), heard.intact);
        let latency = Duration::try_from_secs_f64(now.as_secs_f64() - heard.sent_at);
        let latency = latency.unwrap_or_default();
        self.recent.record(latency);
        self.latency.record(latency);
    }

    fn books(&mut self) -> Books {
        let books = Books {
            incarnation: self.node.id().incarnation.to_string(),
            members: self.node.members().len(),
            counters: Counters::of(&self.node.status()),
            received: self.received.clone(),
            stopped: true,
            strange: self.strange,
            received_bytes: self.received_bytes,
            recent: self.recent.percentiles(),
            latency: self.latency.percentiles(),
            ..Books::default()
        };
        self.recent.clear();
        books
    }
}

/// The books of the life of the publisher that sent a message.
fn life_of<'a>(received: &'a mut Vec<Received>, message: &Message<'_>) -> &'a mut Received {
    let incarnation = message.incarnation().to_string();
    let known = received.iter().position(|known| {
        known.publisher == message.publisher() && known.incarnation == incarnation
    });
    let at = known.unwrap_or_else(|| {
        received.push(Received {
            publisher: message.publisher().to_owned(),
            incarnation,
            ..Received::default()
        });
        received.len() - 1
    });
    &mut received[at]
}
