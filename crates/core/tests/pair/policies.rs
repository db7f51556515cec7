//! What happens when a queue is full.

use std::time::Duration;

use zeekwire_core::Node;
use zeekwire_core::node::{LinkEnd, Scope};
use zeekwire_core::session::{IncomingLimits, OutgoingLimits, SessionConfig};
use zeekwire_core::wire::Reason;
use zeekwire_types::{DropPolicy, TrafficClass};

use crate::check::{all_arrived, at_most_once_in_order};
use crate::direct::join;
use crate::pipe::Shape;
use crate::rng::for_seeds;
use crate::side::{Consumer, Told, config, filters};
use crate::world::{A, B, World};

const BUDGET: usize = 200_000;

/// A ready link whose event queue is small, and whose consumer is stuck.
fn stuck(seed: u64, policy: DropPolicy) -> World {
    let session = SessionConfig {
        outgoing: OutgoingLimits {
            budget_bytes: [1 << 20, 1 << 20, BUDGET, 1 << 20],
            policy,
        },
        incoming: IncomingLimits {
            window_bytes: [0, 65_536, 65_536, 65_536],
            ..Default::default()
        },
        ..SessionConfig::default()
    };
    let mut world = World::new(seed, session);
    world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    world.sides[B].consumer = Consumer::Stuck;
    world
}

/// Publishes until the queue must have overflowed. Returns how many messages that took.
fn overfill(world: &mut World) -> u64 {
    let count = 100;
    for _ in 0..count {
        let len = world.rng.size(100..=20_000);
        world.publish(A, "t", len);
        world.run(Duration::from_micros(100));
    }
    count
}

fn drops(world: &World) -> u64 {
    world
        .link(A, 0)
        .expect("up")
        .session
        .outgoing
        .drops()
        .of(TrafficClass::Event)
        .messages
}

fn queued(world: &World) -> u64 {
    world
        .link(A, 0)
        .expect("up")
        .session
        .outgoing
        .queued_messages(TrafficClass::Event) as u64
}

#[test]
fn drop_oldest_keeps_the_newest_and_counts_exactly() {
    for_seeds(
        "drop_oldest_keeps_the_newest_and_counts_exactly",
        60,
        |seed| {
            let mut world = stuck(seed, DropPolicy::DropOldest);
            let sent = overfill(&mut world);
            let waiting = queued(&world);
            assert!(world.sides[A].sent.iter().all(|sent| !sent.published.hold));
            assert_eq!(
                world.sides[B].delivered.len() as u64 + drops(&world) + waiting,
                sent
            );
            world.unstick(B);
            world.settle();
            assert_eq!(world.sides[B].delivered.len() as u64 + drops(&world), sent);
            let kept = world.sides[B].sequences(TrafficClass::Event);
            let newest: Vec<_> = (sent - waiting..sent).collect();
            assert!(kept.ends_with(&newest) && drops(&world) > 0);
            at_most_once_in_order(&world, A, B);
            assert!(world.sides[A].peak_queued <= BUDGET);
            let topics = world
                .link(A, 0)
                .expect("up")
                .session
                .outgoing
                .drops()
                .topics();
            assert_eq!(
                (&topics[0].topic[..], topics[0].messages),
                (&b"t"[..], drops(&world))
            );
        },
    );
}

#[test]
fn drop_newest_keeps_the_oldest_and_tells_the_publisher() {
    for_seeds(
        "drop_newest_keeps_the_oldest_and_tells_the_publisher",
        60,
        |seed| {
            let mut world = stuck(seed, DropPolicy::DropNewest);
            let sent = overfill(&mut world);
            let refused = |world: &World| -> u64 {
                world.sides[A]
                    .sent
                    .iter()
                    .map(|sent| u64::from(sent.published.dropped))
                    .sum()
            };
            assert_eq!(refused(&world), drops(&world));
            assert!(drops(&world) > 0);
            world.unstick(B);
            world.settle();
            let taken = world.sides[A]
                .sent
                .iter()
                .filter(|sent| sent.published.links == 1);
            let taken: Vec<_> = taken.map(|sent| sent.sequence).collect();
            assert_eq!(world.sides[B].sequences(TrafficClass::Event), taken);
            assert_eq!(taken.len() as u64 + drops(&world), sent);
            assert!(world.sides[A].peak_queued <= BUDGET);
        },
    );
}

#[test]
fn disconnect_ends_the_link_on_both_sides() {
    for_seeds("disconnect_ends_the_link_on_both_sides", 60, |seed| {
        let mut world = stuck(seed, DropPolicy::Disconnect);
        overfill(&mut world);
        world.run(Duration::from_secs(2));
        assert_eq!(world.sides[A].end_of(0), Some(&LinkEnd::Overflow));
        let end = world.sides[B].end_of(0).expect("it ended there, too");
        assert!(
            matches!(end, LinkEnd::ClosedByPeer(why) if why.reason == Reason::Overloaded),
            "{end:?}"
        );
        assert!(world.sides[A].sent.iter().all(|sent| !sent.published.hold));
    });
}

#[test]
fn disconnect_reaches_the_peer_at_once_past_a_half_sent_message() {
    let mut world = stuck(0, DropPolicy::Disconnect);
    world.publish_many(A, 4, 100_000);
    // Nobody waits for credit that a message of no use to anybody would need.
    world.run(Duration::from_millis(10));
    assert_eq!(world.sides[A].node.links().count(), 0);
    let end = world.sides[B].end_of(0).expect("it ended");
    assert!(
        matches!(end, LinkEnd::ClosedByPeer(why) if why.reason == Reason::Overloaded),
        "{end:?}"
    );
}

#[test]
fn a_side_that_heard_goodbye_does_not_wait_for_its_queue() {
    let mut world = stuck(0, DropPolicy::DropNewest);
    world.publish_many(A, 4, 100_000);
    world.close(B, 0, Reason::Closed);
    world.run(Duration::from_millis(10));
    assert_eq!(
        world.sides[A].node.links().count() + world.sides[B].node.links().count(),
        0
    );
}

#[test]
fn one_turn_keeps_to_the_budget_even_where_the_socket_takes_nothing() {
    for policy in [DropPolicy::DropOldest, DropPolicy::DropNewest] {
        let session = SessionConfig {
            outgoing: OutgoingLimits {
                budget_bytes: [1 << 20, 1 << 20, BUDGET, 1 << 20],
                policy,
            },
            ..SessionConfig::default()
        };
        let mut world = World::new(0, session);
        world.connect_ready();
        let token = world.subscribe(B, &["*"]);
        world.complete(B, token);
        // There is credit for all of it, so all of it could be staged.
        let turn = [(TrafficClass::Event, "t", 10_000); 150];
        world.wires[0].pipes[A].jam(true);
        world.publish_turn(A, &turn);
        assert!(
            world.sides[A].peak_queued <= BUDGET + 11_000,
            "{}",
            world.sides[A].peak_queued
        );
        assert_eq!(queued(&world) + drops(&world), 150);
        world.wires[0].pipes[A].jam(false);
        world.settle();
        assert_eq!(world.sides[B].delivered.len() as u64 + drops(&world), 150);
        at_most_once_in_order(&world, A, B);
    }
}

/// Publishes until told to wait. Returns how many messages that took.
#[track_caller]
fn fill_until_held(world: &mut World, len: usize) -> usize {
    for count in 1..1000 {
        let hold = world.publish(A, "t", len).hold;
        // What the socket took at once may have made room again.
        let now = world.now;
        if hold && world.sides[A].node.is_held(now, TrafficClass::Event, b"t") {
            return count;
        }
        world.run(Duration::from_micros(100));
    }
    panic!("a full queue makes its publisher wait");
}

#[test]
fn block_holds_until_there_is_room_again() {
    for_seeds("block_holds_until_there_is_room_again", 60, |seed| {
        let mut world = stuck(seed, DropPolicy::Block);
        let len = world.rng.size(100..=250_000);
        fill_until_held(&mut world, len);
        let now = world.now;
        assert!(world.sides[A].node.is_held(now, TrafficClass::Event, b"t"));
        assert!(
            !world.sides[A]
                .node
                .is_held(now, TrafficClass::Event, b".topic/of/nobody")
        );
        world.sides[A].told.clear();
        world.unstick(B);
        let has_room = |world: &World| world.link(A, 0).is_some_and(|link| !link.is_congested());
        assert!(world.run_until(Duration::from_secs(1), has_room));
        assert!(world.sides[A].told.contains(&Told::Relaxed));
        let now = world.now;
        assert!(!world.sides[A].node.is_held(now, TrafficClass::Event, b"t"));
        world.settle();
        all_arrived(&world, A, B, 0);
    });
}

#[test]
fn a_link_idle_for_long_is_not_stalled_when_it_fills() {
    let mut world = stuck(0, DropPolicy::Block);
    world.run(Duration::from_secs(100));
    fill_until_held(&mut world, 5_000);
}

#[test]
fn heartbeats_of_a_peer_whose_consumer_is_stuck_are_no_progress() {
    let mut world = stuck(0, DropPolicy::Block);
    fill_until_held(&mut world, 5_000);
    let stall_max = world.sides[A].node.config().stall_max;
    world.sides[A].told.clear();
    let interval = world.sides[A].node.tick_interval();
    let mut held = 0;
    for _ in 0..40 {
        world.run(interval);
        let now = world.now;
        held += u32::from(world.sides[A].node.is_held(now, TrafficClass::Event, b"t"));
    }
    assert!(
        interval * held <= stall_max + interval,
        "held for {held} ticks"
    );
    assert!(
        world.sides[A].told.contains(&Told::Relaxed),
        "who waits is told to look again"
    );
    assert!(world.link(A, 0).is_some_and(|link| link.is_up()));
    // From now on the oldest make room.
    world.publish_many(A, 100, 5_000);
    let sent = world.sides[A].sent.len() as u64;
    let later = world.sides[A].sent.iter().rev().take(50);
    assert_eq!(later.filter(|sent| sent.published.hold).count(), 0);
    world.unstick(B);
    world.settle();
    assert_eq!(world.sides[B].delivered.len() as u64 + drops(&world), sent);
    assert!(world.sides[A].peak_queued <= BUDGET);
}

#[test]
fn nobody_waits_for_long_while_one_taker_has_room() {
    let mut world = stuck(0, DropPolicy::Block);
    let free = world.connect();
    world.run(Duration::from_secs(1));
    assert!(world.is_ready(free));
    // The second link leads to the same node, so only one of them counts: the full one.
    fill_until_held(&mut world, 5_000);
    let now = world.now;
    let mut third = Node::new(config("c", SessionConfig::default()));
    third.subscribe(1, &filters(&["*"]), Scope::AllLinks, 1);
    join(now, &mut world.sides[A].node, &mut third);
    assert!(
        world.sides[A].node.is_held(now, TrafficClass::Event, b"t"),
        "a queue that has just filled is worth a short wait"
    );
    world.run(Duration::from_millis(60));
    let now = world.now;
    assert!(
        !world.sides[A].node.is_held(now, TrafficClass::Event, b"t"),
        "a third node has room"
    );
    assert!(!world.publish(A, "t", 100).hold);
}

#[test]
fn a_full_queue_for_lack_of_a_socket_is_held_too() {
    let session = SessionConfig {
        outgoing: OutgoingLimits {
            budget_bytes: [BUDGET; 4],
            policy: DropPolicy::Block,
        },
        ..SessionConfig::default()
    };
    let mut world = World::new(0, session);
    world.shape = Shape {
        capacity: 10_000,
        bytes_per_ms: 100,
        ..Shape::PERFECT
    };
    world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    fill_until_held(&mut world, 3_000);
    // It is slow, but it moves.
    for _ in 0..10 {
        world.run(Duration::from_millis(100));
        let now = world.now;
        assert!(
            world.sides[A].node.is_held(now, TrafficClass::Event, b"t")
                || world.sides[A].told.contains(&Told::Relaxed)
        );
    }
    world.settle();
    all_arrived(&world, A, B, 0);
}
