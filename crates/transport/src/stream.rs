//! A connected socket: reads, gathered writes that cannot raise SIGPIPE, and its end.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::Shutdown;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{SockRef, Socket};

use crate::options::{SocketOptions, refuse_sigpipe};
use crate::{ConnectReason, Endpoint};

/// Most slices that one call of [`Stream::write_vectored`] sends; further ones wait for the next.
pub const WRITE_SLICE_COUNT_MAX: usize = 1024;

/// A byte stream between two nodes, over TCP, a Unix domain socket or a socket pair.
///
/// Never blocks. Edges tell when to go on: after `WouldBlock`, and only after it, the poller
/// reports the next readiness.
pub struct Stream {
    socket: StreamSocket,
    peer: Endpoint,
}

/// What a read did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadOutcome {
    /// This many bytes, at least one, were read. More may wait, even if the buffer was not filled.
    Bytes(usize),
    /// Nothing waits; the poller will say when that changes.
    WouldBlock,
    /// The peer has ended its direction, and everything that it sent has been read.
    Closed,
}

/// What a write did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WriteOutcome {
    /// The kernel took this many bytes from the front: fewer than offered when its buffer filled.
    Bytes(usize),
    /// The kernel has no room; the poller will say when that changes.
    WouldBlock,
}

impl Stream {
    /// Two connected streams without a name, with `peer` as the other side of each.
    ///
    /// # Errors
    /// The system's, when descriptors run out or a buffer size is refused.
    pub fn pair(options: &SocketOptions, peer: &Endpoint) -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        Ok((
            Self::unix(one, peer.clone(), options)?,
            Self::unix(other, peer.clone(), options)?,
        ))
    }

    /// Takes an accepted or paired Unix domain socket.
    pub(crate) fn unix(
        socket: UnixStream,
        peer: Endpoint,
        options: &SocketOptions,
    ) -> io::Result<Self> {
        let settings = SockRef::from(&socket);
        options.apply_buffers(&settings)?;
        refuse_sigpipe(&settings)?;
        Ok(Self {
            socket: StreamSocket::Unix(socket),
            peer,
        })
    }

    /// Takes an accepted TCP connection. Its buffers were set on the listener.
    pub(crate) fn tcp(
        socket: TcpStream,
        peer: Endpoint,
        options: &SocketOptions,
    ) -> io::Result<Self> {
        let settings = SockRef::from(&socket);
        options.apply_tcp(&settings)?;
        refuse_sigpipe(&settings)?;
        Ok(Self {
            socket: StreamSocket::Tcp(socket),
            peer,
        })
    }

    /// Takes a TCP socket whose `connect` has been called.
    pub(crate) fn connecting_tcp(socket: Socket, peer: Endpoint) -> Self {
        let socket = TcpStream::from_std(socket.into());
        Self {
            socket: StreamSocket::Tcp(socket),
            peer,
        }
    }

    /// Takes a Unix domain socket whose `connect` has been called.
    pub(crate) fn connecting_unix(socket: Socket, peer: Endpoint) -> Self {
        let socket = UnixStream::from_std(socket.into());
        Self {
            socket: StreamSocket::Unix(socket),
            peer,
        }
    }

    /// Reads into `buffer`, which must not be empty.
    ///
    /// # Errors
    /// The connection's end, if it was not an orderly one. The stream is of no more use then.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<ReadOutcome> {
        debug_assert!(
            !buffer.is_empty(),
            "an empty buffer looks like the peer's end"
        );
        loop {
            let read = match &mut self.socket {
                StreamSocket::Tcp(socket) => socket.read(buffer),
                StreamSocket::Unix(socket) => socket.read(buffer),
            };
            return match read {
                Ok(0) => Ok(ReadOutcome::Closed),
                Ok(bytes) => Ok(ReadOutcome::Bytes(bytes)),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::WouldBlock => Ok(ReadOutcome::WouldBlock),
                    _ => Err(error),
                },
            };
        }
    }

    /// Writes the slices in their order with one system call, at most
    /// [`WRITE_SLICE_COUNT_MAX`] of them.
    ///
    /// # Errors
    /// The connection's end. A write to a peer that is gone gives `BrokenPipe` or
    /// `ConnectionReset` and never raises SIGPIPE. The stream can no longer send then; what the
    /// peer sent before may still be read.
    pub fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<WriteOutcome> {
        let slices = &slices[..slices.len().min(WRITE_SLICE_COUNT_MAX)];
        match slices {
            [one] => self.write(one),
            _ => self.send(|socket| socket.send_vectored_with_flags(slices, SEND_FLAGS)),
        }
    }

    /// Writes one slice: [`write_vectored`](Self::write_vectored) for what is in one piece.
    ///
    /// # Errors
    /// As for [`write_vectored`](Self::write_vectored).
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<WriteOutcome> {
        self.send(|socket| socket.send_with_flags(bytes, SEND_FLAGS))
    }

    /// Ends this side's direction once the kernel has sent what it holds; reading goes on.
    ///
    /// To close without loss: write everything, call this, read until
    /// [`ReadOutcome::Closed`] or a deadline, drop. A TCP stream that is dropped with unread
    /// bytes resets the connection, and the peer may lose what it has not read yet.
    ///
    /// # Errors
    /// `NotConnected` when the connection has ended already.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        match &self.socket {
            StreamSocket::Tcp(socket) => socket.shutdown(Shutdown::Write),
            StreamSocket::Unix(socket) => socket.shutdown(Shutdown::Write),
        }
    }

    /// Takes the error that the kernel keeps for the socket, if there is one.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn take_error(&mut self) -> io::Result<Option<io::Error>> {
        self.settings().take_error()
    }

    /// Whether the connection is established; `false` means that it is still being made.
    ///
    /// May be called at any time, also upon a stale event.
    ///
    /// # Errors
    /// Why the connection was not made.
    pub fn finish_connect(&mut self) -> Result<bool, ConnectReason> {
        if let Some(error) = self.take_error()? {
            return Err(error.into());
        }
        let (local, peer) = match &self.socket {
            StreamSocket::Tcp(socket) => match socket.peer_addr() {
                Ok(peer) => (socket.local_addr()?, peer),
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
                Err(error) => return Err(error.into()),
            },
            // Connecting to a Unix domain socket succeeds or fails at once.
            StreamSocket::Unix(_) => return Ok(true),
        };
        // While nobody listens on an ephemeral port of the loopback, a connect to it may by
        // chance come from that same port, and TCP then joins the socket with itself.
        if local == peer {
            Err(ConnectReason::SelfConnected)
        } else {
            Ok(true)
        }
    }

    /// The other side: its address for TCP, the listener's endpoint for `ipc://` and `inproc://`,
    /// where those who connect have no name.
    #[must_use]
    pub fn peer(&self) -> &Endpoint {
        &self.peer
    }

    fn send(&self, send: impl Fn(&Socket) -> io::Result<usize>) -> io::Result<WriteOutcome> {
        let socket = self.settings();
        loop {
            return match send(&socket) {
                Ok(bytes) => Ok(WriteOutcome::Bytes(bytes)),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::WouldBlock => Ok(WriteOutcome::WouldBlock),
                    _ => Err(error),
                },
            };
        }
    }

    fn settings(&self) -> SockRef<'_> {
        match &self.socket {
            StreamSocket::Tcp(socket) => SockRef::from(socket),
            StreamSocket::Unix(socket) => SockRef::from(socket),
        }
    }
}

impl Source for Stream {
    fn register(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        match &mut self.socket {
            StreamSocket::Tcp(socket) => socket.register(registry, token, on),
            StreamSocket::Unix(socket) => socket.register(registry, token, on),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        match &mut self.socket {
            StreamSocket::Tcp(socket) => socket.reregister(registry, token, on),
            StreamSocket::Unix(socket) => socket.reregister(registry, token, on),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match &mut self.socket {
            StreamSocket::Tcp(socket) => socket.deregister(registry),
            StreamSocket::Unix(socket) => socket.deregister(registry),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.peer)
    }
}

enum StreamSocket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What every send carries: a write to a closed peer must be an error, never a signal, since the
/// host process may not ignore SIGPIPE. Apple's systems have a socket option instead.
#[cfg(not(target_vendor = "apple"))]
pub(crate) const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
pub(crate) const SEND_FLAGS: libc::c_int = 0;
