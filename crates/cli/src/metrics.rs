//! Metrics for Prometheus: what a node sees of itself, in the text format 0.0.4, over HTTP.
//!
//! `families` says which metrics there are, `exposition` writes them, `server` hands them out.
//! docs/operating/metrics.md lists them for people; a test compares the two.

mod exposition;
mod families;
mod server;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

pub(crate) use server::MetricsServer;

/// Where metrics are served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MetricsAddress(SocketAddr);

impl MetricsAddress {
    /// Whether only this machine reaches it.
    pub(crate) fn is_local(self) -> bool {
        self.0.ip().to_canonical().is_loopback()
    }
}

impl FromStr for MetricsAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let local = text.strip_prefix("localhost:").map(|port| {
            let port = port.parse().ok()?;
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        });
        let address = local.unwrap_or_else(|| text.parse().ok());
        address.map(Self).ok_or_else(|| {
            "write an IP address and a port, such as 127.0.0.1:9911 or [::1]:9911".to_owned()
        })
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
