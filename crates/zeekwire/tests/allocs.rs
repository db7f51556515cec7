//! Allocations of the event path in steady state, counted.
//!
//! From a value to a delivery one allocation is allowed for each message; from encoded bytes to a
//! borrowed delivery none, and none at a forwarder between.

#![allow(clippy::unwrap_used, reason = "for tests only")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Over, PATIENCE, Pair, eventually};
use zeekwire::{Event, MessageExt, Node, NodeBuilder, Receiver, Value};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Those of a forwarder's IO thread alone.
static FORWARDING: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static FORWARDS: Cell<bool> = const { Cell::new(false) };
}

fn note() {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    // A thread that ends has its variables no more.
    if FORWARDS.try_with(Cell::get).unwrap_or(false) {
        FORWARDING.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const COUNT: u64 = 4_000;

/// Allocations of the whole process for each of [`COUNT`] messages, once all is warm.
fn each(run: impl FnMut()) -> f64 {
    counted_by(&ALLOCATIONS, run)
}

fn counted_by(counter: &AtomicU64, mut run: impl FnMut()) -> f64 {
    // Buffers reach their size, and look-up tables their entries.
    run();
    run();
    let before = counter.load(Ordering::Relaxed);
    run();
    let count = counter.load(Ordering::Relaxed) - before;
    #[expect(clippy::cast_precision_loss, reason = "the counts are small")]
    let each = count as f64 / COUNT as f64;
    each
}

fn event() -> Event {
    let args = [
        Value::Count(7),
        Value::Int(-7),
        Value::from("a string of some length"),
        Value::Bool(true),
        Value::Double(0.5),
    ];
    Event::new("Bench::event", args)
}

/// Counts what an IO thread's handler sees.
fn counted(node: &Node) -> (zeekwire::Subscription, Arc<AtomicU64>) {
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let builder = node.subscribe(["topic"]).unwrap();
    let subscription = builder.on_io_thread(move |message| {
        let event = message.view().unwrap();
        assert_eq!(event.event().unwrap().name(), "Bench::event");
        count.fetch_add(1, Ordering::Relaxed);
    });
    let subscription = subscription.unwrap();
    assert!(subscription.wait_effective(PATIENCE));
    (subscription, seen)
}

/// Publishes [`COUNT`] messages with `publish`, `at_once` at a time, and waits until those were
/// seen. The sockets take so many: a queue has memory of its own, a little for many messages.
fn all_seen(seen: &AtomicU64, at_once: u64, mut publish: impl FnMut()) {
    for _ in 0..COUNT / at_once {
        let target = seen.load(Ordering::Relaxed) + at_once;
        (0..at_once).for_each(|_| publish());
        let deadline = Instant::now() + PATIENCE;
        while seen.load(Ordering::Relaxed) < target {
            assert!(Instant::now() < deadline, "a message never arrived");
            std::thread::yield_now();
        }
    }
}

/// As [`all_seen`], for an inbox.
fn all_drained(inbox: &Receiver, at_once: u64, mut publish: impl FnMut()) {
    for _ in 0..COUNT / at_once {
        (0..at_once).for_each(|_| publish());
        let mut taken = 0;
        while taken < at_once {
            taken += inbox.drain_timeout(PATIENCE, |_| {}).unwrap() as u64;
        }
    }
}

fn send(node: &Node, payload: &[u8]) {
    node.publication("topic").send(payload).unwrap();
}

/// Timers take a little now and then; on a slow machine that would add up.
fn without_ticks(builder: NodeBuilder) -> NodeBuilder {
    let never = Duration::from_secs(3_600);
    builder
        .heartbeat(never, 10 * never)
        .configure(move |config| config.stall_max = never)
}

/// Less than one for a hundred messages.
const NEXT_TO_NONE: f64 = 0.01;

/// One test: the counter is the process's.
#[test]
fn the_event_path_does_not_allocate() {
    let pair = Pair::with(Over::Tcp, without_ticks, without_ticks);
    let (node, event) = (&pair.client, event());
    let mut payload = Vec::new();
    let serializer = zeekwire::serializer::by_name("capnp-v1").unwrap();
    serializer.encode(&event, &mut payload).unwrap();

    let (subscription, seen) = counted(&pair.server);
    for at_once in [1, 50] {
        let whole = each(|| all_seen(&seen, at_once, || node.publish("topic", &event).unwrap()));
        assert!(
            whole <= 1.0 + NEXT_TO_NONE,
            "{whole} from event to handler, {at_once} at once"
        );
        let bytes = each(|| all_seen(&seen, at_once, || send(node, &payload)));
        assert!(
            bytes <= NEXT_TO_NONE,
            "{bytes} from bytes to handler, {at_once} at once"
        );
    }
    drop(subscription);
    eventually("it ended", || pair.server.status().subscriptions.is_empty());

    let inbox = common::receiver(&pair.server, "topic");
    // A reader that lags further has more copies waiting than are kept for the next messages.
    for at_once in [1, 8] {
        let bytes = each(|| all_drained(&inbox, at_once, || send(node, &payload)));
        assert!(
            bytes <= NEXT_TO_NONE,
            "{bytes} from bytes to inbox, {at_once} at once"
        );
    }
    drop((inbox, pair));
    a_forwarder_does_not_allocate(&payload);
}

/// Three nodes in a row. Only what the middle one's IO thread allocates counts.
fn a_forwarder_does_not_allocate(payload: &[u8]) {
    let start = |builder| without_ticks(builder).start().unwrap();
    let forwarder = Node::builder("forwarder").on_link_event(|_| FORWARDS.set(true));
    let forwarder = start(forwarder);
    let endpoint = forwarder.listen("tcp://127.0.0.1:0").unwrap();
    let linked = |name: &str| {
        let node = start(Node::builder(name));
        let link = node.connect(&endpoint).unwrap();
        link.wait_ready(PATIENCE).unwrap();
        node
    };
    let (publisher, subscriber) = (linked("publisher"), linked("subscriber"));
    let (_subscription, seen) = counted(&subscriber);
    let warm = FORWARDING.load(Ordering::Relaxed);
    assert!(warm > 0, "the forwarder's thread is counted");
    for at_once in [1, 50] {
        let send = || all_seen(&seen, at_once, || send(&publisher, payload));
        let each = counted_by(&FORWARDING, send);
        assert!(
            each <= NEXT_TO_NONE,
            "{each} at the forwarder, {at_once} at once"
        );
    }
}
