//! Shapes of clusters: who connects to whom.

use crate::rng::Rng;

/// A shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Topology {
    Star,
    TwoStars,
    Ring,
    Grid,
    Tree,
    /// A tree with as many more connections between any two.
    Mesh,
    /// A few that all others connect to, each to one or several.
    Rendezvous,
}

impl Topology {
    pub(crate) const ALL: [Self; 7] = [
        Self::Star,
        Self::TwoStars,
        Self::Ring,
        Self::Grid,
        Self::Tree,
        Self::Mesh,
        Self::Rendezvous,
    ];

    /// Connections between `count` members: who dials, and whom.
    pub(crate) fn dials(self, rng: &mut Rng, count: usize) -> Vec<(usize, usize)> {
        let mut dials: Vec<(usize, usize)> = match self {
            Self::Star => (1..count).map(|n| (n, 0)).collect(),
            Self::TwoStars => {
                let hub = |n: usize| n % 2;
                (1..count)
                    .map(|n| (n, if n < 2 { 0 } else { hub(n) }))
                    .collect()
            }
            Self::Ring if count > 2 => (0..count).map(|n| (n, (n + 1) % count)).collect(),
            Self::Ring => vec![(1, 0)],
            Self::Grid => grid(count),
            Self::Tree => tree(rng, count),
            Self::Mesh => {
                let mut dials = tree(rng, count);
                for _ in 0..count {
                    let (a, b) = (rng.size(0..=count - 1), rng.size(0..=count - 1));
                    let known = |pair: &(usize, usize)| *pair == (a, b) || *pair == (b, a);
                    if a != b && !dials.iter().any(known) {
                        dials.push((a, b));
                    }
                }
                dials
            }
            Self::Rendezvous => rendezvous(rng, count),
        };
        for (from, to) in &mut dials {
            if rng.one_in(2) && !matches!(self, Self::Star | Self::Rendezvous) {
                std::mem::swap(from, to);
            }
        }
        dials
    }
}

fn grid(count: usize) -> Vec<(usize, usize)> {
    let width = (1..).find(|width| width * width >= count).unwrap_or(1);
    let mut dials = Vec::new();
    for n in 1..count {
        if n % width > 0 {
            dials.push((n, n - 1));
        }
        if n >= width {
            dials.push((n, n - width));
        }
    }
    dials
}

fn tree(rng: &mut Rng, count: usize) -> Vec<(usize, usize)> {
    (1..count).map(|n| (n, rng.size(0..=n - 1))).collect()
}

fn rendezvous(rng: &mut Rng, count: usize) -> Vec<(usize, usize)> {
    let places = rng.size(1..=4).min(count - 1);
    let mut dials: Vec<_> = (1..places).map(|n| (n, n - 1)).collect();
    for n in places..count {
        let mut known: Vec<usize> = (0..places).collect();
        rng.shuffle(&mut known);
        known.truncate(rng.size(1..=places));
        dials.extend(known.into_iter().map(|place| (n, place)));
    }
    dials
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_joins_all_members_without_doubles() {
        for seed in 0..200 {
            let mut rng = Rng::new(seed, 0);
            let count = rng.size(2..=64);
            for topology in Topology::ALL {
                let dials = topology.dials(&mut rng, count);
                let mut joined = vec![0];
                let mut at = 0;
                while let Some(host) = joined.get(at).copied() {
                    at += 1;
                    for (a, b) in &dials {
                        assert_ne!(a, b);
                        for (near, far) in [(a, b), (b, a)] {
                            if *near == host && !joined.contains(far) {
                                joined.push(*far);
                            }
                        }
                    }
                }
                assert_eq!(joined.len(), count, "{topology:?} of {count}");
                let mut pairs: Vec<_> = dials.iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
                pairs.sort_unstable();
                pairs.dedup();
                assert_eq!(pairs.len(), dials.len(), "{topology:?} of {count}");
            }
        }
    }
}
