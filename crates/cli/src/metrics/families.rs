//! Which metrics a node has.
//!
//! Names and units follow the conventions of Prometheus: base units, `_total` for counters. No
//! label holds a topic, as there is no end to those. Clients count together as the peer `*`: their
//! names come and go, and every new one would be a new series for ever.

use zeekwire::status::{ClassStatus, LinkStatus, LossStatus, NodeStatus, SubscriptionStatus};

use super::exposition::Family;
use super::exposition::Kind::{Counter, Gauge};
use super::exposition::Samples;

/// Every metric, in the order in which they are written.
#[rustfmt::skip]
pub(super) const FAMILIES: [Family; 38] = [
    family("zeekwire_node_info", Gauge, &["node", "incarnation", "role", "program"],
        "Always 1; says who this is.",
        |node, out| out.count(&[&node.name, &node.incarnation, &node.role, &node.program], 1)),
    family("zeekwire_uptime_seconds", Gauge, &[],
        "Time since the node started.",
        |node, out| out.add(&[], node.uptime_s)),
    family("zeekwire_published_messages_total", Counter, &[],
        "Messages accepted from the node's own program.",
        |node, out| out.count(&[], node.published.messages)),
    family("zeekwire_publish_refused_messages_total", Counter, &[],
        "Messages of the node's own program that were refused because queues were full.",
        |node, out| out.count(&[], node.published.refused)),
    family("zeekwire_publish_unrouted_messages_total", Counter, &[],
        "Messages of the node's own program that nobody wanted.",
        |node, out| out.count(&[], node.published.unrouted)),
    family("zeekwire_publish_waits_total", Counter, &[],
        "Times that publishing had to wait for a queue.",
        |node, out| out.count(&[], node.published.waits)),
    family("zeekwire_publish_queue_bytes", Gauge, &[],
        "Bytes of the node's own publications that wait to be routed.",
        |node, out| out.count(&[], node.published.queued_bytes as u64)),
    family("zeekwire_node_queue_bytes", Gauge, &[],
        "Bytes that wait in the queues of all links, but for control messages.",
        |node, out| out.count(&[], node.queued_bytes as u64)),
    family("zeekwire_node_queue_limit_bytes", Gauge, &[],
        "Most bytes that may wait in the queues of all links.",
        |node, out| out.count(&[], node.queued_bytes_max as u64)),
    family("zeekwire_repeated_messages_total", Counter, &[],
        "Messages refused because they were repeated or overtaken.",
        |node, out| out.count(&[], node.repeated_messages)),
    family("zeekwire_route_changes_total", Counter, &[],
        "Times that routes were found anew.",
        |node, out| out.count(&[], node.route_changes)),
    family("zeekwire_holds_back", Gauge, &[],
        "Whether the node slows its senders, as a link on which it must lose nothing is behind.",
        |node, out| out.count(&[], node.holds_back.into())),
    family("zeekwire_members", Gauge, &[],
        "Other members of the cluster that are up.",
        |node, out| out.count(&[], node.members.iter().filter(|of| of.up).count() as u64)),
    family("zeekwire_member_up", Gauge, &["member"],
        "Whether another member that is known of is up.",
        |node, out| node.members.iter().for_each(|of| out.at_least(&[&of.name], flag(of.up)))),
    family("zeekwire_member_hops", Gauge, &["member"],
        "Links between here and another member; absent while no path leads there.",
        |node, out| for member in &node.members {
            if let Some(hops) = member.hops {
                out.at_least(&[&member.name], hops.into());
            }
        }),
    family("zeekwire_links", Gauge, &["state"],
        "Links by state: connecting, waiting, handshake, up or closing.",
        |node, out| node.links.iter().for_each(|link| out.count(&[&link.state], 1))),
    family("zeekwire_dialled_link_up", Gauge, &["endpoint"],
        "Whether a link that this node opens is up.",
        |node, out| dialled(node, |link| out.count(&[&link.endpoint], is_up(link).into()))),
    family("zeekwire_dialled_link_reconnects_total", Counter, &["endpoint"],
        "Connections made again after the first, of a link that this node opens.",
        |node, out| dialled(node, |link| {
            out.count(&[&link.endpoint], link.connects.saturating_sub(1));
        })),
    family("zeekwire_link_sent_messages_total", Counter, &["peer"],
        "Messages sent since the link came up, those of the protocol among them.",
        |node, out| up(node, |peer, link| out.count(&[peer], link.messages_sent))),
    family("zeekwire_link_received_messages_total", Counter, &["peer"],
        "Messages received since the link came up.",
        |node, out| up(node, |peer, link| out.count(&[peer], link.messages_received))),
    family("zeekwire_link_sent_bytes_total", Counter, &["peer", "class"],
        "Bytes sent since the link came up.",
        |node, out| classes(node, |at, class| out.count(&at, class.sent_bytes))),
    family("zeekwire_link_received_bytes_total", Counter, &["peer", "class"],
        "Bytes received since the link came up.",
        |node, out| classes(node, |at, class| out.count(&at, class.received_bytes))),
    family("zeekwire_link_queue_messages", Gauge, &["peer", "class"],
        "Messages that wait to be sent.",
        |node, out| classes(node, |at, class| out.count(&at, class.queued_messages as u64))),
    family("zeekwire_link_queue_bytes", Gauge, &["peer", "class"],
        "Bytes that wait to be sent.",
        |node, out| classes(node, |at, class| out.count(&at, class.queued_bytes as u64))),
    family("zeekwire_link_queue_limit_bytes", Gauge, &["peer", "class"],
        "Bytes that may wait to be sent.",
        |node, out| classes(node, |at, class| out.count(&at, class.queue_bytes_max as u64))),
    family("zeekwire_link_credit_bytes", Gauge, &["peer", "class"],
        "Bytes that the peer still takes. Control messages need no credit.",
        |node, out| classes(node, |at, class| if class.class != "control" {
            out.count(&at, class.credit_bytes);
        })),
    family("zeekwire_link_filters", Gauge, &["peer"],
        "Filters that the peer subscribed to.",
        |node, out| up(node, |peer, link| out.count(&[peer], link.filters as u64))),
    family("zeekwire_link_congested", Gauge, &["peer"],
        "Whether origins wait for the link.",
        |node, out| up(node, |peer, link| out.at_least(&[peer], flag(link.congested)))),
    family("zeekwire_link_silence_seconds", Gauge, &["peer"],
        "Time since bytes last arrived.",
        |node, out| up(node, |peer, link| out.at_least(&[peer], link.silent_s))),
    family("zeekwire_lost_messages_total", Counter, &["peer", "class", "cause"],
        "Messages that the node lost, its own and others'; the peer is whom they were for next.",
        |node, out| lost(node, |at, loss| out.count(&at, loss.messages))),
    family("zeekwire_lost_bytes_total", Counter, &["peer", "class", "cause"],
        "Bytes of messages that the node lost.",
        |node, out| lost(node, |at, loss| out.count(&at, loss.bytes))),
    family("zeekwire_own_lost_messages_total", Counter, &["place", "peer", "class", "cause"],
        "Messages that the node published and that were lost, wherever, as far as reported.",
        |node, out| own_lost(node, |at, loss| out.count(&at, loss.messages))),
    family("zeekwire_own_lost_bytes_total", Counter, &["place", "peer", "class", "cause"],
        "Bytes of messages that the node published and that were lost.",
        |node, out| own_lost(node, |at, loss| out.count(&at, loss.bytes))),
    family("zeekwire_delivered_messages_total", Counter, &[],
        "Messages delivered into the subscriptions that the node has now.",
        |node, out| inboxes(node, |of| out.count(&[], of.delivered_messages))),
    family("zeekwire_inbox_messages", Gauge, &[],
        "Messages that wait to be taken by the node's own program.",
        |node, out| inboxes(node, |of| out.count(&[], of.queued_messages as u64))),
    family("zeekwire_inbox_bytes", Gauge, &[],
        "Bytes held for them.",
        |node, out| inboxes(node, |of| out.count(&[], of.queued_bytes as u64))),
    family("zeekwire_inbox_limit_bytes", Gauge, &[],
        "Bytes that may be held for them, in all subscriptions together.",
        |node, out| inboxes(node, |of| out.count(&[], of.queue_bytes_max as u64))),
    family("zeekwire_inbox_dropped_messages_total", Counter, &[],
        "Messages dropped because the node's own program did not take them in time.",
        |node, out| inboxes(node, |of| out.count(&[], of.dropped_messages))),
];

const fn family(
    name: &'static str,
    kind: super::exposition::Kind,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&NodeStatus, &mut Samples),
) -> Family {
    Family {
        name,
        kind,
        labels,
        help,
        read,
    }
}

/// The peer of a link as labels have it.
const CLIENTS: &str = "*";

fn peer_label(link: &LinkStatus) -> Option<&str> {
    match link.peer_role.as_deref() {
        Some("client") => Some(CLIENTS),
        _ => link.peer.as_deref(),
    }
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn is_up(link: &LinkStatus) -> bool {
    link.state == "up"
}

fn dialled(node: &NodeStatus, each: impl FnMut(&LinkStatus)) {
    node.links.iter().filter(|link| link.dialled).for_each(each);
}

fn up(node: &NodeStatus, mut each: impl FnMut(&str, &LinkStatus)) {
    for link in node.links.iter().filter(|link| is_up(link)) {
        if let Some(peer) = peer_label(link) {
            each(peer, link);
        }
    }
}

fn classes(node: &NodeStatus, mut each: impl FnMut([&str; 2], &ClassStatus)) {
    up(node, |peer, link| {
        for class in &link.classes {
            each([peer, &class.class], class);
        }
    });
}

fn lost(node: &NodeStatus, mut each: impl FnMut([&str; 3], &LossStatus)) {
    for loss in &node.losses {
        each([loss_peer(node, loss), &loss.class, &loss.cause], loss);
    }
}

fn own_lost(node: &NodeStatus, mut each: impl FnMut([&str; 4], &LossStatus)) {
    for loss in &node.own_losses {
        let peer = loss_peer(node, loss);
        each([&loss.node, peer, &loss.class, &loss.cause], loss);
    }
}

/// Whom messages were meant for: empty for the losing node's own program.
fn loss_peer<'a>(node: &'a NodeStatus, loss: &'a LossStatus) -> &'a str {
    let peer = loss.peer.as_deref().unwrap_or_default();
    let mut links = node.links.iter();
    let link = links.find(|link| link.peer.as_deref() == Some(peer));
    link.and_then(peer_label).unwrap_or(peer)
}

fn inboxes(node: &NodeStatus, each: impl FnMut(&SubscriptionStatus)) {
    node.subscriptions.iter().for_each(each);
}
