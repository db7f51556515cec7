//! At most once, in order: the highest sequence seen of each publisher and class.

use std::collections::BTreeMap;

use zeekwire_types::{Incarnation, TrafficClass};

/// Publishers remembered. Beyond it one that was silent for a while is forgotten.
const PUBLISHER_COUNT_MAX: usize = 65_536;

/// Tells new messages from repeated ones.
#[derive(Debug)]
pub(crate) struct SequenceGate {
    slots: Vec<Slot>,
    by_publisher: BTreeMap<Box<str>, usize>,
    /// The slot to be asked next when all are taken.
    hand: usize,
    epoch: u64,
}

#[derive(Debug)]
struct Slot {
    publisher: Box<str>,
    incarnation: Incarnation,
    /// One above the highest sequence seen, by class.
    next: [u64; TrafficClass::COUNT],
    /// Whether it was used again since the hand passed. Who came once is forgotten first.
    used: bool,
    /// Whether this life is thought to be over, so that any other may follow.
    over: bool,
    /// The life before, and where it was.
    before: Option<(Incarnation, [u64; TrafficClass::COUNT])>,
}

impl SequenceGate {
    /// An empty gate.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            by_publisher: BTreeMap::new(),
            hand: 0,
            epoch: 0,
        }
    }

    /// The slot of a publisher's incarnation, for [`SequenceGate::pass`].
    ///
    /// `None` when a later incarnation was seen: nothing of this one may pass any more.
    pub(crate) fn slot(&mut self, publisher: &str, incarnation: Incarnation) -> Option<usize> {
        if let Some(&index) = self.by_publisher.get(publisher) {
            let slot = &mut self.slots[index];
            if incarnation < slot.incarnation && !slot.over {
                return None;
            }
            if incarnation != slot.incarnation {
                slot.over = false;
                let known = slot.before.replace((slot.incarnation, slot.next));
                slot.incarnation = incarnation;
                // One that comes back goes on where it was.
                slot.next = match known {
                    Some((before, next)) if before == incarnation => next,
                    _ => [0; TrafficClass::COUNT],
                };
                self.epoch += 1;
            }
            slot.used = true;
            return Some(index);
        }
        let slot = Slot {
            publisher: publisher.into(),
            incarnation,
            next: [0; TrafficClass::COUNT],
            used: false,
            over: false,
            before: None,
        };
        let index = if self.slots.len() < PUBLISHER_COUNT_MAX {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            let vacant = self.vacate();
            self.by_publisher.remove(&self.slots[vacant].publisher);
            self.slots[vacant] = slot;
            self.epoch += 1;
            vacant
        };
        self.by_publisher.insert(publisher.into(), index);
        Some(index)
    }

    /// Changes whenever a slot changes hands: slots found before must be found again.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A life of a publisher is gone: the next one is welcome even if its clock went back. If the
    /// same life comes back after all, it goes on where it was; if the next one was heard already,
    /// that one does.
    pub(crate) fn forget(&mut self, publisher: &str, incarnation: Incarnation) {
        let slot = self.by_publisher.get(publisher).copied();
        if let Some(index) = slot.filter(|slot| self.slots[*slot].incarnation == incarnation) {
            self.slots[index].over = true;
            self.epoch += 1;
        }
    }

    /// The life of a publisher that is listened to.
    pub(crate) fn life_of(&self, publisher: &str) -> Option<Incarnation> {
        let slot = self.by_publisher.get(publisher)?;
        Some(self.slots[*slot].incarnation)
    }

    /// Lets a sequence pass once, and only upwards.
    #[inline]
    pub(crate) fn pass(&mut self, slot: usize, class: TrafficClass, sequence: u64) -> bool {
        let slot = &mut self.slots[slot];
        let next = &mut slot.next[class.index()];
        slot.used |= *next > 0;
        let passes = sequence >= *next;
        if passes {
            *next = sequence.saturating_add(1);
        }
        passes
    }

    /// The first slot from the hand on that was not used since the hand passed. Each step takes a
    /// mark away that a message paid for, so a flood of names costs little for each.
    fn vacate(&mut self) -> usize {
        loop {
            let index = self.hand;
            self.hand = (index + 1) % self.slots.len();
            if !std::mem::take(&mut self.slots[index].used) {
                return index;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn life(started_us: u64) -> Incarnation {
        Incarnation {
            started_us,
            random: 0,
        }
    }

    #[test]
    fn only_higher_sequences_of_a_class_pass() {
        let mut gate = SequenceGate::new();
        let slot = gate.slot("a", life(1)).expect("the first life");
        let passed: Vec<_> = [0, 1, 1, 5, 3, 6]
            .map(|n| gate.pass(slot, TrafficClass::Event, n))
            .into();
        assert_eq!(passed, [true, true, false, true, false, true]);
        assert!(gate.pass(slot, TrafficClass::Log, 0));
    }

    #[test]
    fn a_new_life_starts_afresh_and_ends_the_old() {
        let mut gate = SequenceGate::new();
        let slot = gate.slot("a", life(1)).expect("the first life");
        assert!(gate.pass(slot, TrafficClass::Event, 9));
        let slot = gate.slot("a", life(2)).expect("a later life");
        assert!(gate.pass(slot, TrafficClass::Event, 0));
        assert_eq!(gate.slot("a", life(1)), None);
    }

    #[test]
    fn who_was_gone_goes_on_and_an_earlier_clock_starts_afresh() {
        let mut gate = SequenceGate::new();
        let slot = gate.slot("a", life(5)).expect("the first life");
        assert!(gate.pass(slot, TrafficClass::Event, 9));
        gate.forget("a", life(5));
        let slot = gate.slot("a", life(5)).expect("the same life again");
        assert!(!gate.pass(slot, TrafficClass::Event, 9));
        let slot = gate
            .slot("a", life(3))
            .expect("a life whose clock went back");
        assert!(gate.pass(slot, TrafficClass::Event, 0));
        assert_eq!(gate.slot("a", life(2)), None);
    }

    #[test]
    fn the_end_of_an_earlier_life_does_not_end_a_later_one() {
        let mut gate = SequenceGate::new();
        gate.slot("a", life(1)).expect("the first life");
        let slot = gate.slot("a", life(2)).expect("a later life");
        assert!(gate.pass(slot, TrafficClass::Event, 9));
        gate.forget("a", life(1));
        assert_eq!(gate.slot("a", life(1)), None);
        let slot = gate.slot("a", life(2)).expect("the later life goes on");
        assert!(!gate.pass(slot, TrafficClass::Event, 9));
    }

    #[test]
    fn a_life_that_outlasts_a_later_one_goes_on_where_it_was() {
        let mut gate = SequenceGate::new();
        let slot = gate.slot("a", life(1)).expect("the first life");
        assert!(gate.pass(slot, TrafficClass::Event, 9));
        gate.slot("a", life(2)).expect("a later life");
        assert_eq!(gate.life_of("a"), Some(life(2)));
        gate.forget("a", life(2));
        let slot = gate.slot("a", life(1)).expect("the first life again");
        assert!(!gate.pass(slot, TrafficClass::Event, 9));
        assert!(gate.pass(slot, TrafficClass::Event, 10));
    }

    #[test]
    fn a_publisher_in_use_outlasts_a_flood_of_names() {
        let mut gate = SequenceGate::new();
        let slot = gate.slot("busy", life(1)).expect("the first life");
        for n in 0..3 * PUBLISHER_COUNT_MAX as u64 {
            let once = gate.slot(&n.to_string(), life(1)).expect("a first life");
            assert!(gate.pass(once, TrafficClass::Event, 7));
            assert!(gate.pass(slot, TrafficClass::Event, n));
        }
        assert_eq!(gate.slot("busy", life(1)), Some(slot));
        assert!(!gate.pass(slot, TrafficClass::Event, 0));
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory() {
        let mut gate = SequenceGate::new();
        for n in 0..PUBLISHER_COUNT_MAX + 10 {
            gate.slot(&n.to_string(), life(1)).expect("a first life");
        }
        assert_eq!(gate.slots.len(), PUBLISHER_COUNT_MAX);
        assert_eq!(gate.by_publisher.len(), PUBLISHER_COUNT_MAX);
    }
}
