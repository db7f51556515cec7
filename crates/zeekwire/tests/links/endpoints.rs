//! Every kind of endpoint, listened at before and after it is connected to.

use std::net::TcpListener;

use zeekwire::{Inproc, LinkEvent, LinkId, ListenOptions, Node, SetupErrorKind};

use crate::common::{Heard, PATIENCE, next, receiver, send};

/// Links two nodes and sees a message pass each way.
#[track_caller]
fn check(listen_at: &str, connect_to: impl Fn(&str) -> String) {
    let meeting_place = Inproc::new();
    let server = Node::builder("server")
        .inproc(&meeting_place)
        .start()
        .unwrap();
    let client = Node::builder("client")
        .inproc(&meeting_place)
        .start()
        .unwrap();
    let bound = server
        .listen(listen_at)
        .unwrap_or_else(|error| panic!("{listen_at}: {error}"));
    let target = connect_to(&bound);
    let peer = client
        .connect(&target)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap();
    assert_eq!(
        (peer.node.name.as_str(), &peer.endpoint),
        ("server", &target)
    );

    let (there, back) = (receiver(&server, "there"), receiver(&client, "back"));
    send(&client, "there", b"ping");
    assert_eq!(next(&there), b"ping");
    send(&server, "back", b"pong");
    assert_eq!(next(&back), b"pong");
}

fn port(endpoint: &str) -> &str {
    endpoint.rsplit(':').next().unwrap()
}

#[test]
fn tcp_takes_addresses_of_both_families_and_names() {
    check("tcp://127.0.0.1:0", str::to_owned);
    check("tcp://127.0.0.1:0", |bound| {
        format!("tcp://localhost:{}", port(bound))
    });
    check("tcp://localhost:0", |bound| {
        format!("tcp://localhost:{}", port(bound))
    });
    // Some machines have no IPv6, not even to themselves.
    if TcpListener::bind("[::1]:0").is_ok() {
        check("tcp://[::1]:0", str::to_owned);
    }
}

#[test]
fn ipc_and_inproc_link() {
    let folder = tempfile::tempdir().unwrap();
    check(
        &format!("ipc://{}/node.sock", folder.path().display()),
        str::to_owned,
    );
    check("inproc://somewhere", str::to_owned);
}

#[test]
fn connecting_before_anybody_listens_works_out() {
    let folder = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let path = format!("ipc://{}/later.sock", folder.path().display());
    for endpoint in [&format!("tcp://{free}"), &path, "inproc://later"] {
        let meeting_place = Inproc::new();
        let heard = Heard::default();
        let client = Node::builder("client")
            .inproc(&meeting_place)
            .on_link_event(heard.ear());
        let client = client.start().unwrap();
        let link = client.connect(endpoint).unwrap();
        heard.wait("of a failure", |event| {
            matches!(
                event,
                LinkEvent::ConnectFailed {
                    retry_in: Some(_),
                    ..
                }
            )
            .then_some(())
        });
        let server = Node::builder("server")
            .inproc(&meeting_place)
            .start()
            .unwrap();
        server.listen(endpoint).unwrap();
        link.wait_ready(PATIENCE).unwrap();
    }
}

#[test]
fn listening_for_other_machines_must_be_asked_for() {
    let node = Node::builder("careful").start().unwrap();
    for endpoint in ["tcp://0.0.0.0:0", "tcp://*:0", "tcp://[::]:0"] {
        let error = node.listen(endpoint).unwrap_err();
        assert_eq!(
            error.kind(),
            SetupErrorKind::NotLocal,
            "{endpoint}: {error}"
        );
        assert!(error.to_string().contains("insecure_remote"), "{error}");
    }
    let options = ListenOptions {
        insecure_remote: true,
        ..ListenOptions::default()
    };
    let (_, bound) = node.listen_with("tcp://0.0.0.0:0", options).unwrap();
    assert!(bound.starts_with("tcp://0.0.0.0:"), "{bound}");
    assert_eq!(node.status().listeners, [bound]);
}

#[test]
fn endpoints_that_cannot_be_had_are_errors_at_once() {
    let node = Node::builder("node").start().unwrap();
    for endpoint in [
        "",
        "tcp://",
        "udp://127.0.0.1:1",
        "tcp://127.0.0.1",
        "ipc://",
    ] {
        assert_eq!(
            node.listen(endpoint).unwrap_err().kind(),
            SetupErrorKind::Endpoint
        );
        assert_eq!(
            node.connect(endpoint).unwrap_err().kind(),
            SetupErrorKind::Endpoint
        );
    }
    let bound = node.listen("tcp://127.0.0.1:0").unwrap();
    let taken = node.listen(&bound).unwrap_err();
    assert_eq!(taken.kind(), SetupErrorKind::Listen, "{taken}");
    node.listen("inproc://here").unwrap();
    assert_eq!(
        node.listen("inproc://here").unwrap_err().kind(),
        SetupErrorKind::Listen
    );
}

#[test]
fn a_closed_listener_takes_nobody_and_keeps_its_links() {
    let server = Node::builder("server").start().unwrap();
    let (listener, endpoint) = server
        .listen_with("tcp://127.0.0.1:0", ListenOptions::default())
        .unwrap();
    let early = Node::builder("early").connect(&endpoint).start().unwrap();
    let inbox = receiver(&server, "topic");
    crate::common::eventually("the early node is linked", || {
        server.status().links.iter().any(|link| link.state == "up")
    });
    server.close_listener(listener);
    crate::common::eventually("the listener is gone", || {
        server.status().listeners.is_empty()
    });

    let late = Node::builder("late").start().unwrap();
    let options = zeekwire::ConnectOptions {
        retry: zeekwire::Retry::Attempts(1),
        ..Default::default()
    };
    let link = late.connect_with(&endpoint, options).unwrap();
    let error = link.wait_ready(PATIENCE).unwrap_err();
    assert!(
        matches!(error, zeekwire::LinkError::GaveUp { .. }),
        "{error:?}"
    );

    crate::common::eventually("the early node's link is ready", || {
        early.status().links.iter().any(|link| link.filters > 1)
    });
    send(&early, "topic", b"still here");
    assert_eq!(next(&inbox), b"still here");
    // Closing it again, or one that never was, does nothing.
    server.close_listener(listener);
    server.close_listener(zeekwire::ListenerId(LinkId(99).0));
    assert_eq!(server.status().links.len(), 1);
}
