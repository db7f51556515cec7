//! A cluster as people read it.

use std::collections::BTreeMap;

use zeekwire::status::NodeStatus;

use super::{Flow, Sample};
use crate::render::number::{age, bytes, count, share};
use crate::render::{Align, Table, printable};

/// The parts of the picture, each without its end of line.
#[derive(Debug)]
pub(crate) struct Tables<'a> {
    sample: &'a Sample,
    before: Option<&'a Sample>,
    flows: &'a [Flow],
}

/// Who there is, in one line.
pub(crate) fn header(sample: &Sample) -> String {
    let silent = match &sample.missing[..] {
        [] => String::new(),
        missing => format!("; no answer from {}", printable(&missing.join(", "))),
    };
    let members = match sample.names().len() {
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    };
    format!(
        "cluster of {members}, seen from {}{silent}",
        printable(&sample.seen_from)
    )
}

impl<'a> Tables<'a> {
    /// The picture of a sample; rates need an earlier one.
    pub(crate) const fn new(
        sample: &'a Sample,
        before: Option<&'a Sample>,
        flows: &'a [Flow],
    ) -> Self {
        Self {
            sample,
            before,
            flows,
        }
    }

    /// All parts that say something, with empty lines between them.
    pub(crate) fn all(&self) -> String {
        let parts = [
            Some(header(self.sample)),
            Some(self.members().to_string()),
            self.links().map(|table| table.to_string()),
            self.routes().map(|table| table.to_string()),
            self.remarks(),
            self.losses().map(|table| table.to_string()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }

    /// One row for each member.
    pub(crate) fn members(&self) -> Table {
        let mut table = Table::new(&[
            ("member", Align::Left),
            ("state", Align::Left),
            ("pools", Align::Left),
            ("hops", Align::Right),
            ("via", Align::Left),
            ("record", Align::Right),
            ("up for", Align::Right),
            ("links", Align::Right),
            ("published/s", Align::Right),
            ("lost", Align::Right),
            ("program", Align::Left),
        ]);
        for name in self.sample.names() {
            table.row(self.member(name));
        }
        table
    }

    fn member(&self, name: &str) -> [String; 11] {
        let told = self.sample.node(name);
        let view = self.sample.view_of(name);
        let pools = match (told, view) {
            (Some(node), _) => &node.pools[..],
            (None, Some(member)) => &member.pools[..],
            (None, None) => &[],
        };
        let of_node = |tell: &dyn Fn(&NodeStatus) -> String| told.map_or_else(none, tell);
        let is_here = name == self.sample.seen_from;
        [
            printable(name).into_owned(),
            self.state(name).to_owned(),
            or_none(&pools.join(" ")),
            match view.and_then(|member| member.hops) {
                _ if is_here => "0".to_owned(),
                Some(hops) => hops.to_string(),
                None => none(),
            },
            view.and_then(|member| member.via.as_deref())
                .map_or_else(none, or_none),
            view.map_or_else(none, |member| member.version.to_string()),
            of_node(&|node| age(node.uptime_s)),
            of_node(&|node| {
                node.links
                    .iter()
                    .filter(|l| l.state == "up")
                    .count()
                    .to_string()
            }),
            told.and_then(|node| self.publish_rate(node))
                .map_or_else(none, whole),
            of_node(&|node| count(node.losses.iter().map(|loss| loss.messages).sum())),
            of_node(&|node| or_none(&node.program)),
        ]
    }

    fn state(&self, name: &str) -> &'static str {
        let told = self.sample.node(name);
        match self.sample.view_of(name) {
            _ if told.is_some_and(|node| node.holds_back) => "holds back",
            _ if name == self.sample.seen_from => "up",
            Some(member) if member.up && told.is_none() => "no answer",
            Some(member) if member.up => "up",
            Some(member) if member.hops.is_some() => "joining",
            Some(_) => "unreachable",
            None if told.is_some() => "up",
            None => "no answer",
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is shown rounded")]
    fn publish_rate(&self, node: &NodeStatus) -> Option<f64> {
        let before = self.before?.node(&node.name)?;
        let seconds = node.uptime_s - before.uptime_s;
        if before.incarnation != node.incarnation || seconds <= 0.0 {
            return None;
        }
        let published = node
            .published
            .messages
            .saturating_sub(before.published.messages);
        Some(published as f64 / seconds)
    }

    /// One row for each direction of each link.
    pub(crate) fn links(&self) -> Option<Table> {
        let mut table = Table::new(&[
            ("from", Align::Left),
            ("to", Align::Left),
            ("state", Align::Left),
            ("messages/s", Align::Right),
            ("bytes/s", Align::Right),
            ("fullest queue", Align::Right),
            ("of", Align::Left),
            ("credit", Align::Right),
            ("dropped", Align::Right),
        ]);
        for flow in self.flows {
            let queue = flow.queue.as_ref();
            table.row([
                printable(&flow.from).into_owned(),
                printable(&flow.to).into_owned(),
                match flow.congested {
                    true => "congested".to_owned(),
                    false => or_none(&flow.state),
                },
                flow.messages_per_s.map_or_else(none, whole),
                flow.bytes_per_s
                    .map_or_else(none, |rate| bytes(rounded(rate))),
                queue.map_or_else(none, |queue| {
                    share(queue.queued_bytes, queue.queue_bytes_max)
                }),
                queue.map_or_else(none, |queue| or_none(&queue.class)),
                queue.map_or_else(none, |queue| bytes(queue.credit_bytes)),
                count(flow.dropped_messages),
            ]);
        }
        (!self.flows.is_empty()).then_some(table)
    }

    /// One row for each member that answered: to how many others it goes by whom.
    pub(crate) fn routes(&self) -> Option<Table> {
        let mut table = Table::new(&[
            ("routes of", Align::Left),
            ("found anew", Align::Right),
            ("by its neighbours", Align::Left),
        ]);
        let mut is_worth_it = false;
        for node in &self.sample.nodes {
            let mut by_neighbour: BTreeMap<&str, usize> = BTreeMap::new();
            for via in node
                .members
                .iter()
                .filter_map(|member| member.via.as_deref())
            {
                *by_neighbour.entry(via).or_default() += 1;
            }
            is_worth_it |= !by_neighbour.is_empty();
            let routes = by_neighbour.iter().map(|(via, n)| match n {
                1 => (*via).to_owned(),
                n => format!("{via} ({n} members)"),
            });
            table.row([
                printable(&node.name).into_owned(),
                count(node.route_changes),
                or_none(&routes.collect::<Vec<_>>().join(", ")),
            ]);
        }
        is_worth_it.then_some(table)
    }

    /// What else is out of order.
    pub(crate) fn remarks(&self) -> Option<String> {
        let mut remarks = Vec::new();
        for node in self.sample.nodes.iter().filter(|node| node.holds_back) {
            remarks.push(format!(
                "{} holds its senders back: a link on which it must lose nothing is behind",
                node.name
            ));
        }
        for flow in self.flows {
            if let Some(error) = &flow.last_error {
                remarks.push(format!("{} to {}: {error}", flow.from, flow.to));
            }
        }
        let remarks = remarks.iter().map(|remark| printable(remark));
        let text = remarks.collect::<Vec<_>>().join("\n");
        (!text.is_empty()).then_some(text)
    }

    /// One row for each place and cause.
    pub(crate) fn losses(&self) -> Option<Table> {
        let losses = self.sample.losses();
        let mut table = Table::new(&[
            ("lost at", Align::Left),
            ("on the way to", Align::Left),
            ("class", Align::Left),
            ("because", Align::Left),
            ("messages", Align::Right),
            ("bytes", Align::Right),
        ]);
        for loss in &losses {
            table.row([
                or_none(&loss.node),
                or_none(loss.peer.as_deref().unwrap_or("its own program")),
                or_none(&loss.class),
                or_none(&loss.cause),
                count(loss.messages),
                bytes(loss.bytes),
            ]);
        }
        (!losses.is_empty()).then_some(table)
    }
}

fn none() -> String {
    "-".to_owned()
}

fn or_none(text: &str) -> String {
    if text.is_empty() {
        none()
    } else {
        printable(text).into_owned()
    }
}

fn whole(rate: f64) -> String {
    count(rounded(rate))
}

#[expect(clippy::cast_possible_truncation, reason = "rates are far below 2^64")]
#[expect(clippy::cast_sign_loss, reason = "rates are not negative")]
fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}
