//! One system under test, spread over processes on this machine, and what a run of it yields.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::process::Process;
use crate::window::Deliveries;

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum System {
    /// Zeekwire, default settings.
    Ours,
    /// Zeekwire with handlers on the IO thread.
    OursIo,
    /// Zeekwire through a forwarder.
    Relayed,
    /// Zeekwire through a forwarder that loses nothing.
    RelayedLossless,
    /// libzmq through a proxy.
    Zeromq,
    /// nats-server.
    Nats,
    /// A bare socket.
    Tcp,
}

/// Where the programs are that processes run.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    /// This program, which plays the roles.
    pub(crate) own: PathBuf,
    /// `rivals/zeromq.c`, built.
    pub(crate) zeromq: Option<PathBuf>,
    /// nats-server.
    pub(crate) nats_server: Option<PathBuf>,
    /// valgrind.
    pub(crate) valgrind: Option<PathBuf>,
    /// zeek.
    pub(crate) zeek: Option<PathBuf>,
}

/// How a publish/subscribe run is laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Shape {
    pub(crate) subscribers: usize,
    pub(crate) payload_bytes: usize,
    pub(crate) warmup: Duration,
    pub(crate) window: Duration,
}

/// One publisher, its subscribers, and the proxy or server between them if there is one.
#[derive(Debug)]
pub(crate) struct PubSub {
    // Ended in this order: who reads before who writes, or it would complain of a lost peer.
    pub(crate) subscribers: Vec<Process>,
    pub(crate) publisher: Process,
    server: Option<Process>,
    _files: Option<TempDir>,
}

/// What a publish/subscribe run yields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Throughput {
    /// Deliveries per second, summed over the subscribers.
    pub(crate) per_second: f64,
    /// User and system time of all processes per delivery, in nanoseconds.
    pub(crate) cpu_ns: f64,
    /// The part of it that the proxy, server or forwarder took.
    pub(crate) server_cpu_ns: f64,
    /// Payloads missing at subscribers within their windows.
    pub(crate) lost: u64,
}

/// What a run of round trips yields, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RoundTripTimes {
    pub(crate) p50_ns: f64,
    pub(crate) p99_ns: f64,
}

impl System {
    /// Why this system cannot run here, and what to do about it.
    pub(crate) fn missing(self, programs: &Programs) -> Option<&'static str> {
        match self {
            Self::Zeromq if programs.zeromq.is_none() => {
                Some("libzmq is not installed: apt-get install libzmq3-dev")
            }
            Self::Nats if programs.nats_server.is_none() => {
                Some("nats-server is not installed: apt-get install nats-server")
            }
            _ => None,
        }
    }

    /// The name of the rival or of ours, as tables show it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "zeekwire",
            Self::OursIo => "zeekwire (IO thread)",
            Self::Relayed => "zeekwire (forwarder)",
            Self::RelayedLossless => "zeekwire (lossless forwarder)",
            Self::Zeromq => "zeromq proxy",
            Self::Nats => "nats",
            Self::Tcp => "tcp",
        }
    }

    fn transport(self) -> &'static str {
        match self {
            Self::Ours | Self::OursIo | Self::Relayed | Self::RelayedLossless => "zeekwire",
            Self::Nats => "nats",
            Self::Tcp | Self::Zeromq => "tcp",
        }
    }
}

impl Programs {
    /// A Rust role of `system`.
    pub(crate) fn role(&self, system: System, role: &str) -> Command {
        let mut command = Command::new(&self.own);
        command.args(["role", role, "--transport", system.transport()]);
        if system == System::OursIo {
            command.arg("--io-thread");
        }
        if (system, role) == (System::RelayedLossless, "relay") {
            command.arg("--lossless");
        }
        command
    }

    fn zeromq(&self, words: &[&str]) -> Result<Command> {
        let program = self
            .zeromq
            .as_ref()
            .ok_or_else(|| Failure::new("no libzmq"))?;
        let mut command = Command::new(program);
        command.args(words);
        Ok(command)
    }
}

impl PubSub {
    /// Starts all processes; when it returns, every subscription is effective and nothing has been
    /// published. Everything must be over by `deadline`.
    pub(crate) fn start(
        programs: &Programs,
        system: System,
        shape: &Shape,
        deadline: Instant,
    ) -> Result<Self> {
        let ours = |role: &str, address: &str| {
            let mut command = programs.role(system, role);
            let warmup_ms = shape.warmup.as_millis().to_string();
            let window_ms = shape.window.as_millis().to_string();
            command.args(["--address", address, "--warmup-ms", &warmup_ms]);
            command.args(["--window-ms", &window_ms]);
            command.args(["--subscribers", &shape.subscribers.to_string()]);
            command.args(["--payload-bytes", &shape.payload_bytes.to_string()]);
            command
        };
        match system {
            System::Zeromq => Self::start_zeromq(programs, shape, deadline),
            System::Nats | System::Relayed | System::RelayedLossless => {
                let (server, address, files) = start_server(programs, system, deadline)?;
                let sub = || ours("sub", &address);
                let subscribers = start_subscribers(shape.subscribers, sub, deadline)?;
                let mut publisher =
                    Process::start("publisher", &mut ours("pub", &address), deadline)?;
                publisher.expect("ready")?;
                Ok(Self {
                    publisher,
                    subscribers,
                    server: Some(server),
                    _files: files,
                })
            }
            System::Tcp | System::Ours | System::OursIo => {
                let mut publisher = Process::start("publisher", &mut ours("pub", ""), deadline)?;
                let address = listening(&mut publisher)?;
                let sub = || ours("sub", &address);
                let subscribers = start_subscribers(shape.subscribers, sub, deadline)?;
                publisher.expect("ready")?;
                Ok(Self {
                    publisher,
                    subscribers,
                    server: None,
                    _files: None,
                })
            }
        }
    }

    fn start_zeromq(programs: &Programs, shape: &Shape, deadline: Instant) -> Result<Self> {
        let (proxy, xsub, xpub) = start_zeromq_proxy(programs, deadline)?;
        let warmup_ms = shape.warmup.as_millis().to_string();
        let window_ms = shape.window.as_millis().to_string();
        let sub = programs.zeromq(&["sub", &xsub, &xpub, &warmup_ms, &window_ms])?;
        let again = || copy_of(&sub);
        let subscribers = start_subscribers(shape.subscribers, again, deadline)?;
        let count = shape.subscribers.to_string();
        let bytes = shape.payload_bytes.to_string();
        let mut command = programs.zeromq(&["pub", &xsub, &xpub, &count, &bytes])?;
        let mut publisher = Process::start("publisher", &mut command, deadline)?;
        publisher.expect("ready")?;
        Ok(Self {
            publisher,
            subscribers,
            server: Some(proxy),
            _files: None,
        })
    }

    /// Lets the publisher begin.
    pub(crate) fn go(&mut self) -> Result<()> {
        self.publisher.tell("go")
    }

    /// Waits for the windows of the first `count` subscribers to pass. A payload that came twice
    /// or out of order is an error, whatever the rate.
    pub(crate) fn measure(&mut self, count: usize) -> Result<Throughput> {
        for subscriber in &mut self.subscribers[..count] {
            subscriber.expect("begin")?;
        }
        let cpu_before = (self.cpu()?, self.server_cpu()?);
        let windows = self.subscribers[..count]
            .iter_mut()
            .map(|subscriber| Deliveries::from_words(&subscriber.expect("end")?))
            .collect::<Result<Vec<_>>>()?;
        let cpu = self.cpu()?.saturating_sub(cpu_before.0);
        let server_cpu = self.server_cpu()?.saturating_sub(cpu_before.1);
        throughput(&windows, cpu, server_cpu)
    }

    fn cpu(&self) -> Result<Duration> {
        let all = self
            .subscribers
            .iter()
            .chain([&self.publisher])
            .chain(&self.server);
        all.map(Process::cpu).sum()
    }

    fn server_cpu(&self) -> Result<Duration> {
        self.server.iter().map(Process::cpu).sum()
    }
}

/// Runs round trips of `system` over two processes, and whatever it needs between them.
pub(crate) fn round_trips(
    programs: &Programs,
    system: System,
    words: &[&str],
    deadline: Instant,
) -> Result<RoundTripTimes> {
    let mut server = None;
    let mut files = None;
    let mut pong;
    let mut ping;
    match system {
        System::Zeromq => {
            let (proxy, xsub, xpub) = start_zeromq_proxy(programs, deadline)?;
            server = Some(proxy);
            let mut command = programs.zeromq(&["pong", &xsub, &xpub])?;
            pong = Process::start("echo", &mut command, deadline)?;
            let mut command = programs.zeromq(&["ping", &xsub, &xpub, "200", "2000", "20000"])?;
            ping = Process::start("caller", &mut command, deadline)?;
            ping.expect("ready")?;
            pong.expect("ready")?;
        }
        System::Nats | System::Relayed | System::RelayedLossless => {
            let (between, address, dir) = start_server(programs, system, deadline)?;
            (server, files) = (Some(between), dir);
            let role = |name: &str| {
                let mut command = programs.role(system, name);
                command.args(["--address", &address]).args(words);
                command
            };
            pong = Process::start("echo", &mut role("pong"), deadline)?;
            pong.expect("ready")?;
            ping = Process::start("caller", &mut role("ping"), deadline)?;
        }
        System::Tcp | System::Ours | System::OursIo => {
            let mut command = programs.role(system, "pong");
            pong = Process::start("echo", command.args(words), deadline)?;
            let address = listening(&mut pong)?;
            let mut command = programs.role(system, "ping");
            command.args(["--address", &address]).args(words);
            ping = Process::start("caller", &mut command, deadline)?;
            pong.expect("ready")?;
        }
    }
    let end = ping.expect("end")?;
    drop((ping, pong, server, files));
    Ok(RoundTripTimes {
        p50_ns: end.value("p50_ns")?,
        p99_ns: end.value("p99_ns")?,
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and times stay far below 2^52"
)]
fn throughput(windows: &[Deliveries], cpu: Duration, server_cpu: Duration) -> Result<Throughput> {
    let late: u64 = windows.iter().map(|window| window.late).sum();
    if late > 0 {
        return Err(Failure::new(format!(
            "{late} messages came twice or out of order"
        )));
    }
    let count: u64 = windows.iter().map(|window| window.count).sum();
    if count == 0 {
        return Err(Failure::new("nothing was delivered"));
    }
    Ok(Throughput {
        per_second: windows.iter().map(Deliveries::per_second).sum(),
        cpu_ns: cpu.as_nanos() as f64 / count as f64,
        server_cpu_ns: server_cpu.as_nanos() as f64 / count as f64,
        lost: windows.iter().map(|window| window.lost).sum(),
    })
}

fn start_subscribers(
    count: usize,
    command: impl Fn() -> Command,
    deadline: Instant,
) -> Result<Vec<Process>> {
    let mut subscribers = (0..count)
        .map(|index| Process::start(&format!("subscriber {index}"), &mut command(), deadline))
        .collect::<Result<Vec<_>>>()?;
    for subscriber in &mut subscribers {
        subscriber.expect("ready")?;
    }
    Ok(subscribers)
}

fn start_zeromq_proxy(programs: &Programs, deadline: Instant) -> Result<(Process, String, String)> {
    let mut proxy = Process::start("zeromq proxy", &mut programs.zeromq(&["proxy"])?, deadline)?;
    let line = proxy.expect("listening")?;
    let mut endpoints = line.rest().map(str::to_owned);
    match (endpoints.next(), endpoints.next()) {
        (Some(xsub), Some(xpub)) => Ok((proxy, xsub, xpub)),
        _ => Err(Failure::new("the zeromq proxy told no endpoints")),
    }
}

/// Starts what every process of `system` connects to, and tells where.
fn start_server(
    programs: &Programs,
    system: System,
    deadline: Instant,
) -> Result<(Process, String, Option<TempDir>)> {
    if system == System::Nats {
        let (server, address, files) = start_nats(programs, deadline)?;
        return Ok((server, address, Some(files)));
    }
    let (relay, address) = start_relay(programs, system, "", deadline)?;
    Ok((relay, address, None))
}

/// Starts a forwarder with links to `addresses`, separated by commas, and tells where it listens.
pub(crate) fn start_relay(
    programs: &Programs,
    system: System,
    addresses: &str,
    deadline: Instant,
) -> Result<(Process, String)> {
    let mut command = programs.role(system, "relay");
    command.args(["--address", addresses]);
    let mut relay = Process::start("forwarder", &mut command, deadline)?;
    let address = listening(&mut relay)?;
    Ok((relay, address))
}

/// Starts nats-server on a port that it chooses, and waits for the file in which it tells it.
fn start_nats(programs: &Programs, deadline: Instant) -> Result<(Process, String, TempDir)> {
    let program = programs
        .nats_server
        .as_ref()
        .ok_or_else(|| Failure::new("no nats-server"))?;
    let dir = tempfile::tempdir()?;
    let mut command = Command::new(program);
    // Fewer collections of garbage: worth a quarter of its rate.
    command.env("GOGC", "1000");
    command
        .args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"])
        .arg(dir.path());
    let server = Process::start("nats-server", command.stderr(Stdio::null()), deadline)?;
    while Instant::now() < deadline {
        for entry in fs::read_dir(dir.path())? {
            // The file may be there before its content is.
            let text = fs::read_to_string(entry?.path())?;
            let ports: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(url) = ports["nats"][0].as_str() {
                return Ok((server, url.trim_start_matches("nats://").to_owned(), dir));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(Failure::new("nats-server did not tell its port in time"))
}

/// Where a process that said so listens.
pub(crate) fn listening(process: &mut Process) -> Result<String> {
    let line = process.expect("listening")?;
    let address = line.rest().next().map(str::to_owned);
    address.ok_or_else(|| Failure::new("a process listens but told no address"))
}

fn copy_of(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(count: u64, late: u64) -> Deliveries {
        Deliveries {
            count,
            elapsed: Duration::from_secs(2),
            lost: 3,
            late,
        }
    }

    #[test]
    fn subscribers_add_up() {
        let windows = [window(100, 0), window(300, 0)];
        let sum = throughput(
            &windows,
            Duration::from_nanos(4000),
            Duration::from_nanos(400),
        )
        .unwrap();
        assert_eq!(
            sum,
            Throughput {
                per_second: 200.0,
                cpu_ns: 10.0,
                server_cpu_ns: 1.0,
                lost: 6
            }
        );
    }

    #[test]
    fn disorder_voids_the_run() {
        assert!(throughput(&[window(100, 1)], Duration::ZERO, Duration::ZERO).is_err());
        assert!(throughput(&[window(0, 0)], Duration::ZERO, Duration::ZERO).is_err());
    }

    #[test]
    fn missing_rival_says_how_to_get_it() {
        let programs = Programs {
            own: PathBuf::new(),
            zeromq: None,
            nats_server: None,
            valgrind: None,
            zeek: None,
        };
        assert!(
            System::Nats
                .missing(&programs)
                .unwrap()
                .contains("apt-get install nats-server")
        );
        assert!(
            System::Zeromq
                .missing(&programs)
                .unwrap()
                .contains("libzmq3-dev")
        );
        assert_eq!(System::Ours.missing(&programs), None);
    }
}
