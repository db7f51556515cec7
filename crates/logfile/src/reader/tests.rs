//! Files as they are found: put together, cut off, wrong.

use std::io::Cursor;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use zeekwire_types::Cell;
use zeekwire_types::LogType;

use super::*;

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
                      #path\tx\n#open\t2026-11-20-08-28-00\n";

/// What reading gives: rows and errors, one per line.
fn read_with(text: &str, options: ReadOptions) -> String {
    let mut reader = Reader::new("x.log", Cursor::new(text.to_owned()), options).unwrap();
    let mut lines = Vec::new();
    loop {
        match reader.next_row() {
            Ok(None) => return lines.join("\n"),
            Ok(Some(row)) => lines.push(format!("{row:?}")),
            Err(error) => {
                lines.push(error.to_string());
                if !error.is_about_one_row() {
                    return lines.join("\n");
                }
            }
        }
    }
}

fn read(text: &str) -> String {
    read_with(text, ReadOptions::default())
}

#[test]
fn row_that_is_wrong_is_named_and_the_next_is_read() {
    let text = format!(
        "{HEADER}#fields\tp\ts\n#types\tport\tset[count]\n80\t1,2\n80\n\
         x\t1\n80\t1,x\n70000\t-\n81\t-\n"
    );
    assert_eq!(
        read(&text),
        "{\"p\": Port(80/unknown), \"s\": Set([Count(1), Count(2)])}\n\
         x.log:10: the header has 2 fields, the row 1 values\n\
         x.log:11: field `p`: \"x\" is no port\n\
         x.log:12: field `s`: \"1,x\" is no set[count]\n\
         x.log:13: field `p`: \"70000\" is no port\n\
         {\"p\": Port(81/unknown), \"s\": Unset}"
    );
}

#[test]
fn files_put_together_change_the_fields() {
    let first = format!("{HEADER}#fields\ta\n#types\tcount\n1\n#close\t2026-11-20-08-29-00\n");
    let second = "#separator |\n#set_separator|;\n#unset_field|?\n#fields|b|c\n\
                  #types|string|set[int]\nx|1;-2\n?|?\n";
    assert_eq!(
        read(&format!("{first}# a comment\n{second}{first}")),
        "{\"a\": Count(1)}\n\
         {\"b\": String(\"x\"), \"c\": Set([Int(1), Int(-2)])}\n\
         {\"b\": Unset, \"c\": Unset}\n\
         {\"a\": Count(1)}"
    );
}

#[test]
fn header_that_says_little_is_enough() {
    // No types: all is text. Unknown types too.
    assert_eq!(
        read("#fields\ta\tb\n1\t-\n"),
        "{\"a\": String(\"1\"), \"b\": Unset}"
    );
    assert_eq!(
        read("#fields\ta\n#types\tany\n1\n"),
        "{\"a\": String(\"1\")}"
    );
    assert_eq!(
        read("1\t2\n"),
        "x.log:1: there is a row before any `#fields` line"
    );
    assert_eq!(
        read("#fields\ta\n#types\tint\tint\n1\n2\n"),
        "x.log:3: `#types` does not have as many types as `#fields` has names\n\
         x.log:4: there is a row before any `#fields` line"
    );
    let fields = vec![
        LogField::new("a", LogType::Count),
        LogField::new("b", LogType::Bool),
    ];
    let told = ReadOptions {
        fields: Some(fields.into()),
        ..ReadOptions::default()
    };
    assert_eq!(
        read_with("1\tT\n\n2\t-", told),
        "{\"a\": Count(1), \"b\": Bool(true)}\n\
         {\"a\": Count(2), \"b\": Unset}"
    );
    assert_eq!(read(""), "");
}

#[test]
fn last_line_without_end_is_a_row_only_if_asked_for() {
    let text = format!("{HEADER}#fields\ta\n#types\tcount\n12\n34");
    assert_eq!(read(&text), "{\"a\": Count(12)}\n{\"a\": Count(34)}");
    let options = ReadOptions {
        takes_unended_line: false,
        ..ReadOptions::default()
    };
    assert_eq!(read_with(&text, options.clone()), "{\"a\": Count(12)}");
    assert_eq!(
        read_with("{\"a\":1}\n{\"a\":", options),
        "{\"a\": Count(1)}"
    );
    let mut reader = Reader::new("x", Cursor::new(text), ReadOptions::default()).unwrap();
    while reader.next_row().unwrap().is_some() {}
    assert!(reader.ended_within_line());
}

#[test]
fn empty_and_unset_are_told_apart_and_escapes_undone() {
    let text = format!(
        "{HEADER}#fields\ta\tv\n#types\tstring\tvector[string]\n\
         (empty)\t(empty)\n\\x28empty)\t\\x28empty),(empty),-,\\x2d\n-\t-\n\\x2d\ta\\x2cb\\\\x41\n"
    );
    assert_eq!(
        read(&text),
        "{\"a\": String(\"\"), \"v\": Vector([])}\n\
         {\"a\": String(\"(empty)\"), \"v\": Vector([String(\"(empty)\"), String(\"\"), Unset, \
         String(\"-\")])}\n\
         {\"a\": Unset, \"v\": Unset}\n\
         {\"a\": String(\"-\"), \"v\": Vector([String(\"a,b\\\\x41\")])}"
    );
}

#[test]
fn packed_files_are_unpacked() {
    let pack = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let file = [pack("#fields\ta\n1\n"), pack("2\n")].concat();
    let mut reader =
        Reader::new("x.gz", Cursor::new(file.clone()), ReadOptions::default()).unwrap();
    assert_eq!(
        reader.next_row().unwrap().unwrap().cell(0),
        Cell::String(b"1")
    );
    assert_eq!(
        reader.next_row().unwrap().unwrap().cell(0),
        Cell::String(b"2")
    );
    assert!(reader.next_row().unwrap().is_none());
    // Damaged in the second part.
    let damaged = file[..file.len() - 3].to_vec();
    let mut reader = Reader::new("x.gz", Cursor::new(damaged), ReadOptions::default()).unwrap();
    assert!(reader.next_row().unwrap().is_some());
    let error = loop {
        match reader.next_row() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the damage was not seen"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.fault(), ReadFault::Io(_)), "{error}");
    assert!(!error.is_about_one_row());
}

#[test]
fn json_with_told_fields_keeps_to_them() {
    let fields = vec![
        LogField::new("t", LogType::Time),
        LogField::new("p", LogType::Port),
        LogField::set("s", LogType::Enum),
    ];
    let told = ReadOptions {
        fields: Some(fields.into()),
        ..ReadOptions::default()
    };
    let text = "{\"s\":[\"A::B\"],\"t\":1.5}\n{\"x\":1}\n{\"p\":1,\"p\":2}\n{\"p\":1.0}\n\
                {\"p\":\"1\"}\n{\"s\":1}\n{\"t\":[]}\n\
                {\"t\":\"1970-01-01T00:00:02.250000Z\",\"p\":null}\n";
    assert_eq!(
        read_with(text, told),
        "{\"t\": Time(1.5), \"p\": Unset, \"s\": Set([Enum(\"A::B\")])}\n\
         x.log:2: there is no field `x`\n\
         x.log:3: field `p` comes twice\n\
         x.log:4: field `p`: \"1.0\" is no port\n\
         x.log:5: field `p`: \"1\" is no port\n\
         x.log:6: field `s`: \"1\" is no set[enum]\n\
         x.log:7: field `t`: \"[]\" is no time\n\
         {\"t\": Time(2.25), \"p\": Unset, \"s\": Unset}"
    );
}

#[test]
fn json_rows_after_the_sample_change_guessed_fields() {
    let options = ReadOptions {
        sample_bytes: 8,
        ..ReadOptions::default()
    };
    let text = "{\"a\":1}\n{\"a\":-1,\"b\":\"x\"}\nnot json\n{\"b\":[1]}\n{\"a\":\"y\"}\n";
    assert_eq!(
        read_with(text, options),
        "{\"a\": Count(1)}\n\
         {\"a\": Int(-1), \"b\": String(\"x\")}\n\
         x.log:3: byte 1: expected an object\n\
         x.log:4: field `b`: \"[...]\" is no string\n\
         {\"a\": String(\"y\"), \"b\": Unset}"
    );
}

#[test]
fn bytes_in_json_are_restored_where_that_is_certain() {
    let string = |text: &str, policy| {
        let line = format!("{{\"a\":\"{text}\"}}");
        let options = ReadOptions {
            json_string_escape_policy: policy,
            ..ReadOptions::default()
        };
        let mut reader = Reader::new("x", Cursor::new(line), options).unwrap();
        let row = reader.next_row().unwrap().unwrap();
        row.cell(0).bytes().unwrap().to_vec()
    };
    use StringEscapePolicy::{Hex, PrivateUse, Tsv};
    assert_eq!(string(r"\\xff\\xc3\\xaf", Hex), b"\xff\xc3\xaf");
    // No writer would have escaped these.
    assert_eq!(string(r"\\x41", Hex), br"\x41");
    assert_eq!(string(r"\\xc3\\xaf", Hex), br"\xc3\xaf");
    assert_eq!(string(r"\\\\x41", Tsv), br"\x41");
    assert_eq!(string(r"\\xff", Tsv), b"\xff");
    assert_eq!(string(r"ï\udb80\udcff", PrivateUse), b"\xc3\xaf\xff");
    assert_eq!(string(r"\udb80\udc41", PrivateUse), "\u{f0041}".as_bytes());
}

#[test]
fn milliseconds_come_back_as_they_were() {
    for millis in [
        0_i64,
        1,
        -1,
        999,
        1_795_163_199_475,
        1_795_163_199_999,
        -1_795_163_199_475,
    ] {
        let line = format!("{{\"ts\":{millis}}}");
        let mut reader =
            Reader::new("x", Cursor::new(line.clone()), ReadOptions::default()).unwrap();
        let row = reader.next_row().unwrap().unwrap().to_owned();
        let options = reader.header().options;
        let mut formatter = crate::Formatter::new(&options, "x", reader.fields()).unwrap();
        let mut out = Vec::new();
        formatter.push_row(&mut out, row.iter().map(zeekwire_types::LogValue::as_cell));
        assert_eq!(String::from_utf8(out).unwrap(), format!("{line}\n"));
    }
}

#[test]
fn missing_file_is_named() {
    let path = Path::new("missing-folder/x.log");
    let error = Reader::open(path, ReadOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("missing-folder/x.log: cannot be read: "),
        "{error}"
    );
    assert_eq!((error.file(), error.line()), ("missing-folder/x.log", 0));
}
