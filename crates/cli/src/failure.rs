//! How a command fails: what is said, and the exit code.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

use zeekwire::{SetupError, SetupErrorKind};

use crate::output;

/// Why a command did not do its job.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed cannot be done; exit code 2.
    Usage(String),
    /// The job failed; exit code 1.
    Job(String),
    /// The job failed and has said so itself; exit code 1.
    Told,
    /// Whoever read the output has gone: nothing is left to do, and nobody to tell.
    OutputClosed,
}

impl Failure {
    /// The exit code for what cannot be done.
    pub(crate) fn usage_code() -> ExitCode {
        ExitCode::from(2)
    }

    pub(crate) fn usage(text: impl Display) -> Self {
        Self::Usage(text.to_string())
    }

    pub(crate) fn job(text: impl Display) -> Self {
        Self::Job(text.to_string())
    }

    /// A failure to write to standard output.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Job(format!("cannot write to standard output: {}", why(error))),
        }
    }

    /// Says what went wrong on standard error, and returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Usage(text) => {
                output::complain(format_args!(
                    "{text}\n\nFor more information, try '--help'."
                ));
                Self::usage_code()
            }
            Self::Job(text) => {
                output::complain(text);
                ExitCode::FAILURE
            }
            Self::Told => ExitCode::FAILURE,
            Self::OutputClosed => ExitCode::SUCCESS,
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        match error.kind() {
            SetupErrorKind::Invalid | SetupErrorKind::Endpoint => Self::Usage(error.to_string()),
            SetupErrorKind::NotLocal => Self::Usage(
                error
                    .to_string()
                    .replace("`insecure_remote`", "--insecure-remote"),
            ),
            _ => Self::Job(error.to_string()),
        }
    }
}

/// What the system says, without its number.
pub(crate) fn why(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}
