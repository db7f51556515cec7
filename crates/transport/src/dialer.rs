//! Connecting: from an endpoint over its addresses to a stream, without blocking.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::{
    ANY_HOST, ConnectError, ConnectReason, Endpoint, Key, Lookup, Network, SocketOptions, Stream,
};

/// One attempt to connect to an endpoint.
///
/// Drive it so: call [`step`](Self::step) once, then again whenever an edge of its key arrives
/// and, as long as it looks up a name, whenever the poller was woken. Calls too many do no harm.
/// Each [`Step::Waiting`] with a new number begins another address: set a timer then, and call
/// [`time_out`](Self::time_out) when it fires. Dropping the dialer gives up.
pub struct Dialer {
    target: Endpoint,
    key: Key,
    network: Network,
    state: State,
    attempt: u32,
    addresses: VecDeque<SocketAddr>,
    failed: Option<(Option<SocketAddr>, ConnectReason)>,
}

/// How far a dialer has come.
#[derive(Debug)]
pub enum Step {
    /// Not there yet.
    Waiting {
        /// Counts the things waited for: 0 is the look-up of the name, each address has its own.
        attempt: u32,
    },
    /// Connected. The stream is registered under the dialer's key, and its first edge may be
    /// spent: read and write until `WouldBlock` at once.
    Connected(Stream),
    /// No address could be reached; the error is that of the last one. Every error but a
    /// permanent one is worth another dialer, after a delay that [`Backoff`](crate::Backoff)
    /// gives.
    Failed(ConnectError),
}

impl Dialer {
    /// A dialer that has done nothing yet.
    #[must_use]
    pub(crate) fn new(target: Endpoint, key: Key, network: Network) -> Self {
        Self {
            target,
            key,
            network,
            state: State::Start,
            attempt: 0,
            addresses: VecDeque::new(),
            failed: None,
        }
    }

    /// Where it connects to.
    #[must_use]
    pub fn target(&self) -> &Endpoint {
        &self.target
    }

    /// The key under which its sockets are registered, one after the other.
    #[must_use]
    pub fn key(&self) -> Key {
        self.key
    }

    /// Goes on as far as possible without waiting. After the end, does nothing but wait.
    pub fn step(&mut self) -> Step {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Start => match self.start() {
                    Ok(state) => self.state = state,
                    Err(reason) => return self.fail(None, reason),
                },
                State::LookingUp(lookup) => match lookup.take() {
                    None => {
                        self.state = State::LookingUp(lookup);
                        return Step::Waiting {
                            attempt: self.attempt,
                        };
                    }
                    Some(Ok(addresses)) => {
                        self.take_addresses(addresses);
                        self.state = State::Next;
                    }
                    Some(Err(error)) => return self.fail(None, ConnectReason::Lookup(error)),
                },
                State::Next => match self.addresses.pop_front() {
                    Some(address) => self.open(address),
                    None => return self.fail_last(),
                },
                State::Connecting(mut stream, address) => match stream.finish_connect() {
                    Ok(true) => return Step::Connected(stream),
                    Ok(false) => {
                        self.state = State::Connecting(stream, address);
                        return Step::Waiting {
                            attempt: self.attempt,
                        };
                    }
                    Err(reason) => self.leave(stream, address, reason),
                },
                State::Ended => {
                    return Step::Waiting {
                        attempt: self.attempt,
                    };
                }
            }
        }
    }

    /// Gives up what it waits for, and goes on with the next address if there is one.
    pub fn time_out(&mut self) -> Step {
        match mem::replace(&mut self.state, State::Ended) {
            State::LookingUp(_) => {
                let problem = io::Error::new(ErrorKind::TimedOut, "no answer in time");
                return self.fail(None, ConnectReason::Lookup(problem));
            }
            State::Connecting(stream, address) => {
                self.leave(stream, address, ConnectReason::TimedOut);
            }
            state @ (State::Start | State::Next | State::Ended) => self.state = state,
        }
        self.step()
    }

    fn start(&mut self) -> Result<State, ConnectReason> {
        match &self.target {
            Endpoint::Tcp { host, port } => {
                if *port == 0 || host == ANY_HOST {
                    return Err(ConnectReason::NotDialable);
                }
                if let Some(address) = self.target.literal_address() {
                    self.addresses.push_back(address);
                    return Ok(State::Next);
                }
                Ok(State::LookingUp(
                    self.network.resolver.look_up(host, *port)?,
                ))
            }
            Endpoint::Ipc(path) => {
                let stream = open_ipc(path, &self.target, &self.network.options)?;
                self.register(stream)
            }
            Endpoint::Inproc(id) => {
                let stream = self.network.inproc.connect(id, &self.network.options)?;
                self.register(stream)
            }
        }
    }

    fn register(&mut self, mut stream: Stream) -> Result<State, ConnectReason> {
        self.attempt += 1;
        self.network.registrar.register(&mut stream, self.key)?;
        Ok(State::Connecting(stream, None))
    }

    /// Keeps the first addresses, each once.
    fn take_addresses(&mut self, found: Vec<SocketAddr>) {
        for address in found {
            if self.addresses.len() < ADDRESS_COUNT_MAX && !self.addresses.contains(&address) {
                self.addresses.push_back(address);
            }
        }
    }

    /// Begins to connect to an address.
    fn open(&mut self, address: SocketAddr) {
        self.attempt += 1;
        // The error repeats the address only where the endpoint does not say it.
        let is_name = self.target.literal_address().is_none();
        let shown = is_name.then_some(address);
        let opened = open_tcp(address, &self.network.options).and_then(|mut stream| {
            self.network.registrar.register(&mut stream, self.key)?;
            Ok(stream)
        });
        match opened {
            Ok(stream) => self.state = State::Connecting(stream, shown),
            Err(error) => {
                self.failed = Some((shown, error.into()));
                self.state = State::Next;
            }
        }
    }

    fn leave(&mut self, mut stream: Stream, address: Option<SocketAddr>, reason: ConnectReason) {
        // The drop that follows would end the registration too, unless the process has forked.
        let _ = self.network.registrar.deregister(&mut stream);
        self.failed = Some((address, reason));
        self.state = State::Next;
    }

    fn fail_last(&mut self) -> Step {
        let (address, reason) = self
            .failed
            .take()
            .unwrap_or((None, ConnectReason::NoAddress));
        self.fail(address, reason)
    }

    fn fail(&mut self, address: Option<SocketAddr>, reason: ConnectReason) -> Step {
        self.state = State::Ended;
        Step::Failed(ConnectError {
            endpoint: self.target.clone(),
            address,
            reason,
        })
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialer({}, attempt {})", self.target, self.attempt)
    }
}

enum State {
    Start,
    LookingUp(Lookup),
    /// Takes the next address, if there is one.
    Next,
    /// With the address, if the error should name it.
    Connecting(Stream, Option<SocketAddr>),
    Ended,
}

fn open_tcp(address: SocketAddr, options: &SocketOptions) -> io::Result<Stream> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    options.apply_buffers(&socket)?;
    options.apply_tcp(&socket)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(Stream::connecting_tcp(socket, address.into())),
    }
}

fn open_ipc(path: &Path, peer: &Endpoint, options: &SocketOptions) -> io::Result<Stream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    options.apply_buffers(&socket)?;
    // Unlike TCP, this never goes on in the background: a full backlog is an error.
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(Stream::connecting_unix(socket, peer.clone()))
}

/// Most addresses of one name that are tried.
const ADDRESS_COUNT_MAX: usize = 16;

#[cfg(test)]
mod tests;
