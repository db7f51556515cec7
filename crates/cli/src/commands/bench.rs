//! `zeekwire bench`: a quick look at rate and latency between two nodes of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use zeekwire::{Inproc, Node, PublishError, limits};

use crate::client::{interrupted, program};
use crate::failure::Failure;
use crate::flags::Seconds;
use crate::output;
use crate::render::histogram::{Latencies, Percentiles};
use crate::render::number::{nanoseconds, rate};
use crate::render::{Align, Table};
use crate::stop::Stop;

/// How long linking may take.
const LINK_MAX: Duration = Duration::from_secs(5);
/// How long an event may take.
const EVENT_MAX: Duration = Duration::from_secs(5);

/// Measure rate and latency between two nodes of this process
///
/// Two nodes with default settings: one publishes opaque payloads as fast as they are taken, then
/// they play ping-pong. A quick look that needs nothing else; both nodes share this process's
/// cores.
#[derive(Args, Debug)]
pub(crate) struct BenchFlags {
    /// How the nodes are linked
    #[arg(long, value_name = "KIND", default_value = "all")]
    over: Over,

    /// Bytes of one payload
    #[arg(long, value_name = "BYTES", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(1 << 20)))]
    size: u32,

    /// Measure each figure for so many seconds
    #[arg(long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(1)))]
    seconds: Seconds,

    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Over {
    Tcp,
    Ipc,
    Inproc,
    All,
}

/// What was measured over one kind of link.
#[derive(Debug)]
struct Figures {
    over: &'static str,
    received: u64,
    seconds: f64,
    round_trip: Percentiles,
}

/// Runs the command.
pub(crate) fn run(flags: &BenchFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut table = Table::new(&[
        ("link", Align::Left),
        ("messages/s", Align::Right),
        ("MB/s", Align::Right),
        ("round trip p50", Align::Right),
        ("p99", Align::Right),
        ("max", Align::Right),
    ]);
    for (over, name) in [
        (Over::Tcp, "tcp"),
        (Over::Ipc, "ipc"),
        (Over::Inproc, "inproc"),
    ] {
        if flags.over != Over::All && flags.over != over {
            continue;
        }
        let figures = measure(name, flags, &stop)?;
        if flags.json {
            output::print(figures.json(flags.size))?;
        }
        let Percentiles {
            p50_ns,
            p99_ns,
            max_ns,
            ..
        } = figures.round_trip;
        table.row([
            name.to_owned(),
            rate(figures.received, figures.seconds),
            rate(
                figures.received * u64::from(flags.size) / 1_000_000,
                figures.seconds,
            ),
            nanoseconds(p50_ns),
            nanoseconds(p99_ns),
            nanoseconds(max_ns),
        ]);
    }
    if flags.json {
        Ok(())
    } else {
        output::print(table)
    }
}

impl Figures {
    fn json(&self, size: u32) -> serde_json::Value {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
        let per_second = self.received as f64 / self.seconds;
        serde_json::json!({
            "link": self.over,
            "payload_bytes": size,
            "messages_per_s": per_second,
            "round_trip_p50_ns": self.round_trip.p50_ns,
            "round_trip_p99_ns": self.round_trip.p99_ns,
            "round_trip_max_ns": self.round_trip.max_ns,
        })
    }
}

/// Two linked nodes.
struct Pair {
    near: Node,
    far: Node,
    /// A socket in the file system, to be removed.
    _folder: Option<Folder>,
}

/// A folder that is removed in the end.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

impl Pair {
    fn link(over: &'static str) -> Result<Self, Failure> {
        let meeting_place = Inproc::new();
        let start = |name: &str| {
            Node::builder(name)
                .program(&program("bench"))
                .inproc(&meeting_place)
                .start()
        };
        let (near, far) = (start("near")?, start("far")?);
        let mut folder = None;
        let endpoint = match over {
            "tcp" => "tcp://127.0.0.1:0".to_owned(),
            "ipc" => {
                let path =
                    std::env::temp_dir().join(format!("zeekwire-bench-{}", std::process::id()));
                std::fs::create_dir_all(&path).map_err(|error| {
                    Failure::job(format_args!("cannot make {}: {error}", path.display()))
                })?;
                let endpoint = format!("ipc://{}/far.sock", path.display());
                folder = Some(Folder(path));
                endpoint
            }
            _ => "inproc://far".to_owned(),
        };
        let bound = far.listen(&endpoint)?;
        near.connect(&bound)?
            .wait_ready(LINK_MAX)
            .map_err(Failure::job)?;
        Ok(Self {
            near,
            far,
            _folder: folder,
        })
    }
}

fn measure(over: &'static str, flags: &BenchFlags, stop: &Stop) -> Result<Figures, Failure> {
    let payload = vec![0x5a; flags.size as usize];
    debug_assert!(payload.len() <= limits::PAYLOAD_BYTES_MAX);
    let pair = Pair::link(over)?;
    let (received, seconds) = measure_rate(&pair, &payload, flags.seconds.0, stop)?;
    let round_trip = measure_round_trip(&pair, &payload, flags.seconds.0, stop)?;
    Ok(Figures {
        over,
        received,
        seconds,
        round_trip,
    })
}

fn measure_rate(
    pair: &Pair,
    payload: &[u8],
    time: Duration,
    stop: &Stop,
) -> Result<(u64, f64), Failure> {
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let subscription = pair.far.subscribe(["bench/rate"])?.handler(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    })?;
    subscription.wait_effective(LINK_MAX);
    let over = Arc::new(AtomicBool::new(false));
    let (near, ended, bytes) = (pair.near.clone(), Arc::clone(&over), payload.to_vec());
    let publisher = thread::spawn(move || {
        while !ended.load(Ordering::Relaxed) {
            match near.publication("bench/rate").send(&bytes) {
                Ok(()) | Err(PublishError::Overloaded) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    });
    // The first moments fill caches and queues.
    thread::sleep((time / 10).min(Duration::from_millis(200)));
    let (started, before) = (Instant::now(), received.load(Ordering::Relaxed));
    while started.elapsed() < time && !stop.is_set() {
        thread::sleep(time.saturating_sub(started.elapsed()).min(Stop::LOOK_EVERY));
    }
    let (seconds, after) = (
        started.elapsed().as_secs_f64(),
        received.load(Ordering::Relaxed),
    );
    over.store(true, Ordering::Relaxed);
    match publisher.join() {
        _ if stop.is_set() => Err(interrupted(stop)),
        Ok(Ok(())) => Ok((after - before, seconds)),
        Ok(Err(error)) => Err(Failure::job(error)),
        Err(_) => Err(Failure::job("the publisher's thread panicked")),
    }
}

fn measure_round_trip(
    pair: &Pair,
    payload: &[u8],
    time: Duration,
    stop: &Stop,
) -> Result<Percentiles, Failure> {
    let answering = pair.far.clone();
    let echo = pair
        .far
        .subscribe(["bench/ping"])?
        .handler(move |message| {
            // What is not answered is noticed at the other end.
            let _lost = answering.publication("bench/pong").send(message.payload());
        })?;
    let (pong, pongs) = channel();
    let back = pair.near.subscribe(["bench/pong"])?.handler(move |_| {
        let _over = pong.send(Instant::now());
    })?;
    back.wait_effective(LINK_MAX);
    echo.wait_effective(LINK_MAX);
    let mut latencies = Latencies::new();
    let started = Instant::now();
    while started.elapsed() < time {
        if stop.is_set() {
            return Err(interrupted(stop));
        }
        latencies.record(round_trip(&pair.near, payload, &pongs)?);
    }
    Ok(latencies.percentiles())
}

fn round_trip(near: &Node, payload: &[u8], pongs: &Receiver<Instant>) -> Result<Duration, Failure> {
    let sent = Instant::now();
    near.publication("bench/ping")
        .send(payload)
        .map_err(Failure::job)?;
    match pongs.recv_timeout(EVENT_MAX) {
        Ok(arrived) => Ok(arrived.saturating_duration_since(sent)),
        Err(_) => Err(Failure::job("an event was not answered within 5 s")),
    }
}
