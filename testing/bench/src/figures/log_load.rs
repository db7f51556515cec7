//! Event round trips on a link that the log class keeps full, beside the same on an idle link.

use std::time::{Duration, Instant};

use super::{Bench, Figure, paired};
use crate::Group;
use crate::deployment::{System, round_trips};
use crate::report::{Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "events under a load of logs",
    group: Group::Events,
    ids: &["event_p99_under_logs_ratio"],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(120),
    measure,
};

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let p99_us = |words: &[&str]| {
        let times = round_trips(&bench.programs, System::Ours, words, deadline)?;
        Ok(times.p99_ns / 1e3)
    };
    let outcome = paired(bench.runs, || p99_us(&["--log-load"]), || p99_us(&[]));
    vec![Row {
        id: FIGURE.ids[0].to_owned(),
        target: Target::AtMost(3.0),
        unit: "us",
        outcome,
    }]
}
