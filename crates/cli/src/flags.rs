//! What can be typed: the program's flags and commands, and those that several commands share.

mod link;
mod node_cfg;
mod source;
mod texts;

use clap::{Parser, Subcommand};

use crate::commands::{
    answer, bench, config, decode, generate, layout, node, ping, publish, status, subscribe,
    survey, top, trace,
};
use crate::demo;
use crate::failure::Failure;

pub(crate) use link::LinkFlags;
pub(crate) use node_cfg::NodeCfgFlags;
pub(crate) use source::SourceFlags;
pub(crate) use texts::{
    Endpoints, Seconds, argument, endpoint, event_name, filter, format_name, topic,
};

/// Where nodes listen and clients connect unless they are told otherwise.
pub(crate) const DEFAULT_ENDPOINT: &str = "tcp://127.0.0.1:47760";

/// Publish and subscribe for Zeek clusters.
///
/// To see it at work, run `zeekwire demo`. To try it by hand, run `zeekwire sub --listen
/// tcp://127.0.0.1:47760 '*'` in one terminal and `zeekwire pub greetings Demo::hello 42
/// 10.0.0.1 80/tcp` in another.
#[derive(Debug, Parser)]
#[command(name = "zeekwire", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Flags {
    /// What the library logs to standard error: error, warn, info, debug or trace, or a list such
    /// as `warn,zeekwire_runtime=debug`. Without it, RUST_LOG says [default: warn]
    #[arg(long, global = true, value_name = "LEVEL", help_heading = "Logging")]
    pub(crate) log_level: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 when the job was done, 1 when it failed, 2 when what was typed cannot be done.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Node(node::NodeFlags),
    Pub(publish::PublishFlags),
    Sub(subscribe::SubscribeFlags),
    Ping(ping::PingFlags),
    Status(status::StatusFlags),
    Top(top::TopFlags),
    Trace(trace::TraceFlags),
    Survey(survey::SurveyFlags),
    Answer(answer::AnswerFlags),
    Decode(decode::DecodeFlags),
    Bench(bench::BenchFlags),
    Demo(demo::DemoFlags),
    Config(config::ConfigFlags),
    Layout(layout::LayoutFlags),
    Generate(generate::GenerateFlags),
    #[command(hide = true)]
    DemoReceiver(demo::ReceiverFlags),
    #[command(hide = true)]
    DemoWorker(demo::WorkerFlags),
}

impl Command {
    /// Does what was typed.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Node(flags) => node::run(&flags),
            Self::Pub(flags) => publish::run(&flags),
            Self::Sub(flags) => subscribe::run(&flags),
            Self::Ping(flags) => ping::run(&flags),
            Self::Status(flags) => status::run(&flags),
            Self::Top(flags) => top::run(&flags),
            Self::Trace(flags) => trace::run(&flags),
            Self::Survey(flags) => survey::run(&flags),
            Self::Answer(flags) => answer::run(&flags),
            Self::Decode(flags) => decode::run(&flags),
            Self::Bench(flags) => bench::run(&flags),
            Self::Demo(flags) => demo::run(&flags),
            Self::Config(flags) => config::run(&flags),
            Self::Layout(flags) => layout::run(&flags),
            Self::Generate(flags) => generate::run(&flags),
            Self::DemoReceiver(flags) => demo::run_receiver(&flags),
            Self::DemoWorker(flags) => demo::run_worker(&flags),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_do_not_contradict_each_other() {
        Flags::command().debug_assert();
    }

    #[test]
    fn default_endpoint_is_one_that_listens_locally() {
        let endpoint: zeekwire::Endpoint = DEFAULT_ENDPOINT.parse().unwrap();
        assert!(endpoint.is_local());
    }
}
