//! Zeekwire in each role, through its public API with default settings.

mod cluster;

use std::collections::HashSet;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use zeekwire::{
    Error, LinkError, LinkEvent, Message, Node, NodeBuilder, PublishError, Receiver, RecvError,
    SetupError, Subscription, TrafficClass,
};

use crate::failure::{Failure, Result};
use crate::payload::Payloads;
use crate::role::{self, Job, Roles, RoundTrips};
use crate::window::Window;

pub(crate) use cluster::{beacon, relay, witness};

const TOPIC_EVENTS: &str = "zeek/bench/events";
const TOPIC_PING: &str = "zeek/bench/ping";
const TOPIC_PONG: &str = "zeek/bench/pong";
const TOPIC_LOGS: &str = "zeek/bench/logs";
/// Where a hub publishes for all of its links, and where they publish for it.
const TOPIC_FROM_HUB: &str = "zeek/bench/from-hub";
const TOPIC_TO_HUB: &str = "zeek/bench/to-hub";

const ENDPOINT: &str = "tcp://127.0.0.1:0";
/// How long anything but the measurement itself may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A batch of log records, as a thousand connections give one.
const LOG_BATCH_BYTES: usize = 64 * 1024;
/// Messages each way on every link, before it idles.
const MESSAGES_PER_LINK: usize = 100;

/// The roles over Zeekwire.
#[derive(Debug)]
pub(crate) struct Zeekwire;

impl Roles for Zeekwire {
    fn publish(&self, job: &Job) -> Result<()> {
        let node = if job.address.is_empty() {
            let (node, ready) = listening("publisher")?;
            for _ in 0..job.subscribers {
                ready
                    .recv_timeout(PATIENCE)
                    .map_err(|_| Failure::new("a subscriber is missing"))?;
            }
            node
        } else {
            // Once a link is ready, all subscriptions that the forwarder knows are effective.
            linked("publisher", &job.address)?
        };
        role::say("ready")?;
        role::await_go()?;
        let mut payloads = Payloads::new(job.payload_bytes)?;
        loop {
            publish(&node, TOPIC_EVENTS, payloads.next())?;
        }
    }

    fn subscribe(&self, job: &Job) -> Result<()> {
        let node = Node::builder(&own_name("subscriber")).start()?;
        let mut window = Window::new(job);
        let take = move |message: &Message<'_>| or_exit(window.take(message.payload()));
        let events = node.subscribe([TOPIC_EVENTS])?;
        let subscription = if job.io_thread {
            events.on_io_thread(take)
        } else {
            events.handler(take)
        }?;
        link(&node, &job.address)?;
        effective(&subscription)?;
        role::say("ready")?;
        role::end_with_stdin();
        forever()
    }

    fn pong(&self, job: &Job) -> Result<()> {
        let (node, ready) = if job.address.is_empty() {
            let (node, ready) = listening("echo")?;
            (node, Some(ready))
        } else {
            (linked("echo", &job.address)?, None)
        };
        let publisher = node.clone();
        let answer = move |message: &Message<'_>| {
            or_exit(publish(&publisher, TOPIC_PONG, message.payload()));
        };
        let requests = node.subscribe([TOPIC_PING])?;
        let requests = if job.io_thread {
            requests.on_io_thread(answer)
        } else {
            requests.handler(answer)
        }?;
        let logs = node.subscribe([TOPIC_LOGS])?;
        let _logs = logs.handler(|message| {
            std::hint::black_box(message.payload());
        })?;
        match ready {
            Some(ready) => ready
                .recv_timeout(PATIENCE)
                .map_err(|_| Failure::new("nobody called"))?,
            None => effective(&requests)?,
        }
        role::say("ready")?;
        role::end_with_stdin();
        forever()
    }

    fn ping(&self, job: &Job) -> Result<()> {
        let node = Node::builder("caller").start()?;
        let trips = RoundTrips::new(job)?;
        if job.io_thread {
            return ping_on_io_thread(&node, job, trips);
        }
        let answers = node.subscribe([TOPIC_PONG])?.receiver()?;
        link(&node, &job.address)?;
        effective(answers.subscription())?;
        role::end_with_stdin();
        if job.log_load {
            let node = node.clone();
            thread::spawn(move || or_exit(publish_logs(&node)));
        }
        ping_with_receiver(&node, &answers, trips)
    }
}

/// Listens for links that then idle: says `listening ADDRESS`; answers once every link has sent
/// its messages, then says `quiet`.
pub(crate) fn hub(job: &Job) -> Result<()> {
    let node = Node::builder("hub").start()?;
    let (sender, all_there) = mpsc::channel();
    let (mut left, payload_bytes) = (job.links * MESSAGES_PER_LINK, job.payload_bytes);
    let _subscription = node.subscribe([TOPIC_TO_HUB])?.on_io_thread(move |_| {
        left -= 1;
        if left == 0 {
            // The receiver waits for nothing else.
            let _ = sender.send(());
        }
    })?;
    let endpoint = node.listen(ENDPOINT)?;
    role::say(&format!("listening {endpoint}"))?;
    role::end_with_stdin();
    all_there
        .recv()
        .map_err(|_| Failure::new("the subscription ended"))?;
    let mut payloads = Payloads::new(payload_bytes)?;
    for _ in 0..MESSAGES_PER_LINK {
        publish(&node, TOPIC_FROM_HUB, payloads.next())?;
    }
    role::say("quiet")?;
    forever()
}

/// Opens `job.links` links to a hub, one client each, with traffic both ways; says `quiet` when all
/// that the hub sent has arrived on each.
pub(crate) fn swarm(job: &Job) -> Result<()> {
    let mut kept = Vec::new();
    let arrived = Arc::new(AtomicUsize::new(0));
    for number in 0..job.links {
        let name = own_name(&format!("link-{number}"));
        let node = Node::builder(&name).client().start()?;
        let arrived = Arc::clone(&arrived);
        let subscription = node.subscribe([TOPIC_FROM_HUB])?.on_io_thread(move |_| {
            arrived.fetch_add(1, Ordering::Relaxed);
        })?;
        link(&node, &job.address)?;
        effective(&subscription)?;
        kept.push((node, subscription));
    }
    role::end_with_stdin();
    let mut payloads = Payloads::new(job.payload_bytes)?;
    for (node, _) in &kept {
        for _ in 0..MESSAGES_PER_LINK {
            publish(node, TOPIC_TO_HUB, payloads.next())?;
        }
    }
    while arrived.load(Ordering::Relaxed) < job.links * MESSAGES_PER_LINK {
        thread::sleep(Duration::from_millis(10));
    }
    role::say("quiet")?;
    forever()
}

/// Publishes an opaque payload, again while the queues are full.
fn publish(node: &Node, topic: &str, payload: &[u8]) -> Result<()> {
    loop {
        match node.publication(topic).send(payload) {
            Ok(()) => return Ok(()),
            Err(PublishError::Overloaded) => thread::yield_now(),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Keeps the queue of the log class full.
fn publish_logs(node: &Node) -> Result<()> {
    let batch = vec![0x5a; LOG_BATCH_BYTES];
    loop {
        match node
            .publication(TOPIC_LOGS)
            .class(TrafficClass::Log)
            .send(&batch)
        {
            Ok(()) => {}
            Err(PublishError::Overloaded) => thread::sleep(Duration::from_micros(100)),
            Err(error) => return Err(error.into()),
        }
    }
}

fn ping_with_receiver(node: &Node, answers: &Receiver, mut trips: RoundTrips) -> Result<()> {
    while let Some(request) = trips.request() {
        publish(node, TOPIC_PING, request)?;
        trips.answer(answers.recv()?.payload())?;
    }
    role::say(&trips.report())
}

/// Each answer sends the next request, from the handler itself.
fn ping_on_io_thread(node: &Node, job: &Job, mut trips: RoundTrips) -> Result<()> {
    let (sender, end) = mpsc::channel();
    let first = trips.request().map(<[u8]>::to_vec).unwrap_or_default();
    let shared = Arc::new(Mutex::new(trips));
    let publisher = node.clone();
    let subscription = node.subscribe([TOPIC_PONG])?.on_io_thread(move |message| {
        let Ok(mut trips) = shared.lock() else { return };
        or_exit(trips.answer(message.payload()));
        match trips.request() {
            Some(request) => or_exit(publish(&publisher, TOPIC_PING, request)),
            // The receiver waits for nothing else.
            None => drop(sender.send(trips.report())),
        }
    })?;
    link(node, &job.address)?;
    effective(&subscription)?;
    role::end_with_stdin();
    publish(node, TOPIC_PING, &first)?;
    role::say(
        &end.recv()
            .map_err(|_| Failure::new("the subscription ended"))?,
    )
}

/// A node that listens and told where; the receiver gets one message for each peer whose
/// subscriptions are effective here.
fn listening(name: &str) -> Result<(Node, mpsc::Receiver<()>)> {
    let (sender, ready) = mpsc::channel();
    let seen = Mutex::new(HashSet::new());
    let builder: NodeBuilder = Node::builder(name).on_link_event(move |event| {
        if let LinkEvent::Ready { peer, .. } = event
            && seen
                .lock()
                .is_ok_and(|mut seen| seen.insert(peer.node.clone()))
        {
            // Nobody listens any more once enough are there.
            let _ = sender.send(());
        }
    });
    let node = builder.start()?;
    let endpoint = node.listen(ENDPOINT)?;
    role::say(&format!("listening {endpoint}"))?;
    Ok((node, ready))
}

/// Connects to each of `endpoints`, which commas separate.
fn link(node: &Node, endpoints: &str) -> Result<()> {
    for endpoint in endpoints.split(',').filter(|endpoint| !endpoint.is_empty()) {
        node.connect(endpoint)?.wait_ready(PATIENCE)?;
    }
    Ok(())
}

/// A node that is linked to each of `endpoints`.
fn linked(role: &str, endpoints: &str) -> Result<Node> {
    let node = Node::builder(&own_name(role)).start()?;
    link(&node, endpoints)?;
    Ok(node)
}

fn effective(subscription: &Subscription) -> Result<()> {
    if subscription.wait_effective(PATIENCE) {
        return Ok(());
    }
    Err(Failure::new("the subscription did not become effective"))
}

/// Names of members are unique; several processes play the same role.
fn own_name(role: &str) -> String {
    format!("{role}-{}", process::id())
}

/// Handlers have nobody to return an error to.
fn or_exit(result: Result<()>) {
    if let Err(failure) = result {
        crate::complain(&failure);
        process::exit(1);
    }
}

fn forever() -> Result<()> {
    loop {
        thread::park();
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<RecvError> for Failure {
    fn from(error: RecvError) -> Self {
        Self::new(error.to_string())
    }
}
