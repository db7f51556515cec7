//! The program `sim`: runs seeds, and shows a failing one.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use zeekwire_sim::Scenario;
use zeekwire_sim::run::{Options, Report, run, shrink};

/// Lines of a trace shown without being asked.
const LINES: usize = 60;

/// Simulates clusters from seeds and checks what must hold of them.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Flags {
    /// Runs this seed only.
    #[arg(long)]
    seed: Option<u64>,
    /// Shows the whole trace.
    #[arg(long)]
    trace: bool,
    /// Runs seeds for this many seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The first seed of those.
    #[arg(long, default_value_t = 0)]
    start_seed: u64,
    /// What may go wrong; see --list.
    #[arg(long, default_value = "any", value_parser = scenario)]
    scenario: Scenario,
    /// Lists the scenarios.
    #[arg(long)]
    list: bool,
    /// Runs these groups of the plan's steps only.
    #[arg(long, value_delimiter = ',')]
    only: Option<Vec<usize>>,
}

fn scenario(name: &str) -> Result<Scenario, String> {
    Scenario::named(name).ok_or_else(|| "see --list for what there is".to_owned())
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.list {
        for (name, _) in Scenario::NAMES {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    match flags.seed {
        Some(seed) => one(seed, &flags),
        None => many(&flags),
    }
}

fn one(seed: u64, flags: &Flags) -> ExitCode {
    let lines = if flags.trace { usize::MAX } else { LINES };
    let only = flags.only.clone();
    let report = run(seed, flags.scenario, &Options { lines, only });
    show(seed, &report);
    let (sent, delivered) = report.messages;
    let seconds = report.simulated.as_secs();
    println!(
        "{seconds} s simulated, {sent} messages published, {delivered} delivered, trace {:016x}",
        report.hash
    );
    exit(&report)
}

fn many(flags: &Flags) -> ExitCode {
    let start = Instant::now();
    let time = Duration::from_secs(flags.seconds);
    let mut simulated = Duration::ZERO;
    let mut seed = flags.start_seed;
    while start.elapsed() < time {
        let report = run(
            seed,
            flags.scenario,
            &Options {
                lines: LINES,
                only: None,
            },
        );
        if report.breach.is_some() {
            show(seed, &report);
            show_shrunk(seed, flags.scenario);
            let name = flags.scenario.name();
            let scenario = if name == "any" {
                String::new()
            } else {
                format!(" --scenario {name}")
            };
            println!("\nreplay: {}{seed}{scenario} --trace", COMMAND);
            return ExitCode::FAILURE;
        }
        simulated += report.simulated;
        seed += 1;
    }
    let (count, simulated) = (seed - flags.start_seed, simulated.as_secs());
    println!(
        "sim: {count} seeds passed, {simulated} simulated seconds, from seed {}",
        flags.start_seed
    );
    ExitCode::SUCCESS
}

fn show(seed: u64, report: &Report) {
    for line in &report.lines {
        println!("{line}");
    }
    println!("seed {seed}: {}", report.plan);
    if let Some(breach) = &report.breach {
        println!("BREACH {breach}");
    }
}

fn show_shrunk(seed: u64, scenario: Scenario) {
    let options = Options {
        lines: usize::MAX,
        only: None,
    };
    let Some(shrunk) = shrink(seed, scenario, &options) else {
        return;
    };
    println!("\nstill so with these steps only:");
    for line in shrunk
        .report
        .lines
        .iter()
        .filter(|line| line.contains("** "))
    {
        println!("{line}");
    }
    if let Some(breach) = &shrunk.report.breach {
        println!("BREACH {breach}");
    }
    let groups: Vec<String> = shrunk.groups.iter().map(ToString::to_string).collect();
    println!(
        "replay: {COMMAND}{seed} --scenario {} --only {} --trace",
        scenario.name(),
        groups.join(",")
    );
}

fn exit(report: &Report) -> ExitCode {
    match report.breach {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    }
}

const COMMAND: &str = "cargo run --release -p zeekwire-sim -- --seed ";
