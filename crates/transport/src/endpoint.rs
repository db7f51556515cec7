//! Endpoints: where a node listens or connects, as text and as a value.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::str::FromStr;

/// The host of `tcp://*:port`: every address of this machine. For listening only.
pub const ANY_HOST: &str = "*";

/// Longest path of an `ipc://` endpoint: what the system's socket addresses hold, less the final
/// zero byte.
pub const IPC_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Longest name of an `inproc://` endpoint.
pub const INPROC_ID_BYTES_MAX: usize = 255;

/// Where a node listens or connects.
///
/// ```
/// use zeekwire_transport::Endpoint;
///
/// let endpoint: Endpoint = "tcp://[::1]:4000".parse()?;
/// assert_eq!(endpoint, Endpoint::Tcp { host: "::1".into(), port: 4000 });
/// assert_eq!(endpoint.to_string(), "tcp://[::1]:4000");
/// assert!(endpoint.is_local());
/// # Ok::<(), zeekwire_transport::EndpointError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Endpoint {
    /// `tcp://host:port`
    Tcp {
        /// An IPv4 address, an IPv6 address without its brackets, a DNS name, or [`ANY_HOST`].
        host: String,
        /// The port. Zero lets the system choose one, for listening only.
        port: u16,
    },
    /// `ipc://path`: a Unix domain socket, absolute or relative to the working directory.
    Ipc(PathBuf),
    /// `inproc://id`: within one process, through an [`Inproc`](crate::Inproc) hub.
    Inproc(String),
}

impl Endpoint {
    /// Whether only this machine can reach the endpoint: a loopback address, the name
    /// `localhost` or a name below it, `ipc://` or `inproc://`.
    ///
    /// A name is judged by its text. Whoever must be sure of a listener asks again for the
    /// endpoint that [`Listener::local_endpoint`](crate::Listener::local_endpoint) gives.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let Self::Tcp { host, .. } = self else {
            return true;
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return address.to_canonical().is_loopback();
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost")
    }

    /// The address that the endpoint names without a look-up, if it is an IP address.
    pub(crate) fn literal_address(&self) -> Option<SocketAddr> {
        let Self::Tcp { host, port } = self else {
            return None;
        };
        Some(SocketAddr::new(host.parse().ok()?, *port))
    }
}

impl From<SocketAddr> for Endpoint {
    /// The endpoint at an address. An IPv4 address in IPv6 clothes becomes the IPv4 address.
    fn from(address: SocketAddr) -> Self {
        Self::Tcp {
            host: address.ip().to_canonical().to_string(),
            port: address.port(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Ipc(path) => write!(f, "ipc://{}", path.display()),
            Self::Inproc(id) => write!(f, "inproc://{id}"),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(EndpointError::NoScheme(text.into()));
        };
        match scheme {
            "tcp" => parse_tcp(rest),
            "ipc" => parse_ipc(rest),
            "inproc" => parse_inproc(rest),
            _ => Err(EndpointError::UnknownScheme(scheme.into())),
        }
    }
}

/// Why a text is not an endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EndpointError {
    /// The text holds no `://`.
    NoScheme(String),
    /// The scheme is none of `tcp`, `ipc` and `inproc`.
    UnknownScheme(String),
    /// Nothing stands between `tcp://` and the port.
    NoHost,
    /// The host has a character that no name has, or a label that is empty or too long.
    BadHost(String),
    /// The host looks like an IPv4 address and is none.
    BadIpv4(String),
    /// What stands in brackets is not an IPv6 address.
    BadIpv6(String),
    /// A bracket is open, or something other than a port follows it.
    BadBrackets(String),
    /// The host holds colons and no brackets.
    UnbracketedIpv6(String),
    /// The port is missing.
    NoPort(String),
    /// The port is not a number from 0 to 65535.
    BadPort(String),
    /// `ipc://` names no path.
    NoPath,
    /// The path has this many bytes, more than [`IPC_PATH_BYTES_MAX`].
    PathTooLong(usize),
    /// The path holds a zero byte.
    PathHoldsZero,
    /// The path starts with `@`, which elsewhere means Linux's abstract names.
    AbstractPath(String),
    /// `inproc://` names nothing.
    NoId,
    /// The name has this many bytes, more than [`INPROC_ID_BYTES_MAX`].
    IdTooLong(usize),
    /// The name holds this space or control character.
    BadId(char),
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScheme(text) => write!(
                f,
                "{text:?} says not how to connect; write for example tcp://127.0.0.1:4000, \
                 ipc:///run/zeek/node.sock or inproc://node"
            ),
            Self::UnknownScheme(scheme) => write!(
                f,
                "{scheme:?} is no kind of endpoint; there are tcp, ipc and inproc, as in \
                 tcp://127.0.0.1:4000"
            ),
            Self::NoHost => f.write_str(
                "the host is missing; write tcp://host:4000, or tcp://*:4000 to listen on every \
                 address",
            ),
            Self::BadHost(host) => write!(
                f,
                "{host:?} is not a host name; write a name or an address, as in \
                 tcp://manager.example.org:4000"
            ),
            Self::BadIpv4(host) => {
                write!(
                    f,
                    "{host:?} is not an IPv4 address; write four numbers from 0 to 255"
                )
            }
            Self::BadIpv6(host) => {
                write!(
                    f,
                    "{host:?} is not an IPv6 address; write for example tcp://[::1]:4000"
                )
            }
            Self::BadBrackets(rest) => {
                write!(
                    f,
                    "the brackets in {rest:?} do not fit; write tcp://[::1]:4000"
                )
            }
            Self::UnbracketedIpv6(rest) => write!(
                f,
                "{rest:?} has more than one colon; IPv6 addresses go in brackets, as in \
                 tcp://[::1]:4000"
            ),
            Self::NoPort(host) => write!(f, "the port is missing; write tcp://{host}:4000"),
            Self::BadPort(port) => {
                write!(f, "{port:?} is not a port; write a number from 0 to 65535")
            }
            Self::NoPath => f.write_str("the path is missing; write ipc:///run/zeek/node.sock"),
            Self::PathTooLong(bytes) => write!(
                f,
                "the path has {bytes} bytes, but a socket's path may have {IPC_PATH_BYTES_MAX} at \
                 most; use a shorter or a relative one"
            ),
            Self::PathHoldsZero => f.write_str("a path may not hold a zero byte"),
            Self::AbstractPath(path) => write!(
                f,
                "abstract sockets are not supported; for a file of that name write ipc://./{path}"
            ),
            Self::NoId => f.write_str("the name is missing; write inproc://node"),
            Self::IdTooLong(bytes) => {
                write!(
                    f,
                    "the name has {bytes} bytes, {INPROC_ID_BYTES_MAX} at most are allowed"
                )
            }
            Self::BadId(c) => write!(f, "the name of an inproc endpoint may not hold {c:?}"),
        }
    }
}

impl std::error::Error for EndpointError {}

/// Checks a path against what socket addresses hold.
pub(crate) fn check_ipc_path(path: &[u8]) -> Result<(), EndpointError> {
    match path {
        [] => Err(EndpointError::NoPath),
        long if long.len() > IPC_PATH_BYTES_MAX => Err(EndpointError::PathTooLong(long.len())),
        path if path.contains(&0) => Err(EndpointError::PathHoldsZero),
        _ => Ok(()),
    }
}

fn parse_tcp(rest: &str) -> Result<Endpoint, EndpointError> {
    let (host, port) = if let Some(inner) = rest.strip_prefix('[') {
        let bad = || EndpointError::BadBrackets(rest.into());
        let (host, after) = inner.split_once(']').ok_or_else(bad)?;
        check_ipv6(host)?;
        if after.is_empty() {
            return Err(EndpointError::NoPort(format!("[{host}]")));
        }
        (host, after.strip_prefix(':').ok_or_else(bad)?)
    } else {
        let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
        if host.contains(':') {
            return Err(EndpointError::UnbracketedIpv6(rest.into()));
        }
        check_host(host)?;
        (host, port)
    };
    if port.is_empty() {
        let brackets = rest.starts_with('[');
        let host = if brackets {
            format!("[{host}]")
        } else {
            host.into()
        };
        return Err(EndpointError::NoPort(host));
    }
    // `parse` alone would take a plus sign.
    let port = match port.parse() {
        Ok(number) if port.bytes().all(|b| b.is_ascii_digit()) => number,
        _ => return Err(EndpointError::BadPort(port.into())),
    };
    Ok(Endpoint::Tcp {
        host: host.into(),
        port,
    })
}

/// Checks an IPv6 address, which may end with a zone such as `%eth0`.
fn check_ipv6(host: &str) -> Result<(), EndpointError> {
    let (address, zone) = host.split_once('%').unwrap_or((host, "0"));
    let is_zone = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let zone_fits = (1..=32).contains(&zone.len()) && zone.bytes().all(is_zone);
    match address.parse::<std::net::Ipv6Addr>() {
        Ok(_) if zone_fits => Ok(()),
        _ => Err(EndpointError::BadIpv6(host.into())),
    }
}

fn check_host(host: &str) -> Result<(), EndpointError> {
    if host.is_empty() {
        return Err(EndpointError::NoHost);
    }
    if host == ANY_HOST {
        return Ok(());
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(is_name);
    if name.len() > HOST_BYTES_MAX || !name.split('.').all(is_label) {
        return Err(EndpointError::BadHost(host.into()));
    }
    // Resolvers take `127.1` and `0x7f.1` for addresses; a reader would not.
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if is_numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err(EndpointError::BadIpv4(host.into()));
    }
    Ok(())
}

fn parse_ipc(path: &str) -> Result<Endpoint, EndpointError> {
    if path.starts_with('@') {
        return Err(EndpointError::AbstractPath(path.into()));
    }
    let path = PathBuf::from(path);
    check_ipc_path(path.as_os_str().as_bytes())?;
    Ok(Endpoint::Ipc(path))
}

fn parse_inproc(id: &str) -> Result<Endpoint, EndpointError> {
    if id.is_empty() {
        return Err(EndpointError::NoId);
    }
    if id.len() > INPROC_ID_BYTES_MAX {
        return Err(EndpointError::IdTooLong(id.len()));
    }
    match id.chars().find(|c| c.is_whitespace() || c.is_control()) {
        Some(c) => Err(EndpointError::BadId(c)),
        None => Ok(Endpoint::Inproc(id.into())),
    }
}

/// Longest host name, as DNS has it.
const HOST_BYTES_MAX: usize = 253;

#[cfg(test)]
mod tests;
