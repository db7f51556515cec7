//! What must hold of every run, and traffic to hold it against.

use std::collections::BTreeMap;
use std::time::Duration;

use zeekwire_types::TrafficClass;

use crate::rng::Rng;
use crate::side::Consumer;
use crate::world::World;

/// Every delivery is of a message that was sent, whole, once, and in its publisher's order.
#[track_caller]
pub(crate) fn at_most_once_in_order(world: &World, from: usize, to: usize) {
    let name = world.sides[from].node.id().name.to_string();
    let sent: BTreeMap<_, _> = world.sides[from]
        .sent
        .iter()
        .map(|sent| ((sent.class, sent.sequence), sent))
        .collect();
    let mut highest: BTreeMap<TrafficClass, u64> = BTreeMap::new();
    for delivery in world.sides[to]
        .delivered
        .iter()
        .filter(|one| one.publisher == name)
    {
        let sent = sent
            .get(&(delivery.class, delivery.sequence))
            .expect("it was sent");
        assert_eq!(
            (&sent.topic, sent.len),
            (&delivery.topic, delivery.len),
            "{delivery:?}"
        );
        assert!(
            delivery.intact,
            "the payload is what was sent: {delivery:?}"
        );
        let before = highest.insert(delivery.class, delivery.sequence);
        assert!(
            before.is_none_or(|before| before < delivery.sequence),
            "in order: {delivery:?}"
        );
    }
}

/// As above, and nothing of what came after the first `after` messages is missing.
#[track_caller]
pub(crate) fn all_arrived(world: &World, from: usize, to: usize, after: usize) {
    at_most_once_in_order(world, from, to);
    for class in TrafficClass::ALL {
        let sent = world.sides[from].sent[after..]
            .iter()
            .filter(|sent| sent.class == class);
        let sent: Vec<u64> = sent.map(|sent| sent.sequence).collect();
        let delivered = world.sides[to].sequences(class);
        let missing = sent
            .iter()
            .find(|sequence| delivered.binary_search(sequence).is_err());
        assert_eq!(missing, None, "of class {class}");
    }
}

pub(crate) fn random_len(rng: &mut Rng) -> usize {
    match rng.within(0..=19) {
        0 => 0,
        1..=9 => rng.size(1..=100),
        10..=15 => rng.size(100..=5_000),
        16..=17 => rng.size(30_000..=36_000),
        _ => rng.size(40_000..=150_000),
    }
}

pub(crate) fn random_class(rng: &mut Rng) -> TrafficClass {
    match rng.within(0..=5) {
        0 => TrafficClass::Store,
        1 => TrafficClass::Log,
        _ => TrafficClass::Event,
    }
}

pub(crate) fn random_consumer(rng: &mut Rng) -> Consumer {
    match rng.within(0..=2) {
        0 => Consumer::Late(Duration::from_micros(rng.within(0..=50_000))),
        _ => Consumer::Prompt,
    }
}

pub(crate) const TOPICS: [&str; 5] = ["zeek/a", "zeek/b", "zeek/cluster/worker", "t", "other/x"];

/// Publishes messages in turns of some, and waits when told to, until `count` are out.
pub(crate) fn publish_with_manners(world: &mut World, side: usize, count: usize) {
    let mut left = count;
    while left > 0 {
        let turn = world.rng.size(1..=left.min(8));
        left -= turn;
        let messages: Vec<_> = (0..turn)
            .map(|_| {
                let rng = &mut world.rng;
                (random_class(rng), *rng.pick(&TOPICS), random_len(rng))
            })
            .collect();
        let fates = world.publish_while(side, &messages, |published| !published.hold);
        if fates.iter().any(|published| published.hold) {
            let now = world.now;
            let freed = world.run_until(Duration::from_secs(60), |world| {
                world.now > now
                    && world.sides[side]
                        .node
                        .links()
                        .all(|link| !link.is_congested())
            });
            assert!(freed, "who waits may go on some day");
        } else {
            let pause = Duration::from_micros(world.rng.within(0..=3_000));
            world.run(pause);
        }
    }
}
