//! Who has confirmed which version of this node's record, and who waits for that.

use std::collections::BTreeMap;
use std::time::Duration;

use zeekwire_types::Instant;

/// Who waits for a version to be effective everywhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Waiter<L> {
    /// This node's driver, by its token.
    Driver(u64),
    /// An attached peer, by its link and token.
    Peer(L, u64),
}

/// Who waits for which version of this node's record.
///
/// Which version each member has is told by [`Record::confirmed`](super::record::Record).
#[derive(Debug)]
pub(crate) struct Confirmations<L> {
    waiting: BTreeMap<u64, Vec<Waiter<L>>>,
    waiter_count: usize,
    asked_at: Instant,
}

impl<L: Copy + PartialEq> Confirmations<L> {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            waiter_count: 0,
            asked_at: Instant::ZERO,
        }
    }

    /// Waits for a version.
    pub(crate) fn wait(&mut self, now: Instant, version: u64, waiter: Waiter<L>) {
        if self.waiting.is_empty() {
            self.asked_at = now;
        }
        self.waiter_count += 1;
        self.waiting.entry(version).or_default().push(waiter);
    }

    /// How many wait.
    pub(crate) const fn len(&self) -> usize {
        self.waiter_count
    }

    /// Whether anybody waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes those whose version is at most that which every member has.
    pub(crate) fn take_done(&mut self, everywhere: u64) -> Vec<Waiter<L>> {
        let later = match everywhere.checked_add(1) {
            Some(next) => self.waiting.split_off(&next),
            None => BTreeMap::new(),
        };
        let done = std::mem::replace(&mut self.waiting, later);
        let done: Vec<_> = done.into_values().flatten().collect();
        self.waiter_count -= done.len();
        done
    }

    /// The version to ask for, if the last time was `every` ago.
    pub(crate) fn take_question(&mut self, now: Instant, every: Duration) -> Option<u64> {
        let (&version, _) = self.waiting.last_key_value()?;
        if now.since(self.asked_at) < every {
            return None;
        }
        self.asked_at = now;
        Some(version)
    }

    /// A peer waits no longer: it is gone.
    pub(crate) fn forget_link(&mut self, link: L) {
        for waiters in self.waiting.values_mut() {
            let before = waiters.len();
            waiters.retain(|waiter| !matches!(waiter, Waiter::Peer(of, _) if *of == link));
            self.waiter_count -= before - waiters.len();
        }
        self.waiting.retain(|_, waiters| !waiters.is_empty());
    }
}
