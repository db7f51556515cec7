//! Events on one line: for people, or as JSON.

use std::fmt::Write;

use jiff::Timestamp;
use zeekwire::serializer::event_to_json;
use zeekwire::{Event, Message, Metadata, Value};

use super::{bytes_as_text, printable};

/// A message that arrived, for people: time, topic, publisher, event.
pub(crate) fn line(at: Timestamp, message: &Message<'_>, event: &Event) -> String {
    let topic = bytes_as_text(message.topic());
    let publisher = printable(message.publisher());
    format!("{at:.6} {topic} {publisher} {}", call(event))
}

/// A message that arrived, as one line of JSON without its end.
pub(crate) fn json(at: Timestamp, message: &Message<'_>, event: &Event) -> Vec<u8> {
    let topic = serde_json::Value::from(bytes_as_text(message.topic()));
    let publisher = serde_json::Value::from(message.publisher());
    let format = serde_json::Value::from(message.format());
    let sequence = message.sequence();
    let mut out = format!(
        "{{\"time\":\"{at:.6}\",\"topic\":{topic},\"publisher\":{publisher},\
         \"sequence\":{sequence},\"format\":{format},"
    )
    .into_bytes();
    let start = out.len();
    event_to_json(event, &mut out);
    // The event's object goes on where ours began.
    out.remove(start);
    out
}

/// The event as a call in a script: `Scan::found(10.0.0.1, 443)`.
pub(crate) fn call(event: &Event) -> String {
    printable(&event.to_string()).into_owned()
}

/// The event's metadata, for people; empty when there is none.
pub(crate) fn metadata(event: &Event) -> String {
    let mut text = String::new();
    for Metadata { id, value } in &event.metadata {
        let name = match (*id, value) {
            (Metadata::NETWORK_TIMESTAMP, Value::Time(_)) => "network time".to_owned(),
            (id, _) => format!("metadata {id}"),
        };
        write!(text, "\n  {name}: {}", printable(&value.to_string()))
            .expect("a string takes every character");
    }
    text
}
