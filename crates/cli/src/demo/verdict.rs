//! The verdict on a run of the demo: one line, and whether all went well.

use std::fmt;

use super::report::{Snapshot, WorkerState};
use crate::render::number::count;

/// What is to be said in the end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    sent: u64,
    received: u64,
    in_order: u64,
    lost: u64,
    problems: Vec<String>,
}

impl Verdict {
    /// Judges the final counts. `problems` are those of the processes.
    pub(super) fn new(counts: &Snapshot, problems: Vec<String>) -> Self {
        let mut verdict = Self {
            sent: counts.sent(),
            received: counts.received(),
            in_order: counts.in_order(),
            lost: counts.lost(),
            problems,
        };
        let mut problem = |text: String| verdict.problems.push(text);
        for worker in &counts.workers {
            match (worker.state, worker.content_matches) {
                (WorkerState::Done, Some(false)) => {
                    problem(format!("rows of {} differ from what it sent", worker.name));
                }
                (WorkerState::Done | WorkerState::Gone, _) => {}
                (WorkerState::Starting | WorkerState::Sending, _) => {
                    problem(format!("{} never told its counts", worker.name));
                }
            }
        }
        if counts.strange > 0 {
            problem(format!(
                "{} messages were not understood",
                count(counts.strange)
            ));
        }
        if counts.received() == 0 {
            problem("nothing arrived".to_owned());
        }
        verdict
    }

    /// Whether every event arrived, in order and unharmed, and nothing else went wrong.
    pub(super) fn is_good(&self) -> bool {
        let complete = self.received == self.sent && self.in_order == self.received;
        complete && self.lost == 0 && self.problems.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "verdict: {}: sent {}, received {}, in order {}, lost {}",
            if self.is_good() { "good" } else { "FAILED" },
            count(self.sent),
            count(self.received),
            count(self.in_order),
            count(self.lost)
        )?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "; {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::WorkerCounts;
    use super::*;

    fn worker(sent: u64, received: u64, in_order: u64) -> WorkerCounts {
        WorkerCounts {
            name: "worker-1".into(),
            state: WorkerState::Done,
            sent,
            received,
            in_order,
            content_matches: (sent == received).then_some(true),
            ..WorkerCounts::default()
        }
    }

    fn verdict(edit: impl FnOnce(&mut Snapshot), problems: &[&str]) -> Verdict {
        let workers = vec![worker(1000, 1000, 1000), worker(5, 5, 5)];
        let mut counts = Snapshot {
            workers,
            ..Snapshot::default()
        };
        edit(&mut counts);
        Verdict::new(
            &counts,
            problems.iter().map(|text| (*text).to_owned()).collect(),
        )
    }

    #[test]
    fn all_that_arrived_in_order_is_good() {
        let verdict = verdict(|_| {}, &[]);
        assert!(verdict.is_good());
        assert_eq!(
            verdict.to_string(),
            "verdict: good: sent 1,005, received 1,005, in order 1,005, lost 0"
        );
    }

    #[test]
    fn anything_else_fails() {
        let loss = verdict(|counts| counts.workers[0] = worker(10, 8, 8), &[]);
        assert!(
            loss.to_string()
                .contains("FAILED: sent 15, received 13, in order 13, lost 2")
        );
        for bad in [
            loss,
            verdict(|counts| counts.workers[0] = worker(10, 10, 9), &[]),
            // What one lost must not be made up for by what another repeated.
            verdict(
                |counts| counts.workers = vec![worker(10, 9, 9), worker(10, 11, 11)],
                &[],
            ),
            verdict(
                |counts| counts.workers[0].content_matches = Some(false),
                &[],
            ),
            verdict(|counts| counts.workers[0].state = WorkerState::Sending, &[]),
            verdict(|counts| counts.strange = 1, &[]),
            verdict(|counts| counts.workers.clear(), &[]),
            verdict(|_| {}, &["worker-2 was killed by signal 9"]),
        ] {
            assert!(!bad.is_good(), "{bad}");
        }
    }
}
