//! Questions, and subscriptions that groups share, in a plan.

use zeekwire_types::Instant;

use crate::driver::RESPONDERS;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::step::Step;
use crate::topics::{self, TOPICS};

/// The first subscriber that shares filters; each has one group.
const SHARERS: u32 = 50;
const GROUPS: [&str; 2] = ["g", "h"];

/// Some answer questions, and many ask.
pub(crate) fn add_surveys(plan: &mut Plan, rng: &mut Rng) {
    for (host, at) in takers(plan, rng) {
        for subscriber in RESPONDERS..=RESPONDERS + u32::from(rng.one_in(4)) {
            let filters = vec![topics::filter(rng), topics::filter(rng)];
            subscribe(plan, rng, at, (host, subscriber), filters);
        }
    }
    let (start, end) = plan.busy;
    let span = u64::try_from(end.since(start).as_millis()).unwrap_or(0);
    for _ in 0..rng.size(5..=60) {
        let late = rng.one_in(6);
        let at = if late {
            plan.mended_at + rng.millis(1..=900)
        } else {
            start + rng.millis(0..=span)
        };
        let host = rng.size(0..=plan.hosts.len() - 1);
        let topic = *rng.pick(&TOPICS);
        plan.add(vec![(at, Step::Ask { host, topic })]);
    }
}

/// Groups share what is published anyway.
pub(crate) fn add_shares(plan: &mut Plan, rng: &mut Rng) {
    for (host, at) in takers(plan, rng) {
        for (group, subscriber) in GROUPS.into_iter().zip(SHARERS..) {
            if !rng.one_in(3) {
                let filter = topics::filter(rng);
                let filters = vec![format!(".share/{group}/n{host}/{filter}")];
                subscribe(plan, rng, at, (host, subscriber), filters);
            }
        }
    }
}

/// Who takes part, and since when.
fn takers(plan: &Plan, rng: &mut Rng) -> Vec<(usize, Instant)> {
    let mut takers = Vec::new();
    for host in 0..plan.hosts.len() {
        if !rng.one_in(4) {
            takers.push((host, plan.hosts[host].start_at + rng.millis(1..=500)));
        }
    }
    takers
}

/// Subscribes, and once in a while unsubscribes later.
fn subscribe(
    plan: &mut Plan,
    rng: &mut Rng,
    at: Instant,
    (host, subscriber): (usize, u32),
    filters: Vec<String>,
) {
    let mut steps = Vec::new();
    if rng.one_in(4) {
        let filters = filters.clone();
        let unsubscribe = Step::Unsubscribe {
            host,
            subscriber,
            filters,
        };
        steps.push((at + rng.millis(1_000..=6_000), unsubscribe));
    }
    let subscribe = Step::Subscribe {
        host,
        subscriber,
        filters,
    };
    steps.push((at, subscribe));
    plan.add(steps);
}
