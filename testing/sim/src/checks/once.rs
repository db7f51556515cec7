//! No subscriber is brought a message twice.

use std::collections::HashSet;

use super::Breach;
use crate::history::Delivered;

/// What each subscriber was brought.
#[derive(Debug, Default)]
pub(crate) struct Once {
    seen: HashSet<(usize, usize, u32)>,
}

impl Once {
    pub(crate) fn deliver(&mut self, delivered: &Delivered) -> Result<(), Breach> {
        let Delivered {
            sent,
            host,
            subscriber,
            ..
        } = *delivered;
        if self.seen.insert((host, sent, subscriber)) {
            return Ok(());
        }
        let text = format!("n{host} s{subscriber} was brought message #{sent} twice");
        Err(Breach::new("once", text))
    }

    /// A new life knows nothing of what an old one was brought.
    pub(crate) fn end_life(&mut self, host: usize) {
        self.seen.retain(|(other, ..)| *other != host);
    }
}

#[cfg(test)]
mod tests {
    use zeekwire_types::Instant;

    use super::*;

    #[test]
    fn a_second_delivery_is_noticed() {
        let one = Delivered {
            sent: 3,
            host: 1,
            life: 1,
            subscriber: 0,
            at: Instant::ZERO,
        };
        let mut once = Once::default();
        assert_eq!(once.deliver(&one), Ok(()));
        assert_eq!(
            once.deliver(&Delivered {
                subscriber: 1,
                ..one
            }),
            Ok(())
        );
        assert!(once.deliver(&one).is_err());
        once.end_life(1);
        assert_eq!(once.deliver(&one), Ok(()));
    }
}
