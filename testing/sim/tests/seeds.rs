//! A few seeds of each scenario; `testing/run sim` runs many more.

use zeekwire_sim::Scenario;
use zeekwire_sim::run::{Options, run, shrink};

fn options() -> Options {
    Options {
        lines: 40,
        only: None,
    }
}

#[test]
fn what_must_hold_holds_in_every_scenario() {
    for (name, scenario) in Scenario::NAMES {
        // Those take long without optimisation.
        let count = if scenario == Scenario::Large { 0 } else { 2 };
        for seed in 0..count {
            let report = run(seed, scenario, &options());
            let lines = report.lines.join("\n");
            let breach = report.breach;
            assert_eq!(breach, None, "{lines}\nsim --seed {seed} --scenario {name}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..4 {
        let [one, other] = [0, usize::MAX].map(|lines| {
            let only = None;
            run(seed, Scenario::Any, &Options { lines, only })
        });
        assert_eq!((one.hash, one.messages), (other.hash, other.messages));
        assert_ne!(one.hash, run(seed + 100, Scenario::Any, &options()).hash);
        assert!(one.messages.1 > 0, "something is delivered");
    }
}

#[test]
fn nothing_is_left_of_a_seed_that_passes() {
    assert!(shrink(0, Scenario::Calm, &options()).is_none());
}
