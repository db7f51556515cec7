//! Our reader of `capnp-v1` beside that of the `capnp` crate, on bytes of all kinds.

use capnp::message::{AllocationStrategy, Builder, HeapAllocator};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use zeekwire_buffer::AlignedBytes;
use zeekwire_schema::event_capnp::event as schema;
use zeekwire_schema::value_capnp::value;
use zeekwire_serializer::Fault;
use zeekwire_types::Value;

use crate::generated::{compare, compare_rounds};
use crate::strategies::event;
use crate::vectors::recorded;
use crate::{BIN, CAPNP, decode, encode};

/// A message of these segments.
fn framed(segments: &[Vec<u64>]) -> AlignedBytes {
    let lengths = segments.iter().map(Vec::len);
    let table: Vec<_> = [segments.len() - 1].into_iter().chain(lengths).collect();
    let mut bytes: Vec<u8> = table
        .iter()
        .flat_map(|x| u32::try_from(*x).unwrap().to_le_bytes())
        .collect();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(segments.iter().flatten().flat_map(|x| x.to_le_bytes()));
    AlignedBytes::copied(&bytes)
}

/// The same event in segments of this many words, and more where something does not fit.
fn split(bytes: &[u8], words: u32) -> Vec<Vec<u64>> {
    let read = capnp::serialize::read_message(bytes, capnp::message::ReaderOptions::new());
    let read = read.unwrap();
    let allocator = HeapAllocator::new()
        .first_segment_words(words)
        .allocation_strategy(AllocationStrategy::FixedSize);
    let mut builder = Builder::new(allocator);
    let root: schema::Reader<'_> = read.get_root().unwrap();
    builder.set_root(root).unwrap();
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let segments = builder.get_segments_for_output();
    segments
        .iter()
        .map(|segment| segment.chunks(8).map(word).collect())
        .collect()
}

/// A word that means something: pointers of all kinds to places nearby, members of the union.
fn word() -> impl Strategy<Value = u64> {
    let offset = prop_oneof![4 => -12..12_i32, 1 => any::<i32>()];
    let offset = offset.prop_map(|offset| u64::from((offset << 2).cast_unsigned()));
    let sections = prop_oneof![
        4 => (0..4_u64, 0..4_u64),
        1 => (0..0x10000_u64, 0..0x10000_u64)
    ];
    let sections = sections.prop_map(|(data, pointers)| data << 32 | pointers << 48);
    let count = prop_oneof![6 => 0..20_u64, 1 => 0..2000_u64, 1 => 0..1_u64 << 29];
    prop_oneof![
        1 => Just(0),
        6 => (offset.clone(), sections.clone()).prop_map(|(offset, sections)| offset | sections),
        6 => (offset, 0..8_u64, count.clone())
            .prop_map(|(offset, size, count)| 1 | offset | size << 32 | count << 35),
        3 => (0..12_u64, 0..4_u64, any::<bool>()).prop_map(|(word, segment, is_double)| {
            2 | u64::from(is_double) << 2 | word << 3 | segment << 32
        }),
        // In front of structs in a list.
        3 => (count, sections).prop_map(|(count, sections)| count << 2 | sections),
        4 => (0..24_u64, 0..4_u64).prop_map(|(member, bits)| member | bits << 16),
        1 => any::<u64>(),
        1 => Just(0x0000_6362_3a3a_6141),
    ]
}

/// Changes of words at any places.
fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    let change = prop_oneof![
        (0..64_u32).prop_map(|bit| Change::Flip(1 << bit)),
        word().prop_map(Change::Put),
        any::<Index>().prop_map(Change::Copy),
    ];
    vec((any::<Index>(), change), 0..4)
}

#[derive(Clone, Debug)]
enum Change {
    Flip(u64),
    Put(u64),
    Copy(Index),
}

/// The message with these changes.
fn changed(mut segments: Vec<Vec<u64>>, changes: &[(Index, Change)]) -> AlignedBytes {
    let sizes: Vec<_> = segments.iter().map(Vec::len).collect();
    let mut words: Vec<_> = segments.concat();
    for (place, change) in changes {
        let place = place.index(words.len());
        words[place] = match change {
            Change::Flip(bits) => words[place] ^ bits,
            Change::Put(word) => *word,
            Change::Copy(from) => words[from.index(words.len())],
        };
    }
    for (segment, size) in segments.iter_mut().zip(sizes) {
        *segment = words.drain(..size).collect();
    }
    framed(&segments)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changed_events_read_the_same(event in event(), changes in changes()) {
        let bytes = encode(CAPNP, &event).unwrap();
        let (_, is_whole) = compare(&changed(split(&bytes, 1 << 20), &changes));
        prop_assert!(is_whole || !changes.is_empty());
    }

    #[test]
    fn events_in_segments_read_the_same(
        event in event(),
        words in 1..40_u32,
        changes in changes(),
    ) {
        let bytes = encode(CAPNP, &event).unwrap();
        let segments = split(&bytes, words);
        if segments.len() < 512 {
            let whole = compare(&AlignedBytes::copied(&bytes));
            prop_assert_eq!(compare(&framed(&segments)), whole);
            compare(&changed(segments, &changes));
        }
    }

    #[test]
    fn random_words_read_the_same(segments in vec(vec(word(), 0..40), 1..4)) {
        compare(&framed(&segments));
    }

    #[test]
    fn events_of_random_words_read_the_same(words in vec(word(), 4..60)) {
        // An event, its arguments, and what they lead to, wherever that is.
        let args = 1 | 1 << 2 | 7 << 32 | 9 << 35;
        let mut segment = vec![3 << 48, 0, args, 0, 3 << 2 | 2 << 32 | 1 << 48];
        segment.extend(words);
        compare(&framed(&[segment]));
    }

    #[test]
    fn random_bytes_read_the_same(bytes in vec(any::<u8>(), 0..200)) {
        compare(&AlignedBytes::copied(&bytes));
    }
}

proptest! {
    // Each case reads many times over.
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn budgets_are_spent_alike(event in event(), words in 1..60_u32, changes in changes()) {
        let bytes = encode(CAPNP, &event).unwrap();
        let segments = split(&bytes, words);
        if segments.len() < 512 {
            compare_rounds(&changed(segments, &changes), 200);
        }
        compare_rounds(&changed(split(&bytes, 1 << 20), &changes), 200);
    }
}

#[test]
fn recorded_events_with_any_byte_changed_read_the_same() {
    for (_, bin, _) in recorded() {
        let bytes = encode(CAPNP, &decode(BIN, &bin).unwrap()).unwrap();
        let mut bytes = AlignedBytes::copied(&bytes);
        assert!(compare(&bytes).1);
        let step = bytes.len() / 400 + 1;
        for place in (0..bytes.len()).step_by(step) {
            for change in [0x01, 0x02, 0x04, 0x80, 0xff] {
                bytes[place] ^= change;
                compare(&bytes);
                bytes[place] ^= change;
            }
            compare(&AlignedBytes::copied(&bytes[..place]));
        }
    }
}

/// The arguments that a list pointer with this element size and count, and the words behind it,
/// are read as.
fn args_of(size: u64, count: u64, words: &[u64]) -> Result<Vec<Value>, Fault> {
    // The arguments' pointer is the third word; the list comes behind the event.
    let mut segment = vec![3 << 48, 0, 1 | 1 << 2 | size << 32 | count << 35, 0];
    segment.extend(words);
    let bytes = framed(&[segment]);
    compare(&bytes);
    let decoded = decode(CAPNP, &bytes);
    decoded
        .map(|event| event.args)
        .map_err(|error| error.fault())
}

/// As other versions of the schema might send values: only the first field, or more than is known.
#[test]
fn lists_of_other_shapes_are_read_as_values() {
    let unset = |count| Ok(vec![Value::Unset; count]);
    assert_eq!(args_of(0, 3, &[]), unset(3));
    // One bit is no field at the start of a struct; one byte is not all of the first field.
    assert_eq!(args_of(1, 3, &[0]), Err(Fault::BadPointer));
    assert_eq!(args_of(2, 3, &[0x0001_0203]), unset(3));
    // The union's member; with the bits behind it; with the whole first word.
    let members = vec![Value::Count(0), Value::Unset, Value::Bool(false)];
    assert_eq!(args_of(3, 3, &[0x0001_0000_0002]), Ok(members));
    let bools = vec![Value::Bool(true), Value::Bool(false)];
    assert_eq!(args_of(4, 2, &[0x0000_0001_0001_0001]), Ok(bools));
    let words = vec![Value::Bool(true), Value::Int(0)];
    assert_eq!(args_of(5, 2, &[0x0001_0001, 3]), Ok(words));
    // A pointer alone is that of an unset value.
    assert_eq!(args_of(6, 1, &[0]), unset(1));
    // Structs of one word of data, and of four and two pointers.
    assert_eq!(
        args_of(7, 1, &[1 << 2 | 1 << 32, 2]),
        Ok(vec![Value::Count(0)])
    );
    let string = 1 | 1 << 2 | 2 << 32 | 3 << 35;
    let longer = [
        1 << 2 | 4 << 32 | 2 << 48,
        7,
        0,
        99,
        99,
        string,
        99,
        0x0063_6261,
    ];
    assert_eq!(args_of(7, 7, &longer), Ok(vec![Value::from("abc")]));
}

/// A number that is too small for the id of metadata is none, whatever it is.
#[test]
fn metadata_of_other_shapes_is_read_the_same() {
    for size in 0..8 {
        let list = 1 | 1 << 2 | size << 32 | 1 << 35;
        for word in [0, 7, 0x0001_0002, 1 << 2 | 1 << 48, 1 << 2 | 1 << 32] {
            compare(&framed(&[vec![
                3 << 48,
                0,
                0,
                list & !(1 << 2),
                word,
                5,
                0,
            ]]));
        }
    }
}

#[test]
fn pointers_are_followed_as_deep() {
    for levels in [40, 49, 50, 51, 52, 53, 100, 101, 102, 103, 104, 105] {
        let fills: [fn(value::Builder<'_>) -> value::Builder<'_>; 3] = [
            |slot| slot.init_any(),
            |slot| slot.init_vector(1).get(0),
            |slot| slot.init_opaque().init_data(),
        ];
        for fill in fills {
            let mut builder = Builder::new_default();
            let mut slot = builder
                .init_root::<schema::Builder<'_>>()
                .init_args(1)
                .get(0);
            for _ in 0..levels {
                slot = fill(slot);
            }
            let bytes = capnp::serialize::write_message_to_words(&builder);
            compare(&AlignedBytes::copied(&bytes));
        }
    }
}

/// Far pointers whose landing pads and targets are at the very end of a segment, and behind it.
#[test]
fn far_pointers_end_alike() {
    let value = [1 << 2 | 2 << 32 | 1 << 48, 2, 9, 0];
    for place in 0..8 {
        for is_double in [0, 1 << 2] {
            let far = 2 | is_double | place << 3 | 1 << 32;
            let event = vec![3 << 48, 0, far, 0];
            for target in 0..7 {
                let landing = 2 | target << 3 | 2 << 32;
                let tag = 1 | 7 << 32 | 3 << 35;
                for pad in [
                    vec![landing, tag],
                    vec![0, landing, tag],
                    vec![landing],
                    vec![tag],
                ] {
                    let pad = pad.into_iter().chain(value).collect();
                    compare(&framed(&[event.clone(), pad, value.to_vec()]));
                }
                let pads = vec![0, landing, tag];
                compare(&framed(&[event.clone(), pads, value.to_vec()]));
            }
        }
    }
}
