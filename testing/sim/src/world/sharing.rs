//! Copies for those who share a subscription.

use zeekwire_core::wire::{EnvelopeTemplate, Frame, Located};
use zeekwire_types::limits::FRAME_HEADER_BYTES;

use super::World;
use crate::checks::{Breach, shares};
use crate::driver::{self, Key};
use crate::history::Copy;
use crate::trace::What;

impl World<'_> {
    /// Sends copies of a whole message to one node of each group that shares its topic.
    pub(super) fn share(&mut self, host: usize, is_own: bool, sent: usize, whole: &[u8]) {
        let Some(node) = &mut self.hosts[host].node else {
            return;
        };
        let Ok(frame) = Frame::whole(whole) else {
            return;
        };
        let Ok(located) = Located::verify(frame.envelope()) else {
            return;
        };
        let envelope = located.envelope(frame.envelope());
        if located.survey() != 0 {
            return;
        }
        for topic in node.shared_topics(envelope.topic(), is_own) {
            self.send_copy(host, topic, sent, &frame);
        }
    }

    fn send_copy(&mut self, host: usize, topic: Vec<u8>, sent: usize, of: &Frame<'_>) {
        let class = of.header.class;
        let state = &mut self.hosts[host];
        let (life, sequence) = (state.life, state.sequence(class));
        let Some(node) = &mut state.node else {
            return;
        };
        let mut whole = driver::message(node, class, &topic, 0, of.payload());
        EnvelopeTemplate::set_sequence(&mut whole[FRAME_HEADER_BYTES..], sequence);
        let key = (host, life, class, sequence);
        let local = driver::is_for_itself(node, &topic).then(|| {
            node.find_local(&topic);
            node.local_targets().to_vec()
        });
        if local.is_none() {
            node.publish(self.now, class, &topic, &whole, 0..whole.len());
        }
        let shown = String::from_utf8_lossy(&topic).into_owned();
        self.note(Some(host), What::Copied(class, sequence, shown));
        let group = topic.split(|byte| *byte == b'/').nth(1).unwrap_or_default();
        let copy = Copy {
            sent,
            group: String::from_utf8_lossy(group).into_owned(),
            topic: topic.clone(),
            brought: Vec::new(),
        };
        let verdict = shares::give(&mut self.history, key, copy);
        verdict
            .err()
            .into_iter()
            .for_each(|breach| self.breach(breach));
        match local {
            Some(targets) => self.bring_copy(host, Some(key), &topic, of.payload(), &targets),
            None => {
                self.note_drops(host);
                self.write_dirty(host, &whole);
            }
        }
    }

    /// A copy was brought to subscribers.
    pub(super) fn bring_copy(
        &mut self,
        host: usize,
        key: Option<Key>,
        topic: &[u8],
        payload: &[u8],
        targets: &[u32],
    ) {
        let Some(number) = key.and_then(|key| self.history.find_copy(key)) else {
            let text = format!("n{host} was brought a copy that nobody made");
            return self.breach(Breach::new("shares", text));
        };
        let life = self.hosts[host].life;
        let sent = self.history.copies[number].sent;
        for subscriber in targets {
            let of = &self.history.sent[sent];
            let what = What::Delivered(*subscriber, of.host, of.class, of.sequence);
            self.trace.note(self.now, Some(host), what);
            let taker = (host, life, *subscriber);
            let verdict = shares::bring(&mut self.history, number, taker, topic, payload);
            if let Err(breach) = verdict {
                return self.breach(breach);
            }
        }
    }
}
