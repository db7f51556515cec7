//! From bytes that arrived to messages.

use std::ops::Range;

use zeekwire_core::Node;
use zeekwire_core::node::{LinkKey, Message, Received};
use zeekwire_core::wire::Frame;

use super::{World, topic_of};
use crate::checks::Breach;
use crate::driver;
use crate::history::Delivered;
use crate::pipe::Read;
use crate::schedule::Event;
use crate::step::Consumer;
use crate::trace::What;

impl World<'_> {
    /// Makes sure that a side looks when the next bytes arrive.
    pub(super) fn expect_bytes(&mut self, wire: usize, side: usize) {
        let state = &mut self.wires[wire];
        let Some(at) = state.pipes[1 - side].next_at() else {
            return;
        };
        let at = at.max(self.now);
        let end = &mut state.ends[side];
        if end.open && end.key.is_some() && end.readable_at.is_none_or(|known| known > at) {
            end.readable_at = Some(at);
            self.schedule.add(at, Event::Readable { wire, side });
        }
    }

    pub(super) fn readable(&mut self, wire: usize, side: usize) {
        self.wires[wire].ends[side].readable_at = None;
        while self.wires[wire].ends[side].open && self.breach.is_none() {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            let more = self.read(wire, side, &mut buffer);
            self.buffer = buffer;
            if !more {
                break;
            }
        }
        self.expect_bytes(wire, side);
        self.wake_writer(wire, 1 - side);
    }

    /// Reads once. Returns whether there may be more.
    fn read(
        &mut self,
        wire: usize,
        side: usize,
        buffer: &mut zeekwire_buffer::AlignedBytes,
    ) -> bool {
        let state = &mut self.wires[wire];
        let end = &mut state.ends[side];
        let Some(key) = end.key else {
            return false;
        };
        buffer.extend_from_slice(&end.partial);
        let read = state.pipes[1 - side].read(self.now, |part| buffer.extend_from_slice(part));
        let host = state.hosts[side];
        match read {
            Read::Nothing => return false,
            Read::End => {
                self.lose(wire, side);
                self.settle(host, &[]);
                return false;
            }
            Read::Bytes => {}
        }
        end.partial.clear();
        if end.deaf {
            return true;
        }
        let Some(node) = &mut self.hosts[host].node else {
            return false;
        };
        node.heard(self.now, key);
        let (taken, over) = self.take_apart(host, key, buffer);
        let end = &mut self.wires[wire].ends[side];
        // Where queues run empty, the peer's credit is still of use.
        end.deaf |= over;
        end.partial.extend_from_slice(&buffer[taken..]);
        if let Some(node) = &mut self.hosts[host].node {
            node.grant(key);
        }
        self.note_drops(host);
        self.write_dirty(host, buffer);
        self.answer(host);
        self.settle(host, &[]);
        true
    }

    /// Takes apart what a link brought, and hands it on. Returns how many bytes were taken, and
    /// whether the link is over.
    fn take_apart(&mut self, host: usize, key: LinkKey, bytes: &mut [u8]) -> (usize, bool) {
        let mut start = 0;
        loop {
            let Some(node) = &mut self.hosts[host].node else {
                return (start, true);
            };
            match node.receive(key, &bytes[start..]) {
                Received::Incomplete => return (start, false),
                Received::Over => return (start, true),
                Received::Nothing(taken) => start += taken,
                Received::Message(message) => {
                    let range = start..start + message.taken;
                    start = range.end;
                    self.hand_on(host, key, message, bytes, range);
                }
            }
        }
    }

    /// Hands a message over to all who want it.
    fn hand_on(
        &mut self,
        host: usize,
        key: LinkKey,
        mut message: Message,
        bytes: &mut [u8],
        range: Range<usize>,
    ) {
        let now = self.now;
        let targets = match &self.hosts[host].node {
            Some(node) => node.local_targets().to_vec(),
            None => return,
        };
        if message.answers || message.enters {
            let whole = message.reassembled.as_deref();
            let whole = whole.unwrap_or_else(|| &bytes[range.clone()]).to_vec();
            if message.answers {
                self.take_answer(host, &message, &whole);
            }
            if message.enters {
                // Copies have memory of their own.
                self.write_dirty(host, bytes);
                match self.find_sent(&message, &whole) {
                    Some(sent) => self.share(host, false, sent, &whole),
                    None if message.located.survey() != 0 => {}
                    None => self.breach(Breach::new("intact", "nobody published it".to_owned())),
                }
            }
        }
        let Some(mut node) = self.hosts[host].node.take() else {
            return;
        };
        let hold = driver::pass_on(&mut node, now, &mut message, bytes, range.clone());
        if targets.is_empty() {
            self.pass_by(host, &mut node, key, &message, hold);
        } else {
            self.deliver(
                host,
                &mut node,
                key,
                &message,
                &bytes[range.clone()],
                &targets,
            );
            let whole = message.reassembled.as_ref();
            let bytes = whole.map_or_else(|| range.len(), |whole| whole.len());
            // A consumer that takes its time keeps it back already.
            let is_slow = matches!(self.hosts[host].inbox.consumer, Consumer::Holding(_));
            if hold && !is_slow {
                self.keep_back(host, &mut node, key, (message.class, bytes));
            }
        }
        self.hosts[host].node = Some(node);
    }

    /// Who published a message, in which life, and its class and sequence.
    pub(super) fn key_of(&self, message: &Message, whole: &[u8]) -> Option<driver::Key> {
        let frame = Frame::whole(whole).ok()?;
        let envelope = message.located.envelope(frame.envelope());
        let (host, life) = self.who(envelope.publisher(), message.located.incarnation())?;
        Some((host, life, message.class, message.located.sequence()))
    }

    fn find_sent(&self, message: &Message, whole: &[u8]) -> Option<usize> {
        self.history.find(self.key_of(message, whole)?)
    }

    fn deliver(
        &mut self,
        host: usize,
        node: &mut Node,
        key: LinkKey,
        message: &Message,
        taken: &[u8],
        targets: &[u32],
    ) {
        let whole = message.reassembled.as_deref().unwrap_or(taken);
        let Ok(frame) = Frame::whole(whole) else {
            return self.breach(Breach::new("intact", "a message is not whole".to_owned()));
        };
        let envelope = message.located.envelope(frame.envelope());
        let (class, sequence) = (message.class, message.located.sequence());
        if message.located.survey() != 0 {
            self.pass_by(host, node, key, message, false);
            return self.hear(host, message, envelope.publisher(), targets);
        }
        if envelope.topic().starts_with(b".share/") {
            self.pass_by(host, node, key, message, false);
            let key = self.key_of(message, whole);
            return self.bring_copy(host, key, envelope.topic(), frame.payload(), targets);
        }
        let found = self.find_sent(message, whole);
        let Some(found) = found else {
            let text = format!("n{host} was brought what nobody published");
            return self.breach(Breach::new("intact", text));
        };
        if !self.take_in(host, node, key, message, whole) {
            let sent = &self.history.sent[found];
            let publisher = (sent.host, sent.class);
            *self.history.inbox_lost.entry(publisher).or_default() += 1;
            return self.note(Some(host), What::InboxDropped(class));
        }
        let topic = topic_of(envelope.topic());
        let life = self.hosts[host].life;
        for subscriber in targets {
            let delivered = Delivered {
                sent: found,
                host,
                life,
                subscriber: *subscriber,
                at: self.now,
            };
            let sent = &self.history.sent[found];
            let what = What::Delivered(*subscriber, sent.host, class, sequence);
            self.trace.note(self.now, Some(host), what);
            let verdict = self.live.deliver(
                &self.history,
                &delivered,
                &self.plan.hosts,
                (topic, frame.payload()),
            );
            self.history.deliver(delivered);
            if let Err(breach) = verdict {
                return self.breach(breach);
            }
        }
    }
}
