//! What a batch of log rows costs beside the same rows as Zeek sends them over ZeroMQ: bytes on the
//! wire, and instructions.

use std::time::{Duration, Instant};

use super::formats::instructions_per_turn;
use super::{Bench, Figure};
use crate::Group;
use crate::failure::Result;
use crate::log_sample::{BATCH_ROW_COUNT, Log};
use crate::probe::Probe;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "log batches",
    group: Group::Logging,
    ids: &[BYTES, ENCODE, DECODE],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(120),
    measure,
};

const BYTES: &str = "log_wire_bytes_vs_zeek_bin";
const ENCODE: &str = "log_encode_instructions_vs_zeek_bin";
const DECODE: &str = "log_decode_instructions_vs_zeek_bin";

fn measure(bench: &Bench, _: Instant) -> Vec<Row> {
    let instructions = |ours, zeek_bin, note: &'static str| {
        move || {
            let once = |probe| instructions_per_turn(bench, probe, 4, 24);
            let (Some(ours), Some(zeek_bin)) = (once(ours)?, once(zeek_bin)?) else {
                let why = "valgrind is not installed: apt-get install valgrind";
                return Ok(Outcome::Skipped(why.to_owned()));
            };
            Ok(Outcome::ratio(&per_row(ours), &per_row(zeek_bin), note))
        }
    };
    let encode = instructions(
        Probe::LogEncodeOurs,
        Probe::LogEncodeZeekBin,
        "exact, one run, from cells",
    );
    let decode = instructions(
        Probe::LogDecodeOurs,
        Probe::LogDecodeZeekBin,
        "exact, one run, every cell visited",
    );
    let row = |id: &str, most, unit, measure: &dyn Fn() -> Result<Outcome>| {
        bench.wants(id).then(|| Row {
            id: id.to_owned(),
            target: Target::AtMost(most),
            unit,
            outcome: measure().unwrap_or_else(Outcome::Failed),
        })
    };
    let rows = [
        row(BYTES, 0.6, "bytes/row", &bytes),
        row(ENCODE, 0.5, "instructions/row", &encode),
        row(DECODE, 0.3, "instructions/row", &decode),
    ];
    rows.into_iter().flatten().collect()
}

#[expect(clippy::cast_precision_loss, reason = "batches take kilobytes")]
fn bytes() -> Result<Outcome> {
    let log = Log::load()?;
    let (mut ours, mut zeek_bin) = (0, 0);
    log.encode_ours(log.batch_count(), |bytes| ours += bytes.len())?;
    log.encode_zeek_bin(log.batch_count(), |bytes| zeek_bin += bytes.len())?;
    let batches = log.batch_count() as f64;
    Ok(Outcome::ratio(
        &per_row(ours as f64 / batches),
        &per_row(zeek_bin as f64 / batches),
        "rows of the real conn.log, a thousand to a batch",
    ))
}

/// What one row of a batch takes.
#[expect(clippy::cast_precision_loss, reason = "a batch has a thousand rows")]
fn per_row(batch: f64) -> Samples {
    [batch / BATCH_ROW_COUNT as f64].into_iter().collect()
}
