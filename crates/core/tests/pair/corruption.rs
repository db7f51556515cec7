//! Bytes that are not what was sent.

use std::time::Duration;

use zeekwire_core::node::LinkEnd;
use zeekwire_core::session::SessionConfig;
use zeekwire_types::Topic;

use crate::check::{all_arrived, random_len};
use crate::pipe::{Damage, Pipe, Shape};
use crate::rng::{Rng, for_seeds};
use crate::world::{A, B, World};

/// Some traffic over a link of which one byte is damaged.
fn damaged(seed: u64, rng: &mut Rng, damage: Damage) -> World {
    let mut world = World::new(seed, SessionConfig::default());
    world.faults_expected = true;
    world.shape = Shape::random(rng);
    for side in [A, B] {
        world.subscribe(side, &["zeek/*"]);
    }
    let direction = rng.size(0..=1);
    let at = if rng.one_in(3) {
        rng.within(0..=600)
    } else {
        rng.within(0..=40_000)
    };
    world.damage[direction] = Some((at, damage));
    world.connect();
    world.damage = [None; 2];
    world.run(Duration::from_secs(1));
    for _ in 0..30 {
        let len = random_len(rng);
        world.publish(rng.size(0..=1), "zeek/a", len);
        world.run(Duration::from_millis(5));
    }
    world.run(Duration::from_secs(15));
    for side in [A, B] {
        for delivery in &world.sides[side].delivered {
            // Whatever got through obeys the rules of an envelope.
            assert!(Topic::check(delivery.topic.as_bytes()).is_ok());
            assert!(!delivery.publisher.is_empty() && !delivery.subscribers.is_empty());
        }
    }
    world
}

/// The two nodes get along again, if need be over a new link.
fn recovers(world: &mut World) {
    world.faults_expected = false;
    world.cut(0, &[A, B]);
    world.connect_ready();
    for (from, to) in [(A, B), (B, A)] {
        let before = [
            world.sides[to].delivered.len() as u64,
            world.sides[to].node.repeated(),
        ];
        world.publish(from, "zeek/b", 1_000);
        world.settle();
        let after = [
            world.sides[to].delivered.len() as u64,
            world.sides[to].node.repeated(),
        ];
        // A damaged number may stand in the way of the right ones; it is counted then.
        assert!(after == [before[0] + 1, before[1]] || after == [before[0], before[1] + 1]);
    }
}

#[test]
fn a_changed_byte_never_panics_and_a_new_link_works() {
    for_seeds(
        "a_changed_byte_never_panics_and_a_new_link_works",
        300,
        |seed| {
            let mut rng = Rng::new(seed);
            let flip = u8::try_from(rng.within(1..=255)).expect("a byte");
            let mut world = damaged(seed, &mut rng, Damage::Flip(flip));
            recovers(&mut world);
        },
    );
}

#[test]
fn a_lost_or_added_byte_ends_the_link() {
    for_seeds("a_lost_or_added_byte_ends_the_link", 300, |seed| {
        let mut rng = Rng::new(seed);
        let byte = u8::try_from(rng.within(0..=255)).expect("a byte");
        let damage = if rng.one_in(2) {
            Damage::Drop
        } else {
            Damage::Insert(byte)
        };
        let mut world = damaged(seed, &mut rng, damage);
        let reached = |pipe: &Pipe| pipe.damage.is_some_and(|(at, _)| pipe.written() > at);
        let happened = world.wires[0].pipes.iter().any(reached);
        let ends = [A, B].map(|side| world.sides[side].end_of(0).cloned());
        if happened {
            for end in &ends {
                assert!(end.is_some(), "{ends:?}");
            }
            let first_hand = |end: &LinkEnd| {
                matches!(
                    end,
                    LinkEnd::Fault(_)
                        | LinkEnd::Preamble(_)
                        | LinkEnd::HandshakeTimeout(_)
                        | LinkEnd::Silent(_)
                )
            };
            assert!(ends.iter().flatten().any(first_hand), "{ends:?}");
        } else {
            assert_eq!(ends, [None, None]);
            all_arrived(&world, A, B, 0);
        }
        recovers(&mut world);
    });
}

#[test]
fn random_bytes_after_the_handshake_end_the_link() {
    for_seeds(
        "random_bytes_after_the_handshake_end_the_link",
        300,
        |seed| {
            let mut rng = Rng::new(seed);
            let mut stranger = crate::stranger::Stranger::introduced(rng.one_in(2));
            let bytes: Vec<u8> = (0..rng.size(64..=2_000))
                .map(|_| rng.next().to_le_bytes()[0])
                .collect();
            stranger.say_raw(&bytes);
            assert!(
                matches!(stranger.end(), Some(LinkEnd::Fault(_))),
                "{:?}",
                stranger.end()
            );
        },
    );
}

#[test]
fn frames_with_good_headers_and_random_contents_do_no_harm() {
    use zeekwire_types::TrafficClass;

    for_seeds(
        "frames_with_good_headers_and_random_contents_do_no_harm",
        300,
        |seed| {
            let mut rng = Rng::new(seed);
            let mut stranger = crate::stranger::Stranger::introduced(rng.one_in(2));
            let random = |rng: &mut Rng, len: usize| -> Vec<u8> {
                // Small numbers make pointers that lead somewhere.
                (0..len)
                    .map(|_| {
                        if rng.one_in(3) {
                            rng.next().to_le_bytes()[0]
                        } else {
                            0
                        }
                    })
                    .collect()
            };
            for _ in 0..20 {
                let words = rng.size(0..=20);
                let envelope = random(&mut rng, words * 8);
                let len = rng.size(0..=300);
                let payload = random(&mut rng, len);
                let class = *rng.pick(&TrafficClass::ALL);
                let bytes = match rng.within(0..=2) {
                    0 => crate::stranger::frame(class, true, &[], &payload),
                    1 => crate::stranger::frame(TrafficClass::Control, false, &[], &payload),
                    _ => crate::stranger::frame(class, false, &envelope, &payload),
                };
                stranger.say_raw(&bytes);
            }
            stranger.wait(Duration::from_secs(10));
            assert!(stranger.end().is_some(), "at last for its silence");
        },
    );
}
