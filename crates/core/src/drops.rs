//! Counting what was lost: in total, for the topics that lost most, and for its publishers.

use std::collections::BTreeMap;

use zeekwire_types::{NodeName, TrafficClass};

use crate::wire::{Frame, Located, LossCause};

/// Topics that are counted apart.
const TOPIC_COUNT_MAX: usize = 16;
/// Publishers, with class and cause, that are counted apart between two reports.
const REPORT_COUNT_MAX: usize = 256;

/// Messages and bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DropTotal {
    /// Messages dropped.
    pub messages: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
}

impl DropTotal {
    /// Adds another count to this one.
    pub const fn add(&mut self, other: Self) {
        self.messages = self.messages.saturating_add(other.messages);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// One topic's share of the drops.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicDrops {
    /// The topic.
    pub topic: Vec<u8>,
    /// Messages dropped; too high by at most `error`.
    pub messages: u64,
    /// Messages that may have been of other topics: the counter was taken over from another.
    pub error: u64,
}

/// Whose messages were lost, and how.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Loser {
    /// Where they entered the cluster; 0 where that is not known.
    pub(crate) tree: u32,
    pub(crate) publisher: NodeName,
    pub(crate) class: TrafficClass,
    pub(crate) cause: LossCause,
}

/// What was dropped in one place.
///
/// Topics are counted with the space-saving algorithm (Metwally, Agrawal, El Abbadi, 2005): a
/// fixed number of counters, of which the smallest is taken over by a topic that has none.
#[derive(Clone, Debug, Default)]
pub struct DropCounters {
    by_class: [DropTotal; TrafficClass::COUNT],
    by_cause: BTreeMap<(TrafficClass, LossCause), DropTotal>,
    topics: Vec<TopicDrops>,
    /// Since the last report. Beyond its bound messages are counted, but not reported.
    unreported: Vec<(Loser, DropTotal)>,
    /// The envelope counted last: most drops come in runs of one topic.
    last: Option<Last>,
}

#[derive(Clone, Debug)]
struct Last {
    envelope: Vec<u8>,
    located: Located,
    tree: u32,
    cause: LossCause,
    topic: usize,
    loser: Option<usize>,
}

impl DropCounters {
    /// Counts one whole message that this node encoded or verified before.
    pub fn count(&mut self, message: &[u8], cause: LossCause) {
        let Ok(frame) = Frame::whole(message) else {
            return;
        };
        let one = DropTotal {
            messages: 1,
            bytes: message.len() as u64,
        };
        self.by_class[frame.header.class.index()].add(one);
        let kind = (frame.header.class, cause);
        self.by_cause.entry(kind).or_default().add(one);
        let envelope = frame.envelope();
        let tree = frame.header.tree;
        if let Some(last) = &self.last
            && (last.tree, last.cause) == (tree, cause)
            && last.located.resembling(&last.envelope, envelope).is_some()
        {
            self.topics[last.topic].messages += 1;
            if let Some(loser) = last.loser {
                self.unreported[loser].1.add(one);
            }
            return;
        }
        let Ok(located) = Located::verify(envelope) else {
            return;
        };
        let parts = located.envelope(envelope);
        let topic = self.count_topic(parts.topic());
        let loser = NodeName::new(parts.publisher()).ok().and_then(|publisher| {
            let class = frame.header.class;
            let loser = Loser {
                tree,
                publisher,
                class,
                cause,
            };
            self.count_loser(loser, one)
        });
        self.last = Some(Last {
            envelope: envelope.to_vec(),
            located,
            tree,
            cause,
            topic,
            loser,
        });
    }

    fn count_loser(&mut self, loser: Loser, one: DropTotal) -> Option<usize> {
        let known = self
            .unreported
            .iter()
            .position(|(known, _)| *known == loser);
        if let Some(at) = known {
            self.unreported[at].1.add(one);
            return Some(at);
        }
        if self.unreported.len() >= REPORT_COUNT_MAX {
            return None;
        }
        self.unreported.push((loser, one));
        Some(self.unreported.len() - 1)
    }

    fn count_topic(&mut self, topic: &[u8]) -> usize {
        if let Some(index) = self.topics.iter().position(|known| known.topic == topic) {
            self.topics[index].messages += 1;
            return index;
        }
        if self.topics.len() < TOPIC_COUNT_MAX {
            self.topics.push(TopicDrops {
                topic: topic.to_vec(),
                messages: 1,
                error: 0,
            });
            return self.topics.len() - 1;
        }
        let smallest = (0..self.topics.len()).min_by_key(|index| self.topics[*index].messages);
        let index = smallest.expect("the table is full, so not empty");
        let taken = &mut self.topics[index];
        taken.error = taken.messages;
        taken.messages += 1;
        taken.topic = topic.to_vec();
        index
    }

    /// Takes what was lost since the last call, by publisher.
    pub(crate) fn take_unreported(&mut self) -> Vec<(Loser, DropTotal)> {
        if self.unreported.is_empty() {
            return Vec::new();
        }
        self.last = None;
        std::mem::take(&mut self.unreported)
    }

    /// Drops of one class.
    #[must_use]
    pub const fn of(&self, class: TrafficClass) -> DropTotal {
        self.by_class[class.index()]
    }

    /// Drops by class and cause, those that happened.
    pub fn by_cause(&self) -> impl Iterator<Item = (TrafficClass, LossCause, DropTotal)> {
        let kinds = self.by_cause.iter();
        kinds.map(|((class, cause), total)| (*class, *cause, *total))
    }

    /// Adds what was counted elsewhere, but for its topics.
    pub fn absorb(&mut self, other: &Self) {
        for (sum, class) in self.by_class.iter_mut().zip(other.by_class) {
            sum.add(class);
        }
        for (class, cause, total) in other.by_cause() {
            self.by_cause.entry((class, cause)).or_default().add(total);
        }
    }

    /// Drops of all classes.
    #[must_use]
    pub fn total(&self) -> DropTotal {
        let mut sum = DropTotal::default();
        self.by_class.iter().for_each(|class| sum.add(*class));
        sum
    }

    /// The topics that lost most, the worst first.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicDrops> {
        let mut topics = self.topics.clone();
        topics.sort_by(|a, b| {
            b.messages
                .cmp(&a.messages)
                .then_with(|| a.topic.cmp(&b.topic))
        });
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::message;

    #[test]
    fn the_worst_topic_is_found_among_many() {
        let mut drops = DropCounters::default();
        for round in 0..1000 {
            drops.count(&message(b"zeek/noisy", b"x"), LossCause::QueueFull);
            let rare = format!("zeek/rare/{round}");
            drops.count(&message(rare.as_bytes(), b"x"), LossCause::QueueFull);
        }
        assert_eq!(drops.total().messages, 2000);
        let topics = drops.topics();
        assert_eq!(topics.len(), TOPIC_COUNT_MAX);
        assert_eq!(
            (&topics[0].topic[..], topics[0].messages),
            (&b"zeek/noisy"[..], 1000)
        );
    }

    #[test]
    fn each_publisher_hears_of_its_own_once() {
        let mut drops = DropCounters::default();
        for cause in [
            LossCause::QueueFull,
            LossCause::LinkLost,
            LossCause::QueueFull,
        ] {
            drops.count(&message(b"t", b"x"), cause);
        }
        let reports = drops.take_unreported();
        let counted = reports
            .iter()
            .map(|(loser, total)| (loser.cause, total.messages));
        let counted: Vec<_> = counted.collect();
        assert_eq!(
            counted,
            [(LossCause::QueueFull, 2), (LossCause::LinkLost, 1)]
        );
        assert!(drops.take_unreported().is_empty());
        assert_eq!(drops.total().messages, 3);
    }
}
