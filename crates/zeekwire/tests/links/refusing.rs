//! Peers that are not let in, and how each side learns of it.

use std::sync::Arc;

use zeekwire::{LinkError, LinkEvent, ListenOptions, Node, Peer};

use crate::common::{Heard, PATIENCE};

/// A node that refuses everybody whose name does not start with `worker`, and what it heard.
fn choosy() -> (Node, String, Heard) {
    let heard = Heard::default();
    let node = Node::builder("choosy")
        .on_link_event(heard.ear())
        .start()
        .unwrap();
    let hook = |peer: &Peer| match peer.node.name.as_str() {
        name if name.starts_with("worker") => Ok(()),
        name => Err(format!("{name} is not on the list")),
    };
    let options = ListenOptions {
        accept: Some(Arc::new(hook)),
        ..ListenOptions::default()
    };
    let (_, endpoint) = node.listen_with("tcp://127.0.0.1:0", options).unwrap();
    (node, endpoint, heard)
}

#[test]
fn both_sides_say_why_a_peer_was_refused() {
    let (_node, endpoint, theirs) = choosy();
    let heard = Heard::default();
    let stranger = Node::builder("stranger")
        .on_link_event(heard.ear())
        .start()
        .unwrap();
    let _link = stranger.connect(&endpoint).unwrap();
    let ours = heard.down();
    assert!(ours.contains("refused by the peer"), "{ours}");
    assert!(ours.contains("stranger is not on the list"), "{ours}");
    let (peer, reason) = theirs.wait("of the refused peer", |event| match event {
        LinkEvent::Down {
            peer: Some(peer),
            reason,
            ..
        } => Some((peer.clone(), reason.clone())),
        _ => None,
    });
    assert_eq!(peer.node, *stranger.id());
    assert!(reason.contains("stranger is not on the list"), "{reason}");
    let up = |event: &LinkEvent| matches!(event, LinkEvent::Up { .. });
    assert!(!theirs.all().iter().any(up) && !heard.all().iter().any(up));
}

#[test]
fn who_is_welcome_gets_in() {
    let (_node, endpoint, _) = choosy();
    let worker = Node::builder("worker-1").start().unwrap();
    worker
        .connect(&endpoint)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap();
}

#[test]
fn a_refused_peer_may_be_welcome_later() {
    let (_node, endpoint, _) = choosy();
    let worker = Node::builder("w").start().unwrap();
    let options = zeekwire::ConnectOptions {
        retry: zeekwire::Retry::Attempts(2),
        ..zeekwire::ConnectOptions::default()
    };
    // Refusal counts as a failed attempt.
    let error = worker
        .connect_with(&endpoint, options)
        .unwrap()
        .wait_ready(PATIENCE);
    let Err(LinkError::GaveUp { reason }) = error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("w is not on the list"), "{reason}");
}

#[test]
fn a_node_refuses_itself_and_its_namesakes() {
    let node = Node::builder("twin").start().unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let options = zeekwire::ConnectOptions {
        retry: zeekwire::Retry::Attempts(1),
        ..zeekwire::ConnectOptions::default()
    };
    let error = node
        .connect_with(&endpoint, options)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap_err();
    assert!(
        error.to_string().contains("this is the same node"),
        "{error}"
    );
    let other = Node::builder("twin").start().unwrap();
    let error = other
        .connect_with(&endpoint, options)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap_err();
    assert!(error.to_string().contains("called twin already"), "{error}");
}
