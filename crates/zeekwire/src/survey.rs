//! Asking everybody, and answering.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zeekwire_backend::{Inbox, Message, Publication, PublishError, SetupError, SurveyLimits};
use zeekwire_types::{Event, NodeName, Topic, TrafficClass};

use crate::{Error, Node, Received, SubscribeBuilder, Subscription};

/// A question that has yet to be asked: made by [`Node::survey`].
///
/// ```
/// use std::time::Duration;
/// use zeekwire::{Event, Inproc, MessageExt, Node, Value};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let here = Inproc::new();
/// let manager = Node::builder("manager").inproc(&here).listen("inproc://m").start()?;
/// let worker = Node::builder("worker-1").inproc(&here).start()?;
/// let load = worker.subscribe(["load"])?.answer(|question| {
///     let answer = Event::new("Load::is", [Value::Double(0.25)]);
///     question.answer(&answer).expect("the node runs");
/// })?;
/// worker.connect("inproc://m")?.wait_ready(Duration::from_secs(5))?;
/// assert!(load.wait_effective(Duration::from_secs(5)));
///
/// let question = Event::new("Load::ask", []);
/// let answers = manager.survey("load", &question)?.count(1).ask(Duration::from_secs(5))?;
/// for answer in answers {
///     println!("{}: {}", answer.publisher(), answer.event()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a survey begins with `ask`"]
pub struct SurveyBuilder {
    node: Node,
    topic: Vec<u8>,
    format: String,
    payload: Vec<u8>,
    answer_count_max: Option<usize>,
}

impl SurveyBuilder {
    pub(crate) fn new(node: Node, topic: &[u8], format: &str, payload: Vec<u8>) -> Self {
        Self {
            node,
            topic: topic.to_vec(),
            format: format.to_owned(),
            payload,
            answer_count_max: None,
        }
    }

    /// Ends the survey when so many nodes have answered. Otherwise all who come are taken.
    pub const fn count(mut self, answer_count_max: usize) -> Self {
        self.answer_count_max = Some(answer_count_max);
        self
    }

    /// Asks every node that answers questions about the topic, and collects the first answer of
    /// each for `timeout`.
    ///
    /// # Errors
    /// [`PublishError`] says why the question was not accepted.
    pub fn ask(self, timeout: Duration) -> Result<Answers, PublishError> {
        let question = Publication {
            topic: &self.topic,
            class: TrafficClass::Event,
            format: &self.format,
            payload: &self.payload,
            survey: 0,
        };
        let limits = SurveyLimits {
            answer_count_max: self.answer_count_max,
            timeout,
        };
        let inbox = self.node.backend().survey(&question, limits)?;
        Ok(Answers { inbox })
    }
}

/// The answers to a question, as they come. As an iterator it waits for each, and ends with the
/// survey.
#[derive(Debug)]
pub struct Answers {
    inbox: Arc<Inbox>,
}

impl Answers {
    /// Waits for the next answer, for at most `timeout`. `None` means that there was none; ask
    /// [`Answers::is_over`] whether more may come.
    #[must_use]
    pub fn next_timeout(&self, timeout: Duration) -> Option<Received> {
        let deadline = Instant::now().checked_add(timeout);
        self.inbox.wait_message(deadline).map(Received::new)
    }

    /// Calls `signal` when an answer comes after there were none, and when the survey is over. Runs
    /// on the IO thread and must not block. Once set it stays.
    pub fn set_signal(&self, signal: impl Fn() + Send + Sync + 'static) {
        self.inbox.set_signal(signal);
    }

    /// Whether no more answers will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.inbox.is_closed()
    }
}

impl Iterator for Answers {
    type Item = Received;

    fn next(&mut self) -> Option<Received> {
        self.inbox.wait_message(None).map(Received::new)
    }
}

/// A question to be answered, at most once: handlers of [`SubscribeBuilder::answer`] get it.
#[derive(Debug)]
pub struct Question<'a> {
    node: &'a Node,
    message: &'a Message<'a>,
}

impl<'a> Question<'a> {
    /// A question that came with a subscription made by [`SubscribeBuilder::questions`].
    #[must_use]
    pub const fn new(node: &'a Node, message: &'a Message<'a>) -> Self {
        Self { node, message }
    }

    /// The question itself.
    #[must_use]
    pub const fn message(&self) -> &Message<'_> {
        self.message
    }

    /// Answers with an event, in the question's format.
    ///
    /// # Errors
    /// [`Error`] when the format is unknown here or cannot carry the event, or the answer was not
    /// accepted.
    pub fn answer(&self, event: &Event) -> Result<(), Error> {
        let name = self.message.format();
        let serializer = zeekwire_serializer::by_name(name)
            .ok_or_else(|| Error::UnknownFormat(name.to_owned()))?;
        let mut payload = Vec::new();
        serializer.encode(event, &mut payload)?;
        Ok(self.answer_bytes(name, &payload)?)
    }

    /// Answers with bytes in a format of the answerer's choice.
    ///
    /// # Errors
    /// [`PublishError`] says why the answer was not accepted.
    pub fn answer_bytes(&self, format: &str, payload: &[u8]) -> Result<(), PublishError> {
        // Envelopes are verified on arrival, so the name is one.
        let Ok(asker) = NodeName::new(self.message.publisher()) else {
            return Ok(());
        };
        self.node.backend().publish(&Publication {
            topic: Topic::of_node(&asker).as_bytes(),
            class: TrafficClass::Event,
            format,
            payload,
            survey: self.message.survey(),
        })
    }
}

impl SubscribeBuilder {
    /// Answers questions about the topics, instead of hearing what is published on them. Runs
    /// `handler` for each question on a thread of its own; each should be answered once.
    ///
    /// # Errors
    /// As [`SubscribeBuilder::handler`].
    pub fn answer(
        self,
        mut handler: impl FnMut(&Question<'_>) + Send + 'static,
    ) -> Result<Subscription, SetupError> {
        let weak = self.node().downgrade();
        self.questions().handler(move |message| {
            // Whoever holds a subscription holds the node; this thread must not.
            if let Some(node) = weak.upgrade() {
                handler(&Question::new(&node, message));
            }
        })
    }
}
