//! Order, shares, budgets and policies of the sending half.

use super::*;
use crate::testing::{message, message_of};
use crate::wire::split;

fn outgoing(limits: OutgoingLimits) -> Outgoing {
    let mut outgoing = Outgoing::new(limits, QueueTotal::new(usize::MAX));
    for class in TrafficClass::ALL {
        outgoing
            .set_credit_limit(class, u64::MAX)
            .expect("it rises");
    }
    outgoing
}

/// What one write puts on the wire, as (class, payload length).
fn written(outgoing: &mut Outgoing) -> Vec<(TrafficClass, usize)> {
    outgoing.plan_write();
    let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
    let count = outgoing.plan_slices(&mut slices);
    let slices = &slices[..count];
    let wire: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
    outgoing.plan_written(wire.len());
    let mut rest = &wire[..];
    let mut frames = Vec::new();
    while let Some(frame) = split(rest).expect("well framed") {
        frames.push((frame.header.class, frame.header.payload_bytes));
        rest = &rest[frame.bytes.len()..];
    }
    assert!(rest.is_empty());
    frames
}

#[test]
fn urgent_classes_go_first() {
    let mut outgoing = outgoing(OutgoingLimits::default());
    for class in [
        TrafficClass::Log,
        TrafficClass::Event,
        TrafficClass::Control,
    ] {
        outgoing.enqueue(class, &message_of(class, b"t", b"12345678"));
    }
    let classes: Vec<_> = written(&mut outgoing)
        .into_iter()
        .map(|(class, _)| class)
        .collect();
    assert_eq!(
        classes,
        [
            TrafficClass::Control,
            TrafficClass::Event,
            TrafficClass::Log
        ]
    );
}

#[test]
fn less_urgent_classes_keep_a_tenth() {
    let mut outgoing = outgoing(OutgoingLimits::default());
    for class in [TrafficClass::Log, TrafficClass::Event] {
        let one = message_of(class, b"t", &[0; 1000]);
        while outgoing.queued_bytes(class) < 4_000_000 {
            outgoing.enqueue(class, &one);
        }
    }
    while outgoing.queued_bytes(TrafficClass::Event) > 1_000_000 {
        assert!(!written(&mut outgoing).is_empty());
    }
    let events = outgoing.sent_bytes(TrafficClass::Event);
    let logs = outgoing.sent_bytes(TrafficClass::Log);
    assert!(
        logs * 11 >= events && logs * 8 <= events,
        "{logs} of {events}"
    );
}

#[test]
fn nothing_overtakes_control() {
    let mut outgoing = outgoing(OutgoingLimits::default());
    let update = message_of(TrafficClass::Control, b"t", &[0; 1000]);
    while outgoing.queued_bytes(TrafficClass::Control) < 1_000_000 {
        outgoing.enqueue(TrafficClass::Control, &update);
    }
    outgoing.enqueue(TrafficClass::Event, &message(b"t", b"12345678"));
    while outgoing.queued_messages(TrafficClass::Control) > 0 {
        assert_eq!(outgoing.sent_bytes(TrafficClass::Event), 0);
        assert!(!written(&mut outgoing).is_empty());
    }
}

#[test]
fn a_long_message_lets_an_urgent_one_pass_after_one_fragment() {
    let mut outgoing = outgoing(OutgoingLimits::default());
    outgoing.enqueue(
        TrafficClass::Log,
        &message_of(TrafficClass::Log, b"t", &[0; 500_000]),
    );
    outgoing.plan_write();
    outgoing.plan_written(10_000);
    outgoing.enqueue(TrafficClass::Event, &message(b"t", b"urgent"));
    outgoing.plan_write();
    let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
    let count = outgoing.plan_slices(&mut slices);
    let slices = &slices[..count];
    // The rest of the cut fragment, then the event.
    assert_eq!(slices[0].len(), FRAGMENT_BYTES_MAX - 10_000);
    let frame = split(&slices[1]).expect("well framed").expect("whole");
    assert_eq!(frame.header.class, TrafficClass::Event);
}

#[test]
fn without_credit_nothing_goes_and_nothing_is_staged() {
    let mut outgoing = Outgoing::new(OutgoingLimits::default(), QueueTotal::new(usize::MAX));
    let one = message(b"t", &[0; 64]);
    outgoing
        .set_credit_limit(TrafficClass::Event, one.len() as u64)
        .expect("it rises");
    assert_eq!(
        outgoing.offer(TrafficClass::Event, &one, 0..one.len()),
        Offered::Staged
    );
    assert_eq!(
        outgoing.offer(TrafficClass::Event, &one, 0..one.len()),
        Offered::Queued
    );
    outgoing.staged_written(&one, one.len());
    assert_eq!(outgoing.plan_write(), 0);
    outgoing
        .set_credit_limit(TrafficClass::Event, 2 * one.len() as u64)
        .expect("it rises");
    assert_eq!(outgoing.plan_write(), one.len());
}

#[test]
fn what_the_socket_does_not_take_of_the_staged_is_queued_in_order() {
    let turn: Vec<Vec<u8>> = (1..=5_usize)
        .map(|n| message(b"t", &vec![0; n * 8]))
        .collect();
    let source = turn.concat();
    for cut in 0..=source.len() {
        let mut outgoing = outgoing(OutgoingLimits::default());
        let mut start = 0;
        for one in &turn {
            let range = start..start + one.len();
            start = range.end;
            assert_eq!(
                outgoing.offer(TrafficClass::Event, &source, range),
                Offered::Staged
            );
        }
        assert_eq!(outgoing.staged_bytes(), source.len());
        outgoing.staged_written(&source, cut);
        outgoing.plan_write();
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = outgoing.plan_slices(&mut slices);
        let slices = &slices[..count];
        let rest: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        assert_eq!([&source[..cut], &rest].concat(), source, "cut at {cut}");
        outgoing.plan_written(rest.len());
        assert!(outgoing.is_idle());
        assert_eq!(
            outgoing.sent_bytes(TrafficClass::Event),
            source.len() as u64
        );
        assert_eq!(outgoing.messages(), 5);
    }
}

fn small(policy: DropPolicy) -> OutgoingLimits {
    OutgoingLimits {
        budget_bytes: [16_384; 4],
        policy,
    }
}

#[test]
fn drop_oldest_keeps_the_newest_within_the_budget() {
    for payload in [8, 64, 1000, 5000] {
        let mut outgoing = outgoing(small(DropPolicy::DropOldest));
        for n in 0..1000_u64 {
            let mut bytes = vec![0; payload];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            assert_eq!(
                outgoing.enqueue(TrafficClass::Event, &message(b"t", &bytes)),
                Offered::Queued
            );
            assert!(outgoing.queued_bytes(TrafficClass::Event) <= 16_384);
            assert!(outgoing.queues[2].held_bytes() <= 16_384 + SLACK_BYTES);
        }
        let kept = outgoing.queued_messages(TrafficClass::Event) as u64;
        assert!(kept > 0);
        assert_eq!(
            outgoing.drops().of(TrafficClass::Event).messages,
            1000 - kept
        );
        assert_eq!(outgoing.drops().topics()[0].topic, b"t");
    }
}

#[test]
fn drop_newest_keeps_the_oldest() {
    let mut outgoing = outgoing(small(DropPolicy::DropNewest));
    let one = message(b"t", &[0; 1000]);
    let fates: Vec<_> = (0..20)
        .map(|_| outgoing.enqueue(TrafficClass::Event, &one))
        .collect();
    assert!(
        fates.starts_with(&[Offered::Queued; 10]) && fates.ends_with(&[Offered::Dropped; 4]),
        "{fates:?}"
    );
}

#[test]
fn disconnect_and_control_overflow_instead_of_dropping() {
    let mut outgoing = outgoing(small(DropPolicy::Disconnect));
    let one = message(b"t", &[0; 1000]);
    let fates = (0..20).map(|_| outgoing.enqueue(TrafficClass::Event, &one));
    assert_eq!(fates.last(), Some(Offered::Overflow));
    let control = message_of(TrafficClass::Control, b"t", &[0; 1000]);
    let fates = (0..20).map(|_| outgoing.enqueue(TrafficClass::Control, &control));
    assert_eq!(fates.last(), Some(Offered::Overflow));
    assert_eq!(outgoing.drops().total().messages, 0);
}

#[test]
fn a_half_sent_message_is_not_dropped() {
    let mut outgoing = outgoing(small(DropPolicy::DropOldest));
    let long = message(b"long", &[1; 100_000]);
    outgoing.enqueue(TrafficClass::Event, &long);
    outgoing.plan_write();
    outgoing.plan_written(40_000);
    for _ in 0..100 {
        outgoing.enqueue(TrafficClass::Event, &message(b"short", &[2; 1000]));
    }
    let mut payload = 0;
    while outgoing.plan_write() > 0 {
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = outgoing.plan_slices(&mut slices);
        let slices = &slices[..count];
        let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
        payload += bytes;
        outgoing.plan_written(bytes);
    }
    assert!(payload > long.len() - 40_000);
    assert!(
        outgoing
            .drops()
            .topics()
            .iter()
            .all(|lost| lost.topic == b"short")
    );
}

#[test]
fn a_write_that_ends_several_runs_later_and_inside_a_frame_loses_nothing() {
    let mut outgoing = outgoing(OutgoingLimits::default());
    let mut sent = Vec::new();
    for n in 0..2000_usize {
        let one = message(b"t", &vec![0; (n * 37) % 900]);
        outgoing.enqueue(TrafficClass::Event, &one);
        sent.extend(one);
    }
    let mut wire: Vec<u8> = Vec::new();
    while outgoing.plan_write() > 0 {
        let mut slices = [IoSlice::new(&[]); WRITE_SLICE_COUNT_MAX];
        let count = outgoing.plan_slices(&mut slices);
        let planned: Vec<u8> = slices[..count]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        let written = planned.len().min(101_003);
        wire.extend(&planned[..written]);
        outgoing.plan_written(written);
    }
    assert!(wire == sent);
}

#[test]
fn what_is_discarded_is_counted_even_half_sent() {
    let mut outgoing = outgoing(OutgoingLimits::default());
    outgoing.enqueue(TrafficClass::Event, &message(b"long", &[1; 100_000]));
    outgoing.plan_write();
    outgoing.plan_written(40_000);
    outgoing.enqueue(TrafficClass::Event, &message(b"short", &[2; 1000]));
    outgoing.enqueue(
        TrafficClass::Log,
        &message_of(TrafficClass::Log, b"row", &[3; 10]),
    );
    outgoing.discard();
    assert_eq!(outgoing.drops().total().messages, 3);
    for class in TrafficClass::ALL {
        assert_eq!(
            (
                outgoing.queued_messages(class),
                outgoing.queued_bytes(class)
            ),
            (0, 0)
        );
    }
    // The peer must still find where the next frame begins.
    let rest = outgoing.plan_write();
    assert!(rest > 0 && rest < FRAGMENT_BYTES_MAX);
    outgoing.plan_written(rest);
    assert!(outgoing.is_idle());
}

#[test]
fn links_share_a_bound_and_an_empty_queue_always_takes_one_message() {
    let message = message(b"t", &[7; 1000]);
    let bytes = message.len();
    let total = QueueTotal::new(10 * bytes);
    let mut links: Vec<Outgoing> = (0..3)
        .map(|_| Outgoing::new(OutgoingLimits::default(), total.clone()))
        .collect();
    let offer = |link: &mut Outgoing| link.enqueue(TrafficClass::Event, &message);
    for _ in 0..9 {
        assert_eq!(offer(&mut links[0]), Offered::Queued);
    }
    // Its own budget is far from used, yet its publishers should wait.
    assert!(links[0].is_congested(TrafficClass::Event));
    assert!(!links[1].is_congested(TrafficClass::Event));
    assert_eq!(offer(&mut links[1]), Offered::Queued);
    for link in &mut links[..2] {
        assert_eq!(offer(link), Offered::Dropped);
    }
    assert_eq!(offer(&mut links[2]), Offered::Queued);
    assert_eq!(total.bytes(), 11 * bytes);
    links[0].discard();
    assert_eq!(total.bytes(), 2 * bytes);
    assert_eq!(offer(&mut links[1]), Offered::Queued);
    drop(links);
    assert_eq!(total.bytes(), 0);
}
