//! Subscriptions that hand their messages over together.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeekwire::{DropPolicy, Node, Signalled};

use crate::common::{PATIENCE, Pair, dropped_on_links, eventually, number, numbered, send};

/// Takes what waits, as payloads.
fn taken(inbox: &Signalled) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    inbox.drain(usize::MAX, |message| {
        payloads.push(message.payload().to_vec())
    });
    payloads
}

fn signalled(node: &Node, filter: &str, bytes_max: usize) -> (Signalled, mpsc::Receiver<()>) {
    let (wake, woken) = mpsc::channel();
    let builder = node.subscribe([filter]).unwrap();
    let inbox = builder
        .queue(bytes_max, DropPolicy::Block)
        .signalled(move || _ = wake.send(()))
        .unwrap();
    assert!(inbox.subscription().wait_effective(PATIENCE));
    (inbox, woken)
}

#[test]
fn what_several_want_comes_once_and_the_inbox_lives_as_long_as_any() {
    let pair = Pair::tcp();
    let (inbox, woken) = signalled(&pair.server, "a/*", 1 << 20);
    let more = pair
        .server
        .subscribe(["*/b"])
        .unwrap()
        .joined(&inbox)
        .unwrap();
    let own = pair.server.subscribe(["a/b"]).unwrap().locally();
    let own = own.joined(&inbox).unwrap();
    for subscription in [&more, &own] {
        assert!(subscription.wait_effective(PATIENCE));
    }
    for (topic, payload) in [("a/b", b"1"), ("c/b", b"2"), ("a/c", b"3")] {
        send(&pair.client, topic, payload);
    }
    let mut payloads = Vec::new();
    while payloads.len() < 3 {
        woken.recv_timeout(PATIENCE).unwrap();
        payloads.extend(taken(&inbox));
    }
    assert_eq!(payloads, [b"1", b"2", b"3"]);
    // The node's own publication is for who listens locally.
    send(&pair.server, "a/b", b"4");
    eventually("the own message", || taken(&inbox) == [b"4"]);
    assert!(own.end().wait(PATIENCE) && inbox.subscription().end().wait(PATIENCE));
    assert!(!inbox.is_over());
    send(&pair.client, "c/b", b"5");
    eventually("the last one's message", || taken(&inbox) == [b"5"]);
    assert!(more.end().wait(PATIENCE));
    assert!(inbox.is_over());
}

#[test]
fn joined_subscriptions_hold_senders_back_as_one() {
    const COUNT: u64 = 3_000;
    let pair = Pair::with(
        crate::common::Over::Tcp,
        |server| server,
        |client| {
            client
                .event_queue(600_000, DropPolicy::Block)
                .configure(|config| config.stall_max = Duration::from_secs(600))
        },
    );
    let (inbox, woken) = signalled(&pair.server, "a", 100_000);
    let own = pair.server.subscribe(["b"]).unwrap().locally();
    let own = own.joined(&inbox).unwrap();
    assert!(own.wait_effective(PATIENCE));
    let client = pair.client.clone();
    let publisher =
        std::thread::spawn(move || (0..COUNT).for_each(|n| send(&client, "a", &numbered(n, 1000))));
    eventually("the publisher waits", || {
        pair.client.status().published.waits > 0
    });
    let (mut next, deadline) = (0, Instant::now() + PATIENCE);
    while next < COUNT {
        assert!(Instant::now() < deadline, "{next} of {COUNT}");
        let _sooner = woken.recv_timeout(Duration::from_millis(100));
        for payload in taken(&inbox) {
            assert_eq!(number(&payload), next);
            next += 1;
        }
    }
    publisher.join().unwrap();
    assert_eq!(dropped_on_links(&pair.client.status()), 0);
}
