//! Two nodes, the connections between them, and the time.
//!
//! The driver here obeys the rules of a real one: bytes read are fed to `receive` until it has
//! enough, outputs and dirty links are drained after each input, what is staged is written in the
//! same turn, and what a socket does not take waits until it is writable again.

use std::io::IoSlice;
use std::time::Duration;

use zeekwire_buffer::AlignedBytes;
use zeekwire_core::node::{
    LinkConfig, LinkEnd, LinkKey, Message, Output, Published, Received, Scope,
};
use zeekwire_core::session::{SessionConfig, WRITE_SLICE_COUNT_MAX};
use zeekwire_core::wire::{Frame, Reason};
use zeekwire_types::{Instant, TrafficClass};

use crate::pipe::{Damage, Pipe, Read, Shape};
use crate::rng::Rng;
use crate::side::{Consumer, Delivery, Holding, Sent, Side, Told, config, filters, payload};

pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
/// The time for which a closing side waits until what it said is out.
const LINGER: Duration = Duration::from_millis(500);

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) key: LinkKey,
    pub(crate) open: bool,
    /// What arrived is of no more use.
    deaf: bool,
    partial: AlignedBytes,
    close_by: Option<Instant>,
}

/// A connection: what side 0 writes goes through pipe 0.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) ends: [End; 2],
    pub(crate) pipes: [Pipe; 2],
}

/// Two nodes and the time.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) rng: Rng,
    pub(crate) sides: [Side; 2],
    pub(crate) wires: Vec<Wire>,
    pub(crate) shape: Shape,
    /// Damage to each direction of the next connections.
    pub(crate) damage: [Option<(u64, Damage)>; 2],
    /// Whether a breach of the protocol is what the test wants.
    pub(crate) faults_expected: bool,
}

impl World {
    /// Two nodes, `a` and `b`, without connection.
    pub(crate) fn new(seed: u64, session: SessionConfig) -> Self {
        let sides = [config("a", session), config("b", session)].map(Side::new);
        Self::of(seed, sides)
    }

    pub(crate) fn of(seed: u64, sides: [Side; 2]) -> Self {
        Self {
            now: Instant::ZERO,
            rng: Rng::new(seed),
            sides,
            wires: Vec::new(),
            shape: Shape::PERFECT,
            damage: [None; 2],
            faults_expected: false,
        }
    }

    /// Side `a` dials side `b`. Returns the number of the connection.
    pub(crate) fn connect(&mut self) -> usize {
        self.connect_with([LINK; 2])
    }

    pub(crate) fn connect_with(&mut self, configs: [LinkConfig; 2]) -> usize {
        let wire = self.wires.len();
        let ends = [A, B].map(|side| {
            let config = LinkConfig {
                dialled: side == A,
                ..configs[side]
            };
            let key = self.sides[side].node.open_link(self.now, config);
            End {
                key,
                open: true,
                deaf: false,
                partial: AlignedBytes::new(),
                close_by: None,
            }
        });
        let pipes = self.damage.map(|damage| Pipe::new(self.shape, damage));
        self.wires.push(Wire { ends, pipes });
        for side in [A, B] {
            self.flush(side, &[]);
        }
        wire
    }

    /// Connects, and waits until both sides know each other's subscriptions.
    pub(crate) fn connect_ready(&mut self) -> usize {
        let wire = self.connect();
        self.run_until(Duration::from_secs(5), |world| world.is_ready(wire));
        assert!(
            self.is_ready(wire),
            "the link comes up: {:?}",
            self.sides.each_ref().map(|side| &side.told)
        );
        wire
    }

    pub(crate) fn is_ready(&self, wire: usize) -> bool {
        [A, B]
            .into_iter()
            .all(|side| self.sides[side].told.contains(&Told::Ready(wire)))
    }

    /// Subscribes on one side, subscriber 1, for all links. Returns the token.
    pub(crate) fn subscribe(&mut self, side: usize, patterns: &[&str]) -> u64 {
        self.subscribe_as(side, 1, patterns, Scope::AllLinks)
    }

    pub(crate) fn subscribe_as(
        &mut self,
        side: usize,
        subscriber: u32,
        patterns: &[&str],
        scope: Scope,
    ) -> u64 {
        let token = self.sides[side].token();
        self.sides[side]
            .node
            .subscribe(subscriber, &filters(patterns), scope, token);
        self.flush(side, &[]);
        token
    }

    pub(crate) fn unsubscribe(&mut self, side: usize, subscriber: u32, patterns: &[&str]) -> u64 {
        let token = self.sides[side].token();
        self.sides[side]
            .node
            .unsubscribe(subscriber, &filters(patterns), token);
        self.flush(side, &[]);
        token
    }

    /// Waits for a completion.
    #[track_caller]
    pub(crate) fn complete(&mut self, side: usize, token: u64) {
        self.run_until(Duration::from_secs(30), |world| {
            world.sides[side].completed.contains(&token)
        });
        assert!(
            self.sides[side].completed.contains(&token),
            "token {token} completes"
        );
    }

    /// Publishes one event in a turn of its own.
    pub(crate) fn publish(&mut self, side: usize, topic: &str, len: usize) -> Published {
        self.publish_turn(side, &[(TrafficClass::Event, topic, len)])
            .remove(0)
    }

    /// Publishes so many events about `t`, each in a turn of its own.
    pub(crate) fn publish_many(&mut self, side: usize, count: usize, len: usize) {
        for _ in 0..count {
            self.publish(side, "t", len);
        }
    }

    /// Publishes several messages in one turn.
    pub(crate) fn publish_turn(
        &mut self,
        side: usize,
        messages: &[(TrafficClass, &str, usize)],
    ) -> Vec<Published> {
        self.publish_while(side, messages, |_| true)
    }

    /// Publishes several messages in one turn, as long as their fates please.
    pub(crate) fn publish_while(
        &mut self,
        side: usize,
        messages: &[(TrafficClass, &str, usize)],
        pleases: impl Fn(Published) -> bool,
    ) -> Vec<Published> {
        let mut source = Vec::new();
        let mut fates = Vec::new();
        let mut ranges = Vec::new();
        for (class, topic, len) in messages {
            let start = source.len();
            let sequence = self.sides[side].encode(*class, topic, *len, &mut source);
            ranges.push((start..source.len(), sequence));
        }
        for ((class, topic, len), (range, sequence)) in messages.iter().zip(ranges) {
            let node = &mut self.sides[side].node;
            let published = node.publish(self.now, *class, topic.as_bytes(), &source, range);
            fates.push(published);
            let topic = (*topic).to_owned();
            let sent = Sent {
                class: *class,
                sequence,
                topic,
                len: *len,
                published,
            };
            self.sides[side].sent.push(sent);
            if !pleases(published) {
                break;
            }
        }
        self.note_peaks(side);
        self.flush(side, &source);
        fates
    }

    /// Does what outputs ask for and writes what links have, until there is nothing left.
    pub(crate) fn flush(&mut self, side: usize, source: &[u8]) {
        let mut dirty = Vec::new();
        loop {
            let mut idle = true;
            while let Some(output) = self.sides[side].node.poll_output() {
                idle = false;
                self.obey(side, output);
            }
            self.sides[side].node.take_dirty(&mut dirty);
            dirty.sort();
            dirty.dedup();
            for key in dirty.drain(..) {
                idle = false;
                self.write(side, key, source);
            }
            if idle {
                self.note_peaks(side);
                return;
            }
        }
    }

    /// Lets so much time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// Lets time pass until something holds, for at most `time`. Returns whether it held.
    pub(crate) fn run_until(&mut self, time: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + time;
        loop {
            if holds(self) {
                return true;
            }
            match self.next_event() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.turn(A);
                    self.turn(B);
                }
                _ => {
                    self.now = end;
                    return holds(self);
                }
            }
        }
    }

    /// Lets time pass until nothing is on its way any more.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        // Credit that is worth no message of its own may stay where it is.
        let calm = self.run_until(Duration::from_secs(120), Self::is_calm);
        assert!(calm, "everything arrives in the end");
    }

    fn is_calm(&self) -> bool {
        let drained = self.sides.iter().all(|side| side.holding.is_empty());
        drained
            && self.wires.iter().all(|wire| {
                [A, B].into_iter().all(|side| {
                    let link = self.link_of(wire, side);
                    let idle = link.is_none_or(|link| link.session.outgoing.is_idle());
                    wire.pipes[side].is_empty() && idle
                })
            })
    }

    fn link_of<'a>(&'a self, wire: &Wire, side: usize) -> Option<&'a zeekwire_core::node::Link> {
        self.sides[side].node.link(wire.ends[side].key)
    }

    /// A side's half of a connection, unless it is gone.
    pub(crate) fn link(&self, side: usize, wire: usize) -> Option<&zeekwire_core::node::Link> {
        self.link_of(&self.wires[wire], side)
    }

    /// Stops a side: it neither reads, writes nor ticks for a while.
    pub(crate) fn freeze(&mut self, side: usize, time: Duration) {
        self.sides[side].frozen_until = Some(self.now + time);
    }

    /// Breaks a connection. Only the sides named learn of it at once.
    pub(crate) fn cut(&mut self, wire: usize, learn: &[usize]) {
        for pipe in &mut self.wires[wire].pipes {
            pipe.cut();
        }
        for side in learn {
            self.lose(*side, wire);
            self.flush(*side, &[]);
        }
    }

    pub(crate) fn close(&mut self, side: usize, wire: usize, reason: Reason) {
        let key = self.wires[wire].ends[side].key;
        self.sides[side].node.close_link(key, reason, "");
        self.flush(side, &[]);
    }

    /// The consumers of a side take all they were brought.
    pub(crate) fn unstick(&mut self, side: usize) {
        self.sides[side].consumer = Consumer::Prompt;
        for holding in &mut self.sides[side].holding {
            holding.until = Some(self.now);
        }
    }

    fn next_event(&self) -> Option<Instant> {
        [A, B]
            .into_iter()
            .filter_map(|side| self.next_event_of(side))
            .min()
    }

    fn next_event_of(&self, side: usize) -> Option<Instant> {
        let state = &self.sides[side];
        let mut next = state.node.links().next().map(|_| state.tick_at);
        let mut soon = |at: Option<Instant>| next = [next, at].into_iter().flatten().min();
        soon(state.holding.front().and_then(|holding| holding.until));
        for wire in self.wires.iter().filter(|wire| wire.ends[side].open) {
            soon(wire.pipes[1 - side].next_at());
            soon(wire.ends[side].close_by);
            let waits = self
                .link_of(wire, side)
                .is_some_and(|link| !link.session.outgoing.is_writable());
            soon((waits && wire.pipes[side].has_room()).then_some(self.now));
        }
        next.map(|at| at.max(state.frozen_until.unwrap_or(at)))
    }

    /// One turn of a side's driver.
    fn turn(&mut self, side: usize) {
        if self.sides[side]
            .frozen_until
            .is_some_and(|until| until > self.now)
        {
            return;
        }
        self.sides[side].frozen_until = None;
        for wire in 0..self.wires.len() {
            if self.wires[wire].ends[side].open {
                self.read(side, wire);
            }
            let Wire { ends, pipes } = &self.wires[wire];
            let key = ends[side].key;
            let link = self.sides[side].node.link_mut(key);
            if let Some(link) = link.filter(|_| ends[side].open && pipes[side].has_room())
                && !link.session.outgoing.is_writable()
            {
                link.session.outgoing.set_writable(true);
                self.write(side, key, &[]);
            }
        }
        self.release(side);
        if self.sides[side].tick_at <= self.now {
            let state = &mut self.sides[side];
            state.node.tick(self.now);
            state.tick_at = self.now + state.node.tick_interval();
        }
        self.flush(side, &[]);
        for wire in 0..self.wires.len() {
            let end = &self.wires[wire].ends[side];
            if end.open && end.close_by.is_some_and(|by| by <= self.now) {
                self.shut(side, wire);
            }
        }
        self.flush(side, &[]);
    }

    fn read(&mut self, side: usize, wire: usize) {
        loop {
            let Wire { ends, pipes } = &mut self.wires[wire];
            let end = &mut ends[side];
            let bytes = match pipes[1 - side].read(self.now) {
                Read::Nothing => return,
                Read::End => return self.lose(side, wire),
                Read::Bytes(bytes) => bytes,
            };
            if end.deaf {
                continue;
            }
            let key = end.key;
            let mut buffer = std::mem::take(&mut end.partial);
            buffer.extend_from_slice(&bytes);
            self.sides[side].node.heard(self.now, key);
            let (taken, over) = self.take_apart(side, wire, &buffer);
            let end = &mut self.wires[wire].ends[side];
            end.deaf |= over;
            end.partial = AlignedBytes::copied(&buffer[taken..]);
            self.sides[side].node.grant(key);
            self.flush(side, &[]);
            if !self.wires[wire].ends[side].open {
                return;
            }
        }
    }

    /// Feeds bytes to a node. Returns how many it took, and whether the link is over.
    fn take_apart(&mut self, side: usize, wire: usize, bytes: &[u8]) -> (usize, bool) {
        let key = self.wires[wire].ends[side].key;
        let mut start = 0;
        loop {
            match self.sides[side].node.receive(key, &bytes[start..]) {
                Received::Incomplete => return (start, false),
                Received::Over => return (start, true),
                Received::Nothing(taken) => start += taken,
                Received::Message(message) => {
                    let taken = &bytes[start..start + message.taken];
                    start += message.taken;
                    assert!(message.forward.is_none(), "there is nobody else");
                    self.deliver(side, wire, &message, taken);
                }
            }
        }
    }

    fn deliver(&mut self, side: usize, wire: usize, message: &Message, taken: &[u8]) {
        let whole = message.reassembled.as_deref().unwrap_or(taken);
        let frame = Frame::whole(whole).expect("a delivered message is whole");
        let envelope = message.located.envelope(frame.envelope());
        let (class, sequence) = (message.class, message.located.sequence());
        let state = &mut self.sides[side];
        state.delivered.push(Delivery {
            wire,
            publisher: envelope.publisher().to_owned(),
            class,
            sequence,
            topic: String::from_utf8_lossy(envelope.topic()).into_owned(),
            len: frame.payload().len(),
            subscribers: state.node.local_targets().to_vec(),
            intact: frame.payload() == payload(class, sequence, frame.payload().len()),
        });
        let key = self.wires[wire].ends[side].key;
        let until = match state.consumer {
            Consumer::Prompt if message.reassembled.is_some() => return,
            Consumer::Prompt => return state.node.consume(key, class, taken.len()),
            Consumer::Late(after) => Some(self.now + after),
            Consumer::Stuck => None,
        };
        if message.reassembled.is_some() {
            state.node.hold(key, class, whole.len());
        }
        state.holding.push_back(Holding {
            until,
            wire,
            class,
            bytes: whole.len(),
        });
    }

    /// Gives back what consumers are done with.
    fn release(&mut self, side: usize) {
        let now = self.now;
        let state = &mut self.sides[side];
        while state
            .holding
            .front()
            .and_then(|holding| holding.until)
            .is_some_and(|at| at <= now)
        {
            let Some(holding) = state.holding.pop_front() else {
                return;
            };
            let key = self.wires[holding.wire].ends[side].key;
            state.node.consume(key, holding.class, holding.bytes);
            state.node.grant(key);
        }
    }

    fn write(&mut self, side: usize, key: LinkKey, source: &[u8]) {
        let Some(wire) = self
            .wires
            .iter()
            .position(|wire| wire.ends[side].key == key)
        else {
            return;
        };
        let Wire { ends, pipes } = &mut self.wires[wire];
        let Some(link) = self.sides[side].node.link_mut(key) else {
            return;
        };
        let mut wrote = 0;
        let outgoing = &mut link.session.outgoing;
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let staged = outgoing.staged_bytes();
        if staged > 0 {
            let count = outgoing.staged_slices(source, &mut slices);
            let taken = pipes[side].write(self.now, &mut self.rng, &slices[..count]);
            wrote += taken;
            outgoing.set_writable(taken == staged);
            outgoing.staged_written(source, taken);
        }
        while outgoing.is_writable() {
            let planned = outgoing.plan_write();
            if planned == 0 {
                break;
            }
            let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
            let count = outgoing.plan_slices(&mut slices);
            let taken = pipes[side].write(self.now, &mut self.rng, &slices[..count]);
            wrote += taken;
            outgoing.set_writable(taken == planned);
            outgoing.plan_written(taken);
        }
        if wrote > 0 {
            link.wrote(self.now);
        }
        let flushed = link.session.outgoing.is_idle();
        let closing = ends[side].close_by.is_some();
        self.sides[side].node.relax(self.now, key);
        if closing && flushed {
            self.shut(side, wire);
        }
    }

    /// Closes a side's socket: the other side reads what was written, then the end.
    fn shut(&mut self, side: usize, wire: usize) {
        self.wires[wire].pipes[side].close(self.now);
        self.lose(side, wire);
    }

    /// A side's connection is gone.
    fn lose(&mut self, side: usize, wire: usize) {
        let end = &mut self.wires[wire].ends[side];
        end.open = false;
        // What the other side still writes goes nowhere.
        self.wires[wire].pipes[1 - side].cut();
        let key = self.wires[wire].ends[side].key;
        self.sides[side].node.link_lost(key);
        self.sides[side]
            .holding
            .retain(|holding| holding.wire != wire);
        if !self.wires[wire].pipes[side].dead {
            self.wires[wire].pipes[side].close(self.now);
        }
    }

    fn obey(&mut self, side: usize, output: Output) {
        let wire_of = |key| {
            self.wires
                .iter()
                .position(|wire| wire.ends[side].key == key)
        };
        let state = &mut self.sides[side];
        match output {
            Output::Decide { link } => {
                let verdict = state.verdict.clone();
                state.node.decide(link, verdict);
            }
            Output::LinkUp { link } => state.told.extend(wire_of(link).map(Told::Up)),
            Output::PeerReady { link } => state.told.extend(wire_of(link).map(Told::Ready)),
            Output::CloseLink { link, end } => {
                let Some(wire) = wire_of(link) else { return };
                let is_fault = matches!(end, LinkEnd::Fault(_));
                assert!(
                    !is_fault || self.faults_expected,
                    "side {side} tells of a fault: {end}"
                );
                state.told.push(Told::Over(wire, end));
                if self.wires[wire].ends[side].open {
                    self.wires[wire].ends[side].close_by = Some(self.now + LINGER);
                    self.write(side, link, &[]);
                }
            }
            Output::Completed { token } => {
                assert!(
                    state.completed.insert(token),
                    "token {token} completes once"
                );
                state.told.push(Told::Completed(token));
            }
            Output::Relaxed => state.told.push(Told::Relaxed),
            // More than two nodes are the simulator's.
            Output::NodeUp { .. }
            | Output::NodeDown { .. }
            | Output::Yielded { .. }
            | Output::TopicChanged { .. }
            | Output::Traced { .. } => {}
        }
    }

    fn note_peaks(&mut self, side: usize) {
        let state = &mut self.sides[side];
        for link in state.node.links() {
            let outgoing = &link.session.outgoing;
            let queued = outgoing.queued_bytes(TrafficClass::Event) + outgoing.staged_bytes();
            state.peak_queued = state.peak_queued.max(queued);
            state.peak_parts = state.peak_parts.max(link.session.incoming.held_bytes());
        }
    }
}

pub(crate) const LINK: LinkConfig = LinkConfig::automatic(true);
