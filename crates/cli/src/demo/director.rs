//! The process that was started by hand: starts the others, watches, shows, and gives the verdict.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::children::{Process, describe};
use super::report::{Report, Snapshot};
use super::verdict::Verdict;
use super::view::View;
use super::wire::worker_name;
use super::{DemoFlags, rows};
use crate::failure::Failure;
use crate::stop::Stop;

/// How long everything but publishing may take: starting, linking, draining.
const SLACK: Duration = Duration::from_secs(8);
/// How often it looks after its processes.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long processes that are done may take to end.
const END_MAX: Duration = Duration::from_millis(1500);

/// Runs the command.
pub(crate) fn run(flags: &DemoFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?.on_closed_output();
    // What is wrong with the logs is better said once than by each worker.
    let rows = rows::load(flags.logs.as_deref())?;
    let mut view = View::new();
    let mut stage = Stage::open(flags)?;
    view.introduce(flags, &rows, &stage.endpoint, &stage.pids())?;
    drop(rows);
    let problems = stage.watch(&stop, &mut view)?;
    stage.end(&stop);
    let verdict = Verdict::new(&stage.last, problems);
    view.finish(&stage.last, &verdict)?;
    if verdict.is_good() {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

/// The processes, and what is known of them.
struct Stage {
    manager: Process,
    workers: Vec<Process>,
    reports: Receiver<Report>,
    endpoint: String,
    last: Snapshot,
    is_final: bool,
    deadline: Instant,
}

impl Stage {
    fn open(flags: &DemoFlags) -> Result<Self, Failure> {
        let args = [
            "demo-manager".to_owned(),
            "--workers".to_owned(),
            flags.workers.to_string(),
        ];
        let mut manager = Process::start("manager", &args, Stdio::piped())?;
        let output = manager.output();
        let reports = output.map_or_else(|| channel().1, read_reports);
        let Ok(Report::Listening(endpoint)) = reports.recv_timeout(SLACK) else {
            return Err(Failure::job("the manager did not start to listen"));
        };
        let workers = (0..flags.workers)
            .map(|index| {
                let args = worker_args(flags, index, &endpoint);
                Process::start(&worker_name(index), &args, Stdio::null())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let deadline = Instant::now() + flags.seconds.0 + SLACK;
        let (last, is_final) = (Snapshot::default(), false);
        Ok(Self {
            manager,
            workers,
            reports,
            endpoint,
            last,
            is_final,
            deadline,
        })
    }

    fn pids(&self) -> Vec<(String, u32)> {
        let all = std::iter::once(&self.manager).chain(&self.workers);
        all.map(|process| (process.name.clone(), process.pid()))
            .collect()
    }

    /// Shows what happens until the manager has its final counts. Returns what went wrong.
    fn watch(&mut self, stop: &Stop, view: &mut View) -> Result<Vec<String>, Failure> {
        let mut problems = Vec::new();
        while !self.is_final {
            match self.reports.recv_timeout(LOOK_EVERY) {
                Ok(Report::Progress(snapshot)) => {
                    self.last = snapshot;
                    view.progress(&self.last)?;
                }
                Ok(Report::Final(snapshot)) => {
                    self.last = snapshot;
                    self.is_final = true;
                }
                Ok(Report::Listening(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    problems.push("the manager ended before it had counted".to_owned());
                    break;
                }
            }
            self.look_after_workers(&mut problems, view)?;
            if stop.is_set() {
                problems.push("interrupted".to_owned());
                break;
            }
            if Instant::now() >= self.deadline {
                problems
                    .push("not done in time: a process hangs, or the machine is busy".to_owned());
                break;
            }
        }
        Ok(problems)
    }

    fn look_after_workers(
        &mut self,
        problems: &mut Vec<String>,
        view: &mut View,
    ) -> Result<(), Failure> {
        for (index, worker) in self.workers.iter_mut().enumerate() {
            if let Some(status) = worker.has_ended()
                && !status.success()
            {
                let problem = format!("{} {}", worker.name, describe(status));
                view.note(&problem)?;
                problems.push(problem);
                self.manager.tell(&format!("gone {index}"));
            }
        }
        Ok(())
    }

    /// Lets processes that are done end by themselves for a while; what is left is killed.
    fn end(&mut self, stop: &Stop) {
        let deadline = Instant::now() + END_MAX;
        while self.is_final && !stop.is_set() && Instant::now() < deadline {
            let all = self.workers.iter_mut().chain([&mut self.manager]);
            let mut running = 0;
            for process in all {
                process.has_ended();
                running += usize::from(process.is_running());
            }
            if running == 0 {
                break;
            }
            thread::sleep(LOOK_EVERY / 5);
        }
        self.workers.clear();
    }
}

fn worker_args(flags: &DemoFlags, index: u32, endpoint: &str) -> Vec<String> {
    let mut args: Vec<String> = vec!["demo-worker".into()];
    let mut flag = |name: &str, value: String| args.extend([name.to_owned(), value]);
    flag("--index", index.to_string());
    flag("--workers", flags.workers.to_string());
    flag("--connect", endpoint.to_owned());
    flag("--seconds", flags.seconds.to_string());
    flag("--rate", flags.rate.to_string());
    if let Some(logs) = flags.logs.as_deref().map(Path::to_string_lossy) {
        flag("--logs", logs.into_owned());
    }
    args
}

/// The manager's reports, as they come. The channel ends when the manager does.
fn read_reports(output: ChildStdout) -> Receiver<Report> {
    let (reports_in, reports) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let report = line.ok().and_then(|line| serde_json::from_str(&line).ok());
            let Some(report) = report else { return };
            if reports_in.send(report).is_err() {
                return;
            }
        }
    });
    reports
}
