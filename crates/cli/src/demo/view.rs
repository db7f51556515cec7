//! What the demo shows: a block that renews itself on a terminal, a line a second elsewhere.

use std::time::{Duration, Instant};

use super::DemoFlags;
use super::report::{Snapshot, WorkerState};
use super::rows::Rows;
use super::verdict::Verdict;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::number::{count, rate};
use crate::render::{Align, Table};

/// How often a line is printed where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// The demo's standard output.
#[derive(Debug)]
pub(super) struct View {
    output: Output,
    is_terminal: bool,
    /// Lines of the block that the next one replaces.
    block_lines: usize,
    shown: Snapshot,
    line_at: Instant,
    publish_s: f64,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            output: Output::new(),
            is_terminal: Output::is_terminal(),
            block_lines: 0,
            shown: Snapshot::default(),
            line_at: Instant::now() + LINE_EVERY,
            publish_s: 0.0,
        }
    }

    /// Says what is about to happen.
    pub(super) fn introduce(
        &mut self,
        flags: &DemoFlags,
        rows: &Rows,
        endpoint: &str,
        pids: &[(String, u32)],
    ) -> Result<(), Failure> {
        self.publish_s = flags.seconds.0.as_secs_f64();
        let mut names: Vec<&str> = rows.logs.iter().map(|log| log.path.as_str()).collect();
        // Zeek begins a file of each log every hour, say.
        names.sort_unstable();
        names.dedup();
        let processes: Vec<String> = pids
            .iter()
            .map(|(name, pid)| format!("{name} {pid}"))
            .collect();
        for why in &rows.skipped {
            self.output.line(format_args!("skipped {why}"))?;
        }
        let intro = format!(
            "{} rows of Zeek logs: {}\n\
             {} workers publish each row as an event, again and again,\n\
             {} events/s each for {} s, to a manager at {endpoint}\n\
             processes: {}\n\
             look inside meanwhile: zeekwire status --node {}\n",
            count(rows.count() as u64),
            names.join(", "),
            flags.workers,
            count(flags.rate.into()),
            flags.seconds,
            processes.join(", "),
            pids.first().map_or(0, |(_, pid)| *pid),
        );
        self.output.line(intro)?;
        self.output.flush()
    }

    /// Shows what the manager counted.
    pub(super) fn progress(&mut self, now: &Snapshot) -> Result<(), Failure> {
        if self.is_terminal {
            let block = match now.received() {
                0 => "starting".to_owned(),
                _ => self.block(now),
            };
            self.replace_block(&block)?;
            self.shown = now.clone();
        } else if Instant::now() >= self.line_at {
            self.line_at += LINE_EVERY;
            let line = self.summary(now);
            self.output.line(line)?;
            self.shown = now.clone();
        }
        self.output.flush()
    }

    /// Tells something that stays.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        self.replace_block("")?;
        self.output.line(text)?;
        self.output.flush()
    }

    /// Shows the final counts, and the verdict on the last line.
    pub(super) fn finish(&mut self, counts: &Snapshot, verdict: &Verdict) -> Result<(), Failure> {
        self.shown = Snapshot::default();
        let block = self.block(counts);
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
    fn summary(&self, now: &Snapshot) -> String {
        if now.received() == 0 {
            return format!("{:4.1} s  starting", now.elapsed_s);
        }
        let seconds = now.elapsed_s - self.shown.elapsed_s;
        let events = now.received().saturating_sub(self.shown.received());
        format!(
            "{:4.1} s  {}/s  {}  dropped {}",
            now.elapsed_s,
            rate(events, seconds),
            now.recent.line(),
            count(now.dropped())
        )
    }

    fn block(&self, now: &Snapshot) -> String {
        let seconds = now.elapsed_s - self.shown.elapsed_s;
        let since = |now: u64, before: u64| rate(now.saturating_sub(before), seconds);
        let latency = if self.shown.elapsed_s > 0.0 {
            &now.recent
        } else {
            &now.latency
        };
        let mut table = Table::new(&[
            ("worker", Align::Left),
            ("events/s", Align::Right),
            ("received", Align::Right),
            ("in order", Align::Right),
            ("dropped", Align::Right),
            ("", Align::Left),
        ]);
        for (i, worker) in now.workers.iter().enumerate() {
            let before = self
                .shown
                .workers
                .get(i)
                .map_or(0, |worker| worker.received);
            table.row([
                worker.name.clone(),
                since(worker.received, before),
                count(worker.received),
                count(worker.in_order),
                count(worker.dropped),
                match worker.state {
                    WorkerState::Starting => "starting",
                    WorkerState::Sending => "sending",
                    WorkerState::Done => "done",
                    WorkerState::Gone => "gone",
                }
                .to_owned(),
            ]);
        }
        table.row([
            "all".to_owned(),
            since(now.received(), self.shown.received()),
            count(now.received()),
            count(now.in_order()),
            count(now.dropped()),
            format!(
                "{:.1} of {} s",
                now.elapsed_s.min(self.publish_s),
                self.publish_s
            ),
        ]);
        let bytes = now.received_bytes.saturating_sub(self.shown.received_bytes);
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let rate = bytes as f64 / 1e6 / seconds.max(1e-3);
        format!(
            "{table}\n\nlatency   {}\npayload   {rate:.1} MB/s",
            latency.line()
        )
    }
}
