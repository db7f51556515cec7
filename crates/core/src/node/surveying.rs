//! Questions to everybody, and their answers.
//!
//! A question is a publication with a number; subscribers that answer questions hear it, and no
//! others. An answer is a publication on the asker's `.node.` topic with the same number.

use std::collections::{BTreeMap, BTreeSet};

use zeekwire_types::Incarnation;

use super::{Node, SubscriberKey};

/// What became of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answered {
    /// It is the first of its node.
    Taken,
    /// As [`Answered::Taken`], and no more are wanted: the survey is over.
    Last,
    /// Nobody asked, or the survey is over, or its node has answered before.
    Refused,
}

/// Answers that one survey takes, since anybody may invent names. More nodes than that are not
/// expected.
const ANSWER_COUNT_MAX: usize = 65_536;

/// The surveys of a node.
#[derive(Debug, Default)]
pub(super) struct Surveys {
    open: BTreeMap<u64, Survey>,
    /// Local subscribers that answer questions, and hear nothing else.
    pub(super) responders: BTreeSet<SubscriberKey>,
}

#[derive(Debug)]
struct Survey {
    answer_count_max: Option<usize>,
    answered: BTreeSet<(Box<str>, Incarnation)>,
}

impl Node {
    /// Makes a subscriber hear questions, and nothing else. Call before it subscribes.
    pub fn set_responder(&mut self, subscriber: SubscriberKey) {
        self.surveys.responders.insert(subscriber);
    }

    /// Opens a survey. `number` must be new, and not 0; the driver publishes the question with it,
    /// and closes the survey when its time is over.
    pub fn open_survey(&mut self, number: u64, answer_count_max: Option<usize>) {
        let survey = Survey {
            answer_count_max,
            answered: BTreeSet::new(),
        };
        self.surveys.open.insert(number, survey);
    }

    /// Takes no more answers. Returns how many nodes answered, if the survey was open.
    pub fn close_survey(&mut self, number: u64) -> Option<usize> {
        let survey = self.surveys.open.remove(&number)?;
        Some(survey.answered.len())
    }

    /// Takes note of an answer: see [`super::Message::answers`].
    pub fn take_answer(&mut self, number: u64, from: &str, life: Incarnation) -> Answered {
        let Some(survey) = self.surveys.open.get_mut(&number) else {
            return Answered::Refused;
        };
        let full = survey.answered.len() >= ANSWER_COUNT_MAX;
        if full || !survey.answered.insert((from.into(), life)) {
            return Answered::Refused;
        }
        match survey.answer_count_max {
            Some(most) if survey.answered.len() >= most => {
                self.surveys.open.remove(&number);
                Answered::Last
            }
            _ => Answered::Taken,
        }
    }
}
