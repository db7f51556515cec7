//! Links that come back, and attempts that end.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use zeekwire::{ConnectOptions, LinkError, LinkEvent, Node, Retry};

use crate::common::{Heard, PATIENCE, Pair, eventually, next, receiver, send};

/// An endpoint where nobody listens.
fn nowhere() -> String {
    format!(
        "tcp://{}",
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    )
}

#[test]
fn a_link_comes_back_when_the_listener_restarts() {
    let heard = Heard::default();
    let pair = Pair::with(
        crate::common::Over::Tcp,
        |server| server,
        |client| client.on_link_event(heard.ear()),
    );
    let at_client = receiver(&pair.client, "news/*");
    let endpoint = pair.endpoint.clone();
    let mut server = pair.server.clone();
    for round in 0..3 {
        heard.forget();
        server.shut_down(PATIENCE);
        let reason = heard.wait(
            "that the link is down and will be tried again",
            |event| match event {
                LinkEvent::Down {
                    reason,
                    retry_in: Some(_),
                    ..
                } => Some(reason.clone()),
                _ => None,
            },
        );
        assert!(!reason.is_empty());
        server = Node::builder("server").listen(&endpoint).start().unwrap();
        let peer = pair.link.wait_ready(PATIENCE).unwrap();
        assert_eq!(peer.node, *server.id(), "the new life is there");
        // What the client subscribed to is asked for again.
        let inbox = receiver(&server, "answer");
        eventually("the filters are there", || {
            server.status().links.iter().any(|link| link.filters == 3)
        });
        send(&server, "news/today", &[round]);
        assert_eq!(next(&at_client), [round]);
        send(&pair.client, "answer", &[round]);
        assert_eq!(next(&inbox), [round]);
    }
}

#[test]
fn bounded_attempts_end_with_a_reason() {
    let heard = Heard::default();
    let node = Node::builder("client")
        .on_link_event(heard.ear())
        .start()
        .unwrap();
    let options = ConnectOptions {
        retry: Retry::Attempts(3),
        ..ConnectOptions::default()
    };
    let endpoint = nowhere();
    let link = node.connect_with(&endpoint, options).unwrap();
    let error = link.wait_ready(PATIENCE).unwrap_err();
    let LinkError::GaveUp { reason } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        reason,
        format!("connect to {endpoint} failed: connection refused")
    );
    eventually("the link is forgotten", || node.status().links.is_empty());
    let last = heard.all().pop();
    assert!(
        matches!(last, Some(LinkEvent::ConnectFailed { retry_in: None, .. })),
        "{last:?}"
    );
}

#[test]
fn endless_attempts_go_on_and_say_what_is_wrong() {
    let node = Node::builder("client").start().unwrap();
    let link = node.connect(&nowhere()).unwrap();
    let error = link.wait_ready(Duration::from_millis(50)).unwrap_err();
    let LinkError::Timeout { last } = error else {
        panic!("{error:?}")
    };
    assert!(last.is_some_and(|last| last.contains("connection refused")));
    assert_eq!(node.status().links.len(), 1);
}

#[test]
fn an_endpoint_for_listening_only_is_given_up_at_once() {
    let node = Node::builder("client").start().unwrap();
    let error = node
        .connect("tcp://127.0.0.1:0")
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap_err();
    assert!(error.to_string().contains("listening only"), "{error}");
}

#[test]
fn first_retries_are_quick() {
    let endpoint = nowhere();
    let client = Node::builder("client").start().unwrap();
    let link = client.connect(&endpoint).unwrap();
    std::thread::sleep(Duration::from_millis(30));
    let began = Instant::now();
    let _server = Node::builder("server").listen(&endpoint).start().unwrap();
    link.wait_ready(PATIENCE).unwrap();
    // The first delays are 10 to 200 ms; a schedule that began with seconds would show.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}
