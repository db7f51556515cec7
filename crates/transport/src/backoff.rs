//! When to try again: a schedule of delays, without a clock.

use std::time::Duration;

/// How the delays between tries grow, and when to stop.
///
/// ```
/// use std::time::Duration;
/// use zeekwire_transport::BackoffPolicy;
///
/// let policy = BackoffPolicy { attempt_count_max: Some(2), ..BackoffPolicy::default() };
/// let mut backoff = policy.start(7);
/// assert!(backoff.next_delay() <= Some(Duration::from_millis(10)));
/// assert!(backoff.next_delay() <= Some(Duration::from_millis(20)));
/// assert_eq!(backoff.next_delay(), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BackoffPolicy {
    /// Longest delay. 5 s by default.
    pub delay_max: Duration,
    /// How many delays there are before giving up; `None`, the default, goes on forever.
    pub attempt_count_max: Option<u32>,
    /// How much of a delay chance may take away, in percent from 0 to 100, so that nodes that lost
    /// the same peer do not all come back at once. 50 by default.
    pub jitter_percent: u8,
}

impl BackoffPolicy {
    /// A schedule at its beginning. The same seed gives the same delays.
    #[must_use]
    pub const fn start(self, seed: u64) -> Backoff {
        Backoff {
            policy: self,
            attempt: 0,
            random: seed,
        }
    }
}

impl Default for BackoffPolicy {
    fn default() -> Self {
        Self {
            delay_max: Duration::from_secs(5),
            attempt_count_max: None,
            jitter_percent: 50,
        }
    }
}

/// A schedule of retries: 10, 20, 50, 100 and 200 ms, then doubling up to the longest delay, each
/// shortened by chance.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: BackoffPolicy,
    attempt: u32,
    random: u64,
}

impl Backoff {
    /// How long to wait before the next try, or `None` when the tries are used up.
    #[must_use]
    pub fn next_delay(&mut self) -> Option<Duration> {
        if self
            .policy
            .attempt_count_max
            .is_some_and(|most| self.attempt >= most)
        {
            return None;
        }
        let full = self.full_delay();
        self.attempt = self.attempt.saturating_add(1);
        let jitter = full / 100 * u32::from(self.policy.jitter_percent.min(100));
        let share = self.random();
        // The upper half of the product: a share of `jitter` without a division.
        let nanos = (jitter.as_nanos() * u128::from(share)) >> u64::BITS;
        let taken = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Some(full.saturating_sub(taken))
    }

    /// Begins again with the shortest delay.
    ///
    /// To be called when a connection has proved its worth, by a finished handshake for example.
    /// A peer that accepts and closes at once would otherwise be tried a hundred times a second.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// How many delays were given since the beginning or the last reset.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    fn full_delay(&self) -> Duration {
        let attempt = self.attempt as usize;
        let delay = match FIRST_DELAYS_MS.get(attempt) {
            Some(ms) => Duration::from_millis(*ms),
            None => {
                let doublings = attempt - (FIRST_DELAYS_MS.len() - 1);
                let factor = u32::try_from(doublings)
                    .ok()
                    .and_then(|n| 1_u32.checked_shl(n));
                let last = FIRST_DELAYS_MS[FIRST_DELAYS_MS.len() - 1];
                Duration::from_millis(last).saturating_mul(factor.unwrap_or(u32::MAX))
            }
        };
        delay.min(self.policy.delay_max)
    }

    /// The next number of the generator splitmix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The first delays. A peer that restarts is back within them.
const FIRST_DELAYS_MS: [u64; 5] = [10, 20, 50, 100, 200];

#[cfg(test)]
mod tests {
    use super::*;

    fn delays_ms(policy: BackoffPolicy, seed: u64, count: usize) -> Vec<u128> {
        let mut backoff = policy.start(seed);
        std::iter::from_fn(|| backoff.next_delay())
            .take(count)
            .map(|d| d.as_millis())
            .collect()
    }

    const EXACT: BackoffPolicy = BackoffPolicy {
        delay_max: Duration::from_secs(5),
        attempt_count_max: None,
        jitter_percent: 0,
    };

    #[test]
    fn schedule_without_jitter_is_the_documented_one() {
        let expected = [10, 20, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000];
        assert_eq!(delays_ms(EXACT, 1, 11), expected);
        let short = BackoffPolicy {
            delay_max: Duration::from_millis(60),
            ..EXACT
        };
        assert_eq!(delays_ms(short, 1, 5), [10, 20, 50, 60, 60]);
    }

    #[test]
    fn schedule_of_a_seed_stays_the_same() {
        let policy = BackoffPolicy::default();
        let expected = [6, 18, 43, 82, 196, 226, 712, 959, 2656, 3453, 4487];
        assert_eq!(delays_ms(policy, 42, 11), expected);
        assert_ne!(delays_ms(policy, 43, 11), expected);
    }

    #[test]
    fn jitter_takes_at_most_its_share() {
        for jitter_percent in [1, 50, 100, 255] {
            let policy = BackoffPolicy {
                jitter_percent,
                ..EXACT
            };
            let least = 100 - u128::from(jitter_percent.min(100));
            for seed in 0..200 {
                let delays = delays_ms(policy, seed, 12);
                for (delay, full) in delays.into_iter().zip(delays_ms(EXACT, 0, 12)) {
                    assert!(delay <= full, "{delay} over {full}");
                    assert!(
                        delay >= full * least / 100,
                        "{delay} under its share of {full}"
                    );
                }
            }
        }
    }

    #[test]
    fn tries_end_at_their_bound_and_reset_begins_again() {
        let policy = BackoffPolicy {
            attempt_count_max: Some(3),
            ..EXACT
        };
        let mut backoff = policy.start(0);
        for _ in 0..2 {
            assert_eq!(std::iter::from_fn(|| backoff.next_delay()).count(), 3);
            assert_eq!(backoff.next_delay(), None);
            assert_eq!(backoff.attempt(), 3);
            backoff.reset();
        }
        let none = BackoffPolicy {
            attempt_count_max: Some(0),
            ..EXACT
        };
        assert_eq!(none.start(0).next_delay(), None);
    }

    #[test]
    fn years_of_tries_do_not_overflow() {
        let endless = BackoffPolicy {
            delay_max: Duration::MAX,
            jitter_percent: 100,
            ..EXACT
        };
        for attempt in [30, 36, 37, 70, u32::MAX - 1, u32::MAX] {
            let mut backoff = endless.start(3);
            backoff.attempt = attempt;
            assert!(backoff.next_delay().is_some());
        }
    }
}
