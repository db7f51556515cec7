//! Random events through every format.

use proptest::prelude::*;
use zeekwire_serializer::{EncodeFault, EventEncoder, EventMessage, event_to_json};
use zeekwire_types::{Event, Value};

use crate::strategies::event;
use crate::{BIN, CAPNP, JSON, decode, encode};

/// What becomes of a value in a Broker format, but for numbers.
fn broker_form(value: &Value, is_index: bool) -> Value {
    let all = |values: &[Value]| {
        values
            .iter()
            .map(|v| broker_form(v, false))
            .collect::<Vec<_>>()
    };
    let sequence = |values| {
        if is_index {
            Value::List(values)
        } else {
            Value::Vector(values)
        }
    };
    match value {
        Value::Set(x) => Value::Set(x.iter().map(|v| broker_form(v, true)).collect()),
        Value::Table(x) => Value::Table(
            x.iter()
                .map(|(k, v)| (broker_form(k, true), broker_form(v, false)))
                .collect(),
        ),
        Value::Vector(x) | Value::List(x) => sequence(all(x)),
        Value::Record(x) => sequence(all(&x.fields)),
        Value::Pattern(x) => sequence(vec![x.exact.clone().into(), x.anywhere.clone().into()]),
        Value::Function(x) => {
            let mut parts = vec![Value::from(&x.name)];
            parts.extend(
                x.captures
                    .as_ref()
                    .map(|captures| Value::Vector(all(captures))),
            );
            sequence(parts)
        }
        Value::Opaque(x) => sequence(vec![Value::from(&x.type_id), broker_form(&x.data, false)]),
        Value::Any(x) => broker_form(x, is_index),
        Value::Double(x) if x.is_subnormal() => Value::Double(0.0_f64.copysign(*x)),
        other => other.clone(),
    }
}

/// Whether nanoseconds make another double of a time inside.
fn has_time(value: &Value) -> bool {
    let text = format!("{value:?}");
    text.contains("Time(") || text.contains("Interval(")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn capnp_carries_everything_exactly(event in event()) {
        let bytes = encode(CAPNP, &event).unwrap();
        prop_assert_eq!(bytes.len() % 8, 0);
        prop_assert_eq!(decode(CAPNP, &bytes), Ok(event));
    }

    #[test]
    fn one_encoder_serves_many_events(events in proptest::collection::vec(event(), 1..6)) {
        let mut encoder = EventEncoder::new();
        for event in &events {
            let bytes = encoder.encode_event(event).unwrap();
            let read = EventMessage::new(bytes).unwrap().event().unwrap().to_event();
            prop_assert_eq!(read.as_ref(), Ok(event));
        }
    }

    #[test]
    fn broker_bin_keeps_the_documented_form(event in event()) {
        let bytes = match encode(BIN, &event) {
            Ok(bytes) => bytes,
            Err(e) => {
                let refused = [EncodeFault::Duplicate, EncodeFault::TimeOutOfRange];
                prop_assert!(refused.contains(&e.fault()), "{}", e);
                return Ok(());
            }
        };
        let read = decode(BIN, &bytes).unwrap();
        for (arg, read) in event.args.iter().zip(&read.args) {
            prop_assert!(has_time(arg) || broker_form(arg, false) == *read, "{:?} {:?}", arg, read);
        }
        // What was cut off once is not cut off again.
        prop_assert_eq!(encode(BIN, &read), Ok(bytes));
    }

    #[test]
    fn broker_json_is_stable_after_the_first_loss(event in event()) {
        let Ok(bytes) = encode(JSON, &event) else { return Ok(()) };
        // Times and reals that JSON cuts off may meet in a set; the encoder refuses that above.
        let read = decode(JSON, &bytes).unwrap();
        let again = encode(JSON, &read).unwrap();
        prop_assert_eq!(
            String::from_utf8_lossy(&again).into_owned(),
            String::from_utf8_lossy(&bytes).into_owned()
        );
        prop_assert_eq!(decode(JSON, &again), Ok(read));
    }

    #[test]
    fn events_for_programs_are_valid_json(event in event()) {
        let mut out = Vec::new();
        event_to_json(&event, &mut out);
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(read["args"].as_array().unwrap().len(), event.args.len());
    }

    #[test]
    fn text_of_any_value_prints(event in event()) {
        for arg in &event.args {
            prop_assert!(!arg.to_string().contains('\n'));
        }
    }
}

#[test]
fn large_event_takes_one_segment() {
    let event = Event::new(
        "e",
        [
            Value::from((0..100_000_u64).collect::<Vec<_>>()),
            "x".into(),
        ],
    );
    let mut encoder = EventEncoder::new();
    let bytes = encoder.encode_event(&event).unwrap();
    assert_eq!(bytes[..4], [0; 4], "number of further segments");
    assert_eq!(decode(CAPNP, bytes).as_ref(), Ok(&event));
    assert!(encoder.held_bytes() > 100_000 * 24);
}

#[test]
fn message_of_many_segments_is_read() {
    let event = Event::new(
        "e",
        [Value::from((0..200_u64).collect::<Vec<_>>()), "x".into()],
    );
    let bytes = encode(CAPNP, &event).unwrap();
    let options = capnp::message::ReaderOptions::new();
    let message = capnp::serialize::read_message(&mut &bytes[..], options).unwrap();
    let root: zeekwire_schema::event_capnp::event::Reader<'_> = message.get_root().unwrap();
    let small = capnp::message::HeapAllocator::new()
        .first_segment_words(1)
        .allocation_strategy(capnp::message::AllocationStrategy::FixedSize);
    let mut builder = capnp::message::Builder::new(small);
    builder.set_root(root).unwrap();
    let segments = builder.get_segments_for_output().len();
    assert!(segments > 3, "{segments}");
    let split = capnp::serialize::write_message_to_words(&builder);
    assert_eq!(decode(CAPNP, &split), Ok(event));
}

#[test]
fn misaligned_bytes_are_copied_once_and_read() {
    let event = Event::new("e", [Value::Count(7)]);
    let bytes = encode(CAPNP, &event).unwrap();
    let mut shifted = vec![0; bytes.len() + 8];
    for shift in 0..8 {
        shifted[shift..shift + bytes.len()].copy_from_slice(&bytes);
        assert_eq!(
            decode(CAPNP, &shifted[shift..shift + bytes.len()]).as_ref(),
            Ok(&event)
        );
    }
}

#[test]
fn depth_is_bounded_in_every_format() {
    let nest = |levels| (0..levels).fold(Value::Unset, |value, _| Value::Vector(vec![value]));
    for format in [CAPNP, BIN, JSON] {
        let event = Event::new("e", [nest(32)]);
        assert_eq!(
            decode(format, &encode(format, &event).unwrap()),
            Ok(event),
            "{format}"
        );
        let error = encode(format, &Event::new("e", [nest(33)])).unwrap_err();
        assert_eq!(error.fault(), EncodeFault::TooDeep);
        assert_eq!(error.path().count(), 33);
    }
    // Tables take the most pointers per level.
    let table = |levels| (0..levels).fold(Value::Unset, |v, _| Value::Table(vec![(v.clone(), v)]));
    let deep = (0..28).fold(table(4), |value, _| {
        Value::Table(vec![(Value::Unset, value)])
    });
    let event = Event::new("e", [deep]);
    for format in [CAPNP, BIN, JSON] {
        assert_eq!(
            decode(format, &encode(format, &event).unwrap()).as_ref(),
            Ok(&event)
        );
    }
}

#[test]
fn what_a_format_cannot_say_is_refused_with_its_place() {
    let refused =
        |format: &str, value: Value| encode(format, &Event::new("e", [value])).unwrap_err();
    let error = refused(BIN, Value::from(vec![Value::Time(1e10)]));
    let text = "broker-bin-v1: args[0][0]: the time does not fit 64 bits of nanoseconds";
    assert_eq!(error.to_string(), text);
    let error = refused(JSON, Value::Double(f64::NAN));
    assert_eq!(error.fault(), EncodeFault::NotFinite);
    let same = Value::set([Value::Vector(vec![]), Value::List(vec![])]).unwrap();
    for format in [BIN, JSON] {
        assert_eq!(
            refused(format, same.clone()).fault(),
            EncodeFault::Duplicate
        );
    }
    let record = zeekwire_types::value::Record {
        fields: vec![],
        names: vec!["a".into()],
    };
    assert_eq!(
        refused(CAPNP, Value::Record(record)).fault(),
        EncodeFault::NameCount
    );
    let huge = Value::String(vec![0; 64 << 20]);
    for format in [CAPNP, BIN, JSON] {
        assert_eq!(
            refused(format, huge.clone()).fault(),
            EncodeFault::TooLarge,
            "{format}"
        );
    }
}
