//! Writing to a peer that is gone is an error and never a signal.
//!
//! Rust's runtime ignores SIGPIPE, which would hide a signal; so it is caught here, in a process
//! of its own.

use std::io::{ErrorKind, IoSlice};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::Node;
use signal_hook::consts::SIGPIPE;
use socket2::SockRef;
use zeekwire_transport::{Inproc, SocketOptions};

mod common;

/// One test, since a signal belongs to the whole process.
#[test]
fn write_to_a_closed_peer_raises_no_signal() {
    let raised = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGPIPE, Arc::clone(&raised)).unwrap();
    let slices = [IoSlice::new(b"to"), IoSlice::new(b"nobody")];

    // What a careless write does, or else this test would show nothing.
    let (careless, peer) = UnixStream::pair().unwrap();
    drop(peer);
    SockRef::from(&careless)
        .send_vectored_with_flags(&slices, 0)
        .unwrap_err();
    assert!(
        raised.swap(false, Ordering::SeqCst),
        "SIGPIPE is not caught"
    );

    let folder = tempfile::tempdir().unwrap();
    let ipc = format!("ipc://{}/node.sock", folder.path().display());
    for endpoint in ["tcp://127.0.0.1:0", "inproc://node", &ipc] {
        let mut node = Node::new();
        let mut link = node.link(endpoint);
        drop(link.far);
        let mut errors = Vec::new();
        while errors.len() < 4 {
            let gathered = errors.len() % 2 == 0;
            let written = match gathered {
                true => link.near.write_vectored(&slices),
                false => link.near.write(b"to nobody"),
            };
            errors.extend(written.err().map(|error| error.kind()));
        }
        let ends = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(
            errors.iter().all(|kind| ends.contains(kind)),
            "{endpoint}: {errors:?}"
        );
        assert!(!raised.load(Ordering::SeqCst), "SIGPIPE over {endpoint}");
    }

    // The bell of an in-process listener is a socket too.
    let hub = Inproc::new();
    let listener = hub.listen("bell").unwrap();
    drop(hub.connect("bell", &SocketOptions::default()).unwrap());
    drop(listener);
    assert!(!raised.load(Ordering::SeqCst));
}
