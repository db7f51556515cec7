//! Who a node is: its name, and which of its lives this is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::limits::NODE_NAME_BYTES_MAX;

/// A node's name, unique among the members of a cluster: 1 to 255 bytes of UTF-8 without control
/// characters, spaces, `*` or `/`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`NodeNameError`] says which rule the name breaks.
    pub fn new(name: &str) -> Result<Self, NodeNameError> {
        Self::check(name)?;
        Ok(Self(name.into()))
    }

    /// Checks a name without taking it.
    ///
    /// # Errors
    /// [`NodeNameError`] says which rule the name breaks.
    pub fn check(name: &str) -> Result<(), NodeNameError> {
        if name.is_empty() {
            return Err(NodeNameError::Empty);
        }
        if name.len() > NODE_NAME_BYTES_MAX {
            return Err(NodeNameError::TooLong(name.len()));
        }
        let forbidden = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '*' | '/');
        match name.chars().find(|c| forbidden(*c)) {
            Some(c) => Err(NodeNameError::Forbidden(c)),
            None => Ok(()),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for NodeName {
    type Err = NodeNameError;

    fn from_str(name: &str) -> Result<Self, NodeNameError> {
        Self::new(name)
    }
}

/// Which life of a node this is. Later lives compare greater.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Incarnation {
    /// Microseconds since the Unix epoch at which the node started.
    pub started_us: u64,
    /// Tells apart two lives that started in the same microsecond.
    pub random: u64,
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:08x}", self.started_us, self.random & 0xffff_ffff)
    }
}

/// One life of one node.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId {
    /// The node's name.
    pub name: NodeName,
    /// Which of its lives.
    pub incarnation: Incarnation,
}

impl NodeId {
    /// All lives that a name may have, from the earliest to the latest.
    #[must_use]
    pub fn lives_of(name: &NodeName) -> std::ops::RangeInclusive<Self> {
        let life = |started_us, random| Self {
            name: name.clone(),
            incarnation: Incarnation { started_us, random },
        };
        life(0, 0)..=life(u64::MAX, u64::MAX)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.incarnation)
    }
}

/// Why a node name was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NodeNameError {
    /// The name has no characters.
    Empty,
    /// The name has this many bytes, more than [`NODE_NAME_BYTES_MAX`].
    TooLong(usize),
    /// The name holds this character, which no name may hold.
    Forbidden(char),
}

impl fmt::Display for NodeNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a node name needs at least one character"),
            Self::TooLong(bytes) => {
                write!(
                    f,
                    "a node name has at most {NODE_NAME_BYTES_MAX} bytes, this one {bytes}"
                )
            }
            Self::Forbidden(c) => write!(f, "a node name may not hold {c:?}"),
        }
    }
}

impl std::error::Error for NodeNameError {}
