//! Where publishers leave messages for the loop: bounded in bytes, first come first served.
//!
//! The ring is two buffers that change places. Publishers append to one under a short lock; the
//! loop takes it whole and leaves the other, so batches appear by themselves under load and
//! nothing waits when idle.
//!
//! The same lock says whether the loop sleeps. The loop falls asleep only under the lock and with
//! an empty ring; a publisher fills the ring under the lock and sees whether it must wake the loop.
//! So no wake-up is lost, none is sent to a loop that is awake, and no fence is needed.

use std::collections::HashSet;

use zeekwire_backend::{Publication, PublishError};
use zeekwire_core::wire::EnvelopeTemplate;
use zeekwire_types::limits::{FORMAT_NAME_BYTES_MAX, HELD_TOPIC_COUNT_MAX, PAYLOAD_BYTES_MAX};
use zeekwire_types::{NodeId, Topic, TopicError, TrafficClass};

use crate::ring::Ring;
use crate::sync::{Condvar, Mutex, lock};
use crate::templates::Templates;

/// A publisher that waits looks again at least this often, should a signal ever be missed.
#[cfg(not(loom))]
const WAIT_MAX: std::time::Duration = std::time::Duration::from_millis(100);

/// Log batches may fill one part in this many of the ring, so that events seldom wait behind them.
const LOG_SHARE: usize = 4;

/// What publishers and the loop share.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    room: Condvar,
    id: NodeId,
    ring_bytes_max: usize,
}

/// What a publisher has to do about the loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Pushed {
    /// Nothing: the loop looks at the ring before it sleeps.
    LoopIsAwake,
    /// Wake it; others left messages before.
    LoopSleeps,
    /// Wake it, or do its work for this one message.
    Alone,
}

/// What became of publications, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) messages: u64,
    pub(crate) refused: u64,
    pub(crate) waits: u64,
}

#[derive(Debug, Default)]
struct State {
    ring: Ring,
    templates: Templates,
    /// The shortest-path tree that publications follow.
    tree: u32,
    /// Bytes in the ring by class: a flood of one class leaves room for the others.
    class_bytes: [usize; TrafficClass::COUNT],
    /// Topics whose publishers wait, see `Node::publish` in the core.
    held: [HashSet<Vec<u8>>; TrafficClass::COUNT],
    waiting: usize,
    /// The loop sleeps, and nobody has woken it yet.
    asleep: bool,
    counts: Counts,
    closed: bool,
}

impl Outbox {
    pub(crate) fn new(id: NodeId, ring_bytes_max: usize) -> Self {
        Self {
            state: Mutex::new(State::default()),
            room: Condvar::new(),
            id,
            ring_bytes_max,
        }
    }

    /// Accepts a message and sees to it that it goes out: by the loop, which is woken with `wake`
    /// if it sleeps, or at once by `send`, which returns whether all of it was done.
    ///
    /// With `may_wait` the call waits while the ring is full or the topic is held.
    #[inline]
    pub(crate) fn publish(
        &self,
        publication: &Publication<'_>,
        may_wait: bool,
        send: impl FnOnce() -> bool,
        wake: impl FnOnce(),
    ) -> Result<(), PublishError> {
        let sent = match self.push(publication, may_wait)? {
            Pushed::LoopIsAwake => true,
            Pushed::LoopSleeps => false,
            Pushed::Alone => send(),
        };
        if !sent && self.must_wake() {
            wake();
        }
        Ok(())
    }

    /// Accepts a message, and tells what the publisher has to do about the loop.
    fn push(&self, publication: &Publication<'_>, may_wait: bool) -> Result<Pushed, PublishError> {
        check(publication)?;
        let mut guard = lock(&self.state);
        let mut waited = false;
        while guard.must_wait(publication, self.ring_bytes_max) {
            if !may_wait {
                guard.counts.refused += 1;
                return Err(PublishError::Overloaded);
            }
            guard.counts.waits += u64::from(!waited);
            waited = true;
            guard.waiting += 1;
            #[cfg(not(loom))]
            {
                let woken = self.room.wait_timeout(guard, WAIT_MAX);
                guard = woken.unwrap_or_else(std::sync::PoisonError::into_inner).0;
            }
            #[cfg(loom)]
            {
                guard = self.room.wait(guard).expect("nothing panics");
            }
            guard.waiting -= 1;
        }
        if guard.closed {
            return Err(PublishError::Stopped);
        }
        let State {
            ring,
            templates,
            tree,
            counts,
            class_bytes,
            ..
        } = &mut *guard;
        let asked;
        let Publication {
            topic,
            format,
            survey,
            ..
        } = *publication;
        let template = if survey == 0 {
            templates.find(&self.id, topic, format)
        } else {
            asked = EnvelopeTemplate::with_survey(&self.id, topic, format, survey);
            &asked
        };
        let first = ring.records.is_empty();
        let (class, payload) = (publication.class, publication.payload);
        class_bytes[class.index()] += ring.push(class, template, *tree, payload);
        counts.messages += 1;
        Ok(match (guard.asleep, first) {
            (false, _) => Pushed::LoopIsAwake,
            (true, true) => Pushed::Alone,
            (true, false) => Pushed::LoopSleeps,
        })
    }

    /// From now on publications follow the tree with this number.
    pub(crate) fn set_tree(&self, tree: u32) {
        lock(&self.state).tree = tree;
    }

    /// Takes all that waits, and leaves `empty` in its place. Returns whether there was anything.
    pub(crate) fn take(&self, empty: &mut Ring) -> bool {
        debug_assert!(
            empty.records.is_empty(),
            "the loop is done with what it took before"
        );
        let mut state = lock(&self.state);
        if state.ring.records.is_empty() {
            return false;
        }
        std::mem::swap(&mut state.ring, empty);
        state.class_bytes = [0; TrafficClass::COUNT];
        if state.waiting > 0 {
            self.room.notify_all();
        }
        true
    }

    /// Takes the message on `topic` that waits, unless there are others or none. Leaves `empty` in
    /// its place. Returns whether it was taken.
    pub(crate) fn take_lone(&self, topic: &[u8], empty: &mut Ring) -> bool {
        let mut state = lock(&self.state);
        let [record] = &state.ring.records[..] else {
            return false;
        };
        if state.ring.topic(record) != topic {
            return false;
        }
        std::mem::swap(&mut state.ring, empty);
        state.class_bytes = [0; TrafficClass::COUNT];
        if state.waiting > 0 {
            self.room.notify_all();
        }
        true
    }

    /// For the loop: falls asleep, unless something waits. Returns whether it may sleep.
    ///
    /// Other queues must be looked at after this: who fills them asks [`Outbox::must_wake`] then.
    pub(crate) fn fall_asleep(&self) -> bool {
        let mut state = lock(&self.state);
        state.asleep = state.ring.records.is_empty();
        state.asleep
    }

    /// For the loop: awake again.
    pub(crate) fn wake_up(&self) {
        lock(&self.state).asleep = false;
    }

    /// For whoever filled a queue: whether to wake the loop. Says so at most once for each sleep.
    pub(crate) fn must_wake(&self) -> bool {
        std::mem::take(&mut lock(&self.state).asleep)
    }

    /// Whether anything waits.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.state).ring.records.is_empty()
    }

    /// Makes publishers on `topic` wait, until it is released.
    ///
    /// Of more topics than [`HELD_TOPIC_COUNT_MAX`] the later ones are not held: what is published
    /// there goes on, and is dropped where it finds no room. Holding everything instead would let
    /// one slow taker stop topics that it does not want.
    ///
    /// Returns whether it was not held before.
    pub(crate) fn hold(&self, class: TrafficClass, topic: &[u8]) -> bool {
        let mut state = lock(&self.state);
        let held = &mut state.held[class.index()];
        let new = held.len() < HELD_TOPIC_COUNT_MAX && !held.contains(topic);
        if new {
            held.insert(topic.to_vec());
        }
        new
    }

    /// Releases the topics for which `still_held` does not say so.
    pub(crate) fn release(&self, mut still_held: impl FnMut(TrafficClass, &[u8]) -> bool) {
        let mut state = lock(&self.state);
        if state.held.iter().all(HashSet::is_empty) {
            return;
        }
        for (class, held) in TrafficClass::ALL.into_iter().zip(&mut state.held) {
            held.retain(|topic| still_held(class, topic));
        }
        if state.waiting > 0 {
            self.room.notify_all();
        }
    }

    /// Accepts nothing more, and lets nobody wait any longer.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.room.notify_all();
    }

    /// Counters, and bytes that wait.
    pub(crate) fn counts(&self) -> (Counts, usize) {
        let state = lock(&self.state);
        (state.counts, state.ring.bytes.len())
    }
}

impl State {
    fn must_wait(&self, publication: &Publication<'_>, ring_bytes_max: usize) -> bool {
        let class = publication.class;
        let limit = ring_bytes_max
            / if class == TrafficClass::Log {
                LOG_SHARE
            } else {
                1
            };
        let waiting = self.class_bytes[class.index()];
        // One message always fits where none of its class waits.
        let full = waiting > 0 && waiting + publication.payload.len() > limit;
        let held = &self.held[class.index()];
        let held = !held.is_empty() && held.contains(publication.topic);
        (full || held) && !self.closed
    }
}

fn check(publication: &Publication<'_>) -> Result<(), PublishError> {
    Topic::check(publication.topic)?;
    // Questions have topics of their own, such as a node's status.
    if publication.survey == 0 && Topic::is_reserved(publication.topic) {
        return Err(PublishError::Topic(TopicError::Reserved));
    }
    if publication.class == TrafficClass::Control {
        return Err(PublishError::Class);
    }
    let format = publication.format.as_bytes();
    let printable = format.iter().all(u8::is_ascii_graphic);
    if format.is_empty() || format.len() > FORMAT_NAME_BYTES_MAX || !printable {
        return Err(PublishError::Format);
    }
    if publication.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(PublishError::TooLong(publication.payload.len()));
    }
    Ok(())
}

#[cfg(all(test, loom))]
mod loom_models;
#[cfg(all(test, not(loom)))]
mod tests;
