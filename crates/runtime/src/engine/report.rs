//! What the engine sees of itself.

use zeekwire_backend::Sink;
use zeekwire_backend::status::{
    ClassStatus, LinkStatus, LossStatus, MemberStatus, NodeStatus, PublishStatus,
    SubscriptionStatus, TopicDrops,
};
use zeekwire_core::Node;
use zeekwire_core::node::Link;
use zeekwire_types::{Instant, TrafficClass};

use super::sockets::{LinkState, Socket};
use super::{Engine, LinkRecord};

impl Engine {
    pub(super) fn status(&self, now: Instant) -> NodeStatus {
        let (counts, queued_bytes) = self.outbox.counts();
        let config = self.node.config();
        let mut listeners: Vec<String> = Vec::new();
        for socket in self.sockets.values() {
            if let Socket::Listener { listener, .. } = socket {
                listeners.push(listener.local_endpoint().to_string());
            }
        }
        listeners.sort();
        NodeStatus {
            name: config.id.name.to_string(),
            incarnation: config.id.incarnation.to_string(),
            role: config.role.to_string(),
            pools: config.pools.clone(),
            program: config.program.clone(),
            pid: std::process::id(),
            uptime_s: now.since(Instant::ZERO).as_secs_f64(),
            listeners,
            links: self
                .links
                .iter()
                .map(|(id, record)| {
                    let link = record.key.and_then(|key| self.node.link(key));
                    link_status(now, id.0, record, &self.node, link)
                })
                .collect(),
            subscriptions: self.subscriptions(),
            published: PublishStatus {
                messages: counts.messages,
                refused: counts.refused,
                waits: counts.waits,
                inline: self.counts.inline,
                unrouted: self.counts.unrouted,
                queued_bytes,
            },
            repeated_messages: self.node.repeated(),
            members: self.member_statuses(),
            queued_bytes: self.node.queued_bytes(),
            queued_bytes_max: self.node.config().session.queued_bytes_max,
            refused_members: self.node.refused_records(),
            route_changes: self.node.route_changes(),
            losses: self.losses(),
            own_losses: self.own_losses(),
            own_losses_elsewhere: self.node.own_losses_elsewhere().messages,
            holds_back: self.keeps_credit_back()
                || TrafficClass::ALL
                    .iter()
                    .any(|class| self.node.is_behind(*class)),
        }
    }

    fn member_statuses(&self) -> Vec<MemberStatus> {
        let name_of = |key| {
            let peer = self.node.link(key)?.peer()?;
            Some(peer.node.name.to_string())
        };
        let told = self.node.members().map(|member| MemberStatus {
            name: member.node.name.to_string(),
            incarnation: member.node.incarnation.to_string(),
            up: member.up,
            hops: member.hops,
            via: member.next_link.and_then(name_of),
            version: member.version,
            neighbours: member
                .neighbours
                .iter()
                .map(|id| id.name.to_string())
                .collect(),
            alias: member.alias.map(str::to_owned),
            pools: member.pools.iter().map(ToString::to_string).collect(),
            filters: member.filter_count,
        });
        let mut told: Vec<MemberStatus> = told.collect();
        told.sort_by(|a, b| (&a.name, &a.incarnation).cmp(&(&b.name, &b.incarnation)));
        told
    }

    /// What this node lost, wherever in it.
    fn losses(&self) -> Vec<LossStatus> {
        let own = self.node.id().name.to_string();
        let links = self.node.links().map(|link| {
            let peer = link.peer().map(|peer| peer.node.name.to_string());
            (peer, link.session.outgoing.drops())
        });
        let beside = [self.node.drops(), self.node.inbox_drops()];
        let places = links.chain(beside.into_iter().map(|drops| (None, drops)));
        let told = places.flat_map(|(peer, drops)| {
            let own = own.clone();
            drops
                .by_cause()
                .map(move |(class, cause, total)| LossStatus {
                    node: own.clone(),
                    peer: peer.clone(),
                    class: class.to_string(),
                    cause: cause.name().to_owned(),
                    messages: total.messages,
                    bytes: total.bytes,
                })
        });
        told.collect()
    }

    fn own_losses(&self) -> Vec<LossStatus> {
        let told = self.node.own_losses().map(|(place, total)| LossStatus {
            node: place.node.to_string(),
            peer: place.peer.as_ref().map(ToString::to_string),
            class: place.class.to_string(),
            cause: place.cause.name().to_owned(),
            messages: total.messages,
            bytes: total.bytes,
        });
        told.collect()
    }

    fn subscriptions(&self) -> Vec<SubscriptionStatus> {
        let numbered = (0..).zip(&self.subscribers);
        let known = numbered.filter_map(|(id, subscriber)| Some((id, subscriber.as_ref()?)));
        known
            .map(|(id, subscriber)| {
                let mut status = SubscriptionStatus {
                    id,
                    filters: subscriber.filters.iter().map(ToString::to_string).collect(),
                    delivered_messages: subscriber.delivered,
                    ..SubscriptionStatus::default()
                };
                if let Sink::Inbox(inbox) = &subscriber.sink {
                    let (messages, bytes, _, dropped) = inbox.counts();
                    status.queued_messages = messages;
                    status.queued_bytes = bytes;
                    status.queue_bytes_max = inbox.limits().bytes_max;
                    status.dropped_messages = dropped;
                }
                status
            })
            .collect()
    }
}

fn link_status(
    now: Instant,
    id: u64,
    record: &LinkRecord,
    node: &Node,
    link: Option<&Link>,
) -> LinkStatus {
    let mut status = LinkStatus {
        id,
        endpoint: record.endpoint.clone(),
        dialled: record.dialled.is_some(),
        state: match record.state {
            LinkState::Waiting => "waiting",
            LinkState::Connecting => "connecting",
            LinkState::Handshake => "handshake",
            LinkState::Up => "up",
            LinkState::Closing => "closing",
        }
        .to_owned(),
        age_s: now.since(record.changed_at).as_secs_f64(),
        connects: record.connects,
        last_error: record.last_error.clone(),
        ..LinkStatus::default()
    };
    let Some(link) = link else { return status };
    if let Some(peer) = link.peer() {
        status.peer = Some(peer.node.name.to_string());
        status.peer_incarnation = Some(peer.node.incarnation.to_string());
        status.peer_role = Some(peer.role.to_string());
        status.peer_program = Some(peer.program.clone());
    }
    let outgoing = &link.session.outgoing;
    status.silent_s = now.since(link.session.liveness.received_at()).as_secs_f64();
    status.filters = node.filter_count(link);
    status.messages_sent = outgoing.messages();
    status.messages_received = link.session.incoming.messages();
    status.congested = link.is_congested();
    status.classes = TrafficClass::ALL
        .into_iter()
        .map(|class| class_status(link, class))
        .collect();
    for (place, total) in node.own_losses() {
        let there = place.peer.is_none() && status.peer.as_deref() == Some(place.node.as_str());
        let class = place.class.to_string();
        let mut classes = status.classes.iter_mut();
        if let Some(class) = classes.find(|of| there && of.class == class) {
            class.dropped_there_messages += total.messages;
        }
    }
    let topic = |drops: zeekwire_core::TopicDrops| TopicDrops {
        topic: String::from_utf8_lossy(&drops.topic).into_owned(),
        messages: drops.messages,
    };
    status.dropped_topics = outgoing.drops().topics().into_iter().map(topic).collect();
    status
}

fn class_status(link: &Link, class: TrafficClass) -> ClassStatus {
    let outgoing = &link.session.outgoing;
    let drops = outgoing.drops().of(class);
    ClassStatus {
        class: class.to_string(),
        sent_bytes: outgoing.sent_bytes(class),
        received_bytes: link.session.incoming.received_bytes(class),
        queued_bytes: outgoing.queued_bytes(class),
        queued_messages: outgoing.queued_messages(class),
        queue_bytes_max: outgoing.limits().budget_bytes[class.index()],
        credit_bytes: outgoing.credit_left(class),
        dropped_messages: drops.messages,
        dropped_bytes: drops.bytes,
        dropped_there_messages: 0,
    }
}
