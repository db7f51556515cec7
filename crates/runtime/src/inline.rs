//! When a publisher may send on its own thread.

use std::time::Duration;

use zeekwire_types::Instant;

use crate::sync::{AtomicU64, Ordering};

/// Lets a publisher through when the last one was a while ago.
///
/// A lone message is sent soonest by its own publisher: that saves waking the loop. Messages in
/// quick succession are better sent by the loop, many at a time.
#[derive(Debug)]
pub(crate) struct InlineGate {
    interval_nanos: u64,
    asked_at: AtomicU64,
}

impl InlineGate {
    pub(crate) fn new(interval: Duration) -> Self {
        let interval_nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        Self {
            interval_nanos,
            asked_at: AtomicU64::new(0),
        }
    }

    /// Whether a publisher that asks now may send by itself.
    pub(crate) fn opens(&self, now: Instant) -> bool {
        let last = self.asked_at.swap(now.as_nanos(), Ordering::Relaxed);
        self.interval_nanos > 0 && now.as_nanos().saturating_sub(last) >= self.interval_nanos
    }
}
