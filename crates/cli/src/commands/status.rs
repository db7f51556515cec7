//! `zeekwire status`: looks into a node that runs here.

use clap::Args;
use zeekwire::status::{ClassStatus, LinkStatus, NodeStatus};

use crate::admin::{Directory, search};
use crate::failure::Failure;
use crate::output;
use crate::render::number::{age, bytes, count};
use crate::render::{Align, Table, printable};

/// Show links, queues, credit and drops of a node that runs here
///
/// Finds nodes of this user by their admin sockets: `zeekwire node`, `zeekwire sub` and the nodes
/// of `zeekwire demo`. Where several run, lists them; --node chooses one.
#[derive(Args, Debug)]
pub(crate) struct StatusFlags {
    /// The node's name or its process id
    #[arg(short, long, value_name = "NAME")]
    node: Option<String>,

    /// Print everything, as one JSON object a node and line
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(flags: &StatusFlags) -> Result<(), Failure> {
    let directory = Directory::of_user();
    let found = search(&directory).map_err(|error| {
        Failure::job(format_args!(
            "cannot look for nodes in {}: {error}",
            directory.path().display()
        ))
    })?;
    let mut nodes = Vec::new();
    for found in found {
        match found.status {
            Ok(status) => nodes.push(status),
            Err(error) => output::note(format_args!("{}: {error}", found.path.display())),
        }
    }
    let wanted = |node: &NodeStatus| match &flags.node {
        Some(wanted) => node.name == *wanted || node.pid.to_string() == *wanted,
        None => true,
    };
    let (chosen, others): (Vec<NodeStatus>, Vec<NodeStatus>) = nodes.into_iter().partition(wanted);
    if flags.json && !chosen.is_empty() {
        return chosen.iter().try_for_each(|node| {
            let text = serde_json::to_string(node).map_err(Failure::job)?;
            output::print(text)
        });
    }
    match (&chosen[..], &flags.node) {
        ([], None) => Err(Failure::job(format_args!(
            "no node of this user runs here (looked in {}); start one with `zeekwire node`",
            directory.path().display()
        ))),
        ([], Some(wanted)) => {
            let there: Vec<String> = others
                .iter()
                .map(|node| format!("{} ({})", node.name, node.pid))
                .collect();
            let there = if there.is_empty() {
                "none".to_owned()
            } else {
                there.join(", ")
            };
            Err(Failure::job(format_args!(
                "no node {wanted:?} runs here; there are: {there}"
            )))
        }
        ([node], _) => output::print(details(node)),
        (nodes, _) => {
            output::print(overview(nodes))?;
            output::print("\nMore about one of them: zeekwire status --node PID")
        }
    }
}

fn overview(nodes: &[NodeStatus]) -> Table {
    let mut table = Table::new(&[
        ("node", Align::Left),
        ("pid", Align::Right),
        ("role", Align::Left),
        ("up for", Align::Right),
        ("links", Align::Right),
        ("received", Align::Right),
        ("published", Align::Right),
        ("dropped", Align::Right),
    ]);
    for node in nodes {
        table.row([
            printable(&node.name).into_owned(),
            node.pid.to_string(),
            node.role.clone(),
            age(node.uptime_s),
            node.links
                .iter()
                .filter(|link| link.state == "up")
                .count()
                .to_string(),
            count(node.links.iter().map(|link| link.messages_received).sum()),
            count(node.published.messages),
            count(drops(node)),
        ]);
    }
    table
}

fn drops(node: &NodeStatus) -> u64 {
    let classes = node.links.iter().flat_map(|link| &link.classes);
    let on_links: u64 = classes.map(|class| class.dropped_messages).sum();
    let in_inboxes: u64 = node.subscriptions.iter().map(|s| s.dropped_messages).sum();
    on_links + in_inboxes + node.published.refused
}

fn details(node: &NodeStatus) -> String {
    let mut lines = vec![format!(
        "{} ({}, {}), process {}, up for {}",
        printable(&node.name),
        node.role,
        printable(&node.program),
        node.pid,
        age(node.uptime_s)
    )];
    for endpoint in &node.listeners {
        lines.push(format!("listens at {}", printable(endpoint)));
    }
    let published = &node.published;
    lines.push(format!(
        "published {}; {} refused, {} unheard, {} waits",
        count(published.messages),
        count(published.refused),
        count(published.unrouted),
        count(published.waits)
    ));
    if node.links.is_empty() {
        lines.push("no links".to_owned());
    }
    for link in &node.links {
        lines.push(String::new());
        lines.extend(link_lines(link));
    }
    let subscriptions: Vec<_> = node
        .subscriptions
        .iter()
        .filter(|subscription| !subscription.filters.is_empty())
        .collect();
    if !subscriptions.is_empty() {
        let mut table = Table::new(&[
            ("subscription", Align::Left),
            ("delivered", Align::Right),
            ("waiting", Align::Right),
            ("holding", Align::Right),
            ("dropped", Align::Right),
        ]);
        for subscription in subscriptions {
            table.row([
                printable(&subscription.filters.join(" ")).into_owned(),
                count(subscription.delivered_messages),
                count(subscription.queued_messages as u64),
                share(subscription.queued_bytes, subscription.queue_bytes_max),
                count(subscription.dropped_messages),
            ]);
        }
        lines.push(format!("\n{table}"));
    }
    lines.join("\n")
}

fn link_lines(link: &LinkStatus) -> Vec<String> {
    let peer = link.peer.as_deref().unwrap_or("?");
    let way = if link.dialled { "to" } else { "from" };
    let about = match (&link.peer_role, &link.peer_program) {
        (Some(role), Some(program)) => format!(" ({role}, {program})"),
        _ => String::new(),
    };
    let mut lines = vec![
        printable(&format!("link {way} {peer}{about} at {}", link.endpoint)).into_owned(),
        format!(
            "  {} for {}, heard {} ago; {} filters; {} sent, {} received{}",
            link.state,
            age(link.age_s),
            age(link.silent_s),
            count(link.filters as u64),
            count(link.messages_sent),
            count(link.messages_received),
            if link.congested { "; congested" } else { "" }
        ),
    ];
    if let Some(error) = &link.last_error {
        lines.push(format!("  last error: {}", printable(error)));
    }
    let used = |class: &&ClassStatus| {
        class.class == "event" || class.queued_messages > 0 || class.dropped_messages > 0
    };
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("queued", Align::Right),
        ("bytes queued", Align::Right),
        ("credit", Align::Right),
        ("dropped", Align::Right),
        ("dropped there", Align::Right),
    ])
    .indent(2);
    for class in link.classes.iter().filter(used) {
        table.row([
            class.class.clone(),
            count(class.queued_messages as u64),
            share(class.queued_bytes, class.queue_bytes_max),
            bytes(class.credit_bytes),
            count(class.dropped_messages),
            count(class.dropped_there_messages),
        ]);
    }
    if link.state == "up" {
        lines.push(table.to_string());
    }
    for topic in &link.dropped_topics {
        let name = printable(&topic.topic);
        lines.push(format!(
            "  dropped {} of topic {name}",
            count(topic.messages)
        ));
    }
    lines
}

fn share(part: usize, whole: usize) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{} of {}", bytes(part as u64), bytes(whole as u64)),
    }
}
