//! `zeekwire top`: a cluster, live.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use zeekwire::status::NodeStatus;

use crate::cluster::{Sample, Source, Tables, flows, header, sources};
use crate::failure::Failure;
use crate::flags::{Seconds, SourceFlags};
use crate::output::{self, Output};
use crate::stop::Stop;
use crate::terminal::Screen;

/// Watch a cluster: members, rates and queues of links, losses
///
/// Renews itself every second; q or Ctrl-C ends it. Where standard output is no terminal, prints
/// one sample. Needs a member that runs here, or --connect.
#[derive(Args, Debug)]
pub(crate) struct TopFlags {
    /// Show the cluster of this node that runs here, by name or process id [default: the cluster
    /// with the most members]
    #[arg(value_name = "NODE", conflicts_with = "connect")]
    node: Option<String>,

    /// Take a sample every so many seconds
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(1)))]
    interval: Seconds,

    #[command(flatten)]
    source: SourceFlags,
}

/// Samples closer together tell nothing of rates.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// Runs the command.
pub(crate) fn run(flags: &TopFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let source = match flags.source.open("top", &stop)? {
        Some(source) => source,
        None => choose(sources()?, flags.node.as_deref())?,
    };
    // Whoever cannot be asked at the start is told as an error, and not on a screen.
    let first = source.sample(flags.source.timeout.0)?;
    if Output::is_terminal() {
        watch(flags, source, first, &stop)
    } else {
        print_once(flags, &source, &first, &stop)
    }
}

/// The member to ask: the named one, or that which knows most others.
fn choose(here: Vec<(Source, NodeStatus)>, wanted: Option<&str>) -> Result<Source, Failure> {
    let names: Vec<_> = here.iter().map(|(_, node)| node.name.clone()).collect();
    let is_wanted = |node: &NodeStatus| match wanted {
        Some(wanted) => node.name == wanted || node.pid.to_string() == wanted,
        None => true,
    };
    let members = here
        .into_iter()
        .filter(|(_, node)| node.role == "member" && is_wanted(node));
    let chosen = members.max_by_key(|(_, node)| node.members.len());
    chosen.map(|(source, _)| source).ok_or_else(|| {
        let there = match &names[..] {
            [] => "no node at all".to_owned(),
            names => names.join(", "),
        };
        Failure::job(format_args!(
            "no member {} runs here; there is {there}. Start one with `zeekwire node`, or \
             --connect to one elsewhere",
            wanted.map_or_else(|| "of a cluster".to_owned(), |name| format!("{name:?}"))
        ))
    })
}

fn print_once(
    flags: &TopFlags,
    source: &Source,
    first: &Sample,
    stop: &Stop,
) -> Result<(), Failure> {
    output::note("standard output is no terminal: one sample, and no more");
    pause(flags.interval.0.max(INTERVAL_MIN), || stop.is_set());
    let second = source.sample(flags.source.timeout.0)?;
    output::print(Tables::new(&second, Some(first), &flows(&second, Some(first))).all())
}

/// Waits, unless it is over before.
fn pause(interval: Duration, is_over: impl Fn() -> bool) {
    let until = Instant::now() + interval;
    while let Some(left) = until.checked_duration_since(Instant::now())
        && !is_over()
    {
        thread::sleep(left.min(Stop::LOOK_EVERY));
    }
}

/// A thread takes samples, so that keys are heard also while a member does not answer.
fn watch(flags: &TopFlags, source: Source, first: Sample, stop: &Stop) -> Result<(), Failure> {
    let (sample_in, samples) = channel();
    let (interval, timeout) = (flags.interval.0.max(INTERVAL_MIN), flags.source.timeout.0);
    let over = stop.clone();
    thread::Builder::new()
        .name("zw-top".into())
        .spawn(move || take_samples(&source, interval, timeout, &over, &sample_in))
        .map_err(|error| Failure::job(format_args!("cannot start a thread: {error}")))?;
    let mut screen = Screen::enter()?;
    let mut view = View {
        text: picture(&first, None),
        before: first,
    };
    while !stop.is_set() {
        screen.draw(&view.text)?;
        if screen.key().is_some_and(|key| matches!(key, b'q' | b'Q')) || !view.renew(&samples) {
            break;
        }
    }
    Ok(())
}

fn take_samples(
    source: &Source,
    interval: Duration,
    timeout: Duration,
    over: &Stop,
    samples: &Sender<Result<Sample, String>>,
) {
    while !over.is_set() {
        pause(interval, || over.is_set());
        let sample = source.sample(timeout).map_err(|failure| match failure {
            Failure::Usage(text) | Failure::Job(text) => text,
            Failure::Told | Failure::OutputClosed => String::new(),
        });
        if samples.send(sample).is_err() {
            return;
        }
    }
}

/// What is on the screen.
struct View {
    text: String,
    before: Sample,
}

impl View {
    /// Takes what has come. Returns whether more may come.
    fn renew(&mut self, samples: &Receiver<Result<Sample, String>>) -> bool {
        match samples.recv_timeout(Duration::ZERO) {
            Ok(Ok(sample)) => {
                self.text = picture(&sample, Some(&self.before));
                self.before = sample;
                true
            }
            Ok(Err(error)) => {
                let old = picture(&self.before, None);
                self.text = format!("{error}\nThis is how it was last:\n\n{old}");
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        }
    }
}

/// The screen: losses before the long table of links, of which the end may be cut.
fn picture(sample: &Sample, before: Option<&Sample>) -> String {
    let flows = flows(sample, before);
    let tables = Tables::new(sample, before, &flows);
    let time = Timestamp::now();
    let parts = [
        Some(format!("{time:.0}  {}  q ends", header(sample))),
        Some(tables.members().to_string()),
        tables.remarks(),
        tables.losses().map(|table| table.to_string()),
        tables.links().map(|table| table.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}
