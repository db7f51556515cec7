//! Publishing, and waiting where that is asked for.

use zeekwire_core::node::PATIENCE;
use zeekwire_core::wire::EnvelopeTemplate;
use zeekwire_types::TrafficClass;

use super::World;
use crate::driver;
use crate::history::Sent;
use crate::host::Waiting;
use crate::schedule::Event;
use crate::trace::What;

impl World<'_> {
    pub(super) fn publish_step(
        &mut self,
        host: usize,
        (class, topic, len): (TrafficClass, &'static str, usize),
        count: u32,
        rude: bool,
    ) {
        if self.hosts[host].node.is_none() {
            return;
        }
        let message = Waiting { class, topic, len };
        let messages = (0..count).map(|_| message);
        if rude {
            let messages: Vec<Waiting> = messages.collect();
            self.publish(host, &messages);
        } else {
            self.hosts[host].backlog.extend(messages);
            self.release(host);
        }
    }

    /// Publishes what need not wait any more.
    pub(super) fn release(&mut self, host: usize) {
        let now = self.now;
        let state = &mut self.hosts[host];
        let Some(node) = &mut state.node else {
            return;
        };
        state
            .held
            .retain(|(class, topic)| node.is_held(now, *class, topic.as_bytes()));
        self.ask_later(host);
        loop {
            let state = &mut self.hosts[host];
            let is_free = |one: &Waiting| !state.held.contains(&(one.class, one.topic));
            let Some(next) = state.backlog.iter().position(is_free) else {
                return;
            };
            if let Some(message) = state.backlog.remove(next) {
                self.publish(host, &[message]);
            }
        }
    }

    /// Asks again some time later whether to wait: patience with takers that stutter ends by
    /// itself.
    fn ask_later(&mut self, host: usize) {
        let state = &mut self.hosts[host];
        if !state.held.is_empty() && !state.is_asking {
            state.is_asking = true;
            let life = state.life;
            self.schedule
                .add(self.now + PATIENCE, Event::Held { host, life });
        }
    }

    /// Publishes messages in one turn.
    fn publish(&mut self, host: usize, messages: &[Waiting]) {
        let mut source = Vec::new();
        for message in messages {
            let start = source.len();
            // A copy of the message before may have taken the next sequence.
            let sequence = self.encode(host, message, &mut source);
            let range = start..source.len();
            let Waiting { class, topic, len } = *message;
            let (at, moment) = (self.now, self.next_moment());
            let state = &mut self.hosts[host];
            let life = state.life;
            let Some(node) = &mut state.node else {
                return;
            };
            let sent = Sent {
                host,
                life,
                class,
                sequence,
                topic,
                len,
                at,
                moment,
            };
            let published = node.publish(self.now, class, topic.as_bytes(), &source, range.clone());
            let has_shares = node.has_shares();
            self.history.publish(sent);
            self.note(Some(host), What::Published(class, sequence, topic, len));
            if published.hold && self.hosts[host].held.insert((class, topic)) {
                self.note(Some(host), What::Held(class, topic));
                self.ask_later(host);
            }
            if has_shares {
                // Copies have memory of their own.
                self.write_dirty(host, &source);
                let sent = self.history.sent.len() - 1;
                self.share(host, true, sent, &source[range]);
            }
            if published.crowded {
                self.write_dirty(host, &source);
            }
        }
        // Older messages may have made room, of which nobody is told.
        self.note_drops(host);
        self.flush(host, &source);
    }

    pub(super) fn write_dirty(&mut self, host: usize, source: &[u8]) {
        let mut dirty = Vec::new();
        if let Some(node) = &mut self.hosts[host].node {
            node.take_dirty(&mut dirty);
        }
        dirty.sort_unstable();
        dirty.dedup();
        for key in dirty {
            self.write(host, key, source);
        }
    }

    fn encode(&mut self, host: usize, message: &Waiting, out: &mut Vec<u8>) -> u64 {
        let Waiting { class, topic, len } = *message;
        let state = &mut self.hosts[host];
        let sequence = state.sequence(class);
        let life = state.life;
        let Some(template) = state
            .envelope(topic)
            .map(|template| template.bytes().to_vec())
        else {
            return sequence;
        };
        let Some(node) = &state.node else {
            return sequence;
        };
        out.extend(driver::header(node, class, template.len(), len).encode());
        let start = out.len();
        out.extend(template);
        EnvelopeTemplate::set_sequence(&mut out[start..], sequence);
        driver::payload((host, life, class, sequence), len, out);
        out.resize(out.len().next_multiple_of(8), 0);
        sequence
    }
}
