//! Events as plain JSON for other programs: always valid, made to be read, not to be read back.
//!
//! `{"event":"Module::name","args":[…]}`, and `"metadata":[{"id":…,"value":…}]` where there
//! is any. How values look:
//!
//! | type | JSON |
//! |---|---|
//! | bool, count, int | `true`, `5`, `-5` |
//! | double, time, interval | shortest number that is the same double; `"inf"`, `"-inf"`, `"nan"` |
//! | string | text; a byte that is not part of valid UTF-8 becomes `\\xff`, a backslash `\\\\` |
//! | enum, port, addr, subnet, pattern, function, opaque | text, as scripts print it |
//! | unset | `null` |
//! | set, vector, list | array |
//! | table | array of `{"key":…,"value":…}` |
//! | record | object by field names; array when the names are not known |
//!
//! A string's escape is itself escaped by JSON, so after parsing, `\xff` and `\\` are what a
//! program sees; that is unambiguous, and text without backslashes is untouched.

use std::io::Write;

use zeekwire_types::{Event, Value};

/// Appends the event as one line of JSON, without the line's end.
pub fn event_to_json(event: &Event, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"event\":");
    text(event.name.as_bytes(), out);
    out.extend_from_slice(b",\"args\":");
    array(&event.args, out, value_to_json);
    if !event.metadata.is_empty() {
        out.extend_from_slice(b",\"metadata\":");
        array(&event.metadata, out, |entry, out| {
            display(out, format_args!("{{\"id\":{},\"value\":", entry.id));
            value_to_json(&entry.value, out);
            out.push(b'}');
        });
    }
    out.push(b'}');
}

/// Appends one value.
pub fn value_to_json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(x) => display(out, x),
        Value::Count(x) => display(out, x),
        Value::Int(x) => display(out, x),
        Value::Double(x) | Value::Time(x) | Value::Interval(x) => number(*x, out),
        Value::String(x) => text(x, out),
        Value::Set(x) | Value::Vector(x) | Value::List(x) => array(x, out, value_to_json),
        Value::Table(x) => array(x, out, |(key, value), out| {
            out.extend_from_slice(b"{\"key\":");
            value_to_json(key, out);
            out.extend_from_slice(b",\"value\":");
            value_to_json(value, out);
            out.push(b'}');
        }),
        Value::Record(x) if !x.names.is_empty() && x.names.len() == x.fields.len() => {
            for (i, (name, field)) in x.names.iter().zip(&x.fields).enumerate() {
                out.push(if i == 0 { b'{' } else { b',' });
                text(name.as_bytes(), out);
                out.push(b':');
                value_to_json(field, out);
            }
            out.push(b'}');
        }
        Value::Record(x) => array(&x.fields, out, value_to_json),
        Value::Any(x) => value_to_json(x, out),
        Value::Unset => out.extend_from_slice(b"null"),
        other => text(other.to_string().as_bytes(), out),
    }
}

fn array<T>(items: &[T], out: &mut Vec<u8>, each: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(b']');
}

fn number(x: f64, out: &mut Vec<u8>) {
    if x.is_nan() {
        out.extend_from_slice(b"\"nan\"");
    } else if x.is_infinite() {
        out.extend_from_slice(if x > 0.0 { b"\"inf\"" } else { b"\"-inf\"" });
    } else {
        // With an exponent where the number is very large or small, as `Debug` has it.
        display(out, format_args!("{x:?}"));
    }
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c.is_control() => display(out, format_args!("\\u{:04x}", u32::from(c))),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            display(out, format_args!("\\\\x{byte:02x}"));
        }
    }
    out.push(b'"');
}

fn display(out: &mut Vec<u8>, what: impl std::fmt::Display) {
    write!(out, "{what}").expect("a vector takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeekwire_types::{Metadata, args, value::Port};

    fn json(event: &Event) -> String {
        let mut out = Vec::new();
        event_to_json(event, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn events_are_readable_lines() {
        let mut event = Event::new(
            "A::b",
            args![1_u64, -1, true, 1.0, "é\"\n", (), Port::tcp(80)],
        );
        event.metadata.push(Metadata {
            id: 1,
            value: Value::Time(1.5),
        });
        assert_eq!(
            json(&event),
            concat!(
                r#"{"event":"A::b","args":[1,-1,true,1.0,"é\"\n",null,"80/tcp"],"#,
                r#""metadata":[{"id":1,"value":1.5}]}"#
            )
        );
    }

    #[test]
    fn bytes_and_odd_numbers_stay_valid_json() {
        let event = Event::new(
            "e",
            args![b"a\\\xff\x00\xc3", f64::NAN, f64::NEG_INFINITY, 1e300],
        );
        let text = json(&event);
        assert_eq!(
            text,
            r#"{"event":"e","args":["a\\\\\\xff\u0000\\xc3","nan","-inf",1e300]}"#
        );
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["args"][0], "a\\\\\\xff\0\\xc3");
    }

    #[test]
    fn containers_are_arrays_and_objects() {
        let record = Value::record([("a", Value::from([1_u64])), ("b", Value::Unset)]);
        let table = Value::table([("k", record)]).unwrap();
        let event = Event::new(
            "e",
            [table, Value::record_unnamed(args![1_u64]), Value::any(true)],
        );
        assert_eq!(
            json(&event),
            r#"{"event":"e","args":[[{"key":"k","value":{"a":[1],"b":null}}],[1],true]}"#
        );
    }
}
