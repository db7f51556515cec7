//! Ends that somebody asked for: what was published before still arrives, within its time.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeekwire::{LinkError, LinkEvent, Node};

use crate::common::{Heard, Over, PATIENCE, Pair, eventually, number, numbered, receiver, send};

/// Publishes `count` messages of `bytes` bytes, then runs `end`, and sees them all arrive.
#[track_caller]
fn all_arrive_before(over: Over, count: u64, bytes: usize, end: impl FnOnce(&Pair)) {
    let heard = Heard::default();
    let pair = Pair::with(
        over,
        |server| server.on_link_event(heard.ear()),
        |client| client,
    );
    let inbox = receiver(&pair.server, "topic");
    for n in 0..count {
        send(&pair.client, "topic", &numbered(n, bytes));
    }
    end(&pair);
    for n in 0..count {
        let received = inbox.recv_timeout(PATIENCE);
        let received = received.unwrap_or_else(|error| panic!("{over:?}: message {n}: {error}"));
        assert_eq!(number(received.payload()), n);
    }
    let reason = heard.down();
    assert!(reason.starts_with("closed by the peer"), "{reason}");
}

#[test]
fn closing_a_link_sends_what_was_published_before() {
    let close = |pair: &Pair| {
        assert!(
            pair.link.close(PATIENCE).wait(PATIENCE),
            "closing never ended"
        );
        eventually("the link is forgotten", || {
            pair.client.status().links.is_empty()
        });
    };
    for over in Over::ALL {
        all_arrive_before(over, 1, 10, close);
        // Far more than the window and the sockets take at once.
        all_arrive_before(over, 6_000, 1_000, close);
        all_arrive_before(over, 6, 1_000_000, close);
    }
}

#[test]
fn shutting_a_node_down_sends_what_was_published_before() {
    for over in Over::ALL {
        all_arrive_before(over, 1, 10, |pair| pair.client.shut_down(PATIENCE));
        all_arrive_before(over, 6_000, 1_000, |pair| pair.client.shut_down(PATIENCE));
    }
}

#[test]
fn closing_waits_no_longer_than_it_may() {
    let pair = Pair::tcp();
    let (stuck, unstick) = mpsc::channel::<()>();
    let subscription = pair.server.subscribe(["topic"]).unwrap();
    // Blocks the server's IO thread, as nobody should.
    let subscription = subscription
        .on_io_thread(move |_| _ = unstick.recv_timeout(PATIENCE))
        .unwrap();
    assert!(subscription.wait_effective(PATIENCE));
    for n in 0..1_000 {
        send(&pair.client, "topic", &numbered(n, 4_000));
    }
    let began = Instant::now();
    let closed = pair.link.close(Duration::from_millis(200));
    assert!(closed.wait(PATIENCE));
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    drop(stuck);
}

#[test]
fn a_closed_link_does_not_come_back() {
    let heard = Heard::default();
    let pair = Pair::with(
        Over::Tcp,
        |server| server,
        |client| client.on_link_event(heard.ear()),
    );
    assert!(pair.link.close(PATIENCE).wait(PATIENCE));
    heard.wait("that it is down for good", |event| {
        matches!(event, LinkEvent::Down { retry_in: None, .. }).then_some(())
    });
    let error = pair
        .link
        .wait_ready(Duration::from_millis(300))
        .unwrap_err();
    assert!(matches!(error, LinkError::GaveUp { .. }), "{error:?}");
    eventually("the server forgot it", || {
        pair.server.status().links.is_empty()
    });
    // Again does nothing, and says so.
    assert!(pair.link.close(PATIENCE).wait(PATIENCE));
}

#[test]
fn a_link_that_never_was_can_be_closed() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("tcp://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let waits = format!("tcp://{}", silent.local_addr().unwrap());
    let node = Node::builder("client").start().unwrap();
    for endpoint in [
        refused.as_str(),
        &waits,
        "tcp://no-such-host.invalid:1",
        "inproc://none",
    ] {
        let link = node.connect(endpoint).unwrap();
        assert!(link.close(Duration::ZERO).wait(PATIENCE), "{endpoint}");
    }
    eventually("all are forgotten", || node.status().links.is_empty());
}

#[test]
fn both_sides_may_close_at_once() {
    for _ in 0..20 {
        let pair = Pair::tcp();
        let server_link = zeekwire::LinkId(pair.server_link().id);
        let theirs = pair.server.backend().close_link(server_link, PATIENCE);
        let ours = pair.link.close(PATIENCE);
        assert!(theirs.wait(PATIENCE) && ours.wait(PATIENCE));
    }
}
