//! The only clock.

use std::time::{Instant as StdInstant, SystemTime, UNIX_EPOCH};

use zeekwire_types::{Incarnation, Instant};

/// Tells the time since the node's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: StdInstant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: StdInstant::now(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        let nanos = self.start.elapsed().as_nanos();
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A new incarnation: the wall clock, and something that no other start has.
pub(crate) fn new_incarnation() -> Incarnation {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Incarnation {
        started_us: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX),
        random: random(),
    }
}

/// Sixty-four bits from the operating system's randomness, by way of std's hash keys.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}
