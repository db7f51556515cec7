//! `zeekwire answer`: answers questions, so that surveys can be tried by hand.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use clap::Args;
use zeekwire::{Event, MessageExt, Question, Value};

use crate::admin::AdminServer;
use crate::client::Client;
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds, argument, event_name, filter};
use crate::output;
use crate::render::event::call;
use crate::render::{bytes_as_text, printable};
use crate::stop::Stop;

/// Answer the questions of `zeekwire survey`, and print them
///
/// Answers each question about a topic that matches with EVENT and ARGS; without EVENT, gives the
/// question back. Runs until SIGINT, --count or --timeout.
#[derive(Args, Debug)]
pub(crate) struct AnswerFlags {
    /// What topics must match; `*` stands for any run of bytes
    #[arg(value_name = "FILTER", value_parser = filter)]
    filter: String,

    /// The answer, an event's name such as Load::is [default: the question itself]
    #[arg(value_name = "EVENT", value_parser = event_name)]
    event: Option<String>,

    /// Its arguments, written as for `zeekwire pub`
    #[arg(value_name = "ARGS", value_parser = argument, allow_negative_numbers = true)]
    args: Vec<Value>,

    /// End after so many questions
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// End after so many seconds; with --count, exit status 1 when fewer questions came
    #[arg(short, long, value_name = "SECS")]
    timeout: Option<Seconds>,

    #[command(flatten)]
    links: LinkFlags,
}

/// Lines that may wait to be printed; beyond, questions are answered without a line.
const LINE_COUNT_MAX: usize = 1024;

/// Runs the command.
pub(crate) fn run(flags: &AnswerFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?.on_closed_output();
    let mut client = Client::start(&flags.links, "answer")?;
    let (line_in, lines) = sync_channel(LINE_COUNT_MAX);
    let answer = flags.event.as_ref();
    let answer = answer.map(|name| Event::new(name, flags.args.iter().cloned()));
    let answering = client
        .node
        .subscribe([&flags.filter])?
        .answer(move |question| respond(question, answer.as_ref(), &line_in))?;
    let _admin = AdminServer::start(&client.node);
    client.open_links(&flags.links)?;
    if client.dials() {
        client.wait_linked(&stop)?;
        if answering.wait_effective(flags.links.wait.0) {
            output::note(format_args!("answers questions about {}", flags.filter));
        }
    }
    let deadline = flags
        .timeout
        .map(|Seconds(timeout)| Instant::now() + timeout);
    let mut answered = 0;
    while flags.count.is_none_or(|count| answered < count) && !stop.is_set() {
        client.tell_news();
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            break;
        }
        match lines.recv_timeout(Stop::LOOK_EVERY) {
            Ok(line) => {
                answered += 1;
                output::print(line)?;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    client.node.shut_down(Duration::from_secs(1));
    match flags.count {
        Some(wanted) if answered < wanted && !stop.is_set() => Err(Failure::job(format_args!(
            "only {answered} of {wanted} questions came in time"
        ))),
        _ => Ok(()),
    }
}

/// Answers one question, and tells of it.
fn respond(question: &Question<'_>, answer: Option<&Event>, lines: &SyncSender<String>) {
    let message = question.message();
    let asked = message.event();
    let about = match &asked {
        Ok(event) => call(event),
        Err(error) => format!("a question that cannot be read ({error})"),
    };
    let sent = match (answer, asked) {
        (Some(event), _) => question.answer(event).map(|()| call(event)),
        (None, _) => question
            .answer_bytes(message.format(), message.payload())
            .map(|()| "the same".to_owned())
            .map_err(zeekwire::Error::from),
    };
    let sent = sent.unwrap_or_else(|error| format!("not answered: {error}"));
    let line = format!(
        "{} {} {about} -> {sent}",
        bytes_as_text(message.topic()),
        printable(message.publisher())
    );
    match lines.try_send(line) {
        // Answers matter more than lines about them.
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    }
}
