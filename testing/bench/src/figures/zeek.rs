//! The plugin in a real Zeek, beside Zeek's ZeroMQ backend: scripts in `zeek/`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Bench, Figure};
use crate::Group;
use crate::failure::{Failure, Result};
use crate::process::Process;
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;
use crate::words::Words;

pub(super) const FIGURE: Figure = Figure {
    name: "Zeek, script to script",
    group: Group::Zeek,
    ids: &[LOST, REFUSED, RATE, CPU, MEMORY, RTT, RTT_P99, PUBLISH],
    extras: &[],
    rivals: true,
    limit: Duration::from_secs(600),
    measure,
};

const LOST: &str = "zeek_events_lost";
const REFUSED: &str = "zeek_events_refused";
const RATE: &str = "zeek_events_rate_vs_zeromq";
const CPU: &str = "zeek_events_cpu_vs_zeromq";
const MEMORY: &str = "zeek_events_memory_vs_zeromq";
const RTT: &str = "zeek_rtt_p50_vs_zeromq";
const RTT_P99: &str = "zeek_rtt_p99_vs_zeromq";
const PUBLISH: &str = "zeek_publish_ns_vs_none";

const FLOOD_COUNT: u32 = 200_000;
const ROUND_TRIP_COUNT: u32 = 5_000;
const PUBLISH_COUNT: u32 = 50_000;
/// From the start of two processes of Zeek to their result.
const RUN_MAX: Duration = Duration::from_secs(60);

/// What scripts call a backend.
type Backend = &'static str;
const OURS: Backend = "zeekwire";
const ZEROMQ: Backend = "zeromq";
const NONE: Backend = "none";

/// One id: its quantity in the result line of a run.
struct Quantity {
    id: &'static str,
    target: Target,
    unit: &'static str,
    of: fn(&Words) -> Result<f64>,
    /// Beside what; alone where there is none.
    rival: Option<Backend>,
}

const FLOOD: &[Quantity] = &[
    Quantity {
        id: LOST,
        target: Target::AtMost(0.0),
        unit: "events",
        of: |line| Ok(line.value::<f64>("attempted")? - line.value::<f64>("received")?),
        rival: None,
    },
    Quantity {
        id: REFUSED,
        target: Target::AtMost(0.0),
        unit: "events",
        of: |line| line.value("refused"),
        rival: None,
    },
    Quantity {
        id: RATE,
        target: Target::AtLeast(2.5),
        unit: "k events/s",
        of: |line| Ok(line.value::<f64>("received")? / line.value::<f64>("receive_s")? / 1e3),
        rival: Some(ZEROMQ),
    },
    Quantity {
        id: CPU,
        target: Target::AtMost(0.4),
        unit: "ns CPU/event",
        of: |line| Ok(line.value::<f64>("cpu_s")? * 1e9 / line.value::<f64>("received")?),
        rival: Some(ZEROMQ),
    },
    Quantity {
        id: MEMORY,
        target: Target::AtMost(1.0),
        unit: "MiB",
        of: |line| Ok(line.value::<f64>("grown_bytes")? / f64::from(1 << 20)),
        rival: Some(ZEROMQ),
    },
];

const ROUND_TRIP: &[Quantity] = &[
    Quantity {
        id: RTT,
        target: Target::AtMost(0.6),
        unit: "us",
        of: |line| line.value("p50_us"),
        rival: Some(ZEROMQ),
    },
    Quantity {
        id: RTT_P99,
        target: Target::None,
        unit: "us",
        of: |line| line.value("p99_us"),
        rival: Some(ZEROMQ),
    },
];

const PUBLISHING: &[Quantity] = &[Quantity {
    id: PUBLISH,
    target: Target::AtMost(2.5),
    unit: "ns",
    of: |line| Ok(line.value::<f64>("publish_s")? * 1e9 / f64::from(PUBLISH_COUNT)),
    rival: Some(NONE),
}];

fn measure(bench: &Bench, deadline: Instant) -> Vec<Row> {
    let kinds = [
        ("flood.zeek", FLOOD_COUNT, FLOOD),
        ("rtt.zeek", ROUND_TRIP_COUNT, ROUND_TRIP),
        ("publish.zeek", PUBLISH_COUNT, PUBLISHING),
    ];
    let mut rows = Vec::new();
    for (script, count, quantities) in kinds {
        let wanted: Vec<_> = quantities
            .iter()
            .filter(|quantity| bench.wants(quantity.id))
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let job = Job {
            script,
            count,
            deadline,
        };
        rows.extend(job.rows(bench, &wanted));
    }
    rows
}

/// Runs of one script.
struct Job {
    script: &'static str,
    count: u32,
    deadline: Instant,
}

impl Job {
    fn rows(&self, bench: &Bench, wanted: &[&Quantity]) -> Vec<Row> {
        let rival = wanted.iter().find_map(|quantity| quantity.rival);
        let outcomes = match missing(bench) {
            Some(why) => Err(Outcome::Skipped(why)),
            None => self.runs(bench, rival).map_err(Outcome::Failed),
        };
        let row = |quantity: &&Quantity| Row {
            id: quantity.id.to_owned(),
            target: quantity.target,
            unit: quantity.unit,
            outcome: match &outcomes {
                Err(outcome) => outcome.clone(),
                Ok(runs) => outcome(bench, quantity, runs).unwrap_or_else(Outcome::Failed),
            },
        };
        wanted.iter().map(row).collect()
    }

    /// The result lines of ours and of the rival, taken in turns.
    fn runs(&self, bench: &Bench, rival: Option<Backend>) -> Result<[Vec<Words>; 2]> {
        let mut lines = [Vec::new(), Vec::new()];
        for _ in 0..bench.runs {
            if !bench.rivals_alone() {
                lines[0].push(self.run(bench, OURS)?);
            }
            if let Some(rival) = rival {
                lines[1].push(self.run(bench, rival)?);
            }
        }
        Ok(lines)
    }

    /// One run of a manager and a worker. The worker tells the result.
    fn run(&self, bench: &Bench, backend: Backend) -> Result<Words> {
        let deadline = self.deadline.min(Instant::now() + RUN_MAX);
        let place = TempDir::new()?;
        // Zeek looks for it in the folder that it runs in.
        fs::copy(
            script("cluster-layout.zeek"),
            place.path().join("cluster-layout.zeek"),
        )?;
        let ports = free_ports()?;
        let start = |node: &str| {
            let mut command = zeek(bench)?;
            command
                .current_dir(place.path())
                .arg("--no-checksums")
                .arg(script(self.script))
                .env("CLUSTER_NODE", node)
                .env("BENCH_BACKEND", backend)
                .env("BENCH_COUNT", self.count.to_string());
            for (at, port) in (1..).zip(ports) {
                command.env(format!("BENCH_PORT_{at}"), port.to_string());
            }
            if backend == NONE {
                command.env_remove("CLUSTER_NODE");
            }
            Process::start(&format!("{backend} {node}"), &mut command, deadline)
        };
        let _manager = match backend {
            NONE => None,
            _ => Some(start("manager")?),
        };
        start("worker-1")?.expect("result")
    }
}

/// Where a script of the measurements is.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("zeek")
        .join(name)
}

fn outcome(bench: &Bench, quantity: &Quantity, [ours, rival]: &[Vec<Words>; 2]) -> Result<Outcome> {
    let samples = |lines: &[Words]| lines.iter().map(quantity.of).collect::<Result<Vec<f64>>>();
    let ours: Samples = samples(ours)?.into_iter().collect();
    if quantity.rival.is_none() {
        return Ok(Outcome::single(&ours, format!("{} runs", ours.count())));
    }
    let rival: Samples = samples(rival)?.into_iter().collect();
    let note = format!("{} runs", rival.count());
    Ok(match bench.rivals_alone() {
        true => Outcome::rival(&rival, note),
        false => Outcome::ratio(&ours, &rival, note),
    })
}

fn zeek(bench: &Bench) -> Result<Command> {
    let program: Option<&PathBuf> = bench.programs.zeek.as_ref();
    let program = program.ok_or_else(|| Failure::new("there is no zeek on PATH"))?;
    Ok(Command::new(program))
}

/// Why nothing of this can be measured, if that is so.
fn missing(bench: &Bench) -> Option<String> {
    let Ok(mut zeek) = zeek(bench) else {
        return Some("there is no zeek on PATH; docs/operating/zeek.md says how to get one".into());
    };
    let found = zeek
        .args(["-N", "Zeekwire::Cluster"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match found {
        Ok(status) if status.success() => None,
        _ => Some(
            "zeek does not find the plugin; build crates/zeek-plugin and set ZEEK_PLUGIN_PATH to \
             its build folder"
                .into(),
        ),
    }
}

/// Ports that nobody listens on now.
fn free_ports() -> Result<[u16; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        match listener {
            Ok(listener) => *port = listener.local_addr()?.port(),
            Err(error) => return Err(Failure::new(format!("no free port: {error}"))),
        }
    }
    Ok(ports)
}
