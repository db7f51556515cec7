//! How a session ends.

use std::io::IoSlice;

use super::*;
use crate::testing::{message, node};
use crate::wire::split;
use zeekwire_buffer::AlignedBytes;
use zeekwire_types::{Role, TrafficClass};

/// A listener's session that is up, with credit for `credit_bytes` of each class.
fn up(credit_bytes: u64) -> Session {
    let hello = Hello {
        node: node("a"),
        role: Role::Member,
        features: 0,
        heartbeat_ms: 1000,
        message_bytes_max: 1 << 20,
        credit_limits: [credit_bytes; 4],
        program: String::new(),
    };
    let mut session = Session::new(
        Instant::ZERO,
        &SessionConfig::default(),
        QueueTotal::new(usize::MAX),
        hello.clone(),
        false,
    );
    session
        .read_preamble(&Preamble::OURS.encode())
        .expect("ours");
    assert!(!session.awaits_verdict());
    session
        .handle_handshake(Control::Hello(hello))
        .expect("a good hello");
    assert!(session.awaits_verdict());
    session.accept();
    written(&mut session);
    session
}

/// The classes of the frames that go out now, after the preamble if it was not out yet.
fn written(session: &mut Session) -> Vec<TrafficClass> {
    let mut wire = AlignedBytes::new();
    while session.outgoing.plan_write() > 0 {
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = session.outgoing.plan_slices(&mut slices);
        let start = wire.len();
        slices[..count]
            .iter()
            .for_each(|slice| wire.extend_from_slice(slice));
        let written = wire.len() - start;
        session.outgoing.plan_written(written);
    }
    let mut classes = Vec::new();
    let mut rest = &wire[..];
    while let Ok(Some(frame)) = split(rest) {
        classes.push(frame.header.class);
        rest = &rest[frame.bytes.len()..];
    }
    classes
}

#[test]
fn a_goodbye_goes_last_or_first_as_asked() {
    let one = message(b"t", &[0; 100]);
    let mut session = up(1 << 20);
    session.outgoing.enqueue(TrafficClass::Event, &one);
    session.finish(Reason::Closed, "");
    assert!(session.is_closing() && session.is_over() && !session.is_up());
    assert_eq!(
        written(&mut session),
        [TrafficClass::Event, TrafficClass::Control]
    );
    assert!(session.outgoing.is_idle());
    let mut session = up(1 << 20);
    session.outgoing.enqueue(TrafficClass::Event, &one);
    session.close(Reason::Closed, "");
    assert!(session.is_over() && !session.is_closing());
    assert_eq!(
        written(&mut session),
        [TrafficClass::Control, TrafficClass::Event]
    );
}

#[test]
fn a_goodbye_waits_for_the_credit_of_what_goes_before_it() {
    let one = message(b"t", &[0; 100]);
    let mut session = up(one.len() as u64);
    session.outgoing.enqueue(TrafficClass::Event, &one);
    session.outgoing.enqueue(TrafficClass::Event, &one);
    session.finish(Reason::Shutdown, "");
    assert_eq!(written(&mut session), [TrafficClass::Event]);
    assert!(!session.outgoing.is_idle());
    session
        .outgoing
        .set_credit_limit(TrafficClass::Event, 1 << 20)
        .expect("it rises");
    assert_eq!(
        written(&mut session),
        [TrafficClass::Event, TrafficClass::Control]
    );
    assert!(session.outgoing.is_idle());
}

#[test]
fn a_second_hello_leaves_the_first_as_it_was() {
    let mut session = up(1 << 20);
    let before = session.peer().cloned().expect("introduced");
    let other = Hello {
        node: node("b"),
        credit_limits: [u64::MAX; 4],
        ..before.clone()
    };
    let refused = session.handle_handshake(Control::Hello(other));
    assert_eq!(refused, Err(Fault::OutOfOrder));
    assert_eq!(session.peer(), Some(&before));
    assert_eq!(session.outgoing.credit_left(TrafficClass::Event), 1 << 20);
}
