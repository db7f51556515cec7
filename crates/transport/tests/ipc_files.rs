//! The files of `ipc://` listeners: who makes them, who may take them, who removes them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::Barrier;
use std::thread;

use common::{LISTENER, Node, ipc};
use zeekwire_transport::{ListenReason, SocketOptions};

mod common;

#[test]
fn file_is_the_owners_alone_and_goes_with_the_listener() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    let node = Node::new();
    let listener = node.network.listen(&ipc(&path), LISTENER).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    drop(listener);
    assert!(!path.exists());

    let mut options = SocketOptions::default();
    options.ipc_mode = 0o660;
    let _listener = Node::with(options)
        .network
        .listen(&ipc(&path), LISTENER)
        .unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o660
    );
}

#[test]
fn stale_socket_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the standard library leaves the file behind");
    let mut node = Node::new();
    let endpoint = format!("ipc://{}", path.display());
    let link = node.link(&endpoint);
    drop(link);
}

#[test]
fn live_socket_is_refused_and_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    let mut node = Node::new();
    let mut listener = node.network.listen(&ipc(&path), LISTENER).unwrap();
    let error = Node::new()
        .network
        .listen(&ipc(&path), LISTENER)
        .unwrap_err();
    assert!(matches!(error.reason, ListenReason::InUse));
    let expected = format!(
        "listen on ipc://{} failed: a live process listens there",
        path.display()
    );
    assert_eq!(error.to_string(), expected);

    // The probe was a connection of its own.
    node.accept(&mut listener);
    assert!(node.dial(&ipc(&path)).is_ok());
}

#[test]
fn busy_socket_is_not_mistaken_for_a_stale_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&socket2::SockAddr::unix(&path).unwrap())
        .unwrap();
    socket.listen(0).unwrap();
    let mut node = Node::new();
    let mut waiting = Vec::new();
    let error = loop {
        match node.dial(&ipc(&path)) {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
    };
    assert!(
        error
            .to_string()
            .ends_with("failed: the listener is overloaded"),
        "{error}"
    );
    let error = node.network.listen(&ipc(&path), LISTENER).unwrap_err();
    assert!(matches!(error.reason, ListenReason::InUse), "{error}");
}

#[test]
fn what_is_not_a_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::new();
    let file = folder.path().join("notes.txt");
    fs::write(&file, "precious").unwrap();
    let link = folder.path().join("link");
    symlink(folder.path().join("elsewhere"), &link).unwrap();
    for path in [&file, &link, folder.path()] {
        let error = node.network.listen(&ipc(path), LISTENER).unwrap_err();
        assert!(matches!(error.reason, ListenReason::NotASocket), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert!(link.is_symlink());
}

#[test]
fn missing_directory_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/node.sock");
    let error = Node::new()
        .network
        .listen(&ipc(&path), LISTENER)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("failed: its directory does not exist"),
        "{error}"
    );
}

#[test]
fn too_long_path_is_an_error() {
    let path = std::path::PathBuf::from("a".repeat(200));
    let mut node = Node::new();
    assert!(node.network.listen(&ipc(&path), LISTENER).is_err());
    assert!(node.dial(&ipc(&path)).is_err());
}

#[test]
fn another_ones_file_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.sock");
    let first = Node::new().network.listen(&ipc(&path), LISTENER).unwrap();
    fs::remove_file(&path).unwrap();
    let second = Node::new().network.listen(&ipc(&path), LISTENER).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    drop(first);
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    drop(second);
    assert!(!path.exists());
}

#[test]
fn of_many_who_find_a_stale_socket_one_gets_it() {
    const COUNT: usize = 4;

    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.sock");
        drop(UnixListener::bind(&path).unwrap());
        let start = Barrier::new(COUNT);
        let contend = || {
            let node = Node::new();
            start.wait();
            node.network.listen(&ipc(&path), LISTENER)
        };
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..COUNT).map(|_| scope.spawn(contend)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(
            results.iter().filter(|result| result.is_ok()).count(),
            1,
            "{results:?}"
        );
        assert!(
            Node::new().dial(&ipc(&path)).is_ok(),
            "the winner cannot be reached"
        );
    }
}
