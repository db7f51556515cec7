//! Which links stand, seen from outside and over time: the oracle that the checks ask.
//!
//! A link *stands* while both ends think so and nothing keeps bytes from passing. It is *unsure*
//! while the ends differ, or are about to find out: what is sent over it may be lost, and who
//! routes over it is not wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use zeekwire_types::Instant;

/// How sure a link is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Standing {
    Gone,
    Sure,
    Unsure,
}

/// The graph for a while: neighbours of each host.
#[derive(Debug)]
struct Epoch {
    since: Instant,
    neighbours: Vec<Vec<(usize, Standing)>>,
}

/// The graph over time.
#[derive(Debug)]
pub(crate) struct Truth {
    wires: HashMap<usize, (usize, usize, Standing)>,
    pairs: BTreeMap<(usize, usize), Vec<usize>>,
    edges: BTreeMap<(usize, usize), Standing>,
    epochs: Vec<Epoch>,
    /// Who passes on what others sent.
    forwards: Vec<bool>,
    /// Distances by epoch and origin, and whether one host is always reached the same way.
    distances: RefCell<HashMap<(usize, usize), Vec<u32>>>,
    steady: RefCell<HashMap<(usize, usize, usize, usize), bool>>,
}

const FAR: u32 = u32::MAX;

impl Truth {
    pub(crate) fn new(forwards: Vec<bool>) -> Self {
        let neighbours = vec![Vec::new(); forwards.len()];
        Self {
            wires: HashMap::new(),
            pairs: BTreeMap::new(),
            edges: BTreeMap::new(),
            epochs: vec![Epoch {
                since: Instant::ZERO,
                neighbours,
            }],
            forwards,
            distances: RefCell::default(),
            steady: RefCell::default(),
        }
    }

    /// Takes note of how one connection between two hosts stands.
    pub(crate) fn set(&mut self, now: Instant, wire: usize, ends: [usize; 2], standing: Standing) {
        let pair = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let before = self.wires.insert(wire, (pair.0, pair.1, standing));
        if before.map_or(Standing::Gone, |(_, _, standing)| standing) == standing {
            return;
        }
        let wires = self.pairs.entry(pair).or_default();
        if !wires.contains(&wire) {
            wires.push(wire);
        }
        // What of two connections is used is not known here: one that is unsure spoils both.
        let all = wires.iter().filter_map(|wire| self.wires.get(wire));
        let edge = all.map(|(_, _, standing)| *standing).max();
        let edge = edge.unwrap_or(Standing::Gone);
        if self.edges.insert(pair, edge).unwrap_or(Standing::Gone) != edge {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        let mut neighbours = vec![Vec::new(); self.forwards.len()];
        for ((a, b), standing) in &self.edges {
            if *standing != Standing::Gone {
                neighbours[*a].push((*b, *standing));
                neighbours[*b].push((*a, *standing));
            }
        }
        self.epochs.push(Epoch {
            since: now,
            neighbours,
        });
    }

    /// The epochs that overlap a span of time, both ends included.
    fn span(&self, from: Instant, to: Instant) -> (usize, usize) {
        let last = |at| self.epochs.partition_point(|epoch| epoch.since <= at) - 1;
        let first = self
            .epochs
            .partition_point(|epoch| epoch.since < from)
            .saturating_sub(1);
        (first, last(to))
    }

    /// Whether, all the time from `from` to `to`, the shortest ways from `origin` to `target` were
    /// the same ones, of links that stood.
    pub(crate) fn is_steady(
        &self,
        origin: usize,
        target: usize,
        (from, to): (Instant, Instant),
    ) -> bool {
        let (first, last) = self.span(from, to);
        let key = (origin, target, first, last);
        if let Some(known) = self.steady.borrow().get(&key) {
            return *known;
        }
        let ways = self.ways(last, origin, target);
        let steady =
            ways.is_some() && (first..last).all(|epoch| self.ways(epoch, origin, target) == ways);
        self.steady.borrow_mut().insert(key, steady);
        steady
    }

    /// The edges of all shortest ways, if there is one and all their links stand. In order.
    fn ways(
        &self,
        epoch: usize,
        origin: usize,
        target: usize,
    ) -> Option<(u32, Vec<(usize, usize)>)> {
        self.measure(epoch, origin);
        let distances = self.distances.borrow();
        let distance = distances.get(&(epoch, origin))?;
        let hops = distance[target];
        if hops == FAR {
            return None;
        }
        let mut edges = Vec::new();
        let mut layer = vec![target];
        for hops_left in (0..hops).rev() {
            let mut before = Vec::new();
            for host in layer {
                for (near, standing) in &self.epochs[epoch].neighbours[host] {
                    let passes = *near == origin || self.forwards[*near];
                    if distance[*near] != hops_left || !passes {
                        continue;
                    }
                    if *standing != Standing::Sure {
                        return None;
                    }
                    edges.push((*near, host));
                    before.push(*near);
                }
            }
            before.sort_unstable();
            before.dedup();
            layer = before;
        }
        edges.sort_unstable();
        Some((hops, edges))
    }

    fn measure(&self, epoch: usize, origin: usize) {
        let mut distances = self.distances.borrow_mut();
        distances
            .entry((epoch, origin))
            .or_insert_with(|| self.search(epoch, origin, Standing::Unsure));
    }

    /// Hops from `origin` to everybody, over links that are no less sure than `worst`.
    fn search(&self, epoch: usize, origin: usize, worst: Standing) -> Vec<u32> {
        let mut distance = vec![FAR; self.forwards.len()];
        distance[origin] = 0;
        let mut next = VecDeque::from([origin]);
        while let Some(host) = next.pop_front() {
            if host != origin && !self.forwards[host] {
                continue;
            }
            for (near, standing) in &self.epochs[epoch].neighbours[host] {
                if distance[*near] == FAR && *standing <= worst {
                    distance[*near] = distance[host] + 1;
                    next.push_back(*near);
                }
            }
        }
        distance
    }

    /// Everybody on a shortest way at some time of a span, both ends included.
    pub(crate) fn passers(
        &self,
        origin: usize,
        target: usize,
        (from, to): (Instant, Instant),
    ) -> Vec<usize> {
        let (first, last) = self.span(from, to);
        let ways = (first..=last).filter_map(|epoch| self.ways(epoch, origin, target));
        let mut hosts: Vec<usize> = ways
            .flat_map(|(_, edges)| edges.into_iter().flat_map(|(a, b)| [a, b]))
            .collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// Whether links that stood led from one host to another all the time.
    pub(crate) fn is_connected(&self, a: usize, b: usize, from: Instant, to: Instant) -> bool {
        let (first, last) = self.span(from, to);
        (first..=last).all(|epoch| self.search(epoch, a, Standing::Sure)[b] != FAR)
    }

    /// Whether links, be they unsure, led from one host to another at any time of a span.
    pub(crate) fn was_linked(&self, a: usize, b: usize, (from, to): (Instant, Instant)) -> bool {
        let (first, last) = self.span(from, to);
        (first..=last).any(|epoch| self.search(epoch, a, Standing::Unsure)[b] != FAR)
    }

    /// The longest time within a span for which links that stood led from one host to another.
    pub(crate) fn longest_connection(
        &self,
        a: usize,
        b: usize,
        (from, to): (Instant, Instant),
    ) -> Duration {
        let (first, last) = self.span(from, to);
        let mut longest = Duration::ZERO;
        let mut since = None;
        for epoch in first..=last {
            let start = self.epochs[epoch].since.max(from);
            if self.search(epoch, a, Standing::Sure)[b] == FAR {
                since = None;
                continue;
            }
            let end = self
                .epochs
                .get(epoch + 1)
                .map_or(to, |next| next.since.min(to));
            let since = *since.get_or_insert(start);
            longest = longest.max(end.since(since));
        }
        longest
    }

    /// Hops to everybody over links that stand now, for those that can be reached.
    pub(crate) fn reachable(&self, origin: usize) -> BTreeMap<usize, u32> {
        let now = self.epochs.len() - 1;
        let distance = self.search(now, origin, Standing::Sure);
        let found = (0..).zip(distance).filter(|(_, hops)| *hops != FAR);
        found.collect()
    }

    /// Neighbours of a host over links that stand now.
    pub(crate) fn neighbours(&self, host: usize) -> Vec<usize> {
        let now = &self.epochs[self.epochs.len() - 1];
        let sure =
            |(near, standing): &(usize, Standing)| (*standing == Standing::Sure).then_some(*near);
        now.neighbours[host].iter().filter_map(sure).collect()
    }

    /// Neighbours of a host, over unsure links as well.
    pub(crate) fn linked(&self, host: usize) -> Vec<usize> {
        let now = &self.epochs[self.epochs.len() - 1];
        now.neighbours[host].iter().map(|(near, _)| *near).collect()
    }

    /// Links that are unsure now.
    pub(crate) fn unsure(&self) -> Vec<(usize, usize)> {
        let unsure = |(pair, standing): (&(usize, usize), &Standing)| {
            (*standing == Standing::Unsure).then_some(*pair)
        };
        self.edges.iter().filter_map(unsure).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    /// A square: 0-1-2 and 0-3-2, and a client 4 at 2.
    fn square() -> Truth {
        let mut truth = Truth::new(vec![true, true, true, true, false]);
        for (wire, ends) in [[0, 1], [1, 2], [0, 3], [3, 2], [2, 4]]
            .into_iter()
            .enumerate()
        {
            truth.set(at(0), wire, ends, Standing::Sure);
        }
        truth
    }

    #[test]
    fn a_way_that_did_not_change_is_steady() {
        let mut truth = square();
        truth.set(at(10), 2, [0, 3], Standing::Gone);
        assert!(truth.is_steady(1, 2, (at(5), at(20))));
        assert!(truth.is_steady(1, 4, (at(5), at(20))));
        assert!(!truth.is_steady(0, 2, (at(5), at(20))));
        assert!(truth.is_steady(0, 2, (at(11), at(20))));
    }

    #[test]
    fn a_way_over_an_unsure_link_is_not_steady() {
        let mut truth = square();
        truth.set(at(10), 1, [1, 2], Standing::Unsure);
        assert!(!truth.is_steady(0, 2, (at(11), at(20))));
        assert!(truth.is_steady(0, 3, (at(11), at(20))));
        assert!(truth.is_connected(0, 2, at(11), at(20)));
        assert_eq!(truth.unsure(), [(1, 2)]);
    }

    #[test]
    fn nobody_is_reached_through_a_client() {
        let mut truth = square();
        truth.set(at(1), 5, [4, 0], Standing::Sure);
        truth.set(at(2), 0, [0, 1], Standing::Gone);
        truth.set(at(2), 2, [0, 3], Standing::Gone);
        assert!(!truth.is_connected(0, 2, at(3), at(4)));
        assert!(truth.is_connected(0, 4, at(3), at(4)));
    }
}
