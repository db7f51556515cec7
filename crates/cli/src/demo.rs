//! `zeekwire demo`: the main job. A manager and workers in processes of their own; the workers
//! publish rows of real Zeek logs as events, the manager receives and checks every one.
//!
//! Each worker numbers its events and stamps them with the time (as metadata), and keeps a digest
//! of what it published. The manager checks the order, measures how long each event took, keeps its
//! own digest of what it decoded, and compares when the worker tells its counts at the end. The
//! process that was started by hand only starts the others, watches them, shows what the manager
//! reports, and gives the verdict.

mod children;
mod director;
mod manager;
mod report;
mod rows;
mod tally;
mod verdict;
mod view;
mod wire;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::flags::Seconds;

pub(crate) use director::run;
pub(crate) use manager::{ManagerFlags, run as run_manager};
pub(crate) use worker::{WorkerFlags, run as run_worker};

/// Watch real events flow between real processes, and check every one
///
/// Starts a manager and workers as processes of their own, linked over TCP on the loopback
/// interface. The workers publish the rows of real Zeek logs as events, each with one record as its
/// argument; the manager checks that every event arrives, in order and unharmed. Shows rates,
/// latencies and drops meanwhile; `zeekwire status` in another terminal shows more.
///
/// The last line is the verdict. Exit status 0 when as many events were received as sent, all of
/// them in order.
#[derive(Args, Debug)]
pub(crate) struct DemoFlags {
    /// Publish for so many seconds
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(10)))]
    seconds: Seconds,

    /// Events that each worker publishes a second
    #[arg(short, long, value_name = "PER_SECOND", default_value_t = 20_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: u32,

    /// How many workers
    #[arg(short, long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: u32,

    /// Publish the logs in this directory, *.log and *.log.gz as Zeek writes them, tab-separated;
    /// at most 50,000 rows altogether, shared evenly; files of other formats are skipped
    /// [default: a sample that is built in]
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
}
