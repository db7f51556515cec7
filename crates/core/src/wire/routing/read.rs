//! Reading what other members say.

use zeekwire_schema::link_capnp as schema;
use zeekwire_types::limits::HOP_LIMIT_MAX;
use zeekwire_types::{Incarnation, NodeId, NodeName, Topic, TopicFilter, TrafficClass};

use super::is_pool_label;
use super::{Body, Digest, Hop, Item, LossCause, Lost, Routed, TRACE_BYTES_MAX, Trace, Update};
use crate::Fault;

fn bad(_: capnp::Error) -> Fault {
    Fault::Control
}

pub(in crate::wire) fn read_node(node: schema::node_ref::Reader<'_>) -> Result<NodeId, Fault> {
    Ok(NodeId {
        name: read_name(node.get_name())?,
        incarnation: Incarnation {
            started_us: node.get_started_us(),
            random: node.get_random(),
        },
    })
}

fn read_name(text: capnp::Result<capnp::text::Reader<'_>>) -> Result<NodeName, Fault> {
    let text = text.map_err(bad)?;
    let text = text.to_str().map_err(|_| Fault::ControlName)?;
    NodeName::new(text).map_err(|_| Fault::ControlName)
}

pub(in crate::wire) fn read_digest(digest: schema::digest::Reader<'_>) -> Result<Digest, Fault> {
    let records = digest.get_records().map_err(bad)?;
    let read = |record: schema::digest::version::Reader<'_>| {
        Ok((
            read_node(record.get_node().map_err(bad)?)?,
            record.get_version(),
        ))
    };
    Ok(Digest {
        records: records.iter().map(read).collect::<Result<_, Fault>>()?,
        complete: digest.get_complete(),
    })
}

pub(in crate::wire) fn read_update(update: schema::update::Reader<'_>) -> Result<Update, Fault> {
    let read = Update {
        origin: read_node(update.get_origin().map_err(bad)?)?,
        base: update.get_base(),
        version: update.get_version(),
        tree: update.get_tree(),
        complete: update.get_complete(),
        confirm: update.get_confirm(),
        added: read_items(update.get_added().map_err(bad)?)?,
        removed: read_items(update.get_removed().map_err(bad)?)?,
    };
    if read.tree == 0 || read.version <= read.base {
        return Err(Fault::ControlVersion);
    }
    Ok(read)
}

fn read_items(items: schema::items::Reader<'_>) -> Result<Vec<Item>, Fault> {
    let mut read = Vec::new();
    let nodes = [
        (
            items.get_neighbours(),
            Item::Neighbour as fn(NodeId) -> Item,
        ),
        (items.get_leaves(), Item::Leaf),
        (items.get_superseded(), Item::Superseded),
    ];
    for (list, item) in nodes {
        for node in list.map_err(bad)? {
            read.push(item(read_node(node)?));
        }
    }
    for filter in items.get_filters().map_err(bad)? {
        let filter = TopicFilter::new(filter.map_err(bad)?);
        read.push(Item::Filter(filter.map_err(|_| Fault::ControlFilter)?));
    }
    let labels = [
        (items.get_aliases(), Item::Alias as fn(Box<str>) -> Item),
        (items.get_pools(), Item::Pool),
    ];
    for (list, item) in labels {
        for label in list.map_err(bad)? {
            let label = label.map_err(bad)?.to_str().map_err(|_| Fault::Control)?;
            if !is_pool_label(label) {
                return Err(Fault::ControlName);
            }
            read.push(item(label.into()));
        }
    }
    Ok(read)
}

pub(in crate::wire) fn read_routed(routed: schema::routed::Reader<'_>) -> Result<Routed, Fault> {
    use schema::routed::Which;
    let body = match routed.which() {
        Ok(Which::Confirm(version)) => Body::Confirm(version),
        Ok(Which::Ask(version)) => Body::Ask(version),
        Ok(Which::Ping(number)) => Body::Ping(number),
        Ok(Which::Pong(number)) => Body::Pong(number),
        Ok(Which::Lost(lost)) => Body::Lost(read_lost(lost.map_err(bad)?)?),
        Ok(Which::Traced(trace)) => Body::Traced(read_trace(trace.map_err(bad)?)?),
        Err(_) => Body::Newer,
    };
    Ok(Routed {
        to: read_node(routed.get_to().map_err(bad)?)?,
        from: read_node(routed.get_from().map_err(bad)?)?,
        hop_limit: routed.get_hop_limit().min(HOP_LIMIT_MAX),
        body,
    })
}

fn read_lost(lost: schema::lost::Reader<'_>) -> Result<Lost, Fault> {
    let class = lost.get_class();
    let peer = lost.get_peer().map_err(bad)?;
    Ok(Lost {
        publisher: read_name(lost.get_publisher())?,
        class: TrafficClass::from_number(class).ok_or(Fault::FrameClass(class))?,
        cause: lost.get_cause().map_or(LossCause::Unspecified, from_wire),
        messages: lost.get_messages(),
        bytes: lost.get_bytes(),
        peer: if peer.is_empty() {
            None
        } else {
            Some(read_name(Ok(peer))?)
        },
        tree: lost.get_tree(),
    })
}

const fn from_wire(cause: schema::lost::Cause) -> LossCause {
    use schema::lost::Cause;
    match cause {
        Cause::Unspecified => LossCause::Unspecified,
        Cause::QueueFull => LossCause::QueueFull,
        Cause::InboxFull => LossCause::InboxFull,
        Cause::TooLong => LossCause::TooLong,
        Cause::LinkLost => LossCause::LinkLost,
        Cause::HopLimit => LossCause::HopLimit,
        Cause::NoRoute => LossCause::NoRoute,
    }
}

pub(in crate::wire) fn read_trace(trace: schema::trace::Reader<'_>) -> Result<Trace, Fault> {
    let topic = trace.get_topic().map_err(bad)?;
    Topic::check(topic).map_err(|_| Fault::ControlFilter)?;
    let hops = trace.get_hops().map_err(bad)?;
    if hops.len() > u32::from(HOP_LIMIT_MAX) + 1 {
        return Err(Fault::Control);
    }
    let read = |hop: schema::trace::hop::Reader<'_>| {
        Ok(Hop {
            node: read_name(hop.get_node())?,
            time_us: hop.get_time_us(),
            queued_bytes: hop.get_queued_bytes(),
            subscribed: hop.get_subscribed(),
        })
    };
    let trace = Trace {
        number: trace.get_number(),
        origin: read_node(trace.get_origin().map_err(bad)?)?,
        tree: trace.get_tree(),
        topic: topic.to_vec(),
        hops: hops.iter().map(read).collect::<Result<_, Fault>>()?,
    };
    // Hops may share their names' bytes, and a report has to name two nodes more.
    if trace.bytes() > TRACE_BYTES_MAX {
        return Err(Fault::ControlTooLong);
    }
    Ok(trace)
}
