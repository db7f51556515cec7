//! The payload that every system carries: a counter, a send time and filling, checked on arrival.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::{Failure, Result};

/// Messages between two looks at the clock, at the publisher and at the subscriber.
pub(crate) const CLOCK_EVERY: u64 = 64;
/// Bytes of the counter and the send time.
pub(crate) const PAYLOAD_BYTES_MIN: usize = 16;

/// The publisher's side: payloads whose counters count up from zero.
#[derive(Debug)]
pub(crate) struct Payloads {
    bytes: Vec<u8>,
    counter: u64,
}

impl Payloads {
    /// Payloads of `payload_bytes` each.
    pub(crate) fn new(payload_bytes: usize) -> Result<Self> {
        if payload_bytes < PAYLOAD_BYTES_MIN {
            return Err(Failure::new(format!(
                "a payload has at least {PAYLOAD_BYTES_MIN} bytes, not {payload_bytes}"
            )));
        }
        Ok(Self {
            bytes: vec![0x5a; payload_bytes],
            counter: 0,
        })
    }

    /// The next payload. The send time is refreshed every [`CLOCK_EVERY`] messages.
    pub(crate) fn next(&mut self) -> &[u8] {
        if self.counter.is_multiple_of(CLOCK_EVERY) {
            self.bytes[8..16].copy_from_slice(&now_ns().to_le_bytes());
        }
        self.bytes[..8].copy_from_slice(&self.counter.to_le_bytes());
        self.counter += 1;
        &self.bytes
    }
}

/// The subscriber's side: counts what is missing and what comes late or twice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sequence {
    expected: u64,
    /// Counters that were jumped over.
    pub(crate) lost: u64,
    /// Payloads that came out of order, or more than once.
    pub(crate) late: u64,
}

impl Sequence {
    /// Takes one payload. Before the first one, nothing is missing: a subscriber may join late.
    pub(crate) fn take(&mut self, payload: &[u8]) {
        let counter = counter_of(payload);
        if counter < self.expected {
            self.late += 1;
        } else {
            self.lost += counter - self.expected;
            self.expected = counter + 1;
        }
    }
}

/// The counter in a payload, or `u64::MAX - 1` in one too short to hold it, which counts as loss.
pub(crate) fn counter_of(payload: &[u8]) -> u64 {
    payload
        .first_chunk()
        .map_or(u64::MAX - 1, |bytes| u64::from_le_bytes(*bytes))
}

/// Nanoseconds since the Unix epoch: the one clock that processes of one machine share.
pub(crate) fn now_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence_after(counters: &[u64]) -> Sequence {
        let mut sequence = Sequence::default();
        for counter in counters {
            sequence.take(&counter.to_le_bytes());
        }
        sequence
    }

    #[test]
    fn consecutive_payloads_lose_nothing() {
        let mut payloads = Payloads::new(200).unwrap();
        let mut sequence = Sequence::default();
        for counter in 0..1000 {
            let payload = payloads.next();
            assert_eq!((payload.len(), counter_of(payload)), (200, counter));
            sequence.take(payload);
        }
        assert_eq!((sequence.lost, sequence.late), (0, 0));
    }

    #[test]
    fn gap_counts_every_missing_counter() {
        assert_eq!(sequence_after(&[0, 1, 5, 6, 9]).lost, 5);
    }

    #[test]
    fn repeats_and_reordering_count_as_late() {
        assert_eq!(sequence_after(&[0, 1, 1, 3, 2]).late, 2);
    }

    #[test]
    fn truncated_payload_is_not_taken_for_a_good_one() {
        let mut sequence = Sequence::default();
        sequence.take(&[1, 2, 3]);
        assert_ne!(sequence.lost, 0);
    }

    #[test]
    fn payload_without_room_for_its_counter_is_refused() {
        assert!(Payloads::new(15).is_err());
    }
}
