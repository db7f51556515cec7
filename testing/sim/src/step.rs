//! What can be done to a cluster, as data: a plan is a list of these.

use std::fmt;
use std::time::Duration;

use zeekwire_types::TrafficClass;

use crate::trace::Host;

/// What local subscribers do with what they are brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Consumer {
    /// They are done with it at once.
    Prompt,
    /// They take so many bytes each second, and the peers' credit is kept back until then.
    Holding(u64),
    /// They take so many bytes each second; beyond so many that wait, messages are dropped.
    Dropping(u64, usize),
}

/// One thing that is done.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Subscribe {
        host: usize,
        subscriber: u32,
        filters: Vec<String>,
    },
    Unsubscribe {
        host: usize,
        subscriber: u32,
        filters: Vec<String>,
    },
    /// Publishes some messages in one turn; who is rude does not wait when told to.
    Publish {
        host: usize,
        class: TrafficClass,
        topic: &'static str,
        len: usize,
        count: u32,
        rude: bool,
    },
    /// Asks everybody who answers questions on a topic.
    Ask {
        host: usize,
        topic: &'static str,
    },
    /// Breaks the connections between two hosts; both learn of it.
    Reset {
        a: usize,
        b: usize,
    },
    /// Nothing passes from one host to another, and nobody is told.
    Block {
        from: usize,
        to: usize,
    },
    Unblock {
        from: usize,
        to: usize,
    },
    /// Nothing passes between these hosts and all others.
    Partition {
        inside: Vec<usize>,
    },
    Heal,
    /// The process ends; where the whole machine does, peers are not told.
    Crash {
        host: usize,
        silently: bool,
    },
    /// A new life, with the subscriptions of the old one or without.
    Restart {
        host: usize,
        keep: bool,
    },
    /// The process is stopped for a while.
    Freeze {
        host: usize,
        time: Duration,
    },
    Consume {
        host: usize,
        consumer: Consumer,
    },
    /// The wall clock jumps.
    JumpClock {
        host: usize,
        ms: i64,
    },
    /// A client leaves its member for the next that it knows.
    Move {
        host: usize,
    },
}

impl Step {
    /// The host whose program does it, if one does.
    pub(crate) const fn program(&self) -> Option<usize> {
        match self {
            Self::Subscribe { host, .. }
            | Self::Unsubscribe { host, .. }
            | Self::Publish { host, .. }
            | Self::Ask { host, .. }
            | Self::Consume { host, .. }
            | Self::Move { host } => Some(*host),
            _ => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribe {
                host,
                subscriber,
                filters,
            } => {
                write!(f, "{} subscribes s{subscriber} to {filters:?}", Host(*host))
            }
            Self::Unsubscribe {
                host,
                subscriber,
                filters,
            } => {
                write!(
                    f,
                    "{} unsubscribes s{subscriber} from {filters:?}",
                    Host(*host)
                )
            }
            Self::Publish {
                host,
                class,
                topic,
                len,
                count,
                rude,
            } => {
                let manner = if *rude { ", rudely" } else { "" };
                let host = Host(*host);
                write!(
                    f,
                    "{host} publishes {count} {class} about {topic} of {len} bytes{manner}"
                )
            }
            Self::Ask { host, topic } => write!(f, "{} asks about {topic}", Host(*host)),
            Self::Reset { a, b } => write!(f, "connections {} {} break", Host(*a), Host(*b)),
            Self::Block { from, to } => write!(f, "{} to {}: silence", Host(*from), Host(*to)),
            Self::Unblock { from, to } => write!(f, "{} to {}: passes", Host(*from), Host(*to)),
            Self::Partition { inside } => {
                write!(f, "partition around")?;
                inside
                    .iter()
                    .try_for_each(|host| write!(f, " {}", Host(*host)))
            }
            Self::Heal => f.write_str("the partition heals"),
            Self::Crash {
                host,
                silently: false,
            } => write!(f, "{} crashes", Host(*host)),
            Self::Crash {
                host,
                silently: true,
            } => write!(f, "{} loses its power", Host(*host)),
            Self::Restart { host, keep: true } => {
                write!(f, "{} restarts and subscribes again", Host(*host))
            }
            Self::Restart { host, keep: false } => write!(f, "{} restarts", Host(*host)),
            Self::Freeze { host, time } => {
                write!(f, "{} stops for {} ms", Host(*host), time.as_millis())
            }
            Self::Consume { host, consumer } => write!(f, "{} consumes {consumer:?}", Host(*host)),
            Self::JumpClock { host, ms } => write!(f, "clock of {} jumps {ms} ms", Host(*host)),
            Self::Move { host } => write!(f, "{} moves", Host(*host)),
        }
    }
}
