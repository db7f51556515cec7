//! Counts the allocations that an event costs on its way, with a counting allocator.
//!
//! Prints one line for each stretch of the way: `NAME count=MESSAGES allocations=TOTAL`. A program
//! of its own, because the counter would cost every other measurement.

// The one place outside crates/buffer: an allocator cannot be written without.
#![deny(unsafe_op_in_unsafe_fn)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use zeekwire::value::{Port, PortProtocol};
use zeekwire::{Event, EventEncoder, EventMessage, Message, Node, Subscription, Value};

thread_local! {
    /// Whether this is the IO thread of a forwarder.
    static FORWARDS: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, and how often it was asked for memory.
struct Counting {
    allocations: AtomicU64,
    /// Those of a forwarder's IO thread alone.
    forwarding: AtomicU64,
}

impl Counting {
    fn note(&self) {
        self.allocations.fetch_add(1, Ordering::Relaxed);
        // A thread that ends has its variables no more.
        if FORWARDS.try_with(Cell::get).unwrap_or(false) {
            self.forwarding.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting {
    allocations: AtomicU64::new(0),
    forwarding: AtomicU64::new(0),
};

// SAFETY: every call goes to the system's allocator with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note();
        // SAFETY: the caller promises what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as for `alloc`; the memory came from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.note();
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.note();
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let event = Event::new(
        "Bench::transfer_seen",
        [
            Value::Time(1_700_000_000.25),
            Value::Addr([192, 0, 2, 17].into()),
            Value::Port(Port {
                number: 8080,
                protocol: PortProtocol::Tcp,
            }),
            Value::Count(1_048_576),
            Value::String(b"GET /download/archive.tar.gz".to_vec()),
        ],
    );
    let mut encoder = EventEncoder::new();
    count("encode", || {
        black_box(encoder.encode_event(black_box(&event))?);
        Ok(())
    })?;
    let bytes = encoder.encode_event(&event)?;
    count("visit", || {
        let message = EventMessage::new(black_box(bytes))?;
        for argument in message.event()?.args().iter() {
            black_box(argument.read()?);
        }
        Ok(())
    })?;
    let mut pair = Pair::new(Handler::IoThread)?;
    pair.count("encoded-to-delivery", |node| {
        Ok(node.publication(TOPIC).send(bytes)?)
    })?;
    pair.count("event-to-delivery", |node| {
        Ok(node.publish(TOPIC, black_box(&event))?)
    })?;
    let mut pair = Pair::new(Handler::OwnThread)?;
    pair.count("encoded-to-handler", |node| {
        Ok(node.publication(TOPIC).send(bytes)?)
    })?;
    let mut pair = Pair::relayed()?;
    pair.count("relayed", |node| Ok(node.publication(TOPIC).send(bytes)?))
}

/// Which thread a subscriber's handler runs on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Handler {
    IoThread,
    OwnThread,
}

/// A publisher and a subscriber, two nodes of this process, linked over TCP.
struct Pair {
    publisher: Node,
    /// What is between them.
    forwarder: Option<Node>,
    delivered: Arc<AtomicU64>,
    published: u64,
    _subscription: Subscription,
}

impl Pair {
    fn new(handler: Handler) -> Result<Self, Box<dyn Error>> {
        let subscriber = Node::builder("subscriber").start()?;
        let (delivered, subscription) = subscribe(&subscriber, handler)?;
        let endpoint = subscriber.listen(ENDPOINT)?;
        Self::linked(&endpoint, None, delivered, subscription)
    }

    /// Both are linked to a third node only.
    fn relayed() -> Result<Self, Box<dyn Error>> {
        let forwarder = Node::builder("forwarder")
            .on_link_event(|_| FORWARDS.set(true))
            .start()?;
        let endpoint = forwarder.listen(ENDPOINT)?;
        let subscriber = Node::builder("subscriber").start()?;
        let (delivered, subscription) = subscribe(&subscriber, Handler::IoThread)?;
        subscriber.connect(&endpoint)?.wait_ready(PATIENCE)?;
        Self::linked(&endpoint, Some(forwarder), delivered, subscription)
    }

    fn linked(
        endpoint: &str,
        forwarder: Option<Node>,
        delivered: Arc<AtomicU64>,
        subscription: Subscription,
    ) -> Result<Self, Box<dyn Error>> {
        let publisher = Node::builder("publisher").start()?;
        publisher.connect(endpoint)?.wait_ready(PATIENCE)?;
        Ok(Self {
            publisher,
            forwarder,
            delivered,
            published: 0,
            _subscription: subscription,
        })
    }

    /// What is counted: all of this process, or where there is a forwarder, its IO thread alone.
    fn counter(&self) -> &'static AtomicU64 {
        match self.forwarder {
            Some(_) => &ALLOCATOR.forwarding,
            None => &ALLOCATOR.allocations,
        }
    }

    /// As [`count`], for publications.
    fn count(
        &mut self,
        name: &str,
        publish: impl Fn(&Node) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        self.publish(WARMUP, &publish)?;
        let before = self.counter().load(Ordering::Relaxed);
        self.publish(COUNT, &publish)?;
        let allocations = self.counter().load(Ordering::Relaxed) - before;
        writeln!(
            io::stdout(),
            "{name} count={COUNT} allocations={allocations}"
        )?;
        Ok(())
    }

    /// Publishes and waits until all was delivered. A few at a time, so that queues stay short:
    /// those that grow for the first time are not what is counted.
    fn publish(
        &mut self,
        count: u64,
        publish: impl Fn(&Node) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        for number in 0..count {
            publish(&self.publisher)?;
            self.published += 1;
            if number % BURST == 0 || number + 1 == count {
                self.await_delivery()?;
            }
        }
        Ok(())
    }

    fn await_delivery(&self) -> Result<(), Box<dyn Error>> {
        let deadline = Instant::now() + PATIENCE;
        while self.delivered.load(Ordering::Relaxed) < self.published {
            if Instant::now() > deadline {
                return Err("messages did not arrive in time".into());
            }
            thread::yield_now();
        }
        Ok(())
    }
}

/// Subscribes, and counts what is delivered.
fn subscribe(
    node: &Node,
    handler: Handler,
) -> Result<(Arc<AtomicU64>, Subscription), Box<dyn Error>> {
    let delivered = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&delivered);
    let take = move |message: &Message<'_>| {
        black_box(message.payload());
        seen.fetch_add(1, Ordering::Relaxed);
    };
    let events = node.subscribe([TOPIC])?;
    let subscription = match handler {
        Handler::IoThread => events.on_io_thread(take),
        Handler::OwnThread => events.handler(take),
    }?;
    Ok((delivered, subscription))
}

/// Runs `step` until it is warm, then `COUNT` times, and prints what was allocated meanwhile.
fn count(
    name: &str,
    mut step: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    for _ in 0..WARMUP {
        step()?;
    }
    let before = ALLOCATOR.allocations.load(Ordering::Relaxed);
    for _ in 0..COUNT {
        step()?;
    }
    let allocations = ALLOCATOR.allocations.load(Ordering::Relaxed) - before;
    writeln!(
        io::stdout(),
        "{name} count={COUNT} allocations={allocations}"
    )?;
    Ok(())
}

const ENDPOINT: &str = "tcp://127.0.0.1:0";
const TOPIC: &str = "zeek/bench/events";
const WARMUP: u64 = 20_000;
const COUNT: u64 = 100_000;
/// Messages published back to back.
const BURST: u64 = 100;
/// How long anything may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
