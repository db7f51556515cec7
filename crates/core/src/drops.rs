//! Counting what was dropped, in total and for the topics that lost most.

use zeekwire_types::TrafficClass;

use crate::wire::{Frame, Located};

/// Topics that are counted apart.
const TOPIC_COUNT_MAX: usize = 16;

/// Messages and bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DropTotal {
    /// Messages dropped.
    pub messages: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
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

/// What was dropped in one place.
///
/// Topics are counted with the space-saving algorithm (Metwally, Agrawal, El Abbadi, 2005): a
/// fixed number of counters, of which the smallest is taken over by a topic that has none.
#[derive(Clone, Debug, Default)]
pub struct DropCounters {
    by_class: [DropTotal; TrafficClass::COUNT],
    topics: Vec<TopicDrops>,
    /// The envelope counted last: most drops come in runs of one topic.
    last: Option<(Vec<u8>, Located, usize)>,
}

impl DropCounters {
    /// Counts one whole message that this node encoded or verified before.
    pub fn count(&mut self, message: &[u8]) {
        let Ok(frame) = Frame::whole(message) else {
            return;
        };
        let total = &mut self.by_class[frame.header.class.index()];
        total.messages += 1;
        total.bytes += message.len() as u64;
        let envelope = frame.envelope();
        if let Some((known, located, index)) = &self.last
            && located.resembling(known, envelope).is_some()
        {
            self.topics[*index].messages += 1;
            return;
        }
        let Ok(located) = Located::verify(envelope) else {
            return;
        };
        let index = self.count_topic(located.envelope(envelope).topic());
        self.last = Some((envelope.to_vec(), located, index));
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

    /// Drops of one class.
    #[must_use]
    pub const fn of(&self, class: TrafficClass) -> DropTotal {
        self.by_class[class.index()]
    }

    /// Drops of all classes.
    #[must_use]
    pub fn total(&self) -> DropTotal {
        self.by_class
            .iter()
            .fold(DropTotal::default(), |sum, class| DropTotal {
                messages: sum.messages + class.messages,
                bytes: sum.bytes + class.bytes,
            })
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
            drops.count(&message(b"zeek/noisy", b"x"));
            drops.count(&message(format!("zeek/rare/{round}").as_bytes(), b"x"));
        }
        assert_eq!(drops.total().messages, 2000);
        let topics = drops.topics();
        assert_eq!(topics.len(), TOPIC_COUNT_MAX);
        assert_eq!(
            (&topics[0].topic[..], topics[0].messages),
            (&b"zeek/noisy"[..], 1000)
        );
    }
}
