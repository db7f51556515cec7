//! A subscriber that was stopped behind a forwarder: what the other one still receives.

use std::time::{Duration, Instant};

use super::stopped::run;
use super::{Bench, Figure, paired};
use crate::Group;
use crate::deployment::System;
use crate::report::{Row, Target};

pub(super) const FIGURE: Figure = Figure {
    name: "a stopped subscriber behind a forwarder",
    group: Group::Cluster,
    ids: &["slow_consumer_rate_ratio"],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(90),
    measure,
};

const PAYLOAD_BYTES: usize = 200;

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let rate = |stopped| Ok(run(bench, System::Relayed, PAYLOAD_BYTES, stopped, deadline)?.0);
    let outcome = paired(bench.runs, || rate(true), || rate(false));
    vec![Row {
        id: FIGURE.ids[0].to_owned(),
        target: Target::AtLeast(0.9),
        unit: "M msg/s",
        outcome,
    }]
}
