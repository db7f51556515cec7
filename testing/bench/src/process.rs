//! Role processes: started here, spoken to by lines, measured by pid, and ended here.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::words::Words;

/// One process of a measurement. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    deadline: Instant,
}

impl Process {
    /// Starts `command`; whatever is expected of it must come before `deadline`.
    pub(crate) fn start(name: &str, command: &mut Command, deadline: Instant) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::from(error).at(&format!("starting {name}")))?;
        let input = child.stdin.take();
        let output = child.stdout.take();
        let (sender, lines) = mpsc::channel();
        if let Some(output) = output {
            thread::spawn(move || {
                for line in BufReader::new(output).lines() {
                    let Ok(line) = line else { break };
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self {
            name: name.to_owned(),
            child,
            input,
            lines,
            deadline,
        })
    }

    /// Waits for the line that starts with `verb`; it must be the next one.
    pub(crate) fn expect(&mut self, verb: &str) -> Result<Words> {
        let line = self
            .next_line()
            .map_err(|failure| failure.at(&format!("no {verb:?}")))?;
        if line.verb() == verb {
            return Ok(line);
        }
        Err(self.failure(&format!("said {line:?} instead of {verb:?}")))
    }

    /// Waits for a line.
    pub(crate) fn next_line(&mut self) -> Result<Words> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => Ok(Words::new(line)),
            Err(RecvTimeoutError::Timeout) => Err(self.failure("said nothing more in time")),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                Err(self.failure(&format!("ended with {status}")))
            }
        }
    }

    /// Sends a line to the process's standard input.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        writeln!(input, "{line}").map_err(|error| Failure::from(error).at(&self.name))
    }

    /// User and system time of all its threads so far, in steps of a clock tick (10 ms).
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let ticks = parse_cpu_ticks(&fs::read_to_string(path)?)
            .ok_or_else(|| self.failure("/proc/<pid>/stat is not as proc(5) says"))?;
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// Time that its threads ran so far, to the nanosecond, as the scheduler adds it up. Threads
    /// that ended meanwhile no longer count.
    pub(crate) fn run_time(&self) -> Result<Duration> {
        let mut ran = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end while they are listed.
            if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
                ran += parse_run_time(&text)
                    .ok_or_else(|| self.failure("schedstat is not as the kernel documents it"))?;
            }
        }
        // A kernel may be built without these numbers.
        if ran.is_zero() {
            return Err(self.failure("/proc/<pid>/task/<tid>/schedstat tells nothing"));
        }
        Ok(ran)
    }

    /// Its resident memory in KiB. Not the proportional set, which falls when others map the same
    /// program.
    pub(crate) fn memory_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        parse_kib(&fs::read_to_string(path)?, "Rss:")
            .ok_or_else(|| self.failure("/proc/<pid>/smaps_rollup has no Rss"))
    }

    /// Ends it at once, as a crash would. When this returns, its sockets are closed.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it as a debugger or an overloaded machine would.
    pub(crate) fn pause(&self) -> Result<()> {
        let pid = self.child.id().to_string();
        let script = "kill -STOP \"$1\"";
        let status = Command::new("sh")
            .args(["-c", script, "sh", &pid])
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failure("could not be stopped"))
        }
    }

    fn failure(&self, text: &str) -> Failure {
        Failure::new(format!("{} {text}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system ticks from `/proc/<pid>/stat`; the name in brackets may hold anything.
fn parse_cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}

/// Time that the calling thread ran so far, to the nanosecond.
pub(crate) fn thread_run_time() -> Result<Duration> {
    // The kernel adds up what a thread ran when it lets go of the processor.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    parse_run_time(&text).ok_or_else(|| Failure::new("schedstat is not as the kernel documents it"))
}

/// The first number of a `schedstat`: nanoseconds on a processor.
fn parse_run_time(schedstat: &str) -> Option<Duration> {
    let ran_ns = schedstat.split_whitespace().next()?;
    Some(Duration::from_nanos(ran_ns.parse().ok()?))
}

/// The number of KiB on the line of `/proc/<pid>/smaps_rollup` that starts with `key`.
fn parse_kib(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// `USER_HZ`, which the kernel fixes at 100 on every common architecture.
const TICKS_PER_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn cpu_ticks_survive_a_name_with_brackets_and_spaces() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 300 45 0 0 20 0 1 0 99";
        assert_eq!(parse_cpu_ticks(stat), Some(345));
        assert_eq!(parse_cpu_ticks("42 (short) S 1"), None);
    }

    #[test]
    fn run_time_is_the_first_number() {
        let ran = Duration::from_nanos(1_460_123_456);
        assert_eq!(parse_run_time("1460123456 58157 12\n"), Some(ran));
        assert_eq!(parse_run_time("\n"), None);
    }

    #[test]
    fn kib_are_read_from_their_own_line() {
        let text = "00400000-7ff rollup\nRss:   2000 kB\nPss:   1234 kB\nPss_Anon: 7 kB\n";
        assert_eq!(parse_kib(text, "Rss:"), Some(2000));
        assert_eq!(parse_kib(text, "Swap:"), None);
    }

    #[test]
    fn lines_go_both_ways() {
        let mut cat = Process::start("cat", &mut Command::new("cat"), soon()).unwrap();
        cat.tell("hello there=1").unwrap();
        assert_eq!(cat.expect("hello").unwrap().value::<u64>("there"), Ok(1));
        assert!(cat.memory_kib().unwrap() > 0);
        assert!(cat.run_time().unwrap() > Duration::ZERO);
    }

    #[test]
    fn end_before_the_expected_line_is_an_error() {
        let mut program = Process::start("true", &mut Command::new("true"), soon()).unwrap();
        let error = program.expect("ready").unwrap_err().to_string();
        assert!(error.contains("ended with"), "{error}");
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let deadline = Instant::now() + Duration::from_millis(20);
        let mut cat = Process::start("cat", &mut Command::new("cat"), deadline).unwrap();
        assert!(
            cat.expect("ready")
                .unwrap_err()
                .to_string()
                .contains("in time")
        );
    }
}
