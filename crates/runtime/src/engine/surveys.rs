//! Questions that wait for answers, and what this node answers by itself.

use std::collections::HashMap;
use std::sync::Arc;

use zeekwire_backend::{Inbox, Item, Message, Publication, SurveyLimits};
use zeekwire_buffer::AlignedBytes;
use zeekwire_core::node::{Answered, Scope};
use zeekwire_core::wire::Located;
use zeekwire_types::{Instant, Topic, TopicFilter, TrafficClass};

use super::delivery::parts_of;
use super::{Engine, TimerKey};

/// The topic on which every member answers questions for its status, as JSON.
pub const STATUS_TOPIC: &[u8] = b".status";
const STATUS_FORMAT: &str = "status-json";
/// The core's name for the subscriber that answers them; no table has so many.
const STATUS_SUBSCRIBER: u32 = u32::MAX - 1;
/// The token of that subscription, which nobody waits for.
const STATUS_TOKEN: u64 = u64::MAX;

/// The surveys of a node, by number.
#[derive(Default)]
pub(super) struct Surveys {
    open: HashMap<u64, Arc<Inbox>>,
    /// Who asked for this node's status in the block being read.
    asked: Vec<(Topic, u64)>,
}

impl Engine {
    /// Answers questions for the status from now on.
    pub(super) fn answer_for_status(&mut self) {
        let filter = TopicFilter::exact(STATUS_TOPIC).expect("a filter");
        self.node.set_responder(STATUS_SUBSCRIBER);
        let scope = Scope::AllLinks;
        self.node
            .subscribe(STATUS_SUBSCRIBER, &[filter], scope, STATUS_TOKEN);
    }

    /// Opens a survey, whose answers go to `inbox`.
    pub(super) fn open_survey(
        &mut self,
        now: Instant,
        number: u64,
        limits: SurveyLimits,
        inbox: Arc<Inbox>,
    ) {
        if limits.answer_count_max == Some(0) {
            return inbox.close();
        }
        self.node.open_survey(number, limits.answer_count_max);
        self.surveys.open.insert(number, inbox);
        let timer = TimerKey::Survey(number);
        self.timers.set(timer, now + limits.timeout);
    }

    /// Takes no more answers.
    pub(super) fn end_survey(&mut self, number: u64) {
        self.node.close_survey(number);
        self.timers.cancel(TimerKey::Survey(number));
        if let Some(inbox) = self.surveys.open.remove(&number) {
            inbox.close();
        }
    }

    pub(super) fn end_all_surveys(&mut self) {
        let open: Vec<u64> = self.surveys.open.keys().copied().collect();
        open.into_iter().for_each(|number| self.end_survey(number));
    }

    /// Hands an answer over to whoever asked.
    pub(super) fn take_answer(&mut self, located: &Located, bytes: &[u8]) {
        let parts = parts_of(located, bytes);
        let answer = Message::new(bytes, &parts);
        let number = answer.survey();
        let (from, life) = (answer.publisher(), answer.incarnation());
        let answered = self.node.take_answer(number, from, life);
        if answered == Answered::Refused {
            return;
        }
        if let Some(inbox) = self.surveys.open.get(&number) {
            let copy = AlignedBytes::copied(bytes);
            let charge = copy.capacity();
            let len = u32::try_from(bytes.len()).expect("messages are far below 4 GiB");
            let mut items = vec![Item {
                start: 0,
                len,
                parts,
            }];
            let node = &mut self.node;
            let lose = |lost: &Message<'_>| node.count_inbox_drop(lost.bytes());
            inbox.deposit(Arc::new(copy), &mut items, charge, lose);
        }
        if answered == Answered::Last {
            self.end_survey(number);
        }
    }

    /// Takes note that somebody asked for this node's status, if that is what a message is for.
    /// Returns whether it was.
    pub(super) fn note_question(&mut self, target: u32, question: &Message<'_>) -> bool {
        if target != STATUS_SUBSCRIBER {
            return false;
        }
        if let Ok(name) = zeekwire_types::NodeName::new(question.publisher()) {
            self.surveys
                .asked
                .push((Topic::of_node(&name), question.survey()));
        }
        true
    }

    /// Answers those who asked for the status.
    pub(super) fn tell_status(&mut self, now: Instant) {
        if self.surveys.asked.is_empty() {
            return;
        }
        let asked = std::mem::take(&mut self.surveys.asked);
        let status = self.status(now);
        let Ok(payload) = serde_json::to_vec(&status) else {
            return;
        };
        for (topic, survey) in asked {
            let answer = Publication {
                topic: topic.as_bytes(),
                class: TrafficClass::Event,
                format: STATUS_FORMAT,
                payload: &payload,
                survey,
            };
            // A node that is overloaded or ends does not answer.
            let _refused = self.outbox.publish(&answer, false, || true, || {});
        }
    }
}
