//! A subscriber's measuring window: warm-up, then a fixed time in which deliveries count.

use std::time::Duration;

use crate::failure::Result;
use crate::payload::{CLOCK_EVERY, Sequence, now_ns};
use crate::role::{self, Job};
use crate::words::Words;

/// Counts deliveries and prints `begin` and `end` lines; fed with every payload in turn.
#[derive(Debug)]
pub(crate) struct Window {
    warmup_ns: u64,
    window_ns: u64,
    count: u64,
    sequence: Sequence,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing has arrived.
    Idle,
    /// Messages arrive since this time.
    Warm { since: u64 },
    /// Deliveries count since this time, on top of this count and this loss.
    Open { since: u64, count: u64, lost: u64 },
    /// The result is out; what comes is received and forgotten.
    Closed,
}

impl Window {
    pub(crate) fn new(job: &Job) -> Self {
        Self {
            warmup_ns: job.warmup_ms * 1_000_000,
            window_ns: job.window_ms * 1_000_000,
            count: 0,
            sequence: Sequence::default(),
            stage: Stage::Idle,
        }
    }

    /// Takes one delivered payload.
    pub(crate) fn take(&mut self, payload: &[u8]) -> Result<()> {
        self.sequence.take(payload);
        self.count += 1;
        if !(self.count - 1).is_multiple_of(CLOCK_EVERY) {
            return Ok(());
        }
        match self.advance(now_ns()) {
            Some(line) => role::say(&line),
            None => Ok(()),
        }
    }

    fn advance(&mut self, now: u64) -> Option<String> {
        match self.stage {
            Stage::Idle => {
                self.stage = Stage::Warm { since: now };
                None
            }
            Stage::Warm { since } if now >= since + self.warmup_ns => {
                self.stage = Stage::Open {
                    since: now,
                    count: self.count,
                    lost: self.sequence.lost,
                };
                Some("begin".to_owned())
            }
            Stage::Open { since, count, lost } if now >= since + self.window_ns => {
                self.stage = Stage::Closed;
                Some(format!(
                    "end deliveries={} elapsed_ns={} lost={} late={}",
                    self.count - count,
                    now - since,
                    self.sequence.lost - lost,
                    self.sequence.late
                ))
            }
            _ => None,
        }
    }
}

/// What one subscriber saw in its window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Deliveries {
    pub(crate) count: u64,
    pub(crate) elapsed: Duration,
    /// Payloads missing within the window.
    pub(crate) lost: u64,
    /// Payloads out of order or repeated since the start.
    pub(crate) late: u64,
}

impl Deliveries {
    /// Reads the line that a subscriber ends its window with.
    pub(crate) fn from_words(words: &Words) -> Result<Self> {
        Ok(Self {
            count: words.value("deliveries")?,
            elapsed: Duration::from_nanos(words.value("elapsed_ns")?),
            lost: words.value("lost")?,
            late: words.value("late")?,
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of messages stays far below 2^52"
    )]
    pub(crate) fn per_second(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn window() -> Window {
        Window {
            warmup_ns: 500 * MS,
            window_ns: 2000 * MS,
            count: 0,
            sequence: Sequence::default(),
            stage: Stage::Idle,
        }
    }

    #[test]
    fn only_deliveries_inside_the_window_count() {
        let mut window = window();
        window.count = 100;
        window.sequence.lost = 9;
        assert_eq!(window.advance(1000 * MS), None);
        assert_eq!(window.advance(1499 * MS), None);
        assert_eq!(window.advance(1500 * MS).as_deref(), Some("begin"));
        window.count = 400;
        window.sequence.lost = 11;
        assert_eq!(window.advance(3499 * MS), None);
        let line = window.advance(3500 * MS).unwrap();
        let deliveries = Deliveries::from_words(&Words::new(line)).unwrap();
        assert_eq!(
            deliveries,
            Deliveries {
                count: 300,
                elapsed: Duration::from_secs(2),
                lost: 2,
                late: 0
            }
        );
        assert!((deliveries.per_second() - 150.0).abs() < 1e-9);
    }

    #[test]
    fn result_comes_once() {
        let mut window = window();
        let lines = (0..10)
            .filter_map(|second| window.advance(second * 1000 * MS))
            .count();
        assert_eq!(lines, 2);
    }
}
