//! What happened, in order: the last lines of it, and a hash over all.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

use zeekwire_types::{Instant, TrafficClass};

/// One thing that happened.
#[derive(Clone, Debug, Hash)]
pub(crate) enum What {
    /// A step of the plan.
    Step(String),
    Starts(u64),
    Dials(usize),
    DialFailed(usize, &'static str),
    Connected(usize, usize),
    Up(usize, usize),
    Ready(usize, usize),
    Closes(usize, usize, String),
    Gone(usize, usize),
    Published(TrafficClass, u64, &'static str, usize),
    Held(TrafficClass, &'static str),
    Delivered(u32, usize, TrafficClass, u64),
    InboxDropped(TrafficClass),
    Dropped(TrafficClass, u64),
    Completed(u64),
    NodeUp(String),
    NodeDown(String),
    Yielded(String),
    Thaws,
    /// A question of this number.
    Asked(u64),
    /// A subscriber hears a question.
    Heard(u32, u64),
    /// A question is answered by a host.
    Answered(u64, usize),
    /// A copy for one of a group that shares a subscription.
    Copied(TrafficClass, u64, String),
    Breach(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(f, "** {step}"),
            Self::Starts(started_us) => write!(f, "starts its life {started_us}"),
            Self::Dials(to) => write!(f, "dials {}", Host(*to)),
            Self::DialFailed(to, why) => write!(f, "cannot reach {}: {why}", Host(*to)),
            Self::Connected(wire, to) => write!(f, "is connected with {} by w{wire}", Host(*to)),
            Self::Up(wire, peer) => write!(f, "w{wire} to {} is up", Host(*peer)),
            Self::Ready(wire, peer) => write!(f, "w{wire} to {} is ready", Host(*peer)),
            Self::Closes(wire, peer, why) => write!(f, "ends w{wire} to {}: {why}", Host(*peer)),
            Self::Gone(wire, peer) => write!(f, "w{wire} to {} is gone", Host(*peer)),
            Self::Published(class, sequence, topic, len) => {
                write!(f, "publishes {class} {sequence} about {topic}, {len} bytes")
            }
            Self::Held(class, topic) => write!(f, "waits to publish {class} about {topic}"),
            Self::Delivered(subscriber, from, class, sequence) => {
                write!(
                    f,
                    "delivers {class} {sequence} of {} to s{subscriber}",
                    Host(*from)
                )
            }
            Self::InboxDropped(class) => write!(f, "inbox drops one {class}"),
            Self::Dropped(class, count) => write!(f, "drops {count} {class}"),
            Self::Completed(token) => write!(f, "token {token} is complete"),
            Self::NodeUp(node) => write!(f, "node up: {node}"),
            Self::NodeDown(node) => write!(f, "node down: {node}"),
            Self::Yielded(node) => write!(f, "yields its name to {node}"),
            Self::Asked(number) => write!(f, "asks question {number}"),
            Self::Heard(subscriber, number) => write!(f, "s{subscriber} hears question {number}"),
            Self::Answered(number, from) => {
                write!(f, "has an answer of {} to {number}", Host(*from))
            }
            Self::Copied(class, sequence, topic) => {
                write!(f, "publishes copy {class} {sequence} on {topic}")
            }
            Self::Thaws => f.write_str("goes on"),
            Self::Breach(text) => write!(f, "BREACH {text}"),
        }
    }
}

/// Shows a host by its number.
pub(crate) struct Host(pub(crate) usize);

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

#[derive(Clone, Debug)]
struct Line {
    at: Instant,
    host: Option<usize>,
    what: What,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.at.as_nanos();
        let (seconds, micros) = (nanos / 1_000_000_000, nanos / 1000 % 1_000_000);
        write!(f, "{seconds:>4}.{micros:06}  ")?;
        match self.host {
            Some(host) => write!(f, "n{host:<4}")?,
            None => write!(f, "{:<5}", "")?,
        }
        write!(f, " {}", self.what)
    }
}

/// All that happened.
#[derive(Debug)]
pub(crate) struct Trace {
    keep: usize,
    lines: VecDeque<Line>,
    hasher: Fnv,
}

impl Trace {
    pub(crate) const fn new(keep: usize) -> Self {
        Self {
            keep,
            lines: VecDeque::new(),
            hasher: Fnv(0xcbf2_9ce4_8422_2325),
        }
    }

    pub(crate) fn note(&mut self, at: Instant, host: Option<usize>, what: What) {
        (at, host, &what).hash(&mut self.hasher);
        if self.lines.len() == self.keep {
            self.lines.pop_front();
        }
        if self.keep > 0 {
            self.lines.push_back(Line { at, host, what });
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.iter().map(ToString::to_string).collect()
    }
}

/// FNV-1a: the same on every machine and in every run.
#[derive(Debug)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_covers_lines_that_are_not_kept() {
        let hashes = [1, 2].map(|first| {
            let mut trace = Trace::new(1);
            trace.note(Instant::ZERO, Some(0), What::Dials(first));
            trace.note(Instant::ZERO, Some(0), What::Thaws);
            assert_eq!(trace.lines(), ["   0.000000  n0    goes on"]);
            trace.hash()
        });
        assert_ne!(hashes[0], hashes[1]);
    }
}
