//! The manager's counts of one worker's rows.

use super::report::{WorkerCounts, WorkerState};
use super::wire::{Told, digest};

/// What arrived from one worker.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    counts: WorkerCounts,
    next: u64,
    digest: u64,
}

impl Tally {
    pub(super) fn new(name: String) -> Self {
        Self {
            counts: WorkerCounts {
                name,
                ..WorkerCounts::default()
            },
            next: 0,
            digest: 0,
        }
    }

    pub(super) const fn counts(&self) -> &WorkerCounts {
        &self.counts
    }

    /// A row with this number arrived.
    pub(super) fn row(&mut self, number: u64, fingerprint: u64) {
        let counts = &mut self.counts;
        counts.received += 1;
        if number >= self.next {
            counts.in_order += 1;
            self.next = number + 1;
        }
        // What arrived was sent, whatever the worker has told so far.
        counts.sent = counts.sent.max(self.next);
        self.digest = digest(self.digest, fingerprint);
        if counts.state == WorkerState::Starting {
            counts.state = WorkerState::Sending;
        }
    }

    /// The worker told its counts.
    pub(super) fn told(&mut self, told: Told) {
        let counts = &mut self.counts;
        counts.sent = counts.sent.max(told.sent);
        counts.dropped = told.dropped;
        counts.state = WorkerState::Sending;
        if let Some(digest) = told.digest {
            counts.state = WorkerState::Done;
            counts.content_matches =
                (counts.received == told.sent).then_some(self.digest == digest);
        }
    }

    /// The worker's process has ended.
    pub(super) fn gone(&mut self) {
        if self.counts.state != WorkerState::Done {
            self.counts.state = WorkerState::Gone;
        }
    }

    /// Whether nothing more is expected.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.counts.state, WorkerState::Done | WorkerState::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(numbers: &[u64]) -> Tally {
        let mut tally = Tally::new("w".into());
        numbers
            .iter()
            .for_each(|number| tally.row(*number, number + 100));
        tally
    }

    fn told(numbers: &[u64], tally: &mut Tally) {
        let digest = numbers
            .iter()
            .fold(0, |so_far, number| digest(so_far, number + 100));
        let sent = numbers.len() as u64;
        tally.told(Told {
            sent,
            dropped: 0,
            digest: Some(digest),
        });
    }

    #[test]
    fn complete_row_of_rows_matches() {
        let mut tally = tally(&[0, 1, 2]);
        told(&[0, 1, 2], &mut tally);
        let counts = tally.counts();
        assert_eq!((counts.sent, counts.received, counts.in_order), (3, 3, 3));
        assert_eq!(counts.content_matches, Some(true));
        assert!(tally.is_over());
    }

    #[test]
    fn loss_repetition_and_disorder_are_seen() {
        for (numbers, received, in_order) in [
            (&[0, 2][..], 2, 2),
            (&[0, 1, 1, 2], 4, 3),
            (&[1, 0, 2], 3, 2),
        ] {
            let mut tally = tally(numbers);
            told(&[0, 1, 2], &mut tally);
            let counts = tally.counts();
            assert_eq!(
                (counts.received, counts.in_order),
                (received, in_order),
                "of {numbers:?}"
            );
            assert_ne!(counts.content_matches, Some(true), "of {numbers:?}");
        }
    }

    #[test]
    fn worker_that_went_without_a_word_has_sent_what_arrived() {
        let mut tally = tally(&[0, 1, 5]);
        tally.gone();
        assert_eq!(
            (tally.counts().sent, tally.counts().state),
            (6, WorkerState::Gone)
        );
    }
}
