//! Measures Zeekwire beside its rivals on this machine.
//!
//! `run` starts the processes of each system under test in turn and prints what they yield; `role`
//! is what those processes run. README.md tells what each figure measures and how each rival is
//! tuned.

#![forbid(unsafe_code)]

mod deployment;
mod failure;
mod figures;
mod log_sample;
mod mesh;
mod ours;
mod payload;
mod probe;
mod process;
mod report;
mod rivals;
mod role;
mod sample;
mod stats;
mod window;
mod words;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use deployment::Programs;
use failure::{Failure, Result};
use figures::Bench;
use probe::Probe;
use role::{Job, Roles};

/// Measures Zeekwire beside its rivals.
#[derive(Parser)]
#[command(name = "testing/bench/run")]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Measures the figures of a group.
    Run {
        /// What to measure.
        group: Group,
        /// Print one JSON object a line instead of a table.
        #[arg(long)]
        json: bool,
        /// Measure only these figures.
        #[arg(long, value_name = "ID,...", value_delimiter = ',')]
        only: Vec<String>,
        /// Runs of each system per figure.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
        runs: u16,
        /// The program built from rivals/zeromq.c.
        #[arg(long, value_name = "PROGRAM")]
        zeromq: Option<PathBuf>,
    },
    /// Plays one role in a measurement; the harness starts these.
    #[command(hide = true)]
    Role {
        /// What to do.
        role: RoleName,
        /// Over what.
        #[arg(long)]
        transport: Transport,
        #[command(flatten)]
        job: Job,
    },
    /// Runs a loop under an instruction counter; the harness starts these.
    #[command(hide = true)]
    Probe {
        /// Which loop.
        probe: Probe,
        /// How often.
        #[arg(long)]
        count: u64,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Group {
    /// Events: publish/subscribe, round trips, formats, topics, links.
    Events,
    /// Clusters: forwarding, routes, members that end or fall silent.
    Cluster,
    /// Logs: batches, loggers, files.
    Logging,
    /// The plugin in a real Zeek, beside Zeek's own backend.
    Zeek,
    /// The rivals alone, as raw values.
    Rivals,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum RoleName {
    Pub,
    Sub,
    Ping,
    Pong,
    Hub,
    Swarm,
    Relay,
    Beacon,
    Witness,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Transport {
    Nats,
    Tcp,
    Zeekwire,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Action::Probe { probe, count } => probe.run(count).map(|()| ExitCode::SUCCESS),
        Action::Run {
            group,
            json,
            only,
            runs,
            zeromq,
        } => run(group, json, only, usize::from(runs), zeromq),
        Action::Role {
            role,
            transport,
            job,
        } => match transport {
            Transport::Nats => play(&rivals::nats::Nats, role, &job),
            Transport::Tcp => play(&rivals::tcp::Tcp, role, &job),
            Transport::Zeekwire => play(&ours::Zeekwire, role, &job),
        },
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            complain(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Tells what went wrong. A closed standard error leaves nobody to tell.
fn complain(failure: &Failure) {
    let _ = writeln!(io::stderr(), "zeekwire-bench: {failure}");
}

fn run(
    group: Group,
    json: bool,
    only: Vec<String>,
    runs: usize,
    zeromq: Option<PathBuf>,
) -> Result<ExitCode> {
    let programs = Programs {
        own: env::current_exe()?,
        zeromq: zeromq.filter(|program| program.is_file()),
        nats_server: find_program("nats-server"),
        valgrind: find_program("valgrind"),
        zeek: find_program("zeek"),
    };
    let bench = Bench {
        programs,
        runs,
        only,
        group,
    };
    if let Some(load) = load_average().filter(|load| *load > LOAD_MAX) {
        let warning = "the machine is busy, so expect nonsense";
        writeln!(
            io::stderr(),
            "zeekwire-bench: load average {load}: {warning}"
        )?;
    }
    let mut output = io::stdout().lock();
    if !json {
        writeln!(output, "{}", report::head())?;
    }
    let mut failed = false;
    bench.run(|row| {
        failed |= matches!(row.outcome, report::Outcome::Failed(_));
        writeln!(output, "{}", if json { row.json() } else { row.text() })?;
        Ok(output.flush()?)
    })?;
    if failed {
        return Err(Failure::new("some figures could not be measured"));
    }
    Ok(ExitCode::SUCCESS)
}

fn play(roles: &impl Roles, role: RoleName, job: &Job) -> Result<ExitCode> {
    match role {
        RoleName::Pub => roles.publish(job),
        RoleName::Sub => roles.subscribe(job),
        RoleName::Ping => roles.ping(job),
        RoleName::Pong => roles.pong(job),
        RoleName::Hub => ours::hub(job),
        RoleName::Swarm => ours::swarm(job),
        RoleName::Relay => ours::relay(job),
        RoleName::Beacon => ours::beacon(job),
        RoleName::Witness => ours::witness(job),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// How many threads wanted to run during the last minute.
fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// A machine that does more than this beside the measurement disturbs it.
const LOAD_MAX: f64 = 0.5;

/// Looks for a program on the path, and where Debian keeps servers.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    places.find_map(|place| Some(place.join(name)).filter(|program| Path::is_file(program)))
}
