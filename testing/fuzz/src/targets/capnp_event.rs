//! `capnp-v1`: views of any bytes, beside the generated code, and owned events out of them.

#[path = "../../../../crates/serializer/tests/formats/generated.rs"]
mod generated;

use zeekwire_buffer::AlignedBytes;
use zeekwire_serializer::capnp_v1::CapnpV1;
use zeekwire_serializer::capnp_v1::view::ValueList;
use zeekwire_serializer::{
    DecodeError, EventEncoder, EventMessage, EventSerializer, Fault, ValueRef, ValueView,
};

use super::broker_bin::{check_stability, usable};

/// Compares with the generated code, walks through all views, decodes aligned and misaligned, and
/// encodes again.
pub fn capnp_event(data: &[u8]) {
    let aligned = AlignedBytes::copied(data);
    generated::compare(&aligned);
    let walked = EventMessage::new(&aligned).and_then(|message| walk(&message));
    let decoded = CapnpV1.decode(&aligned);
    let shifted = AlignedBytes::copied(&[&[0][..], data].concat());
    let misaligned = &shifted[1..];
    if !data.is_empty() {
        let refused = EventMessage::new(misaligned).map(|_| ());
        assert_eq!(
            refused.map_err(|error| error.fault()),
            Err(Fault::Misaligned)
        );
    }
    assert_eq!(CapnpV1.decode(misaligned), decoded);
    let Ok(event) = decoded else { return };
    let values = walked.unwrap_or_else(|error| panic!("copied what no view shows: {error}"));
    assert!(values >= event.args.len() + event.metadata.len());
    usable(&event);
    let mut encoder = EventEncoder::new();
    let bytes = encoder
        .encode_event(&event)
        .expect("it carries all events")
        .to_vec();
    assert!(bytes.len().is_multiple_of(8));
    assert_eq!(
        encoder.encode_event(&event),
        Ok(&bytes[..]),
        "a used encoder writes the same"
    );
    if event.metadata.iter().all(|entry| entry.id != 1) {
        for name in ["broker-bin-v1", "broker-json-v1"] {
            let format = zeekwire_serializer::by_name(name).expect("it is built in");
            if format.encode(&event, &mut Vec::new()).is_ok() {
                check_stability(format, &event);
            }
        }
    }
}

/// Looks at everything that an event holds. Returns how many values that are.
fn walk(message: &EventMessage<'_>) -> Result<usize, DecodeError> {
    let event = message.event()?;
    let mut values = walk_list(event.args())?;
    assert!(event.arg(event.args().len()).is_err());
    for entry in event.metadata() {
        values += walk_value(entry?.1)?;
    }
    assert!(event.name().len() <= usize::MAX / 2);
    Ok(values)
}

fn walk_list(list: ValueList<'_>) -> Result<usize, DecodeError> {
    assert!(list.get(list.len()).is_none());
    let mut values = 0;
    for value in list.iter() {
        values += walk_value(value)?;
    }
    Ok(values)
}

fn walk_value(value: ValueView<'_>) -> Result<usize, DecodeError> {
    let inside = match value.read()? {
        ValueRef::Set(x) | ValueRef::Vector(x) | ValueRef::List(x) => walk_list(x)?,
        ValueRef::Table(keys, values) => {
            assert_eq!(keys.len(), values.len());
            walk_list(keys)? + walk_list(values)?
        }
        ValueRef::Record(record) => {
            for at in 0..record.fields().len() {
                assert_eq!(record.name(at)?.is_some(), record.has_names());
            }
            walk_list(record.fields())?
        }
        ValueRef::Function(_, captures) => captures.map_or(Ok(0), walk_list)?,
        ValueRef::Opaque(_, data) => walk_value(data)?,
        ValueRef::Any(inside) => walk_value(inside)?,
        scalar => {
            assert!(!scalar.type_name().is_empty());
            0
        }
    };
    Ok(1 + inside)
}
