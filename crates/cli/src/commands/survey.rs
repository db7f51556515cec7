//! `zeekwire survey`: asks everybody, and prints the answers as they come.

use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::Args;
use zeekwire::{Answers, Event, MessageExt, Value};

use crate::client::{Client, interrupted};
use crate::commands::subscribe::Printer;
use crate::failure::Failure;
use crate::flags::{LinkFlags, Seconds, argument, event_name, format_name, topic};
use crate::output;
use crate::render::event::call;
use crate::render::number::nanoseconds;
use crate::render::printable;
use crate::stop::Stop;

/// Ask every node that answers questions about a topic, and print the first answer of each
///
/// One line for each answer as it comes: the time that it took, who answered, and the answer as a
/// call. `zeekwire answer` answers. Exit status 1 when fewer than --count answered, or nobody did.
#[derive(Args, Debug)]
pub(crate) struct SurveyFlags {
    /// What the question is about, such as zeek/load
    #[arg(value_name = "TOPIC", value_parser = topic)]
    topic: String,

    /// The question, an event's name such as Load::ask
    #[arg(value_name = "EVENT", value_parser = event_name)]
    event: String,

    /// Its arguments, written as for `zeekwire pub`
    #[arg(value_name = "ARGS", value_parser = argument, allow_negative_numbers = true)]
    args: Vec<Value>,

    /// End when so many nodes have answered; -1 takes all who do in time
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        default_value = "-1",
        allow_hyphen_values = true
    )]
    count: Count,

    /// End after so many seconds
    #[arg(short, long, value_name = "SECS", default_value_t = Seconds(Duration::from_secs(2)))]
    timeout: Seconds,

    /// Encode the question in this format: capnp-v1, broker-bin-v1 or broker-json-v1
    #[arg(long, value_name = "NAME", default_value = "capnp-v1", value_parser = format_name)]
    format: String,

    /// Print answers as JSON lines, as `zeekwire sub --json` does
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    links: LinkFlags,
}

/// How many answers are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count(Option<usize>);

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(-1) => Ok(Self(None)),
            Ok(n @ 1..) => usize::try_from(n)
                .map(|n| Self(Some(n)))
                .map_err(|error| error.to_string()),
            Ok(i64::MIN..=0) | Err(_) => {
                Err("write how many answers to wait for, or -1 for all".to_owned())
            }
        }
    }
}

/// Runs the command.
pub(crate) fn run(flags: &SurveyFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?;
    let mut client = Client::start_with(&flags.links, "survey", |node| node.format(&flags.format))?;
    client.open_links(&flags.links)?;
    client.wait_linked(&stop)?;
    let question = Event::new(&flags.event, flags.args.iter().cloned());
    let survey = client.node.survey(&flags.topic, &question);
    let mut survey = survey.map_err(Failure::usage)?;
    if let Count(Some(count)) = flags.count {
        survey = survey.count(count);
    }
    let asked_at = Instant::now();
    let answers = survey
        .ask(flags.timeout.0)
        .map_err(|error| Failure::job(format_args!("the question was not sent: {error}")))?;
    let printed = print_all(flags, &answers, asked_at, &stop)?;
    client.node.shut_down(Duration::from_secs(1));
    match flags.count.0 {
        _ if stop.is_set() => Err(interrupted(&stop)),
        Some(wanted) if printed < wanted => Err(Failure::job(format_args!(
            "{printed} of {wanted} answered within {} s",
            flags.timeout
        ))),
        None if printed == 0 => Err(Failure::job(format_args!(
            "nobody answered within {} s: no node that is reached answers questions about {:?}",
            flags.timeout, flags.topic
        ))),
        _ => Ok(()),
    }
}

fn print_all(
    flags: &SurveyFlags,
    answers: &Answers,
    asked_at: Instant,
    stop: &Stop,
) -> Result<usize, Failure> {
    let mut printer = Printer::new(true);
    let mut printed = 0;
    while !stop.is_set() {
        let Some(answer) = answers.next_timeout(Stop::LOOK_EVERY) else {
            if answers.is_over() {
                break;
            }
            continue;
        };
        printed += 1;
        if flags.json {
            printer.print(&answer.message())?;
            printer.flush()?;
            continue;
        }
        let took = u64::try_from(asked_at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let text = match answer.message().event() {
            Ok(event) => call(&event),
            Err(error) => format!("no event that can be read: {error}"),
        };
        let from = answer.publisher();
        output::print(format_args!(
            "{:>8}  {}  {text}",
            nanoseconds(took),
            printable(from)
        ))?;
    }
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_is_a_number_of_answers_or_all() {
        assert_eq!("-1".parse(), Ok(Count(None)));
        assert_eq!("3".parse(), Ok(Count(Some(3))));
        for text in ["0", "-2", "", "all", "1.5"] {
            assert!(text.parse::<Count>().is_err(), "of {text:?}");
        }
    }
}
