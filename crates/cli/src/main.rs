//! The program `zeekwire`: publishes, subscribes, looks at nodes, and shows itself at work.
//!
//! `flags` says what can be typed, `commands` has one file for each command, `demo` the main job.
//! Here errors become exit codes, and nothing else happens.

#![forbid(unsafe_code)]

mod admin;
mod client;
mod cluster;
mod commands;
mod config;
mod demo;
mod failure;
mod flags;
mod layout;
mod logging;
mod metrics;
mod output;
mod render;
mod stop;
mod terminal;
mod zeek_log;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;
use crate::flags::Flags;

fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            // Whoever closed the output does not want to read why.
            let _closed = error.print();
            return if error.use_stderr() {
                Failure::usage_code()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let done = logging::start(flags.log_level.as_deref()).and_then(|()| flags.command.run());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
