//! What programs do in a plan: subscribe, publish, and change their minds.

use std::time::Duration;

use zeekwire_types::{Instant, TrafficClass};

use crate::plan::Plan;
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::step::{Consumer, Step};
use crate::topics::{self, TOPICS};

/// Adds random subscriptions and publications.
pub(crate) fn add(plan: &mut Plan, rng: &mut Rng) {
    let (start, end) = plan.busy;
    let count = plan.hosts.len();
    for host in 0..count {
        let at = plan.hosts[host].start_at + rng.millis(1..=500);
        for subscriber in 0..rng.within(0..=2) {
            subscribe(plan, rng, at, host, number(subscriber));
        }
    }
    let span = millis(end, start);
    let churn = if plan.scenario == Scenario::Control {
        200
    } else {
        count + 4
    };
    for _ in 0..rng.size(0..=churn) {
        let at = start + rng.millis(0..=span);
        let host = rng.size(0..=count - 1);
        let subscriber = number(rng.within(0..=3));
        if rng.one_in(3) {
            let filters = vec![topics::filter(rng), topics::filter(rng)];
            plan.add(vec![(
                at,
                Step::Unsubscribe {
                    host,
                    subscriber,
                    filters,
                },
            )]);
        } else {
            subscribe(plan, rng, at, host, subscriber);
        }
    }
    // Large clusters multiply what each publishes.
    let most = 6000 / (count + 10);
    for _ in 0..rng.size(most / 4..=most) {
        let at = start + rng.millis(0..=span);
        publish(plan, rng, at);
    }
    for host in 0..count {
        let at = plan.mended_at + rng.millis(1..=500);
        let any = (*rng.pick(&TOPICS), TrafficClass::Event);
        let (topic, class) = own_topic(plan.scenario, host).unwrap_or(any);
        let (len, count, rude) = (rng.size(0..=200), 2, false);
        plan.add(vec![(
            at,
            Step::Publish {
                host,
                class,
                topic,
                len,
                count,
                rude,
            },
        )]);
    }
}

fn publish(plan: &mut Plan, rng: &mut Rng, at: Instant) {
    let overload = plan.scenario.overloads();
    let host = rng.size(0..=plan.hosts.len() - 1);
    let class = match rng.within(0..=5) {
        0 => TrafficClass::Store,
        1 => TrafficClass::Log,
        _ => TrafficClass::Event,
    };
    let any = (*rng.pick(&TOPICS), class);
    let (topic, class) = own_topic(plan.scenario, host).unwrap_or(any);
    let len = length(rng, overload || plan.hosts.len() <= 6);
    let most = if overload { 20 } else { 6 };
    let count = u32::try_from(rng.within(1..=most)).unwrap_or(1);
    let rude = rng.one_in(8);
    plan.add(vec![(
        at,
        Step::Publish {
            host,
            class,
            topic,
            len,
            count,
            rude,
        },
    )]);
}

/// What a host publishes about, and in which class, where each has a topic of its own.
pub(crate) fn own_topic(scenario: Scenario, host: usize) -> Option<(&'static str, TrafficClass)> {
    let classes = [TrafficClass::Event, TrafficClass::Store, TrafficClass::Log];
    scenario
        .has_own_topics()
        .then(|| (TOPICS[host], classes[host % classes.len()]))
}

fn length(rng: &mut Rng, long: bool) -> usize {
    match rng.within(0..=39) {
        0 => 0,
        1..=25 => rng.size(1..=100),
        26..=36 => rng.size(100..=3_000),
        37..=38 => rng.size(30_000..=36_000),
        _ if long => rng.size(40_000..=150_000),
        _ => rng.size(33_000..=70_000),
    }
}

fn subscribe(plan: &mut Plan, rng: &mut Rng, at: Instant, host: usize, subscriber: u32) {
    let filters = (0..rng.within(1..=3))
        .map(|_| topics::filter(rng))
        .collect();
    plan.add(vec![(
        at,
        Step::Subscribe {
            host,
            subscriber,
            filters,
        },
    )]);
}

/// One publisher, many subscribers of which one is slow, and so much to do that it shows.
pub(crate) fn add_slow(plan: &mut Plan, rng: &mut Rng) {
    let (start, end) = plan.busy;
    let count = plan.hosts.len();
    for host in 0..count {
        let at = plan.hosts[host].start_at + Duration::from_millis(1);
        let filters = vec!["t".to_owned()];
        plan.add(vec![(
            at,
            Step::Subscribe {
                host,
                subscriber: 0,
                filters,
            },
        )]);
    }
    let slow = rng.size(1..=count - 1);
    let rate = *rng.pick(&[0, 1_000, 50_000]);
    // Who passes messages on keeps no credit back for its own consumers: others would suffer.
    let consumer = if plan.link_count(slow) == 1 {
        Consumer::Holding(rate)
    } else {
        Consumer::Dropping(rate, 256 * 1024)
    };
    plan.slow = Some(slow);
    plan.add(vec![(
        start,
        Step::Consume {
            host: slow,
            consumer,
        },
    )]);
    let rest = Step::Consume {
        host: slow,
        consumer: Consumer::Prompt,
    };
    plan.add(vec![(end, rest)]);
    let len = rng.size(5_000..=30_000);
    let bytes_per_ms = rng.within(500..=2_000);
    let every = Duration::from_micros(len as u64 * 1000 / bytes_per_ms);
    let mut at = start;
    while at < end {
        let (class, topic) = (TrafficClass::Event, "t");
        let step = Step::Publish {
            host: 0,
            class,
            topic,
            len,
            count: 1,
            rude: false,
        };
        plan.add(vec![(at, step)]);
        at = at + every;
    }
}

fn millis(later: Instant, earlier: Instant) -> u64 {
    u64::try_from(later.since(earlier).as_millis()).unwrap_or(0)
}

fn number(small: u64) -> u32 {
    u32::try_from(small).unwrap_or(0)
}
