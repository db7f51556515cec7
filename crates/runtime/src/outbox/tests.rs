//! Who takes which message, and who wakes the loop.

use zeekwire_types::{Incarnation, NodeName};

use super::*;

fn outbox() -> Outbox {
    let id = NodeId {
        name: NodeName::new("node").expect("a name"),
        incarnation: Incarnation {
            started_us: 1,
            random: 1,
        },
    };
    Outbox::new(id, 1_000)
}

fn push(outbox: &Outbox, topic: &[u8]) -> Pushed {
    let publication = Publication {
        topic,
        class: TrafficClass::Event,
        format: "raw",
        payload: b"x",
        survey: 0,
    };
    outbox.push(&publication, false).expect("there is room")
}

#[test]
fn a_publisher_takes_its_own_message_only_where_it_is_the_only_one() {
    let (outbox, mut ring) = (outbox(), Ring::default());
    assert!(!outbox.take_lone(b"mine", &mut ring), "nothing waits");
    push(&outbox, b"theirs");
    assert!(!outbox.take_lone(b"mine", &mut ring), "another's handlers");
    push(&outbox, b"mine");
    assert!(!outbox.take_lone(b"mine", &mut ring), "it is not alone");
    assert!(outbox.take(&mut ring));
    assert_eq!(ring.records.len(), 2);
    ring.clear(0);
    push(&outbox, b"mine");
    assert!(outbox.take_lone(b"mine", &mut ring));
    assert!(outbox.is_empty() && ring.records.len() == 1);
}

#[test]
fn a_publisher_is_told_what_to_do_about_the_loop() {
    let outbox = outbox();
    assert_eq!(push(&outbox, b"a"), Pushed::LoopIsAwake);
    assert!(!outbox.fall_asleep(), "something waits");
    assert!(outbox.take(&mut Ring::default()));
    assert!(outbox.fall_asleep());
    assert_eq!(push(&outbox, b"a"), Pushed::Alone);
    assert_eq!(push(&outbox, b"a"), Pushed::LoopSleeps);
    assert!(outbox.must_wake() && !outbox.must_wake());
}

#[test]
fn no_more_topics_are_held_than_the_bound() {
    let outbox = outbox();
    let topic = |number: usize| format!("topic/{number}").into_bytes();
    for number in 0..=HELD_TOPIC_COUNT_MAX {
        outbox.hold(TrafficClass::Event, &topic(number));
    }
    let try_push = |topic: &[u8]| {
        let publication = Publication {
            topic,
            class: TrafficClass::Event,
            format: "raw",
            payload: b"x",
            survey: 0,
        };
        outbox.push(&publication, false)
    };
    assert_eq!(try_push(&topic(0)), Err(PublishError::Overloaded));
    assert!(try_push(&topic(HELD_TOPIC_COUNT_MAX)).is_ok());
    outbox.release(|_, _| false);
    assert!(try_push(&topic(0)).is_ok());
}
