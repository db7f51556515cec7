//! What the demo's nodes report to the process that shows them, as JSON lines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeekwire::status::{LossStatus, NodeStatus};

use crate::render::histogram::Percentiles;

/// One line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// The node listens there.
    Listening(String),
    /// What it has counted up to now.
    Books(Box<Books>),
}

/// The books of one life of one node.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Books {
    /// Which life, as text.
    pub(super) incarnation: String,
    /// Other members that are up, as it sees them.
    pub(super) members: usize,
    /// What its engine counted; looked at before everything that follows.
    pub(super) counters: Counters,
    /// What it published, by receiver.
    pub(super) sent: Vec<Sent>,
    /// What it received, by life of the publisher.
    pub(super) received: Vec<Received>,
    /// Whether it will publish no more.
    pub(super) stopped: bool,
    /// Messages that were no events of the demo.
    pub(super) strange: u64,
    /// Bytes of payload received.
    pub(super) received_bytes: u64,
    /// How long events took since the last report, and altogether.
    pub(super) recent: Percentiles,
    pub(super) latency: Percentiles,
}

/// What a node's engine counted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Counters {
    /// Publications accepted, and those of them that nobody wanted at that time.
    pub(super) accepted: u64,
    pub(super) unrouted: u64,
    /// Messages handed to the demo's subscription, and those that it had no room for.
    pub(super) delivered: u64,
    pub(super) inbox_dropped: u64,
    /// What was lost of this node's own publications, as far as it was told.
    pub(super) own_losses: Vec<LossStatus>,
    /// Events lost at this node, whoever published them.
    pub(super) lost_here: u64,
}

/// Events that one life of a node published for one receiver. Numbered from 0.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Sent {
    /// Name of the receiver.
    pub(super) target: String,
    /// How many; also the number of the next.
    pub(super) count: u64,
    /// By life of the receiver: the number of the first event published after it was announced.
    /// From there on nothing may be lost as long as that life lasts.
    pub(super) up_at: BTreeMap<String, u64>,
}

/// Events of one life of a publisher that one life of a node received.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Received {
    /// Name of the publisher, and which life.
    pub(super) publisher: String,
    pub(super) incarnation: String,
    pub(super) count: u64,
    /// The lowest number, and one more than the highest.
    pub(super) first: u64,
    pub(super) next: u64,
    /// The highest of the sequence numbers that the publisher's node gave them.
    pub(super) sequence: u64,
    /// Events whose number or sequence number was not above all before.
    pub(super) disordered: u64,
    /// Events that were not what the publisher had published.
    pub(super) damaged: u64,
}

impl Received {
    /// An event arrived: its number, the sequence number of its message, and whether it is what
    /// was published.
    pub(super) fn take(&mut self, number: u64, sequence: u64, intact: bool) {
        if self.count == 0 {
            self.first = number;
        } else if number < self.next || sequence <= self.sequence {
            self.disordered += 1;
        }
        self.count += 1;
        self.first = self.first.min(number);
        self.next = self.next.max(number + 1);
        self.sequence = self.sequence.max(sequence);
        self.damaged += u64::from(!intact);
    }
}

impl Counters {
    /// What a node's status says of its events.
    pub(super) fn of(status: &NodeStatus) -> Self {
        let events = |losses: &[LossStatus]| -> Vec<LossStatus> {
            let mut events = losses.to_vec();
            events.retain(|loss| loss.class == "event");
            events
        };
        let delivered = status.subscriptions.iter();
        let dropped = status.subscriptions.iter();
        Self {
            accepted: status.published.messages,
            unrouted: status.published.unrouted,
            delivered: delivered.map(|one| one.delivered_messages).sum(),
            inbox_dropped: dropped.map(|one| one.dropped_messages).sum(),
            own_losses: events(&status.own_losses),
            lost_here: events(&status.losses)
                .iter()
                .map(|loss| loss.messages)
                .sum(),
        }
    }
}

impl Books {
    /// Events published.
    pub(super) fn sent_count(&self) -> u64 {
        self.sent.iter().map(|sent| sent.count).sum()
    }

    /// Events received.
    pub(super) fn received_count(&self) -> u64 {
        self.received.iter().map(|received| received.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_disorder_and_damage_are_seen() {
        let counts = |numbers: &[(u64, u64, bool)]| {
            let mut received = Received::default();
            for (number, sequence, intact) in numbers {
                received.take(*number, *sequence, *intact);
            }
            (
                received.count,
                received.first,
                received.next,
                received.disordered,
                received.damaged,
            )
        };
        assert_eq!(
            counts(&[(0, 7, true), (1, 8, true), (5, 12, true)]),
            (3, 0, 6, 0, 0)
        );
        assert_eq!(counts(&[(3, 1, true), (3, 2, true)]), (2, 3, 4, 1, 0));
        assert_eq!(counts(&[(4, 1, true), (2, 2, true)]), (2, 2, 5, 1, 0));
        assert_eq!(counts(&[(0, 9, true), (1, 9, true)]), (2, 0, 2, 1, 0));
        assert_eq!(counts(&[(0, 1, false)]), (1, 0, 1, 0, 1));
    }
}
