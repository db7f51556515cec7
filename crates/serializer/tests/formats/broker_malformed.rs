//! One message for each way in which `broker-bin-v1` can be wrong.

use zeekwire_serializer::{EncodeFault, Fault};
use zeekwire_types::value::SubnetError;
use zeekwire_types::{Event, Value};

use crate::{BIN, decode, encode, hex};

const HEAD: &str = "0e03 020000000000000001 020000000000000001 ";

/// The fault of an event whose only argument is this.
fn fault_of_arg(body: &str) -> Fault {
    fault_of(&format!("{HEAD} 0e02 050165 0e01 {body}"))
}

fn fault_of(bytes: &str) -> Fault {
    decode(BIN, &hex(bytes)).map_or_else(|e| e.fault(), |event| panic!("{event:?}"))
}

#[test]
fn error_names_byte_path_and_fault() {
    let bytes = hex(&format!("{HEAD} 0e02 050165 0e02 00 0d01 0e01 ff 00"));
    let error = decode(BIN, &bytes).unwrap_err();
    let text = "broker-bin-v1: byte 32: args[1].table[0].key[0]: no type has the number 255";
    assert_eq!(error.to_string(), text);
}

#[test]
fn trailing_bytes_are_refused() {
    let mut bytes = encode(BIN, &Event::new("e", [])).unwrap();
    bytes.push(0);
    assert_eq!(
        decode(BIN, &bytes).unwrap_err().fault(),
        Fault::TrailingBytes
    );
}

#[test]
fn unknown_tag_is_refused() {
    assert_eq!(fault_of_arg("0f"), Fault::UnknownTag(15));
}

#[test]
fn duplicate_element_is_refused() {
    assert_eq!(fault_of_arg("0c02 0101 0102"), Fault::DuplicateElement);
    // Sets in a set are the same whatever their order.
    assert_eq!(
        fault_of_arg("0c02 0c02 00 0100 0c02 0100 00"),
        Fault::DuplicateElement
    );
}

#[test]
fn duplicate_key_is_refused() {
    assert_eq!(fault_of_arg("0d02 00 0101 00 0100"), Fault::DuplicateKey);
}

#[test]
fn port_of_an_unknown_protocol_is_refused() {
    assert_eq!(fault_of_arg("08 0050 04"), Fault::PortProtocol(4));
}

#[test]
fn subnet_longer_than_its_address_is_refused() {
    let subnet = "07 00000000000000000000000000000000 81";
    assert_eq!(
        fault_of_arg(subnet),
        Fault::Subnet(SubnetError::TooLong(129))
    );
}

#[test]
fn subnet_keeps_the_bits_that_were_sent() {
    let text = format!("{HEAD} 0e02 050165 0e01 07 00000000000000000000ffff 0a010203 68");
    let bytes = hex(&text);
    let event = decode(BIN, &bytes).unwrap();
    assert_eq!(event.args[0].to_string(), "10.1.2.3/8");
    assert_eq!(encode(BIN, &event), Ok(bytes));
}

#[test]
fn length_of_more_than_five_bytes_is_refused() {
    assert_eq!(fault_of_arg("05 808080808000"), Fault::Varbyte);
    assert_eq!(fault_of_arg("05 ffffffff1f"), Fault::Varbyte);
}

#[test]
fn length_written_longer_than_needed_is_read() {
    let bytes = hex(&format!("{HEAD} 0e02 050165 0e01 05 8180808000 61"));
    assert_eq!(decode(BIN, &bytes).unwrap().args, [Value::from("a")]);
}

#[test]
fn count_bomb_is_refused_at_its_count() {
    for tag in ["0c", "0d", "0e", "05", "0b"] {
        assert_eq!(fault_of_arg(&format!("{tag} ffffffff0f")), Fault::Truncated);
    }
    // Each level claims as much as there is.
    let mut bytes = hex(&format!("{HEAD} 0e02 050165 0e01"));
    for _ in 0..30 {
        bytes.extend(hex("0e ffff3f"));
    }
    bytes.resize(bytes.len() + (1 << 20), 0x0f);
    assert_eq!(
        decode(BIN, &bytes).unwrap_err().fault(),
        Fault::UnknownTag(15)
    );
}

#[test]
fn more_values_than_an_event_may_have_are_refused() {
    let mut bytes = hex(&format!("{HEAD} 0e02 050165 0e01 0e 80 80 80 08"));
    bytes.resize(bytes.len() + (1 << 24), 0);
    let error = decode(BIN, &bytes).unwrap_err();
    assert_eq!(error.fault(), Fault::TooManyValues);
    let event = Event::new("e", [Value::Vector(vec![Value::Unset; 1 << 22])]);
    assert_eq!(
        encode(BIN, &event).unwrap_err().fault(),
        EncodeFault::TooManyValues
    );
}

#[test]
fn depth_bomb_is_refused() {
    assert_eq!(fault_of_arg(&"0e01".repeat(100_000)), Fault::TooDeep);
    assert_eq!(fault_of_arg(&"0c01".repeat(100_000)), Fault::TooDeep);
}

#[test]
fn depth_bomb_behind_the_event_is_refused() {
    let bomb = "0e01".repeat(100_000);
    let bytes = format!("0e04 020000000000000001 020000000000000001 0e02 050165 0e00 {bomb}");
    assert_eq!(fault_of(&bytes), Fault::TooDeep);
}

#[test]
fn enum_that_is_not_utf8_is_refused() {
    assert_eq!(fault_of_arg("0b01 ff"), Fault::NotUtf8);
}

#[test]
fn messages_of_other_shapes_are_told_apart() {
    assert_eq!(fault_of(""), Fault::Truncated);
    assert_eq!(fault_of("00"), Fault::NotAMessage);
    assert_eq!(
        fault_of("0e02 020000000000000001 020000000000000001"),
        Fault::NotAMessage
    );
    assert_eq!(fault_of("0e03 020000000000000002 00 00"), Fault::Version(2));
    let batch = "0e03 020000000000000001 020000000000000005 0e00";
    assert_eq!(fault_of(batch), Fault::MessageType(5));
    assert_eq!(fault_of(&format!("{HEAD} 0e01 050165")), Fault::EventShape);
    assert_eq!(fault_of(&format!("{HEAD} 0e02 00 0e00")), Fault::EventShape);
    assert_eq!(
        fault_of(&format!("{HEAD} 0e02 050165 0c00")),
        Fault::EventShape
    );
    assert_eq!(
        fault_of(&format!("{HEAD} 0e03 050165 0e00 0e01 0e01 00")),
        Fault::MetadataShape
    );
    let stamp = "0e01 0e02 020000000000000001 00";
    assert_eq!(
        fault_of(&format!("{HEAD} 0e03 050165 0e00 {stamp}")),
        Fault::TimestampType
    );
}

#[test]
fn what_newer_versions_append_is_passed_over() {
    let head = "0e04 020000000000000001 020000000000000001";
    let metadata = "0e01 0e03 0200000000000000c8 0101 00";
    let bytes = hex(&format!("{head} 0e04 050165 0e00 {metadata} 0101 0e00"));
    let event = decode(BIN, &bytes).unwrap();
    assert_eq!(
        (event.metadata[0].id, &event.metadata[0].value),
        (200, &Value::Bool(true))
    );
}

#[test]
fn times_survive_reading_and_writing_where_doubles_are_fine_enough() {
    for ns in [
        "0000000000000001",
        "0000000000000003",
        "00000000499602d3",
        "ffffffffffffff01",
    ] {
        for tag in ["09", "0a"] {
            let bytes = hex(&format!("{HEAD} 0e02 050165 0e01 {tag} {ns}"));
            assert_eq!(encode(BIN, &decode(BIN, &bytes).unwrap()), Ok(bytes));
        }
    }
}
