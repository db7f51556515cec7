//! Some time after the last fault, links that should be there are, and everybody knows what is so.

use zeekwire_core::Node;
use zeekwire_types::Role;

use super::{Breach, names};
use crate::driver::{self, Known};
use crate::world::World;

/// Every link that should be there is there.
pub(crate) fn links(world: &World<'_>) -> Vec<Breach> {
    let mut found = Vec::new();
    for (a, b) in world.truth.unsure() {
        // Who is refused for its name tries again and again.
        let tries =
            names::is_shared(&world.plan.hosts, a) || names::is_shared(&world.plan.hosts, b);
        if !tries && !world.is_blocked(a, b) && !world.is_blocked(b, a) {
            found.push(format!("the link n{a} n{b} is not up at both ends"));
        }
    }
    for (host, state) in world.hosts.iter().enumerate() {
        if state.node.is_none() || state.has_yielded {
            continue;
        }
        let near = world.truth.neighbours(host);
        for dial in &state.dials {
            let answers = |to: &usize| {
                let there = world.hosts[*to].node.is_some();
                let free = !world.hosts[*to].has_yielded && !names::is_taken(world, host, *to);
                there && free && !world.is_blocked(host, *to) && !world.is_blocked(*to, host)
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
    let plans = &world.plan.hosts;
    // Who does not route has no records.
    if !plans[host].routes() {
        return Vec::new();
    }
    let mut known = Vec::new();
    let mut others = world.truth.reachable(host);
    others.retain(|other, _| plans[*other].routes());
    for (other, hops) in others {
        let Some(node) = &world.hosts[other].node else {
            continue;
        };
        let near = world.truth.neighbours(other).into_iter();
        let (near, edges): (Vec<usize>, Vec<usize>) = near.partition(|near| plans[*near].routes());
        let mut filters = driver::filters(node);
        for edge in &edges {
            filters.extend(world.hosts[*edge].node.iter().flat_map(driver::filters));
            let rules = plans[*edge].rules.iter();
            let rules = rules.filter(|rule| Some(rule.from) == plans[other].zone);
            filters.extend(rules.map(|rule| rule.filter.to_owned()));
            let leaf = world.hosts[*edge].node.as_ref();
            if let Some(leaf) = leaf.filter(|_| plans[*edge].role == Role::Member) {
                known.push(one(
                    plans[*edge].name,
                    leaf,
                    hops + 1,
                    vec![plans[other].name],
                ));
            }
        }
        if other != host {
            let mut near: Vec<usize> = near.iter().map(|near| plans[*near].name).collect();
            near.sort_unstable();
            let mut known_of = one(plans[other].name, node, hops, near);
            known_of.filters = driver::sorted(filters.into_iter());
            known.push(known_of);
        }
    }
    known.sort_unstable();
    known
}

fn one(host: usize, node: &Node, hops: u32, neighbours: Vec<usize>) -> Known {
    Known {
        host,
        started_us: node.id().incarnation.started_us,
        is_up: true,
        hops,
        neighbours,
        filters: Vec::new(),
    }
}

/// Names of the members that a host is linked with.
pub(crate) fn near(world: &World<'_>, host: usize) -> Vec<usize> {
    let mut near = world.truth.neighbours(host);
    near.retain(|near| world.plan.hosts[*near].role == Role::Member);
    near.sort_unstable();
    near
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
