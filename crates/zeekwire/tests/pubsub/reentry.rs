//! Handlers that use their own node: nothing may lock up.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use zeekwire::{Message, Node, PublishError, Subscription};

use crate::common::{Over, PATIENCE, Pair, next, number, numbered, receiver, send};

#[test]
fn an_io_handler_answers_each_message() {
    const COUNT: u64 = 1_000;
    for over in Over::ALL {
        let pair = Pair::new(over);
        let answers = receiver(&pair.client, "pong");
        let node = pair.server.clone();
        let echo = pair
            .server
            .subscribe(["ping"])
            .unwrap()
            .on_io_thread(move |message| {
                node.publication("pong")
                    .format("raw")
                    .send(message.payload())
                    .unwrap();
            });
        let echo = echo.unwrap();
        assert!(echo.wait_effective(PATIENCE));
        for n in 0..COUNT {
            send(&pair.client, "ping", &numbered(n, 200));
            assert_eq!(number(&next(&answers)), n);
        }
        // Many at once.
        for n in 0..COUNT {
            send(&pair.client, "ping", &numbered(n, 200));
        }
        (0..COUNT).for_each(|n| assert_eq!(number(&next(&answers)), n));
        pair.server.shut_down(PATIENCE);
    }
}

#[test]
fn an_io_handler_is_refused_rather_than_made_to_wait() {
    let pair = Pair::with(
        Over::Tcp,
        |server| server.configure(|config| config.ring_bytes_max = 10_000),
        |client| client,
    );
    let (told, outcome) = mpsc::channel();
    let node = pair.server.clone();
    let flood = pair
        .server
        .subscribe(["go"])
        .unwrap()
        .on_io_thread(move |_| {
            let send = |n: u64| {
                node.publication("flood")
                    .format("raw")
                    .send(&numbered(n, 1_000))
            };
            let refused = (0..1_000).map(send).find_map(Result::err);
            told.send(refused).unwrap();
        });
    let flood = flood.unwrap();
    assert!(flood.wait_effective(PATIENCE));
    send(&pair.client, "go", b"");
    assert_eq!(
        outcome.recv_timeout(PATIENCE).unwrap(),
        Some(PublishError::Overloaded)
    );
    assert!(pair.server.status().published.refused > 0);
    pair.server.shut_down(Duration::ZERO);
}

#[test]
fn a_thread_handler_answers_under_load() {
    const COUNT: u64 = 10_000;
    let pair = Pair::tcp();
    let answers = receiver(&pair.client, "pong");
    let node = pair.server.clone();
    let echo = pair
        .server
        .subscribe(["ping"])
        .unwrap()
        .handler(move |message| {
            send(&node, "pong", message.payload());
        });
    let echo = echo.unwrap();
    assert!(echo.wait_effective(PATIENCE));
    let client = pair.client.clone();
    let publisher =
        thread::spawn(move || (0..COUNT).for_each(|n| send(&client, "ping", &numbered(n, 100))));
    (0..COUNT).for_each(|n| assert_eq!(number(&next(&answers)), n));
    publisher.join().unwrap();
}

/// Subscribes with a handler on its own thread or on the IO thread.
fn subscribe(
    node: &Node,
    on_io_thread: bool,
    handler: impl FnMut(&Message<'_>) + Send + 'static,
) -> Subscription {
    let builder = node.subscribe(["topic"]).unwrap();
    let subscription = match on_io_thread {
        true => builder.on_io_thread(handler),
        false => builder.handler(handler),
    };
    let subscription = subscription.unwrap();
    assert!(subscription.wait_effective(PATIENCE));
    subscription
}

#[test]
fn handlers_may_subscribe_and_unsubscribe() {
    for on_io_thread in [false, true] {
        let pair = Pair::tcp();
        let (told, done) = mpsc::channel();
        let kept = Arc::new(Mutex::new(None));
        let (node, keep) = (pair.server.clone(), Arc::clone(&kept));
        let mut rounds = 0;
        let subscription = subscribe(&pair.server, on_io_thread, move |_| {
            rounds += 1;
            let inner = node.subscribe(["inner/*"]).unwrap().receiver().unwrap();
            inner.subscription().add("more").unwrap();
            inner.subscription().remove("more").unwrap();
            node.advertise("x", None).unwrap();
            node.unadvertise("x", None).unwrap();
            let _status = node.status();
            // Ends the one before.
            *keep.lock().unwrap() = Some(inner);
            told.send(rounds).unwrap();
        });
        for round in 1..=20 {
            send(&pair.client, "topic", b"x");
            assert_eq!(done.recv_timeout(PATIENCE).unwrap(), round);
        }
        let inner = kept.lock().unwrap().take().unwrap();
        assert!(inner.subscription().wait_effective(PATIENCE));
        send(&pair.client, "inner/1", b"late");
        assert_eq!(next(&inner), b"late");
        drop(subscription);
        pair.server.shut_down(Duration::ZERO);
    }
}

#[test]
fn handlers_may_drop_their_own_subscription() {
    for on_io_thread in [false, true] {
        let pair = Pair::tcp();
        let own = Arc::new(Mutex::new(None::<Subscription>));
        let to_drop = Arc::clone(&own);
        let (told, done) = mpsc::channel();
        let subscription = subscribe(&pair.server, on_io_thread, move |_| {
            drop(to_drop.lock().unwrap().take());
            // More may have been on their way when it ended.
            let _gone = told.send(());
        });
        *own.lock().unwrap() = Some(subscription);
        send(&pair.client, "topic", b"x");
        done.recv_timeout(PATIENCE).unwrap();
        crate::common::eventually("the subscription is gone", || {
            pair.server.status().subscriptions.is_empty()
        });
    }
}

#[test]
fn handlers_may_shut_their_node_down() {
    for on_io_thread in [false, true] {
        let pair = Pair::tcp();
        let node = pair.server.clone();
        let (told, done) = mpsc::channel();
        let _subscription = subscribe(&pair.server, on_io_thread, move |_| {
            node.shut_down(Duration::from_millis(100));
            let _gone = told.send(());
        });
        let inbox = pair
            .server
            .subscribe(["other"])
            .unwrap()
            .receiver()
            .unwrap();
        send(&pair.client, "topic", b"x");
        done.recv_timeout(PATIENCE).unwrap();
        assert_eq!(
            inbox.recv_timeout(PATIENCE).unwrap_err(),
            zeekwire::RecvError::Closed
        );
    }
}

#[test]
fn a_handler_may_hold_and_drop_the_last_handle_of_a_node() {
    for on_io_thread in [false, true] {
        let pair = Pair::tcp();
        let Pair {
            server,
            client,
            link: _link,
            ..
        } = pair;
        let (told, done) = mpsc::channel();
        let last = Arc::new(Mutex::new(None));
        let to_drop = Arc::clone(&last);
        let subscription = subscribe(&server, on_io_thread, move |_| {
            drop(to_drop.lock().unwrap().take());
            let _gone = told.send(());
        });
        *last.lock().unwrap() = Some((server, subscription));
        send(&client, "topic", b"x");
        done.recv_timeout(PATIENCE).unwrap();
        crate::common::eventually("the link is gone", || {
            client.status().links.iter().all(|link| link.state != "up")
        });
    }
}

#[test]
fn observers_and_hooks_may_use_their_node() {
    let node = Arc::new(Mutex::new(None::<Node>));
    let in_observer = Arc::clone(&node);
    let (told, heard) = mpsc::channel();
    let builder = Node::builder("server").on_link_event(move |_| {
        if let Some(node) = &*in_observer.lock().unwrap() {
            let _status = node.status();
            let _sent = node.publication("observed").format("raw").send(b"x");
            drop(node.subscribe(["y"]).unwrap().receiver());
            let _unheard = told.send(());
        }
    });
    let server = builder.start().unwrap();
    *node.lock().unwrap() = Some(server.clone());
    let in_hook = server.clone();
    let hook = move |_: &zeekwire::Peer| {
        let _status = in_hook.status();
        in_hook
            .publication("hooked")
            .format("raw")
            .send(b"x")
            .map_err(|error| error.to_string())
    };
    let options = zeekwire::ListenOptions {
        accept: Some(Arc::new(hook)),
        ..zeekwire::ListenOptions::default()
    };
    let (_, endpoint) = server.listen_with("tcp://127.0.0.1:0", options).unwrap();
    let client = Node::builder("client").start().unwrap();
    client
        .connect(&endpoint)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap();
    heard.recv_timeout(PATIENCE).unwrap();
    // The observer and the hook hold the node, so it must be ended by hand.
    server.shut_down(Duration::ZERO);
    *node.lock().unwrap() = None;
}
