//! The processes of a run, all their lives, and what each has reported.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ChildStdout;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::DemoFlags;
use super::audit::{Account, Fate};
use super::children::{Process, describe};
use super::report::{Books, Report};
use super::stars;
use crate::failure::Failure;
use crate::stop::Stop;

/// How long a node may take to listen.
const LISTEN_MAX: Duration = Duration::from_secs(15);
/// How often it looks after its processes.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long processes that were let go may take to end.
const END_MAX: Duration = Duration::from_secs(3);

/// One life of one node.
#[derive(Debug)]
pub(super) struct Life {
    process: Process,
    /// Which life of the name, from 1.
    pub(super) number: u32,
    pub(super) fate: Fate,
    pub(super) books: Books,
    /// Its reports have ended.
    is_mute: bool,
    /// It was told to publish.
    is_going: bool,
}

/// A report of one life, or the end of its reports.
type News = (usize, Option<Report>);

/// The processes of a run.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) lives: Vec<Life>,
    pub(super) problems: Vec<String>,
    endpoints: Vec<(String, String)>,
    news_in: Sender<News>,
    news: Receiver<News>,
    /// The arguments that all workers have in common.
    worker_args: Vec<String>,
}

impl Life {
    pub(super) fn name(&self) -> &str {
        &self.process.name
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }
}

impl Stage {
    /// Nobody is there yet.
    pub(super) fn new(flags: &DemoFlags) -> Self {
        let (news_in, news) = channel();
        let mut worker_args = Vec::new();
        let mut flag = |name: &str, value: String| worker_args.extend([name.to_owned(), value]);
        flag("--workers", flags.workers.to_string());
        flag("--rate", flags.rate.to_string());
        if let Some(logs) = flags.logs.as_deref().map(Path::to_string_lossy) {
            flag("--logs", logs.into_owned());
        }
        Self {
            lives: Vec::new(),
            problems: Vec::new(),
            endpoints: Vec::new(),
            news_in,
            news,
            worker_args,
        }
    }

    /// Starts all nodes, and waits until the rendezvous nodes listen.
    pub(super) fn open(&mut self, workers: u32, stop: &Stop) -> Result<(), Failure> {
        for name in stars::names(workers) {
            self.start(&name)?;
            if !matches!(&*name, stars::MANAGER | stars::HUB_PROXY) {
                continue;
            }
            let deadline = Instant::now() + LISTEN_MAX;
            while self.endpoint(&name).is_none() {
                self.look();
                if stop.is_set() {
                    return Ok(());
                }
                if !self.problems.is_empty() || Instant::now() >= deadline {
                    return Err(Failure::job(format_args!("{name} did not start to listen")));
                }
            }
        }
        Ok(())
    }

    /// Where a rendezvous node listens.
    pub(super) fn endpoint(&self, name: &str) -> Option<&str> {
        let known = self.endpoints.iter().find(|(known, _)| known == name);
        known.map(|(_, endpoint)| endpoint.as_str())
    }

    /// Starts the first or next life of a node. Returns the process id.
    pub(super) fn start(&mut self, name: &str) -> Result<u32, Failure> {
        let mut args: Vec<String> = vec!["--name".into(), name.to_owned()];
        if let Some(endpoint) = stars::rendezvous_of(name).and_then(|hub| self.endpoint(hub)) {
            args.extend(["--connect".into(), endpoint.to_owned()]);
        }
        if stars::is_worker(name) {
            let index = name.rsplit('-').next().and_then(|n| n.parse::<u32>().ok());
            let index = index.unwrap_or(1).saturating_sub(1).to_string();
            args.extend(["--index".into(), index]);
            args.extend_from_slice(&self.worker_args);
            args.insert(0, "demo-worker".into());
        } else {
            args.insert(0, "demo-receiver".into());
        }
        let mut process = Process::start(name, &args)?;
        let earlier = self.lives.iter().filter(|life| life.name() == name).count();
        if let Some(output) = process.output() {
            read_reports(output, self.lives.len(), self.news_in.clone());
        }
        let pid = process.pid();
        self.lives.push(Life {
            process,
            number: u32::try_from(earlier + 1).unwrap_or(u32::MAX),
            fate: Fate::Living,
            books: Books::default(),
            is_mute: false,
            is_going: false,
        });
        Ok(pid)
    }

    /// Kills the current life of a node, and hears its last reports. Returns the process id.
    pub(super) fn kill(&mut self, name: &str) -> u32 {
        let Some(at) = self.lives.iter().rposition(|life| life.name() == name) else {
            return 0;
        };
        self.look_after_processes();
        self.lives[at].process.kill();
        self.lives[at].fate = Fate::Killed;
        let deadline = Instant::now() + LISTEN_MAX;
        while !self.lives[at].is_mute && Instant::now() < deadline {
            self.hear(LOOK_EVERY);
        }
        self.lives[at].pid()
    }

    /// Takes reports as they come, for a while, and looks whether processes have ended.
    pub(super) fn look(&mut self) {
        let until = Instant::now() + LOOK_EVERY;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.hear(left);
        }
        self.look_after_processes();
    }

    fn hear(&mut self, patience: Duration) {
        match self.news.recv_timeout(patience) {
            Ok((at, Some(Report::Books(books)))) => self.lives[at].books = *books,
            Ok((at, Some(Report::Listening(endpoint)))) => {
                let name = self.lives[at].name().to_owned();
                self.endpoints.push((name, endpoint));
            }
            Ok((at, None)) => self.lives[at].is_mute = true,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }

    fn look_after_processes(&mut self) {
        for life in &mut self.lives {
            if let Some(status) = life.process.has_ended() {
                life.fate = Fate::Killed;
                let name = life.process.name.clone();
                self.problems.push(format!("{name} {}", describe(status)));
            }
        }
    }

    /// Whether every living node sees all others, and all that are needed live.
    pub(super) fn is_complete(&self, workers: u32) -> bool {
        let names = stars::names(workers);
        let mut living = self.lives.iter().filter(|life| life.fate == Fate::Living);
        let count = living.clone().count();
        count == names.len() && living.all(|life| life.books.members + 1 == count)
    }

    /// Lets workers publish that do not yet.
    pub(super) fn go(&mut self) {
        for life in &mut self.lives {
            if life.fate == Fate::Living && stars::is_worker(&life.process.name) && !life.is_going {
                life.is_going = true;
                life.process.tell("go");
            }
        }
    }

    /// Lets workers publish no more.
    pub(super) fn stop_publishing(&mut self) {
        self.lives
            .iter_mut()
            .for_each(|life| life.process.tell("stop"));
    }

    /// Whether all who live have said that they publish no more.
    pub(super) fn has_stopped(&self) -> bool {
        let mut living = self.lives.iter().filter(|life| life.fate == Fate::Living);
        living.all(|life| life.books.stopped)
    }

    /// The books of all lives.
    pub(super) fn accounts(&self) -> Vec<Account> {
        let accounts = self.lives.iter().map(|life| Account {
            name: life.name().to_owned(),
            fate: life.fate,
            books: life.books.clone(),
        });
        accounts.collect()
    }

    /// Lets all processes end in order; what is left after a while is killed.
    pub(super) fn end(&mut self) {
        for life in &mut self.lives {
            life.process.let_go();
        }
        let deadline = Instant::now() + END_MAX;
        while Instant::now() < deadline {
            let mut running = 0;
            for life in &mut self.lives {
                life.process.has_ended();
                running += usize::from(life.process.is_running());
            }
            if running == 0 {
                return;
            }
            // Their last reports are read, so that none waits for room in its pipe.
            self.hear(LOOK_EVERY / 5);
        }
        for life in &mut self.lives {
            if life.process.is_running() {
                life.process.kill();
            }
        }
    }
}

/// Passes on the reports of one life as they come, and that there are no more.
fn read_reports(output: ChildStdout, at: usize, news: Sender<News>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Ok(report) = serde_json::from_str(&line)
                && news.send((at, Some(report))).is_err()
            {
                return;
            }
        }
        // Nobody listens any more where the demo is over.
        let _over = news.send((at, None));
    });
}
