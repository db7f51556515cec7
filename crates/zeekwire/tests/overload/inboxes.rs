//! Subscribers that do not empty their inbox.

use std::thread;
use std::time::Duration;

use zeekwire::{DropPolicy, Receiver, RecvError, TrafficClass};

use super::stalled::small_windows;
use crate::common::{
    Over, PATIENCE, Pair, dropped_on_links, eventually, next, number, numbered, send,
};

const PATIENT: Duration = Duration::from_secs(600);

/// A receiver with a small inbox.
fn small_inbox(pair: &Pair, topic: &str, bytes_max: usize, policy: DropPolicy) -> Receiver {
    let builder = pair
        .server
        .subscribe([topic])
        .unwrap()
        .queue(bytes_max, policy);
    let receiver = builder.receiver().unwrap();
    assert!(receiver.subscription().wait_effective(PATIENCE));
    receiver
}

/// Publishes far more than an inbox holds that is emptied only once the publisher waits.
#[track_caller]
fn sole_slow_inbox(pair: &Pair, inbox: &Receiver, count: u64, bytes: usize) {
    let client = pair.client.clone();
    let publisher =
        thread::spawn(move || (0..count).for_each(|n| send(&client, "topic", &numbered(n, bytes))));
    eventually("the publisher waits", || {
        pair.client.status().published.waits > 0
    });
    for n in 0..count {
        assert_eq!(number(&next(inbox)), n);
    }
    publisher.join().unwrap();
    assert_eq!(dropped_on_links(&pair.client.status()), 0);
    let subscription = &pair.server.status().subscriptions[0];
    assert_eq!(subscription.dropped_messages, 0);
}

#[test]
fn a_sole_slow_inbox_holds_the_sender_back_and_loses_nothing() {
    let patient = |config: &mut zeekwire::RuntimeConfig| config.stall_max = PATIENT;
    for over in Over::ALL {
        let pair = Pair::with(over, small_windows, |client| {
            client
                .event_queue(600_000, DropPolicy::Block)
                .configure(patient)
        });
        let inbox = small_inbox(&pair, "topic", 600_000, DropPolicy::Block);
        sole_slow_inbox(&pair, &inbox, 5_000, 1_000);
        assert_eq!(
            inbox.recv_timeout(Duration::from_millis(5)).unwrap_err(),
            RecvError::Timeout
        );
    }
    // Messages that travel in fragments.
    let pair = Pair::with(Over::Tcp, small_windows, |client| {
        client
            .event_queue(4_000_000, DropPolicy::Block)
            .configure(patient)
    });
    let inbox = small_inbox(&pair, "topic", 2_000_000, DropPolicy::Block);
    sole_slow_inbox(&pair, &inbox, 200, 100_000);
}

#[test]
fn a_sole_inbox_smaller_than_the_window_loses_nothing_either() {
    let pair = Pair::with(
        Over::Tcp,
        |server| server,
        |client| {
            client
                .event_queue(600_000, DropPolicy::Block)
                .configure(|config| config.stall_max = PATIENT)
        },
    );
    let inbox = small_inbox(&pair, "topic", 100_000, DropPolicy::Block);
    sole_slow_inbox(&pair, &inbox, 10_000, 1_000);
}

#[test]
fn of_two_inboxes_only_the_slow_one_loses() {
    const COUNT: u64 = 5_000;
    let pair = Pair::with(Over::Tcp, small_windows, |client| client);
    let slow = small_inbox(&pair, "topic", 200_000, DropPolicy::Block);
    let fast = small_inbox(&pair, "topic", 64 << 20, DropPolicy::Block);
    let client = pair.client.clone();
    let publisher =
        thread::spawn(move || (0..COUNT).for_each(|n| send(&client, "topic", &numbered(n, 1_000))));
    for n in 0..COUNT {
        assert_eq!(number(&next(&fast)), n);
    }
    publisher.join().unwrap();
    let mut arrived = Vec::new();
    while let Ok(received) = slow.recv_timeout(Duration::from_millis(20)) {
        arrived.push(number(received.payload()));
    }
    assert!(arrived.is_sorted_by(|a, b| a < b));
    assert_eq!(arrived.last(), Some(&(COUNT - 1)), "the oldest made room");
    let status = pair.server.status();
    let [of_slow, of_fast] = &status.subscriptions[..] else {
        panic!("{status:?}")
    };
    assert_eq!(of_fast.dropped_messages, 0);
    assert_eq!(of_slow.dropped_messages, COUNT - arrived.len() as u64);
    assert!(of_slow.dropped_messages > 0);
    // The origin is told.
    eventually("the drops are reported", || {
        let events = &pair.client_link().classes[TrafficClass::Event.index()];
        events.dropped_there_messages == of_slow.dropped_messages
    });
}

#[test]
fn an_inbox_may_keep_its_oldest() {
    const COUNT: u64 = 3_000;
    let pair = Pair::with(Over::Tcp, small_windows, |client| client);
    let inbox = small_inbox(&pair, "topic", 200_000, DropPolicy::DropNewest);
    (0..COUNT).for_each(|n| send(&pair.client, "topic", &numbered(n, 1_000)));
    eventually("all arrived", || {
        let of_inbox = &pair.server.status().subscriptions[0];
        let arrived = of_inbox.queued_messages as u64 + of_inbox.dropped_messages;
        assert!(of_inbox.queued_bytes <= 200_000, "{of_inbox:?}");
        arrived == COUNT
    });
    assert_eq!(number(&next(&inbox)), 0);
}

#[test]
fn a_second_subscriber_is_not_held_back_by_the_first() {
    let pair = Pair::with(Over::Tcp, small_windows, |client| {
        client
            .event_queue(600_000, DropPolicy::Block)
            .configure(|config| config.stall_max = PATIENT)
    });
    let stuck = small_inbox(&pair, "topic", 200_000, DropPolicy::Block);
    let client = pair.client.clone();
    let publisher =
        thread::spawn(move || (0..3_000).for_each(|n| send(&client, "topic", &numbered(n, 1_000))));
    eventually("the publisher waits", || {
        pair.client.status().published.waits > 0
    });
    // Nobody ever empties the first; with a second one it may hold nobody back any more.
    let second = small_inbox(&pair, "topic", 64 << 20, DropPolicy::Block);
    eventually("the publisher goes on", || publisher.is_finished());
    let last = || {
        second
            .recv_timeout(PATIENCE)
            .map(|received| number(received.payload()))
    };
    while last().unwrap() != 2_999 {}
    assert!(pair.server.status().subscriptions[0].dropped_messages > 0);
    drop(stuck);
}

#[test]
fn a_sole_inbox_that_goes_away_lets_the_sender_go_on() {
    let pair = Pair::with(Over::Tcp, small_windows, |client| {
        client
            .event_queue(600_000, DropPolicy::Block)
            .configure(|config| config.stall_max = PATIENT)
    });
    let stuck = small_inbox(&pair, "topic", 200_000, DropPolicy::Block);
    let client = pair.client.clone();
    let publisher =
        thread::spawn(move || (0..3_000).for_each(|n| send(&client, "topic", &numbered(n, 1_000))));
    eventually("the publisher waits", || {
        pair.client.status().published.waits > 0
    });
    drop(stuck);
    eventually("the publisher goes on", || publisher.is_finished());
}

#[test]
fn a_handler_that_panics_holds_nobody_back() {
    let pair = Pair::with(Over::Tcp, small_windows, |client| {
        client
            .event_queue(600_000, DropPolicy::Block)
            .configure(|config| config.stall_max = PATIENT)
    });
    let builder = pair
        .server
        .subscribe(["topic"])
        .unwrap()
        .queue(200_000, DropPolicy::Block);
    let handler = builder.handler(|message| {
        // Quietly: the harness would print a panic's message.
        if number(message.payload()) == 10 {
            std::panic::resume_unwind(Box::new("as the test wants"));
        }
    });
    let handler = handler.unwrap();
    assert!(handler.wait_effective(PATIENCE));
    (0..3_000).for_each(|n| send(&pair.client, "topic", &numbered(n, 1_000)));
    drop(handler);
}
