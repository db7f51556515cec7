//! Topics, which name what a message is about, and filters, which name what a subscriber wants.

use std::fmt;
use std::sync::Arc;

use crate::limits::{FILTER_STAR_COUNT_MAX, TOPIC_BYTES_MAX};

/// The topic of a message: 1 to [`TOPIC_BYTES_MAX`] bytes, any bytes.
///
/// Topics that start with `.` are reserved; see [`Topic::is_reserved`].
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Topic(Arc<[u8]>);

impl Topic {
    /// Checks and takes a topic.
    ///
    /// # Errors
    /// [`TopicError`] says which rule the bytes break.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, TopicError> {
        let bytes = bytes.as_ref();
        Self::check(bytes)?;
        Ok(Self(bytes.into()))
    }

    /// Checks bytes without taking them.
    ///
    /// # Errors
    /// [`TopicError`] says which rule the bytes break.
    pub const fn check(bytes: &[u8]) -> Result<(), TopicError> {
        match bytes.len() {
            0 => Err(TopicError::Empty),
            1..=TOPIC_BYTES_MAX => Ok(()),
            long => Err(TopicError::TooLong(long)),
        }
    }

    /// The topic's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a topic is one of the system's own, which programs may not publish to.
    ///
    /// `.node.<name>` is the exception: anybody may publish there to reach that node.
    #[must_use]
    pub fn is_reserved(bytes: &[u8]) -> bool {
        bytes.first() == Some(&b'.') && !bytes.starts_with(b".node.")
    }

    /// The topic to which every node is subscribed under its own name.
    #[must_use]
    pub fn of_node(name: &crate::NodeName) -> Self {
        Self(format!(".node.{name}").into_bytes().into())
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

/// A glob over topics: `*` stands for any run of bytes, `\*` and `\\` for the byte itself.
///
/// A filter that does not start with `.` matches no topic that does.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TopicFilter(Arc<[u8]>);

impl TopicFilter {
    /// Checks and takes a filter in its text form. Runs of `*` become one.
    ///
    /// # Errors
    /// [`TopicError`] says which rule the bytes break.
    pub fn new(pattern: impl AsRef<[u8]>) -> Result<Self, TopicError> {
        let pattern = pattern.as_ref();
        let mut normal = Vec::with_capacity(pattern.len());
        let mut stars = 0;
        let mut after_star = false;
        let mut bytes = pattern.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'*' if after_star => continue,
                b'*' => stars += 1,
                b'\\' => {
                    let Some(&escaped @ (b'*' | b'\\')) = bytes.next() else {
                        return Err(TopicError::BadEscape);
                    };
                    normal.push(b'\\');
                    normal.push(escaped);
                    after_star = false;
                    continue;
                }
                _ => {}
            }
            after_star = byte == b'*';
            normal.push(byte);
        }
        match (normal.len(), stars) {
            (0, _) => Err(TopicError::Empty),
            (long, _) if long > TOPIC_BYTES_MAX => Err(TopicError::TooLong(long)),
            (_, stars) if stars > FILTER_STAR_COUNT_MAX => Err(TopicError::TooManyStars(stars)),
            _ => Ok(Self(normal.into())),
        }
    }

    /// The filter that matches every topic that starts with `prefix`: Zeek's subscription.
    ///
    /// # Errors
    /// [`TopicError::TooLong`] when the escaped prefix and its star are too long.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Result<Self, TopicError> {
        Self::new(Self::prefix_text(prefix))
    }

    /// The text form of the filter that matches every topic that starts with `prefix`, however
    /// long it is.
    #[must_use]
    pub fn prefix_text(prefix: impl AsRef<[u8]>) -> Vec<u8> {
        let mut text = Self::escape(prefix.as_ref());
        text.push(b'*');
        text
    }

    /// The filter that matches exactly one topic.
    ///
    /// # Errors
    /// [`TopicError`] when `topic` is empty or too long.
    pub fn exact(topic: impl AsRef<[u8]>) -> Result<Self, TopicError> {
        Self::new(Self::escape(topic.as_ref()))
    }

    /// The text form: what [`TopicFilter::new`] accepts.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn escape(literal: &[u8]) -> Vec<u8> {
        let mut escaped = Vec::with_capacity(literal.len() + 1);
        for &byte in literal {
            if matches!(byte, b'*' | b'\\') {
                escaped.push(b'\\');
            }
            escaped.push(byte);
        }
        escaped
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&String::from_utf8_lossy(&self.0), f)
    }
}

/// Why a topic or filter was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TopicError {
    /// It has no bytes.
    Empty,
    /// It has this many bytes, more than [`TOPIC_BYTES_MAX`].
    TooLong(usize),
    /// It has this many stars, more than [`FILTER_STAR_COUNT_MAX`].
    TooManyStars(usize),
    /// A backslash stands before something other than `*` or `\`.
    BadEscape,
    /// It starts with `.`, which is kept for the system.
    Reserved,
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a topic needs at least one byte"),
            Self::TooLong(bytes) => {
                write!(
                    f,
                    "a topic has at most {TOPIC_BYTES_MAX} bytes, this one {bytes}"
                )
            }
            Self::TooManyStars(stars) => {
                write!(
                    f,
                    "a filter has at most {FILTER_STAR_COUNT_MAX} stars, this one {stars}"
                )
            }
            Self::BadEscape => {
                f.write_str("in a filter, a backslash must be followed by `*` or another backslash")
            }
            Self::Reserved => f.write_str(
                "topics that start with `.` belong to the system; only `.node.<name>` is open",
            ),
        }
    }
}

impl std::error::Error for TopicError {}
