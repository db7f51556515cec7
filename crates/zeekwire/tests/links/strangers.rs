//! Programs that speak something else, at either end of a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use zeekwire::{ConnectOptions, LinkError, LinkEvent, Node, NodeBuilder, Retry};

use crate::common::{Heard, Over, PATIENCE, Pair, eventually, send};

/// Says `words` to a node. Returns what it answered before it closed, and why it says it did.
#[track_caller]
fn say(words: &[u8]) -> (Vec<u8>, String) {
    let heard = Heard::default();
    let node = Node::builder("node")
        .on_link_event(heard.ear())
        .start()
        .unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let mut stranger = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    stranger.set_read_timeout(Some(PATIENCE)).unwrap();
    stranger.write_all(words).unwrap();
    let mut answer = Vec::new();
    stranger.read_to_end(&mut answer).unwrap();
    (answer, heard.down())
}

/// Lets a node connect to something that says `words`. Returns why the node gave up.
#[track_caller]
fn meet(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let stranger = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.write_all(words).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut rest = Vec::new();
        // A reset is as good an end as any.
        let _ended = connection.read_to_end(&mut rest);
    });
    let builder = Node::builder("node").configure(|config| {
        config.session.liveness.handshake_max = Duration::from_millis(500);
    });
    let node = builder.start().unwrap();
    let options = ConnectOptions {
        retry: Retry::Attempts(1),
        ..ConnectOptions::default()
    };
    let error = node
        .connect_with(&endpoint, options)
        .unwrap()
        .wait_ready(PATIENCE)
        .unwrap_err();
    stranger.join().unwrap();
    match error {
        LinkError::GaveUp { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_browser_gets_an_http_error() {
    let (answer, reason) = say(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(
        answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"),
        "{answer:?}"
    );
    assert!(
        contains(&answer, b"this port speaks Zeekwire"),
        "{answer:?}"
    );
    assert!(reason.contains("speaks HTTP"), "{reason}");
}

#[test]
fn a_broker_is_told_to_drop_the_connection() {
    let mut hello = vec![0, 0, 0, 22, 1];
    hello.extend(b"ZEEK");
    hello.extend([0; 17]);
    let (answer, reason) = say(&hello);
    // Length, type 9 (drop_conn), magic, then the endpoint's id and the code.
    assert_eq!(answer[4..9], *b"\x09ZEEK", "{answer:?}");
    let length = u32::from_be_bytes(*answer.first_chunk().unwrap());
    assert_eq!(length as usize, answer.len() - 4);
    assert!(contains(&answer, b"this port speaks Zeekwire"));
    assert!(reason.contains("speaks Broker"), "{reason}");
}

#[test]
fn a_zeromq_peer_gets_an_error_command() {
    let greeting = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    let (answer, reason) = say(&greeting);
    assert_eq!(
        (answer[0], answer[9]),
        (0xff, 0x7f),
        "a greeting comes first"
    );
    assert!(contains(&answer[64..], b"\x05ERROR"), "{answer:?}");
    assert!(reason.contains("speaks ZeroMQ"), "{reason}");
}

#[test]
fn garbage_is_closed_without_an_answer() {
    let (answer, reason) = say(b"\xde\xad\xbe\xef and so on, and so forth");
    assert_eq!(answer, b"");
    assert!(reason.contains("an unknown protocol"), "{reason}");
}

#[test]
fn another_version_is_named_on_both_sides() {
    let mut preamble = b"ZEEKWIRE".to_vec();
    preamble.extend([7, 0, 9, 0, 0, 0, 0, 0]);
    let (answer, reason) = say(&preamble);
    assert_eq!(
        answer, b"ZEEKWIRE\x01\0\x01\0\0\0\0\0",
        "our range tells theirs"
    );
    assert!(reason.contains("versions 7 to 9"), "{reason}");
    assert!(reason.contains("this side speaks version 1"), "{reason}");
    let reason = meet(b"ZEEKWIRE\x07\0\x09\0\0\0\0\0");
    assert!(
        reason.contains("versions 7 to 9") && reason.contains("version 1"),
        "{reason}"
    );
}

#[test]
fn damage_after_the_preamble_ends_the_link() {
    let mut bytes = b"ZEEKWIRE\x01\0\x01\0\0\0\0\0".to_vec();
    bytes.extend([0x5a; 64]);
    let (_, reason) = say(&bytes);
    assert!(reason.starts_with("protocol error"), "{reason}");
}

#[test]
fn who_is_met_is_told_apart() {
    for (words, name) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..],
            "speaks HTTP",
        ),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "speaks SSH"),
        (&[0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0], "speaks ZeroMQ"),
        (b"INFO {\"server_id\":\"x\"}\r\n", "speaks NATS"),
        (b"220 mail.example ESMTP ready\r\n", "an unknown protocol"),
        (b"", "no handshake within"),
    ] {
        let reason = meet(words);
        assert!(reason.contains(name), "{words:?}: {reason}");
    }
}

#[test]
fn a_silent_stranger_is_dropped_and_so_is_one_that_trickles() {
    let heard = Heard::default();
    let builder = Node::builder("node")
        .on_link_event(heard.ear())
        .configure(|config| {
            config.session.liveness.handshake_max = Duration::from_millis(300);
        });
    let node = builder.start().unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let address = endpoint.strip_prefix("tcp://").unwrap();
    let mut silent = TcpStream::connect(address).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(silent.read(&mut [0; 16]).unwrap(), 0);
    assert!(
        heard.down().contains("no handshake within"),
        "{}",
        heard.down()
    );

    let mut trickling = TcpStream::connect(address).unwrap();
    trickling
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut preamble = b"ZEEKWIRE\x01\0\x01\0\0\0\0\0".iter();
    let ended = std::iter::repeat_with(|| {
        // A node that is gone resets the connection; that is found by reading.
        let _gone = preamble.next().map(|byte| trickling.write(&[*byte]));
        trickling.read(&mut [0; 16])
    });
    let ended = ended.take(600).any(|read| match read {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    });
    assert!(ended, "it is still connected");
}

#[test]
fn strangers_that_leave_at_once_leave_nothing_behind() {
    let heard = Heard::default();
    let node = Node::builder("node").on_link_event(heard.ear());
    let node = node.start().unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let address = endpoint.strip_prefix("tcp://").unwrap();
    // The loop finds all of them gone in one turn, so that each takes the place of the one before.
    let (go_on, wait) = std::sync::mpsc::channel();
    let builder = node.subscribe(["stop"]).unwrap().locally();
    let stopped = builder.on_io_thread(move |_| wait.recv().unwrap()).unwrap();
    assert!(stopped.wait_effective(PATIENCE));
    send(&node, "stop", b"");
    for _ in 0..8 {
        drop(TcpStream::connect(address).unwrap());
    }
    go_on.send(()).unwrap();
    let is_down = |event: &LinkEvent| matches!(event, LinkEvent::Down { .. });
    eventually("all are told to be down", || {
        heard.all().iter().filter(|event| is_down(event)).count() == 8
    });
    assert_eq!(node.status().links.len(), 0);
}

#[test]
fn strangers_that_keep_coming_do_not_silence_a_node() {
    let every = Duration::from_millis(400);
    let (heard, silence_max) = (Heard::default(), Duration::from_secs(1));
    let client = |client: NodeBuilder| client.heartbeat(every, silence_max);
    let pair = Pair::with(Over::Tcp, client, |node| {
        client(node).on_link_event(heard.ear())
    });
    let address = pair.endpoint.strip_prefix("tcp://").unwrap();
    let until = Instant::now() + 3 * silence_max;
    while Instant::now() < until {
        drop(TcpStream::connect(address).unwrap());
        std::thread::sleep(Duration::from_millis(10));
    }
    let is_down = |event: &LinkEvent| matches!(event, LinkEvent::Down { .. });
    assert!(!heard.all().iter().any(is_down), "the server fell silent");
}
