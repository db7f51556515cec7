//! Processes of the demo: started, watched, killed, and ended on every way out.
//!
//! Each has a pipe from its parent as standard input, and ends when the pipe does, so that none is
//! left behind even where the parent is killed. Signals from the terminal go to the parent alone.

use std::io::{self, BufRead, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use crate::admin::Directory;
use crate::failure::Failure;

/// A process whose parent is gone has so long to end in order.
const END_MAX: Duration = Duration::from_secs(2);

/// A child process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) name: String,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts this program again, with other arguments.
    pub(super) fn start(name: &str, args: &[String]) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::job(format_args!("cannot start {name}: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
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

    /// Tells it that there will be no more lines, so that it ends in order.
    pub(super) fn let_go(&mut self) {
        self.child.stdin = None;
    }

    /// How it ended, if it did since the last call.
    pub(super) fn has_ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_some() {
            return None;
        }
        self.ended = self.child.try_wait().ok().flatten();
        if self.ended.is_some_and(|status| !status.success()) {
            self.remove_socket();
        }
        self.ended
    }

    pub(super) const fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// Kills it with SIGKILL, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        // Both fail only where it is gone already.
        let _gone = self.child.kill();
        self.ended = self.child.wait().ok();
        self.remove_socket();
    }

    /// A process that is killed leaves the socket behind at which `zeekwire status` asks it.
    fn remove_socket(&self) {
        let socket = format!("{}-{}.sock", self.name, self.pid());
        // It may not have come so far, or may have ended in order.
        let _absent = std::fs::remove_file(Directory::of_user().path().join(socket));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended().is_none() && self.is_running() {
            self.kill();
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

/// What the parent says, line by line, to one of its processes.
#[derive(Debug)]
pub(super) struct Parent {
    lines: Receiver<String>,
}

impl Parent {
    /// Listens. When the parent is gone, this process has a while to end in order, and ends.
    pub(super) fn listen() -> Self {
        let (line_in, lines) = channel();
        thread::spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                if line_in.send(line).is_err() {
                    break;
                }
            }
            drop(line_in);
            thread::sleep(END_MAX);
            std::process::exit(1);
        });
        Self { lines }
    }

    /// The next line, if there is one; an error when there will be none.
    pub(super) fn said(&self) -> Result<Option<String>, Gone> {
        match self.lines.try_recv() {
            Ok(line) => Ok(Some(line)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }
}

/// The parent is gone, or has nothing more to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone;
