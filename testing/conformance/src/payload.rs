//! The format under test, as programs reach it: by its name.

use zeekwire_serializer::{DecodeError, EncodeError, EventSerializer};
use zeekwire_types::Event;

/// The event as a payload.
///
/// # Errors
/// [`EncodeError`] when the format cannot carry the event.
pub fn encode(event: &Event) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    format().encode(event, &mut bytes)?;
    Ok(bytes)
}

/// The event in a payload.
///
/// # Errors
/// [`DecodeError`] names the place and what is wrong there.
pub fn decode(bytes: &[u8]) -> Result<Event, DecodeError> {
    format().decode(bytes)
}

fn format() -> &'static dyn EventSerializer {
    zeekwire_serializer::by_name("capnp-v1").expect("the native format is built in")
}
