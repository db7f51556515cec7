//! Credit: never exceeded, never stuck, and what bounds memory.

use std::time::Duration;

use zeekwire_core::Fault;
use zeekwire_core::node::LinkEnd;
use zeekwire_core::session::{IncomingLimits, SessionConfig};
use zeekwire_core::wire::Control;
use zeekwire_types::TrafficClass;

use crate::check::{all_arrived, publish_with_manners};
use crate::pipe::Shape;
use crate::rng::for_seeds;
use crate::side::Consumer;
use crate::stranger::{Stranger, frame};
use crate::world::{A, B, World};

fn windows(bytes: u64) -> SessionConfig {
    SessionConfig {
        incoming: IncomingLimits {
            window_bytes: [0, bytes, bytes, bytes],
            ..Default::default()
        },
        ..SessionConfig::default()
    }
}

/// Bytes that a side's consumers hold.
fn held(world: &World, side: usize) -> usize {
    world.sides[side]
        .holding
        .iter()
        .map(|holding| holding.bytes)
        .sum()
}

#[test]
fn a_stuck_consumer_bounds_what_both_sides_hold_and_traffic_resumes_after() {
    for_seeds("a_stuck_consumer_bounds_what_both_sides_hold", 30, |seed| {
        let mut world = World::new(seed, windows(100_000));
        world.shape = Shape::random(&mut world.rng);
        world.connect_ready();
        let token = world.subscribe(B, &["*"]);
        world.complete(B, token);
        world.sides[B].consumer = Consumer::Stuck;
        let mut longest = 0;
        let mut lost = 0;
        for _ in 0..150 {
            let len = match world.rng.within(0..=9) {
                0 => world.rng.size(50_000..=200_000),
                _ => world.rng.size(0..=40_000),
            };
            longest = longest.max(len + 4096);
            world.publish_turn(A, &[(TrafficClass::Event, "t", len)]);
            world.run(Duration::from_millis(1));
        }
        // For minutes nothing moves but heartbeats, and they keep the link.
        world.run(Duration::from_secs(180));
        assert!(world.is_ready(0) && world.sides[A].end_of(0).is_none());
        assert!(
            held(&world, B) <= 100_000 + longest,
            "{} bytes",
            held(&world, B)
        );
        let budget = world.sides[A].node.config().session.outgoing.budget_bytes[2];
        assert!(world.sides[A].peak_queued <= budget + longest);
        let link = world.link(A, 0).expect("up");
        lost += link.session.outgoing.drops().total().messages;
        world.unstick(B);
        world.settle();
        assert_eq!(world.sides[B].delivered.len() as u64 + lost, 150);
        let before = world.sides[A].sent.len();
        publish_with_manners(&mut world, A, 20);
        world.settle();
        all_arrived(&world, A, B, before);
    });
}

#[test]
fn long_messages_count_while_a_slow_consumer_holds_them() {
    let mut world = World::new(0, windows(200_000));
    world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    world.sides[B].consumer = Consumer::Stuck;
    for _ in 0..20 {
        world.publish(A, "t", 150_000);
        world.run(Duration::from_millis(10));
    }
    assert!(
        held(&world, B) <= 200_000 + 151_000,
        "{} bytes",
        held(&world, B)
    );
    world.unstick(B);
    world.settle();
    all_arrived(&world, A, B, 0);
}

#[test]
fn the_smallest_window_lets_the_longest_frame_pass_at_any_moment() {
    // A little is consumed, but too little to be announced, when a whole fragment wants to go.
    for small in (0..60_000).step_by(997) {
        let mut world = World::new(0, windows(1));
        world.connect_ready();
        let token = world.subscribe(B, &["*"]);
        world.complete(B, token);
        world.publish(A, "t", small);
        world.settle();
        world.publish(A, "t", 100_000);
        world.settle();
        all_arrived(&world, A, B, 0);
    }
}

#[test]
fn more_than_the_credit_is_a_fault() {
    let mut stranger = Stranger::with(false, windows(65_536));
    stranger.introduce();
    for sequence in 0..70 {
        // Delivered, and never consumed.
        let message = stranger.message("zeek/a", sequence, 1000);
        let node = &mut stranger.node;
        let bytes = zeekwire_buffer::AlignedBytes::copied(&message);
        let _held = node.receive(stranger.key, &bytes);
    }
    stranger.drain();
    assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::CreditExceeded)));
}

#[test]
fn a_lowered_credit_limit_is_a_fault() {
    let mut stranger = Stranger::introduced(false);
    stranger.say(&Control::Credit {
        class: TrafficClass::Event,
        limit: 10,
    });
    assert_eq!(
        stranger.end(),
        Some(&LinkEnd::Fault(Fault::CreditWithdrawn))
    );
}

#[test]
fn a_message_in_odd_pieces_gives_its_credit_back_once() {
    // The first piece is the header alone, so the second is as long as the whole message.
    for first in [16, 24, 104] {
        let mut stranger = Stranger::introduced(false);
        for sequence in 0..2000 {
            // Nobody subscribed to it.
            let whole = stranger.message("other/x", sequence, 1000);
            for piece in [&whole[..first], &whole[first..]] {
                stranger.say_raw(&frame(TrafficClass::Event, true, &[], piece));
            }
        }
        assert_eq!(stranger.end(), None);
        let link = stranger.node.link(stranger.key).expect("up");
        let window = link.session.incoming.credit_left(TrafficClass::Event);
        assert!(window <= 2 << 20, "{window} bytes is more than the window");
    }
}

#[test]
fn pieces_that_do_not_add_up_are_faults() {
    let whole = Stranger::new(false).message("zeek/a", 0, 1000);
    let inner = frame(TrafficClass::Log, false, &[], &[0; 64]);
    let nested = frame(TrafficClass::Event, true, &[], &[0; 64]);
    let long = zeekwire_core::wire::FrameHeader {
        class: TrafficClass::Event,
        fragment: false,
        hop_limit: 1,
        envelope_bytes: 0,
        payload_bytes: zeekwire_types::limits::PAYLOAD_BYTES_MAX,
        tree: 0,
    };
    for (pieces, fault) in [
        (vec![&whole[..8]], Fault::FragmentLength),
        (vec![&whole[..100], &[]], Fault::FragmentLength),
        (vec![&whole[..100], &whole[..]], Fault::FragmentLength),
        (vec![&inner[..]], Fault::FragmentLength),
        (vec![&nested[..]], Fault::FragmentLength),
        (vec![&[7; 100][..]], Fault::FrameCheck),
        (vec![&long.encode()[..]], Fault::MessageTooLong),
    ] {
        let mut session = SessionConfig::default();
        session.incoming.message_bytes_max = 1 << 20;
        let mut stranger = Stranger::with(false, session);
        stranger.introduce();
        for piece in &pieces {
            stranger.say_raw(&frame(TrafficClass::Event, true, &[], piece));
        }
        assert_eq!(
            stranger.end(),
            Some(&LinkEnd::Fault(fault)),
            "{} pieces",
            pieces.len()
        );
    }
}

#[test]
fn a_message_longer_than_the_peer_takes_is_dropped_here_and_counted() {
    let mut session = SessionConfig::default();
    session.incoming.message_bytes_max = 100_000;
    let mut world = World::new(0, session);
    let wire = world.connect_ready();
    let token = world.subscribe(B, &["*"]);
    world.complete(B, token);
    for len in [90_000, 110_000, 10, 1_000_000, 99_000] {
        world.publish(A, "t", len);
    }
    world.settle();
    let lens: Vec<_> = world.sides[B]
        .delivered
        .iter()
        .map(|delivery| delivery.len)
        .collect();
    assert_eq!(lens, [90_000, 10, 99_000]);
    let link = world.link(A, wire).expect("the link stands");
    assert_eq!(
        link.session
            .outgoing
            .drops()
            .of(TrafficClass::Event)
            .messages,
        2
    );
    let fates: Vec<_> = world.sides[A]
        .sent
        .iter()
        .map(|sent| sent.published.dropped)
        .collect();
    assert_eq!(fates, [0, 1, 0, 1, 0]);
}
