//! Standard output that may be closed by its reader, and notes on standard error.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

use crate::failure::Failure;

/// Standard output, written in large pieces.
///
/// When its reader has gone, writing returns [`Failure::OutputClosed`], with which a command ends
/// quietly.
#[derive(Debug)]
pub(crate) struct Output {
    writer: BufWriter<io::Stdout>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            writer: BufWriter::with_capacity(64 * 1024, io::stdout()),
        }
    }

    /// Whether a person reads along.
    pub(crate) fn is_terminal() -> bool {
        io::stdout().is_terminal()
    }

    /// Writes one line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        writeln!(self.writer, "{line}").map_err(|error| Failure::output(&error))
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.writer
            .write_all(bytes)
            .map_err(|error| Failure::output(&error))
    }

    /// Hands over what was written so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|error| Failure::output(&error))
    }
}

/// Writes one line to standard output, at once.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    let mut output = Output::new();
    output.line(text)?;
    output.flush()
}

/// Tells something on standard error that is not the command's result.
pub(crate) fn note(text: impl Display) {
    // Nobody can be told that standard error is closed.
    let _closed = writeln!(io::stderr(), "{text}");
}

/// Tells on standard error what went wrong.
pub(crate) fn complain(text: impl Display) {
    note(format_args!("error: {text}"));
}
