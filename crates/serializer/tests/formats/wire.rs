//! The bytes of a few events, which must never change.

use std::net::IpAddr;

use zeekwire_types::value::{Function, Port};
use zeekwire_types::{Event, Metadata, Value, args};

use crate::{BIN, CAPNP, JSON, encode};

/// Sixteen bytes a line: offset, hexadecimal, text.
fn hexdump(bytes: &[u8]) -> String {
    let line = |(i, line): (usize, &[u8])| {
        let hex: Vec<_> = line.chunks(8).map(hex_of).collect();
        let shown = |b: &u8| {
            if (b' '..=b'~').contains(b) {
                char::from(*b)
            } else {
                '.'
            }
        };
        let text: String = line.iter().map(shown).collect();
        format!("{:04x}  {:35}  {text}\n", i * 16, hex.join("  "))
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn dump(event: &Event) -> String {
    let one = |format| {
        let bytes = encode(format, event).unwrap();
        format!("{format}, {} bytes\n{}", bytes.len(), hexdump(&bytes))
    };
    [CAPNP, BIN, JSON].map(one).join("\n")
}

/// The five arguments by which sizes are compared.
fn five_args() -> Event {
    let address = IpAddr::from([192, 168, 1, 17]);
    Event::new(
        "Test::five",
        args![42_u64, address, Port::tcp(443), "twenty bytes of text", 0.5],
    )
}

#[test]
fn event_of_five_arguments() {
    insta::assert_snapshot!(dump(&five_args()));
}

#[test]
fn event_of_scalars_with_metadata() {
    let mut event = Event::new("Test::scalars", args![(), true, -1, Port::udp(53)]);
    event.args.extend([
        Value::Time(1.5),
        Value::Interval(-0.25),
        Value::enumeration("A::B"),
        Value::pattern("x"),
        Value::Addr("2001:db8::1".parse().unwrap()),
        Value::Subnet("10.0.0.0/8".parse().unwrap()),
        Value::Subnet("2001:db8::/32".parse().unwrap()),
    ]);
    event.metadata.push(Metadata {
        id: Metadata::NETWORK_TIMESTAMP,
        value: Value::Time(2.0),
    });
    insta::assert_snapshot!(dump(&event));
}

#[test]
fn event_of_containers() {
    let key = Value::list(args![1_u64, "k"]);
    let closure = Function {
        name: "lambda_<1>".into(),
        captures: Some(args![5_u64].into()),
    };
    let opaque = zeekwire_types::value::Opaque {
        type_id: "T".into(),
        data: Box::new(Value::Count(1)),
    };
    let event = Event::new(
        "Test::containers",
        args![
            Value::set([1_u64, 2]).unwrap(),
            Value::table([(key, true)]).unwrap(),
            Value::record([("a", Value::Count(1)), ("b", Value::Unset)]),
            Value::record_unnamed([Value::Count(1)]),
            [Some(1_u64), None],
            closure,
            opaque,
            Value::any("x"),
        ],
    );
    insta::assert_snapshot!(dump(&event));
}
