//! A process that has no descriptors left: nobody is lost, and all is well once some are free.

#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::fs::File;
use std::process::Command;

use common::{LISTENER, Node};
use zeekwire_transport::Accept;

mod common;

/// Set in the process that may exhaust its descriptors.
const CHILD: &str = "ZEEKWIRE_TEST_CHILD";
const NAME: &str = "exhausted_descriptors_lose_nobody";

#[test]
fn exhausted_descriptors_lose_nobody() {
    if std::env::var_os(CHILD).is_some() {
        for endpoint in ["tcp://127.0.0.1:0", "inproc://node"] {
            exhaust(endpoint);
        }
        let folder = tempfile::tempdir().unwrap();
        exhaust(&format!("ipc://{}/node.sock", folder.path().display()));
        return;
    }
    let child = Command::new("sh")
        .args([
            "-c",
            r#"ulimit -n 64 && exec "$0" --exact "$1" --nocapture"#,
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(NAME)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

fn exhaust(endpoint: &str) {
    let mut node = Node::new();
    let mut listener = node
        .network
        .listen(&endpoint.parse().unwrap(), LISTENER)
        .unwrap();
    let target = listener.local_endpoint().clone();
    let clients: Vec<_> = (0..3).map(|_| node.dial(&target).unwrap()).collect();
    while !node.look().is_empty() {}

    let mut hoard: Vec<File> = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        assert!(hoard.len() < 64, "the limit does not hold");
        hoard.push(file);
    }
    let error = node.dial(&target).unwrap_err();
    assert!(error.to_string().contains("Too many open files"), "{error}");

    if endpoint.starts_with("inproc") {
        // Its descriptors were made by those who connected.
        hoard.clear();
    } else {
        assert!(matches!(listener.accept().unwrap(), Accept::Backoff(_)));
        assert_eq!(node.look(), [], "the edge is spent");
        hoard.truncate(hoard.len() - 1);
        let Accept::Accepted(one) = listener.accept().unwrap() else {
            panic!("one is free")
        };
        assert!(matches!(listener.accept().unwrap(), Accept::Backoff(_)));
        drop((one, hoard));
    }
    let mut accepted = Vec::new();
    loop {
        match listener.accept().unwrap() {
            Accept::Accepted(stream) => accepted.push(stream),
            Accept::WouldBlock => break,
            Accept::Backoff(error) => panic!("{error}"),
        }
    }
    let expected = if endpoint.starts_with("inproc") { 3 } else { 2 };
    assert_eq!(accepted.len(), expected, "{endpoint}");
    drop(clients);
}
