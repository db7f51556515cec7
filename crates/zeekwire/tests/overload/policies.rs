//! What each policy drops, and where that is counted.

use std::time::Duration;

use zeekwire::status::LinkStatus;
use zeekwire::{DropPolicy, LinkEvent, TrafficClass};

use super::stalled::Stalled;
use crate::common::{Heard, Over, PATIENCE, Pair, eventually, numbered, receiver, send};

const COUNT: u64 = 2_000;
const QUEUE_BYTES: usize = 200_000;
const NEVER: Duration = Duration::from_secs(600);

fn events_dropped(link: &LinkStatus) -> u64 {
    link.classes[TrafficClass::Event.index()].dropped_messages
}

/// Publishes far more than fits, and returns what arrived and the publisher's link.
fn overload(over: Over, policy: DropPolicy, stall_max: Duration) -> (Vec<u64>, LinkStatus) {
    let stalled = Stalled::new(over, QUEUE_BYTES, policy, stall_max);
    for n in 0..COUNT {
        send(&stalled.pair.client, "topic", &numbered(n, 1_000));
    }
    eventually("all are routed", || {
        stalled.pair.client.status().published.queued_bytes == 0
    });
    let link = stalled.pair.client_link();
    (stalled.rest(), link)
}

#[track_caller]
fn check_counts(arrived: &[u64], link: &LinkStatus) {
    assert!(
        arrived.is_sorted_by(|a, b| a < b),
        "repeated or out of order"
    );
    let dropped = events_dropped(link);
    assert!(dropped > 0, "nothing was dropped: the queue was never full");
    assert_eq!(arrived.len() as u64 + dropped, COUNT);
    assert_eq!(link.dropped_topics.len(), 1);
    assert_eq!(link.dropped_topics[0].topic, "topic");
    assert_eq!(link.dropped_topics[0].messages, dropped);
    let events = &link.classes[TrafficClass::Event.index()];
    assert!(events.queued_bytes <= QUEUE_BYTES, "{events:?}");
    assert_eq!(events.queue_bytes_max, QUEUE_BYTES);
}

#[test]
fn drop_oldest_keeps_the_newest() {
    for over in Over::ALL {
        let (arrived, link) = overload(over, DropPolicy::DropOldest, NEVER);
        check_counts(&arrived, &link);
        assert_eq!(arrived.last(), Some(&(COUNT - 1)));
    }
}

#[test]
fn drop_newest_keeps_the_oldest() {
    for over in Over::ALL {
        let (arrived, link) = overload(over, DropPolicy::DropNewest, NEVER);
        check_counts(&arrived, &link);
        assert_eq!(arrived[0], 0);
        assert!(arrived.last() < Some(&(COUNT - 1)));
    }
}

#[test]
fn a_stalled_taker_is_not_waited_for() {
    // The publisher would block if the taker made progress; the test would then never end.
    let (arrived, link) = overload(Over::Tcp, DropPolicy::Block, Duration::from_millis(100));
    check_counts(&arrived, &link);
    assert_eq!(arrived[0], 0, "the newest were dropped");
}

#[test]
fn disconnect_ends_the_link_and_says_why() {
    let heard = Heard::default();
    let mut stalled = Stalled::new(Over::Tcp, QUEUE_BYTES, DropPolicy::Disconnect, NEVER);
    let client = stalled.pair.client.clone();
    let mut accepted = 0;
    while client.status().links.iter().any(|link| link.state == "up") {
        (0..50).for_each(|n| send(&client, "topic", &numbered(accepted + n, 1_000)));
        accepted += 50;
        assert!(accepted < 100_000, "the link outlives its queue");
    }
    let last = client.status().links[0].last_error.clone().unwrap();
    assert!(last.contains("does not take"), "{last}");
    // It comes back once the peer is well.
    stalled.go_on();
    stalled.pair.link.wait_ready(PATIENCE).unwrap();
    eventually("messages pass again", || {
        send(&client, "topic", &numbered(u64::from(u32::MAX), 8));
        stalled
            .numbers
            .try_iter()
            .any(|number| number == u64::from(u32::MAX))
    });
    drop(heard);
}

#[test]
fn the_other_side_hears_why_it_was_disconnected() {
    let heard = Heard::default();
    let pair = Pair::with(
        Over::Tcp,
        |server| super::stalled::small_windows(server).on_link_event(heard.ear()),
        |client| client.event_queue(50_000, DropPolicy::Disconnect),
    );
    // One inbox that nobody empties: the server reads on, and grants no credit.
    let inbox = pair
        .server
        .subscribe(["topic"])
        .unwrap()
        .queue(30_000, DropPolicy::Block);
    let inbox = inbox.receiver().unwrap();
    assert!(inbox.subscription().wait_effective(PATIENCE));
    let mut n = 0;
    eventually("the link is over", || {
        (0..100).for_each(|_| {
            send(&pair.client, "topic", &numbered(n, 1_000));
            n += 1;
        });
        heard
            .all()
            .iter()
            .any(|event| matches!(event, LinkEvent::Down { .. }))
    });
    let reason = heard.down();
    assert!(
        reason.contains("the queue for this peer is full"),
        "{reason}"
    );
}

#[test]
fn drops_are_counted_at_the_link_and_topic_that_lost() {
    let mut stalled = Stalled::new(Over::Tcp, QUEUE_BYTES, DropPolicy::DropOldest, NEVER);
    let client = &stalled.pair.client;
    let healthy = zeekwire::Node::builder("healthy").start().unwrap();
    let link = client
        .connect(&healthy.listen("tcp://127.0.0.1:0").unwrap())
        .unwrap();
    link.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&healthy, "*");
    for n in 0..COUNT {
        send(client, "topic", &numbered(n, 1_000));
        send(client, "elsewhere", &numbered(n, 8));
        // Who keeps up loses nothing.
        (0..2).for_each(|_| _ = inbox.recv_timeout(PATIENCE).unwrap());
    }
    let links = client.status().links;
    let of = |name: &str| {
        links
            .iter()
            .find(|link| link.peer.as_deref() == Some(name))
            .unwrap()
    };
    assert!(events_dropped(of("server")) > 0);
    assert_eq!(
        of("server").dropped_topics.len(),
        1,
        "{:?}",
        of("server").dropped_topics
    );
    assert_eq!(events_dropped(of("healthy")), 0);
    stalled.go_on();
}

#[test]
fn one_message_longer_than_the_queue_still_passes() {
    let pair = Pair::with(
        Over::Tcp,
        |server| server,
        |client| client.event_queue(10_000, DropPolicy::DropNewest),
    );
    let inbox = receiver(&pair.server, "topic");
    send(&pair.client, "topic", &numbered(1, 3_000_000));
    assert_eq!(
        inbox.recv_timeout(PATIENCE).unwrap().payload().len(),
        3_000_000
    );
}

#[test]
fn a_burst_longer_than_the_queue_is_written_while_it_is_routed() {
    let pair = Pair::with(
        Over::Tcp,
        |server| server,
        |client| client.event_queue(200_000, DropPolicy::DropNewest),
    );
    let inbox = receiver(&pair.server, "topic");
    // What a handler on the IO thread publishes is routed all at once, after it.
    let node = pair.client.clone();
    let go = pair
        .client
        .subscribe(["go"])
        .unwrap()
        .on_io_thread(move |_| {
            (0..240).for_each(|n| send(&node, "topic", &numbered(n, 1_000)));
        });
    let go = go.unwrap();
    assert!(go.wait_effective(PATIENCE));
    send(&pair.server, "go", b"");
    for n in 0..240 {
        assert_eq!(crate::common::number(&crate::common::next(&inbox)), n);
    }
    assert_eq!(events_dropped(&pair.client_link()), 0);
    pair.client.shut_down(Duration::ZERO);
}
