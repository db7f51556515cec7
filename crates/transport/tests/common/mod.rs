//! A node's worth of sockets for tests: drives dialers and listeners until they are done.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::io::IoSlice;
use std::path::Path;
use std::time::Duration;

use zeekwire_transport::{
    Accept, ConnectError, Endpoint, Inproc, Key, Listener, Network, Poller, ReadOutcome, Ready,
    SocketOptions, Step, Stream, WriteOutcome,
};

pub(crate) const LISTENER: Key = Key::new(0, 0);
pub(crate) const NEAR: Key = Key::new(1, 5);
pub(crate) const FAR: Key = Key::new(2, 6);

pub(crate) struct Node {
    pub(crate) poller: Poller,
    pub(crate) network: Network,
    hub: Inproc,
    pub(crate) ready: Vec<Ready>,
}

/// Both ends of a connection, registered as [`NEAR`] and [`FAR`].
pub(crate) struct Link {
    pub(crate) near: Stream,
    pub(crate) far: Stream,
    pub(crate) listener: Listener,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::with(SocketOptions::default())
    }

    pub(crate) fn with(options: SocketOptions) -> Self {
        Self::made_of(options, Inproc::new())
    }

    /// A node that reaches the `inproc://` endpoints of another.
    pub(crate) fn sharing(other: &Self) -> Self {
        Self::made_of(SocketOptions::default(), other.hub.clone())
    }

    fn made_of(options: SocketOptions, hub: Inproc) -> Self {
        let poller = Poller::new().unwrap();
        let network = Network::new(&poller, hub.clone(), options);
        Self {
            poller,
            network,
            hub,
            ready: Vec::new(),
        }
    }

    /// Waits for edges; a test that gets none for this long has failed.
    pub(crate) fn poll(&mut self) {
        let polled = self
            .poller
            .poll(Some(Duration::from_secs(10)), &mut self.ready)
            .unwrap();
        assert!(
            polled.woken || !self.ready.is_empty(),
            "nothing happens any more"
        );
    }

    /// Takes the edges that are there.
    pub(crate) fn look(&mut self) -> &[Ready] {
        self.poller
            .poll(Some(Duration::ZERO), &mut self.ready)
            .unwrap();
        &self.ready
    }

    pub(crate) fn dial(&mut self, endpoint: &Endpoint) -> Result<Stream, ConnectError> {
        let mut dialer = self.network.dial(endpoint, NEAR);
        loop {
            match dialer.step() {
                Step::Waiting { .. } => self.poll(),
                Step::Connected(stream) => return Ok(stream),
                Step::Failed(error) => return Err(error),
            }
        }
    }

    pub(crate) fn accept(&mut self, listener: &mut Listener) -> Stream {
        loop {
            match listener.accept().unwrap() {
                Accept::Accepted(stream) => return stream,
                Accept::WouldBlock => self.poll(),
                Accept::Backoff(error) => panic!("the system is short of something: {error}"),
            }
        }
    }

    pub(crate) fn link(&mut self, endpoint: &str) -> Link {
        let endpoint = endpoint.parse().unwrap();
        let mut listener = self
            .network
            .listen(&endpoint, LISTENER)
            .unwrap_or_else(|error| panic!("{error}"));
        let target = listener.local_endpoint().clone();
        let near = self.dial(&target).unwrap_or_else(|error| panic!("{error}"));
        let mut far = self.accept(&mut listener);
        self.network.registrar().register(&mut far, FAR).unwrap();
        Link {
            near,
            far,
            listener,
        }
    }

    /// Reads until the peer's end.
    pub(crate) fn read_to_end(&mut self, stream: &mut Stream) -> Vec<u8> {
        let mut read = Vec::new();
        while drain(stream, &mut read) != ReadOutcome::Closed {
            self.poll();
        }
        read
    }
}

/// Reads all that is there; whether more may come.
pub(crate) fn drain(stream: &mut Stream, read: &mut Vec<u8>) -> ReadOutcome {
    let mut buffer = [0; 10_000];
    loop {
        match stream.read(&mut buffer).unwrap() {
            ReadOutcome::Bytes(bytes) => read.extend_from_slice(&buffer[..bytes]),
            end => return end,
        }
    }
}

/// Writes from `bytes` in uneven slices until the kernel is full or nothing is left; how many
/// bytes went.
pub(crate) fn fill(stream: &mut Stream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    while sent < bytes.len() {
        let rest = &bytes[sent..];
        let (head, tail) = rest.split_at(rest.len().min(100));
        let (middle, tail) = tail.split_at(tail.len().min(7));
        let slices = [head, &[], middle, tail].map(IoSlice::new);
        match stream.write_vectored(&slices).unwrap() {
            WriteOutcome::Bytes(written) => sent += written,
            WriteOutcome::WouldBlock => break,
        }
    }
    sent
}

/// Bytes that repeat only after 64 KiB.
pub(crate) fn pattern(count: usize) -> Vec<u8> {
    let row = |number: u8| (0..251).map(move |byte| byte ^ number);
    let block: Vec<u8> = (0..=u8::MAX).flat_map(row).collect();
    let mut bytes = block.repeat(count / block.len() + 1);
    bytes.truncate(count);
    bytes
}

pub(crate) fn ipc(path: &Path) -> Endpoint {
    Endpoint::Ipc(path.to_owned())
}
