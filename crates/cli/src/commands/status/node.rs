//! One node as people read it, and several in a list.

use zeekwire::status::{ClassStatus, LinkStatus, NodeStatus};

use crate::render::number::{age, bytes, count, share};
use crate::render::{Align, Table, printable};

/// One line for each node.
pub(super) fn overview<'a>(nodes: impl IntoIterator<Item = &'a NodeStatus>) -> Table {
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

/// All of one node.
pub(super) fn details(node: &NodeStatus) -> String {
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
    if !node.pools.is_empty() {
        lines.push(format!(
            "in the pools {}",
            printable(&node.pools.join(", "))
        ));
    }
    if node.holds_back {
        let text = "holds its senders back: a link on which it must lose nothing is behind";
        lines.push(text.to_owned());
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
    let more = [members(node), subscriptions(node), losses(node)];
    let more = more.into_iter().flatten().map(|table| format!("\n{table}"));
    lines.extend(more);
    lines.join("\n")
}

/// How it sees the others.
fn members(node: &NodeStatus) -> Option<Table> {
    let mut table = Table::new(&[
        ("member", Align::Left),
        ("state", Align::Left),
        ("hops", Align::Right),
        ("via", Align::Left),
        ("record", Align::Right),
        ("filters", Align::Right),
        ("neighbours", Align::Left),
    ]);
    for member in &node.members {
        table.row([
            printable(&member.name).into_owned(),
            match (member.up, member.hops) {
                (true, _) => "up",
                (false, Some(_)) => "joining",
                (false, None) => "unreachable",
            }
            .to_owned(),
            member.hops.map_or_else(none, |hops| hops.to_string()),
            member
                .via
                .as_deref()
                .map_or_else(none, |via| printable(via).into_owned()),
            member.version.to_string(),
            count(member.filters as u64),
            printable(&member.neighbours.join(" ")).into_owned(),
        ]);
    }
    (!node.members.is_empty()).then_some(table)
}

fn subscriptions(node: &NodeStatus) -> Option<Table> {
    let mut table = Table::new(&[
        ("subscription", Align::Left),
        ("delivered", Align::Right),
        ("waiting", Align::Right),
        ("holding", Align::Right),
        ("dropped", Align::Right),
    ]);
    let told = node
        .subscriptions
        .iter()
        .filter(|of| !of.filters.is_empty());
    let mut is_empty = true;
    for subscription in told {
        is_empty = false;
        table.row([
            printable(&subscription.filters.join(" ")).into_owned(),
            count(subscription.delivered_messages),
            count(subscription.queued_messages as u64),
            share(
                subscription.queued_bytes as u64,
                subscription.queue_bytes_max as u64,
            ),
            count(subscription.dropped_messages),
        ]);
    }
    (!is_empty).then_some(table)
}

/// What it published and was lost, wherever.
fn losses(node: &NodeStatus) -> Option<Table> {
    let mut table = Table::new(&[
        ("of its own lost at", Align::Left),
        ("on the way to", Align::Left),
        ("because", Align::Left),
        ("messages", Align::Right),
        ("bytes", Align::Right),
    ]);
    for loss in &node.own_losses {
        table.row([
            printable(&loss.node).into_owned(),
            printable(loss.peer.as_deref().unwrap_or("its own program")).into_owned(),
            printable(&loss.cause).into_owned(),
            count(loss.messages),
            bytes(loss.bytes),
        ]);
    }
    (!node.own_losses.is_empty()).then_some(table)
}

fn none() -> String {
    "-".to_owned()
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
            share(class.queued_bytes as u64, class.queue_bytes_max as u64),
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
