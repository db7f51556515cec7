//! Plans in which hosts are not all alike: two hold one name, or some are borders.

use std::time::Duration;

use zeekwire_core::node::Forwarding;
use zeekwire_types::Instant;

use crate::plan::{Crossing, HostPlan};
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::topology::Topology;

/// What borders pass on.
const CROSSING: [&str; 5] = ["*", "zeek/*", "intel/*", "t", "*x*y*"];

/// Changes the hosts of a plan to what its scenario is about.
pub(crate) fn apply(rng: &mut Rng, scenario: Scenario, topology: Topology, hosts: &mut [HostPlan]) {
    match scenario {
        Scenario::Names => share_names(rng, hosts),
        Scenario::Borders => part(rng, topology, hosts),
        _ => {}
    }
}

/// The last one or two hosts have the names of others, two a name at most, and may come late.
fn share_names(rng: &mut Rng, hosts: &mut [HostPlan]) {
    let mut names: Vec<usize> = Vec::new();
    let (first, last) = hosts.split_at_mut(hosts.len() - rng.size(1..=2).min(hosts.len() / 2));
    for host in last {
        host.name = rng.size(0..=first.len() - 1);
        while names.contains(&host.name) {
            host.name = (host.name + 1) % first.len();
        }
        names.push(host.name);
        if rng.one_in(2) {
            host.start_at = Instant::ZERO + rng.millis(1_000..=8_000);
        } else if rng.one_in(2) {
            first[host.name].start_at = Instant::ZERO + rng.millis(1_000..=8_000);
        }
    }
}

/// Takes a cluster apart into zones that only the last few hosts join.
fn part(rng: &mut Rng, topology: Topology, hosts: &mut [HostPlan]) {
    let borders = rng.size(1..=2);
    let others = rng.size(0..=1);
    let members = hosts.len() - borders - others;
    let zones = rng.size(2..=3).min(members);
    let of_zone = |zone: usize| (0..members).filter(move |host| host % zones == zone);
    for host in hosts.iter_mut() {
        host.dials.clear();
    }
    for zone in 0..zones {
        let inside: Vec<usize> = of_zone(zone).collect();
        for host in &inside {
            hosts[*host].zone = Some(zone);
        }
        if inside.len() > 1 {
            for (from, to) in topology.dials(rng, inside.len()) {
                hosts[inside[from]].dials.push(vec![inside[to]]);
            }
        }
    }
    let mut rules = Vec::new();
    for at in members..hosts.len() {
        hosts[at].zone = None;
        hosts[at].start_at = Instant::ZERO + Duration::from_millis(rng.within(0..=400));
        hosts[at].forwarding = Forwarding::Off;
        if at < members + borders {
            hosts[at].forwarding = Forwarding::Rules;
            // The second often does what the first does.
            if rules.is_empty() || rng.one_in(2) {
                rules = crossings(rng, zones);
            }
            hosts[at].rules.clone_from(&rules);
        }
        for zone in 0..zones {
            let mut near: Vec<usize> = of_zone(zone).collect();
            rng.shuffle(&mut near);
            near.truncate(rng.size(1..=2));
            for host in near {
                let (from, to) = if rng.one_in(2) {
                    (at, host)
                } else {
                    (host, at)
                };
                hosts[from].dials.push(vec![to]);
            }
        }
    }
}

fn crossings(rng: &mut Rng, zones: usize) -> Vec<Crossing> {
    let mut rules = Vec::new();
    for _ in 0..rng.size(1..=3) {
        let from = rng.size(0..=zones - 1);
        rules.push(Crossing {
            filter: CROSSING[rng.size(0..=CROSSING.len() - 1)],
            from,
            to: (from + rng.size(1..=zones - 1)) % zones,
        });
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn names_are_shared_and_zones_are_joined_by_borders_only() {
        for seed in 0..100 {
            let hosts = Plan::new(seed, Scenario::Names).hosts;
            let others = hosts.iter().zip(0..).filter(|(host, n)| host.name != *n);
            assert!(others.count() > 0, "seed {seed}");
            let hosts = Plan::new(seed, Scenario::Borders).hosts;
            for host in &hosts {
                for to in host.dials.iter().flatten() {
                    let inside = host.zone == hosts[*to].zone && host.zone.is_some();
                    let over = host.zone.is_none() != hosts[*to].zone.is_none();
                    assert!(inside || over, "seed {seed}");
                }
            }
        }
    }
}
