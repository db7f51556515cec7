//! `zeekwire generate`: shell completions and man pages, made from the flags.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory, Subcommand};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::flags::Flags;
use crate::output::{self, Output};

/// Print shell completions, or write man pages
#[derive(Args, Debug)]
pub(crate) struct GenerateFlags {
    #[command(subcommand)]
    command: GenerateCommand,
}

#[derive(Debug, Subcommand)]
enum GenerateCommand {
    /// Print completions for a shell, such as: zeekwire generate completions bash
    /// >~/.local/share/bash-completion/completions/zeekwire
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write man pages for the program and each command
    Man {
        /// The directory to write them to; made if missing
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(flags: &GenerateFlags) -> Result<(), Failure> {
    let mut command = shown();
    match &flags.command {
        GenerateCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, "zeekwire", &mut script);
            let mut output = Output::new();
            output.bytes(&script)?;
            output.flush()
        }
        GenerateCommand::Man { directory } => {
            let shown = directory.display();
            if directory.exists() && !directory.is_dir() {
                return Err(Failure::usage(format_args!("{shown} is not a directory")));
            }
            std::fs::create_dir_all(directory)
                .map_err(|error| Failure::job(format_args!("cannot make {shown}: {error}")))?;
            clap_mangen::generate_to(command, directory)
                .map_err(|error| Failure::job(format_args!("cannot write to {shown}: {error}")))?;
            output::print(format_args!("man pages are in {}", directory.display()))
        }
    }
}

/// The program's flags without commands that are not for people.
fn shown() -> Command {
    let all = Flags::command();
    let commands = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    Command::new("zeekwire")
        .version(env!("CARGO_PKG_VERSION"))
        .about(all.get_about().cloned().unwrap_or_default())
        .long_about(all.get_long_about().cloned().unwrap_or_default())
        .after_help(all.get_after_help().cloned().unwrap_or_default())
        .subcommand_required(true)
        .args(all.get_arguments())
        .subcommands(commands.cloned())
}
