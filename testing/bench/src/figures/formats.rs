//! What the formats cost: instructions beside the bare generated code, and bytes decoded.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bench, Figure};
use crate::Group;
use crate::failure::{Failure, Result};
use crate::probe::Probe;
use crate::process::Process;
use crate::report::{Outcome, Row, Target};
use crate::sample;
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "formats",
    group: Group::Events,
    ids: &[INSTRUCTIONS, DECODE, ALLOCATIONS, ALLOCATIONS_ENCODED],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(60),
    measure,
};

const INSTRUCTIONS: &str = "capnp_event_instructions_vs_bare";
const DECODE: &str = "broker_bin_decode_mb_per_s";
const ALLOCATIONS: &str = "allocs_per_message";
const ALLOCATIONS_ENCODED: &str = "allocs_per_encoded_message";
/// How long each run decodes.
const DECODE_TIME: Duration = Duration::from_millis(300);

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let mut rows = Vec::new();
    if bench.wants(INSTRUCTIONS) {
        let outcome = instruction_ratio(bench).unwrap_or_else(Outcome::Failed);
        let (id, target) = (INSTRUCTIONS.to_owned(), Target::AtMost(1.5));
        rows.push(Row {
            id,
            target,
            unit: "instructions/event",
            outcome,
        });
    }
    if bench.wants(DECODE) {
        let runs: Result<Samples> = (0..bench.runs).map(|_| decode_mb_per_s()).collect();
        let outcome = match runs {
            Ok(samples) => Outcome::single(&samples, "decoded into owned values"),
            Err(failure) => Outcome::Failed(failure),
        };
        rows.push(Row {
            id: DECODE.to_owned(),
            target: Target::None,
            unit: "MB/s",
            outcome,
        });
    }
    let counted = [
        (
            ALLOCATIONS,
            "event-to-delivery",
            1.0,
            "from values to an IO thread handler",
        ),
        (
            ALLOCATIONS_ENCODED,
            "encoded-to-delivery",
            0.0,
            "from bytes to an IO thread handler",
        ),
    ];
    for (id, stretch, most, note) in counted {
        if !bench.wants(id) {
            continue;
        }
        let outcome = allocations(bench, stretch, deadline).map_or_else(Outcome::Failed, |each| {
            Outcome::single(&[each].into_iter().collect(), note)
        });
        // A hundredth of an allocation: buffers for many messages.
        let target = Target::AtMost(most + 0.01);
        rows.push(Row {
            id: id.to_owned(),
            target,
            unit: "allocations",
            outcome,
        });
    }
    rows
}

/// Allocations for each message on that stretch of its way, both nodes together.
pub(super) fn allocations(bench: &Bench, stretch: &str, deadline: Instant) -> Result<f64> {
    let program = bench
        .programs
        .own
        .with_file_name("zeekwire-bench-allocations");
    let mut counter = Process::start("allocation counter", &mut Command::new(program), deadline)?;
    loop {
        let words = counter.next_line()?;
        if words.verb() == stretch {
            return Ok(words.value::<f64>("allocations")? / words.value::<f64>("count")?);
        }
    }
}

fn instruction_ratio(bench: &Bench) -> Result<Outcome> {
    let once = |probe| instructions_per_turn(bench, probe, 1_000, 11_000);
    let (Some(ours), Some(bare)) = (once(Probe::EventOurs)?, once(Probe::EventBare)?) else {
        let why = "valgrind is not installed: apt-get install valgrind";
        return Ok(Outcome::Skipped(why.to_owned()));
    };
    let samples = |value| [value].into_iter().collect();
    Ok(Outcome::ratio(
        &samples(ours),
        &samples(bare),
        "exact, one run",
    ))
}

/// Instructions of one turn of the probe's loop: the difference of a long and a short run, so that
/// what it costs to start and to warm up cancels. `None` where there is no counter.
#[expect(
    clippy::cast_precision_loss,
    reason = "a turn takes at most millions of instructions"
)]
pub(super) fn instructions_per_turn(
    bench: &Bench,
    probe: Probe,
    short: u64,
    long: u64,
) -> Result<Option<f64>> {
    if bench.programs.valgrind.is_none() {
        return Ok(None);
    }
    let few = instructions(bench, probe, short)?;
    let many = instructions(bench, probe, long)?;
    Ok(Some(
        many.saturating_sub(few) as f64 / (long - short) as f64,
    ))
}

fn instructions(bench: &Bench, probe: Probe, count: u64) -> Result<u64> {
    let valgrind = bench
        .programs
        .valgrind
        .as_ref()
        .ok_or_else(|| Failure::new("no valgrind"))?;
    let output = Command::new(valgrind)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(&bench.programs.own)
        .args(["probe", probe.word(), "--count", &count.to_string()])
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    match parse_collected(&text) {
        Some(instructions) if output.status.success() => Ok(instructions),
        _ => Err(Failure::new(format!(
            "valgrind ended with {}: {text}",
            output.status
        ))),
    }
}

/// The number on callgrind's line `==pid== Collected : 12345`.
fn parse_collected(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "a run decodes megabytes")]
fn decode_mb_per_s() -> Result<f64> {
    let format = zeekwire_serializer::by_name("broker-bin-v1")
        .ok_or_else(|| Failure::new("the format broker-bin-v1 is not there"))?;
    let mut bytes = Vec::new();
    let event = sample::connection();
    format
        .encode(&event, &mut bytes)
        .map_err(|error| Failure::new(error.to_string()))?;
    let mut decoded = 0;
    let start = Instant::now();
    while start.elapsed() < DECODE_TIME {
        for _ in 0..100 {
            let event = format.decode(black_box(&bytes));
            black_box(event.map_err(|error| Failure::new(error.to_string()))?);
            decoded += bytes.len();
        }
    }
    Ok(decoded as f64 / start.elapsed().as_secs_f64() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_read_from_callgrinds_summary() {
        let text = "==7== Events    : Ir\n==7== Collected : 148312\n==7== \n";
        assert_eq!(parse_collected(text), Some(148_312));
        assert_eq!(parse_collected("==7== Command: program"), None);
    }
}
