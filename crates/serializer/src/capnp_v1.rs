//! `capnp-v1`: one Cap'n Proto message per event, with its segment table, not packed.
//!
//! Carries every type exactly. [`EventEncoder`] writes straight from values
//! and allocates nothing of its own once warm, [`StreamEncoder`](stream::StreamEncoder) the same
//! from calls in order; [`EventMessage`] reads in place and allocates nothing at all.
//!
//! Reading is bounded by the payload's own size: pointers may be followed through at most eight
//! times its words, so a message whose pointers share targets cannot cost more. A member of the
//! union or an enumerant that this version does not know is [`Fault::Newer`](crate::Fault::Newer),
//! not damage.

pub(crate) mod decode;
pub mod encode;
mod layout;
mod payload;
mod plain;
mod reader;
pub mod stream;
pub mod view;

use zeekwire_buffer::AlignedBytes;
use zeekwire_types::Event;

use crate::{DecodeError, EncodeError, EventSerializer};
use encode::EventEncoder;
use view::EventMessage;

/// The format's name.
pub const NAME: &str = "capnp-v1";

const WORD_BYTES: usize = 8;

/// The format. To encode many events, or to read without copying, use
/// [`EventEncoder`] and [`EventMessage`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CapnpV1;

impl EventSerializer for CapnpV1 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(&self, event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(EventEncoder::new().encode_event(event)?);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Event, DecodeError> {
        if bytes.as_ptr().addr().is_multiple_of(WORD_BYTES) {
            return EventMessage::new(bytes)?.event()?.to_event();
        }
        EventMessage::new(&AlignedBytes::copied(bytes))?
            .event()?
            .to_event()
    }
}
