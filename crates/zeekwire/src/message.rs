//! Messages that arrived, and the events in them.

use zeekwire_backend::{Message, Single};
use zeekwire_serializer::{DecodeError, EventMessage, decode_any};
use zeekwire_types::Event;

/// What a message's payload holds, for those who know formats.
///
/// ```
/// use zeekwire::{DecodeError, Message, MessageExt};
///
/// fn handle(message: &Message<'_>) -> Result<(), Box<dyn std::error::Error>> {
///     // All at once, as Rust values; an error names the argument that is something else.
///     let (host, attempts) = message.event()?.extract::<(std::net::IpAddr, u64)>()?;
///     println!("{host}: {attempts}");
///     // Or in place, without an allocation.
///     let view = message.view()?;
///     let attempts = view.event()?.arg(1)?.as_count()?;
///     println!("{attempts}");
///     Ok(())
/// }
/// ```
pub trait MessageExt {
    /// The event in the payload, decoded with the serializer that the message names.
    ///
    /// # Errors
    /// [`DecodeError`] names the place and what is wrong there, or the format that is unknown.
    fn event(&self) -> Result<Event, DecodeError>;

    /// The event in a `capnp-v1` payload, to be read in place.
    ///
    /// # Errors
    /// [`DecodeError`] when the payload is damaged or in another format.
    fn view(&self) -> Result<EventMessage<'_>, DecodeError>;
}

impl MessageExt for Message<'_> {
    fn event(&self) -> Result<Event, DecodeError> {
        decode_any(self.format(), self.payload())
    }

    fn view(&self) -> Result<EventMessage<'_>, DecodeError> {
        EventMessage::new(self.payload())
    }
}

/// One message taken from a [`Receiver`](crate::Receiver). It keeps its bytes alive.
#[derive(Debug)]
pub struct Received {
    single: Single,
}

impl Received {
    pub(crate) const fn new(single: Single) -> Self {
        Self { single }
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> Message<'_> {
        self.single.message()
    }

    /// What the message is about.
    #[must_use]
    pub fn topic(&self) -> &[u8] {
        self.message().topic()
    }

    /// Name of the node that published it.
    #[must_use]
    pub fn publisher(&self) -> &str {
        self.message().publisher()
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.message().payload()
    }

    /// The event in the payload.
    ///
    /// # Errors
    /// As [`MessageExt::event`].
    pub fn event(&self) -> Result<Event, DecodeError> {
        self.message().event()
    }
}

impl From<Received> for Single {
    fn from(received: Received) -> Self {
        received.single
    }
}
