//! Listening sockets: binding them, and accepting without losing an edge.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::Path;

use mio::event::Source;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::ipc_path::{self, SocketFile};
use crate::{
    ANY_HOST, Endpoint, Inproc, InprocListener, ListenError, ListenReason, SocketOptions, Stream,
};

/// How long to wait after [`Accept::Backoff`] before accepting again.
pub const ACCEPT_RETRY_MS: u64 = 100;

/// A socket at which others connect.
///
/// Dropping the listener of an `ipc://` endpoint removes the file, if it is still its own.
pub struct Listener {
    socket: ListenSocket,
    local: Endpoint,
    options: SocketOptions,
}

/// What an accept did.
#[derive(Debug)]
pub enum Accept {
    /// Somebody connected. More may wait: accept again.
    Accepted(Stream),
    /// Nobody waits; the poller will say when that changes.
    WouldBlock,
    /// Descriptors or memory ran out. Those who connected still wait, but the poller will not
    /// report them again: accept again in [`ACCEPT_RETRY_MS`], or once a connection has closed.
    Backoff(io::Error),
}

impl Listener {
    /// Listens at an endpoint. Whether it may be reached from elsewhere is for the caller to
    /// decide beforehand; see [`Endpoint::is_local`].
    ///
    /// `tcp://*:port` takes IPv4 and IPv6 where the system has both. A host name is looked up on
    /// the calling thread, and its first address that works is taken. The path of an `ipc://`
    /// endpoint is taken over if the socket there has no listener any more.
    ///
    /// # Errors
    /// [`ListenError`] says why the endpoint cannot be had.
    pub fn bind(
        endpoint: &Endpoint,
        options: &SocketOptions,
        inproc: &Inproc,
    ) -> Result<Self, ListenError> {
        let bound = match endpoint {
            Endpoint::Tcp { host, port } => bind_tcp(host, *port, options),
            Endpoint::Ipc(path) => bind_ipc(path, options),
            Endpoint::Inproc(id) => inproc.listen(id).map(ListenSocket::Inproc),
        };
        let fail = |reason| ListenError {
            endpoint: endpoint.clone(),
            reason,
        };
        let socket = bound.map_err(fail)?;
        let local = match (&socket, endpoint) {
            (ListenSocket::Tcp(socket), Endpoint::Tcp { host, .. }) => {
                let address = socket.local_addr().map_err(|error| fail(error.into()))?;
                match host.as_str() {
                    ANY_HOST => Endpoint::Tcp {
                        host: ANY_HOST.into(),
                        port: address.port(),
                    },
                    _ => Endpoint::from(address),
                }
            }
            _ => endpoint.clone(),
        };
        Ok(Self {
            socket,
            local,
            options: options.clone(),
        })
    }

    /// Where it listens: the endpoint as given, with the port that the system chose for port 0,
    /// and with the address in place of a host name.
    #[must_use]
    pub fn local_endpoint(&self) -> &Endpoint {
        &self.local
    }

    /// Accepts one connection. Connections that ended before they were accepted are skipped.
    ///
    /// # Errors
    /// The listener itself is broken; nobody can connect to it any more.
    pub fn accept(&mut self) -> io::Result<Accept> {
        let mut skipped = None;
        for _ in 0..SKIP_COUNT_MAX {
            let error = match self.try_accept() {
                Ok(stream) => return Ok(Accept::Accepted(stream)),
                Err(error) => error,
            };
            match error.raw_os_error() {
                _ if error.kind() == ErrorKind::WouldBlock => return Ok(Accept::WouldBlock),
                Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
                    return Ok(Accept::Backoff(error));
                }
                Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK | libc::EFAULT) => {
                    return Err(error);
                }
                // All else is about the one connection, which is gone now.
                _ => {
                    tracing::debug!(listener = %self.local, %error, "a connection was skipped");
                    skipped = Some(error);
                }
            }
        }
        // Whoever fails so often in a row is not worth the whole turn.
        Ok(Accept::Backoff(
            skipped.unwrap_or_else(|| ErrorKind::ConnectionAborted.into()),
        ))
    }

    fn try_accept(&mut self) -> io::Result<Stream> {
        match &mut self.socket {
            ListenSocket::Tcp(socket) => {
                let (stream, address) = socket.accept()?;
                skip_failure(Stream::tcp(stream, address.into(), &self.options))
            }
            ListenSocket::Ipc { socket, .. } => {
                let (stream, _) = socket.accept()?;
                skip_failure(Stream::unix(stream, self.local.clone(), &self.options))
            }
            ListenSocket::Inproc(listener) => listener
                .accept()
                .ok_or_else(|| ErrorKind::WouldBlock.into()),
        }
    }
}

impl Source for Listener {
    fn register(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        match &mut self.socket {
            ListenSocket::Tcp(socket) => socket.register(registry, token, on),
            ListenSocket::Ipc { socket, .. } => socket.register(registry, token, on),
            ListenSocket::Inproc(listener) => listener.register(registry, token, on),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, on: Interest) -> io::Result<()> {
        match &mut self.socket {
            ListenSocket::Tcp(socket) => socket.reregister(registry, token, on),
            ListenSocket::Ipc { socket, .. } => socket.reregister(registry, token, on),
            ListenSocket::Inproc(listener) => listener.reregister(registry, token, on),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match &mut self.socket {
            ListenSocket::Tcp(socket) => socket.deregister(registry),
            ListenSocket::Ipc { socket, .. } => socket.deregister(registry),
            ListenSocket::Inproc(listener) => listener.deregister(registry),
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({})", self.local)
    }
}

enum ListenSocket {
    Tcp(TcpListener),
    Ipc {
        /// Before the socket: see [`SocketFile`] for the order of their drops.
        _file: SocketFile,
        socket: UnixListener,
    },
    Inproc(InprocListener),
}

/// Marks a failure to set options as one of the connection, whatever its number.
fn skip_failure(made: io::Result<Stream>) -> io::Result<Stream> {
    made.map_err(|error| io::Error::new(ErrorKind::ConnectionAborted, error))
}

fn bind_tcp(host: &str, port: u16, options: &SocketOptions) -> Result<ListenSocket, ListenReason> {
    if host == ANY_HOST {
        let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return match listen_tcp(both, options, true) {
            Ok(socket) => Ok(socket),
            // A port in use is in use; anything else is a system without IPv6.
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(error.into()),
            Err(_) => Ok(listen_tcp(
                (Ipv4Addr::UNSPECIFIED, port).into(),
                options,
                false,
            )?),
        };
    }
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(ListenReason::Lookup)?;
    let mut problem = ListenReason::Lookup(io::Error::other("the name has no address"));
    for address in addresses {
        match listen_tcp(address, options, false) {
            Ok(socket) => return Ok(socket),
            Err(error) => problem = error.into(),
        }
    }
    Err(problem)
}

fn listen_tcp(
    address: SocketAddr,
    options: &SocketOptions,
    both_families: bool,
) -> io::Result<ListenSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    // A restarted node must not wait for the remains of its old connections.
    socket.set_reuse_address(true)?;
    if both_families {
        socket.set_only_v6(false)?;
    }
    options.apply_buffers(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG_COUNT)?;
    Ok(ListenSocket::Tcp(TcpListener::from_std(socket.into())))
}

fn bind_ipc(path: &Path, options: &SocketOptions) -> Result<ListenSocket, ListenReason> {
    let (file, socket) = ipc_path::listen(path, options, BACKLOG_COUNT)?;
    Ok(ListenSocket::Ipc {
        _file: file,
        socket: UnixListener::from_std(socket.into()),
    })
}

/// Connections that the kernel keeps until they are accepted; it may have a lower bound itself.
const BACKLOG_COUNT: i32 = 1024;

/// Failed connections that one accept skips.
const SKIP_COUNT_MAX: u32 = 64;
