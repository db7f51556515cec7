//! What can go wrong, for callers of the node API.

use std::fmt;

use zeekwire_backend::{PublishError, SetupError};
use zeekwire_serializer::EncodeError;
use zeekwire_types::TopicError;

/// Why an event was not published.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The format cannot carry the event.
    Encode(EncodeError),
    /// The message was not accepted.
    Publish(PublishError),
    /// No format has this name.
    UnknownFormat(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Publish(error) => error.fmt(f),
            Self::UnknownFormat(name) => {
                write!(f, "no format is called {name:?}; there are")?;
                zeekwire_serializer::names().try_for_each(|name| write!(f, " {name}"))
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<EncodeError> for Error {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

/// Why nothing was received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecvError {
    /// The time is over.
    Timeout,
    /// The subscription or its node has ended, and all that had arrived was taken.
    Closed,
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no message arrived in time",
            Self::Closed => "the subscription has ended",
        })
    }
}

impl std::error::Error for RecvError {}

pub(crate) fn invalid_filter(error: TopicError) -> SetupError {
    SetupError::new(zeekwire_backend::SetupErrorKind::Invalid, error.to_string())
}
