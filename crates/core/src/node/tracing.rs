//! Following the way that a publication would take.

use std::collections::VecDeque;

use zeekwire_types::{NodeId, NodeName, TrafficClass};

use super::forwarding::Onward;
use super::{LinkKey, Node};
use crate::wire::{Body, Control, Hop, Trace};

/// The traces that came by last.
#[derive(Debug, Default)]
pub(super) struct Seen(VecDeque<(NodeId, u64)>);

impl Seen {
    const COUNT_MAX: usize = 64;

    fn is_new(&mut self, trace: &Trace) -> bool {
        let known =
            |(origin, number): &(NodeId, u64)| (origin, *number) == (&trace.origin, trace.number);
        if self.0.iter().any(known) {
            return false;
        }
        if self.0.len() == Self::COUNT_MAX {
            self.0.pop_front();
        }
        self.0.push_back((trace.origin.clone(), trace.number));
        true
    }
}

impl Node {
    /// Sends a trace along the way of a publication about `topic`. Each node that it comes by tells
    /// of it with [`Output::Traced`](super::Output::Traced), this one first. `number` tells traces
    /// apart.
    pub fn trace(&mut self, number: u64, topic: &[u8]) {
        let trace = Trace {
            number,
            origin: self.config.id.clone(),
            tree: self.own.tree(),
            topic: topic.to_vec(),
            hops: Vec::new(),
        };
        self.follow_trace(None, trace);
    }

    /// Notes that a trace came by, and sends it on.
    pub(super) fn follow_trace(&mut self, from: Option<LinkKey>, mut trace: Trace) {
        let name = self.config.id.name.clone();
        // Links that do not route may lead here by many ways, or in circles.
        if !self.traces.is_new(&trace) {
            return;
        }
        let mut onward = Onward::default();
        match from {
            Some(from) => {
                let is_edge = self.is_edge(from);
                self.find_onward(from, trace.tree, &trace.topic, &mut onward);
                if is_edge {
                    trace.tree = onward.tree;
                }
            }
            None => onward.links = self.targets_of(&trace.topic),
        }
        let enters = from.is_none_or(|from| self.is_edge(from));
        // Who shares is addressed from here.
        let shared = enters && self.forwards() && self.db.is_shared(&trace.topic);
        let wanted = shared || !self.local.targets(&trace.topic).is_empty();
        let hop = |node: &NodeName, now_us: u64, queued_bytes: u64, subscribed: bool| Hop {
            node: node.clone(),
            time_us: now_us,
            queued_bytes,
            subscribed,
        };
        let now_us = self.wall_us();
        let mut here = trace.clone();
        if !here.add(hop(&name, now_us, 0, wanted)) {
            return;
        }
        if trace.origin == self.config.id {
            self.outputs
                .push_back(super::Output::Traced { trace: here });
        } else {
            self.send_routed(trace.origin.clone(), Body::Traced(here));
        }
        for slot in onward.links {
            let Some(link) = self.links.get(slot as usize) else {
                continue;
            };
            let key = link.key;
            let queued = link.session.outgoing.queued_bytes(TrafficClass::Event) as u64;
            let mut next = trace.clone();
            if next.add(hop(&name, now_us, queued, wanted)) {
                self.send_control(key, &Control::Trace(next));
            }
        }
    }

    /// The wall clock, as far as this node can tell: when it started, and how long ago that is.
    fn wall_us(&self) -> u64 {
        let running = self.now.since(zeekwire_types::Instant::ZERO).as_micros();
        let started_us = self.config.id.incarnation.started_us;
        started_us.saturating_add(u64::try_from(running).unwrap_or(u64::MAX))
    }
}
