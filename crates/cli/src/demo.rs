//! `zeekwire demo`: the main job. A manager, two proxies and workers in processes of their own, in
//! two linked stars; workers publish rows of real Zeek logs to the manager, and hand work to
//! proxies; half-way a worker and a proxy are killed, and started again.
//!
//! Each worker numbers its events and stamps them with the time and a fingerprint (as metadata).
//! Receivers check order and content, and measure how long each event took. All report their
//! books to the process that was started by hand, which only starts the others, watches them,
//! shows what they report, and accounts for every event in the end.

mod audit;
mod children;
mod director;
mod member;
mod receiver;
mod report;
mod rows;
mod stage;
mod stars;
mod verdict;
mod view;
mod wire;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::flags::Seconds;

pub(crate) use director::run;
pub(crate) use receiver::{ReceiverFlags, run as run_receiver};
pub(crate) use worker::{WorkerFlags, run as run_worker};

/// Watch real events flow between real processes, and account for every one
///
/// Starts a manager, two proxies and workers as processes of their own, in two linked stars over
/// TCP on the loopback interface; the manager and a proxy are the rendezvous nodes to which the
/// others connect. The workers publish the rows of real Zeek logs to the manager, each as an event
/// with one record as its argument, and hand work about every third row to the proxy that its host
/// is hashed to. Half-way, a worker and a proxy are killed, and started again. Shows rates and
/// latencies meanwhile; `zeekwire status` in another terminal shows more.
///
/// The last line is the verdict. Exit status 0 when every event is accounted for: received in
/// order and unharmed, or lost with a process that was killed.
#[derive(Args, Debug)]
pub(crate) struct DemoFlags {
    /// Publish for so many seconds
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(10)))]
    seconds: Seconds,

    /// Events that each worker publishes a second
    #[arg(short, long, value_name = "PER_SECOND", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: u32,

    /// How many workers
    #[arg(short, long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,

    /// Publish the logs in this directory, *.log and *.log.gz as Zeek writes them, tab-separated;
    /// at most 50,000 rows altogether, shared evenly; files of other formats are skipped
    /// [default: a sample that is built in]
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}
