//! What happened, as the checks at the end need it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zeekwire_types::{Instant, TrafficClass};

use crate::driver::Key;

/// A message that a host published.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) host: usize,
    pub(crate) life: u32,
    pub(crate) class: TrafficClass,
    pub(crate) sequence: u64,
    pub(crate) topic: &'static str,
    pub(crate) len: usize,
    pub(crate) at: Instant,
    /// Orders what happened at the same time.
    pub(crate) moment: u64,
}

/// A filter of a subscriber.
#[derive(Clone, Debug)]
pub(crate) struct Subscribed {
    pub(crate) host: usize,
    pub(crate) life: u32,
    pub(crate) subscriber: u32,
    pub(crate) filter: String,
    pub(crate) asked_at: Instant,
    /// Time and moment of completion.
    pub(crate) completed: Option<(Instant, u64)>,
    pub(crate) ended_at: Option<Instant>,
}

/// Messages that were counted as dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped {
    pub(crate) at: Instant,
    pub(crate) host: usize,
    pub(crate) class: TrafficClass,
    pub(crate) messages: u64,
}

/// A message that was brought to a subscriber.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Delivered {
    pub(crate) sent: usize,
    pub(crate) host: usize,
    pub(crate) life: u32,
    pub(crate) subscriber: u32,
    pub(crate) at: Instant,
}

/// A question to everybody; its number is its place among them, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) host: usize,
    pub(crate) topic: &'static str,
    pub(crate) at: Instant,
    pub(crate) moment: u64,
}

/// A copy of a message for one of a group that shares a subscription.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) sent: usize,
    pub(crate) group: String,
    pub(crate) topic: Vec<u8>,
    /// Who was brought it: host and subscriber.
    pub(crate) brought: Vec<(usize, u32)>,
}

/// A way that messages of one publisher take: target, its life, publisher, its life, class.
type Stream = (usize, u32, usize, u32, TrafficClass);

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) sent: Vec<Sent>,
    pub(crate) subscribed: Vec<Subscribed>,
    pub(crate) dropped: Vec<Dropped>,
    pub(crate) delivered: Vec<Delivered>,
    pub(crate) questions: Vec<Question>,
    /// Questions that responders heard: question, host, its life, subscriber.
    pub(crate) heard: BTreeSet<(usize, usize, u32, u32)>,
    /// Answers that were taken: question, host, its life.
    pub(crate) answers: BTreeSet<(usize, usize, u32)>,
    pub(crate) copies: Vec<Copy>,
    /// Messages that inboxes had no room for, by publisher.
    pub(crate) inbox_lost: BTreeMap<(usize, TrafficClass), u64>,
    /// Messages that links and nodes lost, by topic, where each host has a topic of its own.
    pub(crate) topic_lost: BTreeMap<Vec<u8>, u64>,
    /// Those of which no topic was seen, by class.
    pub(crate) untold_lost: [u64; TrafficClass::COUNT],
    /// Messages of which a copy was made, by group.
    given: BTreeSet<(usize, String)>,
    copy_numbers: HashMap<Key, usize>,
    numbers: HashMap<Key, usize>,
    /// By message: which subscribers were brought it.
    takers: HashMap<usize, Vec<(usize, u32)>>,
    /// Sequences that arrived, and when.
    arrived: BTreeMap<Stream, Vec<(u64, Instant)>>,
}

impl History {
    pub(crate) fn publish(&mut self, sent: Sent) {
        let key = (sent.host, sent.life, sent.class, sent.sequence);
        self.numbers.insert(key, self.sent.len());
        self.sent.push(sent);
    }

    /// The message with this key.
    pub(crate) fn find(&self, key: Key) -> Option<usize> {
        self.numbers.get(&key).copied()
    }

    /// Takes note of a copy. Returns whether it is the first for its message and group.
    pub(crate) fn copy(&mut self, key: Key, copy: Copy) -> bool {
        let is_first = self.given.insert((copy.sent, copy.group.clone()));
        self.copy_numbers.insert(key, self.copies.len());
        self.copies.push(copy);
        is_first
    }

    /// The copy with this key.
    pub(crate) fn find_copy(&self, key: Key) -> Option<usize> {
        self.copy_numbers.get(&key).copied()
    }

    pub(crate) fn deliver(&mut self, delivered: Delivered) {
        let Delivered {
            host,
            life,
            subscriber,
            at,
            ..
        } = delivered;
        self.takers
            .entry(delivered.sent)
            .or_default()
            .push((host, subscriber));
        let sent = &self.sent[delivered.sent];
        let stream = (host, life, sent.host, sent.life, sent.class);
        let arrived = self.arrived.entry(stream).or_default();
        if arrived.last().is_none_or(|(last, _)| *last < sent.sequence) {
            arrived.push((sent.sequence, at));
        }
        self.delivered.push(delivered);
    }

    /// Whether a subscriber was brought a message.
    pub(crate) fn has(&self, sent: usize, host: usize, subscriber: u32) -> bool {
        let takers = self.takers.get(&sent);
        takers.is_some_and(|takers| takers.contains(&(host, subscriber)))
    }

    /// When something that was published later came the same way.
    pub(crate) fn overtaken_at(&self, sent: &Sent, host: usize, life: u32) -> Option<Instant> {
        let stream = (host, life, sent.host, sent.life, sent.class);
        let arrived = self.arrived.get(&stream)?;
        let later = arrived.partition_point(|(sequence, _)| *sequence <= sent.sequence);
        arrived.get(later).map(|(_, at)| *at)
    }

    /// Filters in force at a subscriber.
    pub(crate) fn in_force(
        &self,
        host: usize,
        life: u32,
        subscriber: u32,
    ) -> impl Iterator<Item = &Subscribed> {
        self.subscribed.iter().filter(move |one| {
            (one.host, one.life, one.subscriber) == (host, life, subscriber)
                && one.ended_at.is_none()
        })
    }

    /// A host's life ended: nothing more is owed to it.
    pub(crate) fn end_life(&mut self, now: Instant, host: usize) {
        let of_host = self.subscribed.iter_mut().filter(|one| one.host == host);
        for one in of_host.filter(|one| one.ended_at.is_none()) {
            one.ended_at = Some(now);
        }
    }

    /// Filters of a subscriber that are taken back.
    pub(crate) fn unsubscribe(
        &mut self,
        now: Instant,
        host: usize,
        subscriber: u32,
        filters: &[String],
    ) {
        for one in &mut self.subscribed {
            let named = (one.host, one.subscriber) == (host, subscriber);
            if named && one.ended_at.is_none() && filters.contains(&one.filter) {
                one.ended_at = Some(now);
            }
        }
    }

    /// Filters that became effective.
    pub(crate) fn complete(&mut self, (now, moment): (Instant, u64), ids: &[usize]) {
        for id in ids {
            self.subscribed[*id].completed = Some((now, moment));
        }
    }
}
