//! Nodes, links and patience for tests over real sockets.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(unreachable_pub, reason = "a module shared by test binaries")]
#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::process::{Command, Output};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use zeekwire::status::{LinkStatus, NodeStatus};
use zeekwire::{Inproc, Link, LinkEvent, Node, NodeBuilder, PublishError, Receiver};

/// How long something may take that should happen soon. A loaded machine is slow; a test that
/// waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Set for a child process; says which part it plays.
pub const PART: &str = "ZEEKWIRE_TEST_PART";

/// What links run over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Over {
    Tcp,
    Ipc,
    Inproc,
}

impl Over {
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Ipc, Self::Inproc];
}

/// Two linked nodes.
pub struct Pair {
    /// Listens.
    pub server: Node,
    /// Connects.
    pub client: Node,
    pub link: Link,
    pub endpoint: String,
    _folder: TempDir,
}

impl Pair {
    pub fn new(over: Over) -> Self {
        Self::with(over, |server| server, |client| client)
    }

    pub fn tcp() -> Self {
        Self::new(Over::Tcp)
    }

    /// A pair of nodes with other settings than the defaults.
    pub fn with(
        over: Over,
        server: impl FnOnce(NodeBuilder) -> NodeBuilder,
        client: impl FnOnce(NodeBuilder) -> NodeBuilder,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let meeting_place = Inproc::new();
        let server = server(Node::builder("server").inproc(&meeting_place))
            .start()
            .unwrap();
        let client = client(Node::builder("client").inproc(&meeting_place))
            .start()
            .unwrap();
        let endpoint = match over {
            Over::Tcp => "tcp://127.0.0.1:0".to_owned(),
            Over::Ipc => format!("ipc://{}/server.sock", folder.path().display()),
            Over::Inproc => "inproc://server".to_owned(),
        };
        let endpoint = server.listen(&endpoint).unwrap();
        let link = client.connect(&endpoint).unwrap();
        link.wait_ready(PATIENCE).unwrap();
        Self {
            server,
            client,
            link,
            endpoint,
            _folder: folder,
        }
    }

    /// The server's end of the link.
    pub fn server_link(&self) -> LinkStatus {
        only_link(&self.server)
    }

    /// The client's end of the link.
    pub fn client_link(&self) -> LinkStatus {
        only_link(&self.client)
    }
}

/// What was heard of a node's links.
#[derive(Clone, Default)]
pub struct Heard {
    events: Arc<(Mutex<Vec<LinkEvent>>, Condvar)>,
}

impl Heard {
    /// For `on_link_event`.
    pub fn ear(&self) -> impl Fn(&LinkEvent) + Send + Sync + 'static {
        let events = Arc::clone(&self.events);
        move |event| {
            events.0.lock().unwrap().push(event.clone());
            events.1.notify_all();
        }
    }

    /// Waits for an event, past or to come, of which `want` makes something.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, want: impl Fn(&LinkEvent) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut events = self.events.0.lock().unwrap();
        loop {
            if let Some(found) = events.iter().find_map(&want) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never heard {what}; heard {:#?}", *events);
            events = self.events.1.wait_timeout(events, left).unwrap().0;
        }
    }

    /// Waits for the end of a link and returns why it ended.
    #[track_caller]
    pub fn down(&self) -> String {
        self.wait("that a link is down", |event| match event {
            LinkEvent::Down { reason, .. } => Some(reason.clone()),
            _ => None,
        })
    }

    pub fn all(&self) -> Vec<LinkEvent> {
        self.events.0.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.events.0.lock().unwrap().clear();
    }
}

/// Waits until `is_so`.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The only link of a node.
#[track_caller]
pub fn only_link(node: &Node) -> LinkStatus {
    let links = node.status().links;
    let [link] = &links[..] else {
        panic!("{} links instead of one", links.len())
    };
    link.clone()
}

/// Events dropped on all links of a node, before sending.
pub fn dropped_on_links(status: &NodeStatus) -> u64 {
    let classes = status.links.iter().flat_map(|link| &link.classes);
    classes.map(|class| class.dropped_messages).sum()
}

/// A receiver whose filter is effective at the peers that are linked now.
#[track_caller]
pub fn receiver(node: &Node, filter: &str) -> Receiver {
    let receiver = node.subscribe([filter]).unwrap().receiver().unwrap();
    assert!(
        receiver.subscription().wait_effective(PATIENCE),
        "{filter} is not effective"
    );
    receiver
}

/// Publishes bytes as they are, and goes on until the node takes them.
#[track_caller]
pub fn send(node: &Node, topic: &str, payload: &[u8]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match node.publication(topic).format("raw").send(payload) {
            Ok(()) => return,
            Err(PublishError::Overloaded) => std::thread::yield_now(),
            Err(error) => panic!("{topic}: {error}"),
        }
        assert!(Instant::now() < deadline, "overloaded for ever");
    }
}

/// The next message's payload.
#[track_caller]
pub fn next(receiver: &Receiver) -> Vec<u8> {
    receiver.recv_timeout(PATIENCE).unwrap().payload().to_vec()
}

/// A number as a payload of at least `bytes` bytes, for [`number`].
pub fn numbered(number: u64, bytes: usize) -> Vec<u8> {
    let mut payload = number.to_le_bytes().to_vec();
    payload.resize(bytes.max(8), u8::try_from(number % 251).unwrap());
    payload
}

/// The number in a payload that [`numbered`] made, checked byte by byte.
#[track_caller]
pub fn number(payload: &[u8]) -> u64 {
    let number = u64::from_le_bytes(*payload.first_chunk().unwrap());
    let fill = u8::try_from(number % 251).unwrap();
    assert!(
        payload[8..].iter().all(|byte| *byte == fill),
        "message {number} is damaged"
    );
    number
}

/// Whether this process was started by [`alone`] or [`command`] to play `part`.
pub fn plays(part: &str) -> bool {
    std::env::var(PART).is_ok_and(|played| played == part)
}

/// A command that runs the test `name` of this binary in a process of its own, playing `part`.
pub fn command(name: &str, part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(PART, part);
    command
}

/// Runs the test `name` again in a process of its own, and sees that it passes there.
#[track_caller]
pub fn alone(name: &str) {
    passed(&command(name, name).output().unwrap());
}

/// Sees that a process in which one test ran is content.
#[track_caller]
pub fn passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("1 passed"),
        "{:?}: {said}{complained}",
        output.status
    );
}
