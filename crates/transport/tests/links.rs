//! Bytes over real sockets of every kind: all of them, in order, with no edge lost.

use std::io::{ErrorKind, IoSlice};
use std::time::Duration;

use common::{FAR, LISTENER, NEAR, Node, drain, fill, pattern};
use zeekwire_transport::{
    Accept, ReadOutcome, SocketOptions, Stream, WRITE_SLICE_COUNT_MAX, WriteOutcome,
};

mod common;

/// More than any socket buffer holds at once.
const LARGE_BYTES: usize = 20_000_000;

/// Sends a lot one way and then the other, with a thousand turns of fill and drain.
fn carries_everything(endpoint: &str) {
    let mut node = Node::new();
    let mut link = node.link(endpoint);
    let sent = pattern(LARGE_BYTES);
    for _ in 0..2 {
        let (mut offset, mut read) = (0, Vec::new());
        while read.len() < sent.len() {
            offset += fill(&mut link.near, &sent[offset..]);
            assert_eq!(drain(&mut link.far, &mut read), ReadOutcome::WouldBlock);
            if read.len() < sent.len() {
                node.poll();
            }
        }
        assert!(read == sent, "bytes were changed");
        std::mem::swap(&mut link.near, &mut link.far);
    }
}

fn ipc_in(folder: &tempfile::TempDir) -> String {
    format!("ipc://{}/node.sock", folder.path().display())
}

#[test]
fn tcp_carries_everything() {
    carries_everything("tcp://127.0.0.1:0");
}

#[test]
fn tcp_over_ipv6_carries_everything() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        println!("skipped: this host has no IPv6 loopback");
        return;
    }
    carries_everything("tcp://[::1]:0");
}

#[test]
fn ipc_carries_everything() {
    carries_everything(&ipc_in(&tempfile::tempdir().unwrap()));
}

#[test]
fn inproc_carries_everything() {
    carries_everything("inproc://node");
}

#[test]
fn every_buffer_option_carries_everything() {
    let mut options = SocketOptions::default();
    options.no_delay = false;
    options.notsent_lowat_bytes = Some(16 * 1024);
    options.send_buffer_bytes = Some(32 * 1024);
    options.receive_buffer_bytes = Some(32 * 1024);
    options.user_timeout = Some(Duration::from_secs(30));
    options.keepalive = Some(Duration::from_secs(60));
    for endpoint in ["tcp://127.0.0.1:0", "inproc://node"] {
        let mut node = Node::with(options.clone());
        let mut link = node.link(endpoint);
        let sent = pattern(1_000_000);
        let (mut offset, mut read) = (0, Vec::new());
        while read.len() < sent.len() {
            offset += fill(&mut link.near, &sent[offset..]);
            drain(&mut link.far, &mut read);
            if read.len() < sent.len() {
                node.poll();
            }
        }
        assert!(read == sent, "bytes were changed over {endpoint}");
    }
}

#[test]
fn names_and_any_address_connect() {
    for endpoint in ["tcp://localhost:0", "tcp://*:0"] {
        let mut node = Node::new();
        let mut listener = node
            .network
            .listen(&endpoint.parse().unwrap(), LISTENER)
            .unwrap();
        let text = listener.local_endpoint().to_string();
        let port = text.rsplit(':').next().unwrap();
        assert_ne!(port, "0");
        assert_eq!(
            listener.local_endpoint().is_local(),
            !endpoint.contains('*'),
            "{text}"
        );
        let near = node
            .dial(&format!("tcp://localhost:{port}").parse().unwrap())
            .unwrap();
        let far = node.accept(&mut listener);
        for stream in [&near, &far] {
            assert!(stream.peer().is_local(), "{stream:?}");
        }
        let by_address = format!("tcp://127.0.0.1:{port}").parse().unwrap();
        assert!(node.dial(&by_address).is_ok(), "{text}");
    }
}

#[test]
fn each_arrival_at_a_listener_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for endpoint in ["tcp://127.0.0.1:0", "inproc://node", &ipc_in(&folder)] {
        let mut node = Node::new();
        let mut clients = Node::sharing(&node);
        let endpoint = endpoint.parse().unwrap();
        let mut listener = node.network.listen(&endpoint, LISTENER).unwrap();
        let target = listener.local_endpoint().clone();
        while !node.look().is_empty() {}
        for _ in 0..3 {
            assert!(matches!(listener.accept(), Ok(Accept::WouldBlock)));
            let _client = clients.dial(&target).unwrap();
            node.poll();
            assert!(
                node.ready
                    .iter()
                    .any(|ready| ready.key == LISTENER && ready.readable)
            );
            assert!(matches!(listener.accept(), Ok(Accept::Accepted(_))));
        }
    }
}

#[test]
fn port_in_use_is_refused() {
    let node = Node::new();
    let endpoint = "tcp://127.0.0.1:0".parse().unwrap();
    let listener = node.network.listen(&endpoint, LISTENER).unwrap();
    let error = node
        .network
        .listen(listener.local_endpoint(), NEAR)
        .unwrap_err();
    let expected = format!(
        "listen on {} failed: the port is in use; choose another, or end what listens there",
        listener.local_endpoint()
    );
    assert_eq!(error.to_string(), expected);
}

/// The edge comes back exactly when it should, on both sides.
fn edges_follow_would_block(endpoint: &str) {
    let mut node = Node::new();
    let mut link = node.link(endpoint);
    while !node.look().is_empty() {}

    let sent = fill(&mut link.near, &pattern(LARGE_BYTES));
    assert!(sent < LARGE_BYTES, "the kernel should be full");
    while node
        .look()
        .iter()
        .all(|ready| ready.key != FAR || !ready.readable)
    {}

    // A read that fills its buffer says nothing about the rest; only reading to the end does.
    let mut read = vec![0; sent / 2];
    assert!(matches!(
        link.far.read(&mut read),
        Ok(ReadOutcome::Bytes(_))
    ));
    drain(&mut link.far, &mut read);
    let mut writable = false;
    while !writable {
        node.poll();
        writable = node
            .ready
            .iter()
            .any(|ready| ready.key == NEAR && ready.writable);
        drain(&mut link.far, &mut read);
    }
    assert!(fill(&mut link.near, &[1]) == 1);
}

#[test]
fn edges_of_tcp_follow_would_block() {
    edges_follow_would_block("tcp://127.0.0.1:0");
}

#[test]
fn edges_of_ipc_follow_would_block() {
    edges_follow_would_block(&ipc_in(&tempfile::tempdir().unwrap()));
}

#[test]
fn half_closed_stream_still_answers() {
    let folder = tempfile::tempdir().unwrap();
    for endpoint in ["tcp://127.0.0.1:0", "inproc://node", &ipc_in(&folder)] {
        let mut node = Node::new();
        let mut link = node.link(endpoint);
        fill(&mut link.near, b"question");
        link.near.shutdown_write().unwrap();
        assert_eq!(node.read_to_end(&mut link.far), b"question");

        fill(&mut link.far, b"answer");
        link.far.shutdown_write().unwrap();
        assert_eq!(node.read_to_end(&mut link.near), b"answer");
    }
}

#[test]
fn dropped_stream_ends_the_peer_after_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for endpoint in ["tcp://127.0.0.1:0", "inproc://node", &ipc_in(&folder)] {
        let mut node = Node::new();
        let mut link = node.link(endpoint);
        fill(&mut link.near, b"last words");
        drop(link.near);
        assert_eq!(node.read_to_end(&mut link.far), b"last words");
        let refused = first_write_error(&mut node, &mut link.far);
        assert!(
            matches!(refused, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset),
            "{refused}"
        );
    }
}

/// What writing to a peer that is gone ends with.
fn first_write_error(node: &mut Node, stream: &mut Stream) -> ErrorKind {
    loop {
        match stream.write(b"more") {
            Ok(WriteOutcome::Bytes(_)) => {}
            Ok(WriteOutcome::WouldBlock) => node.poll(),
            Err(error) => return error.kind(),
        }
    }
}

#[test]
fn more_slices_than_the_system_takes_are_cut_not_refused() {
    let mut node = Node::new();
    let mut link = node.link("tcp://127.0.0.1:0");
    let slices = vec![IoSlice::new(b"x"); WRITE_SLICE_COUNT_MAX + 1];
    let outcome = link.near.write_vectored(&slices).unwrap();
    assert_eq!(outcome, WriteOutcome::Bytes(WRITE_SLICE_COUNT_MAX));
    assert_eq!(
        link.near.write_vectored(&[]).unwrap(),
        WriteOutcome::Bytes(0)
    );
    drop(link.near);
    assert_eq!(node.read_to_end(&mut link.far).len(), WRITE_SLICE_COUNT_MAX);
}

#[test]
fn peers_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::new();
    let link = node.link("tcp://127.0.0.1:0");
    assert_eq!(link.near.peer(), link.listener.local_endpoint());
    assert!(link.far.peer().to_string().starts_with("tcp://127.0.0.1:"));
    for endpoint in ["inproc://node", &ipc_in(&folder)] {
        let link = Node::new().link(endpoint);
        assert_eq!(link.near.peer().to_string(), endpoint);
        assert_eq!(link.far.peer().to_string(), endpoint);
    }
}
