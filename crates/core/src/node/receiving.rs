//! From bytes of a link to a message for local subscribers.

use zeekwire_buffer::AlignedBytes;
use zeekwire_types::limits::FRAME_HEADER_BYTES;
use zeekwire_types::{Instant, TrafficClass};

use super::link::Known;
use super::{LinkEnd, LinkKey, Node, Output};
use crate::Fault;
use crate::session::{HandshakeEvent, Offered};
use crate::wire::{Control, Frame, FrameHeader, Located, Reason, split};

/// What the bytes of a link held.
#[derive(Debug)]
pub enum Received {
    /// More bytes must arrive first.
    Incomplete,
    /// This many bytes were taken, and nothing is to be delivered.
    Nothing(usize),
    /// A message for the subscribers in [`Node::local_targets`], or to be passed on, or both.
    Message(Message),
    /// The link is over; its bytes are of no more use.
    Over,
}

/// A message that arrived whole.
#[derive(Debug)]
pub struct Message {
    /// Bytes taken from the link.
    pub taken: usize,
    /// Its class.
    pub class: TrafficClass,
    /// Its envelope, verified.
    pub located: Located,
    /// The whole message where it came in fragments; otherwise it is what was taken.
    pub reassembled: Option<AlignedBytes>,
    /// Where the message goes on: the header with which it does. Write it over the first bytes of
    /// the message, then call [`Node::forward`]. Local subscribers may want the message, or not.
    pub forward: Option<[u8; FRAME_HEADER_BYTES]>,
    /// Whether it answers a question of this node's: see [`Node::take_answer`].
    pub answers: bool,
    /// Whether it enters the cluster here: see [`Node::shared_topics`].
    pub enters: bool,
}

impl Node {
    /// Takes note that bytes came over a link. Call once for each read.
    pub fn heard(&mut self, now: Instant, key: LinkKey) {
        self.now = now;
        if let Some(link) = self.link_mut(key) {
            link.session.liveness.received(now);
        }
    }

    /// Reads the first frame of what a link brought.
    ///
    /// Call again with the rest until it says [`Received::Incomplete`] or [`Received::Over`].
    /// `bytes` start at a multiple of eight in memory; what is taken is a multiple of eight.
    /// What was taken for a delivered message still counts against the peer's credit: give it back
    /// with [`Node::consume`]. A reassembled message does not count; see [`Node::hold`].
    #[inline]
    pub fn receive(&mut self, key: LinkKey, bytes: &[u8]) -> Received {
        match self.receive_frame(key, bytes) {
            Ok(received) => received,
            Err(fault) => {
                self.fail(key, LinkEnd::Fault(fault));
                Received::Over
            }
        }
    }

    /// Local subscribers that want the message received last.
    #[must_use]
    pub fn local_targets(&self) -> &[u32] {
        &self.local_targets
    }

    /// Gives `bytes` back to the peer's credit.
    #[inline]
    pub fn consume(&mut self, key: LinkKey, class: TrafficClass, bytes: usize) {
        if let Some(link) = self.link_mut(key) {
            link.session.incoming.consume(class, bytes);
        }
    }

    /// Charges `bytes` to the peer's credit after all: a message that came in fragments, which gave
    /// theirs back, and that has to wait here for a slow consumer. Give them back with
    /// [`Node::consume`].
    pub fn hold(&mut self, key: LinkKey, class: TrafficClass, bytes: usize) {
        if let Some(link) = self.link_mut(key) {
            link.session.incoming.hold(class, bytes);
        }
    }

    /// Announces the credit that was given back, where it is worth a message.
    pub fn grant(&mut self, key: LinkKey) {
        self.announce_credit(key, false);
    }

    /// As [`Node::grant`], however little there is to announce: for peers that wait for it.
    pub fn grant_at_once(&mut self, key: LinkKey) {
        self.announce_credit(key, true);
    }

    fn announce_credit(&mut self, key: LinkKey, eager: bool) {
        let template = self.credit_template;
        let Some(link) = self.link_mut(key) else {
            return;
        };
        if !link.is_up() {
            return;
        }
        let mut fits = true;
        let mut granted = false;
        for (class, limit) in link.session.incoming.take_grants(eager) {
            let frame = template.frame(class, limit);
            let outgoing = &mut link.session.outgoing;
            fits &= outgoing.enqueue(TrafficClass::Control, &frame) == Offered::Queued;
            granted = true;
        }
        if granted {
            self.dirty.push(key);
        }
        if !fits {
            self.overflow(key);
        }
    }

    fn receive_frame(&mut self, key: LinkKey, bytes: &[u8]) -> Result<Received, Fault> {
        let Some(link) = self
            .links
            .get_mut(key.index())
            .filter(|link| link.key == key)
        else {
            return Ok(Received::Over);
        };
        if link.session.awaits_preamble() {
            return match link.session.read_preamble(bytes) {
                Ok(0) => Ok(Received::Incomplete),
                Ok(taken) => Ok(Received::Nothing(taken)),
                Err(error) => {
                    self.dirty.push(key);
                    self.end_link(key, LinkEnd::Preamble(error));
                    Ok(Received::Over)
                }
            };
        }
        if link.session.is_closing() {
            return self.receive_closing(key, bytes);
        }
        if link.session.is_over() || link.ended {
            return Ok(Received::Over);
        }
        let Some(frame) = split(bytes)? else {
            return Ok(Received::Incomplete);
        };
        let taken = frame.bytes.len();
        if frame.header.class == TrafficClass::Control {
            let control = decode_control(&frame)?;
            self.handle_control(key, control)?;
            return Ok(Received::Nothing(taken));
        }
        if !link.is_up() {
            return Err(Fault::OutOfOrder);
        }
        link.session.incoming.charge(&frame.header)?;
        if !frame.header.fragment {
            return self.accept_message(key, &frame, taken, taken);
        }
        let class = frame.header.class;
        let whole = link.session.incoming.reassemble(&frame)?;
        // Fragments wait in the reassembly, which has its own bound.
        link.session.incoming.consume(class, taken);
        let Some(whole) = whole else {
            return Ok(Received::Nothing(taken));
        };
        let frame = Frame::whole(&whole)?;
        match self.accept_message(key, &frame, taken, 0)? {
            Received::Message(message) => Ok(Received::Message(Message {
                reassembled: Some(whole),
                ..message
            })),
            other => Ok(other),
        }
    }

    /// Reads on while queues run empty: the peer may have to grant credit for that.
    fn receive_closing(&mut self, key: LinkKey, bytes: &[u8]) -> Result<Received, Fault> {
        let Some(frame) = split(bytes)? else {
            return Ok(Received::Incomplete);
        };
        let taken = frame.bytes.len();
        if frame.header.class != TrafficClass::Control {
            return Ok(Received::Nothing(taken));
        }
        let control = decode_control(&frame)?;
        let Some(link) = self.link_mut(key) else {
            return Ok(Received::Over);
        };
        if let HandshakeEvent::Message(Control::Credit { class, limit }) =
            link.session.handle_handshake(control)?
        {
            link.session.outgoing.set_credit_limit(class, limit)?;
        }
        if !link.session.is_closing() {
            // Both said goodbye; what still waits will not be read.
            link.session.outgoing.discard();
        }
        self.dirty.push(key);
        Ok(Received::Nothing(taken))
    }

    /// Verifies the envelope, lets each message pass once, and finds who wants it. Where nobody
    /// does, `credit_bytes` are given back.
    #[inline]
    fn accept_message(
        &mut self,
        key: LinkKey,
        frame: &Frame<'_>,
        taken: usize,
        credit_bytes: usize,
    ) -> Result<Received, Fault> {
        let class = frame.header.class;
        let envelope = frame.envelope();
        let link = &mut self.links[key.index()];
        let known = link.known.take();
        let resembling = known.as_ref().and_then(|known| {
            let located = known.located.resembling(&known.envelope, envelope)?;
            let fresh = known.generation == self.local_generation()
                && known.gate_epoch == self.gate.epoch()
                && known.came_with == frame.header.tree;
            fresh.then_some(located)
        });
        let (located, known) = match (resembling, known) {
            (Some(located), Some(known)) => (located, known),
            (_, known) => match self.learn(key, frame, known)? {
                Some(known) => (known.located, known),
                None => return Ok(self.discard(key, class, taken, credit_bytes)),
            },
        };
        let passes = self.gate.pass(known.gate_slot, class, located.sequence());
        self.local_targets.clear();
        self.local_targets.extend_from_slice(&known.targets);
        self.forward_targets.clear();
        let forward = if passes && !known.onward.is_idle() {
            self.forward_targets.extend_from_slice(&known.onward.links);
            self.onward_header(key, &frame.header, &known.onward, frame.bytes)
        } else {
            None
        };
        let answers = known.answers;
        self.links[key.index()].known = Some(known);
        let enters = self.has_shares() && self.links[key.index()].mesh.is_none();
        if !passes {
            return Ok(self.discard(key, class, taken, credit_bytes));
        }
        if !self.scoped.is_empty() {
            let Self {
                local_targets,
                scoped,
                ..
            } = self;
            local_targets.retain(|target| scoped.get(target).is_none_or(|only| *only == key));
        }
        if self.local_targets.is_empty() && forward.is_none() && !answers && !enters {
            self.consume(key, class, credit_bytes);
            return Ok(Received::Nothing(taken));
        }
        Ok(Received::Message(Message {
            taken,
            class,
            located,
            reassembled: None,
            forward,
            answers,
            enters,
        }))
    }

    /// Reads an envelope that differs from the one before in more than the sequence.
    fn learn(
        &mut self,
        key: LinkKey,
        frame: &Frame<'_>,
        old: Option<Known>,
    ) -> Result<Option<Known>, Fault> {
        let envelope = frame.envelope();
        let located = Located::verify(envelope)?;
        let parts = located.envelope(envelope);
        let own = &self.config.id;
        if parts.publisher() == own.name.as_str() && located.incarnation() == own.incarnation {
            // It went round by links that do not route.
            return Ok(None);
        }
        let incarnation = located.incarnation();
        let mut slot = self.gate.slot(parts.publisher(), incarnation);
        if slot.is_none() && self.outlasts(parts.publisher(), incarnation) {
            slot = self.gate.slot(parts.publisher(), incarnation);
        }
        let Some(gate_slot) = slot else {
            return Ok(None);
        };
        let (mut bytes, mut targets, mut onward) = old
            .map(|old| (old.envelope, old.targets, old.onward))
            .unwrap_or_default();
        self.find_onward(key, frame.header.tree, parts.topic(), &mut onward);
        bytes.clear();
        bytes.extend_from_slice(envelope);
        targets.clear();
        targets.extend_from_slice(self.local.targets(parts.topic()));
        let asks = located.survey() != 0;
        let answers = asks && parts.topic() == self.own_topic.as_bytes();
        let responders = &self.surveys.responders;
        targets.retain(|target| responders.contains(target) == asks && !answers);
        let generation = self.local_generation();
        let gate_epoch = self.gate.epoch();
        Ok(Some(Known {
            envelope: bytes,
            located,
            gate_slot,
            targets,
            generation,
            gate_epoch,
            came_with: frame.header.tree,
            answers,
            onward,
        }))
    }

    /// Changes whenever a message may go elsewhere than one like it before.
    const fn local_generation(&self) -> u64 {
        let tables = self.local.generation() + self.remote.generation();
        tables + self.db.epoch() + self.rules.generation + self.advertised.generation
    }

    fn discard(
        &mut self,
        key: LinkKey,
        class: TrafficClass,
        taken: usize,
        credit_bytes: usize,
    ) -> Received {
        self.repeated += 1;
        self.consume(key, class, credit_bytes);
        Received::Nothing(taken)
    }

    fn fail(&mut self, key: LinkKey, end: LinkEnd) {
        if let Some(link) = self.link_mut(key) {
            link.session.outgoing.discard();
            link.session.close(Reason::ProtocolError, &end.to_string());
            self.dirty.push(key);
        }
        self.end_link(key, end);
    }

    fn handle_control(&mut self, key: LinkKey, control: Control) -> Result<(), Fault> {
        let Some(link) = self.link_mut(key) else {
            return Ok(());
        };
        match link.session.handle_handshake(control)? {
            HandshakeEvent::Nothing => {}
            HandshakeEvent::Decide => self.outputs.push_back(Output::Decide { link: key }),
            HandshakeEvent::Up => self.link_up(key),
            HandshakeEvent::Refused(goodbye) => self.end_link(key, LinkEnd::Refused(goodbye)),
            HandshakeEvent::Closed(goodbye) => self.end_link(key, LinkEnd::ClosedByPeer(goodbye)),
            HandshakeEvent::Message(message) => self.handle_message(key, message)?,
        }
        Ok(())
    }

    fn handle_message(&mut self, key: LinkKey, message: Control) -> Result<(), Fault> {
        match message {
            Control::Subscribe {
                token,
                filters,
                snapshot_end,
            } => {
                self.must_be_edge(key)?;
                self.add_edge_filters(key, &filters, token)?;
                let link = &mut self.links[key.index()];
                if snapshot_end && !std::mem::replace(&mut link.ready, true) {
                    self.edge_ready(key);
                }
            }
            Control::Unsubscribe { token, filters } => {
                self.must_be_edge(key)?;
                self.remove_edge_filters(key, &filters, token);
            }
            Control::Done(token) => self.confirm(key, token),
            Control::Credit { class, limit } => {
                let link = &mut self.links[key.index()];
                link.session.outgoing.set_credit_limit(class, limit)?;
                self.dirty.push(key);
            }
            Control::Digest(digest) => self.handle_digest(key, digest)?,
            Control::Update(update) => self.handle_update(key, update)?,
            Control::Synced => self.handle_synced(key)?,
            Control::Want(node) => self.handle_want(key, &node)?,
            Control::Routed(routed) => self.handle_routed(key, routed),
            Control::Trace(trace) => self.follow_trace(Some(key), trace),
            Control::Heartbeat => self.answer_heartbeat(key),
            Control::Newer => {}
            Control::Hello(_) | Control::Accept | Control::Refuse(_) | Control::Close(_) => {
                unreachable!("the handshake takes these")
            }
        }
        Ok(())
    }
}

fn decode_control(frame: &Frame<'_>) -> Result<Control, Fault> {
    // Its sender splits what is longer; it goes one hop, so it has no envelope.
    match frame.header {
        FrameHeader { fragment: true, .. } => Err(Fault::ControlTooLong),
        FrameHeader {
            envelope_bytes: 1..,
            ..
        } => Err(Fault::Control),
        _ => Control::decode(frame.payload()),
    }
}
