//! `zeekwire trace`: follows the way that a message would take.

use std::collections::HashSet;

use clap::{Args, ValueEnum};

use crate::admin::{Hop, Report, ask_trace, trace};
use crate::client::Client;
use crate::cluster::{Source, sources};
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds, topic};
use crate::output;
use crate::render::number::{bytes, nanoseconds};
use crate::render::tree::Tree;
use crate::render::{Align, Table, printable};
use crate::stop::Stop;

/// Show the way that a message on a topic takes: the nodes it comes by, times, queues, subscribers
///
/// Sends a probe along the way of a publication, and waits for all nodes to tell that it came.
/// Nobody's subscriptions hear of it. A client's messages enter the cluster at the member that it
/// is linked to; --from follows those of a node that runs here.
///
/// `round trip` is the time until a node's word was back here. `hop` is the time since the node
/// before, by the clocks of both: where these differ, so does it, and it may be negative. `queued`
/// is what waited for the link to the node when the probe left; the probe itself does not wait.
#[derive(Args, Debug)]
pub(crate) struct TraceFlags {
    /// What the message would be about, such as zeek/alerts; .node.NAME leads to that node
    #[arg(value_name = "TOPIC", value_parser = topic)]
    topic: String,

    /// Follow what this node publishes, instead of what a client does: one that runs here, by name
    /// or process id
    #[arg(long, value_name = "NODE", conflicts_with_all = ["connect", "listen", "name"])]
    from: Option<String>,

    /// Wait so many seconds for all nodes to tell
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(PATIENCE))]
    timeout: Seconds,

    /// How to show it
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Format::Tree)]
    format: Format,

    #[command(flatten)]
    links: LinkFlags,
}

/// How a trace is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    Tree,
    /// One JSON object a line for each node that told, with all hops up to it
    Json,
}

/// How long to wait for nodes to tell: nobody knows how many there are.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs the command.
pub(crate) fn run(flags: &TraceFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let reports = match &flags.from {
        Some(from) => from_node(flags, from)?,
        None => {
            let mut client = Client::start(&flags.links, "trace")?;
            client.open_links(&flags.links)?;
            client.wait_linked(&stop)?;
            trace(&client.node, &flags.topic, flags.timeout.0)?
        }
    };
    show(flags.format, &reports)?;
    let is_heard = reports.iter().any(|report| last(report).subscribed);
    if is_heard {
        Ok(())
    } else {
        Err(Failure::job(format_args!(
            "nobody on the way subscribes to {:?}, as far as nodes told within {} s",
            flags.topic, flags.timeout
        )))
    }
}

fn from_node(flags: &TraceFlags, from: &str) -> Result<Vec<Report>, Failure> {
    let here = sources()?;
    let found = here
        .iter()
        .find(|(_, node)| node.name == from || node.pid.to_string() == from);
    let Some((Source::Local { path, .. }, _)) = found else {
        let there: Vec<_> = here.iter().map(|(_, node)| node.name.as_str()).collect();
        return Err(Failure::job(format_args!(
            "no node {from:?} runs here; there are: {}",
            if there.is_empty() {
                "none".to_owned()
            } else {
                there.join(", ")
            }
        )));
    };
    ask_trace(path, &flags.topic, flags.timeout.0)
        .map_err(|error| Failure::job(format_args!("{from} does not tell: {error}")))
}

/// The node that told. Every report has one.
fn last(report: &Report) -> &Hop {
    report.hops.last().expect("whoever tells is a hop itself")
}

fn show(format: Format, reports: &[Report]) -> Result<(), Failure> {
    match format {
        Format::Json => reports.iter().try_for_each(|report| {
            output::print(serde_json::to_string(report).map_err(Failure::job)?)
        }),
        Format::Tree => match table(reports) {
            Some(table) => output::print(table),
            None => Ok(()),
        },
    }
}

/// The hops as a tree, a row each.
fn table(reports: &[Report]) -> Option<Table> {
    let origin = reports.first()?.hops.first()?;
    let mut tree = Tree::new(&printable(&origin.node));
    let mut told = HashSet::new();
    for report in reports.iter().filter(|report| !report.hops.is_empty()) {
        let names: Vec<_> = report.hops[1..]
            .iter()
            .map(|hop| printable(&hop.node))
            .collect();
        // Over links that do not route a probe may come twice.
        if told.insert(names.clone()) {
            tree.put(names.iter().map(AsRef::as_ref), report);
        }
    }
    let mut table = Table::new(&[
        ("node", Align::Left),
        ("hop", Align::Right),
        ("queued", Align::Right),
        ("round trip", Align::Right),
        ("", Align::Left),
    ]);
    for (name, report) in tree.rows() {
        let dash = || "-".to_owned();
        let before = report.and_then(|report| report.hops.iter().rev().nth(1));
        table.row([
            name,
            before.zip(report).map_or_else(dash, |(before, report)| {
                span(before.time_us, last(report).time_us)
            }),
            before.map_or_else(dash, |before| bytes(before.queued_bytes)),
            before
                .and(report)
                .map_or_else(dash, |report| nanoseconds(report.round_trip_us * 1_000)),
            match report {
                Some(report) if last(report).subscribed => "subscribed".to_owned(),
                Some(_) => String::new(),
                None => "did not tell".to_owned(),
            },
        ]);
    }
    Some(table)
}

/// The time between two clocks' readings.
fn span(from_us: u64, to_us: u64) -> String {
    let sign = if to_us < from_us { "-" } else { "" };
    let ns = from_us.abs_diff(to_us).saturating_mul(1_000);
    format!("{sign}{}", nanoseconds(ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(names: &[&str]) -> Report {
        let hops = names.iter().zip([1_000, 1_250, 1_200]);
        Report {
            hops: hops
                .map(|(name, time_us)| Hop {
                    node: (*name).to_owned(),
                    time_us,
                    queued_bytes: 2048,
                    subscribed: *name == "c",
                })
                .collect(),
            round_trip_us: 90,
        }
    }

    #[test]
    fn hops_are_a_tree_with_times_and_queues() {
        let reports = [&["a"][..], &["a", "b", "c"], &["a", "d"], &["a", "d"]].map(report);
        let table = table(&reports).unwrap().to_string();
        let shown: Vec<Vec<_>> = table
            .lines()
            .map(|line| line.split("  ").collect())
            .collect();
        let shown: Vec<String> = shown
            .iter()
            .map(|cells| {
                let cells = cells.iter().map(|cell| cell.trim());
                cells
                    .filter(|cell| !cell.is_empty())
                    .collect::<Vec<_>>()
                    .join("|")
            })
            .collect();
        let expected = [
            "node|hop|queued|round trip",
            "a|-|-|-",
            "├─ b|-|-|-|did not tell",
            "│|└─ c|-50.0 µs|2.0 KiB|90.0 µs|subscribed",
            "└─ d|250 µs|2.0 KiB|90.0 µs",
        ];
        assert_eq!(shown, expected);
    }
}
