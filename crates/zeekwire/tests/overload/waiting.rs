//! Publishers that wait for a full taker, and how they are released.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use zeekwire::{DropPolicy, Node, PublishError};

use super::stalled::{Stalled, small_windows};
use crate::common::{
    Over, PATIENCE, Pair, dropped_on_links, eventually, next, number, numbered, receiver, send,
};

const COUNT: u64 = 3_000;
const QUEUE_BYTES: usize = 600_000;
/// Publishers put up with a stall for longer than the test takes.
const PATIENT: Duration = Duration::from_secs(600);

fn block(over: Over) -> Stalled {
    Stalled::new(over, QUEUE_BYTES, DropPolicy::Block, PATIENT)
}

/// Publishes without trying again. Returns the first error.
fn publish_all(node: &Node, topic: &str) -> Result<(), PublishError> {
    let send = |n| {
        node.publication(topic)
            .format("raw")
            .send(&numbered(n, 1_000))
    };
    (0..COUNT).try_for_each(send)
}

#[test]
fn a_waiting_publisher_goes_on_when_its_taker_does_and_nothing_is_lost() {
    for over in Over::ALL {
        let mut stalled = block(over);
        let client = stalled.pair.client.clone();
        let publisher = thread::spawn(move || publish_all(&client, "topic"));
        eventually("the publisher waits", || {
            stalled.pair.client.status().published.waits > 0
        });
        assert!(!publisher.is_finished());
        eventually("the link is marked", || {
            stalled.pair.client_link().congested
        });
        stalled.go_on();
        for n in 0..COUNT {
            assert_eq!(stalled.numbers.recv_timeout(PATIENCE), Ok(n), "{over:?}");
        }
        assert_eq!(publisher.join().unwrap(), Ok(()));
        assert_eq!(dropped_on_links(&stalled.pair.client.status()), 0);
    }
}

#[test]
fn every_waiting_thread_is_released() {
    let mut stalled = block(Over::Tcp);
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let client = stalled.pair.client.clone();
            thread::spawn(move || publish_all(&client, "topic"))
        })
        .collect();
    eventually("all wait", || {
        stalled.pair.client.status().published.waits >= 6
    });
    stalled.go_on();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
    for _ in 0..6 * COUNT {
        stalled.numbers.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn other_topics_are_not_made_to_wait() {
    let stalled = block(Over::Tcp);
    let client = stalled.pair.client.clone();
    let healthy = Node::builder("healthy").start().unwrap();
    let link = client
        .connect(&healthy.listen("tcp://127.0.0.1:0").unwrap())
        .unwrap();
    link.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&healthy, "other");
    let to_stalled = client.clone();
    let publisher = thread::spawn(move || publish_all(&to_stalled, "topic"));
    eventually("the publisher waits", || {
        client.status().published.waits > 0
    });
    for n in 0..1_000 {
        send(&client, "other", &numbered(n, 1_000));
        assert_eq!(number(&next(&inbox)), n);
    }
    assert!(!publisher.is_finished());
    client.shut_down(Duration::ZERO);
    assert_eq!(publisher.join().unwrap(), Err(PublishError::Stopped));
}

#[test]
fn the_end_of_the_taker_releases_publishers() {
    let stalled = block(Over::Tcp);
    let client = stalled.pair.client.clone();
    let publisher = thread::spawn(move || publish_all(&client, "topic"));
    eventually("the publisher waits", || {
        stalled.pair.client.status().published.waits > 0
    });
    let _closing = stalled.pair.link.close(Duration::ZERO);
    assert_eq!(publisher.join().unwrap(), Ok(()));
}

#[test]
fn a_waiting_publisher_learns_that_its_node_stopped() {
    let stalled = block(Over::Tcp);
    let client = stalled.pair.client.clone();
    let publisher = thread::spawn(move || publish_all(&client, "topic"));
    eventually("the publisher waits", || {
        stalled.pair.client.status().published.waits > 0
    });
    stalled.pair.client.shut_down(Duration::ZERO);
    assert_eq!(publisher.join().unwrap(), Err(PublishError::Stopped));
}

#[test]
fn where_one_taker_has_room_nobody_waits_and_only_the_full_one_loses() {
    let mut stalled = block(Over::Tcp);
    let client = stalled.pair.client.clone();
    let healthy = Node::builder("healthy").start().unwrap();
    let link = client
        .connect(&healthy.listen("tcp://127.0.0.1:0").unwrap())
        .unwrap();
    link.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&healthy, "topic");
    let publisher = thread::spawn(move || {
        for n in 0..COUNT {
            send(&client, "topic", &numbered(n, 1_000));
            // A healthy taker keeps up, or it would be full as well at times.
            if n % 20 == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    for n in 0..COUNT {
        assert_eq!(number(&next(&inbox)), n);
    }
    publisher.join().unwrap();
    stalled.go_on();
    let links = stalled.pair.client.status().links;
    for link in links {
        let dropped: u64 = link
            .classes
            .iter()
            .map(|class| class.dropped_messages)
            .sum();
        assert_eq!(
            dropped > 0,
            link.peer.as_deref() == Some("server"),
            "{link:?}"
        );
    }
}

#[test]
fn without_the_block_policy_a_full_ring_is_an_error() {
    let pair = Pair::with(
        Over::Tcp,
        |server| server,
        |client| {
            client
                .event_queue(1 << 20, DropPolicy::DropOldest)
                .configure(|config| config.ring_bytes_max = 4_000)
        },
    );
    let _inbox = receiver(&pair.server, "topic");
    // Several threads outrun the loop sooner or later.
    let overloaded = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..200_000 {
                    let sent = pair
                        .client
                        .publication("topic")
                        .format("raw")
                        .send(&numbered(n, 900));
                    match sent {
                        Err(PublishError::Overloaded) => overloaded.store(true, Ordering::Relaxed),
                        other => assert_eq!(other, Ok(())),
                    }
                    if overloaded.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
    });
    assert!(overloaded.into_inner());
    assert!(pair.client.status().published.refused > 0);
}

#[test]
fn a_node_that_never_waits_is_refused_at_once_and_loses_nothing_of_what_was_accepted() {
    let stalled = Stalled::with(Over::Tcp, |client| {
        client
            .event_queue(QUEUE_BYTES, DropPolicy::Block)
            .publish_never_waits()
    });
    let accepted = (0..COUNT).take_while(|n| {
        let publication = stalled.pair.client.publication("topic").format("raw");
        match publication.send(&numbered(*n, 1_000)) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(error, PublishError::Overloaded);
                false
            }
        }
    });
    let accepted = accepted.count() as u64;
    assert!((1..COUNT).contains(&accepted), "{accepted}");
    let status = stalled.pair.client.status();
    assert_eq!((status.published.waits, status.published.refused), (0, 1));
    assert_eq!(stalled.rest(), Vec::from_iter(0..accepted));
}

#[test]
fn a_taker_that_is_slow_and_works_is_not_taken_for_one_that_stands_still() {
    const STALL_MAX: Duration = Duration::from_millis(400);
    let pair = Pair::with(Over::Tcp, small_windows, |client| {
        small_windows(client)
            .event_queue(QUEUE_BYTES, DropPolicy::Block)
            .configure(|config| config.stall_max = STALL_MAX)
    });
    let taken = pair.server.subscribe(["topic"]).unwrap();
    let inbox = taken.queue(1 << 20, DropPolicy::Block).receiver().unwrap();
    assert!(inbox.subscription().wait_effective(PATIENCE));
    let client = pair.client.clone();
    let publisher = thread::spawn(move || publish_all(&client, "topic"));
    // From half full to a quarter, it takes longer than publishers put up with a stall.
    for n in 0..COUNT {
        assert_eq!(number(&next(&inbox)), n);
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(publisher.join().unwrap(), Ok(()));
    assert_eq!(dropped_on_links(&pair.client.status()), 0);
}
