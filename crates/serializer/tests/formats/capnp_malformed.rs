//! One message for each way in which `capnp-v1` can be wrong.

use capnp::message::Builder;
use zeekwire_buffer::AlignedBytes;
use zeekwire_schema::event_capnp::event;
use zeekwire_schema::value_capnp::value;
use zeekwire_serializer::{EventMessage, Fault};
use zeekwire_types::value::SubnetError;
use zeekwire_types::{Event, Value, args};

use crate::{CAPNP, decode, encode};

/// The fault of a message of these segments.
fn fault_of_segments(segments: &[&[u64]]) -> Fault {
    let mut bytes = u32::try_from(segments.len() - 1)
        .unwrap()
        .to_le_bytes()
        .to_vec();
    for segment in segments {
        bytes.extend(u32::try_from(segment.len()).unwrap().to_le_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(
        segments
            .iter()
            .flat_map(|s| s.iter())
            .flat_map(|word| word.to_le_bytes()),
    );
    fault(&bytes)
}

fn fault(bytes: &[u8]) -> Fault {
    decode(CAPNP, bytes).map_or_else(|e| e.fault(), |event| panic!("{event:?}"))
}

/// The fault of an event whose only argument `fill` writes.
fn fault_of_arg(fill: impl FnOnce(value::Builder<'_>)) -> Fault {
    fault(&message(fill))
}

fn message(fill: impl FnOnce(value::Builder<'_>)) -> Vec<u8> {
    let mut builder = Builder::new_default();
    fill(
        builder
            .init_root::<event::Builder<'_>>()
            .init_args(1)
            .get(0),
    );
    capnp::serialize::write_message_to_words(&builder)
}

/// A pointer to a struct, `offset` words behind the pointer.
const fn struct_pointer(offset: i32, data_words: u16, pointers: u16) -> u64 {
    let offset = (offset << 2) as u32 as u64;
    offset | (data_words as u64) << 32 | (pointers as u64) << 48
}

/// A pointer to a list of structs of `words` words, `offset` words behind the pointer.
const fn list_pointer(offset: i32, words: u32) -> u64 {
    let offset = ((offset << 2) as u32 | 1) as u64;
    offset | 7 << 32 | (words as u64) << 35
}

/// A pointer to the word `word` of segment `segment`.
const fn far_pointer(segment: u32, word: u32, is_double: bool) -> u64 {
    2 | (is_double as u64) << 2 | (word as u64) << 3 | (segment as u64) << 32
}

/// What stands before a list of structs: their number and size.
const fn list_tag(count: u32, data_words: u16, pointers: u16) -> u64 {
    (count as u64) << 2 | (data_words as u64) << 32 | (pointers as u64) << 48
}

/// Numbers of members of the union in a value.
const LIST: u64 = 17;
const ANY: u64 = 20;

/// A root pointer, and an event whose arguments are the list behind it.
const EVENT: [u64; 4] = [struct_pointer(0, 0, 3), 0, 0, 0];

fn event_with_args(pointer: u64, rest: &[u64]) -> Fault {
    let mut words = EVENT.to_vec();
    words[2] = pointer;
    words.extend(rest);
    fault_of_segments(&[&words])
}

#[test]
fn empty_payload_is_refused() {
    assert_eq!(fault(b""), Fault::Truncated);
    assert_eq!(fault(&[0; 4]), Fault::Truncated);
}

#[test]
fn segment_longer_than_the_payload_is_refused() {
    assert_eq!(
        fault(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
        Fault::Truncated
    );
    assert_eq!(fault(&[0, 0, 0, 0, 1, 0, 0, 0]), Fault::Truncated);
}

#[test]
fn more_than_512_segments_are_refused() {
    let mut bytes = 599_u32.to_le_bytes().to_vec();
    bytes.resize(8 * 301, 0);
    assert_eq!(fault(&bytes), Fault::TooManySegments);
    assert!(matches!(
        fault(&[0xff; 64]),
        Fault::TooManySegments | Fault::Truncated
    ));
}

#[test]
fn trailing_bytes_are_refused() {
    for more in [1, 8] {
        let mut bytes = encode(CAPNP, &Event::new("e", [])).unwrap();
        bytes.resize(bytes.len() + more, 0);
        assert_eq!(fault(&bytes), Fault::TrailingBytes);
    }
}

#[test]
fn misaligned_view_is_refused() {
    let bytes = encode(CAPNP, &Event::new("e", [])).unwrap();
    let mut shifted = AlignedBytes::zeroed(bytes.len() + 8);
    shifted[1..=bytes.len()].copy_from_slice(&bytes);
    let error = EventMessage::new(&shifted[1..=bytes.len()])
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.fault(), Fault::Misaligned);
}

#[test]
fn pointer_out_of_the_message_is_refused() {
    assert_eq!(
        fault_of_segments(&[&[struct_pointer(100, 0, 3)]]),
        Fault::OutOfBounds
    );
    assert_eq!(
        fault_of_segments(&[&[struct_pointer(-2, 0, 3)]]),
        Fault::OutOfBounds
    );
    assert_eq!(
        event_with_args(list_pointer(1, 100), &[]),
        Fault::OutOfBounds
    );
}

#[test]
fn far_pointer_to_a_missing_segment_is_refused() {
    assert_eq!(
        fault_of_segments(&[&[far_pointer(9, 0, false)]]),
        Fault::OutOfBounds
    );
}

#[test]
fn far_pointer_loop_is_refused() {
    let fault = fault_of_segments(&[&[far_pointer(1, 0, false)], &[far_pointer(0, 0, false)]]);
    assert_eq!(fault, Fault::BadPointer);
    let fault = fault_of_segments(&[&[far_pointer(0, 0, false)]]);
    assert_eq!(fault, Fault::BadPointer);
    let double = [far_pointer(0, 0, true), far_pointer(0, 0, true)];
    assert_eq!(fault_of_segments(&[&double]), Fault::BadPointer);
}

#[test]
fn struct_that_contains_itself_is_refused() {
    // The value is an `any` whose pointer leads back to the value.
    let fault = event_with_args(
        list_pointer(1, 3),
        &[list_tag(1, 2, 1), ANY, 0, struct_pointer(-3, 2, 1)],
    );
    assert_eq!(fault, Fault::TooDeep);
}

#[test]
fn pointer_amplification_is_refused() {
    // Every element is a list that is the arguments themselves.
    let count = 1000_u32;
    let mut rest = vec![list_tag(count, 2, 1)];
    for i in 0..i32::try_from(count).unwrap() {
        // From the pointer, the third word of element i, back to the tag.
        rest.extend([LIST, 0, list_pointer(-(3 * i + 4), 3 * count)]);
    }
    let fault = event_with_args(list_pointer(1, 3 * count), &rest);
    assert_eq!(fault, Fault::Amplified);
}

#[test]
fn list_of_values_without_size_is_refused() {
    let fault = event_with_args(list_pointer(1, 0), &[list_tag((1 << 29) - 1, 0, 0)]);
    assert_eq!(fault, Fault::Amplified);
    // Few enough to be traversed, but more than the payload pays for.
    let fault = event_with_args(list_pointer(1, 0), &[list_tag(1025, 0, 0)]);
    assert_eq!(fault, Fault::Amplified);
}

#[test]
fn list_of_void_is_refused() {
    let void_list = 1 | 1 << 2 | ((1_u64 << 29) - 1) << 35;
    assert_eq!(event_with_args(void_list, &[0]), Fault::Amplified);
}

#[test]
fn count_bomb_is_refused() {
    let fault = event_with_args(list_pointer(1, 3), &[list_tag(1 << 28, 2, 1), 0, 0, 0]);
    assert_eq!(fault, Fault::BadPointer);
}

#[test]
fn list_of_bits_in_place_of_values_is_refused() {
    let bits = 1 | 1 << 2 | 1 << 32 | 8 << 35;
    assert_eq!(event_with_args(bits, &[0]), Fault::BadPointer);
}

#[test]
fn pointer_of_the_wrong_kind_is_refused() {
    assert_eq!(
        event_with_args(struct_pointer(1, 2, 1), &[0, 0, 0]),
        Fault::BadPointer
    );
    assert_eq!(
        fault_of_segments(&[&[list_pointer(0, 0), 0]]),
        Fault::BadPointer
    );
    let capability = 3;
    assert_eq!(event_with_args(capability, &[]), Fault::BadPointer);
}

#[test]
fn depth_bomb_is_refused() {
    for levels in [33, 34, 200] {
        let fault = fault_of_arg(|slot| {
            let mut slot = slot;
            for _ in 0..levels {
                slot = slot.init_any();
            }
        });
        assert_eq!(fault, Fault::TooDeep, "{levels}");
        let fault = fault_of_arg(|slot| {
            let mut slot = slot;
            for _ in 0..levels {
                slot = slot.init_table().init_keys(1).get(0);
            }
        });
        assert!(
            matches!(fault, Fault::TooDeep | Fault::TableLengths),
            "{levels}: {fault:?}"
        );
    }
}

#[test]
fn unknown_member_is_newer_and_not_damage() {
    let bytes = message(|mut slot| slot.set_count(0x1122));
    let payload = 0x1122_u64.to_le_bytes();
    let at = bytes.windows(8).position(|w| w == payload).unwrap() - 8;
    let mut newer = bytes;
    newer[at..at + 2].copy_from_slice(&999_u16.to_le_bytes());
    let error = decode(CAPNP, &newer).unwrap_err();
    assert!(error.is_newer());
    assert_eq!(
        error.to_string(),
        "capnp-v1: args[0]: sent by a newer version, with something this version does not know"
    );
}

#[test]
fn unknown_port_protocol_is_newer() {
    let mut bytes = message(|slot| slot.init_port().set_number(0x1122));
    let at = bytes.windows(2).position(|w| w == [0x22, 0x11]).unwrap();
    bytes[at + 2] = 4;
    assert_eq!(fault(&bytes), Fault::Newer);
}

#[test]
fn addresses_of_other_lengths_are_refused() {
    assert_eq!(
        fault_of_arg(|mut slot| slot.set_addr(&[1; 5])),
        Fault::AddressLength(5)
    );
    assert_eq!(
        fault_of_arg(|mut slot| slot.set_addr(&[])),
        Fault::AddressLength(0)
    );
    let fault = fault_of_arg(|slot| {
        let mut subnet = slot.init_subnet();
        subnet.set_address(&[10, 0, 0, 0]);
        subnet.set_length(33);
    });
    assert_eq!(fault, Fault::Subnet(SubnetError::TooLong(33)));
}

#[test]
fn mapped_address_is_read_as_ipv4() {
    let mut mapped = [0; 16];
    mapped[10..].copy_from_slice(&[0xff, 0xff, 1, 2, 3, 4]);
    let event = decode(CAPNP, &message(|mut slot| slot.set_addr(&mapped))).unwrap();
    assert_eq!(event.args[0].to_string(), "1.2.3.4");
}

#[test]
fn table_of_unequal_lists_is_refused() {
    let fault = fault_of_arg(|slot| {
        slot.init_table().init_keys(1);
    });
    assert_eq!(fault, Fault::TableLengths);
}

#[test]
fn record_with_too_few_names_is_refused() {
    let fault = fault_of_arg(|slot| {
        let mut record = slot.init_record();
        record.reborrow().init_fields(2);
        record.init_names(1);
    });
    assert_eq!(fault, Fault::NameCount);
}

#[test]
fn duplicates_are_refused() {
    let fault = fault_of_arg(|slot| {
        slot.init_set(2);
    });
    assert_eq!(fault, Fault::DuplicateElement);
    let fault = fault_of_arg(|slot| {
        let mut table = slot.init_table();
        table.reborrow().init_keys(2);
        table.init_values(2);
    });
    assert_eq!(fault, Fault::DuplicateKey);
}

#[test]
fn names_that_are_not_utf8_are_refused() {
    let text = capnp::text::Reader(b"\xff");
    assert_eq!(fault_of_arg(|mut slot| slot.set_enum(text)), Fault::NotUtf8);
    let mut builder = Builder::new_default();
    builder.init_root::<event::Builder<'_>>().set_name(text);
    let bytes = capnp::serialize::write_message_to_words(&builder);
    assert_eq!(fault(&bytes), Fault::NotUtf8);
}

#[test]
fn accessors_name_expected_and_found_type() {
    let bytes = AlignedBytes::copied(&encode(CAPNP, &Event::new("e", args!["x"])).unwrap());
    let message = EventMessage::new(&bytes).unwrap();
    let event = message.event().unwrap();
    assert_eq!(event.arg(0).unwrap().as_string().unwrap(), b"x");
    let error = event.arg(0).unwrap().as_count().unwrap_err();
    assert_eq!(error.to_string(), "capnp-v1: expected count, found string");
    let error = event.arg(1).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "capnp-v1: args[1]: the event has no such argument"
    );
    assert_eq!(event.args().iter().len(), 1);
    let value = event.arg(0).unwrap().to_value(bytes.len()).unwrap();
    assert_eq!(value, Value::from("x"));
}
