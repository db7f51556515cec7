//! The ways in which messages are handed over to a program.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::os::fd::AsRawFd;
use zeekwire::{Event, MessageExt, Node, Pollable, RecvError, Subscription, Value};

use crate::common::{Over, PATIENCE, Pair, eventually, next, number, numbered, receiver, send};

#[track_caller]
fn effective(subscription: &Subscription) {
    assert!(
        subscription.wait_effective(PATIENCE),
        "{subscription:?} is not effective"
    );
}

#[test]
fn handlers_run_on_a_thread_of_their_own_or_on_the_io_thread() {
    let pair = Pair::tcp();
    let (on_own, own) = mpsc::channel();
    let (on_io, io) = mpsc::channel();
    let to_own = pair
        .server
        .subscribe(["topic"])
        .unwrap()
        .handler(move |message| {
            let thread = thread::current().name().map(str::to_owned);
            on_own.send((message.payload().to_vec(), thread)).unwrap();
        });
    let to_io = pair
        .server
        .subscribe(["topic"])
        .unwrap()
        .on_io_thread(move |message| {
            let thread = thread::current().name().map(str::to_owned);
            on_io.send((message.payload().to_vec(), thread)).unwrap();
        });
    let subscriptions = [to_own.unwrap(), to_io.unwrap()];
    subscriptions.iter().for_each(effective);
    for n in 0..100_u8 {
        send(&pair.client, "topic", &[n]);
    }
    for n in 0..100_u8 {
        let (payload, thread) = own.recv_timeout(PATIENCE).unwrap();
        assert_eq!(payload, [n]);
        assert!(thread.unwrap().starts_with("zw-handler-"));
        let (payload, thread) = io.recv_timeout(PATIENCE).unwrap();
        assert_eq!(payload, [n]);
        assert_eq!(thread.unwrap(), "zw-server");
    }
}

#[test]
fn messages_say_where_they_come_from() {
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "zeek/*");
    let event = Event::new("Demo::ping", [Value::Count(7), Value::from("seven")]);
    pair.client.publish("zeek/a", &event).unwrap();
    pair.client
        .publication("zeek/b")
        .format("broker-json-v1")
        .send_event(&event)
        .unwrap();
    for (topic, format) in [(b"zeek/a", "capnp-v1"), (b"zeek/b", "broker-json-v1")] {
        let received = inbox.recv_timeout(PATIENCE).unwrap();
        assert_eq!(
            (received.topic(), received.publisher()),
            (&topic[..], "client")
        );
        assert_eq!(received.message().format(), format);
        assert_eq!(
            received.message().incarnation(),
            pair.client.id().incarnation
        );
        assert_eq!(received.event().unwrap(), event);
        if format == "capnp-v1" {
            let message = received.message();
            assert_eq!(
                message.view().unwrap().event().unwrap().name(),
                "Demo::ping"
            );
        }
    }
}

#[test]
fn receiving_ends_at_its_time_and_with_the_subscription() {
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    let short = Duration::from_millis(10);
    assert_eq!(inbox.recv_timeout(short).unwrap_err(), RecvError::Timeout);
    assert_eq!(
        inbox.drain_timeout(short, |_| {}).unwrap_err(),
        RecvError::Timeout
    );
    send(&pair.client, "topic", b"last");
    eventually("it arrived", || {
        pair.server.status().subscriptions[0].queued_messages == 1
    });
    pair.server.shut_down(Duration::ZERO);
    assert_eq!(next(&inbox), b"last", "what arrived can still be taken");
    assert_eq!(inbox.recv().unwrap_err(), RecvError::Closed);
    assert_eq!(
        inbox.drain_timeout(PATIENCE, |_| {}).unwrap_err(),
        RecvError::Closed
    );
}

#[test]
fn draining_takes_all_that_is_there() {
    const COUNT: u64 = 20_000;
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    let publisher = {
        let client = pair.client.clone();
        thread::spawn(move || (0..COUNT).for_each(|n| send(&client, "topic", &numbered(n, 100))))
    };
    let mut taken = 0;
    while taken < COUNT {
        let mut expected = taken;
        let count = inbox.drain_timeout(PATIENCE, |message| {
            assert_eq!(number(message.payload()), expected);
            expected += 1;
        });
        taken += count.unwrap() as u64;
        assert_eq!(taken, expected);
    }
    publisher.join().unwrap();
}

#[test]
fn threads_share_a_receiver_and_each_message_goes_to_one() {
    const COUNT: u64 = 3_000;
    let pair = Pair::tcp();
    let inbox = receiver(&pair.server, "topic");
    let seen = thread::scope(|scope| {
        let take = || {
            let mut numbers = Vec::new();
            while let Ok(received) = inbox.recv_timeout(PATIENCE) {
                match received.payload() {
                    b"end" => break,
                    payload => numbers.push(number(payload)),
                }
            }
            numbers
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        (0..COUNT).for_each(|n| send(&pair.client, "topic", &numbered(n, 50)));
        // One burst must wake every thread, not only the first.
        (0..4).for_each(|_| send(&pair.client, "topic", b"end"));
        let began = Instant::now();
        let taken: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert!(began.elapsed() < PATIENCE, "a thread slept through");
        taken
    });
    assert!(seen.iter().all(|numbers| numbers.is_sorted()));
    let mut all = seen.concat();
    all.sort_unstable();
    assert_eq!(all, (0..COUNT).collect::<Vec<_>>());
}

/// Waits with the system's poller until the descriptor is readable.
struct Watch(Poll, Events);

impl Watch {
    fn new(pollable: &Pollable) -> Self {
        let poll = Poll::new().unwrap();
        let descriptor = pollable.as_raw_fd();
        let readable = Interest::READABLE;
        poll.registry()
            .register(&mut SourceFd(&descriptor), Token(1), readable)
            .unwrap();
        Self(poll, Events::with_capacity(4))
    }

    fn wait(&mut self, timeout: Duration) -> bool {
        self.0.poll(&mut self.1, Some(timeout)).unwrap();
        !self.1.is_empty()
    }
}

/// Whether the descriptor is readable now. A new watch is told what is so already.
fn is_readable(pollable: &Pollable) -> bool {
    Watch::new(pollable).wait(Duration::ZERO)
}

#[test]
fn a_descriptor_is_readable_while_messages_wait() {
    let pair = Pair::tcp();
    let inbox = pair
        .server
        .subscribe(["topic"])
        .unwrap()
        .pollable()
        .unwrap();
    effective(inbox.subscription());
    assert!(!is_readable(&inbox));
    assert_eq!(inbox.drain(usize::MAX, |_| {}), 0);
    let mut watch = Watch::new(&inbox);
    for round in 0..3 {
        for n in 0..10 {
            send(&pair.client, "topic", &numbered(n, 100));
        }
        let mut expected = 0;
        while expected < 10 {
            assert!(
                watch.wait(PATIENCE),
                "round {round}: message {expected} never showed"
            );
            // A budget of one message at a time.
            inbox.drain(1, |message| {
                assert_eq!(number(message.payload()), expected);
                expected += 1;
            });
            let left = pair.server.status().subscriptions[0].queued_messages;
            assert!(
                left == 0 || is_readable(&inbox),
                "{left} wait behind a silent descriptor"
            );
        }
        assert!(
            !is_readable(&inbox),
            "round {round}: nothing waits any more"
        );
    }
}

#[test]
fn a_descriptor_stays_readable_once_the_node_has_ended() {
    let node = Node::builder("node").start().unwrap();
    let inbox = node.subscribe(["topic"]).unwrap().pollable().unwrap();
    let mut watch = Watch::new(&inbox);
    assert!(!inbox.is_over());
    node.shut_down(Duration::ZERO);
    assert!(watch.wait(PATIENCE));
    assert_eq!(inbox.drain(usize::MAX, |_| {}), 0);
    assert!(inbox.is_over() && is_readable(&inbox));
    // Whoever comes late learns of it too.
    assert!(node.subscribe(["topic"]).unwrap().pollable().is_err());
}

#[test]
fn draining_by_descriptor_loses_nothing_under_load() {
    const COUNT: u64 = 20_000;
    for over in Over::ALL {
        let pair = Pair::new(over);
        let inbox = pair
            .server
            .subscribe(["topic"])
            .unwrap()
            .pollable()
            .unwrap();
        effective(inbox.subscription());
        let publisher = {
            let client = pair.client.clone();
            thread::spawn(move || (0..COUNT).for_each(|n| send(&client, "topic", &numbered(n, 64))))
        };
        let mut watch = Watch::new(&inbox);
        let mut expected = 0;
        while expected < COUNT {
            assert!(watch.wait(PATIENCE), "{over:?}: stuck before {expected}");
            inbox.drain(4_000, |message| {
                assert_eq!(number(message.payload()), expected);
                expected += 1;
            });
        }
        publisher.join().unwrap();
    }
}

#[cfg(feature = "tokio")]
mod streams {
    use std::pin::pin;

    use futures_core::Stream;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    }

    #[test]
    fn a_stream_yields_messages_and_ends() {
        const COUNT: u64 = 5_000;
        let pair = Pair::tcp();
        let mut stream = pair.server.subscribe(["topic"]).unwrap().stream().unwrap();
        effective(stream.subscription());
        let client = pair.client.clone();
        let publisher = thread::spawn(move || {
            (0..COUNT).for_each(|n| send(&client, "topic", &numbered(n, 64)));
        });
        let server = pair.server.clone();
        runtime().block_on(async {
            tokio::time::timeout(PATIENCE, async {
                for n in 0..COUNT {
                    let received = match n % 2 {
                        0 => stream.next().await,
                        _ => std::future::poll_fn(|cx| pin!(&mut stream).poll_next(cx)).await,
                    };
                    assert_eq!(number(received.unwrap().payload()), n);
                }
                publisher.join().unwrap();
                thread::spawn(move || server.shut_down(Duration::ZERO));
                assert!(stream.next().await.is_none());
                let end = std::future::poll_fn(|cx| pin!(&mut stream).poll_next(cx)).await;
                assert!(end.is_none());
            })
            .await
            .unwrap();
        });
    }

    #[test]
    fn tasks_share_a_stream_and_none_sleeps_while_messages_wait() {
        let pair = Pair::tcp();
        let stream = pair.server.subscribe(["topic"]).unwrap().stream().unwrap();
        effective(stream.subscription());
        runtime().block_on(async {
            tokio::time::timeout(PATIENCE, async {
                let burst = async {
                    tokio::task::yield_now().await;
                    // Both wait by now; each keeps what it gets until the other has something too.
                    for payload in [b"one", b"two"] {
                        send(&pair.client, "topic", payload);
                    }
                };
                let barrier = tokio::sync::Barrier::new(2);
                let take = || async {
                    let received = stream.next().await;
                    barrier.wait().await;
                    received.unwrap().payload().to_vec()
                };
                let ((), one, other) = tokio::join!(burst, take(), take());
                assert_ne!(one, other);
            })
            .await
            .expect("a task sleeps while a message waits");
        });
    }
}
