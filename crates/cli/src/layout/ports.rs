//! Gives each node that listens an endpoint of its own, the same whoever computes it.

use std::collections::HashMap;

use zeekwire::Endpoint;

use super::{Address, Member, Remark, Topology};

/// Where each member listens, in their order.
///
/// An address that is an endpoint is taken as it is. On each host, the others get the ports from
/// `rendezvous_port` on that are free, rendezvous first, then in the order of the file.
pub(super) fn assign(
    topology: Topology,
    rendezvous_port: u16,
    members: &[Member],
) -> Result<Vec<Option<Endpoint>>, Remark> {
    let mut listens = vec![None; members.len()];
    let mut taken: HashMap<Endpoint, &Member> = HashMap::new();
    let mut hosts = Vec::new();
    for (at, member) in members.iter().enumerate() {
        match &member.address {
            None if member.rendezvous => {
                return Err(member.remark(format_args!(
                    "all others connect to {}, but it has no address: give it one, or \
                     `rendezvous = false`",
                    member.name
                )));
            }
            Some(_) if !member.rendezvous && topology == Topology::Star => {}
            None => {}
            Some(Address::Host(host)) => hosts.push((at, host)),
            Some(Address::Endpoint(endpoint)) => {
                if let Some(first) = taken.insert(key(endpoint), member) {
                    return Err(member.remark(format_args!(
                        "{} and {} would both listen at {endpoint}: give each its own",
                        first.name, member.name
                    )));
                }
                listens[at] = Some(endpoint.clone());
            }
        }
    }
    hosts.sort_by_key(|(at, _)| !members[*at].rendezvous);
    let mut next_ports = HashMap::new();
    for (at, host) in hosts {
        let member = &members[at];
        let on = |port| Endpoint::Tcp {
            host: host.clone(),
            port,
        };
        let next = next_ports
            .entry(key(&on(rendezvous_port)))
            .or_insert(Some(rendezvous_port));
        while let Some(port) = *next
            && taken.contains_key(&key(&on(port)))
        {
            *next = port.checked_add(1);
        }
        let Some(port) = *next else {
            return Err(member.remark(format_args!(
                "from {rendezvous_port} on, {host} has no port left for {}: choose a lower \
                 rendezvous port",
                member.name
            )));
        };
        *next = port.checked_add(1);
        listens[at] = Some(on(port));
    }
    Ok(listens)
}

/// What tells listeners apart: names of the loopback address are the same, whatever the case.
fn key(endpoint: &Endpoint) -> Endpoint {
    match endpoint {
        Endpoint::Tcp { host, port } => Endpoint::Tcp {
            host: match host.to_ascii_lowercase() {
                host if host == "localhost" || host == "::1" => "127.0.0.1".to_owned(),
                host => host,
            },
            port: *port,
        },
        other => other.clone(),
    }
}
