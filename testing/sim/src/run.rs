//! One run from a seed, and its verdict.

use std::time::Duration;

use zeekwire_types::Instant;

use crate::checks::{Breach, slow};
use crate::plan::Plan;
use crate::scenario::Scenario;
use crate::shrink;
use crate::step::{Consumer, Step};
use crate::world::World;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Lines of the trace that are kept: the last ones.
    pub lines: usize,
    /// Only these groups of steps.
    pub only: Option<Vec<usize>>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which plan it was, in one line.
    pub plan: String,
    /// Which claim was broken, and how.
    pub breach: Option<String>,
    check: Option<&'static str>,
    /// The last lines of the trace.
    pub lines: Vec<String>,
    /// A hash over the whole trace.
    pub hash: u64,
    /// How much time passed on the virtual clock.
    pub simulated: Duration,
    /// Messages published, and brought to subscribers.
    pub messages: (usize, usize),
}

/// A failing run with as few steps as were needed.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The groups of steps that are left.
    pub groups: Vec<usize>,
    /// How it went.
    pub report: Report,
}

/// What came of one run of a plan.
pub(crate) struct Outcome {
    pub(crate) breach: Option<Breach>,
    lines: Vec<String>,
    hash: u64,
    end: Instant,
    messages: (usize, usize),
    share: Option<slow::Share>,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, scenario: Scenario, options: &Options) -> Report {
    let plan = Plan::new(seed, scenario);
    let plan = match &options.only {
        Some(groups) => plan.only(groups),
        None => plan,
    };
    report(&plan, options.lines)
}

/// Leaves out of a failing seed whatever it fails without. `None` when it does not fail.
#[must_use]
pub fn shrink(seed: u64, scenario: Scenario, options: &Options) -> Option<Shrunk> {
    let plan = Plan::new(seed, scenario);
    let check = report(&plan, 0).check?;
    let groups = shrink::shrink(&plan, check);
    let report = report(&plan.only(&groups), options.lines);
    Some(Shrunk { groups, report })
}

fn report(plan: &Plan, lines: usize) -> Report {
    let outcome = once(plan, lines);
    Report {
        plan: format!(
            "{} on {} hosts, {:?}, {} steps",
            plan.scenario.name(),
            plan.hosts.len(),
            plan.topology,
            plan.steps.len()
        ),
        check: outcome.breach.as_ref().map(|breach| breach.check),
        breach: outcome.breach.map(|breach| breach.to_string()),
        lines: outcome.lines,
        hash: outcome.hash,
        simulated: outcome.end.since(Instant::ZERO),
        messages: outcome.messages,
    }
}

/// Runs a plan, and where that is called for, once more without its slow consumer.
pub(crate) fn once(plan: &Plan, lines: usize) -> Outcome {
    let mut outcome = single(plan, lines);
    if outcome.breach.is_none() && plan.slow.is_some() {
        let mut without = plan.clone();
        without.steps.retain(|planned| {
            let slows = |consumer: &Consumer| *consumer != Consumer::Prompt;
            !matches!(&planned.step, Step::Consume { consumer, .. } if slows(consumer))
        });
        let reference = single(&without, 0);
        let shares = reference.share.zip(outcome.share);
        outcome.breach = reference
            .breach
            .or_else(|| shares.and_then(|(without, with)| slow::check(without, with)));
    }
    outcome
}

fn single(plan: &Plan, lines: usize) -> Outcome {
    let mut world = World::new(plan, lines);
    world.run();
    let history = &world.history;
    let share = plan
        .slow
        .map(|slow| slow::share(history, slow, plan.busy.1));
    Outcome {
        lines: world.trace.lines(),
        hash: world.trace.hash(),
        end: world.now,
        messages: (history.sent.len(), history.delivered.len()),
        share,
        breach: world.breach,
    }
}
