//! The figures: what each compares, and in which order its runs are taken.

mod fanout;
mod formats;
mod idle;
mod log_batch;
mod log_format;
mod log_load;
mod pubsub;
mod relayed;
mod reroute;
mod round_trip;
mod routes;
mod slow_consumer;
mod stopped;
mod topics;
mod zeek;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::Group;
use crate::deployment::{Programs, System};
use crate::failure::{Failure, Result};
use crate::report::{Outcome, Row, Target};
use crate::stats::Samples;

/// What the harness was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    pub(crate) programs: Programs,
    /// Runs of each system per figure.
    pub(crate) runs: usize,
    /// The ids to measure; all that are not extras when empty.
    pub(crate) only: Vec<String>,
    /// Which figures, or the rivals in all of them.
    pub(crate) group: Group,
}

/// Measurements that share their runs.
pub(crate) struct Figure {
    /// What the progress line calls it.
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) ids: &'static [&'static str],
    /// Ids measured only when they are asked for by name.
    pub(crate) extras: &'static [&'static str],
    /// Whether a rival is part of it.
    pub(crate) rivals: bool,
    /// After this, what is missing has failed; for five runs, and for more in proportion.
    pub(crate) limit: Duration,
    pub(crate) measure: fn(&Bench, Instant) -> Vec<Row>,
}

/// All figures, in the order in which they are measured.
pub(crate) const FIGURES: &[Figure] = &[
    pubsub::FIGURE,
    fanout::FIGURE,
    round_trip::FIGURE,
    formats::FIGURE,
    stopped::FIGURE,
    idle::FIGURE,
    topics::FIGURE,
    log_load::FIGURE,
    relayed::FIGURE,
    slow_consumer::FIGURE,
    reroute::FIGURE,
    routes::FIGURE,
    log_batch::FIGURE,
    log_format::FIGURE,
    zeek::FIGURE,
];

impl Bench {
    /// Whether the figure with this id shall be measured.
    pub(crate) fn wants(&self, id: &str) -> bool {
        if self.only.is_empty() {
            !FIGURES.iter().any(|figure| figure.extras.contains(&id))
        } else {
            self.only.iter().any(|only| only == id)
        }
    }

    fn rivals_alone(&self) -> bool {
        self.group == Group::Rivals
    }

    /// Whether the figure belongs to what is measured.
    fn covers(&self, figure: &Figure) -> bool {
        match self.group {
            Group::Rivals => figure.rivals,
            group => figure.group == group,
        }
    }

    fn limit(&self, figure: &Figure) -> Duration {
        let runs = u32::try_from(self.runs.max(5)).unwrap_or(u32::MAX);
        figure.limit.saturating_mul(runs) / 5
    }

    /// Measures all figures that are wanted and hands over each row as it is ready.
    pub(crate) fn run(&self, mut show: impl FnMut(&Row) -> Result<()>) -> Result<()> {
        let covered = || FIGURES.iter().filter(|figure| self.covers(figure));
        let known = |id: &String| covered().any(|figure| figure.holds(id));
        if let Some(unknown) = self.only.iter().find(|id| !known(id)) {
            let ids: Vec<_> = covered().flat_map(Figure::all_ids).collect();
            let ids = ids.join(", ");
            return Err(Failure::new(format!(
                "no figure is called {unknown}; there are {ids}"
            )));
        }
        for figure in covered() {
            if !figure.all_ids().any(|id| self.wants(id)) {
                continue;
            }
            writeln!(io::stderr(), "measuring {} ...", figure.name)?;
            for row in (figure.measure)(self, Instant::now() + self.limit(figure)) {
                show(&row)?;
            }
        }
        Ok(())
    }
}

impl Figure {
    fn all_ids(&self) -> impl Iterator<Item = &'static str> {
        self.ids.iter().chain(self.extras).copied()
    }

    fn holds(&self, id: &str) -> bool {
        self.all_ids().any(|own| own == id)
    }
}

/// One quantity of one system beside the same quantity of another.
#[derive(Debug)]
struct Comparison<T> {
    id: &'static str,
    target: Target,
    unit: &'static str,
    ours: System,
    rival: System,
    quantity: fn(&T) -> f64,
}

/// What a run can tell beside its quantities.
trait Run {
    /// Messages that a subscriber should have received and did not.
    fn lost(&self) -> u64;
}

/// Takes `bench.runs` runs of every system that the wanted comparisons need, in turn, and makes a
/// row of each comparison.
fn compare<T: Run>(
    bench: &Bench,
    comparisons: &[Comparison<T>],
    mut run: impl FnMut(System) -> Result<T>,
) -> Vec<Row> {
    let wanted: Vec<_> = comparisons
        .iter()
        .filter(|each| bench.wants(each.id))
        .collect();
    let mut runs = Runs::new(bench, &wanted);
    for _ in 0..bench.runs {
        runs.take(&mut run);
    }
    if bench.rivals_alone() {
        return wanted
            .iter()
            .map(|comparison| runs.rival_row(bench, comparison))
            .collect();
    }
    wanted
        .iter()
        .map(|comparison| runs.row(bench, comparison))
        .collect()
}

/// The runs of each system so far; a system that failed once is not run again.
struct Runs<T>(Vec<(System, Result<Vec<T>>)>);

impl<T: Run> Runs<T> {
    fn new(bench: &Bench, wanted: &[&Comparison<T>]) -> Self {
        let mut systems: Vec<System> = Vec::new();
        for comparison in wanted {
            for system in [comparison.ours, comparison.rival] {
                let left_out = bench.rivals_alone() && system == comparison.ours;
                if !left_out && !systems.contains(&system) {
                    systems.push(system);
                }
            }
        }
        systems.retain(|system| system.missing(&bench.programs).is_none());
        Self(
            systems
                .into_iter()
                .map(|system| (system, Ok(Vec::new())))
                .collect(),
        )
    }

    fn take(&mut self, mut run: impl FnMut(System) -> Result<T>) {
        for (system, runs) in &mut self.0 {
            let Ok(so_far) = runs else { continue };
            match run(*system) {
                Ok(result) => so_far.push(result),
                Err(failure) => *runs = Err(failure.at(system.name())),
            }
        }
    }

    fn of(&self, system: System) -> Result<&[T]> {
        let (_, runs) = self
            .0
            .iter()
            .find(|(each, _)| *each == system)
            .ok_or_else(|| Failure::new(format!("{} was not run", system.name())))?;
        runs.as_deref().map_err(Clone::clone)
    }

    fn row(&self, bench: &Bench, comparison: &Comparison<T>) -> Row {
        let outcome = if let Some(why) = comparison.rival.missing(&bench.programs) {
            Outcome::Skipped(why.to_owned())
        } else {
            self.outcome(comparison).unwrap_or_else(Outcome::Failed)
        };
        let Comparison {
            id, target, unit, ..
        } = *comparison;
        Row {
            id: id.to_owned(),
            target,
            unit,
            outcome,
        }
    }

    fn outcome(&self, comparison: &Comparison<T>) -> Result<Outcome> {
        let (ours, rival) = (self.of(comparison.ours)?, self.of(comparison.rival)?);
        let samples = |runs: &[T]| runs.iter().map(comparison.quantity).collect::<Samples>();
        let mut note = format!("{} runs", ours.len());
        for (name, runs) in [("ours", ours), (comparison.rival.name(), rival)] {
            note += &loss_note(name, runs);
        }
        Ok(Outcome::ratio(&samples(ours), &samples(rival), note))
    }

    fn rival_row(&self, bench: &Bench, comparison: &Comparison<T>) -> Row {
        let rival = comparison.rival;
        let outcome = match (rival.missing(&bench.programs), self.of(rival)) {
            (Some(why), _) => Outcome::Skipped(why.to_owned()),
            (None, Err(failure)) => Outcome::Failed(failure),
            (None, Ok(runs)) => {
                let samples: Samples = runs.iter().map(comparison.quantity).collect();
                let note = format!("{} runs{}", samples.count(), loss_note(rival.name(), runs));
                Outcome::rival(&samples, note)
            }
        };
        let (target, unit) = (Target::None, comparison.unit);
        Row {
            id: comparison.id.to_owned(),
            target,
            unit,
            outcome,
        }
    }
}

/// Measures two conditions in turn, and makes the ratio of the first to the second.
fn paired(
    runs: usize,
    mut first: impl FnMut() -> Result<f64>,
    mut second: impl FnMut() -> Result<f64>,
) -> Outcome {
    let mut both = || -> Result<(Samples, Samples)> {
        let pairs: Vec<_> = (0..runs)
            .map(|_| Ok((first()?, second()?)))
            .collect::<Result<_>>()?;
        Ok(pairs.into_iter().unzip())
    };
    match both() {
        Ok((first, second)) => Outcome::ratio(&first, &second, format!("{runs} runs")),
        Err(failure) => Outcome::Failed(failure),
    }
}

/// What the reader of a rate must know about messages that never arrived.
fn loss_note<T: Run>(name: &str, runs: &[T]) -> String {
    match runs.iter().map(Run::lost).sum::<u64>() {
        0 => String::new(),
        lost => format!(", {name} lost {lost} messages"),
    }
}

#[cfg(test)]
mod tests;
