//! Events put value by value, against events encoded whole.

use proptest::prelude::*;
use zeekwire_serializer::{EncodeFault, EventEncoder, EventMessage, StreamEncoder};
use zeekwire_types::limits::{PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{Function, Opaque, Pattern, Port, PortProtocol, Record};
use zeekwire_types::{Event, Metadata, Value};

use crate::strategies::event;

fn put_event(encoder: &mut StreamEncoder, event: &Event) {
    encoder.begin(&event.name, event.args.len(), event.metadata.len());
    event.args.iter().for_each(|value| put(encoder, value));
    for entry in &event.metadata {
        encoder.put_metadata(entry.id);
        put(encoder, &entry.value);
    }
}

fn put(encoder: &mut StreamEncoder, value: &Value) {
    match value {
        Value::Unset => encoder.put_unset(),
        Value::Bool(x) => encoder.put_bool(*x),
        Value::Count(x) => encoder.put_count(*x),
        Value::Int(x) => encoder.put_int(*x),
        Value::Double(x) => encoder.put_double(*x),
        Value::Time(x) => encoder.put_time(*x),
        Value::Interval(x) => encoder.put_interval(*x),
        Value::String(x) => encoder.put_string(x),
        Value::Pattern(x) => encoder.put_pattern(&x.exact, &x.anywhere),
        Value::Enum(x) => encoder.put_enum(x),
        Value::Port(x) => encoder.put_port(*x),
        Value::Addr(x) => encoder.put_addr(*x),
        Value::Subnet(x) => encoder.put_subnet(x),
        _ => put_container(encoder, value),
    }
}

fn put_container(encoder: &mut StreamEncoder, value: &Value) {
    let elements: &[Value] = match value {
        Value::Set(x) => {
            encoder.put_set(x.len());
            x
        }
        Value::Vector(x) => {
            encoder.put_vector(x.len());
            x
        }
        Value::List(x) => {
            encoder.put_list(x.len());
            x
        }
        Value::Function(Function { name, captures }) => {
            encoder.put_function(name, captures.as_ref().map(Vec::len));
            captures.as_deref().unwrap_or_default()
        }
        Value::Opaque(Opaque { type_id, data }) => {
            encoder.put_opaque(type_id);
            std::slice::from_ref(data)
        }
        Value::Any(x) => {
            encoder.put_any();
            std::slice::from_ref(x)
        }
        Value::Table(x) => {
            encoder.put_table(x.len());
            for (key, value) in x {
                put(encoder, key);
                put(encoder, value);
            }
            return;
        }
        Value::Record(Record { fields, names }) => {
            encoder.put_record(fields.len(), !names.is_empty());
            for (i, field) in fields.iter().enumerate() {
                names
                    .get(i)
                    .into_iter()
                    .for_each(|name| encoder.put_field_name(name));
                put(encoder, field);
            }
            return;
        }
        other => panic!("{other:?} was put already"),
    };
    elements.iter().for_each(|value| put(encoder, value));
}

fn streamed(event: &Event) -> Vec<u8> {
    let mut encoder = StreamEncoder::new();
    put_event(&mut encoder, event);
    encoder.finish().unwrap().to_vec()
}

/// Whether the streamed bytes lie in another order: keys are put between values, and names too.
fn is_interleaved(event: &Event) -> bool {
    let text = format!("{event:?}");
    text.contains("Table([(") || text.contains("names: [\"")
}

/// Bytes by which the streamed event is smaller: each record's, for the name of its type.
fn spared_bytes(event: &Event) -> usize {
    // Debug text escapes quotes, so no string of a value can look like this.
    format!("{event:?}")
        .matches("Record(Record { fields: ")
        .count()
        * 8
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn event_put_in_order_is_the_event(events in proptest::collection::vec(event(), 1..5)) {
        let mut stream = StreamEncoder::new();
        let mut whole = EventEncoder::new();
        for event in &events {
            put_event(&mut stream, event);
            let bytes = stream.finish().unwrap();
            let read = EventMessage::new(bytes).unwrap().event().unwrap().to_event();
            prop_assert_eq!(read.as_ref(), Ok(event));
            let expected = whole.encode_event(event).unwrap();
            let spared = spared_bytes(event);
            prop_assert_eq!(bytes.len() + spared, expected.len());
            prop_assert!(
                spared > 0 || is_interleaved(event) || bytes == expected,
                "{}", event
            );
        }
    }

    /// Calls in any order end in a payload that can be read, or in a fault.
    #[test]
    fn calls_in_any_order_never_panic(calls in proptest::collection::vec(0..25_u8, 0..60)) {
        let mut encoder = StreamEncoder::new();
        for (i, call) in calls.iter().enumerate() {
            call_by_number(&mut encoder, *call, i % 4);
        }
        if let Ok(bytes) = encoder.finish() {
            prop_assert!(EventMessage::new(bytes).unwrap().event().unwrap().to_event().is_ok());
        }
    }
}

fn call_by_number(encoder: &mut StreamEncoder, number: u8, count: usize) {
    match number {
        0 => encoder.begin("a", count, count / 2),
        1 => encoder.put_metadata(1),
        2 => encoder.put_unset(),
        3 => encoder.put_bool(true),
        4..8 => encoder.put_count(1),
        8 => encoder.put_string(b"twelve bytes"),
        9 => encoder.put_enum("A::B"),
        10 => encoder.put_port(Port::tcp(80)),
        11 => encoder.put_pattern(b"a", b"b"),
        12 => encoder.put_list(count),
        13 => encoder.put_vector(count),
        14 => encoder.put_table(0),
        15 => encoder.put_record(count, false),
        16 => encoder.put_record(count, true),
        17 => encoder.put_field_name("f"),
        18 => encoder.put_function("f", (count > 0).then_some(count)),
        19 => encoder.put_opaque("O"),
        20 => encoder.put_any(),
        21 => encoder.put_ordered_set(count),
        22 => encoder.put_ordered_table(count),
        23 => encoder.put_typed_record("m::R", count, count > 1),
        _ => drop(encoder.finish()),
    }
}

/// Every member of the union alone, so that one in a wrong place cannot hide.
#[test]
fn each_type_has_the_bytes_of_the_whole_encoder() {
    let scalars = [
        Value::Unset,
        Value::Bool(false),
        Value::Bool(true),
        Value::Count(u64::MAX),
        Value::Int(i64::MIN),
        Value::Double(f64::from_bits(0x7ff8_0000_dead_beef)),
        Value::Time(-0.0),
        Value::Interval(f64::NEG_INFINITY),
        Value::from(""),
        Value::from("seven b"),
        Value::from("eight by"),
        Value::enumeration(""),
        Value::enumeration("seven b"),
        Value::enumeration("eight by"),
        Value::Port(Port::new(u16::MAX, PortProtocol::Icmp)),
        Value::Port(Port::new(0, PortProtocol::Unknown)),
        Value::Addr([1, 2, 3, 4].into()),
        Value::Addr("::ffff:1.2.3.4".parse().unwrap()),
        Value::Addr("2001:db8::1".parse().unwrap()),
        Value::Subnet("10.0.0.0/8".parse().unwrap()),
        Value::Subnet("2001:db8::/32".parse().unwrap()),
        Value::Pattern(Pattern {
            exact: b"^?(x)$?".to_vec(),
            anywhere: Vec::new(),
        }),
    ];
    let elements = || scalars[..9].to_vec();
    let containers = [
        Value::Set(elements()),
        Value::Set(Vec::new()),
        Value::Vector(elements()),
        Value::List(elements()),
        Value::Table(Vec::new()),
        Value::Function(Function {
            name: "f".into(),
            captures: None,
        }),
        Value::Function(Function {
            name: "f".into(),
            captures: Some(Vec::new()),
        }),
        Value::Function(Function {
            name: "f".into(),
            captures: Some(elements()),
        }),
        Value::Opaque(Opaque {
            type_id: "T".into(),
            data: Box::new(Value::Vector(elements())),
        }),
        Value::any(Value::any(Value::Vector(Vec::new()))),
    ];
    for value in scalars.iter().chain(&containers) {
        let mut event = Event::new("m::e", [value.clone(), Value::Count(1)]);
        event.metadata.push(Metadata {
            id: 1,
            value: value.clone(),
        });
        let expected = EventEncoder::new().encode_event(&event).unwrap().to_vec();
        assert_eq!(streamed(&event), expected, "{value:?}");
    }
}

#[test]
fn order_is_told_of_sets_and_tables_that_have_one() {
    let mut encoder = StreamEncoder::new();
    encoder.begin("e", 6, 0);
    for count in [2, 0] {
        encoder.put_ordered_set(count);
        (0..count).for_each(|i| encoder.put_count(9 - i as u64));
        encoder.put_ordered_table(count);
        (0..2 * count).for_each(|i| encoder.put_count(9 - i as u64));
    }
    encoder.put_set(1);
    encoder.put_ordered_set(0);
    encoder.put_table(0);
    let message = EventMessage::new(encoder.finish().unwrap()).unwrap();
    let event = message.event().unwrap();
    let ordered: Vec<_> = event.args().iter().map(|arg| arg.is_ordered()).collect();
    assert_eq!(ordered, [true, true, true, true, false, false]);
    let elements = event.arg(4).unwrap().as_set().unwrap();
    assert!(elements.get(0).unwrap().is_ordered(), "a set in a set");
    let count = Value::Count;
    let entries = vec![(count(9), count(8)), (count(7), count(6))];
    let nothing = || Value::Set(Vec::new());
    let expected = [
        Value::Set(vec![count(9), count(8)]),
        Value::Table(entries),
        nothing(),
        Value::Table(Vec::new()),
        Value::Set(vec![nothing()]),
        Value::Table(Vec::new()),
    ];
    let read = event.to_event().unwrap();
    assert_eq!(read.args, expected);
    assert_eq!(
        format!("{:?}", read.args),
        format!("{expected:?}"),
        "in order"
    );
}

#[test]
fn record_has_the_name_of_its_type_where_it_was_put() {
    let mut encoder = StreamEncoder::new();
    encoder.begin("e", 4, 0);
    encoder.put_typed_record("m::R", 1, true);
    encoder.put_field_name("a");
    encoder.put_count(1);
    encoder.put_typed_record("m::Empty", 0, true);
    encoder.put_typed_record("", 1, false);
    encoder.put_count(2);
    encoder.put_record(1, false);
    encoder.put_count(3);
    let message = EventMessage::new(encoder.finish().unwrap()).unwrap();
    let event = message.event().unwrap();
    let type_name = |i| event.arg(i).unwrap().as_record().unwrap().type_name();
    let names: [_; 4] = std::array::from_fn(type_name);
    assert_eq!(names, ["m::R", "m::Empty", "", ""]);
    let expected = [
        Value::record([("a", Value::Count(1))]),
        Value::record_unnamed([]),
        Value::record_unnamed([Value::Count(2)]),
        Value::record_unnamed([Value::Count(3)]),
    ];
    assert_eq!(event.to_event().unwrap().args, expected);
}

/// A record without the name of its type is as small as before records had one.
#[test]
fn plain_record_pays_nothing_for_type_names() {
    let bytes_of = |put: fn(&mut StreamEncoder)| {
        let mut encoder = StreamEncoder::new();
        encoder.begin("e", 1, 0);
        put(&mut encoder);
        encoder.finish().unwrap().len()
    };
    // What a list has, and a struct of two pointers.
    let list = bytes_of(|e| e.put_list(0));
    assert_eq!(bytes_of(|e| e.put_record(0, false)), list + 2 * 8);
    assert_eq!(
        bytes_of(|e| e.put_typed_record("seven b", 0, false)),
        list + (3 + 1) * 8
    );
}

/// Does calls on an event of two arguments and one metadata, and sees that they end in a fault.
fn refused(fault: EncodeFault, place: &str, calls: impl FnOnce(&mut StreamEncoder)) {
    let mut encoder = StreamEncoder::new();
    encoder.begin("e", 2, 1);
    calls(&mut encoder);
    let error = encoder.finish().unwrap_err();
    assert_eq!(encoder.finish().unwrap_err(), error, "it sticks");
    assert_eq!(error.fault(), fault);
    let place = format!("capnp-v1: {place}");
    assert!(
        error.to_string().starts_with(&place),
        "{error} starts with {place}"
    );
}

#[test]
fn missing_and_extra_values_are_faults() {
    refused(EncodeFault::MissingValues, "args[0]: ", |_| ());
    refused(
        EncodeFault::MissingValues,
        "args[1].table[0].value: ",
        |e| {
            e.put_count(1);
            e.put_table(2);
            e.put_count(1);
        },
    );
    refused(EncodeFault::MissingValues, "metadata[0].data: ", |e| {
        e.put_count(1);
        e.put_count(1);
        e.put_metadata(1);
        e.put_opaque("T");
    });
    refused(EncodeFault::ExtraValue, "more values", |e| {
        e.put_count(1);
        e.put_count(1);
        e.put_metadata(1);
        e.put_count(1);
        e.put_count(1);
    });
    let mut encoder = StreamEncoder::default();
    assert_eq!(encoder.finish().unwrap_err().fault(), EncodeFault::NoEvent);
    encoder.put_count(1);
    assert_eq!(encoder.finish().unwrap_err().fault(), EncodeFault::NoEvent);
}

#[test]
fn names_and_ids_are_due_where_they_were_announced() {
    refused(
        EncodeFault::MissingFieldName,
        "args[0][0].any.fields[1]: ",
        |e| {
            e.put_list(2);
            e.put_any();
            e.put_record(2, true);
            e.put_field_name("a");
            e.put_count(1);
            e.put_count(1);
        },
    );
    refused(EncodeFault::StrayFieldName, "args[0]: ", |e| {
        e.put_field_name("a")
    });
    refused(EncodeFault::StrayFieldName, "args[0].fields[0]: ", |e| {
        e.put_record(1, true);
        e.put_field_name("a");
        e.put_field_name("b");
    });
    refused(EncodeFault::StrayMetadata, "args[0].captures[1]: ", |e| {
        e.put_function("f", Some(2));
        e.put_unset();
        e.put_metadata(1);
    });
    refused(EncodeFault::MissingMetadataId, "metadata[0]: ", |e| {
        e.put_count(1);
        e.put_count(1);
        e.put_count(1);
    });
}

#[test]
fn host_may_refuse_a_value_and_counts_have_a_limit() {
    refused(EncodeFault::NotUtf8, "args[1]: ", |e| {
        e.put_count(1);
        e.refuse(EncodeFault::NotUtf8);
        e.put_count(1);
    });
    refused(EncodeFault::TooLarge, "args[0]: ", |e| {
        e.put_vector(usize::MAX)
    });
    refused(EncodeFault::TooLarge, "args[0]: ", |e| {
        e.put_table(usize::MAX)
    });
    refused(EncodeFault::TooLarge, "args[0]: ", |e| {
        e.put_record(usize::MAX, true)
    });
    refused(EncodeFault::TooLarge, "args[0]: ", |e| {
        e.put_function("f", Some(usize::MAX))
    });
    let mut encoder = StreamEncoder::new();
    encoder.begin("e", usize::MAX, 0);
    assert_eq!(encoder.finish().unwrap_err().fault(), EncodeFault::TooLarge);
    encoder.begin("e", 0, usize::MAX);
    assert_eq!(encoder.finish().unwrap_err().fault(), EncodeFault::TooLarge);
}

#[test]
fn fault_ends_with_the_next_event() {
    let mut encoder = StreamEncoder::new();
    encoder.begin("e", 1, 0);
    encoder.put_record(1, true);
    assert!(encoder.finish().is_err());
    encoder.begin("e", 0, 0);
    assert_eq!(encoder.fault(), None);
    let bytes = encoder.finish().unwrap();
    assert_eq!(
        EventMessage::new(bytes).unwrap().event().unwrap().name(),
        "e"
    );
}

#[test]
fn containers_nest_as_deep_as_readers_follow() {
    let put_nested = |depth, last: fn(&mut StreamEncoder)| {
        let mut encoder = StreamEncoder::new();
        encoder.begin("e", 1, 0);
        (0..depth).for_each(|_| encoder.put_list(1));
        last(&mut encoder);
        let bytes = encoder.finish()?.to_vec();
        let message = zeekwire_buffer::AlignedBytes::copied(&bytes);
        let event = EventMessage::new(&message).unwrap();
        assert!(event.event().unwrap().to_event().is_ok());
        Ok(())
    };
    let fault = |depth, last| {
        put_nested(depth, last).map_err(|e: zeekwire_serializer::EncodeError| e.fault())
    };
    assert_eq!(fault(VALUE_DEPTH_MAX, |e| e.put_count(1)), Ok(()));
    for last in [
        |e: &mut StreamEncoder| e.put_list(0),
        |e: &mut StreamEncoder| e.put_pattern(b"", b""),
        |e: &mut StreamEncoder| e.put_function("f", None),
    ] {
        assert_eq!(fault(VALUE_DEPTH_MAX - 1, last), Ok(()));
        assert_eq!(fault(VALUE_DEPTH_MAX, last), Err(EncodeFault::TooDeep));
    }
}

#[test]
fn payload_is_bounded_and_memory_is_given_back() {
    let mut encoder = StreamEncoder::new();
    let half = vec![1_u8; PAYLOAD_BYTES_MAX / 2];
    encoder.begin("e", 2, 0);
    encoder.put_string(&half);
    encoder.put_string(&half);
    let error = encoder.finish().unwrap_err();
    assert_eq!(error.fault(), EncodeFault::TooLarge);
    assert!(error.to_string().contains("args[1]: "));
    // Segment table, root, event, name, tag, two values.
    encoder.begin("e", 2, 0);
    encoder.put_string(&half);
    encoder.put_string(&half[(1 + 1 + 3 + 1 + 1 + 6) * 8..]);
    assert_eq!(encoder.finish().map(<[u8]>::len), Ok(PAYLOAD_BYTES_MAX));
    assert!(encoder.held_bytes() <= PAYLOAD_BYTES_MAX);
    for _ in 0..1000 {
        encoder.begin("e", 0, 0);
        encoder.finish().unwrap();
    }
    assert!(encoder.held_bytes() < 64 * 1024);
}
