//! How links start, and how they fail to.

use std::time::Duration;

use zeekwire_core::Fault;
use zeekwire_core::node::LinkEnd;
use zeekwire_core::session::SessionConfig;
use zeekwire_core::wire::{
    Control, ControlWriter, Foreign, Goodbye, Preamble, PreambleError, Reason,
};
use zeekwire_types::{Instant, TrafficClass};

use crate::pipe::Shape;
use crate::rng::for_seeds;
use crate::side::{Side, Told, config};
use crate::stranger::Stranger;
use crate::world::{A, B, World};

#[test]
fn both_sides_come_up_and_are_ready_after_that() {
    for_seeds("both_sides_come_up_and_are_ready_after_that", 300, |seed| {
        let mut world = World::new(seed, SessionConfig::default());
        world.shape = Shape::random(&mut world.rng);
        let wire = world.connect_ready();
        for side in [A, B] {
            let told = &world.sides[side].told;
            assert_eq!(told[..], [Told::Up(wire), Told::Ready(wire)], "side {side}");
        }
        let peer = world
            .link(A, wire)
            .and_then(|link| link.peer().cloned())
            .expect("up");
        assert_eq!(
            (&peer.node, &*peer.program),
            (world.sides[B].node.id(), "pair")
        );
    });
}

/// The ends that two nodes are told of, dialling side first.
#[track_caller]
fn ends(mut world: World) -> [LinkEnd; 2] {
    let wire = world.connect();
    world.run(Duration::from_secs(6));
    [A, B].map(|side| {
        assert!(!world.sides[side].told.contains(&Told::Up(wire)));
        world.sides[side]
            .end_of(wire)
            .expect("both learn why")
            .clone()
    })
}

#[test]
fn a_refused_peer_learns_the_hooks_words() {
    let mut world = World::new(0, SessionConfig::default());
    world.sides[B].verdict = Err("not on Sundays".to_owned());
    let why = Goodbye {
        reason: Reason::RefusedByPolicy,
        text: "not on Sundays".to_owned(),
    };
    assert_eq!(
        ends(world),
        [LinkEnd::Refused(why.clone()), LinkEnd::RefusedPeer(why)]
    );
}

#[test]
fn a_second_holder_of_the_name_is_refused() {
    let session = SessionConfig::default();
    let mut twin = config("a", session);
    twin.id.incarnation.started_us = 2;
    let world = World::of(0, [Side::new(config("a", session)), Side::new(twin)]);
    let [dialled, listened] = ends(world);
    let reasons = match (&dialled, &listened) {
        (LinkEnd::Refused(one), LinkEnd::RefusedPeer(two)) => [one.reason, two.reason],
        other => panic!("{other:?}"),
    };
    assert_eq!(reasons, [Reason::NameInUse; 2]);
}

#[test]
fn a_node_that_dials_itself_is_told_so() {
    let session = SessionConfig::default();
    let world = World::of(0, ["a", "a"].map(|name| Side::new(config(name, session))));
    match ends(world) {
        [LinkEnd::Refused(one), LinkEnd::RefusedPeer(two)] => {
            assert_eq!([one.reason, two.reason], [Reason::SelfConnection; 2]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_that_do_not_meet_are_named_on_both_sides() {
    let theirs = Preamble {
        version_min: 7,
        version_max: 9,
    };
    let expected = LinkEnd::Preamble(PreambleError::Version {
        ours: Preamble::OURS,
        theirs,
    });
    for dialled in [false, true] {
        let mut stranger = Stranger::new(dialled);
        stranger.say_raw(&theirs.encode());
        assert_eq!(stranger.end(), Some(&expected));
        // Either side can tell its user which version the other speaks.
        assert_eq!(stranger.heard(16), Preamble::OURS.encode());
    }
}

#[test]
fn a_foreign_protocol_gets_an_answer_it_understands() {
    let mut stranger = Stranger::new(false);
    stranger.say_raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        stranger.end(),
        Some(&LinkEnd::Preamble(PreambleError::Foreign(Foreign::Http)))
    );
    assert!(stranger.heard(17).starts_with(b"HTTP/1.1 400 Bad "));
    let mut stranger = Stranger::new(false);
    stranger.say_raw(b"what is this port good for?");
    assert_eq!(
        stranger.end(),
        Some(&LinkEnd::Preamble(PreambleError::Foreign(Foreign::Unknown)))
    );
    assert!(stranger.heard(1).is_empty());
}

#[test]
fn a_stranger_that_is_silent_or_trickles_times_out() {
    let mut stranger = Stranger::new(false);
    let mut opening = Preamble::OURS.encode().to_vec();
    ControlWriter::write(&Control::Hello(stranger.hello()), &mut opening);
    for count in [0, 7, 16, 30] {
        let mut left = Duration::from_millis(5_500);
        for byte in &opening[..count] {
            let pause = Duration::from_millis(160);
            stranger.wait(pause);
            stranger.say_raw(&[*byte]);
            left -= pause;
        }
        assert_eq!(stranger.end(), None);
        stranger.wait(left);
        let end = stranger.end().cloned();
        assert!(
            matches!(end, Some(LinkEnd::HandshakeTimeout(_))),
            "{count}: {end:?}"
        );
        stranger = Stranger::new(false);
    }
}

#[test]
fn a_second_hello_is_a_fault() {
    for dialled in [false, true] {
        let mut stranger = Stranger::introduced(dialled);
        stranger.say(&Control::Hello(stranger.hello()));
        assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::OutOfOrder)));
    }
}

#[test]
fn a_second_hello_changes_nothing_about_the_peer() {
    let mut stranger = Stranger::introduced(true);
    let before = stranger.peer();
    let mut other = stranger.hello();
    other.program = "another".to_owned();
    stranger.say(&Control::Hello(other));
    assert_eq!(stranger.peer(), before);
}

#[test]
fn anything_before_the_hello_is_a_fault_and_is_answered() {
    for early in [
        Control::Accept,
        Control::Heartbeat,
        Control::Done(1),
        Control::Subscribe {
            token: 1,
            filters: vec![],
            snapshot_end: true,
        },
    ] {
        let mut stranger = Stranger::new(false);
        stranger.say_raw(&Preamble::OURS.encode());
        stranger.say(&early);
        assert_eq!(
            stranger.end(),
            Some(&LinkEnd::Fault(Fault::OutOfOrder)),
            "{early:?}"
        );
        let heard = stranger.heard_controls();
        assert!(
            matches!(&heard[..], [Control::Hello(_), Control::Refuse(why)]
                if why.reason == Reason::ProtocolError),
            "{heard:?}"
        );
    }
}

#[test]
fn a_message_before_the_link_is_up_is_a_fault() {
    let mut stranger = Stranger::new(false);
    stranger.say_raw(&Preamble::OURS.encode());
    let message = stranger.message("zeek/a", 0, 10);
    stranger.say_raw(&message);
    assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::OutOfOrder)));
}

#[test]
fn a_verdict_that_comes_too_late_changes_nothing() {
    // The dialler breaks the rules while the hook still thinks.
    let mut stranger = Stranger::new(false);
    stranger.decides_late = true;
    stranger.say_raw(&Preamble::OURS.encode());
    let hello = Control::Hello(stranger.hello());
    stranger.say_together(&[hello, Control::Accept]);
    stranger.decide(Ok(()));
    assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::OutOfOrder)));
    assert!(!stranger.was_up());
}

#[test]
fn a_control_message_in_pieces_or_with_an_envelope_is_a_fault() {
    let mut stranger = Stranger::introduced(false);
    stranger.say_frame(true, &[], &Control::Heartbeat);
    assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::ControlTooLong)));
    let mut stranger = Stranger::introduced(false);
    stranger.say_frame(false, &[0; 16], &Control::Heartbeat);
    assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::Control)));
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told() {
    let mut stranger = Stranger::introduced(true);
    stranger.say_raw(&[0xff; 64]);
    assert_eq!(stranger.end(), Some(&LinkEnd::Fault(Fault::FrameCheck)));
    let heard = stranger.heard_controls();
    let last = heard.last().expect("something was said");
    assert!(
        matches!(last, Control::Close(why) if why.reason == Reason::ProtocolError),
        "{last:?}"
    );
}

#[test]
fn after_the_peers_goodbye_nothing_waits_for_it() {
    let mut stranger = Stranger::new(false);
    stranger.window_bytes = 200;
    stranger.introduce();
    let filters = crate::side::filters(&["out"]);
    stranger.say(&Control::Subscribe {
        token: 0,
        filters,
        snapshot_end: true,
    });
    let message = stranger.message("out", 0, 100);
    for _ in 0..5 {
        let range = 0..message.len();
        let class = TrafficClass::Event;
        let node = &mut stranger.node;
        let published = node.publish(Instant::ZERO, class, b"out", &message, range);
        assert_eq!(published.links, 1);
        if let Some(link) = node.link_mut(stranger.key) {
            link.session.outgoing.staged_written(&message, 0);
        }
    }
    let outgoing = |stranger: &Stranger| {
        let link = stranger.node.link(stranger.key).expect("not lost yet");
        let waiting = link.session.outgoing.queued_messages(TrafficClass::Event) as u64;
        (waiting, link.session.outgoing.drops().total().messages)
    };
    let (waiting, _) = outgoing(&stranger);
    assert!(waiting >= 4);
    let goodbye = Goodbye {
        reason: Reason::Closed,
        text: String::new(),
    };
    stranger.say(&Control::Close(goodbye.clone()));
    assert_eq!(stranger.end(), Some(&LinkEnd::ClosedByPeer(goodbye)));
    assert_eq!(outgoing(&stranger), (0, waiting));
}
