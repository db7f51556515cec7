//! Links that break and come back, and several links to one node.

use std::time::Duration;

use zeekwire_core::session::SessionConfig;

use crate::check::{TOPICS, all_arrived, at_most_once_in_order, publish_with_manners, random_len};
use crate::pipe::Shape;
use crate::rng::for_seeds;
use crate::side::Told;
use crate::world::{A, B, World};

#[test]
fn nothing_is_repeated_or_out_of_order_however_links_break() {
    for_seeds(
        "nothing_is_repeated_or_out_of_order_however_links_break",
        150,
        |seed| {
            let mut world = World::new(seed, SessionConfig::default());
            world.shape = Shape::random(&mut world.rng);
            for side in [A, B] {
                world.subscribe(side, &["*"]);
            }
            for _ in 0..6 {
                let wire = world.connect();
                let uptime = world.rng.within(0..=300);
                world.run(Duration::from_millis(uptime));
                for _ in 0..world.rng.size(0..=20) {
                    let side = world.rng.size(0..=1);
                    let topic = *world.rng.pick(&TOPICS);
                    let len = random_len(&mut world.rng);
                    world.publish(side, topic, len);
                    let pause = world.rng.within(0..=4_000);
                    world.run(Duration::from_micros(pause));
                }
                let learn: &[&[usize]] = &[&[A], &[B], &[A, B], &[]];
                let learn = *world.rng.pick(learn);
                world.cut(wire, learn);
                let pause = world.rng.within(0..=2_000);
                world.run(Duration::from_millis(pause));
            }
            at_most_once_in_order(&world, A, B);
            at_most_once_in_order(&world, B, A);
            // With the dead links found and a new one made, everything arrives again.
            world.run(Duration::from_secs(12));
            world.connect_ready();
            let before = world.sides[A].sent.len();
            publish_with_manners(&mut world, A, 10);
            world.settle();
            all_arrived(&world, A, B, before);
            at_most_once_in_order(&world, B, A);
            for side in [A, B] {
                assert_eq!(
                    world.sides[side].node.links().count(),
                    1,
                    "nothing is left of dead links"
                );
            }
        },
    );
}

#[test]
fn completions_never_hang_on_links_that_die() {
    for_seeds("completions_never_hang_on_links_that_die", 200, |seed| {
        let mut world = World::new(seed, SessionConfig::default());
        world.shape = Shape::random(&mut world.rng);
        let mut tokens = Vec::new();
        for _ in 0..4 {
            let wire = world.connect();
            for _ in 0..5 {
                let pause = world.rng.within(0..=10_000);
                world.run(Duration::from_micros(pause));
                let topic = *world.rng.pick(&TOPICS);
                tokens.push(match world.rng.one_in(3) {
                    true => world.unsubscribe(B, 1, &[topic]),
                    false => world.subscribe(B, &[topic]),
                });
            }
            match world.rng.within(0..=2) {
                0 => world.cut(wire, &[A, B]),
                1 => world.cut(wire, &[A]),
                _ => world.close(A, wire, zeekwire_core::wire::Reason::Closed),
            }
        }
        world.run(Duration::from_secs(15));
        let hang: Vec<_> = tokens
            .iter()
            .filter(|token| !world.sides[B].completed.contains(token))
            .collect();
        assert!(hang.is_empty(), "{hang:?} never completed");
    });
}

#[test]
fn a_ready_peer_is_told_of_after_its_link_and_never_after_its_end() {
    for_seeds(
        "a_ready_peer_is_told_of_after_its_link_and_never_after_its_end",
        200,
        |seed| {
            let mut world = World::new(seed, SessionConfig::default());
            world.shape = Shape::random(&mut world.rng);
            let uptime = world.rng.within(0..=100_000);
            let wire = world.connect();
            world.run(Duration::from_micros(uptime));
            world.cut(wire, &[A, B]);
            world.run(Duration::from_secs(1));
            for side in [A, B] {
                let told = &world.sides[side].told;
                let place = |what: &Told| told.iter().position(|told| told == what);
                let over = told
                    .iter()
                    .position(|told| matches!(told, Told::Over(..)))
                    .expect("it ended");
                if let Some(ready) = place(&Told::Ready(wire)) {
                    assert!(place(&Told::Up(wire)).is_some_and(|up| up < ready));
                    assert!(ready < over);
                }
                assert!(place(&Told::Up(wire)).is_none_or(|up| up < over));
                let ends = told.iter().filter(|told| matches!(told, Told::Over(..)));
                assert_eq!(ends.count(), 1);
            }
        },
    );
}

#[test]
fn two_links_to_one_node_bring_each_message_once_and_stand_in_for_each_other() {
    for_seeds(
        "two_links_to_one_node_bring_each_message_once",
        100,
        |seed| {
            let mut world = World::new(seed, SessionConfig::default());
            world.shape = Shape::random(&mut world.rng);
            world.subscribe(B, &["*"]);
            let first = world.connect_ready();
            let second = world.connect_ready();
            publish_with_manners(&mut world, A, 15);
            world.settle();
            all_arrived(&world, A, B, 0);
            assert_eq!(world.sides[B].node.repeated(), 0);
            assert!(
                world.sides[A]
                    .sent
                    .iter()
                    .all(|sent| sent.published.links <= 1)
            );
            let [lost, kept] = if world.rng.one_in(2) {
                [first, second]
            } else {
                [second, first]
            };
            world.cut(lost, &[A, B]);
            let before = world.sides[A].sent.len();
            publish_with_manners(&mut world, A, 15);
            world.settle();
            all_arrived(&world, A, B, before);
            let after: Vec<_> = world.sides[B].delivered.iter().skip(before).collect();
            assert!(after.iter().all(|delivery| delivery.wire == kept));
        },
    );
}

#[test]
fn a_new_life_of_a_publisher_silences_the_old_one_on_every_link() {
    use crate::side::{Side, config};

    let session = SessionConfig::default();
    let mut old = Side::new(config("a", session));
    let mut world = World::new(0, session);
    world.subscribe(B, &["*"]);
    let wire = world.connect_ready();
    world.publish_many(A, 5, 10);
    world.settle();
    // The same name starts again, numbers from 0, and links a second time.
    let mut reborn = config("a", session);
    reborn.id.incarnation.started_us = 2;
    std::mem::swap(&mut old, &mut world.sides[A]);
    world.sides[A] = Side::new(reborn);
    let old_wires = std::mem::take(&mut world.wires);
    world.connect();
    world.run(Duration::from_secs(1));
    world.publish(A, "t", 10);
    world.settle();
    assert_eq!(world.sides[B].delivered.len(), 6);
    // The old life still speaks over its link, in the envelope that was read last there.
    let new_wires = std::mem::replace(&mut world.wires, old_wires);
    std::mem::swap(&mut old, &mut world.sides[A]);
    world.publish(A, "t", 10);
    world.run(Duration::from_secs(1));
    assert_eq!(world.sides[B].delivered.len(), 6, "it is dead");
    assert!(world.link(B, wire).is_some());
    // And what it said does not stand in the way of the new one.
    world.wires = new_wires;
    std::mem::swap(&mut old, &mut world.sides[A]);
    world.publish(A, "t", 10);
    world.run(Duration::from_secs(1));
    assert_eq!(world.sides[B].delivered.len(), 7);
}
