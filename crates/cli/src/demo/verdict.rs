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
    /// Whether every worker told its counts: else more may have been sent, and lost.
    is_complete: bool,
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
            is_complete: counts.is_complete(),
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
        let all_arrived = self.received == self.sent && self.in_order == self.received;
        self.is_complete && all_arrived && self.lost == 0 && self.problems.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.is_complete { "" } else { "at least " };
        write!(
            f,
            "verdict: {}: sent {at_least}{}, received {}, in order {}, lost ",
            if self.is_good() { "good" } else { "FAILED" },
            count(self.sent),
            count(self.received),
            count(self.in_order),
        )?;
        if self.is_complete || self.lost > 0 {
            write!(f, "{at_least}{}", count(self.lost))?;
        } else {
            f.write_str("unknown")?;
        }
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
    fn loss_is_unknown_where_a_worker_did_not_tell_its_counts() {
        for state in [WorkerState::Gone, WorkerState::Sending] {
            let bad = verdict(|counts| counts.workers[0].state = state, &[]);
            let text = bad.to_string();
            let expected = "verdict: FAILED: sent at least 1,005, received 1,005, \
                            in order 1,005, lost unknown";
            assert!(text.starts_with(expected), "{text}");
        }
        let gap = verdict(
            |counts| {
                counts.workers[0] = worker(10, 8, 8);
                counts.workers[1].state = WorkerState::Gone;
            },
            &[],
        );
        let expected = "sent at least 15, received 13, in order 13, lost at least 2";
        assert!(gap.to_string().ends_with(expected), "{gap}");
        let nothing = verdict(|counts| counts.workers.clear(), &[]).to_string();
        assert!(nothing.contains("lost unknown"), "{nothing}");
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
