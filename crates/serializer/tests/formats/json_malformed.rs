//! One text for each way in which `broker-json-v1` can be wrong, and ways in which it is not.

use zeekwire_serializer::{DecodeError, Fault};
use zeekwire_types::{Event, Value};

use crate::{JSON, decode};

fn event_with(arg: &str) -> String {
    let one = r#"{"@data-type":"count","data":1}"#;
    let name = r#"{"@data-type":"string","data":"e"}"#;
    let args = format!(r#"{{"@data-type":"vector","data":[{arg}]}}"#);
    let content = format!(r#"{{"@data-type":"vector","data":[{name},{args}]}}"#);
    format!(r#"{{"@data-type":"vector","data":[{one},{one},{content}]}}"#)
}

fn read(data_type: &str, data: &str) -> Result<Value, DecodeError> {
    let arg = format!(r#"{{"@data-type":"{data_type}","data":{data}}}"#);
    read_object(&arg)
}

fn read_object(object: &str) -> Result<Value, DecodeError> {
    let mut event: Event = decode(JSON, event_with(object).as_bytes())?;
    Ok(event.args.remove(0))
}

fn fault(data_type: &str, data: &str) -> Fault {
    read(data_type, data).map_or_else(|e| e.fault(), |value| panic!("{value:?}"))
}

fn object_fault(object: &str) -> Fault {
    read_object(object).map_or_else(|e| e.fault(), |value| panic!("{value:?}"))
}

#[test]
fn numbers_must_fit_their_types() {
    assert_eq!(
        read("count", "18446744073709551615"),
        Ok(Value::Count(u64::MAX))
    );
    assert_eq!(
        fault("count", "18446744073709551616"),
        Fault::OutOfRange("count")
    );
    assert_eq!(fault("count", "-1"), Fault::OutOfRange("count"));
    assert_eq!(fault("count", "1.0"), Fault::Expected("a whole number"));
    assert_eq!(
        read("integer", "-9223372036854775808"),
        Ok(Value::Int(i64::MIN))
    );
    assert_eq!(
        fault("integer", "9223372036854775808"),
        Fault::OutOfRange("integer")
    );
}

#[test]
fn real_without_a_point_is_refused() {
    assert_eq!(read("real", "1.0"), Ok(Value::Double(1.0)));
    assert_eq!(read("real", "-1e3"), Ok(Value::Double(-1000.0)));
    assert_eq!(fault("real", "1"), Fault::RealWithoutPoint);
    assert_eq!(fault("real", "1e999"), Fault::OutOfRange("real"));
    assert_eq!(fault("real", "inf"), Fault::Expected("a number"));
    assert_eq!(fault("real", "\"1.0\""), Fault::Expected("a number"));
}

#[test]
fn texts_of_scalars_are_checked() {
    assert_eq!(fault("address", "\"123ns\""), Fault::Address);
    assert_eq!(fault("timestamp", "\"now\""), Fault::Timestamp);
    assert_eq!(fault("timespan", "\"1.5s\""), Fault::Timespan);
    assert!(matches!(fault("port", "\"80/sctp\""), Fault::Port(_)));
    assert!(matches!(fault("port", "\"99999/tcp\""), Fault::Port(_)));
    assert!(matches!(
        fault("subnet", "\"10.0.0.0/33\""),
        Fault::Subnet(_)
    ));
    assert_eq!(read("port", "\"80\"").unwrap().to_string(), "80/tcp");
    assert_eq!(fault("boolean", "1"), Fault::Expected("true or false"));
    assert_eq!(fault("string", "5"), Fault::Expected("a string"));
}

#[test]
fn unknown_type_is_refused() {
    assert_eq!(fault("list", "[]"), Fault::DataType);
}

#[test]
fn missing_and_double_members_are_refused() {
    assert_eq!(
        object_fault(r#"{"data":1}"#),
        Fault::MissingMember("@data-type")
    );
    assert_eq!(
        object_fault(r#"{"@data-type":"count"}"#),
        Fault::MissingMember("data")
    );
    let twice = r#"{"@data-type":"count","data":1,"data":1}"#;
    assert_eq!(object_fault(twice), Fault::DuplicateMember("data"));
    let twice = r#"{"data":1,"data":1,"@data-type":"count"}"#;
    assert_eq!(object_fault(twice), Fault::DuplicateMember("data"));
    let twice = r#"{"@data-type":"count","@data-type":"count","data":1}"#;
    assert_eq!(object_fault(twice), Fault::DuplicateMember("@data-type"));
    let one = r#"{"@data-type":"count","data":1}"#;
    assert_eq!(
        fault("table", &format!(r#"[{{"key":{one}}}]"#)),
        Fault::MissingMember("value")
    );
    let twice = format!(r#"[{{"key":{one},"key":{one},"value":{one}}}]"#);
    assert_eq!(fault("table", &twice), Fault::DuplicateMember("key"));
}

#[test]
fn duplicates_are_refused() {
    let one = r#"{"@data-type":"count","data":1}"#;
    assert_eq!(
        fault("set", &format!("[{one},{one}]")),
        Fault::DuplicateElement
    );
    let entry = format!(r#"{{"key":{one},"value":{one}}}"#);
    assert_eq!(
        fault("table", &format!("[{entry},{entry}]")),
        Fault::DuplicateKey
    );
}

#[test]
fn members_come_in_any_order_with_space_between() {
    let text = "{ \"data\" : [ {\"data\":1 , \"@data-type\":\"count\"} ] ,\n\
                \"more\" : {\"a\":[]} , \"@data-type\" : \"set\" }";
    assert_eq!(read_object(text), Ok(Value::set([1_u64]).unwrap()));
}

#[test]
fn members_of_a_websocket_message_are_passed_over() {
    let event = event_with("").replacen('{', r#"{"type":"data-message","topic":"/t","#, 1);
    assert_eq!(decode(JSON, event.as_bytes()), Ok(Event::new("e", [])));
}

#[test]
fn depth_bomb_is_refused() {
    let open = r#"{"@data-type":"vector","data":["#;
    assert_eq!(object_fault(&open.repeat(100_000)), Fault::TooDeep);
    let open = r#"{"data":["#;
    assert_eq!(object_fault(&open.repeat(100_000)), Fault::TooDeep);
    assert_eq!(
        object_fault(&"[".repeat(100_000)),
        Fault::Expected("an object")
    );
}

#[test]
fn late_types_do_not_make_reading_slow() {
    let mut text = "1".to_owned();
    for _ in 0..32 {
        text = format!(
            r#"{{"data":[{text},{{"data":"{}","@data-type":"string"}}],"@data-type":"vector"}}"#,
            "x".repeat(2000)
        );
    }
    let text = text.replacen("[1,", "[", 1);
    assert!(read_object(&text).unwrap().is_depth_allowed());
}

#[test]
fn error_names_line_byte_and_path() {
    let error = read_object("{\"@data-type\":\"vector\",\n\"data\":[5]}").unwrap_err();
    assert_eq!(error.line(), Some(2));
    let text = error.to_string();
    assert!(text.starts_with("broker-json-v1: line 2, byte "), "{text}");
    assert!(text.ends_with("args[0][0]: expected an object"), "{text}");
}

#[test]
fn texts_of_other_shapes_are_told_apart() {
    let fault = |text: &str| decode(JSON, text.as_bytes()).unwrap_err().fault();
    assert_eq!(fault(""), Fault::Truncated);
    assert_eq!(fault("5"), Fault::Expected("an object"));
    assert_eq!(
        fault(r#"{"foo":"bar"}"#),
        Fault::MissingMember("@data-type")
    );
    assert_eq!(
        fault(r#"{"@data-type":"count","data":1}"#),
        Fault::NotAMessage
    );
    assert_eq!(
        fault(r#"{"@data-type":"vector","data":[]}"#),
        Fault::NotAMessage
    );
    let typed = event_with("").replacen("\"data\":1", "\"data\":2", 1);
    assert_eq!(fault(&typed), Fault::Version(2));
    let batch = event_with("").replacen("\"data\":1},{", "\"data\":1},{\"x\":0,", 1);
    assert!(decode(JSON, batch.as_bytes()).is_ok());
    assert_eq!(fault(&(event_with("") + "x")), Fault::TrailingBytes);
}
