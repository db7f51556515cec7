//! All that depends on how the protocol's node is driven, in one place.

use std::time::Duration;

use zeekwire_core::Node;
use zeekwire_core::node::{
    Forwarding, LinkConfig, LinkEnd, LinkKey, Message, NodeConfig, Output, Received, Scope,
};
use zeekwire_core::wire::FrameHeader;
use zeekwire_types::limits::HOP_LIMIT_MAX;
use zeekwire_types::{Incarnation, Instant, NodeId, NodeName, TopicFilter, TrafficClass};

use crate::plan::HostPlan;

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
        Output::Traced { .. } => Told::Other,
    }
}

/// A host's name tells its number.
pub(crate) fn id(host: usize, started_us: u64, random: u64) -> NodeId {
    let name = NodeName::new(&format!("n{host}")).expect("a good name");
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
        forwarding: Forwarding::Routed,
        lossless: plan.lossless,
        pools: Vec::new(),
        member_down_after: GRACE,
        seed,
    })
}

/// How links are opened.
pub(crate) const fn link(dialled: bool) -> LinkConfig {
    LinkConfig::automatic(dialled)
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

/// Takes apart what a link brought, and passes on what goes on. Returns how many bytes were taken,
/// and whether the link is over. `deliver` is shown each message, and whether its bytes are to be
/// kept back from the credit of whoever sent it.
pub(crate) fn receive(
    node: &mut Node,
    now: Instant,
    key: LinkKey,
    bytes: &mut [u8],
    mut deliver: impl FnMut(&mut Node, &Message, &[u8], bool),
) -> (usize, bool) {
    let mut start = 0;
    loop {
        let mut message = match node.receive(key, &bytes[start..]) {
            Received::Incomplete => return (start, false),
            Received::Over => return (start, true),
            Received::Nothing(taken) => {
                start += taken;
                continue;
            }
            Received::Message(message) => message,
        };
        let range = start..start + message.taken;
        start = range.end;
        let mut hold = false;
        if let Some(header) = message.forward {
            let (whole, range) = match &mut message.reassembled {
                Some(whole) => {
                    let all = 0..whole.len();
                    (&mut whole[..], all)
                }
                None => (&mut bytes[..], range.clone()),
            };
            whole[range.start..range.start + header.len()].copy_from_slice(&header);
            hold = node.forward(now, message.class, whole, range).hold;
        }
        deliver(node, &message, &bytes[range], hold);
    }
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

/// Asks for messages.
pub(crate) fn subscribe(node: &mut Node, subscriber: u32, filters: &[String], token: u64) {
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
