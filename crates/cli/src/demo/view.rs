//! What the demo shows: a block that renews itself on a terminal, a line a second elsewhere.

use std::time::{Duration, Instant};

use super::audit::Fate;
use super::report::Books;
use super::rows::Rows;
use super::stage::{Life, Stage};
use super::verdict::Verdict;
use super::{DemoFlags, stars};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::histogram::Percentiles;
use crate::render::number::{count, rate};
use crate::render::{Align, Table};

/// How often a line is printed where nobody watches, and a block where somebody does.
const LINE_EVERY: Duration = Duration::from_secs(1);
const BLOCK_EVERY: Duration = Duration::from_millis(200);
/// Processes named on one line.
const LINE_NAMES: usize = 4;

/// The demo's standard output.
#[derive(Debug)]
pub(super) struct View {
    output: Output,
    is_terminal: bool,
    /// Lines of the block that the next one replaces.
    block_lines: usize,
    /// Events of each life when they were shown last, and when that was.
    shown: Vec<u64>,
    shown_at: Instant,
    /// When publishing started.
    started: Option<Instant>,
    workers: u32,
    rate: u32,
    seconds: Duration,
}

impl View {
    pub(super) fn new(flags: &DemoFlags) -> Self {
        let now = Instant::now();
        Self {
            output: Output::new(),
            is_terminal: Output::is_terminal(),
            block_lines: 0,
            shown: Vec::new(),
            shown_at: now,
            started: None,
            workers: flags.workers,
            rate: flags.rate,
            seconds: flags.seconds.0,
        }
    }

    /// Says what is about to happen.
    pub(super) fn introduce(&mut self, rows: &Rows, stage: &Stage) -> Result<(), Failure> {
        let mut logs: Vec<&str> = rows.logs.iter().map(|log| log.path.as_str()).collect();
        // Zeek begins a file of each log every hour, say.
        logs.sort_unstable();
        logs.dedup();
        for why in &rows.skipped {
            self.output.line(format_args!("skipped {why}"))?;
        }
        self.output.line(format_args!(
            "{} rows of Zeek logs: {}",
            count(rows.count() as u64),
            logs.join(", ")
        ))?;
        self.output.line("two linked stars, each node a process:")?;
        for hub in [stars::MANAGER, stars::HUB_PROXY] {
            let names = stars::names(self.workers);
            let leaves = names
                .iter()
                .filter(|name| stars::rendezvous_of(name) == Some(hub));
            let leaves: Vec<&str> = leaves.map(String::as_str).collect();
            self.list(&format!("  rendezvous {hub} of "), &leaves, "    ")?;
        }
        self.output.line(format_args!(
            "workers publish {} events/s each for {} s: rows to the manager, and one\n\
             event in four to the proxy that the row's host is hashed to; half-way\n\
             {} and {} are killed, and started again",
            count(self.rate.into()),
            self.seconds.as_secs_f64(),
            stars::DOOMED_WORKER,
            stars::DOOMED_PROXY,
        ))?;
        let processes: Vec<String> = stage
            .lives
            .iter()
            .map(|life| format!("{} {}", life.name(), life.pid()))
            .collect();
        let processes: Vec<&str> = processes.iter().map(String::as_str).collect();
        self.list("processes: ", &processes, "processes: ")?;
        let pid = stage.lives.first().map_or(0, Life::pid);
        self.output.line(format_args!(
            "look inside meanwhile: zeekwire status --node {pid}\n"
        ))?;
        self.output.flush()
    }

    /// Writes a list, a few names to a line.
    fn list(&mut self, head: &str, names: &[&str], next_head: &str) -> Result<(), Failure> {
        for (i, names) in names.chunks(LINE_NAMES).enumerate() {
            let head = if i == 0 { head } else { next_head };
            self.output
                .line(format_args!("{head}{}", names.join(", ")))?;
        }
        Ok(())
    }

    /// Publishing starts now.
    pub(super) fn start(&mut self) {
        self.shown_at = Instant::now();
        self.started = Some(self.shown_at);
    }

    fn elapsed(&self) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// Shows what was counted.
    pub(super) fn progress(&mut self, lives: &[Life]) -> Result<(), Failure> {
        let passed = self.shown_at.elapsed();
        if passed
            < (if self.is_terminal {
                BLOCK_EVERY
            } else {
                LINE_EVERY
            })
        {
            return Ok(());
        }
        if self.is_terminal {
            let block = self.block(lives, passed);
            self.replace_block(&block)?;
        } else {
            let line = self.summary(lives, passed);
            self.output.line(line)?;
        }
        self.shown = lives.iter().map(|life| events(&life.books)).collect();
        self.shown_at = Instant::now();
        self.output.flush()
    }

    /// Tells something that stays.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        self.replace_block("")?;
        let seconds = self.elapsed().as_secs_f64();
        self.output.line(format_args!("{seconds:4.1} s  {text}"))?;
        self.output.flush()
    }

    /// Shows the final counts, and the verdict on the last line.
    pub(super) fn finish(&mut self, lives: &[Life], verdict: &Verdict) -> Result<(), Failure> {
        self.shown.clear();
        let passed = self.elapsed().min(self.seconds);
        let mut block = self.block(lives, passed);
        if !verdict.audit.losses.is_empty() {
            block.push_str("\n\nlost:");
        }
        for (loss, lost) in &verdict.audit.losses {
            block.push_str(&format!("\n{:>7} {loss}", count(*lost)));
        }
        let gap = if self.is_terminal { "" } else { "\n" };
        self.replace_block(&format!("{gap}{block}"))?;
        self.output.line(format_args!("\n{verdict}"))?;
        self.output.flush()
    }

    fn replace_block(&mut self, block: &str) -> Result<(), Failure> {
        if self.is_terminal && self.block_lines > 0 {
            // Up to the block's first line, and clear from there to the end.
            self.output
                .bytes(format!("\x1b[{}A\x1b[J", self.block_lines).as_bytes())?;
        }
        self.block_lines = block.lines().count();
        if block.is_empty() {
            Ok(())
        } else {
            self.output.line(block)
        }
    }

    /// Rates since what was shown last.
    fn summary(&self, lives: &[Life], passed: Duration) -> String {
        let seconds = self.elapsed().as_secs_f64();
        let before = |at: usize| self.shown.get(at).copied().unwrap_or(0);
        let receivers = lives.iter().enumerate();
        let receivers = receivers.filter(|(_, life)| !stars::is_worker(life.name()));
        let received = receivers.map(|(at, life)| events(&life.books).saturating_sub(before(at)));
        let received: u64 = received.sum();
        if self.started.is_none() {
            return format!("{seconds:4.1} s  starting {} nodes", lives.len());
        }
        format!(
            "{seconds:4.1} s  {}/s received  {}",
            rate(received, passed.as_secs_f64()),
            latency(lives, false).line()
        )
    }

    fn block(&self, lives: &[Life], passed: Duration) -> String {
        let mut table = Table::new(&[
            ("node", Align::Left),
            ("process", Align::Right),
            ("events/s", Align::Right),
            ("published", Align::Right),
            ("received", Align::Right),
            ("", Align::Left),
        ]);
        for (at, life) in lives.iter().enumerate() {
            let before = self.shown.get(at).copied().unwrap_or(0);
            let shown = |n: u64| if n == 0 { String::new() } else { count(n) };
            table.row([
                life.name().to_owned(),
                life.pid().to_string(),
                rate(
                    events(&life.books).saturating_sub(before),
                    passed.as_secs_f64(),
                ),
                shown(life.books.sent_count()),
                shown(life.books.received_count()),
                match (life.fate, life.number) {
                    (Fate::Killed, _) => "killed",
                    (Fate::Living, 1) => "",
                    (Fate::Living, _) => "its second life",
                }
                .to_owned(),
            ]);
        }
        format!("{table}\n\nlatency at the manager   {}", {
            latency(lives, self.shown.is_empty()).line()
        })
    }
}

/// Events that a node published or received.
fn events(books: &Books) -> u64 {
    books.sent_count() + books.received_count()
}

/// How long events took to the manager.
fn latency(lives: &[Life], all: bool) -> Percentiles {
    let manager = lives.iter().find(|life| life.name() == stars::MANAGER);
    let books = manager.map(|life| &life.books);
    let latency = books.map(|books| if all { books.latency } else { books.recent });
    latency.unwrap_or_default()
}
