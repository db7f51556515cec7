//! The verdict on a run of the demo: one line, and whether all went well.

use std::fmt;

use super::audit::{Audit, Loss};
use crate::render::number::count;

/// Faults that are told; more only make a long line longer.
const FAULT_COUNT_MAX: usize = 8;

/// What is to be said in the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    pub(super) audit: Audit,
    /// What went wrong with the processes.
    problems: Vec<String>,
}

impl Verdict {
    /// Judges what the books say, and what happened to the processes.
    pub(super) const fn new(audit: Audit, problems: Vec<String>) -> Self {
        Self { audit, problems }
    }

    /// Whether every event is accounted for, and nothing else went wrong.
    pub(super) const fn is_good(&self) -> bool {
        self.audit.faults.is_empty() && self.problems.is_empty()
    }

    fn unaccounted(&self) -> u64 {
        let accounted = self.audit.received + self.audit.lost();
        self.audit.published.abs_diff(accounted)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "verdict: {}: published {}, received {}, lost {}, unaccounted {}",
            if self.is_good() { "good" } else { "FAILED" },
            count(self.audit.published),
            count(self.audit.received),
            count(self.audit.lost()),
            count(self.unaccounted()),
        )?;
        let reasons: Vec<&String> = self.problems.iter().chain(&self.audit.faults).collect();
        for reason in reasons.iter().take(FAULT_COUNT_MAX) {
            write!(f, "; {reason}")?;
        }
        match reasons.len().saturating_sub(FAULT_COUNT_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFlightTo(name) => {
                write!(f, "in flight to {name}, or in it, when it was killed")
            }
            Self::With(name) => {
                write!(f, "in {name}, which had published them, when it was killed")
            }
            Self::NoRoute(name) => {
                write!(
                    f,
                    "for {name} while no route led there, as their publishers counted"
                )
            }
            Self::Counted(cause, node, peer) => {
                write!(
                    f,
                    "for {peer}, as {node} counted: {}",
                    cause.replace('_', " ")
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_is_what_has_neither_faults_nor_problems() {
        let mut audit = Audit {
            published: 1005,
            received: 1000,
            ..Audit::default()
        };
        audit.losses.insert(Loss::With("worker-1".into()), 5);
        let verdict = Verdict::new(audit.clone(), Vec::new());
        assert!(verdict.is_good());
        assert_eq!(
            verdict.to_string(),
            "verdict: good: published 1,005, received 1,000, lost 5, unaccounted 0"
        );
        let problem = Verdict::new(audit.clone(), vec!["interrupted".into()]);
        assert!(!problem.is_good());
        assert!(problem.to_string().ends_with("; interrupted"), "{problem}");
        audit.published += 2;
        audit.faults = vec!["no".into(); 10];
        let failed = Verdict::new(audit, Vec::new());
        assert!(!failed.is_good());
        let text = failed.to_string();
        assert!(
            text.starts_with("verdict: FAILED: published 1,007, "),
            "{text}"
        );
        assert!(text.contains("unaccounted 2; no;"), "{text}");
        assert!(text.ends_with("; and 2 more"), "{text}");
    }
}
