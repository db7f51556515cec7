//! The format under test: `capnp-v1`, written by each of its encoders.

use serde_json::Value as Json;
use zeekwire_buffer::AlignedBytes;
use zeekwire_serializer::{DecodeError, EncodeError, EventMessage, EventSerializer, StreamEncoder};
use zeekwire_types::Event;

use crate::cases::Case;
use crate::{marks, neutral};

/// The case as a payload, put value by value, with its marks.
///
/// # Errors
/// [`EncodeError`] when the format cannot carry the event.
pub fn encode(case: &Case) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = StreamEncoder::new();
    marks::put(&mut encoder, &case.event, &case.description);
    encoder.finish().map(<[u8]>::to_vec)
}

/// The event as a payload, as programs reach the format: by its name.
///
/// # Errors
/// [`EncodeError`] when the format cannot carry the event.
pub fn encode_event(event: &Event) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    format().encode(event, &mut bytes)?;
    Ok(bytes)
}

/// What a payload holds: its event, copied out, and the marks in it.
///
/// # Errors
/// [`DecodeError`] names the place and what is wrong there.
pub fn describe(bytes: &[u8]) -> Result<Json, DecodeError> {
    let mut description = neutral::describe(&format().decode(bytes)?);
    let bytes = AlignedBytes::copied(bytes);
    let message = EventMessage::new(&bytes)?;
    marks::add(&message.event()?, &mut description);
    Ok(description)
}

fn format() -> &'static dyn EventSerializer {
    zeekwire_serializer::by_name("capnp-v1").expect("the native format is built in")
}
