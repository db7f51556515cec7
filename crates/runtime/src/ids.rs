//! Numbers that name sockets, links and subscriptions.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives out numbers, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    sockets: AtomicU64,
    subscriptions: Mutex<Subscriptions>,
}

#[derive(Debug, Default)]
struct Subscriptions {
    next: u32,
    free: Vec<u32>,
}

impl Ids {
    /// A number that no socket, listener or link of this node ever had.
    pub(crate) fn socket(&self) -> u64 {
        self.sockets.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A number that no live subscription has; small, since tables are indexed by it.
    pub(crate) fn subscription(&self) -> u32 {
        let mut subscriptions = self
            .subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        subscriptions.free.pop().unwrap_or_else(|| {
            subscriptions.next += 1;
            subscriptions.next - 1
        })
    }

    /// Nobody uses this number any more.
    pub(crate) fn free_subscription(&self, id: u32) {
        let mut subscriptions = self
            .subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        subscriptions.free.push(id);
    }
}
