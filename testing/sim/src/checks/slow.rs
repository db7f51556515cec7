//! A slow consumer costs the others next to nothing.

use std::time::Duration;

use zeekwire_types::Instant;

use super::Breach;
use crate::history::History;

/// What the others were brought while one was slow, or was not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Share {
    pub(crate) messages: usize,
    /// Nine in ten took no longer.
    pub(crate) latency: Duration,
}

/// The share of all but `slow`, up to some time.
pub(crate) fn share(history: &History, slow: usize, until: Instant) -> Share {
    let others = history
        .delivered
        .iter()
        .filter(|one| one.host != slow && one.at <= until);
    let latency = |one: &crate::history::Delivered| one.at.since(history.sent[one.sent].at);
    let mut latencies: Vec<Duration> = others.map(latency).collect();
    latencies.sort_unstable();
    let messages = latencies.len();
    let latency = latencies
        .get(messages * 9 / 10)
        .copied()
        .unwrap_or_default();
    Share { messages, latency }
}

/// Compares a run with a slow consumer and the same without.
pub(crate) fn check(without: Share, with: Share) -> Option<Breach> {
    let fewer = with.messages * 10 < without.messages * 9;
    // Everybody has patience with a taker that may be stuttering only.
    let later = with.latency > without.latency * 2 + Duration::from_millis(100);
    let text = format!("without a slow consumer others had {without:?}, with it {with:?}");
    (fewer || later).then(|| Breach::new("slow", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_and_later_messages_are_noticed() {
        let share = |messages, ms| Share {
            messages,
            latency: Duration::from_millis(ms),
        };
        assert_eq!(check(share(100, 10), share(95, 60)), None);
        assert!(check(share(100, 10), share(89, 10)).is_some());
        assert!(check(share(100, 10), share(100, 200)).is_some());
    }
}
