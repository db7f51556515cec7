//! A subscriber that was stopped: what the other one still receives, and what the publisher holds.

use std::thread;
use std::time::{Duration, Instant};

use super::pubsub::ONE_TO_ONE;
use super::{Bench, Figure};
use crate::Group;
use crate::deployment::{PubSub, Shape, System};
use crate::failure::Result;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "a stopped subscriber",
    group: Group::Events,
    ids: &[RATE, MEMORY, MEMORY_100B],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(150),
    measure,
};

const RATE: &str = "stopped_subscriber_rate_ratio";
const MEMORY: &str = "stopped_subscriber_memory_kib";
const MEMORY_100B: &str = "stopped_subscriber_memory_100b_kib";

/// What the publisher's process may grow by: the budget of the events class for one peer.
const BUDGET_KIB: f64 = 8192.0;

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let mut rows = Vec::new();
    for (payload_bytes, rate_id, memory_id) in [(200, Some(RATE), MEMORY), (100, None, MEMORY_100B)]
    {
        let rate_id = rate_id.filter(|id| bench.wants(id));
        if rate_id.is_none() && !bench.wants(memory_id) {
            continue;
        }
        let (rate, memory) = match runs(bench, payload_bytes, deadline) {
            Ok(outcomes) => outcomes,
            Err(failure) => (Outcome::Failed(failure.clone()), Outcome::Failed(failure)),
        };
        if let Some(id) = rate_id {
            let target = Target::AtLeast(0.9);
            rows.push(Row {
                id: id.to_owned(),
                target,
                unit: "M msg/s",
                outcome: rate,
            });
        }
        if bench.wants(memory_id) {
            let target = Target::AtMost(BUDGET_KIB);
            rows.push(Row {
                id: memory_id.to_owned(),
                target,
                unit: "KiB",
                outcome: memory,
            });
        }
    }
    rows
}

/// Runs with and without the stopped subscriber in turn: the other one's rate, and the growth of
/// the publisher's memory beyond what it grows by when nobody is stopped.
fn runs(bench: &Bench, payload_bytes: usize, deadline: Instant) -> Result<(Outcome, Outcome)> {
    let mut with = Vec::new();
    let mut without = Vec::new();
    for _ in 0..bench.runs {
        with.push(run(bench, System::Ours, payload_bytes, true, deadline)?);
        without.push(run(bench, System::Ours, payload_bytes, false, deadline)?);
    }
    let rates = |runs: &[(f64, f64)]| runs.iter().map(|run| run.0).collect::<Samples>();
    let growth: Samples = with
        .iter()
        .zip(&without)
        .map(|(with, base)| with.1 - base.1)
        .collect();
    let note = format!("{} runs; rival: nobody stopped", with.len());
    Ok((
        Outcome::ratio(&rates(&with), &rates(&without), note),
        Outcome::single(&growth, memory_note(&with, &without)),
    ))
}

/// What the growth is the difference of.
fn memory_note(with: &[(f64, f64)], without: &[(f64, f64)]) -> String {
    let median = |runs: &[(f64, f64)]| {
        runs.iter()
            .map(|run| run.1)
            .collect::<Samples>()
            .median()
            .unwrap_or_default()
    };
    let (with, without) = (median(with), median(without));
    format!("grew by {with} KiB, and by {without} KiB when nobody was stopped")
}

/// The rate of the subscriber that is not stopped, in millions per second, and the growth of the
/// publisher's memory in KiB.
#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
pub(super) fn run(
    bench: &Bench,
    system: System,
    payload_bytes: usize,
    stopped: bool,
    deadline: Instant,
) -> Result<(f64, f64)> {
    let subscribers = 1 + usize::from(stopped);
    let shape = Shape {
        subscribers,
        payload_bytes,
        ..ONE_TO_ONE
    };
    let mut pubsub = PubSub::start(&bench.programs, system, &shape, deadline)?;
    let before = pubsub.publisher.memory_kib()?;
    pubsub.go()?;
    // Let it receive first: a peer stops in the midst of traffic.
    thread::sleep(ONE_TO_ONE.warmup / 2);
    if let Some(second) = pubsub.subscribers.get(1) {
        second.pause()?;
    }
    let throughput = pubsub.measure(1)?;
    let after = pubsub.publisher.memory_kib()?;
    Ok((
        throughput.millions_per_second(),
        after as f64 - before as f64,
    ))
}
