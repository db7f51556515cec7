//! Whether the takers of a topic keep up, and whether their publishers should wait.
//!
//! A queue is *full* from the moment when it is over half of its budget until it is under a
//! quarter. A full queue that empties quickly is waited for; one that does not costs others
//! nothing: it takes no more until it has room.

use std::time::Duration;

use zeekwire_types::{DropPolicy, Instant, TrafficClass};

use crate::session::Outgoing;

/// How long everybody waits for a taker whose queue has filled, so that a short stutter among
/// equals loses nothing.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// The queue of one class on one link, seen over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Congestion {
    full: bool,
    full_since: Instant,
    /// When the full queue last moved, and how far it had come then.
    moved_at: Instant,
    sent_bytes: u64,
}

/// What a taker is to a publisher.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Taker {
    /// It has room.
    Roomy,
    /// Its queue has just filled: worth a short wait.
    Stutters,
    /// It moves, but has been full for longer: waited for only where there is nobody else.
    Slow,
    /// It has not moved for long: waited for by nobody.
    Stalled,
    /// It is full, and its policy makes nobody wait.
    Overflows,
}

/// Whether a publisher should wait, told from all takers of its topic.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    /// Nothing may be lost: slow takers are waited for, whoever else there is.
    patient: bool,
    roomy: bool,
    stutters: bool,
    slow: bool,
}

impl Verdict {
    pub(super) fn new(patient: bool) -> Self {
        Self {
            patient,
            ..Self::default()
        }
    }

    pub(super) const fn add(&mut self, taker: Taker) {
        self.roomy |= matches!(taker, Taker::Roomy);
        self.stutters |= matches!(taker, Taker::Stutters);
        self.slow |= matches!(taker, Taker::Slow);
    }

    pub(super) const fn hold(self) -> bool {
        self.stutters || self.waits_for_slow()
    }

    const fn waits_for_slow(self) -> bool {
        self.slow && (self.patient || !self.roomy && !self.stutters)
    }

    /// Whether a taker should be offered the message. What was on its way before the publisher
    /// was made to wait for a slow taker still finds room there.
    pub(super) const fn offers_to(self, taker: Taker) -> bool {
        match taker {
            Taker::Roomy | Taker::Stutters | Taker::Overflows => true,
            Taker::Slow => self.waits_for_slow(),
            Taker::Stalled => false,
        }
    }
}

impl Congestion {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            full: false,
            full_since: now,
            moved_at: now,
            sent_bytes: 0,
        }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// Whether it is full and has not moved for `longest`.
    pub(super) fn stands_still(&self, now: Instant, longest: Duration) -> bool {
        self.full && now.since(self.moved_at) >= longest
    }

    /// Looks at the queue. Returns whether it was full and has room again.
    pub(super) fn look(&mut self, now: Instant, outgoing: &Outgoing, class: TrafficClass) -> bool {
        let sent_bytes = outgoing.sent_bytes(class);
        if !self.full && outgoing.is_congested(class) {
            *self = Self {
                full: true,
                full_since: now,
                moved_at: now,
                sent_bytes,
            };
            return false;
        }
        if sent_bytes != self.sent_bytes {
            self.sent_bytes = sent_bytes;
            self.moved_at = now;
        }
        let relaxed = self.full && outgoing.is_relaxed(class);
        self.full &= !relaxed;
        relaxed
    }

    /// What the link is to publishers of this class.
    pub(super) fn taker(
        &self,
        now: Instant,
        class: TrafficClass,
        policy: DropPolicy,
        stall_max: Duration,
    ) -> Taker {
        if !self.full {
            Taker::Roomy
        } else if class == TrafficClass::Event && policy != DropPolicy::Block {
            Taker::Overflows
        } else if now.since(self.moved_at) >= stall_max {
            Taker::Stalled
        } else if now.since(self.full_since) < PATIENCE.min(stall_max) {
            Taker::Stutters
        } else {
            Taker::Slow
        }
    }
}
