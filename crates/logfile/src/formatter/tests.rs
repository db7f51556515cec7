//! Lines, held against what Zeek writes; real logs are in `tests/real_logs.rs`.

use zeekwire_types::LogType;
use zeekwire_types::LogValue;
use zeekwire_types::log::Elements;

use super::*;

fn line(options: &Options, cells: &[Cell<'_>]) -> String {
    let fields: Vec<_> = (0..cells.len())
        .map(|at| LogField::new(format!("f{at}"), LogType::String))
        .collect();
    let mut formatter = Formatter::new(options, "x", &fields).unwrap();
    let mut out = Vec::new();
    formatter.push_row(&mut out, cells.iter().copied());
    String::from_utf8(out).unwrap()
}

fn with(settings: &[(&str, &str)]) -> Options {
    let mut options = Options::default();
    for (name, value) in settings {
        options.set(name, value).unwrap();
    }
    options
}

#[test]
fn texts_that_stand_for_something_are_escaped() {
    let plain = Options::default();
    let elements = [
        Cell::String(b"-"),
        Cell::Unset,
        Cell::String(b""),
        Cell::String(b"(empty)"),
        Cell::String(b","),
    ];
    let cells = [
        Cell::String(b"-"),
        Cell::Enum(b"(empty)"),
        Cell::Unset,
        Cell::String(b""),
        Cell::Set(Elements::EMPTY),
        Cell::Vector(Elements::all(&elements)),
    ];
    let expected = "\\x2d\t\\x28empty)\t-\t(empty)\t(empty)\t\\x2d,-,(empty),\\x28empty),\\x2c\n";
    assert_eq!(line(&plain, &cells), expected);
    assert_eq!(
        line(&Options::json(), &cells),
        "{\"f0\":\"-\",\"f1\":\"(empty)\",\"f3\":\"\",\"f4\":[],\
         \"f5\":[\"-\",null,\"\",\"(empty)\",\",\"]}\n"
    );
}

#[test]
fn row_that_looks_like_a_header_is_escaped() {
    assert_eq!(
        line(&Options::default(), &[Cell::String(b"#close")]),
        "\\x23close\n"
    );
    assert_eq!(
        line(&with(&[("meta_prefix", "1")]), &[Cell::Count(12)]),
        "\\x312\n"
    );
    assert_eq!(
        line(&with(&[("meta_prefix", "")]), &[Cell::Count(12)]),
        "\\x312\n"
    );
    let json = with(&[("meta_prefix", "{"), ("use_json", "T")]);
    assert_eq!(line(&json, &[]), "\\x7b}\n");
}

#[test]
fn odd_separators_are_escaped_everywhere() {
    let options = with(&[
        ("separator", "."),
        ("set_separator", ":"),
        ("unset_field", "1.2"),
    ]);
    let addresses = vec![LogValue::Addr("::1".parse().unwrap()), LogValue::Bool(true)];
    let cells = [
        Cell::Time(1.5),
        Cell::Unset,
        Cell::Vector(Elements::all(&addresses)),
    ];
    assert_eq!(
        line(&options, &cells),
        "1\\x2e500000.1\\x2e2.\\x3a\\x3a1:T\n"
    );
}

#[test]
fn header_says_what_the_options_are() {
    let fields = [
        LogField::new("a", LogType::Time),
        LogField::set("b.c", LogType::Addr),
    ];
    let header = |options: &Options| {
        let formatter = Formatter::new(options, "a b", &fields).unwrap();
        let mut out = Vec::new();
        formatter.push_header(&mut out, "NOW");
        out.extend_from_slice(b"--\n");
        formatter.push_close(&mut out, "THEN");
        String::from_utf8(out).unwrap()
    };
    let odd = with(&[
        ("separator", " | "),
        ("meta_prefix", "//"),
        ("empty_field", ""),
        ("set_separator", "\u{e9}"),
    ]);
    assert_eq!(
        header(&odd),
        "//separator \\x20|\\x20\n//set_separator | \\xc3\\xa9\n//empty_field | \n\
         //unset_field | -\n//path | a\\x20b\n//open | NOW\n//fields | a | b.c\n\
         //types | time | set[addr]\n--\n//close | THEN\n"
    );
    assert_eq!(header(&with(&[("tsv", "T")])), "a\tb.c\n--\n");
    assert_eq!(
        header(&with(&[("tsv", "T"), ("include_meta", "F")])),
        "--\n"
    );
    assert_eq!(header(&with(&[("include_meta", "F")])), "--\n");
    assert_eq!(header(&Options::json()), "--\n");
}

#[test]
fn json_times_have_four_styles() {
    let time = |style, value| {
        let options = with(&[("use_json", "T"), ("json_timestamps", style)]);
        line(&options, &[Cell::Time(value)])
    };
    for (style, early, late) in [
        ("JSON::TS_EPOCH", "-1.5", "1795163199.475937"),
        ("JSON::TS_MILLIS", "-1500", "1795163199475"),
        (
            "JSON::TS_MILLIS_UNSIGNED",
            "18446744073709550116",
            "1795163199475",
        ),
        (
            "JSON::TS_ISO8601",
            "\"1969-12-31T23:59:58.500000Z\"",
            "\"2026-11-20T08:26:39.475937Z\"",
        ),
    ] {
        assert_eq!(time(style, -1.5), format!("{{\"f0\":{early}}}\n"));
        assert_eq!(
            time(style, 1_795_163_199.475_937),
            format!("{{\"f0\":{late}}}\n")
        );
    }
    assert_eq!(
        time("JSON::TS_MILLIS", f64::NAN),
        "{\"f0\":-9223372036854775808}\n"
    );
    assert_eq!(time("JSON::TS_EPOCH", f64::NAN), "{\"f0\":null}\n");
}

#[test]
fn unset_fields_are_null_only_if_asked_for() {
    let cells = [Cell::Unset, Cell::Bool(false), Cell::Unset];
    assert_eq!(line(&Options::json(), &cells), "{\"f1\":false}\n");
    let all = with(&[("use_json", "T"), ("json_include_unset_fields", "T")]);
    assert_eq!(
        line(&all, &cells),
        "{\"f0\":null,\"f1\":false,\"f2\":null}\n"
    );
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let mut options = Options::default();
    for (name, value, message) in [
        ("color", "T", "log files have no option `color`"),
        (
            "use_json",
            "yes",
            "option `use_json` cannot be \"yes\": it is T or F",
        ),
        (
            "gzip_level",
            "10",
            "option `gzip_level` cannot be \"10\": it is a number from 0 to 9",
        ),
        (
            "separator",
            "\n",
            "option `separator` cannot be \"\\n\": it is a text without a line break",
        ),
    ] {
        assert_eq!(options.set(name, value).unwrap_err().to_string(), message);
    }
    assert_eq!(options, Options::default());
    options.set("separator", ",").unwrap();
    assert_eq!(options.check(), Err(OptionError::SameSeparator));
    let field = [LogField::new("a\tb", LogType::Bool)];
    let error = Formatter::new(&Options::default(), "x", &field).unwrap_err();
    assert_eq!(error, OptionError::FieldName("a\tb".to_owned()));
    assert!(Formatter::new(&Options::json(), "x", &field).is_ok());
}
