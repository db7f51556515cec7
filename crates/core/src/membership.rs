//! Who is in the cluster, as one node sees it: `up` and `down` take turns for each name.
//!
//! ```text
//! absent --present--> up --absent--> missing --grace over--> absent
//!                      ^               |
//!                      +---present-----+        the same life again: nothing is said
//! ```
//! Another life of the name ends the old one, with a `down`, before its `up`.

use std::collections::BTreeMap;
use std::time::Duration;

use zeekwire_types::{Instant, NodeId, NodeName};

/// What changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// The node is there, and what it subscribed to is effective here.
    Up(NodeId),
    /// The node is gone.
    Down(NodeId),
}

/// The names that are up.
#[derive(Debug)]
pub(crate) struct Membership {
    seats: BTreeMap<NodeName, Seat>,
    changes: u64,
    grace: Duration,
}

#[derive(Debug)]
struct Seat {
    holder: NodeId,
    missing_since: Option<Instant>,
}

impl Membership {
    /// Nobody is there. Who is missed for shorter than `grace` was never away.
    pub(crate) const fn new(grace: Duration) -> Self {
        Self {
            seats: BTreeMap::new(),
            changes: 0,
            grace,
        }
    }

    /// Takes note of all who are there now, given in ascending order. Who `is_leaving` and not
    /// there is not waited for.
    pub(crate) fn observe(
        &mut self,
        now: Instant,
        present: &[NodeId],
        is_leaving: impl Fn(&NodeId) -> bool,
    ) -> Vec<Turn> {
        let mut turns = Vec::new();
        let mut left = Vec::new();
        let mut newcomers = Vec::new();
        // Seats and those present are in the order of their names: one pass over both.
        let mut lives = present.chunk_by(|a, b| a.name == b.name).peekable();
        for (name, seat) in &mut self.seats {
            while let Some(lives) = lives.next_if(|lives| lives[0].name < *name) {
                newcomers.push(&lives[0]);
            }
            match lives.next_if(|lives| lives[0].name == *name) {
                Some(lives) if lives.contains(&seat.holder) => seat.missing_since = None,
                Some([.., other]) => {
                    turns.push(Turn::Down(seat.holder.clone()));
                    turns.push(Turn::Up(other.clone()));
                    *seat = Seat {
                        holder: other.clone(),
                        missing_since: None,
                    };
                }
                _ if is_leaving(&seat.holder) => left.push(name.clone()),
                _ => drop(seat.missing_since.get_or_insert(now)),
            }
        }
        // Of two lives at once the earlier is the rightful one; the later is about to yield.
        newcomers.extend(lives.map(|lives| &lives[0]));
        for id in newcomers {
            turns.push(Turn::Up(id.clone()));
            let seat = Seat {
                holder: id.clone(),
                missing_since: None,
            };
            self.seats.insert(id.name.clone(), seat);
        }
        let seats = left.iter().filter_map(|name| self.seats.remove(name));
        turns.extend(seats.map(|seat| Turn::Down(seat.holder)));
        self.changes += turns.len() as u64;
        turns.extend(self.tick(now));
        turns
    }

    /// Gives up those who have been missing for long enough.
    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Turn> {
        let mut turns = Vec::new();
        let grace = self.grace;
        self.seats.retain(|_, seat| {
            let over = seat
                .missing_since
                .is_some_and(|since| now.since(since) >= grace);
            if over {
                turns.push(Turn::Down(seat.holder.clone()));
            }
            !over
        });
        self.changes += turns.len() as u64;
        turns
    }

    /// Rises with every change.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether this life of the name is up.
    pub(crate) fn is_up(&self, id: &NodeId) -> bool {
        self.seats
            .get(&id.name)
            .is_some_and(|seat| seat.holder == *id)
    }

    /// Who is up under this name.
    pub(crate) fn holder(&self, name: &NodeName) -> Option<&NodeId> {
        self.seats.get(name).map(|seat| &seat.holder)
    }

    /// Those who are up, by name.
    pub(crate) fn up(&self) -> impl Iterator<Item = &NodeId> {
        self.seats.values().map(|seat| &seat.holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node_id;

    const GRACE: Duration = Duration::from_secs(2);

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn set<const N: usize>(ids: [&NodeId; N]) -> Vec<NodeId> {
        ids.into_iter().cloned().collect()
    }

    #[test]
    fn a_short_absence_is_not_noticed_and_a_long_one_is() {
        let a = node_id("a", 1);
        let mut members = Membership::new(GRACE);
        assert_eq!(
            members.observe(at(0), &set([&a]), |_| false),
            [Turn::Up(a.clone())]
        );
        assert_eq!(members.observe(at(100), &set([]), |_| false), []);
        assert_eq!(members.tick(at(2000)), []);
        assert_eq!(members.observe(at(2050), &set([&a]), |_| false), []);
        assert_eq!(members.observe(at(3000), &set([]), |_| false), []);
        assert_eq!(members.tick(at(5000)), [Turn::Down(a.clone())]);
        assert_eq!(
            members.observe(at(6000), &set([&a]), |_| false),
            [Turn::Up(a)]
        );
    }

    #[test]
    fn who_said_goodbye_is_not_waited_for() {
        let (a, b) = (node_id("a", 1), node_id("b", 1));
        let mut members = Membership::new(GRACE);
        members.observe(at(0), &set([&a, &b]), |_| true);
        let turns = members.observe(at(1), &set([&b]), |id| *id == a);
        assert_eq!(turns, [Turn::Down(a.clone())]);
        assert_eq!(members.observe(at(2), &set([]), |id| *id == a), []);
        assert_eq!(members.observe(at(3), &set([&b]), |id| *id == a), []);
    }

    #[test]
    fn a_new_life_follows_the_end_of_the_old_one() {
        let (old, new) = (node_id("a", 1), node_id("a", 2));
        let mut members = Membership::new(GRACE);
        members.observe(at(0), &set([&old]), |_| false);
        assert_eq!(members.observe(at(1), &set([&old, &new]), |_| false), []);
        let turns = members.observe(at(2), &set([&new]), |_| false);
        assert_eq!(turns, [Turn::Down(old), Turn::Up(new)]);
    }

    #[test]
    fn the_holder_stays_while_a_later_life_is_about_to_yield() {
        let (early, late) = (node_id("a", 1), node_id("a", 2));
        let mut members = Membership::new(GRACE);
        let turns = members.observe(at(0), &set([&early, &late]), |_| false);
        assert_eq!(turns, [Turn::Up(early.clone())]);
        assert_eq!(members.observe(at(1), &set([&early]), |_| false), []);
        assert!(members.is_up(&early) && !members.is_up(&late));
    }
}
