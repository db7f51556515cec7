//! Surveys: asking everybody, and answering.

use std::collections::HashMap;
use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeekwire::{Answers, Glob, Question};

use crate::boundary::{bytes, chars, text};
use crate::entry::call;
use crate::events::{FORMAT, zw_event};
use crate::failure::{Failure, Outcome};
use crate::handlers::{Callback, OnMessage, zw_answer_handler, zw_message_handler};
use crate::messages::zw_message;
use crate::notices::Notice;
use crate::topics::read_filter;
use crate::{zw_context, zw_result};

/// The surveys of a context whose handlers have yet to be told that they are over.
#[derive(Default)]
pub(crate) struct Surveys {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    open: HashMap<u64, Survey>,
    next: u64,
}

/// One survey.
pub(crate) struct Survey {
    pub(crate) answers: Answers,
    pub(crate) callback: Callback<OnMessage>,
}

impl Surveys {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing in here panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        let mut table = self.lock();
        table.next += 1;
        table.next
    }

    /// Takes a survey out, for as long as its answers are told.
    pub(crate) fn take(&self, number: u64) -> Option<Survey> {
        self.lock().open.remove(&number)
    }

    /// Puts a survey there that is not over.
    pub(crate) fn put_back(&self, number: u64, survey: Survey) {
        self.lock().open.insert(number, survey);
    }

    /// Nobody is told any more.
    pub(crate) fn end(&self) {
        let open = std::mem::take(&mut self.lock().open);
        drop(open);
    }
}

/// Bounds of a survey, as C gives them.
struct Bounds {
    count_max: usize,
    timeout_ms: u32,
}

impl zw_context {
    fn ask(
        &self,
        topic: &[u8],
        format: &str,
        question: &[u8],
        bounds: &Bounds,
        callback: Option<Callback<OnMessage>>,
    ) -> Outcome {
        let callback = callback.ok_or_else(|| Failure::invalid("a survey needs a handler"))?;
        let node = self.running()?.node();
        let mut survey = node.survey_bytes(topic, format, question.to_vec());
        if bounds.count_max > 0 {
            survey = survey.count(bounds.count_max);
        }
        let answers = survey.ask(Duration::from_millis(bounds.timeout_ms.into()))?;
        let number = self.surveys().number();
        let mailbox = Arc::clone(self.mailbox());
        answers.set_signal(move || mailbox.push(Notice::Answers(number)));
        self.surveys()
            .put_back(number, Survey { answers, callback });
        // Those that came before it was there to be found.
        self.mailbox().push(Notice::Answers(number));
        Ok(())
    }

    fn answer(&self, question: &zw_message, format: &str, payload: &[u8]) -> Outcome {
        let message = question.message();
        if message.survey() == 0 {
            return Err(Failure::invalid(
                "this message is no question: only those that zw_on_question() hands over are",
            ));
        }
        let node = self.running()?.node();
        Ok(Question::new(node, &message).answer_bytes(format, payload)?)
    }

    /// Answers in the question's format, as far as that is known here.
    fn answer_event(&self, question: &zw_message, event: &zw_event) -> Outcome {
        let format = question.message().format().to_owned();
        let serializer = zeekwire::serializer::by_name(&format);
        event.encoded(|payload| match serializer {
            Some(serializer) if format != FORMAT => {
                let event = zeekwire::serializer::decode_any(FORMAT, payload);
                let event = event.map_err(not_encoded)?;
                let mut converted = Vec::new();
                serializer
                    .encode(&event, &mut converted)
                    .map_err(not_encoded)?;
                self.answer(question, &format, &converted)
            }
            _ => self.answer(question, FORMAT, payload),
        })
    }
}

fn not_encoded(error: impl std::fmt::Display) -> Failure {
    Failure::new(zw_result::ZW_ENCODE, error.to_string())
}

/// Asks all who answer questions about a topic of `n` bytes. `handler` is given the first answer of
/// each node, and NULL at the end: when `count_max` nodes have answered (0: no bound), or after
/// `timeout_ms`. Takes the question whatever happens. Starts the context. This context's own
/// answers do not count. When the context is stopped before the end, `handler` is not called any
/// more.
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_survey(
    context: *mut zw_context,
    topic: *const c_char,
    n: usize,
    question: *mut zw_event,
    count_max: usize,
    timeout_ms: u32,
    handler: zw_answer_handler,
    cookie: *mut c_void,
) -> zw_result {
    // SAFETY: C gives the event up.
    let question = unsafe { zw_event::take(question) };
    let callback = Callback::new(handler, cookie);
    let bounds = Bounds {
        count_max,
        timeout_ms,
    };
    let body = |context: &zw_context| {
        let question = question.ok_or_else(|| Failure::unreadable("question"))?;
        // SAFETY: C gave `n` characters.
        let topic = unsafe { chars(topic, n) }.ok_or_else(|| Failure::unreadable("topic"))?;
        question.encoded(|payload| context.ask(topic, FORMAT, payload, &bounds, callback))
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// As zw_survey(), with a question that is encoded already, under the name of its format.
///
/// Any thread. The bytes are copied before it returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_survey_encoded(
    context: *mut zw_context,
    topic: *const c_char,
    n: usize,
    format: *const c_char,
    payload: *const u8,
    payload_n: usize,
    count_max: usize,
    timeout_ms: u32,
    handler: zw_answer_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let bounds = Bounds {
        count_max,
        timeout_ms,
    };
    let body = |context: &zw_context| {
        // SAFETY: C gave as many bytes, and a string.
        let (topic, format, payload) =
            unsafe { (chars(topic, n), text(format), bytes(payload, payload_n)) };
        let topic = topic.ok_or_else(|| Failure::unreadable("topic"))?;
        let format = format.ok_or_else(|| Failure::unreadable("format"))?;
        let payload = payload.ok_or_else(|| Failure::unreadable("payload"))?;
        context.ask(topic, format, payload, &bounds, callback)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Calls `handler` for questions about topics that match a filter of `n` bytes; it should call
/// zw_answer() once, then or later with a message that it kept. NULL ends that. Starts the context.
///
/// Any thread; with another thread inside zw_process(), the old handler may run once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_on_question(
    context: *mut zw_context,
    filter: *const c_char,
    n: usize,
    handler: zw_message_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let body = |context: &zw_context| {
        // SAFETY: C gave `n` characters.
        let filter = unsafe { read_filter(filter, n) }?;
        if callback.is_none() {
            context.answer_no_more_on(&filter)?;
        }
        context.handlers().change(|handlers| {
            handlers
                .questions
                .retain(|(glob, _)| *glob.filter() != filter);
            let added = callback.map(|callback| (Glob::new(filter.clone()), callback));
            handlers.questions.extend(added);
        });
        match callback {
            Some(_) => context.answer_on(&filter),
            None => Ok(()),
        }
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Answers a question with an event, in the question's format. Takes the event whatever happens.
/// ZW_INVALID: the message is no question. The rest as for zw_event_raise().
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_answer(
    context: *mut zw_context,
    question: *const zw_message,
    answer: *mut zw_event,
) -> zw_result {
    // SAFETY: C gives the event up.
    let answer = unsafe { zw_event::take(answer) };
    let body = |context: &zw_context| {
        let answer = answer.ok_or_else(|| Failure::unreadable("answer"))?;
        // SAFETY: C gave a message.
        let question = unsafe { question.as_ref() };
        let question = question.ok_or_else(|| Failure::unreadable("question"))?;
        context.answer_event(question, &answer)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// As zw_answer(), with an answer that is encoded already, under the name of its format.
///
/// Any thread. The bytes are copied before it returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_answer_encoded(
    context: *mut zw_context,
    question: *const zw_message,
    format: *const c_char,
    payload: *const u8,
    payload_n: usize,
) -> zw_result {
    let body = |context: &zw_context| {
        // SAFETY: C gave a message, as many bytes, and a string.
        let (question, format, payload) =
            unsafe { (question.as_ref(), text(format), bytes(payload, payload_n)) };
        let question = question.ok_or_else(|| Failure::unreadable("question"))?;
        let format = format.ok_or_else(|| Failure::unreadable("format"))?;
        let payload = payload.ok_or_else(|| Failure::unreadable("payload"))?;
        context.answer(question, format, payload)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}
