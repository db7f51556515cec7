//! Random events.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use zeekwire_types::value::{Function, Opaque, Pattern, Port, PortProtocol, Record, Subnet};
use zeekwire_types::{Event, Metadata, Value};

/// Any event.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    let metadata = (2..300_u64, value()).prop_map(|(id, value)| Metadata { id, value });
    (name(), vec(value(), 0..5), vec(metadata, 0..3)).prop_map(|(name, args, metadata)| {
        let mut event = Event::new(name, args);
        event.metadata = metadata;
        event
    })
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z_]{0,8}(::[a-zé]{1,6})?"
}

/// Any value that every constructor allows.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 48, 6, |inside| {
        let many = || vec(inside.clone(), 0..6);
        prop_oneof![
            many().prop_map(|x| Value::set(x).unwrap_or(Value::Unset)),
            vec((inside.clone(), inside.clone()), 0..6)
                .prop_map(|x| Value::table(x).unwrap_or(Value::Unset)),
            many().prop_map(Value::Vector),
            many().prop_map(Value::List),
            vec((name(), inside.clone()), 0..5).prop_map(Value::record),
            many().prop_map(|fields| Value::Record(Record {
                fields,
                names: Vec::new()
            })),
            (name(), proptest::option::of(many()))
                .prop_map(|(name, captures)| Value::Function(Function { name, captures })),
            (name(), inside.clone()).prop_map(|(type_id, x)| Value::Opaque(Opaque {
                type_id,
                data: Box::new(x)
            })),
            inside.clone().prop_map(Value::any),
        ]
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    let bytes = || vec(any::<u8>(), 0..20);
    prop_oneof![
        Just(Value::Unset),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::Count),
        any::<i64>().prop_map(Value::Int),
        any_double().prop_map(Value::Double),
        (-1e9..1e10).prop_map(Value::Time),
        any_double().prop_map(Value::Interval),
        (-1e6..1e6).prop_map(Value::Interval),
        bytes().prop_map(Value::String),
        (bytes(), bytes())
            .prop_map(|(exact, anywhere)| { Value::Pattern(Pattern { exact, anywhere }) }),
        name().prop_map(Value::Enum),
        (any::<u16>(), 0..4_u8).prop_map(|(number, protocol)| {
            Value::Port(Port::new(
                number,
                PortProtocol::from_number(protocol).unwrap(),
            ))
        }),
        any::<IpAddr>().prop_map(|x| Value::Addr(x.to_canonical())),
        (any::<IpAddr>(), 0..129_u8).prop_map(|(address, length)| {
            Subnet::new(address, length).map_or(Value::Unset, Value::Subnet)
        }),
        (any::<[u8; 16]>(), 0..129_u8).prop_map(|(bytes, length)| {
            Value::Subnet(Subnet::from_raw(bytes, length).unwrap())
        }),
    ]
}

fn any_double() -> impl Strategy<Value = f64> {
    prop_oneof![any::<u64>().prop_map(f64::from_bits), -1e6..1e6]
}
