//! Waking the loop, but only when it sleeps.
//!
//! A wake-up costs a system call; under load the loop is awake anyway. The loop says that it is
//! about to sleep, *then* looks at the queues once more; a producer fills its queue, *then* looks
//! whether the loop sleeps. Whichever comes second sees the other.

use crate::sync::{AtomicBool, Ordering, fence};

/// Whether the loop sleeps, or is about to.
#[derive(Debug)]
pub(crate) struct SleepFlag {
    sleeping: AtomicBool,
}

impl SleepFlag {
    pub(crate) fn new() -> Self {
        Self { sleeping: AtomicBool::new(false) }
    }

    /// For the loop: about to sleep. The queues must be looked at once more after this.
    pub(crate) fn announce_sleep(&self) {
        self.sleeping.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// For the loop: awake again, or decided not to sleep.
    pub(crate) fn awake(&self) {
        self.sleeping.store(false, Ordering::SeqCst);
    }

    /// For a producer: whether the loop sleeps now.
    pub(crate) fn is_asleep(&self) -> bool {
        fence(Ordering::SeqCst);
        self.sleeping.load(Ordering::SeqCst)
    }

    /// For a producer that just filled a queue: whether it must wake the loop. At most one
    /// producer is told so for each sleep.
    pub(crate) fn must_wake(&self) -> bool {
        self.is_asleep() && self.sleeping.swap(false, Ordering::SeqCst)
    }
}
