//! Members that join at awkward moments are known to everybody all the same.

use std::io::IoSlice;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::Node;
use zeekwire_core::node::{LinkConfig, LinkKey, Output, Received, Scope};
use zeekwire_core::session::{SessionConfig, WRITE_SLICE_COUNT_MAX};
use zeekwire_core::wire::EnvelopeTemplate;
use zeekwire_types::{Instant, TopicFilter, TrafficClass};

use crate::side::{config, filters};
use crate::stranger::frame;
use crate::world::LINK;

/// Nodes, and the links between them.
struct Group {
    nodes: Vec<Node>,
    lines: Vec<Line>,
}

/// A link: which nodes, its keys there, and what each has yet to read.
struct Line {
    ends: [usize; 2],
    keys: [LinkKey; 2],
    partial: [AlignedBytes; 2],
}

impl Group {
    fn new(names: &[&str]) -> Self {
        Self::with(names, SessionConfig::default())
    }

    fn with(names: &[&str], session: SessionConfig) -> Self {
        let node = |name: &&str| Node::new(config(name, session));
        Self {
            nodes: names.iter().map(node).collect(),
            lines: Vec::new(),
        }
    }

    fn open(&mut self, dialler: usize, listener: usize) -> usize {
        let ends = [dialler, listener];
        let keys = [true, false].map(|dialled| {
            let node = &mut self.nodes[ends[usize::from(!dialled)]];
            node.open_link(Instant::ZERO, LinkConfig { dialled, ..LINK })
        });
        let partial = [AlignedBytes::new(), AlignedBytes::new()];
        self.lines.push(Line {
            ends,
            keys,
            partial,
        });
        self.lines.len() - 1
    }

    fn cut(&mut self, line: usize) {
        let line = self.lines.remove(line);
        for (end, key) in line.ends.into_iter().zip(line.keys) {
            self.nodes[end].link_lost(key);
        }
    }

    /// One turn: everybody reads all that the others had said before, over all links, and only
    /// then does what follows. Returns whether anything was said.
    fn turn(&mut self) -> bool {
        let mut said = Vec::new();
        for line in &self.lines {
            let [a, b] = [0, 1].map(|side| {
                let node = &mut self.nodes[line.ends[side]];
                what_is_said(node, line.keys[side])
            });
            said.push([b, a]);
        }
        let busy = said.iter().flatten().any(|bytes| !bytes.is_empty());
        for (line, bytes) in self.lines.iter_mut().zip(said) {
            for (side, bytes) in bytes.into_iter().enumerate() {
                let hearing = &mut line.partial[side];
                hearing.extend_from_slice(&bytes);
                let mut start = 0;
                let node = &mut self.nodes[line.ends[side]];
                while let Received::Nothing(taken) =
                    node.receive(line.keys[side], &hearing[start..])
                {
                    start += taken;
                }
                *hearing = AlignedBytes::copied(&hearing[start..]);
            }
        }
        for node in &mut self.nodes {
            while let Some(output) = node.poll_output() {
                if let Output::Decide { link } = output {
                    node.decide(link, Ok(()));
                }
            }
        }
        busy
    }

    fn settle(&mut self) {
        for _ in 0..100 {
            if !self.turn() {
                return;
            }
        }
        panic!("the nodes never come to an end");
    }

    /// Names of the other members that a node can reach.
    fn reached_by(&self, node: usize) -> Vec<String> {
        let members = self.nodes[node].members();
        let reached = members.filter(|member| member.hops.is_some_and(|hops| hops > 0));
        let mut names: Vec<String> = reached.map(|member| member.node.name.to_string()).collect();
        names.sort();
        names
    }
}

fn what_is_said(node: &mut Node, key: LinkKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Some(link) = node.link_mut(key) else {
        return bytes;
    };
    let mut outgoing = &mut link.session.outgoing;
    while outgoing.plan_write() > 0 {
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = outgoing.plan_slices(&mut slices);
        let start = bytes.len();
        for slice in &slices[..count] {
            bytes.extend_from_slice(slice);
        }
        outgoing.plan_written(bytes.len() - start);
        node.relax(Instant::ZERO, key);
        let Some(link) = node.link_mut(key) else {
            return bytes;
        };
        outgoing = &mut link.session.outgoing;
    }
    bytes
}

#[test]
fn two_that_join_one_after_another_know_each_other() {
    for (apart, first_line) in (0..12).flat_map(|apart| [(apart, true), (apart, false)]) {
        let mut group = Group::new(&["hub", "x", "y"]);
        // In which order the hub reads its links is chance.
        let [first, second] = if first_line { [1, 2] } else { [2, 1] };
        group.open(first, 0);
        for _ in 0..apart {
            group.turn();
        }
        group.open(second, 0);
        if !first_line {
            group.lines.reverse();
        }
        group.settle();
        let reached = [0, 1, 2].map(|node| group.reached_by(node).join(" "));
        assert_eq!(reached, ["x y", "hub y", "hub x"], "{apart} turns apart");
    }
}

#[test]
fn who_joins_during_a_partition_learns_of_all_when_it_heals() {
    let mut group = Group::new(&["a", "b", "c", "d"]);
    let bridge = group.open(0, 1);
    group.open(2, 1);
    group.settle();
    assert_eq!(group.reached_by(0), ["b", "c"]);
    group.cut(bridge);
    group.settle();
    group.open(3, 0);
    group.settle();
    assert_eq!(group.reached_by(3), ["a"]);
    group.open(0, 1);
    group.settle();
    let reached = [0, 1, 2, 3].map(|node| group.reached_by(node).join(" "));
    assert_eq!(reached, ["b c d", "a c d", "a b d", "a b c"]);
}

#[test]
fn who_was_away_hears_what_changed_behind_a_partition_when_it_heals() {
    let mut group = Group::new(&["a", "b", "c", "d"]);
    group.open(2, 1);
    let bridge = group.open(0, 1);
    let last = group.open(3, 0);
    group.settle();
    let filters_of_c = |group: &Group| {
        let mut members = group.nodes[3].members();
        let c = members.find(|member| member.node.name.as_str() == "c");
        c.map(|member| member.filter_count)
    };
    let before = filters_of_c(&group).unwrap();
    group.cut(last);
    group.settle();
    group.nodes[2].subscribe(1, &filters(&["news"]), Scope::AllLinks, 1);
    group.settle();
    group.cut(bridge);
    group.settle();
    group.open(3, 0);
    group.settle();
    group.open(0, 1);
    group.settle();
    assert_eq!(group.reached_by(3), ["a", "b", "c"]);
    assert_eq!(filters_of_c(&group), Some(before + 1));
}

#[test]
fn what_is_subscribed_already_is_complete_at_once_whoever_left_since() {
    let mut group = Group::new(&["a", "b", "c"]);
    group.open(0, 1);
    group.open(0, 2);
    group.settle();
    group.nodes[0].subscribe(1, &filters(&["t"]), Scope::AllLinks, 1);
    group.settle();
    // The record of `a` has a new version now, which nobody was asked to confirm.
    group.cut(1);
    group.settle();
    let node = &mut group.nodes[0];
    node.subscribe(2, &filters(&["t"]), Scope::AllLinks, 2);
    let mut outputs = std::iter::from_fn(|| node.poll_output());
    let completed = outputs.any(|output| matches!(output, Output::Completed { token: 2 }));
    assert!(completed);
}

#[test]
fn more_than_a_control_queue_holds_reaches_who_joins() {
    let mut session = SessionConfig::default();
    session.outgoing.budget_bytes[TrafficClass::Control.index()] = 3 << 20;
    let mut group = Group::with(&["hub", "x", "y", "late"], session);
    let long = "x".repeat(200);
    for node in 0..3 {
        let many = (0..9_000).map(|n| format!("{node}/{n}/{long}"));
        let many: Vec<TopicFilter> = many.map(|text| TopicFilter::new(text).unwrap()).collect();
        group.nodes[node].subscribe(1, &many, Scope::AllLinks, 1);
    }
    group.open(1, 0);
    group.open(2, 0);
    group.settle();
    group.open(3, 0);
    group.settle();
    assert_eq!(group.reached_by(3), ["hub", "x", "y"]);
    let known = group.nodes[3].members().map(|member| member.filter_count);
    assert!(known.into_iter().all(|count| count >= 9_000));
}

#[test]
fn a_message_waits_for_a_record_that_has_yet_to_be_sent() {
    let mut group = Group::new(&["a", "b"]);
    let line = group.open(0, 1);
    group.nodes[1].subscribe(1, &filters(&["news"]), Scope::AllLinks, 1);
    group.settle();
    let key = group.lines[line].keys[0];
    let a = &mut group.nodes[0];
    // So much waits for b that what changes next has to wait for its turn.
    let long = "x".repeat(200);
    let many: Vec<String> = (0..6_000).map(|n| format!("{n}/{long}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    a.subscribe(1, &filters(&many), Scope::AllLinks, 1);
    a.subscribe(1, &filters(&["late"]), Scope::AllLinks, 2);
    let template = EnvelopeTemplate::new(a.id(), b"news", "raw");
    let news = frame(TrafficClass::Event, false, template.bytes(), b"x");
    let published = a.publish(
        Instant::ZERO,
        TrafficClass::Event,
        b"news",
        &news,
        0..news.len(),
    );
    assert_eq!(published.links, 1);
    // A driver may write several times before it tells that there is room.
    let outgoing = &mut a.link_mut(key).unwrap().session.outgoing;
    loop {
        let planned = outgoing.plan_write();
        if planned == 0 {
            break;
        }
        outgoing.plan_written(planned);
    }
    assert_eq!(outgoing.queued_messages(TrafficClass::Event), 1);
    a.relax(Instant::ZERO, key);
    let said = what_is_said(a, key);
    let last = said.len() - news.len();
    assert!(
        last > 0 && said[last..] == news[..],
        "the record goes first"
    );
}
