//! Rows as Zeek writes them, and rows as it does not.

use zeekwire::value::Port;

use super::*;

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n\
    #unset_field\t-\n#path\tx\n#open\t2026-01-01-00-00-00\n";

fn rows(fields: &str, types: &str, row: &str) -> Result<Vec<Value>, LogError> {
    let text = format!("{HEADER}#fields\t{fields}\n#types\t{types}\n{row}\n#close\t2026\n");
    ZeekLog::read("x.log", text.as_bytes(), 10).map(|log| log.rows)
}

fn one(kind: &str, text: &str) -> Value {
    let rows = rows("a", kind, text).unwrap();
    let [Value::Record(record)] = &rows[..] else {
        panic!("{rows:?}")
    };
    record.fields[0].clone()
}

#[test]
fn every_type_is_read() {
    for (kind, text, value) in [
        ("bool", "T", Value::Bool(true)),
        ("count", "18446744073709551615", Value::Count(u64::MAX)),
        ("int", "-5", Value::Int(-5)),
        ("double", "1.5", Value::Double(1.5)),
        (
            "time",
            "1795163199.475937",
            Value::Time(1_795_163_199.475_937),
        ),
        ("interval", "0.001219", Value::Interval(0.001_219)),
        ("string", "a\\x09b\\\\c", Value::string("a\tb\\c")),
        ("string", "\\x2d", Value::string("-")),
        ("string", "(empty)", Value::string("")),
        ("enum", "tcp", Value::enumeration("tcp")),
        (
            "addr",
            "2001:db8::1",
            Value::Addr("2001:db8::1".parse().unwrap()),
        ),
        (
            "subnet",
            "10.0.0.0/8",
            Value::Subnet("10.0.0.0/8".parse().unwrap()),
        ),
        ("set[count]", "1,2", Value::set([1_u64, 2]).unwrap()),
        ("set[string]", "(empty)", Value::Set(vec![])),
        (
            "vector[interval]",
            "1.0,-",
            Value::Vector(vec![Value::Interval(1.0), Value::Unset]),
        ),
        (
            "vector[string]",
            "a\\x2cb",
            Value::Vector(vec![Value::string("a,b")]),
        ),
        ("count", "-", Value::Unset),
        ("set[enum]", "-", Value::Unset),
        ("pattern", "/x/", Value::string("/x/")),
    ] {
        assert_eq!(one(kind, text), value, "of {kind} {text:?}");
    }
}

#[test]
fn ports_belong_to_the_protocol_of_their_row() {
    let rows = rows("p\tproto", "port\tenum", "80\ttcp\n53\tudp").unwrap();
    let ports: Vec<Value> = rows
        .iter()
        .map(|row| match row {
            Value::Record(record) => record.fields[0].clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        ports,
        [Value::Port(Port::tcp(80)), Value::Port(Port::udp(53))]
    );
    assert_eq!(one("port", "80").to_string(), "80/unknown");
}

#[test]
fn errors_name_file_line_and_field() {
    for (kind, row, expected) in [
        ("count", "x", "x.log:9: field a: \"x\" is not a count"),
        (
            "count",
            "1\t2",
            "x.log:9: the row has 2 fields, the header 1",
        ),
        ("port", "65536", "x.log:9: field a: \"65536\" is not a port"),
        (
            "set[count]",
            "1,1",
            "x.log:9: field a: \"1,1\" is not a set[count]",
        ),
    ] {
        assert_eq!(rows("a", kind, row).unwrap_err().to_string(), expected);
    }
    let error = rows("a\tb", "count", "1").unwrap_err();
    assert!(
        error.to_string().contains("2 fields and 1 types"),
        "{error}"
    );
}

#[test]
fn what_is_not_a_log_is_refused() {
    for text in ["", "{\"ts\":1}\n", "#separator \n", "\x00\x01"] {
        let error = ZeekLog::read("x", text.as_bytes(), 10).unwrap_err();
        assert!(
            error.to_string().starts_with("x:1: "),
            "of {text:?}: {error}"
        );
    }
}

#[test]
fn no_more_rows_are_read_than_asked_for() {
    let text = format!("{HEADER}#fields\ta\n#types\tcount\n{}", "1\n".repeat(50));
    assert_eq!(
        ZeekLog::read("x", text.as_bytes(), 7).unwrap().rows.len(),
        7
    );
}
