//! Listeners, connections being made, and connections.

use std::sync::Arc;
use std::time::Duration;

use zeekwire_backend::{ConnectOptions, LinkEvent, LinkId, ListenOptions, Peer, Retry};
use zeekwire_core::node::{LinkConfig, LinkKey};
use zeekwire_core::session::OutgoingLimits;
use zeekwire_core::wire::Reason;
use zeekwire_transport::{
    ACCEPT_RETRY_MS, Accept, Backoff, BackoffPolicy, ConnectError, Dialer, Endpoint, Key, Listener,
    Ready, Step, Stream,
};
use zeekwire_types::limits::LINK_COUNT_MAX;
use zeekwire_types::{DropPolicy, Instant, TrafficClass};

use super::{Engine, TimerKey};
use crate::clock::random;

/// An address that does not answer for this long is given up for the next one.
const DIAL_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections of one listener accepted in one go; then others have their turn.
const ACCEPTS_PER_TURN: usize = 64;
/// How long the goodbye of a link that was not closed by its owner may take.
const GOODBYE_MAX: Duration = Duration::from_millis(500);

/// Whatever is registered with the poller.
pub(super) enum Socket {
    Listener {
        listener: Listener,
        options: ListenOptions,
    },
    Dialer {
        link: LinkId,
        dialer: Dialer,
        attempt: Option<u32>,
    },
    Connection(Connection),
}

impl Socket {
    pub(super) const fn connection(&mut self) -> Option<&mut Connection> {
        match self {
            Self::Connection(connection) => Some(connection),
            Self::Listener { .. } | Self::Dialer { .. } => None,
        }
    }
}

/// A connection and the link that runs over it.
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) link: LinkKey,
    pub(super) id: LinkId,
    /// The start of a frame whose rest has yet to arrive.
    pub(super) partial: Vec<u8>,
    /// What still arrives is of no use.
    pub(super) discards: bool,
    /// Nothing more is written once what waits is out.
    pub(super) closing: bool,
    shut: bool,
}

/// A link as the node's owner knows it, over all its connections.
pub(crate) struct LinkRecord {
    pub(crate) endpoint: String,
    pub(crate) dialled: Option<Dialled>,
    pub(crate) state: LinkState,
    pub(crate) key: Option<LinkKey>,
    pub(crate) changed_at: Instant,
    pub(crate) connects: u64,
    pub(crate) last_error: Option<String>,
    /// Who was at the other end of a connection that broke.
    pub(super) lost_peer: Option<Peer>,
    pub(super) closers: Vec<zeekwire_backend::Completer>,
    auto_advertise: bool,
    auto_subscribe: bool,
}

impl LinkRecord {
    /// A link that has yet to come up; `automatic` says whether it advertises and subscribes by
    /// itself.
    const fn new(
        now: Instant,
        endpoint: String,
        dialled: Option<Dialled>,
        automatic: (bool, bool),
    ) -> Self {
        Self {
            endpoint,
            dialled,
            state: LinkState::Connecting,
            key: None,
            changed_at: now,
            connects: 0,
            last_error: None,
            lost_peer: None,
            closers: Vec::new(),
            auto_advertise: automatic.0,
            auto_subscribe: automatic.1,
        }
    }
}

/// What is needed to connect again.
pub(crate) struct Dialled {
    /// One of these is connected to at a time.
    endpoints: Vec<Endpoint>,
    /// The one whose turn it is.
    at: usize,
    options: ConnectOptions,
    backoff: Backoff,
}

impl Dialled {
    /// Goes on to the next endpoint. Returns whether all had their turn.
    const fn next_endpoint(&mut self) -> bool {
        self.at = (self.at + 1) % self.endpoints.len();
        self.at == 0
    }
}

/// Where a link stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkState {
    Waiting,
    Connecting,
    Handshake,
    Up,
    Closing,
}

impl Engine {
    pub(super) fn handle_ready(&mut self, now: Instant, ready: &[Ready], woken: bool) {
        let unread = self.unread.len();
        for at in 0..unread {
            self.read_from(now, self.unread[at]);
        }
        // Who still has more was added behind these.
        self.unread.drain(..unread);
        for event in ready {
            let socket = key_bits(event.key);
            match self.sockets.get_mut(&socket) {
                None => {}
                Some(Socket::Listener { .. }) => self.accept_from(now, socket),
                Some(Socket::Dialer { .. }) => self.step_dialer(now, socket),
                Some(Socket::Connection(connection)) => {
                    let key = connection.link;
                    if event.writable
                        && let Some(link) = self.node.link_mut(key)
                        && !link.session.outgoing.is_writable()
                    {
                        link.session.outgoing.set_writable(true);
                        self.dirty.push(key);
                    }
                    if event.readable && !self.unread.contains(&socket) {
                        self.read_from(now, socket);
                    }
                }
            }
        }
        if woken {
            self.step_dialers(now);
        }
    }

    /// Looked-up names arrive as a wake-up, which names no dialer.
    fn step_dialers(&mut self, now: Instant) {
        let is_dialer = |(_, socket): &(&u64, &Socket)| matches!(socket, Socket::Dialer { .. });
        let mut dialers: Vec<u64> = self
            .sockets
            .iter()
            .filter(is_dialer)
            .map(|(key, _)| *key)
            .collect();
        dialers.sort_unstable();
        for socket in dialers {
            self.step_dialer(now, socket);
        }
    }

    pub(super) fn add_listener(
        &mut self,
        now: Instant,
        socket: u64,
        listener: Listener,
        options: ListenOptions,
    ) {
        self.sockets
            .insert(socket, Socket::Listener { listener, options });
        // Its first edge may be spent already.
        self.accept_from(now, socket);
    }

    pub(super) fn accept_from(&mut self, now: Instant, socket: u64) {
        for _ in 0..ACCEPTS_PER_TURN {
            let full = self.node.links().count() >= LINK_COUNT_MAX;
            let Some(Socket::Listener { listener, options }) = self.sockets.get_mut(&socket) else {
                return;
            };
            let options = options.clone();
            match listener.accept() {
                Ok(Accept::Accepted(stream)) if full => {
                    tracing::warn!(peer = %stream.peer(), "refused: the node has too many links");
                }
                Ok(Accept::Accepted(stream)) => self.accepted(now, stream, &options),
                Ok(Accept::WouldBlock) => return,
                Ok(Accept::Backoff(error)) | Err(error) => {
                    let at = listener.local_endpoint();
                    tracing::warn!(%at, %error, "cannot accept for now");
                    let retry = Duration::from_millis(ACCEPT_RETRY_MS);
                    self.timers.set(TimerKey::Accept(socket), now + retry);
                    return;
                }
            }
        }
        self.timers.set(TimerKey::Accept(socket), now);
    }

    fn accepted(&mut self, now: Instant, mut stream: Stream, options: &ListenOptions) {
        let socket = self.ids.socket();
        let registered = self
            .network
            .registrar()
            .register(&mut stream, key_of(socket));
        if let Err(error) = registered {
            tracing::warn!(peer = %stream.peer(), %error, "cannot watch a connection");
            return;
        }
        let id = LinkId(socket);
        let automatic = (options.auto_advertise, options.auto_subscribe);
        let record = LinkRecord {
            state: LinkState::Handshake,
            connects: 1,
            ..LinkRecord::new(now, stream.peer().to_string(), None, automatic)
        };
        self.links.insert(id, record);
        let limits = self.queue_limits(options.queue_bytes_max, options.policy);
        self.open_connection(now, id, socket, stream, limits);
        if let Some(connection) = self.sockets.get_mut(&socket).and_then(Socket::connection) {
            let key = connection.link;
            if let Some(hook) = &options.accept {
                self.accept_hooks.insert(key, Arc::clone(hook));
            }
        }
        self.read_from(now, socket);
    }

    pub(super) fn add_link(
        &mut self,
        now: Instant,
        id: LinkId,
        endpoints: Vec<Endpoint>,
        options: ConnectOptions,
    ) {
        let attempt_count_max = match options.retry {
            Retry::Forever => None,
            Retry::Attempts(attempts) => Some(attempts.saturating_sub(1)),
        };
        let policy = BackoffPolicy {
            attempt_count_max,
            ..BackoffPolicy::default()
        };
        let automatic = (options.auto_advertise, options.auto_subscribe);
        let first = endpoints[0].to_string();
        let dialled = Dialled {
            endpoints,
            at: 0,
            options,
            backoff: policy.start(random()),
        };
        let record = LinkRecord::new(now, first, Some(dialled), automatic);
        self.links.insert(id, record);
        self.dial(now, id);
    }

    pub(super) fn dial(&mut self, now: Instant, id: LinkId) {
        let socket = self.ids.socket();
        let Some(record) = self.links.get_mut(&id) else {
            return;
        };
        let Some(dialled) = &record.dialled else {
            return;
        };
        record.state = LinkState::Connecting;
        record.changed_at = now;
        let endpoint = &dialled.endpoints[dialled.at];
        record.endpoint = endpoint.to_string();
        let dialer = self.network.dial(endpoint, key_of(socket));
        self.sockets.insert(
            socket,
            Socket::Dialer {
                link: id,
                dialer,
                attempt: None,
            },
        );
        self.step_dialer(now, socket);
    }

    pub(super) fn dial_timed_out(&mut self, now: Instant, id: LinkId) {
        let found = self
            .sockets
            .iter_mut()
            .find_map(|(key, socket)| match socket {
                Socket::Dialer { link, dialer, .. } if *link == id => {
                    Some((*key, dialer.time_out()))
                }
                _ => None,
            });
        if let Some((socket, step)) = found {
            self.dialer_stepped(now, socket, step);
        }
    }

    fn step_dialer(&mut self, now: Instant, socket: u64) {
        if let Some(Socket::Dialer { dialer, .. }) = self.sockets.get_mut(&socket) {
            let step = dialer.step();
            self.dialer_stepped(now, socket, step);
        }
    }

    fn dialer_stepped(&mut self, now: Instant, socket: u64, step: Step) {
        let Some(Socket::Dialer { link, attempt, .. }) = self.sockets.get_mut(&socket) else {
            return;
        };
        let id = *link;
        match step {
            Step::Waiting { attempt: waiting } => {
                if attempt.replace(waiting) != Some(waiting) {
                    self.timers
                        .set(TimerKey::DialTimeout(id), now + DIAL_TIMEOUT);
                }
            }
            Step::Connected(stream) => {
                self.timers.cancel(TimerKey::DialTimeout(id));
                let options = self
                    .links
                    .get(&id)
                    .and_then(|record| record.dialled.as_ref());
                let Some(options) = options.map(|dialled| dialled.options) else {
                    return;
                };
                let limits = self.queue_limits(options.queue_bytes_max, options.policy);
                self.open_connection(now, id, socket, stream, limits);
                self.read_from(now, socket);
            }
            Step::Failed(error) => {
                self.timers.cancel(TimerKey::DialTimeout(id));
                self.sockets.remove(&socket);
                self.dial_failed(now, id, &error);
            }
        }
    }

    fn dial_failed(&mut self, now: Instant, id: LinkId, error: &ConnectError) {
        let reason = error.to_string();
        let only = |record: &LinkRecord| {
            let dialled = record.dialled.as_ref();
            dialled.is_none_or(|dialled| dialled.endpoints.len() == 1)
        };
        let retry_in = if error.is_permanent() && self.links.get(&id).is_none_or(only) {
            None
        } else {
            self.next_attempt(id)
        };
        let known = match self.links.get_mut(&id) {
            Some(record) => {
                let known = record.last_error.as_ref() == Some(&reason);
                record.last_error = Some(reason.clone());
                record.state = LinkState::Waiting;
                record.changed_at = now;
                known
            }
            None => return,
        };
        self.wait_to_dial(now, id, retry_in);
        // The same failure again and again is told once, and when it is the last.
        if !known || retry_in.is_none() {
            self.observe(&LinkEvent::ConnectFailed {
                link: id,
                reason,
                retry_in,
            });
        }
    }

    /// When to connect again, if at all.
    pub(super) fn next_attempt(&mut self, id: LinkId) -> Option<Duration> {
        let stopping = self.stopping;
        let record = self
            .links
            .get_mut(&id)
            .filter(|record| record.closers.is_empty())?;
        let dialled = record.dialled.as_mut()?;
        if stopping {
            return None;
        }
        // Another endpoint is tried at once; when all were, it is time to wait.
        if dialled.next_endpoint() {
            dialled.backoff.next_delay()
        } else {
            Some(Duration::ZERO)
        }
    }

    pub(super) fn wait_to_dial(&mut self, now: Instant, id: LinkId, retry_in: Option<Duration>) {
        match retry_in {
            Some(delay) => self.timers.set(TimerKey::Redial(id), now + delay),
            None => {
                self.links.remove(&id);
            }
        }
    }

    /// The bounds of a link's queues, with what its owner asked for instead of the node's.
    fn queue_limits(&self, bytes_max: Option<usize>, policy: Option<DropPolicy>) -> OutgoingLimits {
        let mut outgoing = self.node.config().session.outgoing;
        let event = &mut outgoing.budget_bytes[TrafficClass::Event.index()];
        *event = bytes_max.unwrap_or(*event);
        outgoing.policy = policy.unwrap_or(outgoing.policy);
        outgoing
    }

    fn open_connection(
        &mut self,
        now: Instant,
        id: LinkId,
        socket: u64,
        stream: Stream,
        outgoing: OutgoingLimits,
    ) {
        let Some(record) = self.links.get_mut(&id) else {
            return;
        };
        let dialled = record.dialled.is_some();
        let key = self.node.open_link(
            now,
            LinkConfig {
                dialled,
                auto_advertise: record.auto_advertise,
                auto_subscribe: record.auto_subscribe,
                outgoing: Some(outgoing),
                label: id.0,
            },
        );
        record.key = Some(key);
        record.state = LinkState::Handshake;
        record.changed_at = now;
        if dialled {
            record.connects += 1;
        }
        if self.socket_of.len() <= key.index() {
            self.socket_of.resize(key.index() + 1, u64::MAX);
        }
        self.socket_of[key.index()] = socket;
        self.sockets.insert(
            socket,
            Socket::Connection(Connection {
                stream,
                link: key,
                id,
                partial: Vec::new(),
                discards: false,
                closing: false,
                shut: false,
            }),
        );
        self.set_tick(now);
    }

    /// The handshake went well: later attempts to connect start quickly again.
    pub(super) fn connected(&mut self, now: Instant, id: LinkId) {
        if let Some(record) = self.links.get_mut(&id) {
            record.state = LinkState::Up;
            record.changed_at = now;
            record.last_error = None;
            if let Some(dialled) = &mut record.dialled {
                dialled.backoff.reset();
            }
        }
    }

    /// The connection broke, or the other side closed it.
    pub(super) fn connection_lost(&mut self, socket: u64, reason: &str) {
        let Some(connection) = self.sockets.get_mut(&socket).and_then(Socket::connection) else {
            return;
        };
        let (key, id, closing) = (connection.link, connection.id, connection.closing);
        let peer = self.peer_of(key).map(|(_, peer)| peer);
        if !closing && let Some(record) = self.links.get_mut(&id) {
            record.last_error = Some(reason.to_owned());
            record.lost_peer = peer;
        }
        self.node.link_lost(key);
        if closing {
            self.drop_socket(socket);
        }
    }

    /// Says goodbye on a connection: what waits may go out for a while, then it is closed.
    pub(super) fn close_connection(&mut self, now: Instant, key: LinkKey, flush_max: Duration) {
        let Some(socket) = self.socket_with(key) else {
            return;
        };
        let Some(connection) = self.sockets.get_mut(&socket).and_then(Socket::connection) else {
            return;
        };
        connection.closing = true;
        let Some(link) = self.node.link(key) else {
            self.drop_socket(socket);
            return;
        };
        // What waits may need the peer's credit to go out.
        connection.discards = !link.session.is_closing();
        // Reading stopped where the protocol ended; the peer's end may have arrived already.
        self.unread.push(socket);
        self.timers
            .set(TimerKey::Linger(socket), now + flush_max.max(GOODBYE_MAX));
        self.dirty.push(key);
        self.shut_if_flushed(socket, key);
    }

    /// Shuts the sending half of a closing connection once everything is out.
    pub(super) fn shut_if_flushed(&mut self, socket: u64, key: LinkKey) {
        let Some(connection) = self.sockets.get_mut(&socket).and_then(Socket::connection) else {
            return;
        };
        let idle = self
            .node
            .link(key)
            .is_none_or(|link| link.session.outgoing.is_idle());
        if connection.closing && idle && !connection.shut {
            connection.shut = true;
            // Fails where the other side closed first; then there is nothing to shut.
            let _gone = connection.stream.shutdown_write();
        }
    }

    /// Drops a connection for good.
    pub(super) fn drop_socket(&mut self, socket: u64) {
        self.timers.cancel(TimerKey::Linger(socket));
        let Some(Socket::Connection(connection)) = self.sockets.remove(&socket) else {
            return;
        };
        let mut stream = connection.stream;
        let _gone = self.network.registrar().deregister(&mut stream);
        let (key, id) = (connection.link, connection.id);
        self.node.link_lost(key);
        self.accept_hooks.remove(&key);
        self.withheld.retain(|(link, _, _)| *link != key);
        let over = self
            .links
            .get(&id)
            .is_some_and(|record| record.key == Some(key) && record.state == LinkState::Closing);
        if over {
            self.links.remove(&id);
        }
        if self.stopping
            && !self
                .sockets
                .values_mut()
                .any(|socket| socket.connection().is_some())
        {
            self.drop_everything();
        }
    }

    /// The socket of a link. A link that was lost may have left its place in the table to another
    /// before its end is told; then its socket is looked for.
    pub(super) fn socket_with(&self, key: LinkKey) -> Option<u64> {
        let carries = |socket: &Socket| match socket {
            Socket::Connection(connection) => connection.link == key,
            Socket::Listener { .. } | Socket::Dialer { .. } => false,
        };
        let usual = self.socket_of.get(key.index()).copied()?;
        if self.sockets.get(&usual).is_some_and(carries) {
            return Some(usual);
        }
        let mut sockets = self.sockets.iter();
        sockets.find_map(|(socket, found)| carries(found).then_some(*socket))
    }

    /// Who is at the other end of a link.
    pub(super) fn peer_of(&self, key: LinkKey) -> Option<(LinkId, Peer)> {
        let hello = self.node.link(key)?.peer()?;
        let socket = self.socket_of.get(key.index())?;
        let Some(Socket::Connection(connection)) = self.sockets.get(socket) else {
            return None;
        };
        let endpoint = self
            .links
            .get(&connection.id)
            .map(|record| record.endpoint.clone());
        let peer = Peer {
            node: hello.node.clone(),
            role: hello.role,
            program: hello.program.clone(),
            endpoint: endpoint.unwrap_or_default(),
        };
        Some((connection.id, peer))
    }

    /// Closes a link for its owner and connects no more.
    pub(super) fn close_link(
        &mut self,
        now: Instant,
        id: LinkId,
        flush_max: Duration,
        reason: Reason,
        closer: zeekwire_backend::Completer,
    ) {
        let Some(record) = self.links.get_mut(&id) else {
            return;
        };
        record.closers.push(closer);
        record.state = LinkState::Closing;
        record.changed_at = now;
        self.timers.cancel(TimerKey::Redial(id));
        self.timers.cancel(TimerKey::DialTimeout(id));
        match record.key.filter(|key| self.node.link(*key).is_some()) {
            Some(key) => {
                self.node.close_link(key, reason, "");
                self.close_connection(now, key, flush_max);
            }
            None => {
                self.sockets.retain(
                    |_, socket| !matches!(socket, Socket::Dialer { link, .. } if *link == id),
                );
                self.links.remove(&id);
            }
        }
    }

    /// Ends the node without waiting for anybody.
    pub(crate) fn drop_everything(&mut self) {
        let sockets: Vec<u64> = self.sockets.keys().copied().collect();
        self.stopping = false;
        for socket in sockets {
            self.drop_socket(socket);
        }
        self.sockets.clear();
        self.links.clear();
        self.completers.clear();
        self.close_subscribers();
        self.end_all_surveys();
        self.end_all_traces();
        self.stopping = true;
        self.stopped = true;
    }
}

/// The poller's key for a socket.
pub(crate) const fn key_of(socket: u64) -> Key {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are taken apart"
    )]
    Key::new(socket as u32, (socket >> 32) as u32)
}

const fn key_bits(key: Key) -> u64 {
    (key.generation as u64) << 32 | key.index as u64
}
