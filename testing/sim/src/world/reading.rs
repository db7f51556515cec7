//! From bytes that arrived to messages.

use zeekwire_core::Node;
use zeekwire_core::node::{LinkKey, Message};
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
        let Some(mut node) = self.hosts[host].node.take() else {
            return false;
        };
        node.heard(self.now, key);
        let now = self.now;
        let deliver = |node: &mut Node, message: &Message, taken: &[u8], hold: bool| {
            if node.local_targets().is_empty() {
                self.pass_by(host, node, key, message, hold);
            } else {
                self.deliver(host, node, key, message, taken);
                let bytes = message
                    .reassembled
                    .as_ref()
                    .map_or(taken.len(), |whole| whole.len());
                // A consumer that takes its time keeps it back already.
                let is_slow = matches!(self.hosts[host].inbox.consumer, Consumer::Holding(_));
                if hold && !is_slow {
                    self.keep_back(host, node, key, (message.class, bytes));
                }
            }
        };
        let (taken, over) = driver::receive(&mut node, now, key, buffer, deliver);
        let end = &mut self.wires[wire].ends[side];
        // Where queues run empty, the peer's credit is still of use.
        end.deaf |= over;
        end.partial.extend_from_slice(&buffer[taken..]);
        node.grant(key);
        self.hosts[host].node = Some(node);
        self.note_drops(host);
        self.settle(host, buffer);
        true
    }

    fn deliver(
        &mut self,
        host: usize,
        node: &mut Node,
        key: LinkKey,
        message: &Message,
        taken: &[u8],
    ) {
        let whole = message.reassembled.as_deref().unwrap_or(taken);
        let Ok(frame) = Frame::whole(whole) else {
            return self.breach(Breach::new("intact", "a message is not whole".to_owned()));
        };
        let envelope = message.located.envelope(frame.envelope());
        let (class, sequence) = (message.class, message.located.sequence());
        let found = driver::host_of(envelope.publisher()).and_then(|publisher| {
            let mut lives = self.hosts[publisher].lives.iter();
            let is_it =
                |id: &zeekwire_types::NodeId| id.incarnation == message.located.incarnation();
            let life = u32::try_from(lives.position(is_it)? + 1).ok()?;
            self.history.find((publisher, life, class, sequence))
        });
        let Some(found) = found else {
            let text = format!("n{host} was brought what nobody published");
            return self.breach(Breach::new("intact", text));
        };
        if !self.take_in(host, node, key, message, whole) {
            return self.note(Some(host), What::InboxDropped(class));
        }
        let topic = topic_of(envelope.topic());
        let life = self.hosts[host].life;
        for subscriber in node.local_targets() {
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
            let verdict = self
                .live
                .deliver(&self.history, &delivered, topic, frame.payload());
            self.history.deliver(delivered);
            if let Err(breach) = verdict {
                return self.breach(breach);
            }
        }
    }
}
