//! Values as a person types them.

use zeekwire_types::{Event, Value};

/// Parses; what parses can be printed and sent.
pub fn value_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let value = match Value::parse_text(&text) {
        Ok(value) => value,
        Err(error) => {
            assert!(
                error.at <= text.len(),
                "the place of the error is in the text"
            );
            return assert!(!error.to_string().is_empty());
        }
    };
    assert!(value.is_depth_allowed());
    assert_eq!(Value::parse_text(&text).as_ref(), Ok(&value));
    let printed = value.to_string();
    assert!(!printed.contains('\n') || text.contains('\n'));
    let event = Event::new("e", [value]);
    let capnp = zeekwire_serializer::by_name("capnp-v1").expect("it is built in");
    let mut bytes = Vec::new();
    capnp
        .encode(&event, &mut bytes)
        .expect("it carries all values");
    assert_eq!(capnp.decode(&bytes), Ok(event));
}
