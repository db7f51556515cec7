//! The end of a node: nothing is left behind, and nobody waits for it any more.

#![allow(clippy::unwrap_used, reason = "for tests only")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::{Over, PATIENCE, Pair, alone, eventually, numbered, plays, receiver, send};
use zeekwire::{Completion, Event, Node, PublishError, RecvError, SetupErrorKind};

#[test]
fn a_stopped_node_refuses_everything() {
    let pair = Pair::tcp();
    let node = &pair.client;
    let subscription = node.subscribe(["topic"]).unwrap().receiver().unwrap();
    node.shut_down(PATIENCE);
    node.shut_down(PATIENCE);
    let refused = node.publication("topic").format("raw").send(b"x");
    assert_eq!(refused, Err(PublishError::Stopped));
    assert!(node.publish("topic", &Event::new("x", [])).is_err());
    let kinds = [
        node.subscribe(["x"])
            .unwrap()
            .receiver()
            .unwrap_err()
            .kind(),
        node.subscribe(["x"])
            .unwrap()
            .on_io_thread(|_| {})
            .unwrap_err()
            .kind(),
        node.connect("tcp://127.0.0.1:1").unwrap_err().kind(),
        node.listen("tcp://127.0.0.1:0").unwrap_err().kind(),
        node.advertise("x", None).unwrap_err().kind(),
        subscription.subscription().add("x").unwrap_err().kind(),
    ];
    assert_eq!(kinds, [SetupErrorKind::Stopped; 6]);
    assert!(pair.link.close(PATIENCE).wait(PATIENCE));
    assert_eq!(
        node.status().name,
        "client",
        "what is known without the loop is still told"
    );
    assert_eq!(subscription.recv().unwrap_err(), RecvError::Closed);
}

#[test]
fn an_endpoint_is_free_as_soon_as_its_node_has_stopped() {
    for over in [Over::Tcp, Over::Ipc] {
        let pair = Pair::new(over);
        for _ in 0..3 {
            pair.server.shut_down(Duration::ZERO);
            let again = Node::builder("again")
                .listen(&pair.endpoint)
                .start()
                .unwrap();
            again.shut_down(Duration::ZERO);
        }
    }
}

#[test]
fn the_loop_ends_although_a_peer_takes_nothing() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let node = Node::builder("node").start().unwrap();
    let _link = node
        .connect(&format!("tcp://{}", silent.local_addr().unwrap()))
        .unwrap();
    let (connection, _) = silent.accept().unwrap();
    let began = std::time::Instant::now();
    node.shut_down(Duration::from_millis(100));
    assert!(began.elapsed() < PATIENCE / 2);
    drop(connection);
}

#[test]
fn completions_fire_and_receivers_end_whenever_the_node_stops() {
    for round in 0..16 {
        let pair = Pair::new(if round % 2 == 0 {
            Over::Tcp
        } else {
            Over::Inproc
        });
        let node = &pair.client;
        let stopped = AtomicBool::new(false);
        thread::scope(|scope| {
            for at in 0..3 {
                let stopped = &stopped;
                let link = &pair.link;
                scope.spawn(move || {
                    let mut completions: Vec<Completion> = Vec::new();
                    let mut receivers = Vec::new();
                    while !stopped.load(Ordering::Relaxed) {
                        let topic = format!("topic/{at}");
                        completions.extend(node.advertise(&topic, None));
                        if let Ok(receiver) = node.subscribe([&topic]).unwrap().receiver() {
                            completions.extend(receiver.subscription().add("more"));
                            completions.extend(receiver.subscription().remove("more"));
                            receivers.push(receiver);
                        }
                        let _sent = node.publication(&topic).format("raw").send(b"x");
                        if at == 2 {
                            completions.push(link.close(Duration::ZERO));
                        }
                        receivers.truncate(20);
                        // Keeps the requests that wait at the end to a few.
                        assert!(completions.last().is_none_or(|one| one.wait(PATIENCE)));
                    }
                    assert!(
                        completions.iter().all(|one| one.wait(PATIENCE)),
                        "one hangs"
                    );
                    for receiver in receivers {
                        let end = receiver.recv_timeout(PATIENCE).unwrap_err();
                        assert_eq!(end, RecvError::Closed);
                    }
                });
            }
            thread::sleep(Duration::from_millis(round % 4));
            node.shut_down(Duration::from_millis(round % 3));
            stopped.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn many_threads_may_shut_a_node_down() {
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    (0..100).for_each(|n| send(&pair.client, "topic", &numbered(n, 100)));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| pair.client.shut_down(PATIENCE));
        }
    });
    (0..100).for_each(|n| assert_eq!(common::number(&common::next(&inbox)), n));
}

#[test]
fn a_panic_on_the_io_thread_ends_the_node_and_frees_who_waits() {
    let pair = Pair::tcp();
    let builder = pair.server.subscribe(["bad"]).unwrap();
    // Quietly: the harness would print a panic's message.
    let bad = builder.on_io_thread(|_| std::panic::resume_unwind(Box::new("as the test wants")));
    assert!(bad.unwrap().wait_effective(PATIENCE));
    let builder = pair.server.subscribe(["bad"]).unwrap();
    let bad = builder.on_io_thread(|_| std::panic::resume_unwind(Box::new("as the test wants")));
    let bad = bad.unwrap();
    assert!(bad.wait_effective(PATIENCE));
    let inbox = receiver(&pair.server, "other");
    let waiter = thread::spawn(move || inbox.recv());
    send(&pair.client, "bad", b"x");
    assert_eq!(waiter.join().unwrap().unwrap_err(), RecvError::Closed);
    let refused = || pair.server.publication("topic").format("raw").send(b"x");
    eventually("publishers are refused", || {
        refused() == Err(PublishError::Stopped)
    });
    assert!(bad.add("more").map_or(true, |added| added.wait(PATIENCE)));
    eventually("the link is gone", || {
        pair.client.status().links[0].state != "up"
    });
    pair.server.shut_down(PATIENCE);
}

/// Entries of a directory about this process.
#[cfg(target_os = "linux")]
fn entries(of: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{of}"))
        .unwrap()
        .count()
}

#[cfg(target_os = "linux")]
#[test]
fn threads_and_descriptors_end_with_the_last_handle() {
    const NAME: &str = "threads_and_descriptors_end_with_the_last_handle";
    if !plays(NAME) {
        // Other tests of this process have threads as well.
        return alone(NAME);
    }
    // Whatever the first node makes for all of them stays.
    drop(Pair::tcp());
    let (threads, descriptors) = (entries("task"), entries("fd"));
    for over in Over::ALL {
        let pairs: Vec<_> = (0..5).map(|_| Pair::new(over)).collect();
        let mut kept = Vec::new();
        for pair in &pairs {
            let builder = pair.server.subscribe(["topic"]).unwrap();
            kept.push(builder.handler(|_| {}).unwrap());
            let builder = pair.server.subscribe(["topic"]).unwrap();
            kept.push(builder.on_io_thread(|_| {}).unwrap());
            let pollable = pair
                .server
                .subscribe(["topic"])
                .unwrap()
                .pollable()
                .unwrap();
            kept.push(pollable.subscription().clone());
            let receiver = receiver(&pair.server, "topic");
            send(&pair.client, "topic", b"x");
            assert_eq!(common::next(&receiver), b"x");
        }
        assert!(entries("task") >= threads + 15 && entries("fd") > descriptors);
        drop(pairs);
        drop(kept);
        eventually("the threads are gone", || entries("task") == threads);
        eventually("the descriptors are closed", || {
            entries("fd") == descriptors
        });
    }
    // A look-up may outlive its node, but not for long.
    let node = Node::builder("node").start().unwrap();
    let _link = node.connect("tcp://localhost:1").unwrap();
    drop(Arc::new(node));
}
