//! Publishing with more say than [`Node::publish`](crate::Node::publish) gives.

use zeekwire_backend::{Publication, PublishError};
use zeekwire_types::{Event, TrafficClass};

use crate::{Error, Node};

/// One message that is being put together. Made by [`Node::publication`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a publication is sent by `send` or `send_event`"]
pub struct PublicationBuilder<'a> {
    node: &'a Node,
    topic: &'a [u8],
    format: &'a str,
    class: TrafficClass,
}

impl<'a> PublicationBuilder<'a> {
    pub(crate) const fn new(node: &'a Node, topic: &'a [u8], format: &'a str) -> Self {
        Self {
            node,
            topic,
            format,
            class: TrafficClass::Event,
        }
    }

    /// Names the format of the payload.
    pub const fn format(mut self, name: &'a str) -> Self {
        self.format = name;
        self
    }

    /// Chooses the class of traffic. The default is [`TrafficClass::Event`];
    /// [`TrafficClass::Control`] is refused.
    pub const fn class(mut self, class: TrafficClass) -> Self {
        self.class = class;
        self
    }

    /// Sends bytes that are in the format already.
    ///
    /// # Errors
    /// [`PublishError`] says why the message was not accepted.
    pub fn send(self, payload: &[u8]) -> Result<(), PublishError> {
        let Self {
            topic,
            class,
            format,
            ..
        } = self;
        self.node.backend().publish(&Publication {
            topic,
            class,
            format,
            payload,
            survey: 0,
        })
    }

    /// Encodes an event in the format and sends it.
    ///
    /// # Errors
    /// [`Error`] when there is no such format, it cannot carry the event, or the message was not
    /// accepted.
    pub fn send_event(self, event: &Event) -> Result<(), Error> {
        let serializer = zeekwire_serializer::by_name(self.format)
            .ok_or_else(|| Error::UnknownFormat(self.format.to_owned()))?;
        let mut payload = Vec::new();
        serializer.encode(event, &mut payload)?;
        Ok(self.send(&payload)?)
    }
}
