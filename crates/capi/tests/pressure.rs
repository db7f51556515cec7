//! Budgets, full queues, and what the descriptor says about them.

mod common;

use std::ptr;
use std::time::{Duration, Instant};

use common::{Peer, c};
use zeekwire_c::events::zw_publish;
use zeekwire_c::handlers::zw_message_handler;
use zeekwire_c::messages::*;
use zeekwire_c::options::*;
use zeekwire_c::processing::*;
use zeekwire_c::{zw_class, zw_context, zw_result, zw_result::*};

/// One turn within a budget. Returns what was handled.
fn turn(peer: &Peer, budget: zw_budget) -> u32 {
    let mut handled = 0;
    // SAFETY: the context lives.
    let done = unsafe { zw_process(peer.context, &raw const budget, &raw mut handled) };
    assert_eq!(done, ZW_OK);
    handled
}

const NO_BOUND: zw_budget = zw_budget {
    size: size_of::<zw_budget>(),
    bytes_max: 0,
    time_max_ns: 0,
    messages_max: 0,
};

/// A context whose inbox holds that many events of its own, and nothing else.
fn with_events(count: u64) -> Peer {
    let peer = Peer::new("node");
    let filter = b"a";
    // SAFETY: the context lives.
    unsafe {
        let set = zeekwire_c::topics::zw_topic_subscribe_locally(
            peer.context,
            filter.as_ptr().cast(),
            filter.len(),
        );
        assert_eq!(set, ZW_OK);
    }
    for number in 0..count {
        assert_eq!(peer.raise("a", "A::a", number), ZW_OK);
    }
    // They go by the node's own thread.
    let deadline = Instant::now() + common::PATIENCE;
    while waiting(&peer) < count {
        assert!(Instant::now() < deadline, "not all events arrived");
        std::thread::yield_now();
    }
    peer
}

/// Messages in the inbox, as the node tells.
fn waiting(peer: &Peer) -> u64 {
    let (mut p, mut n) = (ptr::null(), 0);
    // SAFETY: the context lives.
    let told = unsafe {
        zeekwire_c::context::zw_context_status_json(peer.context, &raw mut p, &raw mut n)
    };
    assert_eq!(told, ZW_OK);
    let json = common::slice(p, n);
    let (_, rest) = json.split_once("\"queued_messages\":").expect("it is told");
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    digits
        .and_then(|digits| digits.parse().ok())
        .expect("a number")
}

#[test]
fn budget_of_messages_leaves_the_rest_and_the_descriptor_readable() {
    let peer = with_events(100);
    assert!(peer.is_readable(0));
    let budget = zw_budget {
        messages_max: 30,
        ..NO_BOUND
    };
    assert_eq!([(); 3].map(|()| turn(&peer, budget)), [30, 30, 30]);
    assert!(peer.is_readable(0));
    assert_eq!(turn(&peer, budget), 10);
    assert_eq!(turn(&peer, budget), 0);
    assert!(!peer.is_readable(0));
    let told = peer.notes.all();
    let expected: Vec<_> = (0..100).map(|n| format!("node a A::a({n})")).collect();
    assert_eq!(told, expected);
}

#[test]
fn budget_of_bytes_is_overrun_by_one_message_at_most() {
    let peer = with_events(100);
    let budget = zw_budget {
        bytes_max: 1,
        ..NO_BOUND
    };
    assert_eq!(turn(&peer, budget), 1);
    assert!(peer.is_readable(0));
    assert_eq!(turn(&peer, NO_BOUND), 99);
}

unsafe extern "C" fn dawdle(_: *mut zw_context, _: *const zw_message, _: *mut std::ffi::c_void) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(5) {
        std::hint::spin_loop();
    }
}

#[test]
fn budget_of_time_ends_the_turn_after_the_message_at_hand() {
    let peer = with_events(50);
    // SAFETY: the context lives.
    unsafe {
        let none = ptr::null_mut();
        assert_eq!(
            zeekwire_c::events::zw_on_event(peer.context, ptr::null(), None, none),
            ZW_OK
        );
        let handler: zw_message_handler = Some(dawdle);
        assert_eq!(
            zeekwire_c::events::zw_on_message(peer.context, handler, none),
            ZW_OK
        );
    }
    let budget = zw_budget {
        time_max_ns: 12_000_000,
        ..NO_BOUND
    };
    let handled = turn(&peer, budget);
    assert!(
        (1..=3).contains(&handled),
        "{handled} messages of 5 ms in 12 ms"
    );
    assert!(peer.is_readable(0));
}

fn publish(peer: &Peer, payload: &[u8]) -> zw_result {
    let format = c("raw");
    let class = std::mem::MaybeUninit::new(zw_class::ZW_CLASS_EVENT);
    // SAFETY: the context lives.
    unsafe {
        let (p, n, at) = (payload.as_ptr(), payload.len(), format.as_ptr());
        zw_publish(peer.context, class, b"a".as_ptr().cast(), 1, at, p, n)
    }
}

#[test]
fn full_queues_refuse_at_once_where_the_program_never_waits() {
    let hub = Peer::with("hub", |options| options.inbox_bytes_max = 64 * 1024);
    hub.listen("inproc://overload");
    hub.subscribe("a");
    let spoke = Peer::with("spoke", |options| {
        options.publish_never_waits = true;
        options.event_queue_bytes_max = 64 * 1024;
    });
    spoke.connect("inproc://overload");
    // The hub does not process: everything fills up.
    let payload = vec![0; 1000];
    let began = Instant::now();
    let mut accepted = 0_u32;
    while publish(&spoke, &payload) == ZW_OK {
        accepted += 1;
        assert!(
            began.elapsed() < common::PATIENCE,
            "{accepted} messages, and still room"
        );
    }
    assert_eq!(spoke.errno().0, ZW_OVERLOADED);
    let began = Instant::now();
    for _ in 0..1000 {
        publish(&spoke, &payload);
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "refusing took {:?}",
        began.elapsed()
    );
}

unsafe extern "C" fn count(
    _: *mut zw_context,
    _: *const zw_message,
    cookie: *mut std::ffi::c_void,
) {
    // SAFETY: the cookie is a count, and handlers run one at a time.
    unsafe { *cookie.cast::<u32>() += 1 };
}

#[test]
fn nothing_is_lost_between_a_sender_that_waits_and_a_slow_receiver() {
    const COUNT: u32 = 20_000;
    let hub = Peer::with("hub", |options| options.inbox_bytes_max = 256 * 1024);
    hub.listen("tcp://127.0.0.1:0");
    let bound = hub.listen("tcp://127.0.0.1:0");
    hub.subscribe("a");
    // Subscriptions of every kind share the inbox, so that it stays the one that holds back.
    hub.subscribe("b/*");
    // SAFETY: the context lives.
    unsafe {
        let own =
            zeekwire_c::topics::zw_topic_subscribe_locally(hub.context, b"a".as_ptr().cast(), 1);
        assert_eq!(own, ZW_OK);
        let none = ptr::null_mut();
        assert_eq!(
            zeekwire_c::events::zw_on_event(hub.context, ptr::null(), None, none),
            ZW_OK
        );
    }
    let mut received = 0_u32;
    let received = &raw mut received;
    // SAFETY: the context and the count live.
    let set =
        unsafe { zeekwire_c::events::zw_on_message(hub.context, Some(count), received.cast()) };
    assert_eq!(set, ZW_OK);
    let spoke = Peer::new("spoke");
    spoke.connect(&bound);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let payload = vec![0; 500];
            for _ in 0..COUNT {
                assert_eq!(publish(&spoke, &payload), ZW_OK);
            }
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        let budget = zw_budget {
            messages_max: 50,
            ..NO_BOUND
        };
        // SAFETY: handlers write to it in this thread.
        while unsafe { received.read_volatile() } < COUNT {
            hub.is_readable(1000);
            turn(&hub, budget);
            // SAFETY: as before.
            let seen = unsafe { received.read_volatile() };
            assert!(Instant::now() < deadline, "{seen} of {COUNT}");
        }
    });
}

#[test]
fn the_end_of_a_member_is_told_after_all_that_it_sent() {
    let hub = Peer::new("hub");
    let bound = hub.listen("inproc://last-words");
    hub.subscribe("words");
    let spoke = Peer::new("spoke");
    spoke.connect(&bound);
    hub.until_so("spoke is up", |notes| {
        notes
            .all()
            .iter()
            .any(|note| note.starts_with("member up spoke"))
    });
    hub.notes.clear();
    for n in 0..500 {
        assert_eq!(spoke.raise("words", "A::a", n), ZW_OK);
    }
    // Ends in order: everything is out before.
    // SAFETY: the context lives.
    let stopped = unsafe { zeekwire_c::context::zw_context_stop(spoke.context, 20_000) };
    assert_eq!(stopped, ZW_OK);
    let one_by_one = zw_budget {
        messages_max: 1,
        ..NO_BOUND
    };
    let last = |notes: &[String]| notes.iter().position(|note| note.contains("A::a(499)"));
    let end = |notes: &[String]| notes.iter().position(|note| note.contains("member down"));
    let deadline = Instant::now() + common::PATIENCE;
    while end(&hub.notes.all()).is_none() {
        assert!(Instant::now() < deadline, "{:?}", hub.notes.all().last());
        if turn(&hub, one_by_one) == 0 {
            hub.is_readable(100);
        }
    }
    let notes = hub.notes.all();
    assert!(
        last(&notes).is_some_and(|at| Some(at) < end(&notes)),
        "{notes:?}"
    );
}
