//! Members, traces, and copies for those who share a subscription.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use zeekwire_backend::{Member, MemberEvent, TraceHop, TraceObserver, TraceReport};
use zeekwire_buffer::AlignedBytes;
use zeekwire_core::node::is_share_of;
use zeekwire_core::wire::{EnvelopeTemplate, Frame, FrameHeader, Located, Trace};
use zeekwire_types::limits::{FRAME_HEADER_BYTES, HOP_LIMIT_MAX};
use zeekwire_types::{Instant, NodeId};

use super::sockets::Socket;
use super::{Engine, TimerKey};
use crate::sync::{Mutex, lock};

/// The members that are up, for all threads.
pub(crate) struct MemberList(Mutex<Arc<[Member]>>);

impl MemberList {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Arc::from([])))
    }

    pub(crate) fn get(&self) -> Arc<[Member]> {
        Arc::clone(&lock(&self.0))
    }
}

/// Traces on their way, by number.
#[derive(Default)]
pub(super) struct Traces {
    open: HashMap<u64, Tracing>,
    next: u64,
}

struct Tracing {
    observer: TraceObserver,
    started_at: Instant,
}

impl Engine {
    /// A member came or went.
    pub(super) fn member_changed(&mut self, event: &MemberEvent) {
        // Many come at once when a node joins: they are told one by one, and listed once.
        if self.listed_changes != self.node.member_changes() {
            self.listed_changes = self.node.member_changes();
            let members: Vec<Member> = self.node.members_up().map(|id| self.member(id)).collect();
            *lock(&self.members.0) = members.into();
        }
        let node = &self.node.id().name;
        match event {
            MemberEvent::Up(member) => tracing::info!(%node, %member, "member up"),
            MemberEvent::Down(member) => tracing::info!(%node, %member, "member down"),
            MemberEvent::Yielded { to } => {
                tracing::error!(%node, %to, "another live node has this name: all links end");
            }
            _ => {}
        }
        if let Some(observer) = &self.member_observer {
            observer(event);
        }
    }

    pub(super) fn member(&self, id: &NodeId) -> Member {
        Member {
            node: id.clone(),
            alias: self.node.alias_of(id).map(str::to_owned),
            pools: self
                .node
                .pools_of(id)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Another node has this node's name: it keeps no link, and makes none.
    pub(super) fn give_way(&mut self, to: NodeId) {
        self.sockets
            .retain(|_, socket| !matches!(socket, Socket::Dialer { .. }));
        // Those that are connected end by themselves.
        for (link, record) in &mut self.links {
            record.dialled = None;
            self.timers.cancel(TimerKey::Redial(*link));
            self.timers.cancel(TimerKey::DialTimeout(*link));
        }
        let node = &self.node;
        let connected = |key| node.link(key).is_some();
        self.links
            .retain(|_, record| record.key.is_some_and(connected));
        self.member_changed(&MemberEvent::Yielded { to });
    }

    pub(super) fn start_trace(
        &mut self,
        now: Instant,
        topic: &[u8],
        timeout: Duration,
        observer: TraceObserver,
    ) {
        self.traces.next += 1;
        let number = self.traces.next;
        let tracing = Tracing {
            observer,
            started_at: now,
        };
        self.traces.open.insert(number, tracing);
        self.timers.set(TimerKey::Trace(number), now + timeout);
        self.node.trace(number, topic);
    }

    /// Whoever waits for reports learns by the observer's end that no more will come.
    pub(super) fn end_trace(&mut self, number: u64) {
        self.traces.open.remove(&number);
    }

    pub(super) fn end_all_traces(&mut self) {
        self.traces.open.clear();
    }

    pub(super) fn trace_came(&mut self, now: Instant, trace: Trace) {
        let Some(tracing) = self.traces.open.get_mut(&trace.number) else {
            return;
        };
        let hops = trace.hops.into_iter().map(|hop| TraceHop {
            node: hop.node.to_string(),
            time_us: hop.time_us,
            queued_bytes: hop.queued_bytes,
            subscribed: hop.subscribed,
        });
        (tracing.observer)(TraceReport {
            hops: hops.collect(),
            round_trip: now.since(tracing.started_at),
        });
    }

    /// Sends copies of a whole message to one node of each group that shares its topic. `is_own`
    /// says whether this node published it. Returns whether there was anybody.
    pub(super) fn share(&mut self, now: Instant, is_own: bool, message: &[u8]) -> bool {
        let Ok(frame) = Frame::whole(message) else {
            return false;
        };
        let Ok(located) = Located::verify(frame.envelope()) else {
            return false;
        };
        // Questions are for those who answer, and answers for who asked.
        if located.survey() != 0 {
            return false;
        }
        let envelope = located.envelope(frame.envelope());
        let topics = self.node.shared_topics(envelope.topic(), is_own);
        // The original has yet to be delivered to those that were found for it.
        let found = std::mem::take(&mut self.targets);
        for topic in &topics {
            self.send_copy(now, topic, envelope.format(), &frame);
        }
        self.targets = found;
        !topics.is_empty()
    }

    /// Publishes a copy of a message's payload as this node's own, on another topic.
    fn send_copy(&mut self, now: Instant, topic: &[u8], format: &str, of: &Frame<'_>) {
        let class = of.header.class;
        let template = EnvelopeTemplate::new(self.node.id(), topic, format);
        let header = FrameHeader {
            hop_limit: HOP_LIMIT_MAX,
            envelope_bytes: template.bytes().len(),
            tree: self.node.tree(),
            ..of.header
        };
        let mut copy = AlignedBytes::new();
        copy.reserve(header.frame_bytes());
        copy.extend_from_slice(&header.encode());
        copy.extend_from_slice(template.bytes());
        copy.extend_from_slice(of.payload());
        copy.extend_from_slice(&[0; 8][..header.frame_bytes() - copy.len()]);
        let sequence = &mut self.next_sequence[class.index()];
        EnvelopeTemplate::set_sequence(&mut copy[FRAME_HEADER_BYTES..], *sequence);
        *sequence += 1;
        if is_share_of(topic, &self.node.id().name) {
            self.node.find_local(topic);
            self.targets.clear();
            self.targets.extend_from_slice(self.node.local_targets());
            let frame = Frame::whole(&copy).expect("it was just built");
            let located = Located::verify(frame.envelope()).expect("it was just built");
            self.deliver_alone(&located, copy);
            return;
        }
        self.node.publish(now, class, topic, &copy, 0..copy.len());
        self.flush_dirty(now, &copy);
    }
}
