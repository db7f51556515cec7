//! Whether the peer is still there, and when to show that we are.

use std::time::Duration;

use zeekwire_types::Instant;

/// When to speak, and when to give up.
#[derive(Clone, Copy, Debug)]
pub struct LivenessLimits {
    /// A side that sent nothing for this long sends a heartbeat.
    pub heartbeat: Duration,
    /// A peer that was silent for this long is gone, or longer if its own heartbeat is slower.
    pub silence_max: Duration,
    /// A handshake that takes longer has failed.
    pub handshake_max: Duration,
}

impl Default for LivenessLimits {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(2),
            silence_max: Duration::from_secs(5),
            handshake_max: Duration::from_secs(5),
        }
    }
}

/// What a look at the clock calls for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pulse {
    /// Nothing.
    Fine,
    /// Send a heartbeat.
    Speak,
    /// The peer was silent for this long: give up.
    Silent(Duration),
}

/// When bytes last went each way.
#[derive(Debug)]
pub struct Liveness {
    limits: LivenessLimits,
    opened_at: Instant,
    received_at: Instant,
    sent_at: Instant,
    silence_max: Duration,
}

impl Liveness {
    /// Starts to watch; opening the link counts as a sign of life.
    #[must_use]
    pub const fn new(now: Instant, limits: LivenessLimits) -> Self {
        let silence_max = limits.silence_max;
        Self {
            limits,
            opened_at: now,
            received_at: now,
            sent_at: now,
            silence_max,
        }
    }

    /// The peer promised to send something at least this often.
    pub fn expect_heartbeats(&mut self, every: Duration) {
        self.silence_max = self.limits.silence_max.max(every * 5 / 2);
    }

    /// Takes note that bytes arrived.
    pub fn received(&mut self, now: Instant) {
        self.received_at = now;
    }

    /// Takes note that bytes went out.
    pub fn sent(&mut self, now: Instant) {
        self.sent_at = now;
    }

    /// When bytes last arrived.
    #[must_use]
    pub const fn received_at(&self) -> Instant {
        self.received_at
    }

    /// What to do now.
    #[must_use]
    pub fn pulse(&self, now: Instant, up: bool) -> Pulse {
        // A stranger that trickles bytes must not hold a handshake open.
        let (since, silence_max) = match up {
            true => (self.received_at, self.silence_max),
            false => (self.opened_at, self.limits.handshake_max),
        };
        let silent = now.since(since);
        if silent >= silence_max {
            return Pulse::Silent(silent);
        }
        // A tick comes eight times per heartbeat; speaking a tick early keeps the promise.
        if up && now.since(self.sent_at) >= self.limits.heartbeat / 8 * 7 {
            return Pulse::Speak;
        }
        Pulse::Fine
    }

    /// How often to look at the clock.
    #[must_use]
    pub fn tick_interval(limits: &LivenessLimits) -> Duration {
        (limits.heartbeat / 8).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_given_up_and_a_silent_side_speaks() {
        let limits = LivenessLimits::default();
        let mut liveness = Liveness::new(Instant::ZERO, limits);
        let at = |ms| Instant::ZERO + Duration::from_millis(ms);
        assert_eq!(liveness.pulse(at(1000), true), Pulse::Fine);
        assert_eq!(liveness.pulse(at(1750), true), Pulse::Speak);
        liveness.sent(at(1750));
        assert_eq!(liveness.pulse(at(1800), true), Pulse::Fine);
        assert_eq!(
            liveness.pulse(at(5000), true),
            Pulse::Silent(Duration::from_secs(5))
        );
        liveness.expect_heartbeats(Duration::from_secs(4));
        assert_eq!(liveness.pulse(at(5000), true), Pulse::Speak);
        assert_eq!(
            liveness.pulse(at(10_000), true),
            Pulse::Silent(Duration::from_secs(10))
        );
    }
}
