//! Nodes are found, dead sockets are not.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};

use zeekwire::Node;

use super::*;

#[test]
fn running_node_is_found_and_a_stale_socket_removed() {
    let root = tempfile::tempdir().unwrap();
    let directory = Directory::at(&root.path().join("zeekwire"));
    assert!(
        search(&directory).unwrap().is_empty(),
        "nobody ever ran here"
    );
    let node = Node::builder("a:b").start().unwrap();
    let server = AdminServer::start_in(&directory, &node).unwrap();
    let stale = directory.path().join("dead-1.sock");
    drop(UnixListener::bind(&stale).unwrap());
    let found = search(&directory).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].status.as_ref().unwrap().name, "a:b");
    assert!(!stale.exists());
    drop(server);
    assert!(search(&directory).unwrap().is_empty());
}

#[test]
fn request_that_is_not_understood_is_told() {
    let root = tempfile::tempdir().unwrap();
    let directory = Directory::at(&root.path().join("zeekwire"));
    let node = Node::builder("a").start().unwrap();
    let server = AdminServer::start_in(&directory, &node).unwrap();
    let mut stream = UnixStream::connect(server.path()).unwrap();
    stream.write_all(b"{\"request\":\"shutdown\"}\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("{\"error\":\"request not understood"),
        "{answer}"
    );
}

#[test]
fn directory_that_others_can_enter_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("zeekwire");
    std::fs::create_dir(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let directory = Directory::at(&path);
    let node = Node::builder("a").start().unwrap();
    assert!(AdminServer::start_in(&directory, &node).is_err());
    assert!(search(&directory).is_err());
}
