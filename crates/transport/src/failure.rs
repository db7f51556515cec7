//! Why connecting or listening failed, in words for whoever runs the node.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use crate::{Endpoint, LOOKUP_COUNT_MAX};

/// Why no connection to an endpoint was made.
///
/// Reads like `connect to tcp://10.0.0.1:4000 failed: connection refused`.
#[derive(Debug)]
pub struct ConnectError {
    /// Where the connection was to go.
    pub endpoint: Endpoint,
    /// The last address that was tried, where a name was looked up.
    pub address: Option<SocketAddr>,
    /// What went wrong there.
    pub reason: ConnectReason,
}

impl ConnectError {
    /// Whether trying again is pointless because the endpoint itself is at fault.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self.reason, ConnectReason::NotDialable)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connect to {} failed", self.endpoint)?;
        if let Some(address) = self.address {
            write!(f, " at {address}")?;
        }
        let is_ipc = matches!(self.endpoint, Endpoint::Ipc(_));
        match &self.reason {
            ConnectReason::System(error) if is_ipc => match error.kind() {
                ErrorKind::NotFound => f.write_str(": no such file; is the node running?"),
                ErrorKind::WouldBlock => f.write_str(": the listener is overloaded"),
                _ => write!(f, ": {}", Plain(error)),
            },
            reason => write!(f, ": {reason}"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            ConnectReason::System(error) | ConnectReason::Lookup(error) => Some(error),
            _ => None,
        }
    }
}

/// What went wrong while connecting.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectReason {
    /// The endpoint is for listening only: it has port 0 or the host `*`.
    NotDialable,
    /// The host's name could not be looked up.
    Lookup(io::Error),
    /// More than [`LOOKUP_COUNT_MAX`] look-ups wait.
    LookupsBusy,
    /// The name has no address.
    NoAddress,
    /// Nobody in this process listens at the `inproc://` endpoint.
    NobodyListens,
    /// The listener has not accepted those who came before.
    BacklogFull,
    /// The connection came back to its own socket: nobody listens at the port.
    SelfConnected,
    /// The caller's timer ran out.
    TimedOut,
    /// The system refused.
    System(io::Error),
}

impl From<io::Error> for ConnectReason {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for ConnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDialable => {
                f.write_str("it is for listening only; name a host and a port other than 0")
            }
            Self::Lookup(error) => write!(f, "the name could not be looked up: {error}"),
            Self::LookupsBusy => write!(f, "{LOOKUP_COUNT_MAX} names wait to be looked up"),
            Self::NoAddress => f.write_str("the name has no address"),
            Self::NobodyListens => f.write_str("nobody in this process listens there"),
            Self::BacklogFull => f.write_str("the listener is overloaded"),
            // What the peer's system would have said, had it not been this one.
            Self::SelfConnected => f.write_str("connection refused"),
            Self::TimedOut => f.write_str("timed out"),
            Self::System(error) => Plain(error).fmt(f),
        }
    }
}

/// Why a node cannot listen at an endpoint.
///
/// Reads like `listen on ipc:///run/zeek/node.sock failed: a live process listens there`.
#[derive(Debug)]
pub struct ListenError {
    /// Where the node was to listen.
    pub endpoint: Endpoint,
    /// What went wrong there.
    pub reason: ListenReason,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listen on {} failed: ", self.endpoint)?;
        let ListenReason::System(error) = &self.reason else {
            return self.reason.fmt(f);
        };
        match (&self.endpoint, error.kind()) {
            (Endpoint::Ipc(_), ErrorKind::NotFound) => f.write_str("its directory does not exist"),
            (Endpoint::Tcp { .. }, ErrorKind::AddrInUse) => {
                f.write_str("the port is in use; choose another, or end what listens there")
            }
            (Endpoint::Tcp { .. }, ErrorKind::AddrNotAvailable) => {
                f.write_str("this machine does not have that address")
            }
            (Endpoint::Tcp { port: 1..1024, .. }, ErrorKind::PermissionDenied) => {
                f.write_str("ports below 1024 need privileges; choose a higher one")
            }
            _ => Plain(error).fmt(f),
        }
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            ListenReason::System(error)
            | ListenReason::Lookup(error)
            | ListenReason::Unclear(error) => Some(error),
            _ => None,
        }
    }
}

/// What went wrong while beginning to listen.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenReason {
    /// The host's name could not be looked up, or has no address.
    Lookup(io::Error),
    /// A process listens at the path.
    InUse,
    /// Something that is not a socket has the path; it was left alone.
    NotASocket,
    /// A socket has the path, and whether anybody listens there cannot be told.
    Unclear(io::Error),
    /// Somebody in this process listens at the `inproc://` endpoint.
    IdInUse,
    /// The system refused.
    System(io::Error),
}

impl From<io::Error> for ListenReason {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for ListenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) => write!(f, "the name could not be looked up: {error}"),
            Self::InUse => f.write_str("a live process listens there"),
            Self::NotASocket => {
                f.write_str("the path exists and is not a socket; choose another, or remove it")
            }
            Self::Unclear(error) => write!(
                f,
                "the path exists and cannot be tried ({}); choose another, or remove it if nobody \
                 listens there",
                Plain(error)
            ),
            Self::IdInUse => f.write_str("somebody in this process listens there"),
            Self::System(error) => Plain(error).fmt(f),
        }
    }
}

/// A system error without its number, where the words say as much.
struct Plain<'a>(&'a io::Error);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ErrorKind as K;

        match self.0.kind() {
            kind @ (K::AddrInUse
            | K::AddrNotAvailable
            | K::ConnectionRefused
            | K::ConnectionReset
            | K::HostUnreachable
            | K::NetworkDown
            | K::NetworkUnreachable
            | K::PermissionDenied
            | K::TimedOut) => kind.fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_errors_say_where_and_what() {
        let error = |endpoint: &str, address: Option<&str>, reason| ConnectError {
            endpoint: endpoint.parse().unwrap(),
            address: address.map(|a| a.parse().unwrap()),
            reason,
        };
        let system = |kind: ErrorKind| ConnectReason::System(kind.into());
        for (error, text) in [
            (
                error(
                    "tcp://10.0.0.1:4000",
                    None,
                    system(ErrorKind::ConnectionRefused),
                ),
                "connect to tcp://10.0.0.1:4000 failed: connection refused",
            ),
            (
                error(
                    "tcp://manager:4000",
                    Some("[::1]:4000"),
                    system(ErrorKind::TimedOut),
                ),
                "connect to tcp://manager:4000 failed at [::1]:4000: timed out",
            ),
            (
                error("ipc://run/a", None, system(ErrorKind::NotFound)),
                "connect to ipc://run/a failed: no such file; is the node running?",
            ),
            (
                error("inproc://a", None, ConnectReason::NobodyListens),
                "connect to inproc://a failed: nobody in this process listens there",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn listen_errors_say_what_to_do() {
        let error = |endpoint: &str, kind: ErrorKind| {
            let endpoint = endpoint.parse().unwrap();
            ListenError {
                endpoint,
                reason: ListenReason::System(kind.into()),
            }
            .to_string()
        };
        for (found, text) in [
            (
                error("tcp://*:4000", ErrorKind::AddrInUse),
                "listen on tcp://*:4000 failed: the port is in use; choose another, or end what \
                 listens there",
            ),
            (
                error("tcp://*:80", ErrorKind::PermissionDenied),
                "listen on tcp://*:80 failed: ports below 1024 need privileges; choose a higher \
                 one",
            ),
            (
                error("ipc://gone/a", ErrorKind::NotFound),
                "listen on ipc://gone/a failed: its directory does not exist",
            ),
            (
                error("ipc://a", ErrorKind::PermissionDenied),
                "listen on ipc://a failed: permission denied",
            ),
        ] {
            assert_eq!(found, text);
        }
    }
}
