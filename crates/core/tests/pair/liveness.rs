//! Who is silent is given up, and who is there is not.

use std::time::Duration;

use zeekwire_core::node::LinkEnd;
use zeekwire_core::session::SessionConfig;

use crate::pipe::Shape;
use crate::rng::for_seeds;
use crate::side::Told;
use crate::world::{A, B, World};

#[test]
fn heartbeats_keep_an_idle_link_for_an_hour() {
    for_seeds("heartbeats_keep_an_idle_link_for_an_hour", 4, |seed| {
        let mut world = World::new(seed, SessionConfig::default());
        world.shape = Shape::random(&mut world.rng);
        let wire = world.connect_ready();
        let before = [A, B].map(|side| world.wires[wire].pipes[side].written());
        world.run(Duration::from_secs(3600));
        for side in [A, B] {
            assert!(world.link(side, wire).is_some_and(|link| link.is_up()));
            let written = world.wires[wire].pipes[side].written() - before[side];
            // One of 48 bytes each two and five eighths to three seconds.
            assert!(
                (1_200 * 48..=1_372 * 48).contains(&written),
                "{written} bytes in an hour"
            );
        }
    });
}

#[test]
fn heartbeats_keep_a_link_between_a_slow_and_a_fast_talker() {
    let mut slow = SessionConfig::default();
    slow.liveness.heartbeat = Duration::from_secs(20);
    slow.liveness.silence_max = Duration::from_secs(45);
    let [fast, slow] = [SessionConfig::default(), slow];
    let sides = [("a", fast), ("b", slow)]
        .map(|(name, session)| crate::side::Side::new(crate::side::config(name, session)));
    let mut world = World::of(0, sides);
    let wire = world.connect_ready();
    world.run(Duration::from_secs(600));
    assert!(
        [A, B]
            .iter()
            .all(|side| world.link(*side, wire).is_some_and(|link| link.is_up()))
    );
}

#[test]
fn a_half_open_link_is_found_by_the_side_that_was_not_told() {
    for_seeds(
        "a_half_open_link_is_found_by_the_side_that_was_not_told",
        100,
        |seed| {
            let mut world = World::new(seed, SessionConfig::default());
            world.shape = Shape::random(&mut world.rng);
            let wire = world.connect_ready();
            let token = world.subscribe(B, &["*"]);
            world.complete(B, token);
            let busy = world.rng.one_in(2);
            let pause = world.rng.within(0..=3_000);
            world.run(Duration::from_millis(pause));
            world.cut(wire, &[B]);
            assert_eq!(world.sides[B].end_of(wire), Some(&LinkEnd::ConnectionLost));
            let silence_max = world.sides[A].node.config().session.liveness.silence_max;
            let tick = world.sides[A].node.tick_interval();
            let start = world.now;
            while world.sides[A].end_of(wire).is_none() && world.now.since(start) < silence_max * 2
            {
                if busy {
                    // What is written into a dead connection is no sign of life.
                    world.publish(A, "t", 1_000);
                }
                world.run(Duration::from_millis(50));
            }
            let found = world.sides[A].end_of(wire);
            assert!(matches!(found, Some(LinkEnd::Silent(_))), "{found:?}");
            let after = world.now.since(start);
            assert!(
                after <= silence_max + tick + Duration::from_millis(50),
                "{after:?}"
            );
        },
    );
}

#[test]
fn a_frozen_peer_is_given_up_and_comes_back_as_a_new_link() {
    for_seeds(
        "a_frozen_peer_is_given_up_and_comes_back_as_a_new_link",
        40,
        |seed| {
            let mut world = World::new(seed, SessionConfig::default());
            world.shape = Shape::random(&mut world.rng);
            let old = world.connect_ready();
            let token = world.subscribe(B, &["*"]);
            world.complete(B, token);
            world.freeze(B, Duration::from_secs(20));
            for _ in 0..100 {
                world.publish(A, "t", 2_000);
                world.run(Duration::from_millis(100));
            }
            assert!(matches!(
                world.sides[A].end_of(old),
                Some(LinkEnd::Silent(_))
            ));
            world.run(Duration::from_secs(15));
            // It reads what still arrived, and then the end.
            assert!(world.sides[B].end_of(old).is_some());
            let new = world.connect_ready();
            assert_ne!(old, new);
            let before = world.sides[A].sent.len();
            world.publish(A, "t", 2_000);
            world.settle();
            crate::check::all_arrived(&world, A, B, before);
        },
    );
}

#[test]
fn a_peer_frozen_for_less_than_the_limit_loses_nothing() {
    for_seeds(
        "a_peer_frozen_for_less_than_the_limit_loses_nothing",
        40,
        |seed| {
            let mut world = World::new(seed, SessionConfig::default());
            let wire = world.connect_ready();
            let token = world.subscribe(B, &["*"]);
            world.complete(B, token);
            world.freeze(B, Duration::from_millis(4_000));
            for _ in 0..40 {
                world.publish(A, "t", 20_000);
                world.run(Duration::from_millis(100));
            }
            world.settle();
            assert_eq!(world.sides[A].end_of(wire), None);
            crate::check::all_arrived(&world, A, B, 0);
        },
    );
}

#[test]
fn heartbeats_do_not_pile_up_behind_a_full_socket() {
    let mut world = World::new(0, SessionConfig::default());
    world.shape = Shape {
        capacity: 3_000,
        ..Shape::PERFECT
    };
    let wire = world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    // The other direction still talks, so nobody is given up: only this one is full.
    world.wires[wire].pipes[A].cut();
    world.publish_many(A, 10, 1_000);
    world.run(Duration::from_secs(4));
    let link = world
        .link(A, wire)
        .expect("the other side is not silent yet");
    let waiting = link
        .session
        .outgoing
        .queued_messages(zeekwire_types::TrafficClass::Control);
    assert!(waiting <= 1, "{waiting} heartbeats");
    assert!(
        !world.sides[A]
            .told
            .contains(&Told::Over(wire, LinkEnd::Overflow))
    );
}
