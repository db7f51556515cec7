//! `zeekwire status`: shows a cluster, or all of one node.

mod node;

use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use zeekwire::status::NodeStatus;

use crate::admin::Directory;
use crate::client::interrupted;
use crate::cluster::{Flow, Sample, Source, Tables, flows, sources};
use crate::failure::Failure;
use crate::flags::{Seconds, SourceFlags};
use crate::output;
use crate::stop::Stop;

/// Show a cluster, or one of its nodes: members, links, routes, rates, queues and drops
///
/// Finds the nodes of this user that run here by their admin sockets (`zeekwire node`, `zeekwire
/// sub`, the nodes of `zeekwire demo`), and asks one of each cluster for all members of it,
/// wherever they run; --connect asks a member elsewhere. A member that does not answer is named.
/// A node that is alone is shown by itself, with queues and subscriptions, and so is NODE.
#[derive(Args, Debug)]
pub(crate) struct StatusFlags {
    /// Show all of this node: one of the cluster, or one that runs here, by name or process id
    #[arg(value_name = "NODE")]
    node: Option<String>,

    /// The same as NODE
    #[arg(
        short = 'n',
        long = "node",
        value_name = "NODE",
        hide = true,
        conflicts_with = "node"
    )]
    named: Option<String>,

    /// Show the cluster also where it is one node alone
    #[arg(long, conflicts_with_all = ["node", "named"])]
    cluster: bool,

    /// How to show it
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Measure rates for so many seconds; 0 shows none
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(Duration::from_millis(500)))]
    interval: Seconds,

    #[command(flatten)]
    source: SourceFlags,
}

/// How a cluster or a node is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// Everything, as one JSON object a line for each cluster, or for the node
    Json,
}

/// Runs the command.
pub(crate) fn run(flags: &StatusFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let wanted = flags.node.as_deref().or(flags.named.as_deref());
    if let Some(source) = flags.source.open("status", &stop)? {
        return match wanted {
            Some(name) => {
                let sample = source.sample(flags.source.timeout.0)?;
                let node = sample.node(name);
                show_node(
                    flags,
                    node.ok_or_else(|| no_such_node(name, &sample.nodes))?,
                )
            }
            None => show_cluster(flags, &source, &stop).map(drop),
        };
    }
    let here = sources()?;
    match (&here[..], wanted) {
        ([], _) => Err(Failure::job(format_args!(
            "no node of this user runs here (looked in {}); start one with `zeekwire node`, or \
             --connect to a member elsewhere",
            Directory::of_user().path().display()
        ))),
        (_, Some(name)) => show_named(flags, name, &here),
        ([(_, node)], None) if !flags.cluster && node.members.is_empty() => show_node(flags, node),
        (_, None) => show_all(flags, &here, &stop),
    }
}

/// Shows a node that runs here, or else one of that name in a cluster of those that do.
fn show_named(
    flags: &StatusFlags,
    name: &str,
    here: &[(Source, NodeStatus)],
) -> Result<(), Failure> {
    let is_named = |node: &NodeStatus| node.name == name || node.pid.to_string() == name;
    let found: Vec<_> = here
        .iter()
        .map(|(_, node)| node)
        .filter(|node| is_named(node))
        .collect();
    match found[..] {
        [] => {}
        [node] => return show_node(flags, node),
        [..] if flags.format == Format::Json => {
            return found
                .into_iter()
                .try_for_each(|node| show_node(flags, node));
        }
        [..] => {
            output::print(node::overview(found))?;
            return output::print("\nMore about one of them: zeekwire status PID");
        }
    }
    let mut known: Vec<NodeStatus> = here.iter().map(|(_, node)| node.clone()).collect();
    for (source, node) in here {
        if !node.members.iter().any(|member| member.name == name) {
            continue;
        }
        let sample = source.sample(flags.source.timeout.0)?;
        if let Some(node) = sample.node(name) {
            return show_node(flags, node);
        }
        if sample.missing.iter().any(|missing| missing == name) {
            return Err(Failure::job(format_args!(
                "{name} is a member, but did not answer within {} s; --timeout gives more time",
                flags.source.timeout
            )));
        }
        known.extend(sample.nodes);
    }
    known.sort_by(|a, b| (&a.name, a.pid).cmp(&(&b.name, b.pid)));
    known.dedup_by(|a, b| is_same(a, b));
    Err(no_such_node(name, &known))
}

fn is_same(a: &NodeStatus, b: &NodeStatus) -> bool {
    (&a.name, &a.incarnation) == (&b.name, &b.incarnation)
}

/// Shows every cluster of which a member runs here, and then those who belong to none.
fn show_all(
    flags: &StatusFlags,
    here: &[(Source, NodeStatus)],
    stop: &Stop,
) -> Result<(), Failure> {
    let (members, others): (Vec<_>, Vec<_>) =
        here.iter().partition(|(_, node)| node.role == "member");
    let mut shown: Vec<NodeStatus> = Vec::new();
    for (source, node) in members {
        if shown.iter().any(|known| is_same(known, node)) {
            continue;
        }
        gap(flags, !shown.is_empty())?;
        match show_cluster(flags, source, stop) {
            Ok(sample) => shown.extend(sample.nodes),
            Err(Failure::Job(error)) => output::complain(error),
            Err(failure) => return Err(failure),
        }
    }
    let others: Vec<_> = others.iter().map(|(_, node)| node).collect();
    match (&others[..], flags.format) {
        ([], _) => Ok(()),
        ([node], Format::Table) if shown.is_empty() => show_node(flags, node),
        (_, Format::Table) => {
            gap(flags, !shown.is_empty())?;
            output::print("clients that run here:\n")?;
            output::print(node::overview(others))
        }
        (_, Format::Json) if shown.is_empty() => others
            .into_iter()
            .try_for_each(|node| show_node(flags, node)),
        // A line is a cluster.
        (_, Format::Json) => Ok(()),
    }
}

fn gap(flags: &StatusFlags, is_wanted: bool) -> Result<(), Failure> {
    match flags.format {
        Format::Table if is_wanted => output::print(""),
        _ => Ok(()),
    }
}

fn no_such_node(name: &str, known: &[NodeStatus]) -> Failure {
    let there: Vec<String> = known
        .iter()
        .map(|node| format!("{} ({})", node.name, node.pid))
        .collect();
    Failure::job(format_args!(
        "no node {name:?} was found; there are: {}",
        there.join(", ")
    ))
}

fn show_node(flags: &StatusFlags, node: &NodeStatus) -> Result<(), Failure> {
    match flags.format {
        Format::Table => output::print(node::details(node)),
        Format::Json => output::print(serde_json::to_string(node).map_err(Failure::job)?),
    }
}

/// Takes two samples of a cluster, and shows it. Returns the second.
fn show_cluster(flags: &StatusFlags, source: &Source, stop: &Stop) -> Result<Sample, Failure> {
    let timeout = flags.source.timeout.0;
    let first = source.sample(timeout)?;
    let (sample, before) = if flags.interval.0.is_zero() {
        (first, None)
    } else {
        wait(flags.interval.0, stop)?;
        (source.sample(timeout)?, Some(first))
    };
    let flows = flows(&sample, before.as_ref());
    match flags.format {
        Format::Table => output::print(Tables::new(&sample, before.as_ref(), &flows).all())?,
        Format::Json => {
            let told = Told {
                cluster: &sample,
                flows: &flows,
            };
            output::print(serde_json::to_string(&told).map_err(Failure::job)?)?;
        }
    }
    Ok(sample)
}

/// A cluster as programs read it.
#[derive(serde::Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    cluster: &'a Sample,
    flows: &'a [Flow],
}

fn wait(interval: Duration, stop: &Stop) -> Result<(), Failure> {
    let until = Instant::now() + interval;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if stop.is_set() {
            return Err(interrupted(stop));
        }
        thread::sleep(left.min(Stop::LOOK_EVERY));
    }
    Ok(())
}
