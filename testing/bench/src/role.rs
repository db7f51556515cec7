//! The roles that a process of a measurement plays, the same for every system under test.

use std::io::{self, Read, Write};
use std::process;
use std::thread;
use std::time::Instant;

use clap::Args;

use crate::failure::{Failure, Result};
use crate::payload::{Payloads, counter_of};
use crate::stats::Latencies;

/// What a system under test runs in each of its processes. Each role prints the lines named here
/// to standard output, and goes on until its process is ended.
pub(crate) trait Roles {
    /// Publishes without pause once told to. Says `listening ADDRESS` if subscribers connect to
    /// it, `ready` once `job.subscribers` subscriptions are effective, and then awaits a line.
    fn publish(&self, job: &Job) -> Result<()>;

    /// Receives. Says `ready` once subscribed, then what [`crate::window::Window`] says.
    fn subscribe(&self, job: &Job) -> Result<()>;

    /// Answers each message with the same payload. Says `listening ADDRESS` if the other side
    /// connects to it, and `ready` once it can answer.
    fn pong(&self, job: &Job) -> Result<()>;

    /// Sends a message and waits for its answer, again and again; ends with the line of
    /// [`RoundTrips::report`].
    fn ping(&self, job: &Job) -> Result<()>;
}

/// What a role is asked to do. Each role reads what concerns it.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Job {
    /// Where to connect: a server's, or the other side's address; several separated by commas.
    #[arg(long, default_value = "")]
    pub(crate) address: String,
    /// Subscriptions that must be effective before a publisher is ready.
    #[arg(long, default_value_t = 1)]
    pub(crate) subscribers: usize,
    /// Bytes of each payload.
    #[arg(long, default_value_t = 200)]
    pub(crate) payload_bytes: usize,
    /// How long a subscriber receives before deliveries count.
    #[arg(long, default_value_t = 500)]
    pub(crate) warmup_ms: u64,
    /// How long deliveries count.
    #[arg(long, default_value_t = 2000)]
    pub(crate) window_ms: u64,
    /// Round trips before they count.
    #[arg(long, default_value_t = 2000)]
    pub(crate) warmup_count: u64,
    /// Round trips that count.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) count: u64,
    /// Handlers run on the IO thread.
    #[arg(long)]
    pub(crate) io_thread: bool,
    /// A forwarder keeps credit back instead of dropping.
    #[arg(long)]
    pub(crate) lossless: bool,
    /// Links to open, or to wait for.
    #[arg(long, default_value_t = 1)]
    pub(crate) links: usize,
    /// The link is kept full with messages of the log class.
    #[arg(long)]
    pub(crate) log_load: bool,
}

/// Prints a line and flushes it.
pub(crate) fn say(line: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// Ends this process when its standard input closes, so that no role outlives the harness.
pub(crate) fn end_with_stdin() {
    thread::spawn(|| {
        let mut buffer = [0; 64];
        while io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
        process::exit(0);
    });
}

/// Waits for a line on standard input, the sign to begin.
pub(crate) fn await_go() -> Result<()> {
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(Failure::new(
            "standard input closed before the sign to begin",
        ));
    }
    end_with_stdin();
    Ok(())
}

/// One run of round trips, one outstanding at a time, each answer checked against its request.
#[derive(Debug)]
pub(crate) struct RoundTrips {
    payloads: Payloads,
    latencies: Latencies,
    sent_count: u64,
    warmup_count: u64,
    count: u64,
    sent: Instant,
}

impl RoundTrips {
    pub(crate) fn new(job: &Job) -> Result<Self> {
        Ok(Self {
            payloads: Payloads::new(job.payload_bytes)?,
            latencies: Latencies::new()?,
            sent_count: 0,
            warmup_count: job.warmup_count,
            count: job.count,
            sent: Instant::now(),
        })
    }

    /// The next request, or nothing when the run is complete. Its time starts now.
    pub(crate) fn request(&mut self) -> Option<&[u8]> {
        if self.sent_count == self.warmup_count + self.count {
            return None;
        }
        self.sent_count += 1;
        self.sent = Instant::now();
        Some(self.payloads.next())
    }

    /// Takes the answer to the latest request.
    pub(crate) fn answer(&mut self, payload: &[u8]) -> Result<()> {
        let took = self.sent.elapsed();
        let counter = counter_of(payload);
        if counter + 1 != self.sent_count {
            let sent = self.sent_count.saturating_sub(1);
            return Err(Failure::new(format!(
                "request {sent} was answered with {counter}"
            )));
        }
        if self.sent_count > self.warmup_count {
            self.latencies.take(took);
        }
        Ok(())
    }

    /// The line that ends a run.
    pub(crate) fn report(&self) -> String {
        format!(
            "end count={} p50_ns={} p99_ns={}",
            self.latencies.count(),
            self.latencies.percentile_ns(50.0),
            self.latencies.percentile_ns(99.0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trips(warmup_count: u64, count: u64) -> RoundTrips {
        RoundTrips {
            payloads: Payloads::new(200).unwrap(),
            latencies: Latencies::new().unwrap(),
            sent_count: 0,
            warmup_count,
            count,
            sent: Instant::now(),
        }
    }

    #[test]
    fn warm_up_is_not_part_of_the_result() {
        let mut trips = trips(3, 5);
        let mut total = 0;
        while let Some(request) = trips.request() {
            let answer = request.to_vec();
            trips.answer(&answer).unwrap();
            total += 1;
        }
        assert_eq!(total, 8);
        assert!(trips.report().starts_with("end count=5 "));
    }

    #[test]
    fn wrong_answer_is_an_error() {
        let mut trips = trips(0, 5);
        let first = trips.request().unwrap().to_vec();
        trips.answer(&first).unwrap();
        trips.request();
        assert!(trips.answer(&first).is_err());
    }
}
