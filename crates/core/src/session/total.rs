//! Bytes that wait in all queues of one node, against a bound of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes queued by all links of a node, but for control messages. Clones count together.
#[derive(Clone, Debug)]
pub struct QueueTotal {
    bytes: Arc<AtomicUsize>,
    bytes_max: usize,
}

impl QueueTotal {
    /// Nothing is queued; at most `bytes_max` may be.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Arc::new(AtomicUsize::new(0)),
            bytes_max,
        }
    }

    /// Bytes queued now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether `more` bytes would go beyond the bound.
    pub(super) fn is_full(&self, more: usize) -> bool {
        self.bytes() + more > self.bytes_max
    }

    /// Whether more than half of the bound is used.
    pub(super) fn is_congested(&self) -> bool {
        self.bytes() > self.bytes_max / 2
    }

    /// Takes note that one link's share went from `before` to `after` bytes.
    pub(super) fn moved(&self, before: usize, after: usize) {
        if after >= before {
            self.bytes.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.bytes.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}
