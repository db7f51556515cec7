//! Commands that work on rotated files.

use std::collections::VecDeque;
use std::io;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use zeekwire_types::limits::POST_PROCESSOR_COUNT_MAX;
use zeekwire_types::limits::POST_PROCESSOR_WAITING_COUNT_MAX;

use super::Rotated;
use crate::calendar::Zone;

/// The dates in the arguments, which Zeek does not let anyone change.
const DATE_FORMAT: &str = "%y-%m-%d_%H.%M.%S";

/// Runs `Log::default_rotation_postprocessor_cmd` on rotated files, in the background.
///
/// The command is one of the shell. Its arguments are those that Zeek gives: the file, the log's
/// path, the times of opening and closing as `%y-%m-%d_%H.%M.%S` in local time, 1 if the program
/// ends and 0 otherwise, and the writer, `ascii`. What it prints goes to where errors of this
/// program go.
#[derive(Debug)]
pub struct PostProcessors {
    command: String,
    environment: Vec<(String, String)>,
    zone: Zone,
    waiting: VecDeque<[String; 6]>,
    running: Vec<Child>,
    counts: PostProcessorCounts,
}

/// What became of the commands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PostProcessorCounts {
    /// Ended with status 0.
    pub succeeded: u64,
    /// Ended with another status, or by a signal.
    pub failed: u64,
    /// Could not be started, or too many others waited.
    pub not_started: u64,
    /// Working now.
    pub running: u64,
    /// Waiting for others to end.
    pub waiting: u64,
}

impl PostProcessors {
    /// Nothing is run when the command is empty.
    #[must_use]
    pub fn new(command: impl Into<String>, zone: Zone) -> Self {
        Self {
            command: command.into(),
            environment: Vec::new(),
            zone,
            waiting: VecDeque::new(),
            running: Vec::new(),
            counts: PostProcessorCounts::default(),
        }
    }

    /// An entry of `Log::default_rotation_postprocessor_cmd_env`: the command finds the value in
    /// `ZEEK_ARG_` and the name in upper case.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        let name = format!("ZEEK_ARG_{}", name.to_ascii_uppercase());
        self.environment.push((name, value.to_owned()));
    }

    /// Has the command work on a file, now or when others have ended. Does not wait.
    pub fn run(&mut self, rotated: &Rotated) {
        if self.command.is_empty() {
            return;
        }
        if self.waiting.len() == POST_PROCESSOR_WAITING_COUNT_MAX {
            self.counts.not_started += 1;
            return;
        }
        let time = |time| self.zone.format(DATE_FORMAT, time).unwrap_or_default();
        let arguments = [
            rotated.file.to_string_lossy().into_owned(),
            rotated.path.clone(),
            time(rotated.opened),
            time(rotated.closed),
            u8::from(rotated.terminating).to_string(),
            "ascii".to_owned(),
        ];
        self.waiting.push_back(arguments);
        self.poll();
    }

    /// Takes note of commands that have ended, and starts those that waited. To be called now and
    /// then; does not wait.
    pub fn poll(&mut self) -> PostProcessorCounts {
        let counts = &mut self.counts;
        self.running.retain_mut(|child| match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) if status.success() => {
                counts.succeeded += 1;
                false
            }
            Ok(Some(_)) | Err(_) => {
                counts.failed += 1;
                false
            }
        });
        while self.running.len() < POST_PROCESSOR_COUNT_MAX
            && let Some(arguments) = self.waiting.pop_front()
        {
            match self.start(&arguments) {
                Ok(child) => self.running.push(child),
                Err(_) => self.counts.not_started += 1,
            }
        }
        self.counts()
    }

    /// What became of the commands so far.
    #[must_use]
    pub fn counts(&self) -> PostProcessorCounts {
        PostProcessorCounts {
            running: self.running.len() as u64,
            waiting: self.waiting.len() as u64,
            ..self.counts
        }
    }

    /// Whether no command works or waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    fn start(&self, arguments: &[String]) -> io::Result<Child> {
        // As the last part of the script, the arguments go where Zeek puts them; unlike there, no
        // name of a file can be taken for anything else.
        let script = format!("exec 1>&2\n{} \"$@\"", self.command);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script, "sh"]).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).spawn()
    }
}
