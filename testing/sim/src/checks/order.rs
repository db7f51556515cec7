//! What one publisher sent in one class arrives in its order, and nothing of an earlier life comes
//! after a later one.

use std::collections::HashMap;

use zeekwire_types::TrafficClass;

use super::Breach;
use crate::history::{Delivered, Sent};

/// The latest message of each publisher and class at each subscriber.
#[derive(Debug, Default)]
pub(crate) struct Order {
    latest: HashMap<(usize, u32, usize, TrafficClass), (u32, u64)>,
}

impl Order {
    pub(crate) fn deliver(&mut self, sent: &Sent, delivered: &Delivered) -> Result<(), Breach> {
        let Delivered {
            host, subscriber, ..
        } = *delivered;
        let key = (host, subscriber, sent.host, sent.class);
        let this = (sent.life, sent.sequence);
        let before = self.latest.insert(key, this);
        match before.filter(|before| *before > this) {
            None => Ok(()),
            Some((life, sequence)) => {
                let text = format!(
                    "n{host} s{subscriber} was brought {} {} of life {} of n{} after {sequence} of \
                     life {life}",
                    sent.class, sent.sequence, sent.life, sent.host
                );
                Err(Breach::new("order", text))
            }
        }
    }

    pub(crate) fn end_life(&mut self, host: usize) {
        self.latest.retain(|(other, ..), _| *other != host);
    }
}

#[cfg(test)]
mod tests {
    use zeekwire_types::Instant;

    use super::*;

    #[test]
    fn an_earlier_message_after_a_later_one_is_noticed() {
        let message = |life, class, sequence| Sent {
            host: 0,
            life,
            class,
            sequence,
            topic: "t",
            len: 0,
            at: Instant::ZERO,
            moment: 0,
        };
        let to = Delivered {
            sent: 0,
            host: 1,
            life: 1,
            subscriber: 0,
            at: Instant::ZERO,
        };
        let (event, log) = (TrafficClass::Event, TrafficClass::Log);
        let mut order = Order::default();
        assert_eq!(order.deliver(&message(1, event, 5), &to), Ok(()));
        assert_eq!(order.deliver(&message(1, log, 4), &to), Ok(()));
        assert!(order.deliver(&message(1, event, 4), &to).is_err());
        assert_eq!(order.deliver(&message(2, event, 0), &to), Ok(()));
        assert!(order.deliver(&message(1, event, 9), &to).is_err());
    }
}
