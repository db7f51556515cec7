//! What is lost is told to those who published it.

use std::sync::mpsc;
use std::time::Duration;

use zeekwire::{DropPolicy, Inproc, Node, Receiver, TrafficClass};

use crate::cluster::{link, member_with};
use crate::common::{PATIENCE, eventually, next, number, numbered, receiver, send};

const COUNT: u64 = 2_000;
const BYTES: usize = 1_000;

struct Stuck {
    /// What it gets, once it goes on.
    inbox: Receiver,
    gate: mpsc::Sender<()>,
    handler: zeekwire::Subscription,
    _node: Node,
}

/// A member whose IO thread is stuck, until the sender is dropped, with small windows.
fn stuck(here: &Inproc, hub: &Node) -> Stuck {
    let node = member_with(here, "stuck", |builder| {
        builder
            .heartbeat(Duration::from_secs(1), Duration::from_secs(600))
            .configure(|config| {
                config.session.incoming.window_bytes[TrafficClass::Event.index()] = 64 * 1024;
            })
    });
    link(&node, &[hub]);
    let inbox = receiver(&node, "topic");
    let (gate, closed) = mpsc::channel::<()>();
    let (seen, is_stuck) = mpsc::channel();
    let handler = node.subscribe(["topic"]).unwrap().on_io_thread(move |_| {
        // The test may be over.
        let _over = seen.send(());
        let _opened = closed.recv_timeout(2 * PATIENCE);
    });
    let handler = handler.unwrap();
    assert!(handler.wait_effective(PATIENCE));
    send(hub, "topic", b"now");
    is_stuck.recv_timeout(PATIENCE).unwrap();
    Stuck {
        inbox,
        gate,
        handler,
        _node: node,
    }
}

fn hub(here: &Inproc, lossless: bool) -> Node {
    member_with(here, "hub", |builder| {
        let builder = builder
            .heartbeat(Duration::from_secs(1), Duration::from_secs(600))
            .event_queue(200_000, DropPolicy::DropOldest);
        if lossless {
            builder.lossless()
        } else {
            builder
        }
    })
}

fn publisher(here: &Inproc, hub: &Node) -> Node {
    let node = member_with(here, "publisher", |builder| {
        builder.heartbeat(Duration::from_secs(1), Duration::from_secs(600))
    });
    link(&node, &[hub]);
    node
}

#[test]
fn a_forwarders_losses_are_told_to_the_origin_and_cost_others_nothing() {
    let here = Inproc::new();
    let hub = hub(&here, false);
    let publisher = publisher(&here, &hub);
    let fast = member_with(&here, "fast", |builder| builder);
    link(&fast, &[&hub]);
    let inbox = receiver(&fast, "topic");
    let stuck = stuck(&here, &hub);
    inbox.recv_timeout(PATIENCE).unwrap();
    for n in 0..COUNT {
        send(&publisher, "topic", &numbered(n, BYTES));
        inbox.recv_timeout(PATIENCE).unwrap();
    }
    eventually("the publisher is told", || {
        let losses = publisher.status().own_losses;
        let [loss] = &losses[..] else { return false };
        let place = (
            loss.node.as_str(),
            loss.peer.as_deref(),
            loss.cause.as_str(),
        );
        assert_eq!(place, ("hub", Some("stuck"), "queue_full"));
        let lost = hub
            .status()
            .losses
            .iter()
            .map(|loss| loss.messages)
            .sum::<u64>();
        loss.messages == lost && lost > 0
    });
    drop(stuck.gate);
}

#[test]
fn a_lossless_forwarder_slows_its_senders_and_loses_nothing() {
    let here = Inproc::new();
    let hub = hub(&here, true);
    let publisher = publisher(&here, &hub);
    let slow = stuck(&here, &hub);
    let sender = publisher.clone();
    let sending = std::thread::spawn(move || {
        for n in 0..20 * COUNT {
            send(&sender, "topic", &numbered(n, BYTES));
        }
    });
    eventually("the hub holds its senders back", || hub.status().holds_back);
    assert!(!sending.is_finished());
    drop(slow.gate);
    assert!(slow.handler.end().wait(PATIENCE));
    // One message made it stuck.
    for _ in 0..=20 * COUNT {
        slow.inbox.recv_timeout(PATIENCE).unwrap();
    }
    sending.join().unwrap();
    assert_eq!(hub.status().losses, []);
    eventually("nobody is held back any more", || !hub.status().holds_back);
}

#[test]
fn an_inbox_that_is_full_two_hops_away_is_told_of() {
    let here = Inproc::new();
    let hub = hub(&here, false);
    let publisher = publisher(&here, &hub);
    let far = member_with(&here, "far", |builder| builder);
    link(&far, &[&hub]);
    let builder = far.subscribe(["topic"]).unwrap();
    let small = builder
        .queue(100_000, DropPolicy::DropNewest)
        .receiver()
        .unwrap();
    assert!(small.subscription().wait_effective(PATIENCE));
    let paced = receiver(&far, "topic");
    for n in 0..COUNT {
        send(&publisher, "topic", &numbered(n, BYTES));
        paced.recv_timeout(PATIENCE).unwrap();
    }
    eventually("the publisher is told", || {
        let dropped: u64 = far
            .status()
            .subscriptions
            .iter()
            .map(|sub| sub.dropped_messages)
            .sum();
        let losses = publisher.status().own_losses;
        let told = losses
            .iter()
            .find(|loss| loss.node == "far" && loss.cause == "inbox_full");
        told.is_some_and(|loss| loss.messages == dropped && loss.peer.is_none()) && dropped > 0
    });
}

#[test]
fn a_lossless_node_in_the_middle_slows_its_senders_for_its_own_subscriber_too() {
    let here = Inproc::new();
    let hub = hub(&here, true);
    let publisher = publisher(&here, &hub);
    // Makes the hub one that passes messages on.
    let other = member_with(&here, "other", |builder| builder);
    link(&other, &[&hub]);
    let inbox = hub
        .subscribe(["topic"])
        .unwrap()
        .queue(100_000, DropPolicy::Block)
        .receiver()
        .unwrap();
    assert!(inbox.subscription().wait_effective(PATIENCE));
    let sending = publisher.clone();
    let sender = std::thread::spawn(move || {
        for n in 0..20 * COUNT {
            send(&sending, "topic", &numbered(n, BYTES));
        }
    });
    eventually("the hub holds its senders back", || hub.status().holds_back);
    for n in 0..20 * COUNT {
        assert_eq!(number(&next(&inbox)), n);
    }
    sender.join().unwrap();
}

#[test]
fn a_lossless_origin_waits_for_a_slow_taker_beside_a_quick_one() {
    let here = Inproc::new();
    let origin = member_with(&here, "hub", |builder| {
        builder
            .heartbeat(Duration::from_secs(1), Duration::from_secs(600))
            .event_queue(200_000, DropPolicy::Block)
            .lossless()
    });
    let quick = member_with(&here, "quick", |builder| {
        builder.heartbeat(Duration::from_secs(1), Duration::from_secs(600))
    });
    link(&quick, &[&origin]);
    let quick_inbox = receiver(&quick, "topic");
    let slow = stuck(&here, &origin);
    // What made the other stuck.
    next(&quick_inbox);
    let sender = origin.clone();
    let sending = std::thread::spawn(move || {
        for n in 0..COUNT {
            send(&sender, "topic", &numbered(n, BYTES));
        }
    });
    // For longer than publishers put up with a stall where something may be lost.
    std::thread::sleep(Duration::from_millis(700));
    assert!(!sending.is_finished());
    drop(slow.gate);
    assert!(slow.handler.end().wait(PATIENCE));
    slow.inbox.recv_timeout(PATIENCE).unwrap();
    for n in 0..COUNT {
        assert_eq!(number(&next(&slow.inbox)), n);
        assert_eq!(number(&next(&quick_inbox)), n);
    }
    sending.join().unwrap();
}
