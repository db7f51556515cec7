//! Running the program: to its end, or in the background while lines of it are waited for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Nothing that a test waits for takes longer, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The path of the program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_zeekwire");

/// A place of a test's own: its files, and its nodes' admin sockets.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a finished process left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// An endpoint in this place.
    pub(crate) fn ipc(&self, name: &str) -> String {
        format!("ipc://{}", self.path().join(name).display())
    }

    /// A command that sees nothing of the person who runs the tests.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env("XDG_RUNTIME_DIR", self.path())
            .env("COLUMNS", "100")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.start(args).wait()
    }

    /// Starts the program in the background.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(PROGRAM);
        Running::spawn(command.args(args))
    }
}

impl Finished {
    /// Checks the exit code, and shows everything when it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    pub(crate) fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }
}

/// A process in the background. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// Lines of a stream, as they come.
struct Lines {
    arriving: Receiver<String>,
    seen: String,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (line_in, arriving) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if line_in.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            arriving,
            seen: String::new(),
        }
    }

    #[track_caller]
    fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.arriving.recv_timeout(left) {
                Ok(line) => {
                    writeln!(self.seen, "{line}").unwrap();
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(_) => panic!("no line with {part:?}; there were:\n{}", self.seen),
            }
        }
    }

    fn rest(&mut self) -> String {
        for line in &self.arriving {
            writeln!(self.seen, "{line}").unwrap();
        }
        std::mem::take(&mut self.seen)
    }
}

impl Running {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Waits for a line on standard output that holds `part`.
    #[track_caller]
    pub(crate) fn line(&mut self, part: &str) -> String {
        self.stdout.wait_for(part)
    }

    /// Waits for a line on standard error that holds `part`.
    #[track_caller]
    pub(crate) fn note(&mut self, part: &str) -> String {
        self.stderr.wait_for(part)
    }

    /// Waits until it listens, and returns where.
    #[track_caller]
    pub(crate) fn endpoint(&mut self) -> String {
        let line = self.note(" listens at ");
        line.split_once(" listens at ").unwrap().1.to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Finished {
        let status = self.wait_status();
        let (stdout, stderr) = (self.stdout.rest(), self.stderr.rest());
        Finished {
            code: status.code(),
            stdout,
            stderr,
        }
    }

    #[track_caller]
    fn wait_status(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the process does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -s {name} {pid}");
}

/// Whether a process is there.
pub(crate) fn is_running(pid: u32) -> bool {
    let asked = Command::new("kill")
        .args(["-0", &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    asked.unwrap().success()
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
