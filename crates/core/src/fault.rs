//! What a peer did that the protocol forbids.

use std::fmt;

/// A breach of the protocol by the other side. The link is closed and the peer told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A frame's header does not fit its check: the two ends lost step.
    FrameCheck,
    /// A frame names a class that does not exist.
    FrameClass(u8),
    /// A frame uses bits or bytes that must be zero.
    FrameReserved,
    /// A frame may travel further than any cluster is wide.
    FrameHopLimit,
    /// A frame is longer than a link carries in one piece.
    FrameTooLong,
    /// A fragment has an envelope of its own.
    FragmentEnvelope,
    /// The pieces of a message do not add up to what its header said.
    FragmentLength,
    /// A message is longer than this side announced to take.
    MessageTooLong,
    /// An envelope is longer than any should be.
    EnvelopeTooLong,
    /// An envelope is not a well-formed message.
    Envelope,
    /// An envelope's topic is empty or too long.
    EnvelopeTopic,
    /// An envelope's publisher is not a node name.
    EnvelopePublisher,
    /// An envelope's format is empty, too long or not printable.
    EnvelopeFormat,
    /// A control message is too long.
    ControlTooLong,
    /// A control message is not well formed.
    Control,
    /// A control message holds a filter that breaks the rules.
    ControlFilter,
    /// A control message names a node or a pool by what is no name.
    ControlName,
    /// A record's version does not rise, or its tree has no number.
    ControlVersion,
    /// Routing was spoken of on a link that does not route.
    NotRouting,
    /// A member says more of itself than any may.
    RecordTooLong,
    /// The peer subscribed to more filters than one link may.
    TooManyFilters,
    /// The peer's name is not a node name.
    HelloName,
    /// The peer's role is unknown here.
    HelloRole,
    /// The peer's heartbeat interval is zero or too long.
    HelloHeartbeat,
    /// The handshake's messages came in another order.
    OutOfOrder,
    /// The peer sent more bytes of a class than its credit allows.
    CreditExceeded,
    /// The peer lowered a credit limit.
    CreditWithdrawn,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FrameCheck => "a frame header fails its check",
            Self::FrameClass(class) => return write!(f, "traffic class {class} does not exist"),
            Self::FrameReserved => "a frame header uses reserved bits",
            Self::FrameHopLimit => "a frame's hop limit is too high",
            Self::FrameTooLong => "a frame is too long for one piece",
            Self::FragmentEnvelope => "a fragment has an envelope",
            Self::FragmentLength => "fragments do not add up to their message",
            Self::MessageTooLong => "a message is longer than this side takes",
            Self::EnvelopeTooLong => "an envelope is too long",
            Self::Envelope => "an envelope is malformed",
            Self::EnvelopeTopic => "an envelope's topic is empty or too long",
            Self::EnvelopePublisher => "an envelope's publisher is not a node name",
            Self::EnvelopeFormat => "an envelope's format is not a name",
            Self::ControlTooLong => "a control message is too long",
            Self::Control => "a control message is malformed",
            Self::ControlFilter => "a control message holds an invalid filter",
            Self::ControlName => "a control message holds an invalid name",
            Self::ControlVersion => "a record's version or tree number is out of range",
            Self::NotRouting => "routing was spoken of on a link that does not route",
            Self::RecordTooLong => "a member's record is too long",
            Self::TooManyFilters => "the peer subscribed to too many filters",
            Self::HelloName => "the peer's name is not a node name",
            Self::HelloRole => "the peer's role is unknown",
            Self::HelloHeartbeat => "the peer's heartbeat interval is out of range",
            Self::OutOfOrder => "a handshake message came out of order",
            Self::CreditExceeded => "the peer sent more than its credit",
            Self::CreditWithdrawn => "the peer lowered a credit limit",
        })
    }
}

impl std::error::Error for Fault {}
