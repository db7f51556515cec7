//! Questions to everybody, and answers.

use zeekwire_core::node::{Answered, Message};
use zeekwire_core::wire::EnvelopeTemplate;
use zeekwire_types::TrafficClass;
use zeekwire_types::limits::FRAME_HEADER_BYTES;

use super::World;
use crate::checks::{Breach, surveys};
use crate::driver;
use crate::history::Question;
use crate::trace::What;

impl World<'_> {
    /// Asks everybody who answers questions on a topic.
    pub(super) fn ask(&mut self, host: usize, topic: &'static str) {
        let number = self.history.questions.len() as u64 + 1;
        let state = &mut self.hosts[host];
        let Some(node) = &mut state.node else {
            return;
        };
        node.open_survey(number, None);
        let (at, moment) = (self.now, self.next_moment());
        self.history.questions.push(Question {
            host,
            topic,
            at,
            moment,
        });
        self.note(Some(host), What::Asked(number));
        self.publish_alone(host, topic.as_bytes(), number);
        self.settle(host, &[]);
    }

    /// Answers the questions that were heard.
    pub(super) fn answer(&mut self, host: usize) {
        for (asker, number) in std::mem::take(&mut self.hosts[host].asked) {
            let topic = format!(".node.{asker}");
            self.publish_alone(host, topic.as_bytes(), number);
        }
    }

    fn publish_alone(&mut self, host: usize, topic: &[u8], survey: u64) {
        let class = TrafficClass::Event;
        let sequence = self.hosts[host].sequence(class);
        let Some(node) = &mut self.hosts[host].node else {
            return;
        };
        let mut whole = driver::message(node, class, topic, survey, b"?");
        EnvelopeTemplate::set_sequence(&mut whole[FRAME_HEADER_BYTES..], sequence);
        node.publish(self.now, class, topic, &whole, 0..whole.len());
        self.note_drops(host);
        self.write_dirty(host, &whole);
    }

    /// A question was brought to subscribers.
    pub(super) fn hear(&mut self, host: usize, message: &Message, asker: &str, targets: &[u32]) {
        let number = message.located.survey();
        let question = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let life = self.hosts[host].life;
        for subscriber in targets {
            self.note(Some(host), What::Heard(*subscriber, number));
            let heard = (question, host, life, *subscriber);
            if let Err(breach) = surveys::hear(&mut self.history, heard) {
                return self.breach(breach);
            }
            self.hosts[host].asked.push((asker.to_owned(), number));
        }
    }

    /// An answer came to whoever asked.
    pub(super) fn take_answer(&mut self, host: usize, message: &Message, whole: &[u8]) {
        let number = message.located.survey();
        let Some((from, life, ..)) = self.key_of(message, whole) else {
            let text = "an answer comes from nobody".to_owned();
            return self.breach(Breach::new("surveys", text));
        };
        let name = format!("n{}", self.plan.hosts[from].name);
        let Some(node) = &mut self.hosts[host].node else {
            return;
        };
        let taken = node.take_answer(number, &name, message.located.incarnation());
        if taken == Answered::Refused {
            return;
        }
        self.note(Some(host), What::Answered(number, from));
        let question = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let verdict = surveys::take(&mut self.history, host, (question, from, life));
        verdict
            .err()
            .into_iter()
            .for_each(|breach| self.breach(breach));
    }
}
