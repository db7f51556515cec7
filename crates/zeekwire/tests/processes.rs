//! Peers that die, freeze, fall silent or run out of descriptors, as processes of their own.

#![allow(clippy::unwrap_used, reason = "for tests only")]

mod common;
#[path = "processes/proxy.rs"]
mod proxy;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{
    Heard, Over, PATIENCE, Pair, command, eventually, next, only_link, plays, receiver, send,
};
use proxy::Proxy;
use zeekwire::{DropPolicy, LinkEvent, Node, TrafficClass};

const ENDPOINT: &str = "ZEEKWIRE_TEST_ENDPOINT";

/// A child process with a line-wise conversation.
struct Helper {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Helper {
    fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    /// The rest of the next line that starts with `word`; the test harness writes others.
    fn hear(&mut self, word: &str) -> String {
        let mut said = String::new();
        loop {
            let start = said.len();
            assert!(
                self.output.read_line(&mut said).unwrap() > 0,
                "no {word} in {said}"
            );
            // The harness does not end the line that names the test.
            if let Some(at) = said[start..].find(word) {
                return said[start + at + word.len()..].trim().to_owned();
            }
        }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(name)
            .arg(self.child.id().to_string())
            .status();
        assert!(status.unwrap().success(), "kill {name}");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// For a child: says something to its parent.
fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// For a child: waits for its parent, or for the end of it.
fn listen() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Part of a child that links to its parent and answers each `ping`.
fn linked() {
    let node = quick(Node::builder("child")).start().unwrap();
    let link = node.connect(&std::env::var(ENDPOINT).unwrap()).unwrap();
    let to_answer = node.clone();
    let echo = node
        .subscribe(["ping"])
        .unwrap()
        .on_io_thread(move |message| {
            // A parent that floods is not answered.
            let _full = to_answer
                .publication("pong")
                .format("raw")
                .send(message.payload());
        });
    let echo = echo.unwrap();
    link.wait_ready(PATIENCE).unwrap();
    assert!(echo.wait_effective(PATIENCE));
    say("linked");
    listen();
    node.shut_down(Duration::ZERO);
}

fn quick(builder: zeekwire::NodeBuilder) -> zeekwire::NodeBuilder {
    builder.heartbeat(Duration::from_millis(200), Duration::from_secs(1))
}

/// A node, what it hears, and a child that is linked to it.
fn parent(name: &str) -> (Node, Heard, Helper) {
    let heard = Heard::default();
    let node = quick(Node::builder("parent"))
        .on_link_event(heard.ear())
        .start()
        .unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let mut command = command(name, "linked");
    command.env(ENDPOINT, endpoint);
    let mut child = Helper::start(command);
    child.hear("linked");
    (node, heard, child)
}

fn is_up(event: &LinkEvent) -> Option<()> {
    matches!(event, LinkEvent::Ready { .. }).then_some(())
}

#[test]
fn a_killed_peer_is_noticed_at_once() {
    if plays("linked") {
        return linked();
    }
    let (node, heard, mut child) = parent("a_killed_peer_is_noticed_at_once");
    child.child.kill().unwrap();
    let began = Instant::now();
    let peer = heard.wait("that the child is gone", |event| match event {
        LinkEvent::Down { peer, reason, .. } => Some((peer.clone(), reason.clone())),
        _ => None,
    });
    // Silence would take a second; a loaded machine is slow, but its kernel tells at once.
    assert!(peer.1.contains("connection"), "{}", peer.1);
    assert_eq!(
        peer.0.expect("it had said who it is").node.name.as_str(),
        "child"
    );
    assert!(began.elapsed() < PATIENCE);
    eventually("the link is forgotten", || node.status().links.is_empty());
}

#[test]
fn a_frozen_peer_is_noticed_and_comes_back_when_it_thaws() {
    if plays("linked") {
        return linked();
    }
    let (node, heard, child) = parent("a_frozen_peer_is_noticed_and_comes_back_when_it_thaws");
    let answers = receiver(&node, "pong");
    send(&node, "ping", b"1");
    assert_eq!(next(&answers), b"1");
    child.signal("-STOP");
    let reason = heard.down();
    assert!(reason.contains("nothing was heard"), "{reason}");
    heard.forget();
    child.signal("-CONT");
    heard.wait("that the child is back", is_up);
    eventually("it answers again", || {
        send(&node, "ping", b"2");
        answers.recv_timeout(Duration::from_millis(200)).is_ok()
    });
}

#[test]
fn a_frozen_process_fills_its_queue_and_costs_no_more() {
    const BUDGET_BYTES: usize = 1 << 20;
    const COUNT: u64 = 100_000;
    if plays("linked") {
        return linked();
    }
    // Patient enough to keep the link while the child is frozen.
    let node = Node::builder("parent")
        .event_queue(BUDGET_BYTES, DropPolicy::DropOldest)
        .heartbeat(Duration::from_secs(1), PATIENCE)
        .start()
        .unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let mut command = command(
        "a_frozen_process_fills_its_queue_and_costs_no_more",
        "linked",
    );
    command.env(ENDPOINT, endpoint);
    let mut child = Helper::start(command);
    child.hear("linked");
    let answers = receiver(&node, "pong");
    child.signal("-STOP");
    for number in 0..COUNT {
        let mut payload = [0; 200];
        payload[..8].copy_from_slice(&number.to_le_bytes());
        send(&node, "ping", &payload);
    }
    eventually("what does not fit was dropped", || {
        let status = only_link(&node);
        let events = &status.classes[TrafficClass::Event.index()];
        assert!(events.queued_bytes <= BUDGET_BYTES);
        events.dropped_messages > COUNT / 2
    });
    child.signal("-CONT");
    // What was kept is answered in order, as far as the child can keep up; then all is well again.
    let number = |payload: &[u8]| u64::from_le_bytes(payload[..8].try_into().unwrap());
    let mut last = None;
    let mut sent = COUNT;
    eventually("it answers what was sent after it thawed", || {
        send(&node, "ping", &sent.to_le_bytes());
        sent += 1;
        while let Ok(answer) = answers.recv_timeout(Duration::from_millis(20)) {
            let answer = number(answer.payload());
            assert!(last < Some(answer), "{answer} after {last:?}");
            last = Some(answer);
        }
        last >= Some(COUNT)
    });
}

#[test]
fn a_half_open_link_is_found_on_both_sides() {
    let (here, there) = (Heard::default(), Heard::default());
    let server = quick(Node::builder("server"))
        .on_link_event(there.ear())
        .start()
        .unwrap();
    let proxy = Proxy::start(&server.listen("tcp://127.0.0.1:0").unwrap());
    let client = quick(Node::builder("client"))
        .on_link_event(here.ear())
        .start()
        .unwrap();
    let link = client.connect(&proxy.endpoint()).unwrap();
    link.wait_ready(PATIENCE).unwrap();
    let inbox = receiver(&server, "topic");
    send(&client, "topic", b"through");
    assert_eq!(next(&inbox), b"through");

    proxy.swallow(true);
    let began = Instant::now();
    for heard in [&here, &there] {
        let reason = heard.down();
        assert!(reason.contains("nothing was heard"), "{reason}");
    }
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    // New connections are as mute, until the way is free again.
    proxy.swallow(false);
    link.wait_ready(PATIENCE).unwrap();
    eventually("messages pass again", || {
        send(&client, "topic", b"again");
        inbox.recv_timeout(Duration::from_millis(200)).is_ok()
    });
}

#[test]
fn a_busy_link_is_not_taken_for_a_silent_one() {
    // The receiver sends next to nothing, and the sender no heartbeat of its own.
    let heard = Heard::default();
    let pair = Pair::with(Over::Tcp, quick, |client| {
        quick(client).on_link_event(heard.ear())
    });
    let _inbox = receiver(&pair.server, "topic");
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2_500) {
        send(&pair.client, "topic", &[0; 1_000]);
        std::thread::sleep(Duration::from_millis(1));
    }
    let down = |event: &LinkEvent| matches!(event, LinkEvent::Down { .. });
    assert!(!heard.all().iter().any(down), "{:#?}", heard.all());
}

/// Part of a child that runs out of descriptors while it listens.
fn exhausted() {
    let node = Node::builder("poor").start().unwrap();
    let endpoint = node.listen("tcp://127.0.0.1:0").unwrap();
    let inbox = node.subscribe(["topic"]).unwrap().receiver().unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        assert!(hoard.len() < 64, "the limit does not hold");
        hoard.push(file);
    }
    say(&format!("endpoint {endpoint}"));
    assert_eq!(listen(), "free");
    drop(hoard);
    assert_eq!(next(&inbox), b"at last");
    say("content");
}

#[test]
fn a_node_without_descriptors_accepts_again_once_some_are_free() {
    if plays("exhausted") {
        return exhausted();
    }
    let name = "a_node_without_descriptors_accepts_again_once_some_are_free";
    let inner = command(name, "exhausted");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", r#"ulimit -n 64 && exec "$0" "$@""#])
        .arg(inner.get_program());
    limited
        .args(inner.get_args())
        .env(common::PART, "exhausted");
    let mut child = Helper::start(limited);
    let endpoint = child.hear("endpoint");
    let node = Node::builder("rich").start().unwrap();
    let link = node.connect(&endpoint).unwrap();
    link.wait_ready(Duration::from_millis(400))
        .expect_err("there is no descriptor for it");
    child.tell("free");
    link.wait_ready(PATIENCE).unwrap();
    send(&node, "topic", b"at last");
    child.hear("content");
}

/// Part of a process in which SIGPIPE is caught: Rust's runtime ignores it, hosts do not.
fn pipes() {
    let raised = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGPIPE, Arc::clone(&raised)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ipc = format!("ipc://{}/node.sock", folder.path().display());
    for endpoint in ["tcp://127.0.0.1:0", &ipc] {
        let node = Node::builder("parent").start().unwrap();
        let endpoint = node.listen(endpoint).unwrap();
        let mut command = command("publishing_to_the_dead_raises_no_signal", "linked");
        command.env(ENDPOINT, endpoint);
        let mut child = Helper::start(command);
        child.hear("linked");
        let killer = std::thread::spawn(move || drop(child));
        let mut sent = 0_u64;
        while !killer.is_finished() || !sent.is_multiple_of(1_000) {
            let _full = node.publication("ping").format("raw").send(&[0; 500]);
            sent += 1;
        }
        killer.join().unwrap();
        eventually("the link is forgotten", || node.status().links.is_empty());
        // The signal of a descriptor that nobody watches any more.
        let pollable = node.subscribe(["topic"]).unwrap().pollable().unwrap();
        let subscription = pollable.subscription().clone();
        drop(pollable);
        drop(subscription);
        node.shut_down(Duration::ZERO);
        assert!(!raised.load(Ordering::SeqCst), "SIGPIPE");
    }
}

#[test]
fn publishing_to_the_dead_raises_no_signal() {
    if plays("linked") {
        return linked();
    }
    if plays("pipes") {
        return pipes();
    }
    common::passed(
        &command("publishing_to_the_dead_raises_no_signal", "pipes")
            .output()
            .unwrap(),
    );
}
