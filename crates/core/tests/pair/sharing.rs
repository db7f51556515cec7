//! How classes share a busy link.

use std::time::Duration;

use zeekwire_core::session::{OutgoingLimits, SessionConfig};
use zeekwire_types::limits::FRAGMENT_BYTES_MAX;
use zeekwire_types::{DropPolicy, TrafficClass};

use crate::pipe::Shape;
use crate::rng::for_seeds;
use crate::world::{A, B, World};

const MIB: usize = 1 << 20;

/// A link over which `bytes_per_ms` pass, with as little in the kernel as possible.
fn busy(seed: u64, bytes_per_ms: u64) -> World {
    let session = SessionConfig {
        outgoing: OutgoingLimits {
            budget_bytes: [64 * MIB; 4],
            policy: DropPolicy::DropNewest,
        },
        ..SessionConfig::default()
    };
    let mut world = World::new(seed, session);
    world.shape = Shape {
        capacity: 20_000,
        bytes_per_ms,
        ..Shape::PERFECT
    };
    world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    world
}

#[test]
fn less_urgent_classes_keep_a_tenth_of_a_busy_link() {
    for_seeds(
        "less_urgent_classes_keep_a_tenth_of_a_busy_link",
        10,
        |seed| {
            let mut world = busy(seed, 20_000);
            let lens = [world.rng.size(50..=5_000), world.rng.size(50..=100_000)];
            let fill = |world: &mut World, class: TrafficClass, len: usize, bytes: usize| {
                (0..bytes / len).for_each(|_| drop(world.publish_turn(A, &[(class, "t", len)])));
            };
            fill(&mut world, TrafficClass::Log, lens[1], 3 * MIB);
            fill(&mut world, TrafficClass::Event, lens[0].max(500), 3 * MIB);
            fill(&mut world, TrafficClass::Store, 10_000, MIB);
            world.run(Duration::from_millis(150));
            let sent = |class| {
                world
                    .link(A, 0)
                    .expect("up")
                    .session
                    .outgoing
                    .sent_bytes(class)
            };
            let queued = |class| {
                world
                    .link(A, 0)
                    .expect("up")
                    .session
                    .outgoing
                    .queued_bytes(class)
            };
            let [store, events, logs] =
                [TrafficClass::Store, TrafficClass::Event, TrafficClass::Log].map(sent);
            assert!(
                queued(TrafficClass::Event) > MIB,
                "the link is busy all the time"
            );
            let all = store + events + logs;
            let slack = 3 * FRAGMENT_BYTES_MAX as u64;
            assert!(logs + slack >= all / 10, "{logs} of {all}");
            assert!(logs <= all / 5 + slack, "{logs} of {all}");
        },
    );
}

#[test]
fn an_urgent_message_waits_for_one_fragment_at_most() {
    for_seeds(
        "an_urgent_message_waits_for_one_fragment_at_most",
        40,
        |seed| {
            let mut world = busy(seed, 1_000);
            let len = world.rng.size(100..=1_000_000);
            for _ in 0..MIB / len + 2 {
                world.publish_turn(A, &[(TrafficClass::Log, "t", len)]);
            }
            let pause = world.rng.within(0..=100);
            world.run(Duration::from_millis(pause));
            let start = world.wires[0].pipes[A].written();
            world.publish(A, "urgent", 100);
            let arrived = |world: &World| {
                world.sides[B]
                    .delivered
                    .iter()
                    .any(|delivery| delivery.topic == "urgent")
            };
            assert!(world.run_until(Duration::from_secs(20), arrived));
            // What the kernel took meanwhile was written after it.
            let passed = world.wires[0].pipes[A].written() - start;
            let kernel = 20_000;
            let most = FRAGMENT_BYTES_MAX + 2 * kernel + 1_000;
            assert!(
                passed <= most as u64,
                "{passed} bytes went out until it was there"
            );
        },
    );
}

#[test]
fn heartbeats_and_credit_pass_a_saturated_link() {
    let mut world = busy(0, 100);
    for _ in 0..60 {
        world.publish_turn(
            A,
            &[
                (TrafficClass::Log, "t", 500_000),
                (TrafficClass::Event, "t", 9_000),
            ],
        );
    }
    world.run(Duration::from_secs(60));
    assert_eq!(
        (world.sides[A].end_of(0), world.sides[B].end_of(0)),
        (None, None)
    );
    let queued = world
        .link(A, 0)
        .expect("up")
        .session
        .outgoing
        .queued_bytes(TrafficClass::Log);
    assert!(queued > MIB, "it is saturated still");
}
