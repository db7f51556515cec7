//! A thousand idle links: what they add to one process's memory, and what they cost meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use super::{Bench, Figure};
use crate::Group;
use crate::deployment::{System, listening};
use crate::failure::Result;
use crate::process::Process;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

pub(super) const FIGURE: Figure = Figure {
    name: "idle links",
    group: Group::Events,
    ids: &[MEMORY, CPU],
    extras: &[],
    rivals: false,
    limit: Duration::from_secs(90),
    measure,
};

const MEMORY: &str = "idle_link_kib";
const CPU: &str = "idle_links_cpu_percent";
const LINK_COUNT: u16 = 1000;
/// Processes that hold the other ends, so that none needs too many threads.
const SWARM_COUNT: u16 = 4;
/// Buffers may be given back meanwhile.
const SETTLE: Duration = Duration::from_secs(3);
/// Eight bursts of heartbeats: one more or less that falls into it matters little.
const IDLE: Duration = Duration::from_secs(21);
/// What counts as no measurable CPU.
///
/// A hundredth of a processor for all links is 10 µs each second for one of them, and less than
/// the spread between two runs of any rate that is measured here: no other figure can tell
/// whether the links are there. It is one step of the kernel's usual counters, 10 ms, in a second.
/// Most of it is the exchange itself, one small message each way per link and interval; on a
/// loopback the sender is also charged for receiving it and for waking the peer, more than a third
/// of the whole.
const CPU_PERCENT_MAX: f64 = 1.0;

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let (memory, cpu) = match idle(bench, deadline) {
        Ok((kib, percent)) => {
            let one = |value: f64| [value].into_iter().collect::<Samples>();
            (
                Outcome::single(&one(kib), format!("{LINK_COUNT} links, one run")),
                Outcome::single(&one(percent), "of one processor, heartbeats on"),
            )
        }
        Err(failure) => (Outcome::Failed(failure.clone()), Outcome::Failed(failure)),
    };
    let rows = [
        Row {
            id: MEMORY.to_owned(),
            target: Target::AtMost(64.0),
            unit: "KiB",
            outcome: memory,
        },
        Row {
            id: CPU.to_owned(),
            target: Target::AtMost(CPU_PERCENT_MAX),
            unit: "%",
            outcome: cpu,
        },
    ];
    rows.into_iter()
        .filter(|row| bench.wants(&row.id))
        .collect()
}

/// Memory for each link in KiB, and percent of a processor for all of them.
#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 KiB")]
fn idle(bench: &Bench, deadline: Instant) -> Result<(f64, f64)> {
    let mut command = bench.programs.role(System::Ours, "hub");
    command.args(["--links", &LINK_COUNT.to_string()]);
    let mut hub = Process::start("hub", &mut command, deadline)?;
    let address = listening(&mut hub)?;
    let before = hub.memory_kib()?;
    let mut swarms = Vec::new();
    for number in 0..SWARM_COUNT {
        let mut command = bench.programs.role(System::Ours, "swarm");
        command.args(["--address", &address]);
        command.args(["--links", &(LINK_COUNT / SWARM_COUNT).to_string()]);
        swarms.push(Process::start(
            &format!("swarm {number}"),
            &mut command,
            deadline,
        )?);
    }
    hub.expect("quiet")?;
    for swarm in &mut swarms {
        swarm.expect("quiet")?;
    }
    thread::sleep(SETTLE);
    let ran_before = hub.run_time()?;
    let began = Instant::now();
    thread::sleep(IDLE);
    let ran = hub.run_time()?.saturating_sub(ran_before);
    let lasted = began.elapsed();
    let grown = hub.memory_kib()?.saturating_sub(before);
    let percent = 100.0 * ran.as_secs_f64() / lasted.as_secs_f64();
    Ok((grown as f64 / f64::from(LINK_COUNT), percent))
}
