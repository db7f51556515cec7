//! Between the parts of a cluster nothing passes but what the rules of a border say.

use std::collections::BTreeSet;
use std::time::Duration;

use zeekwire_types::Instant;

use super::Breach;
use crate::driver::RESPONDERS;
use crate::history::{History, Sent};
use crate::plan::HostPlan;
use crate::topics;
use crate::truth::Truth;

/// The parts of a cluster that a host is in, or attached to.
fn zones(hosts: &[HostPlan], host: usize) -> BTreeSet<usize> {
    let dials = |from: usize| hosts[from].dials.iter().flatten().copied();
    let dialling = (0..hosts.len()).filter(|from| dials(*from).any(|to| to == host));
    match hosts[host].zone {
        Some(zone) => BTreeSet::from([zone]),
        None => dials(host)
            .chain(dialling)
            .filter_map(|near| hosts[near].zone)
            .collect(),
    }
}

/// The parts that a message may come to.
fn reached(hosts: &[HostPlan], sent: &Sent) -> BTreeSet<usize> {
    let mut reached = zones(hosts, sent.host);
    loop {
        let before = reached.len();
        for (border, of) in hosts.iter().enumerate().filter(|(_, of)| of.zone.is_none()) {
            let near = zones(hosts, border);
            for rule in &of.rules {
                let passes = topics::matches(rule.filter.as_bytes(), sent.topic.as_bytes());
                let there = near.contains(&rule.from) && near.contains(&rule.to);
                if passes && there && reached.contains(&rule.from) {
                    reached.insert(rule.to);
                }
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

/// Who was brought a message may have it.
pub(crate) fn check(hosts: &[HostPlan], sent: &Sent, taker: usize) -> Result<(), Breach> {
    if hosts[sent.host].zone.is_some() && hosts[sent.host].zone == hosts[taker].zone {
        return Ok(());
    }
    if !reached(hosts, sent).is_disjoint(&zones(hosts, taker)) {
        return Ok(());
    }
    let text = format!(
        "n{taker} was brought what n{} published about {}, and no rule says so",
        sent.host, sent.topic
    );
    Err(Breach::new("crossing", text))
}

/// Membership stops at borders.
pub(crate) fn sees(hosts: &[HostPlan], observer: usize, host: usize) -> Result<(), Breach> {
    let is_inside = match (hosts[observer].zone, hosts[host].zone) {
        (Some(one), Some(other)) => one == other,
        (None, Some(zone)) => {
            let links = |a: usize, b: usize| hosts[a].dials.iter().flatten().any(|to| *to == b);
            zones(hosts, observer).contains(&zone)
                && (links(observer, host) || links(host, observer))
        }
        (Some(zone), None) => zones(hosts, host).contains(&zone),
        (None, None) => false,
    };
    let text = format!("n{observer} is told of n{host}, beyond a border");
    is_inside
        .then_some(())
        .ok_or_else(|| Breach::new("crossing", text))
}

/// A border knows those that it is linked with.
pub(crate) fn knows(host: usize, near: &[usize], up: &[usize]) -> Option<Breach> {
    let text = format!("to n{host} {up:?} are up, and it is linked with {near:?}");
    (near != up).then(|| Breach::new("crossing", text))
}

/// Whether messages may come to a host that joins parts of the cluster from more than one of them.
/// What comes by a border may overtake others that it does not pass on; those are then discarded.
pub(crate) fn has_detours(hosts: &[HostPlan]) -> bool {
    let joining = hosts.iter().filter(|host| host.zone.is_none());
    joining.count() > 1
}

/// Whether what a host published enters where a taker is by several members at once. Each message
/// takes the ways of the member at which it was first, so some overtake others.
pub(crate) fn enters_often(hosts: &[HostPlan], sent: usize, taker: usize) -> bool {
    let links = |host: usize, zone: usize| {
        let near = |other: &usize| hosts[*other].zone == Some(zone);
        let dialled = hosts[host].dials.iter().flatten().filter(|to| near(to));
        let dialling = hosts.iter().filter(|from| from.zone == Some(zone));
        let dialling = dialling.flat_map(|from| from.dials.iter().flatten());
        dialled.count() + dialling.filter(|to| **to == host).count()
    };
    let joining = (0..hosts.len()).filter(|host| hosts[*host].zone.is_none());
    let crosses = hosts[sent].zone.is_none() || hosts[sent].zone != hosts[taker].zone;
    let mut doubled =
        joining.flat_map(|host| zones(hosts, host).into_iter().map(move |z| (host, z)));
    crosses && doubled.any(|(host, zone)| links(host, zone) > 1)
}

/// Finds what the only border should have passed on, while routes stood, and did not arrive.
pub(crate) fn missing(
    hosts: &[HostPlan],
    history: &History,
    truth: &Truth,
    (news, end): (Duration, Instant),
) -> Option<Breach> {
    let mut borders = (0..).zip(hosts).filter(|(_, of)| !of.rules.is_empty());
    let (border, of) = borders.next()?;
    if has_detours(hosts) {
        return None;
    }
    for (number, sent) in history.sent.iter().enumerate() {
        let rules = of.rules.iter().filter(|rule| {
            let matches = topics::matches(rule.filter.as_bytes(), sent.topic.as_bytes());
            matches && hosts[sent.host].zone == Some(rule.from)
        });
        let to: BTreeSet<usize> = rules.map(|rule| rule.to).collect();
        if to.is_empty() {
            continue;
        }
        let missed = history.subscribed.iter().find(|one| {
            let zone = hosts[one.host].zone;
            let wanted = zone.is_some_and(|zone| to.contains(&zone))
                && one.subscriber < RESPONDERS
                && one
                    .completed
                    .is_some_and(|(_, moment)| moment < sent.moment)
                && topics::matches(one.filter.as_bytes(), sent.topic.as_bytes());
            if !wanted
                || enters_often(hosts, sent.host, one.host)
                || history.has(number, one.host, one.subscriber)
            {
                return false;
            }
            let overtaken = history.overtaken_at(sent, one.host, one.life);
            let until = overtaken.unwrap_or(end);
            let span = (Instant::ZERO.max(sent.at - news), until);
            let ways = [(sent.host, border), (border, one.host)];
            let stood = ways.into_iter().all(|(from, to)| {
                let passers = truth.passers(from, to, span);
                let mut lost = history.dropped.iter().filter(|dropped| {
                    let then = (sent.at..=until).contains(&dropped.at);
                    then && passers.contains(&dropped.host)
                });
                truth.is_steady(from, to, span) && lost.next().is_none()
            });
            stood && one.ended_at.is_none_or(|ended| ended > until)
        });
        if let Some(one) = missed {
            let text = format!(
                "n{} never had {} {} of n{} about {}, #{number}, which n{border} passes on",
                one.host, sent.class, sent.sequence, sent.host, sent.topic
            );
            return Some(Breach::new("crossing", text));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use zeekwire_core::node::Forwarding;

    use super::super::delivery::tests::{at, published};
    use super::*;
    use crate::plan::{Crossing, Plan};
    use crate::scenario::Scenario;
    use crate::truth::Standing;

    /// n0 and n1 in two parts, and n2 between them, which passes `t` on from n0 to n1.
    fn bordered() -> Vec<HostPlan> {
        let mut hosts = Plan::new(0, Scenario::Calm).hosts;
        hosts.resize(3, hosts[0].clone());
        for (host, number) in hosts.iter_mut().zip(0..) {
            host.dials.clear();
            host.name = number;
            host.zone = Some(number);
        }
        hosts[2].zone = None;
        hosts[2].forwarding = Forwarding::Rules;
        hosts[2].dials = vec![vec![0], vec![1]];
        hosts[2].rules.push(Crossing {
            filter: "t",
            from: 0,
            to: 1,
        });
        hosts
    }

    #[test]
    fn what_no_rule_lets_pass_is_noticed() {
        let hosts = bordered();
        let (history, _) = published();
        let sent = &history.sent[0];
        assert_eq!(check(&hosts, sent, 1), Ok(()));
        let other = Sent {
            topic: "z",
            ..sent.clone()
        };
        assert!(check(&hosts, &other, 1).is_err());
        assert_eq!(check(&hosts, &other, 2), Ok(()));
        let back = Sent {
            host: 1,
            ..sent.clone()
        };
        assert!(check(&hosts, &back, 0).is_err());
    }

    #[test]
    fn members_beyond_a_border_are_noticed() {
        let hosts = bordered();
        assert!(sees(&hosts, 0, 1).is_err());
        assert_eq!(sees(&hosts, 0, 2), Ok(()));
        assert_eq!(sees(&hosts, 2, 1), Ok(()));
        assert_eq!(knows(2, &[0, 1], &[0, 1]), None);
        assert!(knows(2, &[0, 1], &[0]).is_some());
    }

    #[test]
    fn what_a_border_should_have_passed_on_is_noticed() {
        let hosts = bordered();
        let (history, _) = published();
        let mut truth = Truth::new(vec![true, true, false]);
        truth.set(at(0), 0, [0, 2], Standing::Sure);
        truth.set(at(0), 1, [2, 1], Standing::Sure);
        let times = (Duration::from_millis(500), at(9000));
        assert!(missing(&hosts, &history, &truth, times).is_some());
        truth.set(at(1002), 1, [2, 1], Standing::Unsure);
        assert_eq!(missing(&hosts, &history, &truth, times), None);
    }
}
