//! Members of a cluster in one process, joined by buffers: no sockets, no threads, no clock.
//!
//! What one member writes, the other reads at once, in the order in which members had something to
//! say. So the time that it takes is what the members themselves cost, and a little copying.

use std::collections::VecDeque;
use std::io::IoSlice;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{
    Forwarding, LinkConfig, LinkKey, NodeConfig, Output, Received, Scope, SubscriberKey,
};
use zeekwire_core::session::{SessionConfig, WRITE_SLICE_COUNT_MAX};
use zeekwire_core::wire::{EnvelopeTemplate, FrameHeader};
use zeekwire_types::limits::{FRAME_HEADER_BYTES, HOP_LIMIT_MAX};
use zeekwire_types::{Incarnation, Instant, NodeId, NodeName, Role, TopicFilter, TrafficClass};

use crate::failure::{Failure, Result};

/// The one subscriber of each member.
const SUBSCRIBER: SubscriberKey = 1;
/// Every member subscribed to it.
const TOPIC_ALL: &str = "zeek/mesh/all";
/// What the members' clock says all the time.
const NOW: Instant = Instant::ZERO;

/// Members and the wires between them.
pub(crate) struct Mesh {
    members: Vec<Member>,
    wires: Vec<Wire>,
    /// Members that may have something to do, each once.
    busy: VecDeque<usize>,
    delivered: usize,
    fault: Option<Failure>,
}

struct Member {
    node: Node,
    /// Wire and side, by the index of the link.
    ends: Vec<Option<(usize, usize)>>,
    is_busy: bool,
    sequence: u64,
}

struct Wire {
    ends: [(usize, LinkKey); 2],
    /// What each side has yet to read.
    unread: [AlignedBytes; 2],
    carried_bytes: usize,
}

impl Mesh {
    /// Members without links, with so many filters each.
    pub(crate) fn new(member_count: usize, filter_count: usize) -> Result<Self> {
        let members = (0..member_count).map(|number| Member::new(number, filter_count));
        Ok(Self {
            members: members.collect::<Result<_>>()?,
            wires: Vec::new(),
            busy: VecDeque::new(),
            delivered: 0,
            fault: None,
        })
    }

    /// A ring of all members in random order, and random links across it up to `link_count`. No
    /// single link cuts it in two. Settled.
    pub(crate) fn random(
        member_count: usize,
        filter_count: usize,
        link_count: usize,
        seed: u64,
    ) -> Result<Self> {
        let mut mesh = Self::new(member_count, filter_count)?;
        let all: Vec<usize> = (0..member_count).collect();
        mesh.join_randomly(&all, link_count, seed);
        mesh.settle()?;
        Ok(mesh)
    }

    /// Joins some members as [`Mesh::random`] does, without settling.
    pub(crate) fn join_randomly(&mut self, members: &[usize], link_count: usize, seed: u64) {
        let mut random = Random(seed);
        let mut order = members.to_vec();
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place + 1));
        }
        let mut pairs: Vec<[usize; 2]> = Vec::new();
        let neighbours = order.iter().zip(order.iter().cycle().skip(1));
        pairs.extend(neighbours.map(|(one, next)| [*one, *next]));
        while pairs.len() < link_count {
            let pair = [0; 2].map(|_| order[random.below(order.len())]);
            let known = |other: &[usize; 2]| *other == pair || *other == [pair[1], pair[0]];
            if pair[0] != pair[1] && !pairs.iter().any(known) {
                pairs.push(pair);
            }
        }
        for [one, other] in pairs {
            self.connect(one, other);
        }
    }

    /// Joins two members by a new wire, whose number it returns.
    pub(crate) fn connect(&mut self, dialler: usize, listener: usize) -> usize {
        let mut open = |member: usize, dialled| {
            let node = &mut self.members[member].node;
            (member, node.open_link(NOW, LinkConfig::automatic(dialled)))
        };
        let ends = [open(dialler, true), open(listener, false)];
        let number = self.wires.len();
        self.wires.push(Wire {
            ends,
            unread: [AlignedBytes::new(), AlignedBytes::new()],
            carried_bytes: 0,
        });
        for (side, (member, key)) in ends.into_iter().enumerate() {
            let ends = &mut self.members[member].ends;
            ends.resize(ends.len().max(key.index() + 1), None);
            ends[key.index()] = Some((number, side));
            self.wake(member);
        }
        number
    }

    /// Both ends of a wire lose it.
    pub(crate) fn cut(&mut self, wire: usize) {
        for (member, key) in self.wires[wire].ends {
            let Member { node, ends, .. } = &mut self.members[member];
            node.link_lost(key);
            ends[key.index()] = None;
            self.wake(member);
        }
    }

    /// Lets the members talk until all are silent.
    pub(crate) fn settle(&mut self) -> Result<()> {
        while let Some(member) = self.busy.pop_front() {
            self.members[member].is_busy = false;
            self.obey(member);
            self.write(member, &[]);
        }
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Members at both ends of a wire.
    pub(crate) fn ends(&self, wire: usize) -> [usize; 2] {
        self.wires[wire].ends.map(|(member, _)| member)
    }

    /// How many wires there have been.
    pub(crate) fn wire_count(&self) -> usize {
        self.wires.len()
    }

    /// Bytes that a wire carried so far, both ways.
    pub(crate) fn carried_bytes(&self, wire: usize) -> usize {
        self.wires[wire].carried_bytes
    }

    /// Whether every member sees these two as neighbours, or every member does not.
    pub(crate) fn agrees(&self, pair: [usize; 2], joined: bool) -> bool {
        let [one, other] = pair.map(|member| self.members[member].node.id());
        self.members.iter().all(|member| {
            let mut views = member.node.members();
            views.all(|view| {
                let seen = |from, to: &NodeId| view.node != from || view.neighbours.contains(&to);
                if joined {
                    seen(one, other) && seen(other, one)
                } else {
                    let apart =
                        |from, to: &NodeId| view.node != from || !view.neighbours.contains(&to);
                    apart(one, other) && apart(other, one)
                }
            })
        })
    }

    /// Whether every member reaches every other, and knows so many filters of each at least.
    pub(crate) fn is_whole(&self, filter_count: usize) -> bool {
        self.members.iter().all(|member| {
            let reached = member.node.members().filter(|view| view.hops.is_some());
            let known = reached.filter(|view| view.filter_count >= filter_count);
            known.count() + 1 == self.members.len()
        })
    }

    /// Every member publishes a message for all others. Returns how many were delivered.
    pub(crate) fn publish_all(&mut self) -> Result<usize> {
        self.delivered = 0;
        for number in 0..self.members.len() {
            let member = &mut self.members[number];
            let message = member.message()?;
            let topic = TOPIC_ALL.as_bytes();
            let range = 0..message.len();
            member
                .node
                .publish(NOW, TrafficClass::Event, topic, &message, range);
            self.write(number, &message);
            self.settle()?;
        }
        Ok(self.delivered)
    }

    fn wake(&mut self, member: usize) {
        let state = &mut self.members[member];
        if !state.is_busy {
            state.is_busy = true;
            self.busy.push_back(member);
        }
    }

    fn obey(&mut self, member: usize) {
        let node = &mut self.members[member].node;
        while let Some(output) = node.poll_output() {
            match output {
                Output::Decide { link } => node.decide(link, Ok(())),
                Output::CloseLink { link, end } => {
                    let lost = self.members[member].ends[link.index()].is_none();
                    if !lost {
                        let text = format!("member {member} closes a link: {end}");
                        self.fault = Some(Failure::new(text));
                    }
                    return;
                }
                _ => {}
            }
        }
    }

    /// Hands over all that a member has to write; what it staged lies in `source`.
    fn write(&mut self, member: usize, source: &[u8]) {
        let mut dirty = Vec::new();
        self.members[member].node.take_dirty(&mut dirty);
        for key in dirty {
            let Some((wire, side)) = self.members[member].ends[key.index()] else {
                continue;
            };
            let Some(link) = self.members[member].node.link_mut(key) else {
                continue;
            };
            let unread = &mut self.wires[wire].unread[1 - side];
            let before = unread.len();
            let outgoing = &mut link.session.outgoing;
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.staged_slices(source, &mut slices);
            for slice in &slices[..count] {
                unread.extend_from_slice(slice);
            }
            outgoing.staged_written(source, outgoing.staged_bytes());
            loop {
                let planned = outgoing.plan_write();
                if planned == 0 {
                    break;
                }
                let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
                let count = outgoing.plan_slices(&mut slices);
                for slice in &slices[..count] {
                    unread.extend_from_slice(slice);
                }
                outgoing.plan_written(planned);
            }
            self.wires[wire].carried_bytes += unread.len() - before;
            self.read(wire, 1 - side);
        }
    }

    /// Lets one side of a wire read what is there.
    fn read(&mut self, wire: usize, side: usize) {
        let (member, key) = self.wires[wire].ends[side];
        let mut bytes = std::mem::take(&mut self.wires[wire].unread[side]);
        let node = &mut self.members[member].node;
        node.heard(NOW, key);
        let mut start = 0;
        loop {
            match node.receive(key, &bytes[start..]) {
                Received::Incomplete | Received::Over => break,
                Received::Nothing(taken) => start += taken,
                Received::Message(message) => {
                    let frame = start..start + message.taken;
                    start = frame.end;
                    self.delivered += node.local_targets().len();
                    if let Some(header) = message.forward {
                        bytes[frame.start..][..header.len()].copy_from_slice(&header);
                        node.forward(NOW, message.class, &bytes, frame.clone());
                    }
                    node.consume(key, message.class, frame.len());
                    node.grant(key);
                }
            }
        }
        self.write(member, &bytes);
        let rest = AlignedBytes::copied(&bytes[start..]);
        bytes.clear();
        bytes.extend_from_slice(&rest);
        self.wires[wire].unread[side] = bytes;
        self.wake(member);
    }
}

impl Member {
    fn new(number: usize, filter_count: usize) -> Result<Self> {
        let name = NodeName::new(&format!("worker-{number}"))
            .map_err(|error| Failure::new(error.to_string()))?;
        let mut node = Node::new(NodeConfig {
            id: NodeId {
                name,
                incarnation: Incarnation {
                    started_us: 1_700_000_000_000_000 + number as u64,
                    random: number as u64,
                },
            },
            role: Role::Member,
            program: "bench".to_owned(),
            session: SessionConfig::default(),
            stall_max: std::time::Duration::from_millis(500),
            forwarding: Forwarding::Routed,
            lossless: false,
            pools: Vec::new(),
            alias: None,
            watch_topics: false,
            member_down_after: std::time::Duration::from_secs(2),
            seed: number as u64,
        });
        let own = (0..filter_count)
            .map(|filter| format!("zeek/cluster/node/worker-{number}/topic-{filter:03}/*"));
        let filters = own
            .chain([TOPIC_ALL.to_owned()])
            .map(|pattern| TopicFilter::new(pattern).map_err(|e| Failure::new(e.to_string())))
            .collect::<Result<Vec<_>>>()?;
        node.subscribe(SUBSCRIBER, &filters, Scope::AllLinks, 1);
        Ok(Self {
            node,
            ends: Vec::new(),
            is_busy: false,
            sequence: 0,
        })
    }

    /// A message for all.
    fn message(&mut self) -> Result<AlignedBytes> {
        self.sequence += 1;
        let template = EnvelopeTemplate::new(self.node.id(), TOPIC_ALL.as_bytes(), "raw");
        let mut envelope = AlignedBytes::copied(template.bytes());
        EnvelopeTemplate::set_sequence(&mut envelope, self.sequence);
        let payload = [0; 16];
        let header = FrameHeader {
            class: TrafficClass::Event,
            fragment: false,
            hop_limit: HOP_LIMIT_MAX,
            envelope_bytes: envelope.len(),
            payload_bytes: payload.len(),
            tree: self.node.tree(),
        };
        let mut message =
            AlignedBytes::with_capacity(FRAME_HEADER_BYTES + envelope.len() + payload.len());
        message.extend_from_slice(&header.encode());
        message.extend_from_slice(&envelope);
        message.extend_from_slice(&payload);
        Ok(message)
    }
}

/// Numbers that look random and are the same each time (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) const fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        (number >> 33) as usize % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_to_know_all_others() {
        let mesh = Mesh::random(8, 5, 12, 1).unwrap();
        assert!(mesh.is_whole(5));
        assert!(!mesh.is_whole(50));
        assert_eq!(mesh.wire_count(), 12);
        assert!(mesh.agrees(mesh.ends(3), true));
        assert!(!mesh.agrees(mesh.ends(3), false));
    }

    #[test]
    fn cut_is_known_to_all_and_messages_go_round_it() {
        let mut mesh = Mesh::random(8, 5, 12, 1).unwrap();
        assert_eq!(mesh.publish_all().unwrap(), 8 * 7);
        let pair = mesh.ends(3);
        mesh.cut(3);
        mesh.settle().unwrap();
        assert!(mesh.agrees(pair, false));
        assert_eq!(mesh.publish_all().unwrap(), 8 * 7);
        let wire = mesh.connect(pair[0], pair[1]);
        mesh.settle().unwrap();
        assert!(mesh.agrees(pair, true));
        assert!(mesh.carried_bytes(wire) > 0);
        assert_eq!(mesh.publish_all().unwrap(), 8 * 7);
    }
}
