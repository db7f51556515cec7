//! The process that was started by hand: starts the others, kills two of them half-way and starts
//! them again, watches, shows, and gives the verdict.

use std::time::{Duration, Instant};

use super::audit::Audit;
use super::stage::Stage;
use super::verdict::Verdict;
use super::view::View;
use super::{DemoFlags, rows, stars};
use crate::failure::Failure;
use crate::stop::Stop;

/// How long it may take until all nodes know each other, at first and after a restart.
const GATHER_MAX: Duration = Duration::from_secs(20);
/// How long the killed stay away, at most.
const AWAY_MAX: Duration = Duration::from_secs(1);
/// How long the restarted publish, at least, but no longer than a quarter of the run.
const SECOND_LIFE: Duration = Duration::from_secs(1);
/// The books are compared no sooner: reports of losses take a moment.
const SETTLE: Duration = Duration::from_millis(500);
/// Nothing more will arrive when nothing has for so long; and so long it may take altogether.
const QUIET: Duration = Duration::from_secs(3);
const SETTLE_MAX: Duration = Duration::from_secs(15);

/// Runs the command.
pub(crate) fn run(flags: &DemoFlags) -> Result<(), Failure> {
    let stop = Stop::on_signals()?.on_closed_output();
    // What is wrong with the logs is better said once than by each worker.
    let rows = rows::load(flags.logs.as_deref())?;
    let mut run = Run {
        flags,
        stop: &stop,
        stage: Stage::new(flags),
        view: View::new(flags),
        told: 0,
    };
    let directed = match run.direct(&rows) {
        // What the others published can be accounted for all the same.
        Err(Broken::Problem) if !stop.is_set() => run.wind_up(),
        directed => directed,
    };
    let accounts = run.stage.accounts();
    run.stage.end();
    if let Err(Broken::Failed(failure)) = directed {
        return Err(failure);
    }
    let problems = std::mem::take(&mut run.stage.problems);
    let verdict = Verdict::new(Audit::of(&accounts), problems);
    run.view.finish(&run.stage.lives, &verdict)?;
    if verdict.is_good() {
        Ok(())
    } else {
        Err(Failure::Told)
    }
}

/// One run.
struct Run<'a> {
    flags: &'a DemoFlags,
    stop: &'a Stop,
    stage: Stage,
    view: View,
    /// Problems that were told.
    told: usize,
}

/// Why a run does not go on as it should.
enum Broken {
    /// The stage has the problem: the verdict follows.
    Problem,
    /// There is nothing to judge.
    Failed(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Run<'_> {
    fn direct(&mut self, rows: &rows::Rows) -> Result<(), Broken> {
        self.stage.open(self.flags.workers, self.stop)?;
        self.view.introduce(rows, &self.stage)?;
        self.gather("the nodes did not all see each other in time")?;
        let seconds = self.flags.seconds.0;
        let started = Instant::now();
        self.view.start();
        self.stage.go();
        self.watch_until(started + seconds / 2)?;
        self.kill_and_restart(seconds)?;
        let second_life = Instant::now() + SECOND_LIFE.min(seconds / 4);
        self.watch_until(second_life.max(started + seconds))?;
        self.wind_up()
    }

    fn kill_and_restart(&mut self, seconds: Duration) -> Result<(), Broken> {
        let doomed = [stars::DOOMED_WORKER, stars::DOOMED_PROXY];
        let pids = doomed.map(|name| self.stage.kill(name));
        let told = doomed.map(str::to_owned);
        self.view.note(&format!(
            "killed {} (process {}) and {} (process {})",
            told[0], pids[0], told[1], pids[1]
        ))?;
        self.watch_until(Instant::now() + AWAY_MAX.min(seconds / 10))?;
        for name in doomed {
            let pid = self.stage.start(name)?;
            self.view
                .note(&format!("started {name} again (process {pid})"))?;
        }
        self.gather("the restarted nodes were not back in time")?;
        self.view.note("all nodes see each other again")?;
        self.stage.go();
        Ok(())
    }

    /// Waits until all nodes see each other.
    fn gather(&mut self, problem: &str) -> Result<(), Broken> {
        let deadline = Instant::now() + GATHER_MAX;
        while !self.stage.is_complete(self.flags.workers) {
            self.look()?;
            if Instant::now() >= deadline {
                return self.fail(problem);
            }
        }
        Ok(())
    }

    fn watch_until(&mut self, when: Instant) -> Result<(), Broken> {
        while Instant::now() < when {
            self.look()?;
        }
        Ok(())
    }

    /// Ends publishing, and waits until all that can arrive has, and the books agree.
    fn wind_up(&mut self) -> Result<(), Broken> {
        self.stage.stop_publishing();
        let began = Instant::now();
        let (mut heard_at, mut received) = (began, 0);
        loop {
            self.look()?;
            let now = Instant::now();
            let audit = Audit::of(&self.stage.accounts());
            if self.stage.has_stopped() && now >= began + SETTLE && audit.faults.is_empty() {
                return Ok(());
            }
            if audit.received > received {
                (heard_at, received) = (now, audit.received);
            }
            if now >= heard_at + QUIET || now >= began + SETTLE_MAX {
                if self.stage.has_stopped() {
                    return Ok(());
                }
                return self.fail("a worker did not stop: it hangs, or the machine is busy");
            }
        }
    }

    /// Watches for a moment.
    fn look(&mut self) -> Result<(), Broken> {
        self.stage.look();
        self.view.progress(&self.stage.lives)?;
        if self.stop.is_set() {
            return self.fail("interrupted");
        }
        let news = &self.stage.problems[self.told..];
        for problem in news {
            self.view.note(problem)?;
        }
        let told = self.told + news.len();
        if std::mem::replace(&mut self.told, told) < told {
            return Err(Broken::Problem);
        }
        Ok(())
    }

    fn fail(&mut self, problem: &str) -> Result<(), Broken> {
        self.stage.problems.push(problem.to_owned());
        Err(Broken::Problem)
    }
}
