//! Any record under any options: what is written can be read, and written again it is the same.

#![allow(clippy::unwrap_used, reason = "for tests only")]

use std::io::Cursor;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::sync::Arc;

use proptest::prelude::*;
use zeekwire_logfile::Formatter;
use zeekwire_logfile::Options;
use zeekwire_logfile::ReadOptions;
use zeekwire_logfile::Reader;
use zeekwire_logfile::StringEscapePolicy;
use zeekwire_logfile::TimestampFormat;
use zeekwire_types::LogField;
use zeekwire_types::LogRow;
use zeekwire_types::LogType;
use zeekwire_types::LogValue;
use zeekwire_types::value::Port;
use zeekwire_types::value::PortProtocol;
use zeekwire_types::value::Subnet;

const STAMP: &str = "2026-11-20-08-28-00";

fn written(options: &Options, fields: &[LogField], rows: &[LogRow]) -> Vec<u8> {
    let mut formatter = Formatter::new(options, "a b", fields).unwrap();
    let mut out = Vec::new();
    formatter.push_header(&mut out, STAMP);
    for row in rows {
        formatter.push_row(&mut out, row.iter().map(LogValue::as_cell));
    }
    formatter.push_close(&mut out, STAMP);
    out
}

fn read(file: &[u8], options: ReadOptions) -> (Arc<[LogField]>, Vec<LogRow>) {
    let mut reader = Reader::new("file", Cursor::new(file.to_vec()), options).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        rows.push(row.to_owned());
    }
    (Arc::clone(reader.fields()), rows)
}

proptest! {
    #[test]
    fn tsv_is_read_as_what_it_was((fields, rows) in log(decimal()), options in tsv_options()) {
        let file = written(&options, &fields, &rows);
        let (read_fields, read_rows) = read(&file, ReadOptions {
            fields: Some(fields.clone().into()),
            meta_prefix: options.meta_prefix.clone(),
            ..ReadOptions::default()
        });
        prop_assert_eq!(read_rows.len(), rows.len());
        if options.include_meta {
            prop_assert_eq!(&read_fields[..], &fields[..]);
        }
        let again = written(&options, &fields, &read_rows);
        prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&file));
        for (read, row) in read_rows.iter().zip(&rows) {
            for (read, value) in read.iter().zip(row) {
                prop_assert!(same_but_for_ambiguity(read, value, &options), "{read:?} {value:?}");
            }
        }
    }

    #[test]
    fn json_is_read_as_what_it_was((fields, rows) in log(any::<f64>()), options in json_options()) {
        let file = written(&options, &fields, &rows);
        let (_, read_rows) = read(&file, ReadOptions {
            fields: Some(fields.clone().into()),
            json_string_escape_policy: options.json_string_escape_policy,
            ..ReadOptions::default()
        });
        prop_assert_eq!(read_rows.len(), rows.len());
        let again = written(&options, &fields, &read_rows);
        prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&file));
    }

    #[test]
    fn json_with_guessed_fields_is_written_again(
        (fields, rows) in log(any::<f64>()), options in json_options(),
    ) {
        // Names are always escaped like this, and what is guessed to be a string may be one.
        let json_string_escape_policy = StringEscapePolicy::Hex;
        let options = Options { json_string_escape_policy, ..options };
        let file = written(&options, &fields, &rows);
        let (guessed, read_rows) = read(&file, ReadOptions::default());
        let again = written(&options, &guessed, &read_rows);
        prop_assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&file));
    }

    #[test]
    fn row_is_one_line_and_no_header(
        (fields, rows) in log(any::<f64>()), options in any_options(),
    ) {
        let mut formatter = Formatter::new(&options, "x", &fields).unwrap();
        for row in &rows {
            let mut out = Vec::new();
            formatter.push_row(&mut out, row.iter().map(LogValue::as_cell));
            prop_assert_eq!(out.iter().position(|&byte| byte == b'\n'), Some(out.len() - 1));
            prop_assert!(!out.starts_with(&options.meta_prefix));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_fault(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        start in prop::sample::select(vec![
            &b"{\"a\":"[..], b"#fields\ta\tb\n", b"", b"\x1f\x8b\x08",
        ]),
    ) {
        let file = [start, &bytes].concat();
        let mut reader = Reader::new("file", Cursor::new(file), ReadOptions::default()).unwrap();
        for _ in 0..500 {
            match reader.next_row() {
                Ok(None) => break,
                Ok(Some(row)) => prop_assert_eq!(row.cells().len(), row.fields().len()),
                Err(error) if error.is_about_one_row() => {}
                Err(_) => break,
            }
        }
    }
}

/// Zeek's TSV cannot tell all apart: an unset element alone from an unset set, an empty string
/// alone from an empty set; and a text that stands for something stands for it everywhere.
fn same_but_for_ambiguity(read: &LogValue, value: &LogValue, options: &Options) -> bool {
    let text = written(options, &[], &[vec![value.clone()]]);
    let reserved = [&options.unset_field, &options.empty_field];
    let stands_for_something = reserved.iter().any(|reserved| {
        let body = String::from_utf8_lossy(&text).into_owned();
        body.lines()
            .any(|line| line.is_empty() || line == String::from_utf8_lossy(reserved))
            || body.contains("\\x")
    });
    let port = |value: &LogValue| match value {
        LogValue::Port(port) => LogValue::Port(Port::new(port.number, PortProtocol::Unknown)),
        other => other.clone(),
    };
    let plain = match value {
        LogValue::Set(values) => LogValue::Set(values.iter().map(port).collect()),
        LogValue::Vector(values) => LogValue::Vector(values.iter().map(port).collect()),
        other => port(other),
    };
    *read == plain || stands_for_something
}

fn any_options() -> impl Strategy<Value = Options> {
    prop_oneof![tsv_options(), json_options()]
}

fn tsv_options() -> impl Strategy<Value = Options> {
    let separators = prop::sample::select(vec!["\t", "|", ";;", " ", ".", ":", "\u{e9}"]);
    let set_separators = prop::sample::select(vec![",", "&&", "+", "-", "/"]);
    let reserved = prop::sample::select(vec![
        ("-", "(empty)"),
        ("", "-"),
        ("(unset)", ""),
        ("a|b", "c,d"),
        ("\u{e4}", "\\"),
    ]);
    let prefix = prop::sample::select(vec!["#", "##", "// ", "T"]);
    (
        separators,
        set_separators,
        reserved,
        prefix,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(separator, set_separator, (unset, empty), prefix, include_meta, enable_utf_8)| {
                Options {
                    separator: separator.into(),
                    set_separator: set_separator.into(),
                    unset_field: unset.into(),
                    empty_field: empty.into(),
                    meta_prefix: prefix.into(),
                    // Without a header, a reader takes Zeek's defaults.
                    include_meta: include_meta
                        || (separator, set_separator, unset) != ("\t", ",", "-"),
                    enable_utf_8,
                    ..Options::default()
                }
            },
        )
}

fn json_options() -> impl Strategy<Value = Options> {
    let timestamps = prop::sample::select(TimestampFormat::ALL.to_vec());
    let policies = prop::sample::select(StringEscapePolicy::ALL.to_vec());
    (timestamps, policies).prop_map(|(json_timestamps, json_string_escape_policy)| Options {
        json_timestamps,
        json_string_escape_policy,
        ..Options::json()
    })
}

/// Doubles that six decimals hold.
fn decimal() -> BoxedStrategy<f64> {
    let micros = -2_000_000_000_000_000_i64..2_000_000_000_000_000;
    micros.prop_map(|micros| micros as f64 / 1e6).boxed()
}

/// Fields, and rows of them.
fn log(
    double: impl Strategy<Value = f64> + Clone + 'static,
) -> impl Strategy<Value = (Vec<LogField>, Vec<LogRow>)> {
    prop::collection::vec(kind(), 1..6).prop_flat_map(move |kinds| {
        let field = |(at, (kind, element)): (usize, &(LogType, Option<LogType>))| LogField {
            element: *element,
            ..LogField::new(format!("f{at}"), *kind)
        };
        let fields: Vec<_> = kinds.iter().enumerate().map(field).collect();
        let row: Vec<_> = kinds
            .iter()
            .map(|kind| value(*kind, double.clone()))
            .collect();
        (Just(fields), prop::collection::vec(row, 0..5))
    })
}

fn scalar_kind() -> impl Strategy<Value = LogType> {
    let can_be_logged = |kind: &LogType| !kind.is_container() && *kind != LogType::Pattern;
    prop::sample::select(
        LogType::ALL
            .into_iter()
            .filter(can_be_logged)
            .collect::<Vec<_>>(),
    )
}

fn kind() -> impl Strategy<Value = (LogType, Option<LogType>)> {
    prop_oneof![
        3 => scalar_kind().prop_map(|kind| (kind, None)),
        1 => scalar_kind().prop_map(|element| (LogType::Set, Some(element))),
        1 => scalar_kind().prop_map(|element| (LogType::Vector, Some(element))),
    ]
}

fn value(
    (kind, element): (LogType, Option<LogType>),
    double: impl Strategy<Value = f64> + Clone + 'static,
) -> BoxedStrategy<LogValue> {
    let set = match element {
        Some(element) => {
            let values = prop::collection::vec(value((element, None), double), 0..4);
            match kind {
                LogType::Set => values.prop_map(LogValue::Set).boxed(),
                _ => values.prop_map(LogValue::Vector).boxed(),
            }
        }
        None => scalar(kind, double),
    };
    prop_oneof![1 => Just(LogValue::Unset), 6 => set].boxed()
}

fn scalar(kind: LogType, double: impl Strategy<Value = f64> + 'static) -> BoxedStrategy<LogValue> {
    let address = prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        any::<u16>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(u128::from(bits) << 16))),
    ];
    let protocol = (0_u8..4).prop_map(|number| PortProtocol::from_number(number).unwrap());
    let subnet = |(address, length): (IpAddr, u8)| {
        let bits = if address.to_canonical().is_ipv4() {
            33
        } else {
            129
        };
        Subnet::new(address, length % bits).unwrap()
    };
    match kind {
        LogType::Bool => any::<bool>().prop_map(LogValue::Bool).boxed(),
        LogType::Int => any::<i64>().prop_map(LogValue::Int).boxed(),
        LogType::Count => any::<u64>().prop_map(LogValue::Count).boxed(),
        LogType::Double => double.prop_map(LogValue::Double).boxed(),
        LogType::Time => (-4e9..4e9_f64)
            .prop_map(|x| LogValue::Time((x * 1e6).round() / 1e6))
            .boxed(),
        LogType::Interval => double.prop_map(LogValue::Interval).boxed(),
        LogType::Port => (any::<u16>(), protocol)
            .prop_map(|(number, protocol)| LogValue::Port(Port::new(number, protocol)))
            .boxed(),
        LogType::Addr => address
            .prop_map(|a| LogValue::Addr(a.to_canonical()))
            .boxed(),
        LogType::Subnet => (address, any::<u8>())
            .prop_map(move |pair| LogValue::Subnet(subnet(pair)))
            .boxed(),
        LogType::Enum => text().prop_map(LogValue::Enum).boxed(),
        LogType::Function => text().prop_map(LogValue::Function).boxed(),
        LogType::File => text().prop_map(LogValue::File).boxed(),
        _ => text().prop_map(LogValue::String).boxed(),
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,12}".prop_map(String::into_bytes),
        "\\PC{0,6}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..10),
        prop::sample::select(vec![
            "-",
            "(empty)",
            "#",
            "##x",
            "\\",
            "\\x41",
            "\\\\xff",
            "T",
            "\u{f0041}"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}
