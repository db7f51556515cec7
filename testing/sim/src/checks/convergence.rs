//! Some time after the last fault, links that should be there are, and everybody knows what is so.

use zeekwire_types::Role;

use super::Breach;
use crate::driver::{self, Known};
use crate::world::World;

/// Every link that should be there is there.
pub(crate) fn links(world: &World<'_>) -> Vec<Breach> {
    let mut found = Vec::new();
    for (a, b) in world.truth.unsure() {
        if !world.is_blocked(a, b) && !world.is_blocked(b, a) {
            found.push(format!("the link n{a} n{b} is not up at both ends"));
        }
    }
    for (host, state) in world.hosts.iter().enumerate() {
        if state.node.is_none() {
            continue;
        }
        let near = world.truth.neighbours(host);
        for dial in &state.dials {
            let answers = |to: &usize| {
                let there = world.hosts[*to].node.is_some();
                there && !world.is_blocked(host, *to) && !world.is_blocked(*to, host)
            };
            let linked = dial.targets.iter().any(|to| near.contains(to));
            if !linked && dial.targets.iter().any(answers) {
                found.push(format!("n{host} has no link to any of {:?}", dial.targets));
            }
        }
    }
    let breaches = found
        .into_iter()
        .map(|text| Breach::new("convergence", text));
    breaches.collect()
}

/// What a member should know of the others.
pub(crate) fn expected(world: &World<'_>, host: usize) -> Vec<Known> {
    let is_member = |host: &usize| world.plan.hosts[*host].role == Role::Member;
    let reachable = world.truth.reachable(host).into_iter();
    let members = reachable.filter(|(other, _)| *other != host && is_member(other));
    let known = members.filter_map(|(other, hops)| {
        let node = world.hosts[other].node.as_ref()?;
        let near = world.truth.neighbours(other).into_iter();
        let (neighbours, clients): (Vec<usize>, Vec<usize>) = near.partition(is_member);
        let clients = clients
            .iter()
            .filter_map(|client| world.hosts[*client].node.as_ref());
        let filters = clients.chain([node]).flat_map(driver::filters);
        Some(Known {
            host: other,
            started_us: node.id().incarnation.started_us,
            is_up: true,
            hops,
            neighbours,
            filters: driver::sorted(filters),
        })
    });
    known.collect()
}

/// What a host knows of others is so.
pub(crate) fn views(host: usize, expected: &[Known], known: &[Known]) -> Option<Breach> {
    if expected == known {
        return None;
    }
    let missing = expected.iter().find(|one| !known.contains(one));
    let wrong = known.iter().find(|one| !expected.contains(one));
    let text = match (missing, wrong) {
        (Some(missing), Some(wrong)) => format!("n{host} knows {wrong:?}, not {missing:?}"),
        (Some(missing), None) => format!("n{host} does not know {missing:?}"),
        (None, Some(wrong)) => format!("n{host} still knows {wrong:?}"),
        (None, None) => format!("n{host} knows somebody twice"),
    };
    Some(Breach::new("convergence", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_that_differ_from_the_truth_are_noticed() {
        let one = |host, hops| Known {
            host,
            started_us: 5,
            is_up: true,
            hops,
            neighbours: Vec::new(),
            filters: Vec::new(),
        };
        let expected = [one(1, 2), one(2, 3)];
        assert_eq!(views(0, &expected, &expected), None);
        for known in [
            vec![one(1, 2)],
            vec![one(1, 2), one(2, 4)],
            vec![one(1, 2), one(2, 3), one(3, 1)],
            vec![one(1, 2), one(2, 3), one(2, 3)],
        ] {
            assert!(views(0, &expected, &known).is_some(), "{known:?}");
        }
    }
}
