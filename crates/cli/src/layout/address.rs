//! Where a node is: a host, whose port the layout chooses, or a whole endpoint.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use zeekwire::Endpoint;

use crate::flags::endpoint;

/// Where a node is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Address {
    /// A name or an IP address without brackets.
    Host(String),
    /// `tcp://` with a port, or `ipc://`.
    Endpoint(Endpoint),
}

impl Address {
    /// The endpoint, on this port unless the address has one.
    pub(super) fn on_port(&self, port: u16) -> Endpoint {
        match self {
            Self::Host(host) => Endpoint::Tcp {
                host: host.clone(),
                port,
            },
            Self::Endpoint(endpoint) => endpoint.clone(),
        }
    }

    /// Whether only its own machine reaches it.
    pub(super) fn is_local(&self) -> bool {
        self.on_port(1).is_local()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_endpoint = text.contains("://");
        let place = if is_endpoint {
            endpoint(text)?
        } else {
            place_of_host(text)?
        };
        if let Endpoint::Tcp { host, port } = &place {
            if host == "*" || host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified()) {
                return Err(format!(
                    "nobody can connect to {host:?}: write the address at which others reach the \
                     node, and let it listen elsewhere with `zeekwire node --listen`"
                ));
            }
            if host.contains('%') {
                return Err(format!(
                    "{host:?} holds a zone, which each node has its own name for: write it as \
                     the `zone_id` of each"
                ));
            }
            if *port == 0 {
                return Err("others must know the port, so 0 is none: write a port".to_owned());
            }
            if !is_endpoint {
                return Ok(Self::Host(host.clone()));
            }
        }
        Ok(Self::Endpoint(place))
    }
}

/// The endpoint of a host, with any port.
fn place_of_host(host: &str) -> Result<Endpoint, String> {
    let bracketed = match host.matches(':').count() {
        2.. if !host.starts_with('[') => format!("[{host}]"),
        _ => host.to_owned(),
    };
    let has_port = bracketed
        .rsplit_once(':')
        .is_some_and(|(_, end)| !end.ends_with(']'));
    let place = endpoint(&format!("tcp://{bracketed}:1")).ok();
    place.filter(|_| !has_port).ok_or_else(|| {
        format!(
            "{host:?} is no address: write a host, such as 10.0.0.1 or manager.example.org, or an \
             endpoint, such as tcp://10.0.0.1:4000"
        )
    })
}

/// Whether an endpoint's address names a host only together with an interface.
pub(super) fn needs_zone(endpoint: &Endpoint) -> bool {
    let Endpoint::Tcp { host, .. } = endpoint else {
        return false;
    };
    host.parse()
        .is_ok_and(|ip: Ipv6Addr| ip.is_unicast_link_local())
}

/// The endpoint as a node sees it that reaches link-local addresses over this interface.
pub(super) fn with_zone(endpoint: &Endpoint, zone_id: Option<&str>) -> Endpoint {
    match (endpoint, zone_id) {
        (Endpoint::Tcp { host, port }, Some(zone)) if needs_zone(endpoint) => Endpoint::Tcp {
            host: format!("{host}%{zone}"),
            port: *port,
        },
        _ => endpoint.clone(),
    }
}

/// Reads the name of an interface.
pub(super) fn zone_id(text: &str) -> Result<String, String> {
    match endpoint(&format!("tcp://[fe80::1%{text}]:1")) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!(
            "{text:?} is no zone: write the name of an interface, such as eth0"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_stands_alone_and_endpoint_has_its_port() {
        for host in ["10.0.0.1", "localhost", "a.example.org", "2001:db8::1"] {
            let address = Address::from_str(host);
            assert_eq!(address, Ok(Address::Host(host.to_owned())));
        }
        assert_eq!("[::1]".parse(), Ok(Address::Host("::1".to_owned())));
        for text in ["tcp://10.0.0.1:4000", "tcp://[::1]:1", "ipc:///run/a.sock"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address, Address::Endpoint(text.parse().unwrap()));
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn address_that_nobody_can_connect_to_is_refused() {
        for (text, what) in [
            ("", "is no address"),
            ("10.0.0.1:4000", "tcp://10.0.0.1:4000"),
            ("a b", "is no address"),
            ("10.0.0.300", "is no address"),
            ("[::1]:4000", "is no address"),
            ("*", "--listen"),
            ("0.0.0.0", "--listen"),
            ("tcp://[::]:4000", "--listen"),
            ("tcp://10.0.0.1:0", "write a port"),
            ("tcp://10.0.0.1", "port is missing"),
            ("fe80::1%eth0", "zone_id"),
            ("inproc://a", "tcp://"),
        ] {
            let error = Address::from_str(text).unwrap_err();
            assert!(error.contains(what), "of {text:?}: {error}");
        }
    }

    #[test]
    fn zone_is_that_of_who_looks() {
        let endpoint: Endpoint = "tcp://[fe80::1]:4000".parse().unwrap();
        assert_eq!(
            with_zone(&endpoint, Some("eth1")).to_string(),
            "tcp://[fe80::1%eth1]:4000"
        );
        for other in ["tcp://[2001:db8::1]:4000", "tcp://10.0.0.1:4000", "ipc://a"] {
            let endpoint: Endpoint = other.parse().unwrap();
            assert_eq!(with_zone(&endpoint, Some("eth1")), endpoint);
        }
        assert!(zone_id("eth0").is_ok());
        assert!(zone_id("").is_err() && zone_id("eth 0]:1").is_err());
    }
}
