//! Random streams and rows that fit them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use zeekwire_types::log::{LogField, LogRow, LogStream, LogType, LogValue};
use zeekwire_types::value::{Port, PortProtocol, Subnet};

const SCALARS: [LogType; 13] = [
    LogType::Bool,
    LogType::Int,
    LogType::Count,
    LogType::Double,
    LogType::Time,
    LogType::Interval,
    LogType::String,
    LogType::Enum,
    LogType::Port,
    LogType::Addr,
    LogType::Subnet,
    LogType::Function,
    LogType::File,
];

/// Strings that come again and again.
const NAMES: [&str; 4] = ["tcp", "udp", "", "a longer name, often seen"];

/// A stream and rows of it.
pub(crate) fn stream_and_rows() -> impl Strategy<Value = (LogStream, Vec<LogRow>)> {
    stream().prop_flat_map(|stream| {
        let row: Vec<_> = stream.fields.iter().map(cell).collect();
        (Just(stream), vec(row, 1..150))
    })
}

pub(crate) fn stream() -> impl Strategy<Value = LogStream> {
    let names = (".{0,8}", ".{0,8}", ".{0,8}", ".{0,8}");
    (names, vec(field(), 1..6)).prop_map(|((stream, writer, filter, path), fields)| LogStream {
        stream,
        writer,
        filter,
        path,
        fields,
    })
}

fn field() -> impl Strategy<Value = LogField> {
    let kind = proptest::sample::select(&SCALARS[..]);
    let container = proptest::option::of(proptest::bool::ANY);
    let names = (".{0,8}", proptest::option::of(".{0,4}"));
    (kind, container, names, any::<bool>()).prop_map(
        |(kind, container, (name, secondary_name), optional)| {
            let (kind, element) = match container {
                None => (kind, None),
                Some(true) => (LogType::Set, Some(kind)),
                Some(false) => (LogType::Vector, Some(kind)),
            };
            LogField {
                name,
                secondary_name,
                kind,
                element,
                optional,
            }
        },
    )
}

fn cell(field: &LogField) -> BoxedStrategy<LogValue> {
    let Some(element) = field.element else {
        return scalar(field.kind);
    };
    let elements = vec(scalar(element), 0..5);
    let set = match field.kind {
        LogType::Set => elements.prop_map(LogValue::Set).boxed(),
        _ => elements.prop_map(LogValue::Vector).boxed(),
    };
    or_unset(set)
}

fn or_unset(strategy: BoxedStrategy<LogValue>) -> BoxedStrategy<LogValue> {
    prop_oneof![4 => strategy, 1 => Just(LogValue::Unset)].boxed()
}

fn scalar(kind: LogType) -> BoxedStrategy<LogValue> {
    // Small numbers and large ones, so that columns of every width come up.
    let shift = 0_u32..64;
    let bytes = prop_oneof![
        proptest::sample::select(&NAMES[..]).prop_map(|name| name.as_bytes().to_vec()),
        vec(any::<u8>(), 0..40),
        vec(any::<u8>(), 250..300),
    ];
    or_unset(match kind {
        LogType::Bool => any::<bool>().prop_map(LogValue::Bool).boxed(),
        LogType::Int => (any::<i64>(), shift)
            .prop_map(|(x, shift)| LogValue::Int(x >> shift))
            .boxed(),
        LogType::Count => (any::<u64>(), shift)
            .prop_map(|(x, shift)| LogValue::Count(x >> shift))
            .boxed(),
        LogType::Double => any::<u64>()
            .prop_map(|bits| LogValue::Double(f64::from_bits(bits)))
            .boxed(),
        LogType::Time => any::<f64>().prop_map(LogValue::Time).boxed(),
        LogType::Interval => any::<f64>().prop_map(LogValue::Interval).boxed(),
        LogType::Port => (any::<u16>(), 0_u8..4)
            .prop_map(|(number, protocol)| {
                let protocol = PortProtocol::from_number(protocol).unwrap();
                LogValue::Port(Port::new(number, protocol))
            })
            .boxed(),
        LogType::Addr => address().prop_map(LogValue::Addr).boxed(),
        LogType::Subnet => (
            any::<[u8; 16]>(),
            any::<[u8; 4]>(),
            any::<bool>(),
            0_u8..=128,
        )
            .prop_map(|(v6, v4, is_v4, length)| {
                let subnet = if is_v4 {
                    let mapped = Ipv4Addr::from(v4).to_ipv6_mapped().octets();
                    Subnet::from_raw(mapped, 96 + length % 33)
                } else {
                    Subnet::from_raw(v6, length)
                };
                LogValue::Subnet(subnet.unwrap())
            })
            .boxed(),
        LogType::Enum => bytes.prop_map(LogValue::Enum).boxed(),
        LogType::Function => bytes.prop_map(LogValue::Function).boxed(),
        LogType::File => bytes.prop_map(LogValue::File).boxed(),
        _ => bytes.prop_map(LogValue::String).boxed(),
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        4 => any::<[u8; 4]>().prop_map(|octets| IpAddr::V4(octets.into())),
        1 => any::<[u8; 16]>().prop_map(|octets| IpAddr::V6(octets.into())),
        1 => any::<[u8; 4]>()
            .prop_map(|octets| IpAddr::V6(Ipv4Addr::from(octets).to_ipv6_mapped())),
        1 => Just(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]
}
