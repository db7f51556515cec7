//! Writing what members say, in parts that fit one control message each.

use zeekwire_schema::link_capnp as schema;
use zeekwire_types::NodeId;
use zeekwire_types::limits::{CONTROL_BYTES_MAX, NODE_NAME_BYTES_MAX};

use super::{Body, Digest, Item, LossCause, Lost, NODE_BYTES, Routed, Trace, Update, text_bytes};

/// Bytes left for items beside the fixed parts of a message, its origin's name among them.
const ROOM_BYTES: usize = CONTROL_BYTES_MAX - 512 - NODE_NAME_BYTES_MAX;

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("a part is small")
}

pub(in crate::wire) fn write_node(node: &NodeId, out: schema::node_ref::Builder<'_>) {
    let mut out = out;
    out.set_name(node.name.as_str());
    out.set_started_us(node.incarnation.started_us);
    out.set_random(node.incarnation.random);
}

/// Bytes that a node takes in a list: two numbers, a pointer, and the name.
fn node_bytes(node: &NodeId) -> usize {
    NODE_BYTES + text_bytes(node.name.as_str())
}

/// Cuts a list into runs that fit one control message each; at least one run, maybe empty.
fn parts<T>(items: &[T], bytes_of: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let mut rest = items;
    loop {
        let mut room = ROOM_BYTES;
        let fits = rest.iter().take_while(|item| {
            let bytes = bytes_of(item);
            let fits = bytes <= room;
            room = room.saturating_sub(bytes);
            fits
        });
        let (part, later) = rest.split_at(fits.count());
        parts.push(part);
        if later.is_empty() {
            return parts;
        }
        rest = later;
    }
}

/// A digest, cut to the size of control messages.
pub(in crate::wire) fn digest_parts(digest: &Digest) -> Vec<Digest> {
    let parts = parts(&digest.records, |(node, _)| 16 + node_bytes(node));
    let last = parts.len() - 1;
    let cut = parts.into_iter().enumerate();
    cut.map(|(at, part)| Digest {
        records: part.to_vec(),
        complete: digest.complete && at == last,
    })
    .collect()
}

/// An update, cut to the size of control messages.
pub(in crate::wire) fn update_parts(update: &Update) -> Vec<Update> {
    let removed = update.removed.iter().map(|item| (false, item));
    let added = update.added.iter().map(|item| (true, item));
    let changes: Vec<(bool, &Item)> = removed.chain(added).collect();
    let parts = parts(&changes, |(_, item)| item_bytes(item));
    let last = parts.len() - 1;
    let of = |part: &[(bool, &Item)], wanted: bool| {
        let kept = part.iter().filter(|(added, _)| *added == wanted);
        kept.map(|(_, item)| (*item).clone()).collect()
    };
    let cut = parts.into_iter().enumerate();
    cut.map(|(at, part)| Update {
        origin: update.origin.clone(),
        complete: update.complete && at == last,
        added: of(part, true),
        removed: of(part, false),
        ..*update
    })
    .collect()
}

fn item_bytes(item: &Item) -> usize {
    match item {
        Item::Neighbour(node) | Item::Leaf(node) | Item::Superseded(node) => node_bytes(node),
        Item::Filter(filter) => 8 + filter.as_bytes().len().next_multiple_of(8),
        Item::Alias(label) | Item::Pool(label) => 8 + text_bytes(label),
    }
}

pub(in crate::wire) fn write_digest(digest: &Digest, out: schema::digest::Builder<'_>) {
    let mut out = out;
    out.set_complete(digest.complete);
    let mut records = out.init_records(count(digest.records.len()));
    for (at, (node, version)) in (0..).zip(&digest.records) {
        let mut record = records.reborrow().get(at);
        record.set_version(*version);
        write_node(node, record.init_node());
    }
}

pub(in crate::wire) fn write_update(update: &Update, out: schema::update::Builder<'_>) {
    let mut out = out;
    write_node(&update.origin, out.reborrow().init_origin());
    out.set_base(update.base);
    out.set_version(update.version);
    out.set_tree(update.tree);
    out.set_complete(update.complete);
    out.set_confirm(update.confirm);
    write_items(&update.added, out.reborrow().init_added());
    write_items(&update.removed, out.init_removed());
}

fn write_items(items: &[Item], out: schema::items::Builder<'_>) {
    type Nodes<'a> = capnp::struct_list::Builder<'a, schema::node_ref::Owned>;
    let mut out = out;
    let fill = |mut list: Nodes<'_>, nodes: &[&NodeId]| {
        for (at, node) in (0..).zip(nodes) {
            write_node(node, list.reborrow().get(at));
        }
    };
    let of = |wanted: fn(&Item) -> Option<&NodeId>| -> Vec<&NodeId> {
        items.iter().filter_map(wanted).collect()
    };
    let nodes = of(|item| {
        if let Item::Neighbour(node) = item {
            Some(node)
        } else {
            None
        }
    });
    fill(out.reborrow().init_neighbours(count(nodes.len())), &nodes);
    let nodes = of(|item| {
        if let Item::Leaf(node) = item {
            Some(node)
        } else {
            None
        }
    });
    fill(out.reborrow().init_leaves(count(nodes.len())), &nodes);
    let nodes = of(|item| {
        if let Item::Superseded(node) = item {
            Some(node)
        } else {
            None
        }
    });
    fill(out.reborrow().init_superseded(count(nodes.len())), &nodes);
    let filters = items.iter().filter_map(|item| match item {
        Item::Filter(filter) => Some(filter.as_bytes()),
        _ => None,
    });
    let filters: Vec<&[u8]> = filters.collect();
    let mut list = out.reborrow().init_filters(count(filters.len()));
    for (at, filter) in (0..).zip(filters) {
        list.set(at, filter);
    }
    let pools = items.iter().filter_map(|item| match item {
        Item::Pool(label) => Some(&**label),
        _ => None,
    });
    let pools: Vec<&str> = pools.collect();
    let mut list = out.reborrow().init_pools(count(pools.len()));
    for (at, label) in (0..).zip(pools) {
        list.set(at, label);
    }
    let aliases = items.iter().filter_map(|item| match item {
        Item::Alias(alias) => Some(&**alias),
        _ => None,
    });
    let aliases: Vec<&str> = aliases.collect();
    let mut list = out.init_aliases(count(aliases.len()));
    for (at, alias) in (0..).zip(aliases) {
        list.set(at, alias);
    }
}

pub(in crate::wire) fn write_routed(routed: &Routed, out: schema::routed::Builder<'_>) {
    let mut out = out;
    write_node(&routed.to, out.reborrow().init_to());
    write_node(&routed.from, out.reborrow().init_from());
    out.set_hop_limit(routed.hop_limit);
    match &routed.body {
        Body::Confirm(version) => out.set_confirm(*version),
        Body::Ask(version) => out.set_ask(*version),
        Body::Ping(number) => out.set_ping(*number),
        Body::Pong(number) => out.set_pong(*number),
        // What a newer release says is never passed on as something else: see `Node::relay`.
        Body::Newer => out.set_pong(0),
        Body::Lost(lost) => write_lost(lost, out.init_lost()),
        Body::Traced(trace) => write_trace(trace, out.init_traced()),
    }
}

fn write_lost(lost: &Lost, out: schema::lost::Builder<'_>) {
    let mut out = out;
    out.set_publisher(lost.publisher.as_str());
    out.set_class(lost.class as u8);
    out.set_cause(to_wire(lost.cause));
    out.set_messages(lost.messages);
    out.set_bytes(lost.bytes);
    out.set_tree(lost.tree);
    if let Some(peer) = &lost.peer {
        out.set_peer(peer.as_str());
    }
}

const fn to_wire(cause: LossCause) -> schema::lost::Cause {
    use schema::lost::Cause;
    match cause {
        LossCause::Unspecified => Cause::Unspecified,
        LossCause::QueueFull => Cause::QueueFull,
        LossCause::InboxFull => Cause::InboxFull,
        LossCause::TooLong => Cause::TooLong,
        LossCause::LinkLost => Cause::LinkLost,
        LossCause::HopLimit => Cause::HopLimit,
        LossCause::NoRoute => Cause::NoRoute,
    }
}

pub(in crate::wire) fn write_trace(trace: &Trace, out: schema::trace::Builder<'_>) {
    let mut out = out;
    out.set_number(trace.number);
    write_node(&trace.origin, out.reborrow().init_origin());
    out.set_tree(trace.tree);
    out.set_topic(&trace.topic);
    let mut hops = out.init_hops(count(trace.hops.len()));
    for (at, hop) in (0..).zip(&trace.hops) {
        let mut out = hops.reborrow().get(at);
        out.set_node(hop.node.as_str());
        out.set_time_us(hop.time_us);
        out.set_queued_bytes(hop.queued_bytes);
        out.set_subscribed(hop.subscribed);
    }
}
