//! Classes of traffic, and what happens to messages that find no room.

use std::fmt;
use std::str::FromStr;

/// What kind of message a frame carries. Lower numbers go first on a busy link.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum TrafficClass {
    /// Sessions, subscriptions, acknowledgements. Never dropped.
    Control = 0,
    /// Mutations and snapshots of stores. Reliable; writers get back-pressure.
    Store = 1,
    /// Events. At most once; a [`DropPolicy`] decides when there is no room.
    Event = 2,
    /// Batches of log records. Acknowledged; credit stops them.
    Log = 3,
}

impl TrafficClass {
    /// How many classes there are.
    pub const COUNT: usize = 4;
    /// All of them, the most urgent first.
    pub const ALL: [Self; Self::COUNT] = [Self::Control, Self::Store, Self::Event, Self::Log];

    /// The class with this number on the wire.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Control),
            1 => Some(Self::Store),
            2 => Some(Self::Event),
            3 => Some(Self::Log),
            _ => None,
        }
    }

    /// The class's number on the wire, also its index in tables by class.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for TrafficClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Control => "control",
            Self::Store => "store",
            Self::Event => "event",
            Self::Log => "log",
        })
    }
}

/// What happens to an event that finds its queue full.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum DropPolicy {
    /// `publish` waits for takers that are full but keep moving.
    ///
    /// A taker whose queue has just filled is waited for briefly; one that stays full, only where
    /// no other taker of the topic has room; one that takes nothing at all, never. While nobody
    /// waits for it, a full queue drops new messages. A node that passes on what others published
    /// never waits.
    #[default]
    Block,
    /// The oldest queued messages make room.
    DropOldest,
    /// The new message is dropped.
    DropNewest,
    /// The peer is disconnected.
    Disconnect,
}

impl DropPolicy {
    /// All policies with the names that [`FromStr`] takes.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("block", Self::Block),
        ("drop-oldest", Self::DropOldest),
        ("drop-newest", Self::DropNewest),
        ("disconnect", Self::Disconnect),
    ];
}

impl fmt::Display for DropPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, policy)| policy == self);
        f.pad(name.map_or("?", |(name, _)| name))
    }
}

impl FromStr for DropPolicy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known
            .map(|(_, policy)| *policy)
            .ok_or_else(|| UnknownPolicy(name.to_owned()))
    }
}

/// There is no policy of this name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownPolicy(pub String);

impl fmt::Display for UnknownPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no policy is called {:?}; there are", self.0)?;
        DropPolicy::NAMES
            .iter()
            .try_for_each(|(name, _)| write!(f, " {name}"))
    }
}

impl std::error::Error for UnknownPolicy {}

/// Whether a node forwards for others.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Role {
    /// Forwards messages, takes part in routing and membership.
    #[default]
    Member,
    /// Attached to one member; never forwards.
    Client,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Member => "member",
            Self::Client => "client",
        })
    }
}
