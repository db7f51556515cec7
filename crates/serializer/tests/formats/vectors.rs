//! What a real Zeek sent decodes, and encodes to the same bytes.

use zeekwire_types::value::{Pattern, Port, Subnet};
use zeekwire_types::{Event, Metadata, Value, args};

use crate::{BIN, CAPNP, JSON, decode, encode, hex};

/// The recorded events: the script's expression, and the bytes of both formats.
pub(crate) fn recorded() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let text = include_str!("../vectors/events.json");
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let latin1 = |text: &str| {
        text.chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect()
    };
    let vectors = file["vectors"].as_array().unwrap();
    let one = |vector: &serde_json::Value| {
        let text = |key: &str| vector[key].as_str().unwrap();
        (
            text("publish").to_owned(),
            hex(text(BIN)),
            latin1(text(JSON)),
        )
    };
    vectors.iter().map(one).collect()
}

fn event_of(expression: &str) -> Event {
    let found = recorded()
        .into_iter()
        .find(|(publish, ..)| publish.starts_with(expression));
    decode(BIN, &found.unwrap().1).unwrap()
}

#[test]
fn every_recorded_event_survives_both_formats_byte_for_byte() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 24);
    for (publish, bin, json) in recorded {
        let from_bin = decode(BIN, &bin).unwrap_or_else(|e| panic!("{publish}: {e}"));
        assert_eq!(encode(BIN, &from_bin).unwrap(), bin, "{publish}");
        let from_json = decode(JSON, &json).unwrap_or_else(|e| panic!("{publish}: {e}"));
        let again = encode(JSON, &from_json).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&again),
            String::from_utf8_lossy(&json),
            "{publish}"
        );
        // JSON cuts off, so only from binary to JSON is the same.
        // Opaque values were seeded at random each time they were sent.
        if !publish.starts_with("e_opaque") {
            assert!(encode(JSON, &from_bin).unwrap() == json, "{publish}");
        }
        let capnp = encode(CAPNP, &from_bin).unwrap();
        assert_eq!(decode(CAPNP, &capnp).as_ref(), Ok(&from_bin), "{publish}");
        assert!(publish.starts_with(from_bin.name.trim_start_matches("Vec::")));
    }
}

#[test]
fn recorded_values_are_what_the_script_says() {
    assert_eq!(event_of("e_none").args, []);
    assert_eq!(event_of("e_bool").args, args![true, false]);
    assert_eq!(event_of("e_count").args, args![0_u64, u64::MAX]);
    assert_eq!(event_of("e_int").args, args![i64::MIN, i64::MAX]);
    assert_eq!(
        event_of("e_double").args,
        args![0.0, -1.5, 1e300, std::f64::consts::PI]
    );
    let times = [Value::Time(0.0), Value::Time(1768867200.123457)];
    assert_eq!(event_of("e_time").args, times);
    let intervals = [
        Value::Interval(0.0),
        Value::Interval(90.0),
        Value::Interval(-2e-6),
    ];
    assert_eq!(event_of("e_interval").args, intervals);
    assert_eq!(
        event_of("e_string").args,
        args!["", "hello", b"nul\x00 high\xff\xfe utf8 \xc3\xa9"]
    );
    let ports: Vec<Port> = ["0/?", "80/tcp", "53/udp", "8/icmp"]
        .map(|p| p.parse().unwrap())
        .into();
    assert_eq!(event_of("e_port").args, ports.map_values());
    let nets: Vec<Subnet> = ["10.0.0.0/8", "2001:db8::/32"]
        .map(|n| n.parse().unwrap())
        .into();
    assert_eq!(event_of("e_subnet").args, nets.map_values());
    let names = ["Vec::RED", "Vec::BLUE", "tcp"].map(Value::enumeration);
    assert_eq!(event_of("e_enum").args, names);
    let Value::Pattern(Pattern { exact, anywhere }) = Value::pattern("foo|bar.*") else {
        panic!("not a pattern")
    };
    assert_eq!(event_of("e_pattern").args, [Value::from([exact, anywhere])]);
    let set = event_of("e_set, set(1").args[2].to_string();
    assert_eq!(set, "{[::1, 53/udp], [1.2.3.4, 80/tcp]}");
    let table = event_of("e_table").args[1].to_string();
    assert_eq!(table, "{[1.2.3.4, 80/tcp] = [7, seven, <uninitialized>]}");
}

trait MapValues {
    fn map_values(self) -> Vec<Value>;
}

impl<T: Into<Value>> MapValues for Vec<T> {
    fn map_values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

/// The bytes of one value, through an event around it.
fn check_value(value: Value, bytes: &str) {
    let body = hex(bytes);
    let mut message = hex("0e03 020000000000000001 020000000000000001 0e02 050165 0e01");
    message.extend(&body);
    let event = Event::new("e", [value]);
    assert_eq!(encode(BIN, &event).as_ref(), Ok(&message), "{event:?}");
    assert_eq!(decode(BIN, &message), Ok(event));
}

#[test]
fn worked_examples_of_values_hold() {
    let net = |text: &str| Value::Subnet(text.parse().unwrap());
    check_value(Value::Unset, "00");
    check_value(Value::Set(vec![]), "0c00");
    check_value(Value::Table(vec![]), "0d00");
    check_value(Value::Vector(vec![]), "0e00");
    check_value(Value::Set(vec![Value::Unset]), "0c 01 00");
    check_value(Value::Vector(vec![Value::Unset]), "0e 01 00");
    check_value(Value::Set(args![1_u64].into()), "0c01 02 0000000000000001");
    check_value(Value::Set(args![1_i64].into()), "0c01 03 0000000000000001");
    check_value(Value::Count(0x0102_0304_0506_0708), "02 0102030405060708");
    check_value(Value::Double(2.5), "04 4004000000000000");
    check_value(
        Value::from(["hello", "broker"]),
        "0e02 05 05 68656c6c6f 05 06 62726f6b6572",
    );
    check_value(
        Value::table([("k1", "v1"), ("k2", "v2")]).unwrap(),
        "0d02 05026b31 05027631 05026b32 05027632",
    );
    check_value(
        Value::vector(args![true, "abc", [1_i64, 2]]),
        "0e03 0101 0503616263 0e02 030000000000000001 030000000000000002",
    );
    check_value(Value::Int(-1_234_567_890), "03 ffffffffb669fd2e");
    check_value(
        Value::Addr([192, 168, 9, 8].into()),
        "06 00000000000000000000ffff c0a80908",
    );
    check_value(
        net("192.168.9.0/24"),
        "07 00000000000000000000ffff c0a80900 78",
    );
    check_value(
        net("2001:db8::/32"),
        "07 20010db8 000000000000000000000000 20",
    );
    check_value(Value::Port(Port::tcp(8080)), "08 1f90 01");
    check_value(Value::Port(Port::udp(9000)), "08 2328 02");
    check_value(Value::Time(1.23456789), "09 00000000499602d2");
    check_value(Value::Interval(-1e-3), "0a fffffffffff0bdc0");
    check_value(Value::enumeration("foobar"), "0b 06 666f6f626172");
    check_value(
        Value::set(args![false, 1_u64, "hello world"]).unwrap(),
        "0c03 0100 020000000000000001 050b68656c6c6f20776f726c64",
    );
    check_value(Value::Double(f64::INFINITY), "04 fff0000000000000");
    check_value(Value::Double(f64::NEG_INFINITY), "04 7ff0000000000000");
    check_value(Value::Double(f64::NAN), "04 ffffffffffffffff");
}

#[test]
fn zeeks_own_example_with_metadata_holds() {
    let bytes = hex("0e03 020000000000000001 020000000000000001 0e03 0517
         53757065727669736f723a3a6e6f64655f737461747573 0e02 050454455354 02000000000000002a
         0e01 0e02 020000000000000001 090000000000000000");
    assert_eq!(bytes.len(), 86);
    let mut event = Event::new("Supervisor::node_status", args!["TEST", 42_u64]);
    event.metadata.push(Metadata {
        id: Metadata::NETWORK_TIMESTAMP,
        value: Value::Time(0.0),
    });
    assert_eq!(encode(BIN, &event), Ok(bytes.clone()));
    assert_eq!(decode(BIN, &bytes), Ok(event.clone()));
    let json = encode(JSON, &event).unwrap();
    assert_eq!(decode(JSON, &json), Ok(event));
}

#[test]
fn event_without_metadata_holds() {
    let bytes = hex(
        "0e03 020000000000000001 020000000000000001 0e02 0507 6576656e745f31
         0e02 03000000000000002a 050474657374",
    );
    assert_eq!(bytes.len(), 48);
    let event = Event::new("event_1", args![42_i64, "test"]);
    assert_eq!(encode(BIN, &event), Ok(bytes.clone()));
    assert_eq!(decode(BIN, &bytes), Ok(event));
}
