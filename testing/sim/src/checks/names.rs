//! One name, one live node: a second one is refused, or one of them yields before long.

use std::time::Duration;

use zeekwire_core::node::PROBE_MAX;
use zeekwire_types::{Instant, NodeId};

use super::Breach;
use crate::plan::HostPlan;
use crate::truth::Truth;
use crate::world::World;

/// Nodes look at the time at least this often.
const TICK_MAX: Duration = Duration::from_millis(250);

/// A way that leads nowhere is noticed within this time.
const NOTICED: Duration = Duration::from_secs(6);

/// What a life that was lost said of an earlier one counts for so long: the two that are left may
/// not find each other meanwhile.
const CLAIM_KEPT: Duration = Duration::from_secs(10);

/// Two that hold one name do not stay together for longer.
pub(crate) fn settled_within(news: Duration) -> Duration {
    CLAIM_KEPT + PROBE_MAX + TICK_MAX + 2 * news
}

/// Other hosts with the name of this one.
pub(crate) fn rivals(hosts: &[HostPlan], host: usize) -> impl Iterator<Item = usize> {
    let name = hosts[host].name;
    let others = (0..).zip(hosts);
    others
        .filter(move |(other, of)| *other != host && of.name == name)
        .map(|(other, _)| other)
}

/// Whether another host has the name of this one.
pub(crate) fn is_shared(hosts: &[HostPlan], host: usize) -> bool {
    rivals(hosts, host).next().is_some()
}

/// Whether `to` or anybody whom it reaches has the name of `host`.
pub(crate) fn is_taken(world: &World<'_>, host: usize, to: usize) -> bool {
    let reached = world.truth.reachable(to);
    rivals(&world.plan.hosts, host).any(|rival| reached.contains_key(&rival))
}

/// No two hosts of one name reach each other.
pub(crate) fn alone(hosts: &[HostPlan], truth: &Truth) -> Vec<Breach> {
    let together = |host: usize| {
        let reached = truth.reachable(host);
        let rival = rivals(hosts, host).find(|rival| reached.contains_key(rival))?;
        let text = format!("n{host} and n{rival} have one name, and reach each other");
        Some(Breach::new("names", text))
    };
    (0..hosts.len()).filter_map(together).collect()
}

/// Two hosts of one name were not together for too long.
pub(crate) fn apart(
    truth: &Truth,
    (a, b): (usize, usize),
    now: Instant,
    within: Duration,
) -> Result<(), Breach> {
    let together = truth.longest_connection(a, b, (now - 2 * within, now));
    if together <= within {
        return Ok(());
    }
    let text = format!("n{a} and n{b} have one name, and were together for {together:?}");
    Err(Breach::new("names", text))
}

/// A host that let a peer in did not reach another of the peer's name all the time before.
pub(crate) fn admits(
    truth: &Truth,
    (host, peer, holder): (usize, usize, usize),
    now: Instant,
    within: Duration,
) -> Result<(), Breach> {
    // Who waits on another way than the one that stands is not heard, and taken for gone.
    let span = (now - within, now);
    let heard = truth.is_steady(host, holder, span) && truth.is_steady(holder, host, span);
    if host != holder && !heard {
        return Ok(());
    }
    let text = format!("n{host} lets n{peer} in, and n{holder} of the same name was there");
    Err(Breach::new("names", text))
}

/// A host that turned a peer away for its name reached another of that name not long before.
pub(crate) fn refuses(
    truth: &Truth,
    (host, peer): (usize, usize),
    holders: &[usize],
    now: Instant,
    within: Duration,
) -> Result<(), Breach> {
    let there =
        |holder: &usize| host == *holder || truth.was_linked(host, *holder, (now - within, now));
    if holders.iter().any(there) {
        return Ok(());
    }
    let text = format!("n{host} refuses n{peer} for its name, which nobody there has");
    Err(Breach::new("names", text))
}

/// The later life yields; the earlier only to one that it may not have answered.
pub(crate) fn yields(
    (own, to): (&NodeId, &NodeId),
    to_started_at: Instant,
    faulted_at: Option<Instant>,
) -> Result<(), Breach> {
    let text = match own.name == to.name {
        false => format!("{own} yields to {to} of another name"),
        true if own.incarnation > to.incarnation => return Ok(()),
        true if faulted_at.is_some_and(|at| at + NOTICED >= to_started_at) => return Ok(()),
        true => format!("{own} yields to {to}, which is later, and could have asked it"),
    };
    Err(Breach::new("names", text))
}

#[cfg(test)]
mod tests {
    use super::super::delivery::tests::at;
    use super::*;
    use crate::driver;
    use crate::plan::Plan;
    use crate::scenario::Scenario;
    use crate::truth::Standing;

    const WITHIN: Duration = Duration::from_secs(2);

    /// n0 - n1 - n2 since 1 s.
    fn line() -> Truth {
        let mut truth = Truth::new(vec![true; 3]);
        truth.set(at(1000), 0, [0, 1], Standing::Sure);
        truth.set(at(1000), 1, [1, 2], Standing::Sure);
        truth
    }

    #[test]
    fn two_of_one_name_together_are_noticed() {
        let mut truth = line();
        assert_eq!(apart(&truth, (0, 2), at(2_900), WITHIN), Ok(()));
        assert!(apart(&truth, (0, 2), at(3_100), WITHIN).is_err());
        let mut hosts = Plan::new(0, Scenario::Calm).hosts;
        hosts.resize(3, hosts[0].clone());
        (hosts[0].name, hosts[1].name, hosts[2].name) = (0, 1, 0);
        assert_eq!(alone(&hosts, &truth).len(), 2);
        truth.set(at(3000), 1, [1, 2], Standing::Gone);
        assert_eq!(alone(&hosts, &truth), []);
    }

    #[test]
    fn letting_a_second_one_in_is_noticed() {
        let truth = line();
        assert_eq!(admits(&truth, (1, 2, 0), at(2_900), WITHIN), Ok(()));
        assert!(admits(&truth, (1, 2, 0), at(3_100), WITHIN).is_err());
        assert!(admits(&truth, (0, 2, 0), at(0), WITHIN).is_err());
    }

    #[test]
    fn a_refusal_without_a_reason_is_noticed() {
        let mut truth = line();
        assert_eq!(refuses(&truth, (1, 2), &[0], at(3000), WITHIN), Ok(()));
        truth.set(at(3000), 0, [0, 1], Standing::Gone);
        assert_eq!(refuses(&truth, (1, 2), &[0], at(4000), WITHIN), Ok(()));
        assert!(refuses(&truth, (1, 2), &[0], at(9000), WITHIN).is_err());
        assert!(refuses(&truth, (1, 2), &[], at(3000), WITHIN).is_err());
    }

    #[test]
    fn the_wrong_one_that_yields_is_noticed() {
        let (early, late) = (driver::id(1, 5, 0), driver::id(1, 6, 0));
        assert_eq!(yields((&late, &early), at(9), None), Ok(()));
        assert!(yields((&early, &late), at(9), None).is_err());
        assert!(yields((&early, &late), at(9000), Some(at(1000))).is_err());
        assert_eq!(yields((&early, &late), at(9000), Some(at(4000))), Ok(()));
        assert!(yields((&late, &driver::id(2, 5, 0)), at(9), None).is_err());
    }
}
