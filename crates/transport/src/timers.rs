//! Timers: what falls due when, on the driver's clock.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

use zeekwire_types::Instant;

/// A queue of timers, at most one per key.
///
/// Setting, cancelling and expiring cost the logarithm of the number of timers. A timer that is
/// replaced or cancelled leaves a remnant behind; remnants are swept out before they outnumber
/// the timers, so that memory follows the number of timers and not of calls.
///
/// ```
/// use std::time::Duration;
/// use zeekwire_transport::Timers;
/// use zeekwire_types::Instant;
///
/// let now = Instant::ZERO;
/// let mut timers = Timers::new();
/// timers.set("heartbeat", now + Duration::from_millis(500));
/// timers.set("retry", now + Duration::from_millis(20));
/// assert_eq!(timers.next(), Some(now + Duration::from_millis(20)));
///
/// let mut due = Vec::new();
/// timers.expired(now + Duration::from_millis(100), &mut due);
/// assert_eq!(due, ["retry"]);
/// ```
#[derive(Clone, Debug)]
pub struct Timers<K> {
    /// The timers that are set, each with the number of its heap entry.
    set: HashMap<K, (Instant, u64)>,
    /// The timers by time, with remnants among them, but never at the top.
    heap: BinaryHeap<Entry<K>>,
    count: u64,
}

impl<K: Copy + Eq + Hash> Timers<K> {
    /// A queue without timers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            set: HashMap::new(),
            heap: BinaryHeap::new(),
            count: 0,
        }
    }

    /// Sets the timer of a key, in place of an earlier one.
    pub fn set(&mut self, key: K, at: Instant) {
        if self.set.get(&key).is_some_and(|(set_at, _)| *set_at == at) {
            return;
        }
        self.count += 1;
        self.set.insert(key, (at, self.count));
        self.heap.push(Entry {
            at,
            number: self.count,
            key,
        });
        self.sweep();
    }

    /// Cancels the timer of a key; whether there was one.
    pub fn cancel(&mut self, key: K) -> bool {
        let was_set = self.set.remove(&key).is_some();
        if was_set {
            self.sweep();
        }
        was_set
    }

    /// When the timer of a key is due, if it is set.
    #[must_use]
    pub fn due(&self, key: K) -> Option<Instant> {
        self.set.get(&key).map(|(at, _)| *at)
    }

    /// When the first timer is due.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// Takes the timers that are due, the earliest first and those of one moment in the order in
    /// which they were set, and appends their keys to `due`.
    pub fn expired(&mut self, now: Instant, due: &mut Vec<K>) {
        while self.heap.peek().is_some_and(|entry| entry.at <= now) {
            let Some(entry) = self.heap.pop() else { break };
            self.set.remove(&entry.key);
            due.push(entry.key);
            self.drop_remnants();
        }
    }

    /// How many timers are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no timer is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    fn sweep(&mut self) {
        if self.heap.len() > 2 * self.set.len() + REMNANT_COUNT_MIN {
            let set = &self.set;
            self.heap.retain(|entry| is_set(set, entry));
        } else {
            self.drop_remnants();
        }
        debug_assert!(self.heap.len() >= self.set.len(), "a timer has no entry");
    }

    /// Removes remnants from the top.
    fn drop_remnants(&mut self) {
        while self
            .heap
            .peek()
            .is_some_and(|entry| !is_set(&self.set, entry))
        {
            self.heap.pop();
        }
    }
}

impl<K: Copy + Eq + Hash> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Clone, Debug)]
struct Entry<K> {
    at: Instant,
    number: u64,
    key: K,
}

impl<K> Ord for Entry<K> {
    /// The heap has the greatest at its top, so the earlier is the greater.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<K> PartialOrd for Entry<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Eq for Entry<K> {}

impl<K> PartialEq for Entry<K> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

fn is_set<K: Eq + Hash>(set: &HashMap<K, (Instant, u64)>, entry: &Entry<K>) -> bool {
    set.get(&entry.key)
        .is_some_and(|(_, number)| *number == entry.number)
}

/// Remnants that are not worth a sweep.
const REMNANT_COUNT_MIN: usize = 64;

#[cfg(test)]
mod tests;
