//! Values to text, from text, from Rust and to Rust.

use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::limits::VALUE_DEPTH_MAX;
use crate::{Event, args};

fn check_text(value: impl Into<Value>, text: &str) {
    assert_eq!(value.into().to_string(), text);
}

fn parse(text: &str) -> Value {
    Value::parse_text(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn parse_error(text: &str) -> String {
    Value::parse_text(text).map_or_else(|e| e.to_string(), |v| panic!("{text} is {v:?}"))
}

fn table<K: Into<Value>, V: Into<Value>, const N: usize>(entries: [(K, V); N]) -> Value {
    Value::table(entries).unwrap()
}

#[test]
fn scalars_print_as_zeek_prints_them() {
    check_text((), "<uninitialized>");
    check_text(true, "T");
    check_text(u64::MAX, "18446744073709551615");
    check_text(-5, "-5");
    check_text(b"a\xff\n\\\"z", r#"a\xff\x0a\"z"#);
    check_text(Port::udp(53), "53/udp");
    check_text(Port::default(), "0/unknown");
    check_text(IpAddr::from([10, 0, 0, 1]), "10.0.0.1");
    check_text("::1".parse::<IpAddr>().unwrap(), "::1");
    check_text("10.0.0.0/8".parse::<Subnet>().unwrap(), "10.0.0.0/8");
    check_text(Value::enumeration("Notice::Tally"), "Notice::Tally");
    check_text(Value::pattern("foo|bar"), "/^?(foo|bar)$?/");
    check_text(Value::function("Log::write"), "Log::write");
}

#[test]
fn doubles_and_times_keep_six_decimals() {
    check_text(0.0, "0.0");
    check_text(1.0, "1.0");
    check_text(-1.5, "-1.5");
    check_text(std::f64::consts::PI, "3.141593");
    check_text(1e300, "1.000000e+300");
    check_text(1e10, "1.000000e+10");
    check_text(3e9, "3.000000e+09");
    check_text(f64::NAN, "nan");
    check_text(f64::NEG_INFINITY, "-inf");
    check_text(Value::Time(1768867200.123457), "1768867200.123457");
    check_text(Value::Time(0.0), "0.0");
}

#[test]
fn intervals_are_sums_of_units() {
    check_text(Duration::ZERO, "0 secs");
    check_text(Duration::from_secs(90), "1.0 min 30.0 secs");
    check_text(Duration::from_millis(1500), "1.0 sec 500.0 msecs");
    check_text(Value::Interval(-2e-6), "-2.0 usecs");
    check_text(Value::Interval(86400.0 * 2.0 + 3600.0), "2.0 days 1.0 hr");
}

#[test]
fn containers_print_on_one_line() {
    check_text([1_u64, 2], "[1, 2]");
    check_text(Value::set(["a", "b"]).unwrap(), "{a, b}");
    let key = Value::list(args![IpAddr::from([1, 2, 3, 4]), Port::tcp(80)]);
    check_text(table([(key, 1_u64)]), "{[1.2.3.4, 80/tcp] = 1}");
    check_text(table([("k", 1_u64)]), "{[k] = 1}");
    check_text(
        Value::record([("a", 1_u64.into()), ("b", ().into())]),
        "[a=1, b=<uninitialized>]",
    );
    check_text(
        Value::record_unnamed(args![1_u64, ()]),
        "[1, <uninitialized>]",
    );
    check_text(Value::any(Some(true)), "T");
}

#[test]
fn events_print_as_calls() {
    assert_eq!(
        Event::new("A::b", args![1_u64, "x"]).to_string(),
        "A::b(1, x)"
    );
    assert_eq!(Event::new("e", []).to_string(), "e()");
}

#[test]
fn duplicates_are_refused_on_construction() {
    assert_eq!(Value::set([1_u64, 2, 1]), Err(DuplicateError { index: 2 }));
    assert_eq!(
        Value::table([("a", 1), ("a", 2)]),
        Err(DuplicateError { index: 1 })
    );
}

#[test]
fn bytes_are_a_string_and_numbers_a_vector() {
    assert_eq!(Value::from(vec![1_u8, 2]), Value::String(vec![1, 2]));
    assert_eq!(
        Value::from(vec![1_u16]),
        Value::Vector(vec![Value::Count(1)])
    );
    assert_eq!(Value::from(vec![Some("a"), None]), parse("[a, unset:]"));
}

#[test]
fn depth_is_counted_in_containers() {
    let nest = |levels| (0..levels).fold(Value::Unset, |value, _| Value::Vector(vec![value]));
    assert!(nest(VALUE_DEPTH_MAX).is_depth_allowed());
    assert!(!nest(VALUE_DEPTH_MAX + 1).is_depth_allowed());
    assert!(!nest(10_000).is_depth_allowed());
}

#[test]
fn bare_words_become_what_they_look_like() {
    for (text, value) in [
        ("T", Value::Bool(true)),
        ("42", Value::Count(42)),
        ("-1", Value::Int(-1)),
        ("+1", Value::Int(1)),
        ("1.5", Value::Double(1.5)),
        ("-1e3", Value::Double(-1000.0)),
        ("80/tcp", Value::Port(Port::tcp(80))),
        ("1.2.3.4", Value::Addr([1, 2, 3, 4].into())),
        ("10.0.0.0/8", Value::Subnet("10.0.0.0/8".parse().unwrap())),
        (
            "[2001:db8::]/32",
            Value::Subnet("2001:db8::/32".parse().unwrap()),
        ),
        ("[::1]", Value::Addr("::1".parse().unwrap())),
        ("2001:db8::1", Value::Addr("2001:db8::1".parse().unwrap())),
        ("\"a\\x41\\n\\\"\"", Value::from("aA\n\"")),
        ("5sec", Value::Interval(5.0)),
        ("1.5 mins", Value::Interval(90.0)),
        ("-2usecs", Value::Interval(-2.0 * 1e-6)),
        ("Foo::BAR", Value::enumeration("Foo::BAR")),
        ("/foo|bar/", Value::pattern("foo|bar")),
        ("/etc/passwd", Value::from("/etc/passwd")),
        ("hello world", Value::from("hello world")),
        ("http://a/?b=c,d", Value::from("http://a/?b=c,d")),
        ("", Value::from("")),
        ("inf", Value::from("inf")),
        ("infinity", Value::from("infinity")),
        ("<uninitialized>", Value::Unset),
        ("é{", Value::from("é{")),
    ] {
        assert_eq!(parse(text), value, "{text}");
    }
}

#[test]
fn named_types_win_over_looks() {
    for (text, value) in [
        ("count:5", Value::Count(5)),
        ("int:5", Value::Int(5)),
        ("double:5", Value::Double(5.0)),
        ("time:5", Value::Time(5.0)),
        ("interval:5", Value::Interval(5.0)),
        ("interval:5min", Value::Interval(300.0)),
        ("string:42", Value::from("42")),
        ("string:\"a b\"", Value::from("a b")),
        ("enum:tcp", Value::enumeration("tcp")),
        ("bool:true", Value::Bool(true)),
        ("addr:[::1]", Value::Addr("::1".parse().unwrap())),
        ("pattern:foo", Value::pattern("foo")),
        ("function:Log::write", Value::function("Log::write")),
        ("any:5", Value::any(5_u64)),
        ("table:{}", Value::Table(vec![])),
        ("list:[1]", Value::list(args![1_u64])),
        ("unset:", Value::Unset),
    ] {
        assert_eq!(parse(text), value, "{text}");
    }
}

#[test]
fn words_with_other_letters_are_strings() {
    for text in ["caf\u{e9}", "5\u{b5}s", "\u{e9}sec", "\u{ff0f}/\u{e9}"] {
        assert_eq!(parse(text), Value::from(text));
    }
}

#[test]
fn containers_are_parsed() {
    assert_eq!(parse("[]"), Value::Vector(vec![]));
    assert_eq!(
        parse("[1, [2 , 3], x y]"),
        Value::vector([Value::Count(1), Value::from([2_u64, 3]), "x y".into(),])
    );
    assert_eq!(parse("{}"), Value::Set(vec![]));
    assert_eq!(
        parse("{1, 80/tcp}"),
        Value::set(args![1_u64, Port::tcp(80)]).unwrap()
    );
    let pair = Value::list(args![IpAddr::from([1, 2, 3, 4]), Port::tcp(80)]);
    assert_eq!(
        parse("{[1.2.3.4, 80/tcp]}"),
        Value::set([pair.clone()]).unwrap()
    );
    assert_eq!(
        parse("{[1.2.3.4, 80/tcp] = [a=1]}"),
        table([(pair, Value::record([("a", Value::Count(1))]),)])
    );
    assert_eq!(
        parse("{[k] = 1, l = \"}\"}"),
        table([("k", Value::Count(1)), ("l", "}".into())])
    );
    assert_eq!(
        parse("[$a=1, $b=T]"),
        Value::record([("a", 1_u64.into()), ("b", true.into())])
    );
}

#[test]
fn parse_errors_name_the_place() {
    for (text, error) in [
        ("[1, 2", "at byte 5: expected `]`"),
        ("[1] x", "at byte 4: something follows the value"),
        ("{1, 1}", "at byte 0: an element or key is there twice"),
        ("{1, a=1}", "at byte 5: a set's entries are values"),
        ("\"abc", "at byte 0: the quoted string does not end"),
        ("\"a\\q\"", "at byte 2: in quotes, a backslash"),
        ("\"\\x+1\"", "at byte 1: in quotes, a backslash"),
        ("count:-1", "at byte 6: the number does not fit count"),
        (
            "99999999999999999999",
            "at byte 0: the number does not fit count",
        ),
        ("count:x", "at byte 6: expected a whole number from 0"),
        ("port:80", "at byte 5: a port needs its protocol"),
        ("addr:x", "at byte 5: expected an address"),
        (
            "subnet:1.2.3.4/40",
            "at byte 7: a subnet has at most 32 bits",
        ),
        ("[a=1, -=2]", "at byte 6: a record's field is written"),
        ("[a=1, b]", "at byte 7: expected `=`"),
    ] {
        let found = parse_error(text);
        assert!(found.starts_with(error), "{text}: {found}");
    }
}

#[test]
fn nesting_of_text_is_bounded() {
    let nest = |levels| "[".repeat(levels) + &"]".repeat(levels);
    assert!(parse(&nest(VALUE_DEPTH_MAX)).is_depth_allowed());
    assert!(parse_error(&nest(VALUE_DEPTH_MAX + 1)).contains("at most 32 deep"));
    assert!(parse_error(&"any:".repeat(100_000)).contains("at most 32 deep"));
}

#[test]
fn rust_values_are_extracted() {
    let event = Event::new("e", args![true, 5_u64, -5, 1.5, "text", b"\xff"]);
    let (a, b, c, d, e, f): (bool, u64, i64, f64, &str, &[u8]) = event.extract().unwrap();
    assert_eq!((a, b, c, d, e, f), (true, 5, -5, 1.5, "text", &b"\xff"[..]));
    let value = parse("[a=1, b=unset:, c={1.2.3.4}, d=80/tcp]");
    let (a, b, c, d): (u64, Option<bool>, Vec<IpAddr>, Port) = value.extract().unwrap();
    assert_eq!(
        (a, b, c, d),
        (1, None, vec![[1, 2, 3, 4].into()], Port::tcp(80))
    );
    assert_eq!(Value::any(5_u64).extract::<u64>(), Ok(5));
    assert_eq!(
        Value::enumeration("A::B").extract::<String>(),
        Ok("A::B".to_owned())
    );
}

#[test]
fn extraction_errors_name_path_and_types() {
    let event = Event::new("e", [Value::Unset, parse("[a=[x]]")]);
    let error = event.extract::<(Option<u64>, (Vec<u64>,))>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "args[1].fields[0][0]: expected count, found string"
    );
    let error = event.extract::<(u64,)>().unwrap_err();
    assert_eq!(error.to_string(), "expected 1 values, found 2");
    let error = Value::from(b"\xff").extract::<&str>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected string, found bytes that are not UTF-8"
    );
    assert_eq!(
        Value::Count(1).extract::<i64>().unwrap_err().expected(),
        "int"
    );
}
