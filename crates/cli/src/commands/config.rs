//! `zeekwire config`: checks configuration files, and prints one to start from.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::{EXAMPLE, NodeConfig};
use crate::failure::Failure;
use crate::output::{self, Output};

/// Check a configuration file, or print one to start from
#[derive(Args, Debug)]
pub(crate) struct ConfigFlags {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Tell whether `zeekwire node --config FILE` would take a file, and if not, where it is wrong
    Check {
        /// The file, in TOML
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print an annotated file whose values are the defaults
    Example,
}

/// Runs the command.
pub(crate) fn run(flags: &ConfigFlags) -> Result<(), Failure> {
    match &flags.command {
        ConfigCommand::Check { file } => {
            // The file is what is checked, not what was typed: a bad one is a job that failed.
            NodeConfig::load(file).map_err(|failure| match failure {
                Failure::Usage(text) => Failure::Job(text),
                other => other,
            })?;
            output::print(format_args!("{}: good", file.display()))
        }
        ConfigCommand::Example => {
            let mut output = Output::new();
            output.bytes(EXAMPLE.as_bytes())?;
            output.flush()
        }
    }
}
