//! What is published arrives: whole, once, in order, and only where it is wanted.

use std::time::Duration;

use zeekwire_core::node::Scope;
use zeekwire_core::session::{IncomingLimits, OutgoingLimits, SessionConfig};
use zeekwire_core::wire::Reason;
use zeekwire_types::{DropPolicy, TrafficClass};

use crate::check::{
    TOPICS, all_arrived, at_most_once_in_order, publish_with_manners, random_consumer,
};
use crate::pipe::Shape;
use crate::rng::{Rng, for_seeds};
use crate::world::{A, B, World};

const KIB: usize = 1024;

/// Small queues and windows, so that little traffic fills them.
fn tight(rng: &mut Rng) -> SessionConfig {
    let budget = *rng.pick(&[70 * KIB, 400 * KIB, 8 * 1024 * KIB]);
    let window = *rng.pick(&[1_u64, 65_536, 300_000, 2_000_000]);
    SessionConfig {
        outgoing: OutgoingLimits {
            // Only events make their origin wait; what has no policy has room here.
            budget_bytes: [1 << 20, 1 << 26, budget, 1 << 26],
            policy: DropPolicy::Block,
        },
        incoming: IncomingLimits {
            window_bytes: [0, window, window, window],
            ..Default::default()
        },
        ..SessionConfig::default()
    }
}

#[test]
fn who_waits_when_told_loses_nothing_on_any_link() {
    for_seeds(
        "who_waits_when_told_loses_nothing_on_any_link",
        120,
        |seed| {
            let mut rng = Rng::new(seed ^ 0xabc);
            let mut world = World::new(seed, tight(&mut rng));
            world.shape = Shape::random(&mut rng);
            world.sides[B].consumer = random_consumer(&mut rng);
            world.connect_ready();
            let token = world.subscribe(B, &["*"]);
            world.complete(B, token);
            publish_with_manners(&mut world, A, 60);
            world.settle();
            all_arrived(&world, A, B, 0);
            assert_eq!(world.sides[B].node.repeated(), 0);
            let budget = world.sides[A].node.config().session.outgoing.budget_bytes[2];
            // A turn of eight messages may come on top of half a budget.
            let turn = 8 * 160 * KIB;
            assert!(world.sides[A].peak_queued <= budget.max(budget / 2 + turn));
        },
    );
}

#[test]
fn both_directions_at_once_keep_their_order() {
    for_seeds("both_directions_at_once_keep_their_order", 60, |seed| {
        let mut rng = Rng::new(seed ^ 0xdef);
        let mut world = World::new(seed, tight(&mut rng));
        world.shape = Shape::random(&mut rng);
        world.connect_ready();
        for side in [A, B] {
            world.sides[side].consumer = random_consumer(&mut rng);
            let token = world.subscribe(side, &["zeek/*", "t"]);
            world.complete(side, token);
        }
        for _ in 0..10 {
            publish_with_manners(&mut world, A, 3);
            publish_with_manners(&mut world, B, 3);
        }
        world.settle();
        at_most_once_in_order(&world, A, B);
        at_most_once_in_order(&world, B, A);
        for (from, to) in [(A, B), (B, A)] {
            let wanted = |topic: &str| topic.starts_with("zeek/") || topic == "t";
            let sent = world.sides[from]
                .sent
                .iter()
                .filter(|sent| wanted(&sent.topic))
                .count();
            assert_eq!(world.sides[to].delivered.len(), sent);
        }
    });
}

#[test]
fn messages_of_megabytes_pass_among_small_ones() {
    for_seeds("messages_of_megabytes_pass_among_small_ones", 6, |seed| {
        let mut session = SessionConfig::default();
        // Logs have no policy that makes their origin wait.
        session.outgoing.budget_bytes[TrafficClass::Log.index()] = 1 << 26;
        let mut world = World::new(seed, session);
        world.shape = Shape {
            write_max: 200_000,
            capacity: 400_000,
            ..Shape::PERFECT
        };
        world.connect_ready();
        let token = world.subscribe(B, &["*"]);
        world.complete(B, token);
        for round in 0..12 {
            let len = match round % 4 {
                0 => world.rng.size(1_000_000..=5 * 1024 * KIB),
                _ => world.rng.size(0..=3_000),
            };
            let class = *world.rng.pick(&[TrafficClass::Event, TrafficClass::Log]);
            let fate = world
                .publish_turn(A, &[(class, "zeek/mixed", len)])
                .remove(0);
            if fate.hold {
                world.settle();
            }
        }
        world.settle();
        all_arrived(&world, A, B, 0);
    });
}

#[test]
fn every_length_around_the_fragment_limit_arrives() {
    let mut world = World::new(1, SessionConfig::default());
    world.shape = Shape {
        write_max: 30_000,
        ..Shape::PERFECT
    };
    world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    let limit = zeekwire_types::limits::FRAGMENT_BYTES_MAX;
    for around in [limit, 2 * limit, 3 * limit] {
        for len in (around - 200..around + 40).step_by(8) {
            world.publish(A, "t", len);
            world.settle();
        }
    }
    all_arrived(&world, A, B, 0);
}

#[test]
fn nothing_comes_that_was_not_asked_for() {
    for_seeds("nothing_comes_that_was_not_asked_for", 100, |seed| {
        let mut world = World::new(seed, SessionConfig::default());
        world.shape = Shape::random(&mut world.rng);
        world.connect_ready();
        let mut wanted = std::collections::BTreeSet::new();
        let mut asked_for = Vec::new();
        for _ in 0..40 {
            let topic = *world.rng.pick(&TOPICS);
            match world.rng.within(0..=5) {
                0 => {
                    let token = world.subscribe(B, &[topic]);
                    world.complete(B, token);
                    wanted.insert(topic);
                }
                1 => {
                    let token = world.unsubscribe(B, 1, &[topic]);
                    wanted.remove(topic);
                    world.complete(B, token);
                    let before = world.sides[B].delivered.len();
                    world.publish(A, topic, 10);
                    world.settle();
                    assert_eq!(world.sides[B].delivered.len(), before, "it was taken back");
                }
                _ => {
                    let published = world.publish(A, topic, 100);
                    world.settle();
                    // Even the sender knows.
                    assert_eq!(published.links, u32::from(wanted.contains(topic)));
                    if wanted.contains(topic) {
                        let sent = world.sides[A].sent.last().expect("just sent");
                        asked_for.push(sent.sequence);
                    }
                }
            }
        }
        assert_eq!(world.sides[B].sequences(TrafficClass::Event), asked_for);
        at_most_once_in_order(&world, A, B);
    });
}

#[test]
fn what_was_published_before_a_close_still_arrives() {
    for_seeds(
        "what_was_published_before_a_close_still_arrives",
        100,
        |seed| {
            let mut rng = Rng::new(seed);
            let mut session = tight(&mut rng);
            session.outgoing.budget_bytes[2] = 1 << 24;
            let mut world = World::new(seed, session);
            // Fast enough for the time that a closing side waits.
            world.shape = Shape {
                capacity: 40_000,
                write_max: 9_000,
                ..Shape::PERFECT
            };
            let wire = world.connect_ready();
            let token = world.subscribe(B, &["*"]);
            world.complete(B, token);
            for _ in 0..20 {
                let len = crate::check::random_len(&mut rng);
                world.publish_turn(
                    A,
                    &[
                        (TrafficClass::Event, "t", len),
                        (TrafficClass::Log, "t", 20),
                    ],
                );
            }
            world.close(A, wire, Reason::Shutdown);
            world.run(Duration::from_secs(2));
            all_arrived(&world, A, B, 0);
            let end = world.sides[B].end_of(wire).expect("it ended");
            let zeekwire_core::node::LinkEnd::ClosedByPeer(why) = &end else {
                panic!("{end}");
            };
            assert_eq!(why.reason, Reason::Shutdown);
            assert_eq!(
                world.sides[A].node.links().count() + world.sides[B].node.links().count(),
                0
            );
        },
    );
}

#[test]
fn two_sides_that_close_at_once_both_end() {
    let mut world = World::new(0, SessionConfig::default());
    world.shape = Shape {
        capacity: 20_000,
        ..Shape::PERFECT
    };
    let wire = world.connect_ready();
    for side in [A, B] {
        let token = world.subscribe(side, &["*"]);
        world.complete(side, token);
    }
    for side in [A, B] {
        world.publish_many(side, 10, 20_000);
        world.close(side, wire, Reason::Closed);
    }
    world.run(Duration::from_secs(2));
    assert_eq!(
        world.sides[A].node.links().count() + world.sides[B].node.links().count(),
        0
    );
}

#[test]
fn the_order_of_a_turn_survives_a_short_write() {
    // Staged, then queued for want of credit, then the socket takes only part of what was staged.
    for_seeds("the_order_of_a_turn_survives_a_short_write", 300, |seed| {
        let mut session = SessionConfig::default();
        session.incoming.window_bytes = [0, 65_536, 65_536, 65_536];
        let mut world = World::new(seed, session);
        world.shape = Shape {
            write_max: 20_000,
            ..Shape::PERFECT
        };
        world.connect_ready();
        let token = world.subscribe_as(B, 1, &["*"], Scope::AllLinks);
        world.complete(B, token);
        let messages: Vec<_> = (0..12)
            .map(|_| {
                let class = crate::check::random_class(&mut world.rng);
                (class, "t", world.rng.size(1_000..=33_000))
            })
            .collect();
        world.publish_turn(A, &messages);
        world.settle();
        all_arrived(&world, A, B, 0);
        assert_eq!(world.sides[B].node.repeated(), 0);
    });
}
