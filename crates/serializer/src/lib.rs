//! Event formats by the name that travels with each payload. Those for logs are in [`log`].
//!
//! | name | what it is |
//! |---|---|
//! | `capnp-v1` | a Cap'n Proto message (`schema/event.capnp`); carries every type exactly |
//! | `broker-bin-v1` | Broker's binary format, byte for byte as Zeek sends it |
//! | `broker-json-v1` | Broker's JSON, byte for byte as Zeek sends it |
//!
//! Bytes come from strangers. Decoding never panics, nests no deeper than
//! [`VALUE_DEPTH_MAX`](zeekwire_types::limits::VALUE_DEPTH_MAX), and its memory is bounded by a
//! constant times the bytes that were really there. Errors name the place.
//!
//! The Broker formats know fewer types than Zeek. On encoding, a record, list, pattern, function
//! or opaque value becomes a sequence, and `any` vanishes. On decoding, a sequence is a
//! [`Value::List`](zeekwire_types::Value::List) where it is a set's element or a table's key,
//! which is what composite indices look like, and a
//! [`Value::Vector`](zeekwire_types::Value::Vector) elsewhere.

#![forbid(unsafe_code)]

pub mod broker_bin;
pub mod broker_json;
mod broker_time;
pub mod capnp_v1;
mod duplicates;
mod error;
mod json_lines;
pub mod log;

use zeekwire_types::Event;

pub use capnp_v1::encode::EventEncoder;
pub use capnp_v1::stream::StreamEncoder;
pub use capnp_v1::view::{
    EventMessage, EventView, FieldNames, RecordView, ValueList, ValueRef, ValueView, ValueVisitor,
};
pub use error::{DecodeError, EncodeError, EncodeFault, Fault, Step};
pub use json_lines::{event_to_json, value_to_json};
pub use log::{LogSerializer, log_by_name};

/// A format for events.
pub trait EventSerializer: Send + Sync {
    /// The format's name on the wire.
    fn name(&self) -> &'static str;

    /// Appends the event's bytes to `out`. On an error, `out` is as it was.
    ///
    /// # Errors
    /// [`EncodeError`] when the format cannot carry the event.
    fn encode(&self, event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// The event in `bytes`, which must hold it and nothing else.
    ///
    /// # Errors
    /// [`DecodeError`] names the place and what is wrong there.
    fn decode(&self, bytes: &[u8]) -> Result<Event, DecodeError>;
}

static ALL: [&dyn EventSerializer; 3] = [
    &capnp_v1::CapnpV1,
    &broker_bin::BrokerBinV1,
    &broker_json::BrokerJsonV1,
];

/// The format of that name.
///
/// ```
/// use zeekwire_types::{Event, args};
///
/// let format = zeekwire_serializer::by_name("broker-bin-v1").expect("it is built in");
/// let event = Event::new("Test::hello", args![5_u64]);
/// let mut bytes = Vec::new();
/// format.encode(&event, &mut bytes)?;
/// assert_eq!(format.decode(&bytes), Ok(event));
/// # Ok::<(), zeekwire_serializer::EncodeError>(())
/// ```
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn EventSerializer> {
    ALL.into_iter().find(|format| format.name() == name)
}

/// The names of all formats.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(EventSerializer::name)
}

/// The event in `bytes` of the format called `name`.
///
/// # Errors
/// [`DecodeError`], with [`Fault::UnknownFormat`] when there is no such format.
pub fn decode_any(name: &str, bytes: &[u8]) -> Result<Event, DecodeError> {
    match by_name(name) {
        Some(format) => format.decode(bytes),
        None => Err(DecodeError::new("format", Fault::UnknownFormat)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name() {
        for name in names() {
            assert_eq!(by_name(name).map(EventSerializer::name), Some(name));
        }
        assert!(by_name("broker-bin-v2").is_none());
        let error = decode_any("x", b"").unwrap_err();
        assert_eq!(error.fault(), Fault::UnknownFormat);
    }
}
