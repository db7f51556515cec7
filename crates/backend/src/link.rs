//! Links as the node's owner sees them: options in, events out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeekwire_types::{DropPolicy, NodeId, Role};

/// Names a link: a connection that was accepted, or an endpoint that is being connected to, over
/// all its attempts.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub u64);

/// Names a listener.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenerId(pub u64);

/// Who is at the other end of a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Name and incarnation.
    pub node: NodeId,
    /// Whether it forwards.
    pub role: Role,
    /// For people: what runs there.
    pub program: String,
    /// Where it is: the endpoint connected to, or what the operating system says of a client.
    pub endpoint: String,
}

/// Decides whether a peer may link; an error is the text that it is refused with. Runs on the IO
/// thread and must not block.
pub type AcceptHook = Arc<dyn Fn(&Peer) -> Result<(), String> + Send + Sync>;

/// Hears of links. Runs on the IO thread and must not block.
pub type LinkObserver = Arc<dyn Fn(&LinkEvent) + Send + Sync>;

/// Something that happened to a link.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LinkEvent {
    /// Both sides agreed to talk.
    Up {
        /// The link.
        link: LinkId,
        /// Who is there.
        peer: Peer,
    },
    /// The peer's subscriptions are effective here: what is published from now on reaches it.
    Ready {
        /// The link.
        link: LinkId,
        /// Who is there.
        peer: Peer,
    },
    /// The link ended.
    Down {
        /// The link.
        link: LinkId,
        /// Who was there, if it had said so.
        peer: Option<Peer>,
        /// Why, for people.
        reason: String,
        /// When it is tried again, if it is.
        retry_in: Option<Duration>,
    },
    /// An attempt to connect failed.
    ConnectFailed {
        /// The link.
        link: LinkId,
        /// Why, for people.
        reason: String,
        /// When it is tried again; `None` when this was the last attempt.
        retry_in: Option<Duration>,
    },
}

/// How often to try to connect.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Retry {
    /// Again and again, and again after a link was lost.
    #[default]
    Forever,
    /// At most this many attempts in a row.
    Attempts(u32),
}

/// How to connect.
#[derive(Clone, Copy, Debug)]
pub struct ConnectOptions {
    /// How often to try.
    pub retry: Retry,
    /// Whether every topic may leave over the link, or only those advertised.
    pub auto_advertise: bool,
    /// Whether the peer is asked for everything this node subscribes to, or only for what is
    /// subscribed on this link.
    pub auto_subscribe: bool,
    /// Bytes of events that may wait for the link; the node's default when `None`.
    pub queue_bytes_max: Option<usize>,
    /// What happens to events that find no room; the node's default when `None`.
    pub policy: Option<DropPolicy>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            retry: Retry::default(),
            auto_advertise: true,
            auto_subscribe: true,
            queue_bytes_max: None,
            policy: None,
        }
    }
}

/// How to listen.
#[derive(Clone)]
pub struct ListenOptions {
    /// Decides about each peer; everybody is welcome when `None`.
    pub accept: Option<AcceptHook>,
    /// Allows endpoints that other machines can reach. Links are neither encrypted nor
    /// authenticated yet: whoever reaches the port can read and write everything.
    pub insecure_remote: bool,
    /// Whether every topic may leave over its links, or only those advertised.
    pub auto_advertise: bool,
    /// Whether its peers are asked for everything this node subscribes to.
    pub auto_subscribe: bool,
    /// Bytes of events that may wait for each of its links; the node's default when `None`.
    pub queue_bytes_max: Option<usize>,
    /// What happens to events that find no room; the node's default when `None`.
    pub policy: Option<DropPolicy>,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            accept: None,
            insecure_remote: false,
            auto_advertise: true,
            auto_subscribe: true,
            queue_bytes_max: None,
            policy: None,
        }
    }
}

impl fmt::Debug for ListenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenOptions")
            .field("accept", &self.accept.is_some())
            .field("insecure_remote", &self.insecure_remote)
            .field("auto_advertise", &self.auto_advertise)
            .field("auto_subscribe", &self.auto_subscribe)
            .field("queue_bytes_max", &self.queue_bytes_max)
            .field("policy", &self.policy)
            .finish()
    }
}
