//! Processes of the demo: started, watched, and ended on every way out.
//!
//! Each has a pipe from its parent as standard input, and ends when the pipe does, so that none is
//! left behind even where the parent is killed. Signals from the terminal go to the parent alone.

use std::io::{self, BufRead, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use crate::failure::Failure;

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) name: String,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts this program again, with other arguments.
    pub(super) fn start(name: &str, args: &[String], output: Stdio) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::job(format_args!("cannot start {name}: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(output)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        Ok(Self {
            name: name.to_owned(),
            child,
            ended: None,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output, once.
    pub(super) const fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends it a line.
    pub(super) fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.child.stdin {
            // A process that has ended is noticed elsewhere.
            let _ended = writeln!(input, "{line}");
        }
    }

    /// How it ended, if it did since the last call.
    pub(super) fn has_ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_some() {
            return None;
        }
        self.ended = self.child.try_wait().ok().flatten();
        self.ended
    }

    pub(super) const fn is_running(&self) -> bool {
        self.ended.is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended().is_none() && self.is_running() {
            // Both fail only where it is gone already.
            let _gone = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}

/// How a process ended, in words.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(code)) => format!("ended with exit status {code}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Runs `each` for every line that the parent says, and ends the process when the parent is gone.
pub(super) fn watch_parent(mut each: impl FnMut(&str) + Send + 'static) {
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            match line {
                Ok(line) => each(&line),
                Err(_) => break,
            }
        }
        std::process::exit(1);
    });
}
