//! All that depends on how the protocol's node is driven, in one place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{
    LinkConfig, LinkEnd, LinkKey, Message, NodeConfig, Output, Rule, Scope, is_share_of,
};
use zeekwire_core::wire::{EnvelopeTemplate, FrameHeader};
use zeekwire_types::limits::HOP_LIMIT_MAX;
use zeekwire_types::{Incarnation, Instant, NodeId, NodeName, TopicFilter, TrafficClass};

use crate::plan::{Crossing, HostPlan};

/// A member that cannot be reached for shorter than this was never away.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// What a node asks of its driver.
#[derive(Debug)]
pub(crate) enum Told {
    Decide(LinkKey),
    Up(LinkKey),
    Ready(LinkKey),
    Close(LinkKey, LinkEnd),
    Completed(u64),
    Relaxed,
    NodeUp(NodeId),
    NodeDown(NodeId),
    Yielded(NodeId),
    Other,
}

/// Translates what a node asks.
pub(crate) fn told(output: Output) -> Told {
    match output {
        Output::Decide { link } => Told::Decide(link),
        Output::LinkUp { link } => Told::Up(link),
        Output::PeerReady { link } => Told::Ready(link),
        Output::CloseLink { link, end } => Told::Close(link, end),
        Output::Completed { token } => Told::Completed(token),
        Output::Relaxed => Told::Relaxed,
        Output::NodeUp { node } => Told::NodeUp(node),
        Output::NodeDown { node } => Told::NodeDown(node),
        Output::Yielded { to } => Told::Yielded(to),
        Output::TopicChanged { .. } | Output::Traced { .. } => Told::Other,
    }
}

/// A name tells its number, mostly that of the host.
pub(crate) fn id(name: usize, started_us: u64, random: u64) -> NodeId {
    let name = NodeName::new(&format!("n{name}")).expect("a good name");
    let incarnation = Incarnation { started_us, random };
    NodeId { name, incarnation }
}

/// The number that a name tells.
pub(crate) fn host_of(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse().ok()
}

/// A new node.
pub(crate) fn node(id: NodeId, plan: &HostPlan, seed: u64) -> Node {
    Node::new(NodeConfig {
        id,
        role: plan.role,
        program: "sim".to_owned(),
        session: plan.session,
        stall_max: Duration::from_millis(500),
        forwarding: plan.forwarding,
        lossless: plan.lossless,
        pools: Vec::new(),
        alias: None,
        watch_topics: true,
        member_down_after: GRACE,
        seed,
    })
}

/// How links are opened.
pub(crate) fn link(dialled: bool, peer: &HostPlan) -> LinkConfig {
    LinkConfig {
        label: label(peer.zone),
        ..LinkConfig::automatic(dialled)
    }
}

/// Links are named by the part of the cluster to which they lead.
fn label(zone: Option<usize>) -> u64 {
    zone.map_or(0, |zone| zone as u64 + 1)
}

/// Lets a border pass something on.
pub(crate) fn add_rule(node: &mut Node, rule: &Crossing, token: u64) {
    let rule = Rule {
        filter: TopicFilter::new(rule.filter).expect("a good filter"),
        from: label(Some(rule.from)),
        to: label(Some(rule.to)),
    };
    node.add_rule(rule, token);
}

/// The header of a new message.
pub(crate) const fn header(
    node: &Node,
    class: TrafficClass,
    envelope_bytes: usize,
    len: usize,
) -> FrameHeader {
    FrameHeader {
        class,
        fragment: false,
        hop_limit: HOP_LIMIT_MAX,
        envelope_bytes,
        payload_bytes: len,
        tree: node.tree(),
    }
}

/// Passes on a message that a link brought. Returns whether its bytes are to be kept back from the
/// credit of whoever sent it.
pub(crate) fn pass_on(
    node: &mut Node,
    now: Instant,
    message: &mut Message,
    bytes: &mut [u8],
    range: Range<usize>,
) -> bool {
    let Some(header) = message.forward else {
        return false;
    };
    let (whole, range) = match &mut message.reassembled {
        Some(whole) => {
            let all = 0..whole.len();
            (&mut whole[..], all)
        }
        None => (bytes, range),
    };
    whole[range.start..range.start + header.len()].copy_from_slice(&header);
    node.forward(now, message.class, whole, range).hold
}

/// Builds a message of a node, whole, but for its sequence.
pub(crate) fn message(
    node: &Node,
    class: TrafficClass,
    topic: &[u8],
    survey: u64,
    payload: &[u8],
) -> AlignedBytes {
    let template = EnvelopeTemplate::with_survey(node.id(), topic, "raw", survey);
    let header = header(node, class, template.bytes().len(), payload.len());
    let mut whole = AlignedBytes::new();
    whole.extend_from_slice(&header.encode());
    whole.extend_from_slice(template.bytes());
    whole.extend_from_slice(payload);
    whole.extend_from_slice(&[0; 8][..header.frame_bytes() - whole.len()]);
    whole
}

/// Whether a copy on this topic is for the node itself.
pub(crate) fn is_for_itself(node: &Node, topic: &[u8]) -> bool {
    is_share_of(topic, &node.id().name)
}

/// What a node knows of another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Known {
    pub(crate) host: usize,
    /// Which of its lives.
    pub(crate) started_us: u64,
    pub(crate) is_up: bool,
    pub(crate) hops: u32,
    /// Members that it is linked with.
    pub(crate) neighbours: Vec<usize>,
    /// What it, and clients at it, asked for.
    pub(crate) filters: Vec<String>,
}

/// What a node knows of the members that it can reach, in order.
pub(crate) fn known(node: &Node) -> Vec<Known> {
    let members = node.members().filter(|view| view.up || view.hops.is_some());
    let mut known: Vec<Known> = members
        .filter_map(|view| {
            let hosts = view.neighbours.iter();
            let mut neighbours: Vec<usize> =
                hosts.filter_map(|id| host_of(id.name.as_str())).collect();
            neighbours.sort_unstable();
            Some(Known {
                host: host_of(view.node.name.as_str())?,
                started_us: view.node.incarnation.started_us,
                is_up: view.up,
                hops: view.hops.map_or(u32::MAX, u32::from),
                neighbours,
                filters: filters_of(node, view.node),
            })
        })
        .collect();
    known.sort_unstable();
    known
}

/// The members that are up to a node; sorted.
pub(crate) fn up(node: &Node) -> Vec<usize> {
    let mut up: Vec<usize> = node
        .members_up()
        .filter_map(|id| host_of(id.name.as_str()))
        .collect();
    up.sort_unstable();
    up
}

/// Messages of which links and the node itself counted the loss, by topic.
pub(crate) fn topic_drops(node: &Node) -> BTreeMap<(Option<LinkKey>, Vec<u8>), u64> {
    let links = node
        .links()
        .map(|link| (Some(link.key()), link.session.outgoing.drops().topics()));
    let all = links.chain([(None, node.drops().topics())]);
    all.flat_map(|(key, topics)| {
        let counted = topics.into_iter();
        counted.map(move |drops| ((key, drops.topic), drops.messages))
    })
    .collect()
}

/// Messages of a class of which a node heard that they were lost.
pub(crate) fn own_losses(node: &Node, class: TrafficClass) -> u64 {
    let places = node.own_losses().filter(|(place, _)| place.class == class);
    places.map(|(_, total)| total.messages).sum()
}

/// What a node knows that another, and clients at it, asked for; sorted.
pub(crate) fn filters_of(node: &Node, other: &NodeId) -> Vec<String> {
    let filters = node.filters_of(other).into_iter();
    sorted(filters.map(ToString::to_string))
}

/// What a node asks of others; sorted.
pub(crate) fn filters(node: &Node) -> Vec<String> {
    let own = format!(".node.{}", node.id().name);
    sorted(node.subscribed().map(ToString::to_string).chain([own]))
}

/// Without doubles.
pub(crate) fn sorted(filters: impl Iterator<Item = String>) -> Vec<String> {
    let mut filters: Vec<String> = filters.collect();
    filters.sort_unstable();
    filters.dedup();
    filters
}

/// Subscribers from this number on answer questions.
pub(crate) const RESPONDERS: u32 = 100;

/// Asks for messages.
pub(crate) fn subscribe(node: &mut Node, subscriber: u32, filters: &[String], token: u64) {
    if subscriber >= RESPONDERS {
        node.set_responder(subscriber);
    }
    node.subscribe(subscriber, &parsed(filters), Scope::AllLinks, token);
}

/// Takes that back.
pub(crate) fn unsubscribe(node: &mut Node, subscriber: u32, filters: &[String], token: u64) {
    node.unsubscribe(subscriber, &parsed(filters), token);
}

fn parsed(filters: &[String]) -> Vec<TopicFilter> {
    let parsed = filters.iter().map(TopicFilter::new);
    parsed
        .map(|filter| filter.expect("a good filter"))
        .collect()
}

/// Names a message: host, life, class and sequence.
pub(crate) type Key = (usize, u32, TrafficClass, u64);

/// Appends the payload of a message: told from its key, and different at each of its places.
pub(crate) fn payload((host, life, class, sequence): Key, len: usize, into: &mut Vec<u8>) {
    let fill = u8::try_from(sequence % 251).unwrap_or(0);
    let start = into.len();
    into.resize(start + len, fill);
    for place in (0..len).step_by(1021) {
        let parts = [sequence, place as u64, host as u64, life.into()];
        let mark = parts.iter().fold(class as u64, |mark, part| {
            (mark ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        let end = len.min(place + 8);
        into[start + place..start + end].copy_from_slice(&mark.to_be_bytes()[..end - place]);
    }
}

/// Takes note that an inbox had no room for a message.
pub(crate) fn count_inbox_drop(node: &mut Node, whole: &[u8]) {
    node.count_inbox_drop(whole);
}

/// Messages of a class that a node has counted as lost, on links and without them.
pub(crate) fn drops(node: &Node, class: TrafficClass) -> u64 {
    let links = node
        .links()
        .map(|link| link.session.outgoing.drops().of(class).messages);
    links.sum::<u64>() + node.drops().of(class).messages
}
