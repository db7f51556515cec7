//! Whether the peer is still there, and when to show that we are.

use std::time::Duration;

use zeekwire_types::Instant;

/// When to speak, and when to give up.
#[derive(Clone, Copy, Debug)]
pub struct LivenessLimits {
    /// A side that sent nothing for this long sends a heartbeat.
    pub heartbeat: Duration,
    /// A peer that was silent for this long is gone, or longer if its own heartbeat is slower. The
    /// tick that finds it comes up to an eighth of a heartbeat later.
    pub silence_max: Duration,
    /// A handshake that takes longer has failed.
    pub handshake_max: Duration,
}

impl Default for LivenessLimits {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(3),
            // With the tick that finds it, below five seconds.
            silence_max: Duration::from_millis(4_500),
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
///
/// On an idle link one side leads: its heartbeats come first, and the other answers each at once.
/// So all the links of a node that leads are done with in one burst, and its peers wake once for
/// both directions. The side that answers waits a tick longer before it speaks by itself, so that
/// small differences between the two clocks never make the two take turns.
#[derive(Debug)]
pub struct Liveness {
    limits: LivenessLimits,
    opened_at: Instant,
    received_at: Instant,
    sent_at: Instant,
    silence_max: Duration,
    /// Whether the last heartbeat sent was an answer.
    answers: bool,
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
            answers: false,
        }
    }

    /// The peer promised to send something at least this often.
    pub fn expect_heartbeats(&mut self, every: Duration) {
        self.silence_max = self.limits.silence_max.max(every * 3 / 2);
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

    /// Takes note that what arrived last was a heartbeat. Returns whether to answer with one.
    ///
    /// Who spoke within half of its interval does not, so answers are never answered.
    #[must_use]
    pub fn heartbeat_received(&mut self) -> bool {
        let answer = self.received_at.since(self.sent_at) >= self.limits.heartbeat / 2;
        self.answers |= answer;
        answer
    }

    /// What to do now.
    #[must_use]
    pub fn pulse(&mut self, now: Instant, up: bool) -> Pulse {
        // A stranger that trickles bytes must not hold a handshake open.
        let (since, silence_max) = match up {
            true => (self.received_at, self.silence_max),
            false => (self.opened_at, self.limits.handshake_max),
        };
        let silent = now.since(since);
        if silent >= silence_max {
            return Pulse::Silent(silent);
        }
        // A tick comes eight times per heartbeat. Who leads speaks a tick early; who answers must
        // not come first.
        let eighths = if self.answers { 8 } else { 7 };
        if up && now.since(self.sent_at) >= self.limits.heartbeat / 8 * eighths {
            self.answers = false;
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
mod tests;
