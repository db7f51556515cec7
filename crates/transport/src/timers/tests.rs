//! Timers against an oracle that looks at all of them each time.

use proptest::prelude::*;

use super::*;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// Timers in the order in which they were set.
#[derive(Default)]
struct Oracle(Vec<(u8, Instant)>);

impl Oracle {
    fn set(&mut self, key: u8, time: Instant) {
        if !self.0.contains(&(key, time)) {
            self.0.retain(|(k, _)| *k != key);
            self.0.push((key, time));
        }
    }

    fn cancel(&mut self, key: u8) -> bool {
        let before = self.0.len();
        self.0.retain(|(k, _)| *k != key);
        self.0.len() < before
    }

    fn expired(&mut self, now: Instant) -> Vec<u8> {
        let mut due: Vec<_> = self
            .0
            .iter()
            .copied()
            .filter(|(_, time)| *time <= now)
            .collect();
        self.0.retain(|(_, time)| *time > now);
        due.sort_by_key(|(_, time)| *time);
        due.into_iter().map(|(key, _)| key).collect()
    }
}

#[derive(Clone, Debug)]
enum Call {
    Set(u8, u64),
    Cancel(u8),
    Expire(u64),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (0..20_u8, 0..100_u64).prop_map(|(key, time)| Call::Set(key, time)),
        2 => (0..20_u8).prop_map(Call::Cancel),
        1 => (0..100_u64).prop_map(Call::Expire),
    ]
}

proptest! {
    #[test]
    fn timers_agree_with_the_oracle(calls in prop::collection::vec(call(), 0..400)) {
        let mut timers = Timers::new();
        let mut oracle = Oracle::default();
        for call in calls {
            match call {
                Call::Set(key, time) => {
                    timers.set(key, at(time));
                    oracle.set(key, at(time));
                }
                Call::Cancel(key) => prop_assert_eq!(timers.cancel(key), oracle.cancel(key)),
                Call::Expire(now) => {
                    let mut due = Vec::new();
                    timers.expired(at(now), &mut due);
                    prop_assert_eq!(due, oracle.expired(at(now)));
                }
            }
            prop_assert_eq!(timers.next(), oracle.0.iter().map(|(_, time)| *time).min());
            prop_assert_eq!(timers.len(), oracle.0.len());
            for (key, time) in &oracle.0 {
                prop_assert_eq!(timers.due(*key), Some(*time));
            }
        }
    }
}

#[test]
fn remnants_stay_bounded() {
    let mut timers = Timers::new();
    timers.set(0, at(0));
    for round in 0..100_000_u32 {
        timers.set(round % 7 + 1, at(1_000_000 + u64::from(round)));
        assert!(timers.heap.len() <= 2 * timers.len() + REMNANT_COUNT_MIN + 1);
    }
    for key in 0..=7 {
        timers.cancel(key);
    }
    assert!(timers.is_empty());
    assert_eq!((timers.next(), timers.heap.len()), (None, 0));
}

#[test]
fn expired_keys_are_appended_and_may_be_set_again() {
    let mut timers = Timers::new();
    timers.set('a', at(5));
    timers.set('b', at(5));
    timers.set('a', at(5));
    let mut due = vec!['z'];
    timers.expired(at(4), &mut due);
    assert_eq!(due, ['z']);
    timers.expired(at(5), &mut due);
    assert_eq!(due, ['z', 'a', 'b']);
    timers.set('a', at(1));
    assert_eq!(timers.next(), Some(at(1)));
}
