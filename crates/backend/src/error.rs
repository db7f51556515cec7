//! Why something asked of a node was not done.

use std::fmt;

use zeekwire_types::TopicError;

/// Why a message was not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PublishError {
    /// The node has been shut down.
    Stopped,
    /// The topic breaks a rule.
    Topic(TopicError),
    /// The class is not for programs: control messages are between the two ends of a link.
    Class,
    /// The format's name is empty, too long or not printable ASCII.
    Format,
    /// The payload has this many bytes, more than a message may carry.
    TooLong(usize),
    /// The topic is held because takers of it are full, or this node's own queue is full, and the
    /// call must not wait. Try again later, or do with one message less: it was counted.
    Overloaded,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the node has been shut down"),
            Self::Topic(error) => error.fmt(f),
            Self::Class => f.write_str("the control class is not for programs"),
            Self::Format => f.write_str(
                "the format's name must be 1 to 64 printable ASCII characters without spaces",
            ),
            Self::TooLong(bytes) => write!(
                f,
                "a payload has at most {} bytes, this one {bytes}",
                zeekwire_types::limits::PAYLOAD_BYTES_MAX
            ),
            Self::Overloaded => {
                f.write_str("the queues are full; publish again later or drop the message")
            }
        }
    }
}

impl std::error::Error for PublishError {}

impl From<TopicError> for PublishError {
    fn from(error: TopicError) -> Self {
        Self::Topic(error)
    }
}

/// What kind of request could not be served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SetupErrorKind {
    /// A name, filter or option breaks a rule.
    Invalid,
    /// An endpoint cannot be understood.
    Endpoint,
    /// An endpoint is not on this machine, and that was not allowed.
    NotLocal,
    /// The endpoint cannot be bound.
    Listen,
    /// The operating system gave no thread, descriptor or memory.
    System,
    /// There is no such link or subscription.
    Unknown,
    /// The node has been shut down.
    Stopped,
}

/// Why a request was not served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetupError {
    kind: SetupErrorKind,
    text: String,
}

impl SetupError {
    /// An error with a sentence for people, which says where and what to do.
    pub fn new(kind: SetupErrorKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// The node has been shut down.
    #[must_use]
    pub fn stopped() -> Self {
        Self::new(SetupErrorKind::Stopped, "the node has been shut down")
    }

    /// What kind of request failed.
    #[must_use]
    pub const fn kind(&self) -> SetupErrorKind {
        self.kind
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SetupError {}
